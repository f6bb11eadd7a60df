"""Layers of a binary network: convolutions, products, pads and pools with attributes at their edges."""

import numpy as np
from graph import Graph
from weights import weights


def border_pad(g: Graph) -> None:
    """A Pad node of its own on the spatial axes, of zeros or ones."""
    if g.layout != "first" or len(g.shape) < 3:
        return
    axes = len(g.shape) - 2
    begins, ends = ([g.whole(0, 2) for _ in range(axes)] for _ in range(2))
    g.pad([0, 0, *begins, 0, 0, *ends], g.pick(0, 0, -1, 1))
    g.padded = True
    g.resize(g.channels, [n + b + e for n, b, e in zip(g.spatial, begins, ends, strict=True)])


def window(g: Graph, kernels: list[int], strides: list[int], dilations: list[int], pads: bool) -> tuple[dict, list[int]] | None:
    """Attributes of a window and the sizes it leaves; None where nothing would be left."""
    sizes, axes = g.spatial, len(kernels)
    reach = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
    attributes: dict = {"kernel_shape": kernels, "strides": strides}
    if dilations != [1] * axes:
        attributes["dilations"] = dilations
    auto = g.pick("NOTSET", "NOTSET", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    if auto.startswith("SAME") and pads and dilations == [1] * axes and all(k >= s for k, s in zip(kernels, strides, strict=True)):
        attributes["auto_pad"] = auto
        return attributes, [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
    begins = [g.whole(0, min(r - 1, 3)) if pads else 0 for r in reach]
    ends = list(begins) if g.chance(0.6) else [g.whole(0, min(r - 1, 3)) if pads else 0 for r in reach]
    if auto == "VALID":
        attributes["auto_pad"], begins, ends = auto, [0] * axes, [0] * axes
    elif pads or g.chance(0.5):
        attributes["pads"] = [*begins, *ends]
    left = [(n + b + e - r) // s + 1 for n, b, e, r, s in zip(sizes, begins, ends, reach, strides, strict=True)]
    return (attributes, left) if min(n + b + e - r for n, b, e, r in zip(sizes, begins, ends, reach, strict=True)) >= 0 else None


def conv(g: Graph, out: int, real: bool = False) -> None:
    """`real`: weights of any value, as a first layer may have."""
    if len(g.shape) == 2:
        dense(g, out)
        return
    g.turn("first")
    axes = len(g.shape) - 2
    whole_map = g.chance(0.08)
    for _ in range(8):
        kernels = list(g.spatial) if whole_map else [g.pick(1, 2, 3, 3, 5, 7) for _ in range(axes)]
        if axes == 2 and g.chance(0.2):
            kernels[g.whole(0, 1)] = 1
        strides = [g.pick(1, 1, 1, 2, 3)] * axes
        dilations = [2] * axes if g.rare(0.1) else [1] * axes
        found = window(g, kernels, strides, dilations, pads=not whole_map and (not g.padded or g.rare(0.2)) and g.chance(0.6))
        if found:
            break
    else:
        return
    attributes, left = found
    if g.chance(0.2) and "kernel_shape" in attributes:
        del attributes["kernel_shape"]
    shape = [out, g.channels, *kernels]
    w = g.const(g.rng.standard_normal(shape)) if real else weights(g, shape, 0)
    bias = []
    if g.chance(0.2):
        values = g.rng.integers(-3, 4, out).astype(float) if g.chance(0.5) else g.rng.standard_normal(out)
        bias = [g.const(values)]
    g.step("Conv", w, *bias, **attributes)
    g.padded = False
    g.resize(out, left)


def select(g: Graph) -> None:
    """A lead or a part of the time, as the exporters write an index or a slice."""
    if g.layout != "first" or len(g.shape) < 3:
        return
    axis = 1 if g.channels > 1 and g.chance(0.5) else 2
    n = g.shape[axis]
    start = g.whole(0, n // 3)
    kind = g.pick("Slice", "Slice", "Gather", "Split") if axis == 1 else "Slice"
    if kind == "Gather":
        index = g.whole(0, n - 1)
        g.step("Gather", g.ints(index if g.chance(0.5) or g.opset < 11 else index - n), axis=axis)
        g.shape[axis] = 1
    elif kind == "Split":
        parts = [1, n - 1]
        if g.opset >= 13:
            names = g.op("Split", g.last, g.ints(*parts), outputs=2, axis=axis)
        else:
            names = g.op("Split", g.last, outputs=2, axis=axis, split=parts)
        chosen = g.whole(0, 1)
        g.last, g.shape[axis] = names[chosen], parts[chosen]
    else:
        step = g.pick(1, 1, 2) if g.opset >= 10 else 1
        end = g.pick(n, n - 1) if n - 1 > start else n
        ends = g.pick(end, end - n if end < n else 2**31)
        if g.opset >= 10:
            g.step("Slice", g.ints(start), g.ints(ends), g.ints(axis), g.ints(step))
        else:
            g.step("Slice", starts=[start], ends=[ends], axes=[axis])
        g.shape[axis] = -(-(end - start) // step)


def xnor_popcount(g: Graph, out: int) -> None:
    """FINN's product of bits 0 and 1; the map's bits become such by their sign."""
    if len(g.shape) > 2:
        flatten(g)
    bits = g.cast(g.compare("Greater", g.last, g.const(0.0)), g.dtype)
    w = g.const(g.rng.integers(0, 2, [g.shape[1], out]).astype(float))
    g.last = g.op("XnorPopcountMatMul", bits, w, domain="qonnx.custom_op.general")
    g.shape = [g.shape[0], out]


def dense(g: Graph, out: int) -> None:
    """MatMul, Gemm or, for a map, a Flatten or Reshape first."""
    if len(g.shape) > 2:
        flatten(g)
    n = g.shape[1]
    if g.chance(0.5):
        g.step("MatMul", weights(g, [n, out], 1))
        if g.chance(0.2):
            g.step("Add", g.const(g.rng.standard_normal(out)))
    else:
        turned = g.pick(0, 1)
        w = weights(g, [out, n] if turned else [n, out], 0 if turned else 1)
        attributes = {"transB": turned}
        if g.chance(0.3):
            attributes["alpha"] = float(g.pick(0.5, 1.0, -2.0, 0.1))
        bias = []
        if g.opset < 11 or g.chance(0.5):
            bias = [g.const(g.rng.integers(-2, 3, g.pick([out], [1, out], [1]) if g.chance(0.3) else [out]).astype(float))]
            if g.chance(0.3):
                attributes["beta"] = float(g.pick(0.0, 0.5, -1.0))
        g.step("Gemm", w, *bias, **attributes)
    g.shape = [g.shape[0], out]


def flatten(g: Graph) -> None:
    """In whatever layout the map has: then the order of the columns follows."""
    if g.layout == "last" or g.rare(0.1):
        g.turn(g.pick("first", "first", "last"))
    size = int(np.prod(g.shape[1:]))
    kind = g.pick("Flatten", "Flatten", "Reshape", "negative")
    if kind == "Flatten":
        g.step("Flatten", axis=1)
    elif kind == "Reshape":
        g.step("Reshape", g.ints(g.shape[0] if not g.symbolic else -1, size))
    else:
        g.step("Flatten", axis=1 - len(g.shape)) if g.opset >= 11 else g.step("Flatten")
    g.shape, g.layout = [g.shape[0], size], "first"


def pool(g: Graph, op: str = "MaxPool") -> None:
    if len(g.shape) == 2 or min(g.spatial) < 2:
        return
    g.turn("first")
    axes = len(g.shape) - 2
    kernels = list(g.spatial) if g.chance(0.1) else [min(g.pick(1, 2, 2, 3, 3, 5), n) for n in g.spatial]
    strides = [g.pick(1, 2, 2, 3, 4)] * axes
    found = window(g, kernels, strides, [1] * axes, pads=g.rare(0.3))
    if not found:
        return
    attributes, left = found
    if g.opset >= 10 and "auto_pad" not in attributes and g.rare(0.2):
        attributes["ceil_mode"] = 1
        pads = attributes.get("pads", [0] * 2 * axes)
        left = []
        for axis, n in enumerate(g.spatial):
            room = n + pads[axis] + pads[axes + axis] - kernels[axis]
            size = -(-room // strides[axis]) + 1
            left.append(size - 1 if (size - 1) * strides[axis] >= n + pads[axis] else size)
    if op == "AveragePool" and "ceil_mode" not in attributes and g.chance(0.5):
        attributes["count_include_pad"] = g.pick(0, 1)
    g.step(op, **attributes)
    g.resize(g.channels, left)


def last_axis_product(g: Graph, out: int) -> None:
    """nn.Linear over the last axis of N x 1 x L or a map whose channels are last."""
    if len(g.shape) != 3:
        conv(g, out)
        return
    g.turn("last")
    g.step("MatMul", weights(g, [g.channels, out], 1))
    g.shape = [*g.shape[:-1], out]
