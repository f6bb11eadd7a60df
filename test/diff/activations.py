"""What stands between two layers: elementwise chains with constructed ties, and the spellings of a sign."""

import numpy as np
from graph import Graph
from onnx import TensorProto, numpy_helper

QONNX = "qonnx.custom_op.general"


# --- chains -----------------------------------------------------------------------------------------------------------
def batch_norm_values(g: Graph, n: int) -> list[np.ndarray]:
    """gamma, beta, mean, variance: means on the integers and no shift at times, so that sums tie with thresholds."""
    r = g.rng
    gamma = r.uniform(0.3, 2, n) * r.choice([-1, 1], n)
    beta = r.standard_normal(n) if g.chance(0.5) else np.zeros(n)
    mean = r.integers(-4, 5, n).astype(float) if g.chance(0.5) else 3 * r.standard_normal(n)
    variance = r.uniform(0.5, 20, n) if g.chance(0.7) else r.integers(1, 6, n).astype(float) ** 2
    if g.chance(0.15):
        gamma[0] = 0.0
    return [part.astype(np.float32).astype(float) for part in (gamma, beta, mean, variance)]


def batch_norm(g: Graph) -> None:
    parts = batch_norm_values(g, g.channels)
    if g.layout == "last" and len(g.shape) > 2:
        # tf2onnx writes a product and a sum for a map whose channels are last.
        gamma, beta, mean, variance = parts
        factor = (gamma / np.sqrt(variance + 1e-3)).astype(np.float32)
        g.step("Mul", g.const(factor))
        g.step("Add", g.const((beta - mean * factor).astype(np.float32)))
        return
    epsilon = float(np.float32(g.pick(1e-5, 1e-3, 0.0)))
    g.step("BatchNormalization", *(g.const(part) for part in parts), epsilon=epsilon)


def norm_by_hand(g: Graph) -> None:
    """(x - mean) / sqrt(var + eps) * gamma + beta"""
    gamma, beta, mean, variance = (g.per_channel(part) for part in batch_norm_values(g, g.channels))
    g.step("Sub", g.const(mean))
    spread = g.op("Sqrt", g.op("Add", g.const(variance), g.const(1e-5)))
    if g.chance(0.3):
        g.step("Mul", g.op("Reciprocal", spread))
    else:
        g.step("Div", spread)
    g.step("Mul", g.const(gamma))
    g.step("Add", g.const(beta))


def arithmetic(g: Graph) -> None:
    op = g.pick("Add", "Sub", "Mul", "Div", "Neg", "Sum")
    if op == "Neg":
        g.step("Neg")
        return
    n = g.channels
    small = g.rng.choice([-2.0, -0.5, 0.25, 3.0, 0.1, -0.3], n)
    values = small if op in ("Mul", "Div") else g.rng.integers(-5, 6, n).astype(float)
    constant = g.const(g.per_channel(values) if g.chance(0.6) else np.float64(values[0]))
    if op in ("Sub", "Add", "Mul") and g.chance(0.3):
        g.last = g.op(op, constant, g.last)
    else:
        g.step(op, constant)


def prelu(g: Graph) -> None:
    slopes = g.rng.uniform(-0.5, 0.9, g.channels)
    g.step("PRelu", g.const(g.per_channel(slopes)))


def rprelu(g: Graph) -> None:
    """ReActNet: a shift, PReLU and a shift back."""
    for op in ("Sub", "PRelu", "Add"):
        values = g.rng.uniform(-0.4, 0.8, g.channels) if op == "PRelu" else g.rng.standard_normal(g.channels)
        g.step(op, g.const(g.per_channel(values)))


def bounded(g: Graph) -> None:
    kind = g.pick("Tanh", "Sigmoid", "Erf") if g.rare(0.05) else g.pick("Clip", "Relu", "LeakyRelu", "Min", "Max", "HardSigmoid", "Clip")
    if kind == "Erf" and (g.opset < 9 or g.dtype != TensorProto.FLOAT):
        kind = "Tanh"
    if kind == "Clip":
        low, high = g.pick((-1, 1), (-3, 4), (None, 2), (-2, None), (0, 6))
        if low is None and g.opset < 11:
            low = -5
        g.last = g.clip(g.last, low, high)
    elif kind in ("Min", "Max"):
        g.step(kind, g.const(float(g.pick(-3, 0, 2, 1.5))))
    elif kind == "LeakyRelu":
        g.step(kind, alpha=float(g.pick(0.01, 0.25, -0.2)))
    elif kind == "HardSigmoid":
        g.step(kind, alpha=float(g.pick(0.2, 0.5)))
    else:
        g.step(kind)


def leftovers(g: Graph) -> None:
    kind = g.pick("Identity", "Dropout", "Cast", "Reshape")
    if kind == "Cast":
        g.last = g.cast(g.cast(g.last, TensorProto.DOUBLE), g.dtype)
    elif kind == "Reshape":
        g.step("Reshape", g.ints(0, -1, *g.shape[2:]) if len(g.shape) > 2 else g.ints(*g.shape))
    else:
        g.step(kind)


def chain(g: Graph) -> None:
    """At times nothing, mostly a normalisation among other steps."""
    for _ in range(g.pick(0, 1, 1, 2)):
        step = g.pick(arithmetic, prelu, rprelu, bounded, leftovers, arithmetic)
        step(g)
    if g.chance(0.75):
        g.pick(batch_norm, batch_norm, norm_by_hand)(g)
    for _ in range(g.pick(0, 0, 0, 1)):
        g.pick(arithmetic, prelu, bounded, leftovers)(g)


# --- signs ------------------------------------------------------------------------------------------------------------
def where(g: Graph, levels: bool) -> None:
    op = g.pick("Less", "LessOrEqual") if g.rare(0.3) else g.pick("GreaterOrEqual", "GreaterOrEqual", "Greater")
    cut = float(g.pick(0, 0, 0, 1, -2.5))
    x, zero = g.last, g.const(cut)
    condition = g.compare(op, x, zero) if not g.rare(0.2) else g.compare(op, zero, x)
    if g.rare(0.2):
        condition = g.op("Not", condition)
    high, low = g.pick((1, 0), (2, -3), (0.3, -0.3)) if levels and g.rare(0.3) else (1, -1)
    a, b = (g.const(float(high)), g.const(float(low)))
    if g.chance(0.2):
        a, b = b, a
    if g.chance(0.15):  # ones_like and its like
        a = (
            g.op("ConstantOfShape", g.ints(*g.shape), value=numpy_helper.from_array(np.array([high], np.float32)))
            if g.dtype == TensorProto.FLOAT
            else a
        )
    g.last = g.op("Where", condition, a, b)


def plain_sign(g: Graph, levels: bool) -> None:
    if g.chance(0.5):
        g.flags.append(f"--sign-zero={g.pick('plus', 'minus')}")
    else:
        g.step("Add", g.const(0.1))
    g.step("Sign")


def straight_through(g: Graph, levels: bool) -> None:
    """sign(x) - soft(x) + soft(x) in its orders"""
    x = g.last
    where(g, False)
    hard = g.last
    soft = g.pick(x, g.clip(x, -1, 1))
    if g.chance(0.5):
        g.last = g.op("Add", g.op("Sub", hard, soft), soft)
    else:
        g.last = g.op("Add", soft, g.op("Sub", hard, soft))


def double_less_one(g: Graph, levels: bool) -> None:
    bits = g.cast(g.compare(g.pick("GreaterOrEqual", "Greater"), g.last, g.const(0.0)), g.dtype)
    g.last = bits
    if levels and g.rare(0.3):
        return
    g.last = (
        g.op("Sub", g.op("Mul", bits, g.const(2.0)), g.const(1.0)) if g.chance(0.5) else g.op("Mul", g.op("Sub", bits, g.const(0.5)), g.const(2.0))
    )


def dorefa(g: Graph, levels: bool) -> None:
    """round(clip(x, 0, 1)) of one bit, perhaps spread to -1 and +1"""
    g.last = g.clip(g.last, 0, 1)
    g.step("Round")
    if g.chance(0.5):
        g.last = g.op("Sub", g.op("Mul", g.last, g.const(2.0)), g.const(1.0))


def linear_bit(g: Graph, levels: bool) -> None:
    """QuantizeLinear of a clipped value: two codes"""
    scale, zero = g.const(np.float32(1), np.float32), g.const(g.pick(np.int8, np.uint8)(g.pick(0, 5)))
    g.last = g.clip(g.last, 0, 1)
    g.step("QuantizeLinear", scale, zero)
    g.step("DequantizeLinear", scale, zero)


def bipolar(g: Graph, levels: bool) -> None:
    g.step("BipolarQuant", g.const(float(g.pick(1, 1, 0.5, 0.3))), domain=QONNX)


def threshold(g: Graph, levels: bool) -> None:
    """MultiThreshold of one threshold a row, on whatever axis its layout names."""
    rank = len(g.shape)
    layout = {2: g.pick("", "NC"), 3: g.pick("", "NCW", "NWC"), 4: g.pick("", "NCHW", "NHWC")}[rank]
    axis = (layout or {2: "NC", 3: "NWC", 4: "NCHW"}[rank]).index("C")
    rows = g.pick(1, g.shape[axis])
    if axis != (1 if g.layout == "first" else rank - 1) or g.chance(0.3):
        rows = 1
    points = g.rng.integers(-6, 7, (rows, 1)).astype(np.float32)
    scale, bias = g.pick((1.0, 0.0), (1.0, 1.0), (-2.0, 1.0)) if g.rare(0.3) else (2.0, -1.0)
    attributes = {"out_dtype": "BIPOLAR", "out_scale": scale, "out_bias": bias}
    if layout:
        attributes["data_layout"] = layout
    g.step("MultiThreshold", g.const(points), domain=QONNX, **attributes)


def one_bit(g: Graph, levels: bool) -> None:
    signed = g.pick(0, 1)
    attributes = {
        "signed": signed,
        "narrow": g.pick(0, 1) if signed else 0,
        "rounding_mode": g.pick("ROUND", "HALF_UP", "CEIL", "FLOOR", "HALF_DOWN", "UP", "DOWN"),
    }
    zero = float(g.pick(0, 0, 1))
    g.step("Quant", g.const(float(g.pick(1, 0.5, 2))), g.const(zero), g.const(1.0), domain=QONNX, **attributes)


SIGNS = [where, where, plain_sign, double_less_one]
RARE_SIGNS = [straight_through, dorefa, linear_bit]
QONNX_SIGNS = [bipolar, threshold]
RARE_QONNX_SIGNS = [one_bit, threshold]


def sign(g: Graph, levels: bool = True) -> None:
    """A two-valued quantiser; `levels`: not only -1 and +1."""
    choices = SIGNS + (QONNX_SIGNS * 2 if g.qonnx else [])
    if g.rare(0.4):
        choices = RARE_SIGNS + (RARE_QONNX_SIGNS if g.qonnx else [])
    choice = choices[g.whole(0, len(choices) - 1)]
    if choice is linear_bit and (g.dtype != TensorProto.FLOAT or g.opset < 10) or choice is dorefa and g.opset < 11:
        choice = where
    if g.opset < 9 and choice in (plain_sign, where, straight_through):  # before Sign and Where
        choice = double_less_one
    choice(g, levels)
