"""Binary weights as training code and exporters spell them: constants, signs of latent weights, quantisers, scales."""

import numpy as np
from graph import Graph
from onnx import TensorProto

QONNX = "qonnx.custom_op.general"


def latent(g: Graph, shape: list[int]) -> np.ndarray:
    """Real weights of which none is zero, some of them tiny."""
    values = g.rng.standard_normal(shape)
    values = np.where(np.abs(values) < 1e-3, 1e-3, values)
    if g.chance(0.1):
        values.flat[0] = -(2.0**-149) if g.dtype == TensorProto.FLOAT else -1e-7
    return values


def ones(g: Graph, shape: list[int]) -> np.ndarray:
    if g.chance(0.05):
        return np.full(shape, g.pick(-1.0, 1.0))
    return g.rng.choice([-1.0, 1.0], shape)


def plain(g: Graph, shape: list[int], out_axis: int) -> str:
    return g.const(ones(g, shape))


def scaled(g: Graph, shape: list[int], out_axis: int) -> str:
    """One magnitude for each output channel, or one for all."""
    values = ones(g, shape)
    sizes = [n if axis == out_axis else 1 for axis, n in enumerate(shape)]
    scale = g.rng.uniform(0.1, 2, sizes if g.chance(0.5) else [1] * len(shape)).astype(np.float32)
    if g.chance(0.5):
        return g.const(values * scale)
    return g.op("Mul", g.const(values), g.const(scale))


def magnitudes(g: Graph, shape: list[int], out_axis: int) -> str:
    """XNOR-Net: sign(w) times the mean of |w|, left in the graph."""
    values = g.const(latent(g, shape))
    axes = [axis for axis in range(len(shape)) if axis != out_axis]
    size = g.op("Abs", values)
    if g.opset >= 18:
        mean = g.op("ReduceMean", size, g.ints(*axes), keepdims=1)
    else:
        mean = g.op("ReduceMean", size, axes=axes, keepdims=1)
    return g.op("Mul", g.op("Sign", values), mean)


def sign(g: Graph, shape: list[int], out_axis: int) -> str:
    return g.op("Sign", g.const(latent(g, shape)))


def where(g: Graph, shape: list[int], out_axis: int) -> str:
    values = latent(g, shape)
    if g.chance(0.3):
        values.flat[0] = 0.0
    condition = g.compare(g.pick("GreaterOrEqual", "Greater"), g.const(values), g.const(0.0))
    return g.op("Where", condition, g.const(1.0), g.const(-1.0))


def from_bool(g: Graph, shape: list[int], out_axis: int) -> str:
    """2 * (w > 0) - 1"""
    bits = g.cast(g.compare("Greater", g.const(latent(g, shape)), g.const(0.0)), g.dtype)
    return g.op("Sub", g.op("Mul", bits, g.const(2.0)), g.const(1.0))


def straight_through(g: Graph, shape: list[int], out_axis: int) -> str:
    """sign(w) - clip(w) + clip(w), as detach leaves it."""
    values = g.const(latent(g, shape))
    soft = g.clip(values, -1, 1)
    return g.op("Add", g.op("Sub", g.op("Sign", values), soft), soft)


def centred(g: Graph, shape: list[int], out_axis: int) -> str:
    values = g.const(latent(g, shape))
    axes = [axis for axis in range(len(shape)) if axis != out_axis]
    if g.opset >= 18:
        mean = g.op("ReduceMean", values, g.ints(*axes), keepdims=1)
    else:
        mean = g.op("ReduceMean", values, axes=axes, keepdims=1)
    return g.op("Sign", g.op("Sub", values, mean))


def dequantised(g: Graph, shape: list[int], out_axis: int) -> str:
    values = ones(g, shape)
    zero = g.pick(0, 0, 3)
    codes = (values + zero).astype(np.int8)
    if g.opset < 13 or g.chance(0.5):
        scale = g.const(np.float32(g.pick(1.0, 0.25, 0.1)), np.float32)
        return g.op("DequantizeLinear", g.const(codes), scale, g.const(np.int8(zero)))
    scales = g.rng.uniform(0.05, 1, shape[out_axis]).astype(np.float32)
    zeros = g.const(np.full(shape[out_axis], zero, np.int8))
    return g.op("DequantizeLinear", g.const(codes), g.const(scales, np.float32), zeros, axis=out_axis)


def from_int8(g: Graph, shape: list[int], out_axis: int) -> str:
    return g.cast(g.const(ones(g, shape).astype(np.int8)), g.dtype)


def bipolar(g: Graph, shape: list[int], out_axis: int) -> str:
    return g.op("BipolarQuant", g.const(latent(g, shape)), g.const(g.pick(1.0, 0.5, 0.3)), domain=QONNX)


def one_bit(g: Graph, shape: list[int], out_axis: int) -> str:
    quantiser = {"signed": 1, "narrow": g.pick(0, 1), "rounding_mode": "ROUND"}
    return g.op("Quant", g.const(latent(g, shape)), g.const(1.0), g.const(0.0), g.const(1.0), domain=QONNX, **quantiser)


SPELLINGS = [plain, plain, scaled, magnitudes, sign, where, from_bool, dequantised, from_int8]
RARE_SPELLINGS = [straight_through, centred]


def weights(g: Graph, shape: list[int], out_axis: int) -> str:
    """A tensor of binary weights; `out_axis` counts the output channels."""
    choices = SPELLINGS + ([bipolar] * 5 if g.qonnx else [])
    if g.rare(0.2):
        choices = RARE_SPELLINGS + ([one_bit] * 2 if g.qonnx else [])
    spelling = choices[g.whole(0, len(choices) - 1)]
    if spelling is dequantised and (g.dtype != TensorProto.FLOAT or g.opset < 10):
        spelling = plain
    if g.opset < 9 and spelling in (magnitudes, sign, where, straight_through, centred):  # before Sign and Where
        spelling = from_bool
    return spelling(g, shape, out_axis)
