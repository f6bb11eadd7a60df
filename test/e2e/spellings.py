"""Write one small network for each way in which people spell a sign, with ONNX Runtime's answers, for tests end to end.

Usage: spellings.py FOLDER [NAME...]   writes FOLDER/NAME/model.onnx, input.npy, output.npy and flags

A spelling of an activation stands behind convolution and batch normalisation, one of weights before the first convolution.
ONNX Runtime runs the graph as it is written, in float32; the constants are such that it decides as real arithmetic does."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Graph:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list = []
        self.constants: list = []

    def constant(self, values: object) -> str:
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def __call__(self, op: str, *operands: object, **attributes: object) -> str:
        names = [o if isinstance(o, str) else self.constant(np.float32(o) if np.isscalar(o) else o) for o in operands]
        result = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [result], name=result, **attributes))
        return result

    # --- pieces ------------------------------------------------------------------------------------
    def conv(self, x: str, channels: int, inputs: int, kernel: int = 5, weight: str | None = None, pad: int = 0) -> str:
        weight = weight or self.constant(self.random.choice([-1.0, 1.0], (channels, inputs, kernel)))
        return self("Conv", x, weight, kernel_shape=[kernel], pads=[pad, pad])

    def bn(self, x: str, channels: int) -> str:
        r = self.random
        gamma = r.uniform(0.5, 2, channels) * r.choice([-1, 1], channels)
        parts = gamma, r.standard_normal(channels), r.integers(-2, 3, channels) + 0.3, r.uniform(0.5, 20, channels)
        return self("BatchNormalization", x, *parts)

    def sign(self, x: str) -> str:
        return self("Where", self("GreaterOrEqual", x, 0.0), 1.0, -1.0)

    def pool(self, x: str) -> str:
        return self("MaxPool", x, kernel_shape=[2], strides=[2])

    def cast(self, x: str) -> str:
        return self("Cast", x, to=TensorProto.FLOAT)

    def clip(self, x: str, low: float = -1.0, high: float = 1.0) -> str:
        return self("Clip", x, low, high)

    def per_channel(self, low: float, high: float) -> str:
        return self.constant(self.random.uniform(low, high, (1, 8, 1)))


ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    # Comparisons either way round, and what they choose.
    "less-minus": lambda g, x: g("Where", g("Less", x, 0.0), -1.0, 1.0),
    "less-turned": lambda g, x: g("Where", g("Less", x, 0.0), 0.5, -0.5),
    "constant-greater": lambda g, x: g("Where", g("Greater", 0.0, x), -1.0, 1.0),
    "constant-less-equal": lambda g, x: g("Where", g("LessOrEqual", 0.25, x), 1.0, 0.0),
    "constant-greater-equal": lambda g, x: g.cast(g("GreaterOrEqual", 0.25, x)),
    "constant-minus": lambda g, x: g.sign(g("Sub", 0.3, x)),
    "constant-over": lambda g, x: g.sign(g("Div", 0.3, x)),
    "negative-factor": lambda g, x: g.sign(g("Div", g("Mul", x, -0.7), -2.0)),
    "negative-divisor": lambda g, x: g.sign(g("Div", x, g.constant(g.random.uniform(-2, -1, (8, 1))))),
    "negative-scale": lambda g, x: g("Mul", g.sign(x), -0.25),
    "negated": lambda g, x: g("Neg", g.sign(g("Neg", x))),
    "not": lambda g, x: g("Sub", g("Mul", g.cast(g("Not", g("Less", x, 0.0))), 2.0), 1.0),
    "less-pooled": lambda g, x: g.pool(g.cast(g("Less", x, 0.0))),
    # Straight-through estimators.
    "ste": lambda g, x: g("Add", g("Sub", g.sign(x), x), x),
    "ste-commuted": lambda g, x: g("Add", x, g("Sub", g.sign(x), x)),
    "ste-turned": lambda g, x: g("Sub", x, g("Sub", x, g.sign(x))),
    "ste-negated": lambda g, x: g("Add", g("Add", g.sign(x), g("Neg", x)), x),
    "ste-clip": lambda g, x: g("Add", g("Sub", g("Sign", x), g.clip(x)), g.clip(x)),
    "ste-tanh": lambda g, x: g("Add", g("Sub", g.sign(x), g("Tanh", x)), g("Tanh", x)),
    "ste-halves": lambda g, x: g("Sub", g("Add", g("Mul", 0.5, g.clip(x)), g.sign(x)), g("Mul", g.clip(x), 0.5)),
    "ste-quarter": lambda g, x: g("Add", g("Sub", g.sign(x), g("Div", x, 4.0)), g("Mul", x, 0.25)),
    "ste-alpha": lambda g, x: ste_alpha(g, x),
    "ste-nested": lambda g, x: g("Add", g("Sub", g("Add", g("Sub", g.sign(x), x), x), g.clip(x)), g.clip(x)),
    "ste-reshaped": lambda g, x: ste_reshaped(g, x),
    "ste-dropout": lambda g, x: g("Dropout", g("Add", g("Sub", g.sign(x), g("Identity", x)), x)),
    "ste-polynomial": lambda g, x: ste_polynomial(g, x),
    "ste-zero-pad": lambda g, x: g("Pad", g("Add", g("Sub", g.sign(x), x), x), g.constant(np.array([0, 0, 2, 0, 0, 2])), 0.0),
    # DoReFa and larq.
    "round-clip": lambda g, x: g("Round", g.clip(x, 0.0)),
    "round-clip-signed": lambda g, x: g("Sub", g("Mul", g("Round", g.clip(g("Add", g("Mul", x, 0.5), 0.5), 0.0)), 2.0), 1.0),
    "floor-clip": lambda g, x: g("Floor", g("Add", g.clip(x, 0.0, 0.9), 0.5)),
    "ceil-clip": lambda g, x: g("Ceil", g.clip(x, 0.0, 1.0)),
    "round-pooled": lambda g, x: g.pool(g("Round", g.clip(x, 0.0))),
    "sign-of-sign": lambda g, x: g("Sign", g("Add", g("Sign", g("Floor", x)), 0.1)),
    "sign-add-small": lambda g, x: g("Sign", g("Add", g("Sign", x), 0.1)),
    # Functions that rise, or whose sign is known.
    "tanh": lambda g, x: g.sign(g("Tanh", x)),
    "tanh-above": lambda g, x: g.cast(g("Greater", g("Tanh", x), 0.3)),
    "sigmoid-half": lambda g, x: g.cast(g("GreaterOrEqual", g("Sigmoid", x), 0.5)),
    "sigmoid-minus": lambda g, x: g.sign(g("Sub", g("Sigmoid", x), 0.5)),
    "sigmoid-round": lambda g, x: g("Round", g("Sigmoid", x)),
    "hard-sigmoid": lambda g, x: g("Round", g("HardSigmoid", x)),
    "erf": lambda g, x: g.sign(g("Erf", x)),
    "hard-swish": lambda g, x: g.sign(g("Mul", x, g.clip(g("Add", g("Div", x, 6.0), 0.5), 0.0))),
    "swish": lambda g, x: g.sign(g("Add", g("Mul", x, g("Sigmoid", x)), 0.1)),
    "softsign": lambda g, x: g.sign(g("Sub", g("Div", x, g("Add", g("Abs", x), 1.0)), 0.2)),
    "magnitude": lambda g, x: g.cast(g("Greater", g("Abs", x), 1.0)),
    "square": lambda g, x: g.sign(g("Sub", g("Pow", x, 2.0), 1.0)),
    "leaky-where": lambda g, x: g.sign(g("Sub", g("Where", g("Greater", x, 0.0), x, g("Mul", x, -0.5)), 0.4)),
    "leaky-max": lambda g, x: g.sign(g("Add", g("Max", x, g("Mul", x, 0.1)), 0.05)),
    "shifted-prelu": lambda g, x: g.sign(g("Add", g("PRelu", g("Add", x, g.per_channel(-1, 1)), g.constant(g.random.uniform(-0.5, 0.5, (8, 1)))), 0.2)),
    # Several bits of one value.
    "between": lambda g, x: g.cast(g("And", g("Greater", x, -1.0), g("Less", x, 1.0))),
    "outside": lambda g, x: g.cast(g("Or", g("Less", x, -1.0), g("Greater", x, 1.0))),
    "one-of": lambda g, x: g.cast(g("Xor", g("Less", x, 1.0), g("Greater", x, -1.0))),
    "product": lambda g, x: g("Mul", g.sign(x), g.sign(g("Sub", x, 1.0))),
    # Bits that are turned, fixed or quantised again.
    "again": lambda g, x: g.sign(g("Mul", g.sign(x), 0.5)),
    "again-norm": lambda g, x: g.sign(g.bn(g.sign(x), 8)),
    "again-pooled": lambda g, x: g.sign(g.bn(g.pool(g.sign(x)), 8)),
    "again-bent": lambda g, x: g.sign(g("Sub", g.pool(g("PRelu", g.sign(x), g.constant([[-0.5]]))), 0.75)),
    "again-hardtanh": lambda g, x: g.clip(g.sign(x)),
    "again-relu": lambda g, x: g("Relu", g.sign(x)),
    "sign-of-relu": lambda g, x: g("Sign", g("Relu", g.sign(x))),
    "pad-then-sign": lambda g, x: g("Sign", g("Pad", x, g.constant(np.array([0, 0, 2, 0, 0, 2])), 0.0)),
    "turned-then-pad": lambda g, x: g("Pad", g("Neg", g.sign(x)), g.constant(np.array([0, 0, 1, 0, 0, 2])), 1.0),
}


def ste_alpha(g: Graph, x: str) -> str:
    alpha, clip = g.constant(np.full((1, 8, 1), 0.3)), g.clip(x)
    return g("Mul", g("Add", g("Mul", g("Sub", g.sign(x), clip), alpha), g("Mul", alpha, clip)), 2.0)


def ste_reshaped(g: Graph, x: str) -> str:
    shape, back = g.constant(np.array([1, 4, 114])), g.constant(np.array([1, 8, 57]))
    rest = g("Reshape", g("Sub", g.sign(x), x), shape)
    return g("Reshape", g("Add", rest, g("Reshape", x, shape)), back)


def ste_polynomial(g: Graph, x: str) -> str:
    """Bi-Real Net's approximation of the sign, which its backward pass differentiates."""
    masks = [g.cast(g("Less", x, bound)) for bound in (-1.0, 0.0, 1.0)]
    square = g("Mul", x, x)
    pieces = [g.constant(np.float32(-1)), g("Add", square, g("Mul", x, 2.0)), g("Add", g("Neg", square), g("Mul", x, 2.0))]
    value: str | float = 1.0
    for mask, piece in reversed(list(zip(masks, pieces, strict=True))):
        value = g("Add", g("Mul", piece, mask), g("Mul", value, g("Sub", 1.0, mask)))
    return g("Add", g("Sub", g("Sign", x), value), value)


WEIGHTS: dict[str, Callable[[Graph, str], str]] = {
    "centred": lambda g, w: g("Sign", g("Sub", w, mean(g, w))),
    "standardised": lambda g, w: g("Sign", standardised(g, w)),
    "ir-net": lambda g, w: ir_net(g, w),
    "scaled-mean": lambda g, w: g("Mul", g("Sign", w), mean(g, g("Abs", w))),
    "w-dorefa": lambda g, w: g("Mul", g("Sign", g("Div", w, mean(g, g("Abs", w)))), mean(g, g("Abs", w))),
    "w-tanh-max": lambda g, w: g("Sign", g("Div", g("Tanh", w), g("ReduceMax", g("Abs", g("Tanh", w)), axes=[0, 1, 2], keepdims=1))),
    "w-ste": lambda g, w: g("Add", g("Sub", g("Mul", mean(g, g("Abs", w)), g("Sign", w)), g.clip(w)), g.clip(w)),
    "w-ste-tanh": lambda g, w: g("Add", g("Sub", g("Sign", w), g("Tanh", w)), g("Tanh", w)),
    "w-sign-small": lambda g, w: g("Sign", g("Add", g("Sign", w), 0.1)),
    "w-less": lambda g, w: g("Where", g("Less", g("Sub", w, mean(g, w)), 0.0), -0.5, 0.5),
    "w-round": lambda g, w: g("Sub", g("Mul", g("Round", g.clip(g("Add", g("Mul", w, 0.5), 0.5), 0.0)), 2.0), 1.0),
    "w-bool": lambda g, w: g("Sub", g("Mul", g.cast(g("Greater", g("Mul", w, 3.0), 0.1)), 2.0), 1.0),
    "w-floor": lambda g, w: g("Add", g("Mul", g("Floor", g.clip(w, -0.9, 0.9)), 2.0), 1.0),
}


def mean(g: Graph, w: str) -> str:
    return g("ReduceMean", w, axes=[1, 2], keepdims=1)


def standardised(g: Graph, w: str) -> str:
    centred = g("Sub", w, mean(g, w))
    variance = g("Div", g("ReduceSum", g("Mul", centred, centred), g.constant(np.array([1, 2])), keepdims=1), 4.0)
    return g("Div", centred, g("Add", g("Sqrt", variance), 1e-5))


def ir_net(g: Graph, w: str) -> str:
    ready = standardised(g, w)
    exponent = g("Round", g("Div", g("Log", mean(g, g("Abs", ready))), 0.6931472))
    return g("Mul", g("Sign", ready), g("Pow", 2.0, exponent))


def build(name: str, seed: int) -> onnx.ModelProto:
    g = Graph(seed)
    weight = None
    if name in WEIGHTS:
        weight = WEIGHTS[name](g, g.constant(g.random.standard_normal((8, 1, 5)) * 0.7))
    x = g.bn(g.conv("x", 8, 1, weight=weight), 8)
    x = ACTIVATIONS.get(name, Graph.sign)(g, x)
    x = g.conv(x, 5, 8, pad=0 if "pad" in name else 1)
    x = g("Flatten", g("GlobalAveragePool", x))
    graph = helper.make_graph(
        g.nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 61])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 5])],
        g.constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main() -> None:
    names = [*ACTIVATIONS, *WEIGHTS]
    for name in sys.argv[2:] or names:
        model = build(name, names.index(name))
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(model, folder / "model.onnx")
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        x = np.random.default_rng(1).integers(-128, 128, (12, 1, 61)).astype(np.float32)
        y = np.concatenate([session.run(None, {"x": x[i : i + 1]})[0] for i in range(len(x))])
        np.save(folder / "input.npy", x)
        np.save(folder / "output.npy", y)
    print(*(sys.argv[2:] or names))


if __name__ == "__main__":
    main()
