"""The operators of the exact evaluator: elementwise steps, comparisons, quantisers."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
from exact import DTYPES, Call, Tensor, divide, each, root, sign


def pointwise(real: object, native: object, whole: object = None) -> object:
    """An elementwise operator: on real numbers, on IEEE floats, on integers of fixed width (default: as floats)."""

    def run(c: Call) -> Tensor:
        kept = [t for t in c.operands if t is not None]
        dtype = kept[0].dtype
        with np.errstate(all="ignore"):
            if dtype.kind != "f":
                return Tensor(np.asarray((whole or native)(*(t.native for t in kept))).astype(dtype))
            rounded = np.asarray(native(*(t.native for t in kept))).astype(dtype) if c.constant else None
            if c.raw:
                return Tensor(rounded)
        return Tensor(rounded, each(real, *(t.real() for t in kept)), dtype)

    return run


def truncated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Integer division towards zero."""
    quotient = np.abs(a.astype(object)) // np.abs(b.astype(object))
    return np.where(np.sign(a.astype(object)) * np.sign(b.astype(object)) < 0, -quotient, quotient)


def fold(function: object) -> object:
    def run(*values: object) -> object:
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    return run


def larger(a: Fraction, b: Fraction) -> Fraction:
    return max(a, b)


def smaller(a: Fraction, b: Fraction) -> Fraction:
    return min(a, b)


def comparison(decide: object) -> object:
    def run(c: Call) -> Tensor:
        a, b = c[0], c[1]
        if a.dtype.kind != "f" or c.raw:
            return Tensor(np.asarray(decide(np.sign(_order(a.native, b.native)))).astype(bool) & ~_nan(a.native, b.native))
        return Tensor(each(lambda x, y: decide(_compare(x, y)), a.real(), b.real()).astype(bool))

    return run


def _nan(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (
        np.isnan(a + np.zeros_like(b)) | np.isnan(b + np.zeros_like(a))
        if a.dtype.kind == "f"
        else np.zeros(np.broadcast_shapes(a.shape, b.shape), bool)
    )


def _order(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a > b).astype(int) - (a < b).astype(int)


def _compare(x: Fraction, y: Fraction) -> int:
    if isinstance(x, float) or isinstance(y, float):
        return int(x > y) - int(x < y)
    return sign(x - y)


def relu(c: Call) -> Tensor:
    return pointwise(lambda x: larger(x, 0), lambda x: np.maximum(x, 0))(c)


def leaky(c: Call) -> Tensor:
    slope = np.float32(c.get("alpha", 0.01))
    exact = Fraction(float(slope))
    return pointwise(lambda x: x if sign(x) >= 0 else exact * x, lambda x: np.where(x >= 0, x, x.dtype.type(slope) * x))(c)


def hard_sigmoid(c: Call) -> Tensor:
    a, b = (np.float32(c.get(name, value)) for name, value in (("alpha", 0.2), ("beta", 0.5)))
    exact = Fraction(float(a)), Fraction(float(b))
    return pointwise(lambda x: smaller(larger(exact[0] * x + exact[1], 0), 1), lambda x: np.clip(x * x.dtype.type(a) + x.dtype.type(b), 0, 1))(c)


def clip(c: Call) -> Tensor:
    x = c[0]
    if c.opset < 11:
        bounds = [c.get("min"), c.get("max")]
        tensors = [None if b is None else c.evaluator.constant(np.asarray(b, x.dtype)) for b in bounds]
    else:
        tensors = [c[i] if c.has(i) else None for i in (1, 2)]
    low, high = tensors

    def real(v: Fraction) -> Fraction:
        v = v if low is None else larger(v, low.real().reshape(-1)[0])
        return v if high is None else smaller(v, high.real().reshape(-1)[0])

    def native(v: np.ndarray) -> np.ndarray:
        v = v if low is None else np.maximum(v, low.native.reshape(()))
        return v if high is None else np.minimum(v, high.native.reshape(()))

    c.operands = [x]
    return pointwise(real, native)(c)


def onnx_sign(c: Call) -> Tensor:
    x = c[0]
    if x.dtype.kind != "f":
        return Tensor(np.sign(x.native.astype(np.int64)).astype(x.dtype))
    zero = c.evaluator.sign_zero if x.native is None or x.raw else None
    if c.raw:
        signs = np.sign(np.nan_to_num(x.native.astype(np.float64)))
        out = np.where(signs == 0, zero or 0, signs)
        return exact_floats(out, x.dtype)
    out = each(lambda v: sign(v) or (zero or 0), x.real())
    return Tensor(out.astype(x.dtype) if c.evaluator.folding else None, out, x.dtype)


def exact_floats(values: np.ndarray, dtype: object) -> Tensor:
    """Values that a quantiser made: exact from here on, no longer raw."""
    out = np.empty(values.shape, object)
    flat = out.reshape(-1)
    for i, v in enumerate(values.reshape(-1)):
        flat[i] = Fraction(float(v)) if values.dtype.kind == "f" and np.isfinite(v) else v
    return Tensor(None, flat.reshape(values.shape), dtype)


def where(c: Call) -> Tensor:
    condition, a, b = c[0].native, c[1], c[2]
    if a.dtype.kind != "f" or ((a.raw or b.raw) and c.constant):
        return Tensor(np.where(condition, a.native, b.native))
    real = np.where(condition, a.real(), b.real())
    return Tensor(np.where(condition, a.native, b.native) if c.evaluator.folding else None, real, a.dtype)


def cast(c: Call) -> Tensor:
    x, to = c[0], np.dtype(DTYPES[c.get("to")] if c.op == "Cast" else c[1].dtype)
    c.operands = [x]
    if x.dtype.kind != "f":
        if to.kind == "f":
            real = each(lambda v: Fraction(int(v)), x.native)
            return Tensor(None, real, to) if not c.evaluator.folding else Tensor(x.native.astype(to), real)
        return Tensor(x.native.astype(to))
    if to.kind == "f":
        if x.raw:
            return Tensor(x.native.astype(to))
        return Tensor(None if x.native is None else x.native.astype(to), x.real(), to)
    if x.raw:
        return Tensor(x.native != 0 if to.kind == "b" else np.trunc(x.native).astype(to))
    if to.kind == "b":
        return Tensor(each(lambda v: sign(v) != 0, x.real()).astype(bool))
    return Tensor(each(lambda v: int(v), x.real()).astype(np.int64).astype(to))


def half_even(v: Fraction) -> int:
    below = floor(v)
    rest = v - below - Fraction(1, 2)
    return below + (1 if sign(rest) > 0 or (sign(rest) == 0 and below % 2) else 0)


def rounding(mode: str) -> object:
    def away(v: Fraction) -> int:
        return ceil(v) if v > 0 else floor(v)

    def halves(ties: object) -> object:
        def run(v: Fraction) -> int:
            below = floor(v)
            rest = sign(v - below - Fraction(1, 2))
            return below + 1 if rest > 0 else below if rest < 0 else ties(below, v)

        return run

    table = {
        "ROUND": half_even,
        "HALF_EVEN": half_even,
        "CEIL": ceil,
        "FLOOR": floor,
        "UP": away,
        "DOWN": lambda v: int(v),
        "ROUND_TO_ZERO": lambda v: int(v),
        "HALF_UP": halves(lambda below, v: below + 1 if v > 0 else below),
        "HALF_DOWN": halves(lambda below, v: below if v > 0 else below + 1),
    }
    return table[mode.upper()]


def round_op(c: Call) -> Tensor:
    x = c[0]
    function = {"Round": half_even, "Floor": floor, "Ceil": ceil}[c.op]
    if x.raw:
        return exact_floats({"Round": np.rint, "Floor": np.floor, "Ceil": np.ceil}[c.op](x.native), x.dtype)
    return Tensor(None, each(lambda v: v if isinstance(v, float) else Fraction(function(v)), x.real()), x.dtype)


def quantize_linear(c: Call) -> Tensor:
    x, scale = c[0], c[1]
    zero = c[2] if c.has(2) else Tensor(np.uint8(0).reshape(()))
    info = np.iinfo(zero.dtype)
    shape = along(c, scale, len(x.shape), c.get("axis", 1))
    zeros = zero.native.reshape(shape if zero.native.size > 1 else ()).astype(np.int64)
    if x.raw:
        with np.errstate(all="ignore"):
            codes = np.rint((x.native / scale.native.reshape(shape)).astype(np.float64))
        codes = np.clip(np.nan_to_num(codes, nan=0, posinf=1e9, neginf=-1e9), -1e9, 1e9).astype(np.int64)
    else:
        codes = each(lambda v, s: max(-(10**9), min(10**9, half_even(divide(v, s)))), x.real(), scale.real().reshape(shape)).astype(np.int64)
    return Tensor(np.clip(codes + zeros, info.min, info.max).astype(zero.dtype))


def dequantize_linear(c: Call) -> Tensor:
    x, scale = c[0], c[1]
    shape = along(c, scale, len(x.shape), c.get("axis", 1))
    zero = c[2].native.reshape(shape if c[2].native.size > 1 else ()).astype(np.int64) if c.has(2) else np.int64(0)
    codes = x.native.astype(np.int64) - zero
    real = each(lambda v, s: int(v) * s, codes, scale.real().reshape(shape))
    return Tensor(
        (codes.astype(scale.dtype) * scale.native.reshape(shape)).astype(scale.dtype) if c.evaluator.folding else None,
        real,
        scale.dtype,
    )


def along(c: Call, scale: Tensor, rank: int, axis: int) -> tuple:
    if int(np.prod(scale.shape)) == 1:
        return ()
    shape = [1] * rank
    shape[axis] = -1
    return tuple(shape)


# --- QONNX ------------------------------------------------------------------------------------------------------------
def bipolar(c: Call) -> Tensor:
    x, scale = c[0], c[1]
    up = (x.native >= 0).astype(int) if x.raw else each(lambda v: int(sign(v) >= 0), x.real()).astype(int)
    return Tensor(None, each(lambda u, s: s if u else -s, up, scale.real()), x.dtype)


def quant(c: Call) -> Tensor:
    """QONNX's Quant: divide, add the zero point, clamp, round, and back; one signed bit is -1 or +1."""
    x, scale, zero = c[0], c[1], c[2]
    bits = int(c[3].real().reshape(-1)[0])
    signed, narrow = bool(c.get("signed", 1)), bool(c.get("narrow", 0))
    is_sign = bits == 1 and signed
    function = rounding(c.get("rounding_mode", "ROUND"))
    if x.raw:
        with np.errstate(all="ignore"):
            y = (x.native / scale.native + zero.native).astype(x.dtype)
            if c.get("rounding_mode") == "HALF_UP" and not is_sign:  # QONNX adds the half in the value's own type, and that sum rounds
                y = (np.sign(y) * np.floor(np.abs(y) + y.dtype.type(0.5))).astype(x.dtype)
        y = np.clip(np.nan_to_num(y.astype(np.float64), posinf=1e30, neginf=-1e30), -1e30, 1e30)
        reached = each(lambda v: Fraction(float(v)), y)
    else:
        reached = each(lambda v, s, z: divide(v, s) + z, x.real(), scale.real(), zero.real())
    if is_sign:
        codes = each(lambda v: 1 if sign(v) >= 0 else -1, reached)
    else:
        low = 0 if not signed else -(2 ** (bits - 1)) + (1 if narrow else 0)
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - (1 if narrow else 0)
        codes = each(lambda v: function(Fraction(max(low, min(high, v)))), reached)
    return Tensor(None, each(lambda q, s, z: (q - z) * s, codes, scale.real(), zero.real()), x.dtype)


def multi_threshold(c: Call) -> Tensor:
    x, points = c[0], c[1]
    rank = len(x.shape)
    layout = c.get("data_layout", "") or {2: "NC", 3: "NWC", 4: "NCHW"}.get(rank, "")
    axis = layout.index("C") if "C" in layout else 1
    shape = [1] * rank
    shape[axis] = points.shape[0]
    out = np.zeros(x.shape, int)
    for column in range(points.shape[1]):
        if x.raw:
            out = out + (x.native >= points.native[:, column].reshape(shape)).astype(int)
        else:
            out = out + each(lambda v, p: int(sign(v - p) >= 0), x.real(), points.real()[:, column].reshape(shape)).astype(int)
    scale, bias = (Fraction(float(np.float32(c.get(name, value)))) for name, value in (("out_scale", 1.0), ("out_bias", 0.0)))
    return Tensor(None, each(lambda v: int(v) * scale + bias, out), x.dtype)


TABLE = {
    "Add": pointwise(lambda a, b: a + b, np.add),
    "Sub": pointwise(lambda a, b: a - b, np.subtract),
    "Mul": pointwise(lambda a, b: a * b, np.multiply),
    "Div": pointwise(divide, np.divide, truncated),
    "Neg": pointwise(lambda a: -a, np.negative),
    "Abs": pointwise(abs, np.abs),
    "Sqrt": pointwise(root, np.sqrt),
    "Reciprocal": pointwise(lambda a: divide(1, a), np.reciprocal),
    "Sum": pointwise(fold(lambda a, b: a + b), fold(np.add)),
    "Min": pointwise(fold(smaller), fold(np.minimum)),
    "Max": pointwise(fold(larger), fold(np.maximum)),
    "PRelu": pointwise(lambda x, s: x if sign(x) >= 0 else s * x, lambda x, s: np.where(x >= 0, x, s * x)),
    "Relu": relu,
    "LeakyRelu": leaky,
    "HardSigmoid": hard_sigmoid,
    "Clip": clip,
    "Sign": onnx_sign,
    "Greater": comparison(lambda s: s > 0),
    "GreaterOrEqual": comparison(lambda s: s >= 0),
    "Less": comparison(lambda s: s < 0),
    "LessOrEqual": comparison(lambda s: s <= 0),
    "Equal": comparison(lambda s: s == 0),
    "Not": lambda c: Tensor(~c[0].native),
    "And": lambda c: Tensor(c[0].native & c[1].native),
    "Or": lambda c: Tensor(c[0].native | c[1].native),
    "Xor": lambda c: Tensor(c[0].native ^ c[1].native),
    "Where": where,
    "Cast": cast,
    "CastLike": cast,
    "Round": round_op,
    "Floor": round_op,
    "Ceil": round_op,
    "QuantizeLinear": quantize_linear,
    "DequantizeLinear": dequantize_linear,
    "BipolarQuant": bipolar,
    "Quant": quant,
    "IntQuant": quant,
    "MultiThreshold": multi_threshold,
}
