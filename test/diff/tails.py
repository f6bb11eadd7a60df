"""What stands behind the last integer: scales, means, softmax, classes, bits, dense layers with float weights."""

import layers
from activations import batch_norm, chain, sign
from graph import Graph
from onnx import TensorProto


def reduce_map(g: Graph) -> None:
    """A map becomes a vector: a reduction over positions or a Flatten."""
    if len(g.shape) == 2:
        return
    axes = list(range(2, len(g.shape))) if g.layout == "first" else list(range(1, len(g.shape) - 1))
    if g.chance(0.3):
        axes = [axis - len(g.shape) for axis in axes]
    kind = g.pick("pool", "mean", "sum", "max", "flatten", "keep", "dense")
    if len(g.shape) == 4 and g.rare(0.2):  # over rows or columns only
        axis, keep = g.whole(0, 1), g.pick(0, 1)
        axes = [axes[axis]]
        sizes, channels = list(g.spatial), g.channels
        g.reduce(g.pick("ReduceSum", "ReduceMean", "ReduceMax"), axes, keep)
        sizes[axis] = 1
        g.resize(channels, sizes if keep else [n for i, n in enumerate(sizes) if i != axis])
        return
    if kind == "dense" and g.quantised:
        layers.dense(g, 5)
    elif kind == "pool" and g.layout == "first":
        g.step(g.pick("GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool"))
        g.resize(g.channels, [1] * len(g.spatial))
        g.pick(layers.flatten, lambda g: squeeze(g, axes))(g)
    elif kind in ("mean", "sum", "max"):
        keep = g.pick(0, 1)
        channels = g.channels
        g.reduce({"mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax"}[kind], axes, keep)
        if keep:
            g.resize(channels, [1] * len(g.spatial))
        else:
            g.shape, g.layout = [g.shape[0], channels], "first"
    elif kind == "flatten":
        layers.flatten(g)


def squeeze(g: Graph, axes: list[int]) -> None:
    channels = g.channels
    g.squeeze(axes)
    g.shape, g.layout = [g.shape[0], channels], "first"


def classes(g: Graph) -> int:
    """ArgMax or TopK over classes that may tie; returns the output's type."""
    axis = 1 if g.layout == "first" or len(g.shape) == 2 else len(g.shape) - 1
    if g.chance(0.3):
        axis -= len(g.shape)
    if g.chance(0.6):
        attributes = {"axis": axis, "keepdims": g.pick(0, 1)}
        if g.opset >= 12 and g.rare(0.3):
            attributes["select_last_index"] = g.pick(0, 1)
        g.step(g.pick("ArgMax", "ArgMax", "ArgMin"), **attributes)
    elif g.opset < 10:
        g.last = g.op("TopK", g.last, outputs=2, axis=axis, k=1)[1]
    else:
        smallest = {"largest": 0} if g.opset >= 11 and g.chance(0.3) else {}
        g.last = g.op("TopK", g.last, g.ints(1), outputs=2, axis=axis, **smallest)[1]
    if g.chance(0.15):
        to = g.pick(TensorProto.INT32, TensorProto.FLOAT)
        g.last = g.cast(g.last, to)
        return to
    return TensorProto.INT64


def float_dense(g: Graph) -> None:
    """Dense layers with float weights, perhaps with an activation between."""
    if len(g.shape) > 2:
        if g.chance(0.5) and g.layout == "first":
            g.step("GlobalAveragePool")
            g.resize(g.channels, [1] * len(g.spatial))
        layers.flatten(g)
    for out in g.pick([4], [6, 3]):
        w = g.const(g.rng.standard_normal([g.shape[1], out]))
        if g.chance(0.5):
            g.step("MatMul", w)
            g.step("Add", g.const(g.rng.standard_normal(out)))
        else:
            g.step("Gemm", w, g.const(g.rng.standard_normal(out)))
        g.shape = [g.shape[0], out]
        if out == 6:
            g.step(g.pick("Relu", "Sigmoid", "Tanh"))


def versus(g: Graph) -> int:
    """Two heads of one vector, compared or joined; whole weights make equal ones common. Returns the output's type."""
    if len(g.shape) > 2:
        layers.flatten(g)
    size, out = g.shape[1], g.whole(1, 4)
    a, b = (g.op("MatMul", g.last, g.const(g.rng.integers(-1, 3, [size, out]).astype(float))) for _ in range(2))
    g.shape = [g.shape[0], out]
    kind = g.pick("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Max", "Min", "Sub", "Equal")
    if kind in ("Max", "Min", "Sub") or (kind == "Equal" and g.opset < 11):
        g.last = g.op(kind.replace("Equal", "Sub"), a, b)
        return g.dtype
    g.last = g.compare(kind, a, b)
    if g.chance(0.4):
        g.last = g.op(g.pick("And", "Or", "Xor"), g.last, g.compare("Greater", b, g.const(float(g.whole(-2, 3)))))
    return TensorProto.BOOL


def squash(g: Graph) -> None:
    kind = g.pick("Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Softmax")
    if "oftmax" in kind:
        axis = g.pick(1, -1) if len(g.shape) == 2 else 1 if g.layout == "first" else -1
        g.step(kind, axis=axis)
    else:
        g.step(kind)


def tail(g: Graph) -> None:
    """Ends the graph and names its output."""
    to = g.dtype
    if g.chance(0.3):
        chain(g)
        g.quantised = False
    if g.rare(0.25):
        float_dense(g)
    elif g.chance(0.7):
        reduce_map(g)
    if g.chance(0.2):
        batch_norm(g)
    elif g.chance(0.2):
        g.step("Add", g.const(g.rng.integers(-2, 3, g.channels).astype(float)) if len(g.shape) == 2 else g.const(1.0))
    end = g.pick("", "", "squash", "classes", "classes", "bits", "cast")
    if g.rare(0.3):
        end = g.pick("bool", "two", "both", "versus")
    if end == "squash":
        squash(g)
        if g.chance(0.3):
            to = classes(g)
    elif end == "classes":
        to = classes(g)
    elif end == "bits":
        sign(g)
    elif end == "bool":
        g.last = g.compare(g.pick("GreaterOrEqual", "Greater"), g.last, g.const(float(g.pick(0, 1))))
        to = TensorProto.BOOL
    elif end == "versus":
        to = versus(g)
    elif end == "cast":
        to = g.pick(TensorProto.DOUBLE, TensorProto.FLOAT)
        g.last = g.cast(g.last, to)
    elif end in ("two", "both"):
        first = g.last
        if not g.nodes or first in {i.name for i in g.inputs}:
            return
        if end == "two":
            g.output(first, g.dtype)
            g.last = first
            to = classes(g)
        else:
            g.output(first, g.dtype)
            squash(g)
    g.output(g.last, to)
