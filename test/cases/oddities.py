"""Graphs that only a program writes, and those that must be refused: in time, by one line that is true."""

import numpy as np
from net import LENGTH, Net, kind
from onnx import TensorProto
from shapes import bits
from signs import first, rest


@kind("constants-in-a-long-chain")
def deep(g: Net) -> np.ndarray:
    """2,000 subtractions of constants: no recursion as deep as the model. (16,000 in the compiler's own test of depth.)"""
    first(g)
    value, half = g.const(1.0), g.const(0.5)
    for _ in range(2000):
        value = g.op("Sub", value, half)
    g.step("Mul", value)
    g.norm()
    g.sign()
    return rest(g)


@kind("constants-doubled")
def doubled(g: Net) -> np.ndarray:
    """2^30 paths through thirty nodes."""
    first(g)
    value = g.const(1.0)
    for _ in range(30):
        value = g.op("Add", value, value)
    g.step("Mul", value)
    g.norm()
    g.sign()
    return rest(g)


@kind("unknown-operator-without-use")
def dead(g: Net) -> np.ndarray:
    """An operator that bnncc does not know, whose result nobody reads."""
    bits(g)
    g.op("Einsum", g.last, g.last, equation="bcl,bcl->bc")
    return rest(g)


@kind("identities-and-casts")
def leftovers(g: Net) -> np.ndarray:
    """Identity, Dropout, Cast to double and back, a branch without use."""
    g.start()
    g.step("Identity")
    g.last = g.cast(g.last, TensorProto.FLOAT)
    g.front()
    g.op("Sign", g.op("MaxPool", g.last, kernel_shape=[3]))
    g.step("Dropout", g.const(0.3), g.const(np.array(False)))
    g.last = g.cast(g.cast(g.last, TensorProto.DOUBLE), TensorProto.FLOAT)
    return rest(g)


@kind("strange-names")
def names(g: Net) -> np.ndarray:
    """No names, very long ones, quotes, newlines, other scripts."""

    def change(model: object) -> None:
        for i, node in enumerate(model.graph.node):
            node.name = ("", f"{i} a'b\"c\\\n%s {{}} \t", "/long" * 4000 + str(i), f"Conv#{i}", f"\u5c42 \u00e9 {i}")[i % 5]
        model.graph.name = ""

    bits(g)
    g.change = change
    return rest(g)


@kind("normalisation-that-still-trains", "export with model.eval()", opset=15)
def training(g: Net) -> np.ndarray:
    """training_mode = 1."""
    first(g)
    g.step("BatchNormalization", *(g.const(np.ones(8)) for _ in range(4)), outputs=3, training_mode=1)
    g.last = g.last[0]
    g.sign()
    return rest(g)


@kind("no-output-channels", "must")
def no_channels(g: Net) -> np.ndarray:
    """A convolution without an output channel."""
    g.start()
    g.step("Conv", g.const(np.zeros((0, 1, 5))))
    g.end()
    return g.windows(2)


@kind("no-taps", "must")
def no_taps(g: Net) -> np.ndarray:
    """A kernel of length 0."""
    g.start()
    g.step("Conv", g.const(np.zeros((5, 1, 0))))
    g.end()
    return g.windows(2)


@kind("batch-of-none")
def batch_of_none(g: Net) -> np.ndarray:
    """Some exporters write 0 for a batch that is free."""
    g.input("x", TensorProto.FLOAT, [1, 1, LENGTH], 0)
    g.flags.append("--input-type=int8")
    g.front()
    return rest(g)


@kind("shortcut-of-bits", "residual additions")
def residual(g: Net) -> np.ndarray:
    """A residual addition of bits (not yet)."""
    bits(g)
    before = g.last
    g.conv(16, 3, pads=[1, 1])
    g.norm()
    g.sign()
    g.last = g.op("Add", before, g.last)
    g.layer()
    return rest(g)


@kind("each-channel-for-itself", "group")
def depthwise(g: Net) -> np.ndarray:
    """A depthwise convolution (not yet)."""
    bits(g)
    g.conv(16, 3, g.signs(16, 1, 3), group=16)
    g.norm()
    g.sign()
    return rest(g)


@kind("concatenated-after-unequal-steps", "branches (concat, residual")
def concat(g: Net) -> np.ndarray:
    """Two branches of unequal steps side by side (two layers of one map: not yet)."""
    g.start((2, 4))
    a = g.op("Conv", g.last, g.const(g.signs(1, 2, 1)))
    b = g.op("Relu", g.op("Conv", g.last, g.const(g.signs(1, 2, 1))))
    g.last = g.op("Concat", b, a, axis=1)
    g.step("GlobalAveragePool")
    g.end()
    return g.windows()


@kind("concatenated-beside-a-magnitude", "must follow one function of all channels")
def joined_function(g: Net) -> np.ndarray:
    """The magnitude of some of the last layer's channels, joined with the others."""
    g.start((2, 4))
    a = g.op("Conv", g.last, g.const(g.signs(1, 2, 1)))
    b = g.op("Abs", g.op("Conv", g.last, g.const(g.signs(1, 2, 1))))
    g.last = g.op("Concat", b, a, axis=1)
    g.end()
    return g.windows()


@kind("concatenated-activations-of-one-map")
def joined_activations(g: Net) -> np.ndarray:
    """Of one layer's outputs: other bounds, another slope, a falling one, themselves; a mean behind."""
    g.start((2, 4))
    a = g.op("Conv", g.last, g.const(g.signs(3, 2, 1)))
    clip = g.op("Clip", g.op("Mul", a, g.const(0.25)), g.const(-1.0), g.const(6.0))
    bent = g.op("PRelu", a, g.const([[0.5], [-0.25], [2.0]]))
    g.last = g.op("Concat", clip, bent, g.op("Relu", g.op("Neg", a)), a, axis=1)
    g.step("GlobalAveragePool")
    g.end()
    return g.windows()


@kind("concatenated-beside-a-tanh")
def joined_tanh(g: Net) -> np.ndarray:
    """One layer's outputs beside their tanh."""
    g.start((2, 4))
    a = g.op("Conv", g.last, g.const(g.signs(3, 2, 1)))
    g.last = g.op("Concat", g.op("Tanh", a), a, axis=1)
    g.end()
    return g.windows()
