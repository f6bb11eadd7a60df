"""Random small binary networks of every operator, spelling and dtype that bnncc reads: one number, one network."""

from dataclasses import dataclass

import activations
import inputs
import layers
import numpy as np
import onnx
import tails
from graph import Graph
from onnx import TensorProto


@dataclass
class Case:
    """A model, what the command line says about it, and windows for it (leading axis: windows)."""

    model: onnx.ModelProto
    flags: list[str]
    windows: np.ndarray
    padded_zeros: bool = False  # --sign-zero is of reached sums only: the graph's own zeros stay what they are


def first_shape(g: Graph) -> list[int]:
    kind = g.pick("1d", "1d", "1d", "2d", "2d", "vector")
    if kind == "vector":
        return [1, g.pick(4, 16, 33)]
    channels = g.pick(1, 1, 2, 3, 5)
    if kind == "1d":
        return [1, channels, g.whole(6, 40)]
    return [1, channels, g.pick(1, 5, 8, 11), g.whole(5, 12)]


def body(g: Graph) -> None:
    depth = g.pick(1, 2, 2, 2, 3)
    for number in range(depth):
        if g.chance(0.15):
            layers.border_pad(g)
        if g.rare(0.06):
            layers.select(g)
        out = g.pick(1, 2, 3, 4, 8, 9, 16, 33)
        if len(g.shape) == 3 and g.rare(0.1):
            layers.last_axis_product(g, out)
        elif number and g.qonnx and g.rare(0.1):
            layers.xnor_popcount(g, out)
        else:
            layers.conv(g, out, real=not number and g.rare(0.1))
        g.quantised = False
        if g.chance(0.3):
            layers.pool(g, "AveragePool" if g.rare(0.3) else "MaxPool")
            if g.rare(0.1):
                layers.pool(g)
        if len(g.shape) > 2 and (g.channel_last or g.rare(0.1)):
            g.turn("last")
        if number == depth - 1 and g.chance(0.7):
            return
        activations.chain(g)
        activations.sign(g)
        g.quantised = True
        if g.chance(0.1):
            layers.pool(g)
        if len(g.shape) > 2 and g.chance(0.2):
            layers.flatten(g)


def build(seed: int, index: int) -> Case:
    rng = np.random.default_rng([seed, index])
    g = Graph(rng, opset=int(rng.integers(7, 26)))
    g.qonnx = g.chance(0.3)
    if g.qonnx:
        g.opset = max(g.opset, 9)
    if not g.qonnx and g.rare(0.2):
        g.dtype = g.pick(TensorProto.FLOAT16, TensorProto.DOUBLE)
    shape = first_shape(g)
    if not g.qonnx and g.rare(0.06):
        shape[0] = g.pick(2, 4)  # windows that one run of the graph takes
    last = len(shape) > 2 and g.rare(0.25)
    g.layout, g.channel_last = ("last", True) if last else ("first", False)
    if last:
        shape = [shape[0], *shape[2:], shape[1]]
    batch = shape[0] if g.qonnx or shape[0] > 1 else g.pick(1, 1, 1, "N", None, "batch")
    g.symbolic = isinstance(batch, str) or batch is None
    make = inputs.build(g, shape, batch)
    g.quantised = True
    body(g)
    tails.tail(g)
    windows = make([8 if shape[0] > 1 else g.pick(6, 8), *shape[1:]])
    return Case(g.model(), list(dict.fromkeys(g.flags)), windows)
