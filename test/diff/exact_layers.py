"""The operators of the exact evaluator that mix elements: layers, pools, reductions, shapes, classes."""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product as combinations

import numpy as np
from exact import Call, Tensor, Unsupported, divide, each, product, root, sign


# --- windows ----------------------------------------------------------------------------------------------------------
def frame(c: Call, sizes: tuple, kernel: list[int]) -> tuple[list[int], list[int], list[int], list[int]]:
    """strides, dilations, pads and output sizes of a window operator."""
    n = len(sizes)
    strides, dilations = (list(c.get(name) or [1] * n) for name in ("strides", "dilations"))
    pads = list(c.get("pads") or [0] * 2 * n)
    auto = c.get("auto_pad", "NOTSET")
    if auto == "VALID":
        pads = [0] * 2 * n
    outs = []
    for i in range(n):
        reach = (kernel[i] - 1) * dilations[i] + 1
        if auto.startswith("SAME"):
            out = -(-sizes[i] // strides[i])
            total = max((out - 1) * strides[i] + reach - sizes[i], 0)
            pads[i] = total // 2 if auto == "SAME_UPPER" else total - total // 2
            pads[n + i] = total - pads[i]
        room = sizes[i] + pads[i] + pads[n + i] - reach
        out = room // strides[i] + 1
        if c.get("ceil_mode", 0):
            out = -(-room // strides[i]) + 1
            # A window that begins in the padding at the end does not count.
            if (out - 1) * strides[i] >= sizes[i] + pads[i]:
                out -= 1
        outs.append(out)
    return strides, dilations, pads, outs


def taps(c: Call, sizes: tuple, kernel: list[int]) -> list:
    """For each output position the list of (place in the kernel, place in the map or None where it is padding)."""
    strides, dilations, pads, outs = frame(c, sizes, kernel)
    places = []
    for position in combinations(*map(range, outs)):
        window = []
        for place in combinations(*map(range, kernel)):
            at = tuple(p * s - pad + k * d for p, s, pad, k, d in zip(position, strides, pads, place, dilations, strict=False))
            inside = all(0 <= a < n for a, n in zip(at, sizes, strict=True))
            counted = all(a < n + pads[len(sizes) + i] for i, (a, n) in enumerate(zip(at, sizes, strict=True)))
            window.append((place, at if inside else None, counted))
        places.append((position, window))
    return outs, places


def conv(c: Call) -> Tensor:
    x, w = c[0].real(), c[1].real()
    kernel, groups = list(w.shape[2:]), c.get("group", 1)
    outs, places = taps(c, x.shape[2:], kernel)
    channels = x.shape[1] // groups
    columns = np.full((x.shape[0], groups, len(places), channels * int(np.prod(kernel))), 0, object)
    for i, (_, window) in enumerate(places):
        for j, (_, at, _) in enumerate(window):
            if at is not None:
                values = x[(slice(None), slice(None), *at)].reshape(x.shape[0], groups, channels)
                columns[:, :, i, j :: len(window)] = values
    matrix = w.reshape(groups, w.shape[0] // groups, -1).transpose(0, 2, 1)
    y = product(columns, matrix[None]).transpose(0, 1, 3, 2).reshape(x.shape[0], w.shape[0], *outs)
    if c.has(2):
        y = y + c[2].real().reshape(-1, *[1] * len(kernel))
    return Tensor(None, y, c[0].dtype)


def pool(c: Call) -> Tensor:
    x = c[0]
    values = x.native if x.native is not None and (x.dtype.kind != "f" or x.raw) else x.real()
    outs, places = taps(c, values.shape[2:], list(c.get("kernel_shape")))
    out = np.empty((*values.shape[:2], *outs), values.dtype)
    for position, window in places:
        inside = [values[(slice(None), slice(None), *at)] for _, at, _ in window if at is not None]
        if c.op == "MaxPool":
            if not inside:
                raise Unsupported("a window of padding only")
            best = inside[0]
            for value in inside[1:]:
                best = np.maximum(best, value)
            out[(slice(None), slice(None), *position)] = best
        else:
            count = sum(counted for _, _, counted in window) if c.get("count_include_pad", 0) else len(inside)
            if x.raw or not count:
                raise Unsupported("a mean of floats before the first quantiser")
            out[(slice(None), slice(None), *position)] = each(lambda v: Fraction(v) / count, sum(inside[1:], inside[0]))  # noqa: B023
    return Tensor(out, None, x.dtype) if values is x.native else Tensor(None, out, x.dtype)


def matmul(c: Call) -> Tensor:
    if c[0].dtype.kind != "f":
        return Tensor(np.matmul(c[0].native, c[1].native))
    return Tensor(None, product(c[0].real(), c[1].real()), c[0].dtype)


def xnor_popcount(c: Call) -> Tensor:
    """Of bits 0 and 1: how many agree."""
    a, b = c[0].real(), c[1].real()
    return Tensor(None, each(lambda v: divide(v + a.shape[-1], 2), product(2 * a - 1, 2 * b - 1)), c[0].dtype)


def gemm(c: Call) -> Tensor:
    a, b = c[0].real(), c[1].real()
    y = product(a.T if c.get("transA", 0) else a, b.T if c.get("transB", 0) else b)
    alpha, beta = (Fraction(float(np.float32(c.get(name, 1.0)))) for name in ("alpha", "beta"))
    y = y * alpha
    return Tensor(None, y + beta * c[2].real() if c.has(2) and beta else y, c[0].dtype)


def batch_norm(c: Call) -> Tensor:
    shape = (1, -1, *[1] * (len(c[0].shape) - 2))
    gamma, beta, mean, variance = (c[i].real().reshape(shape) for i in range(1, 5))
    epsilon = Fraction(float(np.float32(c.get("epsilon", 1e-5))))
    if c.raw:
        x = c[0].native
        g, b, m, v = (c[i].native.reshape(shape) for i in range(1, 5))
        # ONNX Runtime folds the four vectors into two and then rounds a product and a sum.
        factor = (g / np.sqrt((v + x.dtype.type(epsilon)).astype(x.dtype))).astype(x.dtype)
        return Tensor((x * factor + (b - m * factor).astype(x.dtype)).astype(x.dtype))
    inverse = each(lambda v: divide(1, root(v + epsilon)) if v + epsilon else Fraction(0), variance)
    return Tensor(None, (c[0].real() - mean) * (gamma * inverse) + beta, c[0].dtype)


# --- reductions -------------------------------------------------------------------------------------------------------
def reduce(c: Call) -> Tensor:
    x = c[0]
    axes = c.axes_or("axes", 1, 13 if c.op == "ReduceSum" else 18)
    if not axes and c.get("noop_with_empty_axes", 0):
        return x
    return reduced(c, axes or list(range(len(x.shape))), bool(c.get("keepdims", 1)))


def reduced(c: Call, axes: list[int], keep: bool) -> Tensor:
    x = c[0]
    axes = tuple(axis % len(x.shape) for axis in axes)
    count = int(np.prod([x.shape[axis] for axis in axes]))
    function = {"Sum": np.sum, "Mean": np.sum, "Max": np.max, "Min": np.min}[
        c.op[6:] if c.op.startswith("Reduce") else "Max" if "Max" in c.op else "Mean"
    ]
    mean = "Mean" in c.op or "Average" in c.op

    def apply(values: np.ndarray) -> np.ndarray:
        y = np.asarray(function(values, axis=axes, keepdims=keep), values.dtype)
        return each(lambda v: divide(v, count), y) if mean and values.dtype == object else y / values.dtype.type(count) if mean else y

    if x.dtype.kind != "f":
        return Tensor(apply(x.native).astype(x.dtype))
    if c.raw:
        raise Unsupported("a reduction of floats before the first quantiser")
    return Tensor(apply(x.native).astype(x.dtype) if x.native is not None else None, apply(x.real()), x.dtype)


def global_pool(c: Call) -> Tensor:
    return reduced(c, list(range(2, len(c[0].shape))), True)


def arg_max(c: Call) -> Tensor:
    axis = c.get("axis", 0)
    index = first_largest(c[0], axis, bool(c.get("select_last_index", 0)), c.op == "ArgMin")
    return Tensor(np.expand_dims(index, axis) if c.get("keepdims", 1) else index)


def first_largest(x: Tensor, axis: int, last: bool, smallest: bool = False) -> np.ndarray:
    lines = np.moveaxis(-x.order() if smallest else x.order(), axis, -1)
    out = np.zeros(lines.shape[:-1], np.int64)
    for place in np.ndindex(out.shape):
        best = 0
        for i, v in enumerate(lines[place]):
            order = sign(v - lines[place][best])
            if order > 0 or (order == 0 and last):
                best = i
        out[place] = best
    return out


def top_k(c: Call) -> list[Tensor]:
    k = c.get("k", 1) if c.opset < 10 else c[1].ints()[0]
    if k != 1:
        raise Unsupported("TopK of several")
    axis = c.get("axis", -1)
    index = np.expand_dims(first_largest(c[0], axis, False, not c.get("largest", 1)), axis)
    return [Tensor(None, np.take_along_axis(c[0].real(), index, axis), c[0].dtype), Tensor(index)]


# --- functions without an exact value: 60 digits ------------------------------------------------------------------------
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")


def decimals(function: object) -> object:
    def run(v: Fraction) -> Fraction:
        with localcontext() as context:
            context.prec = 90
            context.Emax, context.Emin = 10**9, -(10**9)
            return Fraction(function(Decimal(Fraction(v).numerator) / Decimal(Fraction(v).denominator)))

    return run


exponential = decimals(lambda v: v.exp() if v > -2000 else Decimal(0))
logarithm = decimals(lambda v: v.ln())


def sigmoid(v: Fraction) -> Fraction:
    return 1 / (1 + exponential(-v)) if v > -1000 else Fraction(0)


def error_function(v: Fraction) -> Fraction:
    """By its series, which alternates: enough digits for arguments of some size."""
    if abs(v) > 12:
        return Fraction(1 if v > 0 else -1)
    with localcontext() as context:
        context.prec = 160
        x = Decimal(Fraction(v).numerator) / Decimal(Fraction(v).denominator)
        term, total, n = x, x, 0
        while abs(term) > Decimal(10) ** -80:
            n += 1
            term *= -x * x / n
            total += term / (2 * n + 1)
        return Fraction(total * 2 / PI.sqrt())


def smooth(function: object, rising: bool = False) -> object:
    def run(c: Call) -> Tensor:
        return Tensor(None, each(function, c[0].real()), c[0].dtype, c[0].order() if rising else None)

    return run


def softmax(c: Call) -> Tensor:
    x = c[0].real()
    axis = c.get("axis", 1 if c.opset < 13 else -1) % x.ndim
    shape = x.shape
    if c.opset < 13:
        x, axis = x.reshape(int(np.prod(shape[:axis])), -1), 1
    below = x - np.max(x, axis=axis, keepdims=True)
    powers = each(exponential, below)
    total = np.asarray(np.sum(powers, axis=axis, keepdims=True), object)
    logarithms = (below - each(logarithm, total)).reshape(shape)
    if c.op == "LogSoftmax":
        return Tensor(None, logarithms, c[0].dtype)
    return Tensor(None, each(divide, powers, total).reshape(shape), c[0].dtype, logarithms)


# --- shapes -----------------------------------------------------------------------------------------------------------
def move(function: object, only: bool = True) -> object:
    """An operator that moves elements, the same on every form of the value; not `only`: it adds some of its own."""

    def run(c: Call) -> Tensor:
        x = c[0]
        native = None if x.native is None else function(c, x.native)
        real, order = (None if v is None else function(c, v) for v in (x._real, x._order if only else None))
        return Tensor(native, real, x.dtype, order)

    return run


def reshape(c: Call, values: np.ndarray) -> np.ndarray:
    shape = [values.shape[i] if n == 0 and not c.get("allowzero", 0) else n for i, n in enumerate(c[1].ints())]
    return values.reshape(shape)


def flatten(c: Call, values: np.ndarray) -> np.ndarray:
    axis = c.get("axis", 1)
    axis = axis + values.ndim if axis < 0 else axis
    return values.reshape(int(np.prod(values.shape[:axis])), -1)


def squeeze(c: Call, values: np.ndarray) -> np.ndarray:
    axes = c.axes_or("axes", 1, 13)
    return np.squeeze(values, tuple(axes) if axes else None)


def unsqueeze(c: Call, values: np.ndarray) -> np.ndarray:
    return np.expand_dims(values, tuple(c.axes_or("axes", 1, 13)))


def pad(c: Call, values: np.ndarray) -> np.ndarray:
    if (c.get("mode") or "constant") != "constant":
        raise Unsupported("Pad that is not constant")
    pads = c.get("pads") if c.opset < 11 else c[1].ints()
    value = c.get("value", 0.0) if c.opset < 11 else c[2].real().reshape(-1)[0] if c.has(2) else 0
    if values.dtype == object and isinstance(value, float) and np.isfinite(value):
        value = Fraction(value)
    axes = list(range(values.ndim))
    if c.has(3):
        axes = [axis % values.ndim for axis in c[3].ints()]
    width = [(0, 0)] * values.ndim
    for i, axis in enumerate(axes):
        width[axis] = (pads[i], pads[len(axes) + i])
    out = np.full([n + before + after for n, (before, after) in zip(values.shape, width, strict=True)], value, values.dtype)
    out[tuple(slice(before, before + n) for n, (before, _) in zip(values.shape, width, strict=True))] = values
    return out


def slice_op(c: Call, values: np.ndarray) -> np.ndarray:
    if c.opset < 10:
        starts, ends = c.get("starts"), c.get("ends")
        axes, steps = c.get("axes") or list(range(len(starts))), [1] * len(starts)
    else:
        starts, ends = c[1].ints(), c[2].ints()
        axes = c[3].ints() if c.has(3) else list(range(len(starts)))
        steps = c[4].ints() if c.has(4) else [1] * len(starts)
    cut = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(start, None if step < 0 and end < -values.shape[axis] else end, step)
    return values[tuple(cut)]


def gather(c: Call, values: np.ndarray) -> np.ndarray:
    return np.take(values, c[1].native, axis=c.get("axis", 0))


def split(c: Call) -> list[Tensor]:
    x, axis = c[0], c.get("axis", 0)
    parts = c.axes_or("split", 1, 13) or c.get("split")
    results, start = [], 0
    for size in parts:
        cut = [slice(None)] * len(x.shape)
        cut[axis] = slice(start, start + size)
        start += size
        native = None if x.native is None else x.native[tuple(cut)]
        results.append(Tensor(native, None if x._real is None else x._real[tuple(cut)], x.dtype))
    return results


def concat(c: Call) -> Tensor:
    forms = [None if any(t.native is None for t in c.operands) else [t.native for t in c.operands], None]
    if c[0].is_float and not c.raw:
        forms[1] = [t.real() for t in c.operands]
    return Tensor(*(None if form is None else np.concatenate(form, axis=c.get("axis")) for form in forms), c[0].dtype)


def constant(c: Call) -> Tensor:
    from onnx import numpy_helper

    return c.evaluator.constant(numpy_helper.to_array(c.get("value")))


def constant_of_shape(c: Call) -> Tensor:
    from onnx import numpy_helper

    value = numpy_helper.to_array(c.get("value")) if c.get("value") is not None else np.zeros(1, np.float32)
    return c.evaluator.constant(np.full(c[0].ints(), value.reshape(-1)[0]))


TABLE = {
    "Conv": conv,
    "MaxPool": pool,
    "AveragePool": pool,
    "MatMul": matmul,
    "Gemm": gemm,
    "XnorPopcountMatMul": xnor_popcount,
    "BatchNormalization": batch_norm,
    **{op: reduce for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")},
    "GlobalAveragePool": global_pool,
    "GlobalMaxPool": global_pool,
    "ArgMax": arg_max,
    "ArgMin": arg_max,
    "TopK": top_k,
    "Sigmoid": smooth(sigmoid, rising=True),
    "Tanh": smooth(lambda v: 2 * sigmoid(2 * v) - 1, rising=True),
    "Exp": smooth(exponential, rising=True),
    "Erf": smooth(error_function, rising=True),
    "Softmax": softmax,
    "LogSoftmax": softmax,
    "Identity": move(lambda c, v: v),
    "Dropout": move(lambda c, v: v),
    "Reshape": move(reshape),
    "Flatten": move(flatten),
    "Squeeze": move(squeeze),
    "Unsqueeze": move(unsqueeze),
    "Transpose": move(lambda c, v: np.transpose(v, c.get("perm"))),
    "Pad": move(pad, only=False),
    "Slice": move(slice_op),
    "Gather": move(gather),
    "Split": split,
    "Expand": move(lambda c, v: np.broadcast_to(v, np.broadcast_shapes(v.shape, tuple(c[1].ints())))),
    "Concat": concat,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
}
