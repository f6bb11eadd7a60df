"""Graph inputs and how they become integers or bits, with windows that hold the boundaries of their quantisers."""

import activations
import numpy as np
from graph import NUMPY, Graph
from onnx import TensorProto

QONNX = "qonnx.custom_op.general"
ROUNDINGS = ["ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN", "UP", "DOWN", "CEIL", "FLOOR", "ROUND_TO_ZERO"]


def real_input(g: Graph, shape: list[int], batch: object) -> None:
    g.input("x", g.dtype, shape, batch)


def stated(g: Graph, shape: list[int], batch: object) -> object:
    """Whole numbers in a float input, named on the command line."""
    real_input(g, shape, batch)
    kind = g.pick("int8", "int8", "uint8", "bipolar")
    g.flags.append(f"--input-type={kind}")
    low, high = {"int8": (-128, 127), "uint8": (0, 255), "bipolar": (-1, 1)}[kind]

    def windows(shape: list[int]) -> np.ndarray:
        values = g.rng.integers(low, high + 1, shape)
        values[0], values[-1] = low, high
        if kind == "bipolar":
            values = np.where(values > 0, 1, -1)
        return values.astype(NUMPY[g.dtype])

    return windows


def typed(g: Graph, shape: list[int], batch: object) -> object:
    """int8 or uint8 arrays, cast or dequantised, perhaps after arithmetic that wraps."""
    dtype = g.pick(np.int8, np.uint8)
    g.input("x", TensorProto.INT8 if dtype is np.int8 else TensorProto.UINT8, shape, batch)
    if g.opset >= 14 and g.chance(0.25):
        op = g.pick("Add", "Sub", "Mul", "Div")
        g.step(op, g.const(dtype(g.pick(2, 3, 100))))
    if g.dtype == TensorProto.FLOAT and g.opset >= 10 and g.chance(0.4):
        g.step("DequantizeLinear", g.const(np.float32(g.pick(0.5, 0.1)), np.float32), g.const(dtype(g.pick(0, 1, 100))))
    else:
        g.last = g.cast(g.last, g.dtype)

    def windows(shape: list[int]) -> np.ndarray:
        info = np.iinfo(dtype)
        values = g.rng.integers(info.min, info.max + 1, shape)
        values[0], values[-1] = info.min, info.max
        return values.astype(dtype)

    return windows


def boolean(g: Graph, shape: list[int], batch: object) -> object:
    g.input("x", TensorProto.BOOL, shape, batch)
    if g.opset >= 9 and g.chance(0.5):
        g.last = g.op("Where", g.last, g.const(1.0), g.const(-1.0))
    else:
        g.last = g.cast(g.last, g.dtype)
        g.step("Sub", g.const(0.5))
    return lambda shape: g.rng.random(shape) < 0.5


def steps_before(g: Graph) -> tuple[float, float]:
    """Elementwise float operations before the quantiser; returns about what scale and shift they are."""
    scale, shift = 1.0, 0.0
    for _ in range(g.pick(0, 0, 1, 2)):
        kind = g.pick("Mul", "Div", "Sub", "Add")
        value = float(np.float32(g.pick(0.1, 3.0, 1.5, 0.7, 200.0 if kind == "Mul" else 0.005)))
        g.step(kind, g.const(value))
        if kind in ("Mul", "Div"):
            factor = value if kind == "Mul" else 1 / value
            scale, shift = scale * factor, shift * factor
        else:
            shift += value if kind == "Add" else -value
    return scale, shift


def boundaries(g: Graph, grid: float, scale: float, shift: float, zero: float) -> object:
    """Windows of values at and beside the code boundaries, on the grid of an ADC, and strange ones."""
    dtype = NUMPY[g.dtype]

    def windows(shape: list[int]) -> np.ndarray:
        steps = g.rng.integers(-140, 141, shape) / 2  # halves: boundaries of rounding
        values = ((steps - zero) * grid - shift) / scale
        values = values.astype(dtype)
        for window in range(0, len(values), 3):
            values[window] = np.nextafter(values[window], dtype(g.pick(-np.inf, np.inf)))
        if len(values) > 3:
            values[3] = (g.rng.integers(-2000, 2000, shape[1:]) * 0.005).astype(dtype)
        odd = np.array([0.0, -0.0, np.inf, -np.inf, 1e-30, np.finfo(dtype).max])
        values[-1].flat[: len(odd)] = odd.astype(dtype)[: values[-1].size]
        return values

    return windows


def linear(g: Graph, shape: list[int], batch: object) -> object:
    """QuantizeLinear, then DequantizeLinear or a Cast."""
    real_input(g, shape, batch)
    scale, shift = steps_before(g)
    dtype = g.pick(np.int8, np.uint8)
    zero = int(g.pick(0, 0, 7, 128 if dtype is np.uint8 else -5))
    grid = np.float32(g.pick(0.01, 0.5, 1.0, 0.037))
    s, z = g.const(grid, np.float32), g.const(dtype(zero))
    attributes = {"axis": g.pick(0, 1)} if g.opset >= 13 and g.chance(0.3) else {}
    g.step("QuantizeLinear", s, z, **attributes)
    if g.chance(0.8):
        g.step("DequantizeLinear", s, z)
    else:
        g.last = g.cast(g.last, g.dtype)
    return boundaries(g, float(grid), scale, shift, 0)


def quant(g: Graph, shape: list[int], batch: object) -> object:
    """QONNX's Quant of some width and rounding."""
    real_input(g, shape, batch)
    scale, shift = steps_before(g)
    grid = float(np.float32(g.pick(0.5, 1.0, 0.1, 0.037)))
    signed = g.pick(0, 1)
    bits = float(g.pick(8, 8, 4, 2, 1))
    narrow = g.pick(0, 1) if signed or bits > 1 else 0
    zero = float(g.pick(0, 0, 0, 3)) if bits > 2 else 0.0
    attributes = {"signed": signed, "narrow": narrow, "rounding_mode": g.pick(*ROUNDINGS)}
    g.step(g.pick("Quant", "IntQuant"), g.const(grid), g.const(zero), g.const(bits), domain=QONNX, **attributes)
    return boundaries(g, grid, scale, shift, zero)


def thresholds(g: Graph, shape: list[int], batch: object) -> object:
    """MultiThreshold with up to 255 steps."""
    real_input(g, shape, batch)
    count = g.pick(1, 3, 15, 255)
    points = np.sort(g.rng.choice(np.arange(-400, 400), count, replace=False) / 8).astype(np.float32)
    layout = {2: "NC", 3: "NCW", 4: "NCHW"}[len(shape)]
    attributes = {"out_dtype": "INT8", "out_bias": float(-(count // 2)), "out_scale": 1.0, "data_layout": layout}
    g.step("MultiThreshold", g.const(points.reshape(1, -1)), domain=QONNX, **attributes)
    return boundaries(g, 1 / 8, 1.0, 0.0, 0.0)


def bits(g: Graph, shape: list[int], batch: object) -> object:
    """The input is signed at once, perhaps after steps."""
    real_input(g, shape, batch)
    scale, shift = steps_before(g)
    activations.sign(g, levels=False)
    return boundaries(g, 0.5, scale, shift, 0.0)


CHOICES = [stated, stated, stated, typed, typed, boolean, linear, linear, bits]


def build(g: Graph, shape: list[int], batch: object) -> object:
    """Adds the graph's input; returns a function from the shape of the windows to their values."""
    choices = CHOICES + ([quant, quant, thresholds] if g.qonnx else [])
    choice = choices[g.whole(0, len(choices) - 1)]
    if choice is linear and (g.dtype != TensorProto.FLOAT or g.opset < 10):
        choice = stated
    return choice(g, shape, batch)
