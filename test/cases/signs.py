"""How bits are made: comparisons, quantisers, straight-through leftovers, chains before a sign, bits made twice."""

import numpy as np
from net import QONNX, Net, kind


def first(g: Net) -> None:
    g.start()
    g.conv(8, 5)


def rest(g: Net, **windows: int) -> np.ndarray:
    g.head()
    g.end()
    return g.windows(**windows)


@kind("bits-as-zero-and-one")
def bool_cast(g: Net) -> np.ndarray:
    """Cast of a comparison: bits are 0 and 1, and a border of 0 is one of them."""
    first(g)
    g.norm()
    g.last = g.cast(g.op("Greater", g.last, g.const(0.0)), g.dtype)
    g.conv(8, 3, pads=[1, 1])
    g.norm()
    g.sign()
    return rest(g)


@kind("less-selects-minus-one")
def less(g: Net) -> np.ndarray:
    """ones_like(x).masked_fill(x < 0, -1) as PyTorch writes it."""
    first(g)
    g.norm()
    g.last = g.op("Where", g.op("Less", g.last, g.const(0.0)), g.const(-1.0), g.const(1.0))
    return rest(g)


@kind("constant-on-the-left-of-greater")
def constant_first(g: Net) -> np.ndarray:
    """0 > x instead of x < 0."""
    first(g)
    g.norm()
    g.last = g.op("Where", g.op("Greater", g.const(0.0), g.last), g.const(-1.0), g.const(1.0))
    return rest(g)


@kind("straight-through-of-an-activation")
def straight_through(g: Net) -> np.ndarray:
    """sign(x) - clip(x) + clip(x), which detach leaves in the graph, is sign(x)."""
    first(g)
    g.norm()
    soft = g.clip(g.last, -1, 1)
    g.last = g.op("Add", g.op("Sub", g.op("Sign", g.last), soft), soft)
    return rest(g)


@kind("straight-through-of-a-parabola")
def parabola(g: Net) -> np.ndarray:
    """Bi-Real Net: pieces of x * x +- 2 * x taken off and added again."""
    first(g)
    g.norm()
    x = g.last
    g.sign()
    hard, square, double = g.last, g.op("Mul", x, x), g.op("Mul", x, g.const(2.0))
    soft = g.op("Where", g.op("Less", x, g.const(0.0)), g.op("Add", square, double), g.op("Sub", double, square))
    g.last = g.op("Add", g.op("Sub", hard, soft), soft)
    return rest(g)


@kind("round-of-a-clip")
def dorefa(g: Net) -> np.ndarray:
    """DoReFa's one bit: round(clip(x, 0, 1))."""
    first(g)
    g.norm()
    g.last = g.clip(g.last, 0, 1)
    g.step("Round")
    return rest(g)


@kind("bipolar-quantisers-with-scales")
def scales(g: Net) -> np.ndarray:
    """One scale is negative."""
    g.start()
    s = g.rng.uniform(0.1, 1, (8, 1, 1))
    s[2] *= -1
    g.conv(8, 5, g.op("BipolarQuant", g.const(g.rng.standard_normal((8, 1, 5))), g.const(s), domain=QONNX))
    g.norm()
    g.step("BipolarQuant", g.const(0.25), domain=QONNX)
    g.conv(8, 3, g.op("BipolarQuant", g.const(g.rng.standard_normal((8, 8, 3))), g.const(np.abs(s)), domain=QONNX))
    g.norm()
    g.step("BipolarQuant", g.const(1.0), domain=QONNX)
    return rest(g)


def one_bit(g: Net, value: str, signed: int, narrow: int, zero: float = 0.0) -> str:
    rounding = "ROUND" if signed else "HALF_UP"
    operands = (value, g.const(1.0), g.const(zero), g.const(1.0))
    return g.op("Quant", *operands, domain=QONNX, signed=signed, narrow=narrow, rounding_mode=rounding)


@kind("one-signed-bit-of-an-activation")
def signed_bit(g: Net) -> np.ndarray:
    """A signed Quant of one bit is -1 or +1, as QONNX's executor has it."""
    first(g)
    g.norm()
    g.last = one_bit(g, g.last, 1, 0)
    return rest(g)


@kind("one-signed-bit-of-weights")
def signed_weights(g: Net) -> np.ndarray:
    """The same on latent weights, folded exactly."""
    g.start()
    g.conv(8, 5, one_bit(g, g.const(g.rng.standard_normal((8, 1, 5))), 1, 1))
    g.norm()
    g.sign()
    return rest(g)


@kind("one-bit-with-a-zero-point")
def shifted_bit(g: Net) -> np.ndarray:
    """An unsigned bit less its zero point: -1 and 0."""
    first(g)
    g.norm()
    g.last = one_bit(g, g.last, 0, 0, 1.0)
    return rest(g)


def multi_threshold(g: Net, rows: int, layout: str, scale: float = 2.0, bias: float = -1.0) -> None:
    points = g.rng.integers(-30, 30, (rows, 1)).astype(float)
    attributes = {"out_dtype": "BIPOLAR", "out_scale": scale, "out_bias": bias}
    if layout:
        attributes["data_layout"] = layout
    g.step("MultiThreshold", g.const(points), domain=QONNX, **attributes)


@kind("threshold-codes-one-and-two")
def codes(g: Net) -> np.ndarray:
    """MultiThreshold whose bias makes both codes positive."""
    first(g)
    multi_threshold(g, 8, "NCW", 1.0, 1.0)
    return rest(g, low=-20, high=20)


def square(g: Net, layout: str) -> np.ndarray:
    """As many positions as channels: only the layout tells the axis of the rows."""
    g.start((1, 12))
    g.conv(8, 5)
    multi_threshold(g, 8, layout)
    g.head(3)
    g.end()
    return g.windows(low=-20, high=20)


@kind("threshold-rows-by-channel")
def rows_channel(g: Net) -> np.ndarray:
    """data_layout NCW: one row of thresholds a channel."""
    return square(g, "NCW")


@kind("threshold-rows-by-position")
def rows_position(g: Net) -> np.ndarray:
    """data_layout NWC: one row a position."""
    return square(g, "NWC")


@kind("threshold-rows-without-layout")
def rows_guessed(g: Net) -> np.ndarray:
    """QONNX takes three axes for N x W x C."""
    return square(g, "")


@kind("activations-with-a-gate")
def gates(g: Net) -> np.ndarray:
    """SiLU, GELU and Mish on sums so large that 1 + erf(x) is 0 in double."""
    g.start()
    for number in range(3):
        g.conv(8, 5)
        x, one = g.last, g.const(1.0)
        if number == 0:
            gate = g.op("Sigmoid", x)
        elif number == 1:
            gate = g.op("Add", g.op("Erf", g.op("Div", x, g.const(2**0.5))), one)
        else:
            gate = g.op("Tanh", g.op("Log", g.op("Add", g.op("Exp", g.op("Min", x, g.const(80.0))), one)))
        above = g.op("Greater", g.op("Mul", x, gate), g.const(0.0))
        g.last = g.op("Where", above, one, g.const(-1.0))
    return rest(g)


@kind("constants-by-position")
def by_position(g: Net) -> np.ndarray:
    """Scales and shifts of each position, then of each element, behind zero padding, a pool, and on the input."""
    g.start((2, 40))
    for channels, attributes in ((16, {"pads": [2, 2]}), (8, {"pads": [2, 2]})):
        g.conv(channels, 5, **attributes)
        if channels == 8:
            g.step("MaxPool", kernel_shape=[3], strides=[2])
            g.shape[2] = (g.shape[2] - 3) // 2 + 1
        g.norm()
        g.step("Mul", g.const(g.rng.uniform(-1, 2, (1, 1, g.shape[2]))))
        g.step("Add", g.const(g.rng.standard_normal((channels, g.shape[2]))))
        g.sign()
    return rest(g)


@kind("constants-by-pixel")
def by_pixel(g: Net) -> np.ndarray:
    """The same for the pixels of an image, and at the end of the graph."""
    g.start((1, 9, 12))
    for _ in range(2):
        g.conv(6, 3, pads=[1, 1, 1, 1])
        g.norm()
        g.step("Add", g.const(3 * g.rng.standard_normal(g.shape[1:])))
        g.sign()
    g.end()
    return g.windows()


@kind("gamma-of-zero-and-below")
def gammas(g: Net) -> np.ndarray:
    """Batch normalisation with constant and falling channels."""
    first(g)
    gamma, beta = g.rng.uniform(-2, 2, 8), g.rng.standard_normal(8)
    gamma[::3], beta[3] = 0, 0
    g.norm(gamma, beta)
    g.sign()
    return rest(g)


@kind("mean-on-a-reachable-sum")
def exact_ties(g: Net) -> np.ndarray:
    """Sums that are exactly the threshold."""
    first(g)
    g.norm(beta=0.0, mean=np.arange(-4, 4), var=[1, 4, 9, 0.25, 2, 3, 5, 7])
    g.sign()
    return rest(g, low=-3, high=3)


@kind("normalisation-by-hand")
def by_hand(g: Net) -> np.ndarray:
    """Sub, Div by Sqrt(Add(var, eps)), Mul, Add."""
    first(g)
    r = g.rng
    spread = g.op("Sqrt", g.op("Add", g.const(r.uniform(1, 9, (1, 8, 1))), g.const(1e-3)))
    g.last = g.op("Div", g.op("Sub", g.last, g.const(r.uniform(-2, 2, (1, 8, 1)))), spread)
    g.step("Mul", g.const(r.uniform(-1, 1, (1, 8, 1))))
    g.step("Add", g.const(r.uniform(-1, 1, (1, 8, 1))))
    g.sign()
    return rest(g)


@kind("prelu-then-pool")
def bent_pool(g: Net) -> np.ndarray:
    """A pool behind a PReLU that bends."""
    g.start()
    g.front()
    g.conv(8, 5)
    g.norm()
    g.step("PRelu", g.const(g.rng.uniform(-1, 1, (8, 1))))
    g.step("MaxPool", kernel_shape=[3], strides=[2])
    g.sign()
    return rest(g)


@kind("shifts-around-prelu")
def react(g: Net) -> np.ndarray:
    """ReActNet: learnable shifts around a PReLU of either slope."""
    g.start()
    g.front()
    g.conv(8, 5)
    g.norm()
    for op in ("Add", "PRelu", "Add", "Add"):
        values = g.rng.uniform(-0.5, 0.5, (8, 1)) if op == "PRelu" else g.rng.uniform(-1, 1, (1, 8, 1))
        g.step(op, g.const(values))
    g.sign()
    return rest(g)


@kind("bits-turned-by-a-normalisation")
def turned(g: Net) -> np.ndarray:
    """Sign, pool, normalisation, sign: bits that stay, turn or become constant."""
    g.start()
    g.front(8)
    g.step("MaxPool", kernel_shape=[2], strides=[2])
    g.shape[2] = 14
    g.norm(mean=0.1, beta=0.2)
    g.sign()
    return rest(g)


@kind("bent-bits-pooled")
def bent_bits(g: Net) -> np.ndarray:
    """Bits behind a falling PReLU, pooled and signed again."""
    g.start()
    g.front()
    g.step("PRelu", g.const(-0.5))
    g.step("MaxPool", kernel_shape=[2], strides=[2])
    g.shape[2] = 14
    g.step("Sub", g.const(0.75))
    g.sign()
    return rest(g)


@kind("zeros-padded-before-a-sign")
def padded_sign(g: Net) -> np.ndarray:
    """Sign keeps the zeros of a Pad: the border contributes nothing."""
    first(g)
    g.norm()
    g.pad([0, 0, 2, 0, 0, 2], 0)
    g.shape[2] += 4
    g.step("Sign")
    return rest(g)


@kind("zeros-padded-before-a-sign-that-has-a-side")
def padded_plus(g: Net) -> np.ndarray:
    """--sign-zero is of sums that reach 0: zeros of a Pad stay."""
    g.padded_zeros = True
    g.flags.append("--sign-zero=plus")
    return padded_sign(g)


@kind("input-normalised-downwards")
def falling(g: Net) -> np.ndarray:
    """A falling normalisation before the first sign."""
    g.start(given="")
    g.norm(gamma=-0.8, mean=0.1, beta=0.05, var=1.3)
    g.sign()
    g.layer()
    g.head()
    g.end()
    return g.rng.standard_normal((12, 1, 61)).astype(np.float32)
