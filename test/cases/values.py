"""What numbers mean: classes that tie, input quantisers, integers that wrap, types, weights and their scales."""

import numpy as np
from net import Net, kind
from onnx import TensorProto, helper, numpy_helper
from signs import first, rest


def drawn(g: Net, op: str) -> float:
    return g.rng.normal() if op in ("Add", "Sub") else g.rng.uniform(0.5, 20)


@kind("classes-that-tie")
def ties(g: Net) -> np.ndarray:
    """A rising function of whole numbers, the same for all classes: the first of equal sums wins."""
    g.start((32,), given="bipolar")
    g.step("MatMul", g.const(g.signs(32, 16)))
    g.last = g.op("Where", g.op("Greater", g.last, g.const(0.5)), g.const(1.0), g.const(0.0))
    g.step("MatMul", g.const(g.signs(16, 10)))
    for op in ("Sub", "Div", "Mul", "Add"):
        g.step(op, g.const(drawn(g, op)))
    g.step("ArgMax", axis=1, keepdims=0)
    g.end(TensorProto.INT64)
    return g.signs(300, 32).astype(np.float32)


@kind("classes-that-tie-by-biases")
def biased_ties(g: Net) -> np.ndarray:
    """Means of twelve positions that are equal only as fractions."""
    g.start((1, 24))
    g.conv(8, 3, strides=[2], pads=[1, 1])
    g.last = g.op("Where", g.op("GreaterOrEqual", g.last, g.const(0.5)), g.const(1.0), g.const(-1.0))
    g.step("Conv", g.const(g.signs(4, 8, 1)), g.const(np.arange(4.0)))
    g.shape = [1, 4, 12]
    g.reduce("ReduceMean", [2], 0)
    g.step("ArgMax", axis=1, keepdims=0)
    g.end(TensorProto.INT64)
    return g.windows(300)


@kind("scores-that-are-zero")
def zero_scores(g: Net) -> np.ndarray:
    """A normalisation that makes 0 of a sum: doubles would make 2e-16 of it, and no number is near 0 but 0."""
    g.start((32,), given="bipolar")
    g.step("MatMul", g.const(g.signs(32, 9)))
    g.last = g.op("Where", g.op("Greater", g.last, g.const(0.5)), g.const(1.0), g.const(-1.0))
    g.step("MatMul", g.const(np.ones((9, 5))))
    g.shape = [1, 5]
    g.norm(beta=0, mean=3, epsilon=0.0)
    g.end()
    return g.signs(300, 32).astype(np.float32)


@kind("input-on-an-adc-grid")
def adc(g: Net) -> np.ndarray:
    """Samples half way between two codes in float32, beside it in real arithmetic."""
    g.start(given="")
    scale, zero = g.const(0.01), g.const(np.int8(0))
    g.step("QuantizeLinear", scale, zero)
    g.step("DequantizeLinear", scale, zero)
    g.conv(5, 7)
    g.step("Flatten")
    g.end()
    return (g.rng.integers(-200, 200, (12, 1, 61)) * 0.005).astype(np.float32)


def integer_input(g: Net, dtype: type, op: str, value: int) -> np.ndarray:
    """Arithmetic of eight bits before the first layer."""
    g.start(dtype=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), given="")
    g.step(op, g.const(dtype(value)))
    g.last = g.cast(g.last, TensorProto.FLOAT)
    g.front()
    g.head()
    g.end()
    info = np.iinfo(dtype)
    return g.windows(low=info.min, high=info.max, dtype=dtype)


@kind("int8-product-wraps", opset=14)
def product(g: Net) -> np.ndarray:
    """Mul of int8 leaves the type and wraps."""
    return integer_input(g, np.int8, "Mul", 3)


@kind("uint8-difference-wraps", opset=14)
def difference(g: Net) -> np.ndarray:
    """Sub of uint8 wraps."""
    return integer_input(g, np.uint8, "Sub", 128)


@kind("uint8-quotient-truncates", opset=14)
def quotient(g: Net) -> np.ndarray:
    """Div of integers truncates towards zero."""
    return integer_input(g, np.uint8, "Div", 2)


@kind("uint8-samples-scaled")
def image(g: Net) -> np.ndarray:
    """(x / 255 - 0.5) / 0.5 on uint8 samples, float32 as the graph says."""
    g.start(dtype=TensorProto.UINT8, given="")
    g.last = g.cast(g.last, TensorProto.FLOAT)
    for op, value in (("Div", 255.0), ("Sub", 0.5), ("Div", 0.5)):
        g.step(op, g.const(value))
    g.front()
    g.head()
    g.end()
    return g.windows(low=0, high=255, dtype=np.uint8)


@kind("half-precision")
def half(g: Net) -> np.ndarray:
    """float16 in and out."""
    g.dtype = TensorProto.FLOAT16
    g.start(dtype=TensorProto.FLOAT16)
    g.conv(5, 61)
    g.step("Flatten")
    g.end(TensorProto.FLOAT16)
    return g.windows(low=-8, high=7, dtype=np.float16)


@kind("attributes-beside-half-precision")
def half_attributes(g: Net) -> np.ndarray:
    """An attribute is a float32 number even of float16 data: 0.2 is not the float16 beside it."""
    g.dtype = TensorProto.FLOAT16
    g.start(dtype=TensorProto.FLOAT16)
    g.conv(5, 61)
    g.step("LeakyRelu", alpha=0.2)
    g.last = g.op("Cast", g.last, to=TensorProto.FLOAT)
    g.end()
    return g.windows(low=-8, high=7, dtype=np.float16)


@kind("float-first-layer")
def float_first(g: Net) -> np.ndarray:
    """A first convolution with float weights, then bits."""
    g.start()
    g.conv(8, 7, g.rng.standard_normal((8, 1, 7)))
    g.norm()
    g.sign()
    return rest(g)


@kind("float-last-layer")
def float_last(g: Net) -> np.ndarray:
    """A dense layer with float weights behind the bits."""
    g.start()
    g.front(8)
    g.step("Flatten")
    g.step("Gemm", g.const(g.rng.standard_normal((5, 224))), g.const(g.rng.standard_normal(5)), transB=1)
    g.end()
    return g.windows()


@kind("latent-weights")
def latent(g: Net) -> np.ndarray:
    """Sign of latent weights in the graph."""
    g.start()
    g.conv(8, 5, g.op("Sign", g.const(g.rng.standard_normal((8, 1, 5)))))
    g.norm()
    g.sign()
    return rest(g)


@kind("weights-less-their-mean")
def centred(g: Net) -> np.ndarray:
    """Sign of weights less their mean, in the graph."""
    g.start()
    w = g.const(g.rng.standard_normal((8, 1, 5)))
    g.conv(8, 5, g.op("Sign", g.op("Sub", w, g.op("ReduceMean", w, axes=[1, 2], keepdims=1))))
    g.norm()
    g.sign()
    return rest(g)


@kind("straight-through-of-weights")
def straight_weights(g: Net) -> np.ndarray:
    """alpha * sign(w) - clip(w) + clip(w), with alpha of two means, in the graph."""
    g.start()
    w = g.const(0.7 * g.rng.standard_normal((8, 1, 5)))
    alpha = g.op("ReduceMean", g.op("ReduceMean", g.op("Abs", w), axes=[2], keepdims=1), axes=[1], keepdims=1)
    soft = g.clip(w, -1, 1)
    g.conv(8, 5, g.op("Add", g.op("Sub", g.op("Mul", alpha, g.op("Sign", w)), soft), soft))
    g.norm()
    g.sign()
    return rest(g)


def folded(g: Net) -> np.ndarray:
    w = (0.5 * g.rng.standard_normal((8, 16, 5))).astype(np.float32)
    alpha = np.mean(np.abs(w), axis=(1, 2), keepdims=True, dtype=np.float32)
    soft = np.clip(w, np.float32(-1), np.float32(1))
    return ((alpha * np.sign(w)).astype(np.float32) - soft).astype(np.float32) + soft


@kind("straight-through-folded-in-float32")
def rounded_weights(g: Net) -> np.ndarray:
    """Magnitudes differ by units in the last place, too little to decide a bit otherwise."""
    g.start()
    g.front()
    g.conv(8, 5, folded(g))
    g.norm()
    g.sign()
    return rest(g)


@kind("one-weight-one-unit-off")
def one_off(g: Net) -> np.ndarray:
    """One magnitude a unit in the last place beside the others."""
    g.start()
    g.front()
    w = (0.3 * g.signs(8, 16, 5)).astype(np.float32)
    w[1, 2, 3] = np.nextafter(w[1, 2, 3], np.float32(1))
    g.conv(8, 5, w)
    g.norm()
    g.sign()
    return rest(g)


@kind("weights-of-three-values", "weights must be")
def ternary(g: Net) -> np.ndarray:
    """Ternary weights: more than one bit."""
    g.start()
    g.front()
    g.conv(8, 5, g.rng.integers(-1, 2, (8, 16, 5)).astype(float))
    g.norm()
    g.sign()
    return rest(g)


@kind("a-channel-of-zero-weights")
def pruned(g: Net) -> np.ndarray:
    """A pruned channel, of +0 and -0."""
    g.start()
    g.front()
    w = g.signs(8, 16, 5)
    w[3], w[5] = 0, -0.0
    g.conv(8, 5, w)
    g.norm()
    g.sign()
    return rest(g)


@kind("weights-dequantised", opset=21)
def dequantised(g: Net) -> np.ndarray:
    """int8 by channel, uint8 around 1, int4."""
    g.start()
    scales, zeros = g.const(g.rng.uniform(0.1, 1, 8)), g.const(np.zeros(8, np.int8))
    g.conv(8, 5, g.op("DequantizeLinear", g.const(g.signs(8, 1, 5).astype(np.int8)), scales, zeros, axis=0))
    g.norm()
    g.sign()
    codes = g.const((g.signs(8, 8, 3) + 1).astype(np.uint8))
    g.conv(8, 3, g.op("DequantizeLinear", codes, g.const(0.25), g.const(np.uint8(1))))
    g.norm()
    g.sign()
    g.constants.append(helper.make_tensor("w4", TensorProto.INT4, [5, 8, 5], [int(v) for v in g.signs(5, 8, 5).ravel()]))
    g.conv(5, 5, g.op("DequantizeLinear", "w4", g.const(1.0)))
    g.step("Flatten")
    g.end()
    return g.windows()


@kind("weights-sparse")
def sparse(g: Net) -> np.ndarray:
    """Weights as a sparse initializer."""
    first(g)
    g.norm()
    g.sign()

    def change(model: object) -> None:
        graph = model.graph
        place = next(i for i, t in enumerate(graph.initializer) if len(t.dims) == 3)
        array = numpy_helper.to_array(graph.initializer[place])
        name = graph.initializer[place].name
        values = numpy_helper.from_array(array.ravel(), name)
        places = numpy_helper.from_array(np.arange(array.size), name + "_places")
        graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, array.shape))
        del graph.initializer[place]

    g.change = change
    return rest(g)
