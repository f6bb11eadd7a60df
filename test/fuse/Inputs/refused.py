"""Gives bnncc one network that it refuses for each rule behind the importer: refused.py FOLDER BNNCC.

Each must end in exit code 1 with one error line that holds file and rule, and leave no program."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F, I64 = np.float32, np.int64
QONNX = "qonnx.custom_op.general"


class Net:
    """A chain of nodes; an operand is a value's name, or an array."""

    def __init__(self, *shape: int) -> None:
        self.rng = np.random.default_rng(0)
        self.shape, self.nodes, self.tensors, self.more, self.opset = shape or (1, 1, 16), [], [], [], 13

    def op(self, op: str, *operands, outputs: int = 1, domain: str = "", **attributes) -> str:
        names = []
        for operand in operands:
            if isinstance(operand, str):
                names.append(operand)
                continue
            names.append(f"t{len(self.tensors)}")
            self.tensors.append(numpy_helper.from_array(np.asarray(operand, F) if not isinstance(operand, np.ndarray) else operand, names[-1]))
        result = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, names, [result] + [f"{result}_{i}" for i in range(1, outputs)], name=result, domain=domain, **attributes)
        )
        return result

    def conv(self, x: str, inputs: int, outputs: int, *kernel: int, **attributes) -> str:
        return self.op("Conv", x, self.rng.choice(np.array([-1, 1], F), (outputs, inputs, *(kernel or (3,)))), **attributes)

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        return self.op("MatMul", self.op("Flatten", x), self.rng.choice(np.array([-1, 1], F), (inputs, outputs)))

    def sign(self, x: str) -> str:
        """A sign whose operand is never 0."""
        return self.op("Sign", self.op("Add", x, F(0.37)))

    def layer(self, x: str = "x", inputs: int = 1, outputs: int = 4, *kernel: int, **attributes) -> str:
        return self.sign(self.conv(x, inputs, outputs, *kernel, **attributes))

    def end(self, *results: str) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape), *self.more],
            [helper.make_tensor_value_info(name, 0, None) for name in results],
            self.tensors,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset), helper.make_opsetid(QONNX, 1)], ir_version=8)

    def bent(self, channels: int = 4, **attributes) -> str:
        """A max pool of what neither rises nor falls: it stays pending."""
        return self.op("MaxPool", self.op("PRelu", self.conv("x", 1, channels), F(-0.5)), kernel_shape=[2])

    def codes(self, scale: float = 1, x: str = "x", dtype: type = np.int8) -> str:
        """The input as codes, dequantised."""
        zero = np.array(0, dtype)
        return self.op("DequantizeLinear", self.op("QuantizeLinear", x, F(scale), zero), F(scale), zero)

    def pad(self, x: str, value: float) -> str:
        """One position more on each side."""
        return self.op("Pad", x, np.array([0, 0, 1, 0, 0, 1], I64), F(value))

    def bipolar(self, x: str) -> str:
        return self.op("BipolarQuant", x, F(1), domain=QONNX)

    def head(self, x: str, channels: int = 4) -> onnx.ModelProto:
        """Ends in a layer and its mean."""
        return self.end(self.op("GlobalAveragePool", self.conv(x, channels, 3, *([1] * (len(self.shape) - 2)))))


CASES: list = []


def case(expected: str, *flags: str, shape: tuple = ()):
    """Registers a function from a Net to a model."""

    def register(build):
        CASES.append((expected, flags or ("--input-type=int8",), build(Net(*shape))))
        return build

    return register


def column(count: int) -> np.ndarray:
    return np.arange(1, count + 1, dtype=F).reshape(count, 1)


# Form of the graph.
case("a result must depend on an input, but found a constant")(lambda n: n.end(n.op("Add", n.op("Exp", column(2)), F(1.1))))
case("must not move elements between layers, but found channels or positions that are reordered or cut")(
    lambda n: n.head(n.op("Concat", n.layer(), n.layer(), axis=2))
)
case("must average windows inside the map, but found pads [1, 1]; pad with")(lambda n: n.end(n.op("AveragePool", n.conv("x", 1, 4), kernel_shape=[14], pads=[1, 1])))
case("must pad positions by a constant, but found pads [")(lambda n: n.head(n.op("Pad", n.layer(), np.array([0, 1, 0, 0, 0, 0], I64)), 5))
case("must have constant weights, but found computed ones")(lambda n: n.end(n.op("Conv", "x", n.op("Reshape", "x", np.array([4, 1, 4], I64)))))
case("must have one group, but found 2")(lambda n: n.head(n.layer(n.layer(), 2, 4, 3, group=2)))
case("input must have one scale and zero point for all channels, but found several", "--input-type=int8", shape=(1, 2, 16))(lambda n: n.head(n.op("Mul", "x", column(2)), 2))
# Elementwise.
case("must not divide by zero, but found 0 for channel 2")(
    lambda n: n.head(n.sign(n.op("Div", n.conv("x", 1, 4), np.array([[1], [2], [0], [3]], F))))
)
case("must have min below max, but found")(lambda n: n.head(n.sign(n.op("Clip", n.conv("x", 1, 4), np.array(2, F), np.array(1, F)))))
case("must have slopes that are exact float64 numbers")(
    lambda n: n.head(n.sign(n.op("PRelu", n.conv("x", 1, 4), n.op("Sqrt", np.full((4, 1), 0.3, F)))))
)
case("must compare with exact float64 numbers, but found others")(
    lambda n: n.head(n.op("Where", n.op("Greater", n.conv("x", 1, 4), n.op("Sqrt", np.full((4, 1), 0.3, F))), F(1), F(-1)))
)
case("must give exact constants, but found one near 1.349859 that")(
    lambda n: n.head(n.sign(n.op("Add", n.conv("x", 1, 4), n.op("Exp", np.full((4, 1), 0.3, F)))))
)
case("the graph has no convolution or dense layer", "--verify=off")(lambda n: n.end(n.op("Relu", "x")))
case("must not follow a Pad of real values, but found one")(lambda n: n.end(n.pad(n.conv("x", 1, 4), 0.5)))
case("must not see a Pad above the least value of its operand, but found")(
    lambda n: n.head(n.sign(n.op("MaxPool", n.pad(n.conv("x", 1, 4), 100), kernel_shape=[2])))
)
case("must have operands that are functions of one map, but found two maps; residual additions and products of maps are not supported yet")(
    lambda n: n.head(n.sign(n.op("Add", n.conv("x", 1, 4), n.conv("x", 1, 4))))
)
# Quantisers.
case("must have 2 levels between layers, but found 256")(lambda n: n.head(n.codes(1, n.conv("x", 1, 4))))
case("a max pool over rows, with pads or of more than 15 positions must have a threshold that is the same at all positions")(
    lambda n: n.head(n.sign(n.op("Add", n.op("MaxPool", n.conv("x", 1, 4), kernel_shape=[3], pads=[1, 1]), np.arange(14, dtype=F))))
)
case("must pad around a Pad by values that the map has, but found")(
    lambda n: n.head(n.op("Pad", n.op("Pad", n.layer(), np.array([0, 0, 1, 0, 0, 1], I64), F(0)), np.array([0, 0, 1, 0, 0, 1], I64), F(-1)))
)
case("must pad by the value of the Pad before it, but found")(
    lambda n: n.head(n.sign(n.op("Pad", n.op("Pad", n.conv("x", 1, 4), np.array([0, 0, 1, 0, 0, 1], I64), F(1)), np.array([0, 0, 1, 0, 0, 1], I64), F(-1))))
)
case("--input-type must name an input, but found 'q'", "--input-type=q=int8")(lambda n: n.head(n.layer()))
case("--input-type must be int8, uint8 or bipolar, but found 'int4'", "--input-type=int4")(lambda n: n.head(n.layer()))
case("must have ascending thresholds, but found others in channel 0")(
    lambda n: n.head(n.op("MultiThreshold", n.conv("x", 1, 4), np.array([[2, 1]], F), domain=QONNX))
)
case("must have a bit width in 1..8, but found 16")(lambda n: n.head(n.op("Quant", n.conv("x", 1, 4), F(1), F(0), F(16), domain=QONNX)))
# Constants that are not exact, or not there.
REAL = "--input-arithmetic=real"
case("on constants must have an exact value, but found Div of numbers for which bnncc knows none; let the exporter fold the constants")(
    lambda n: n.head(n.sign(n.op("Add", n.conv("x", 1, 4), n.op("Div", column(4), F(0)))))
)
case("must have var + epsilon above 0, but found -1 + ")(
    lambda n: n.head(n.sign(n.op("BatchNormalization", n.conv("x", 1, 4), *[np.ones(4, F)] * 3, n.op("Sub", np.ones(4, F), np.full(4, 2, F)))))
)
case("must have one exact float64 number for each bound, but found another")(
    lambda n: n.head(n.sign(n.op("Clip", n.conv("x", 1, 4), F(0), n.op("Sqrt", F(2)))))
)
case("must choose between numbers with one radical, but found")(
    lambda n: n.head(n.op("Where", n.op("Greater", n.conv("x", 1, 4), F(0.5)), n.op("Sqrt", F(2)), n.op("Sqrt", F(3))))
)
case("must have weights that are exact float64 numbers, but found others")(
    lambda n: n.end(n.op("MatMul", n.op("Flatten", n.layer()), n.op("Sqrt", np.arange(56 * 3, dtype=F).reshape(56, 3))))
)
case("must have one bound for all channels, but found 4")(lambda n: n.head(n.sign(n.op("Min", n.conv("x", 1, 4), column(4)))))
case("must have a scale and a zero point that are numbers of their type, but found others; train or export again", "--verify=off")(
    lambda n: n.end(
        n.conv(
            n.op("DequantizeLinear", n.op("QuantizeLinear", "x", n.op("Mul", F(3e38), F(3e38)), np.array(0, np.int8)), F(1), np.array(0, np.int8)),
            1,
            4,
        )
    )
)
case("must have constant thresholds of shape C x N that are exact float64 numbers, but found others")(
    lambda n: n.head(n.op("MultiThreshold", n.conv("x", 1, 4), n.op("Sqrt", np.array([[2]], F)), domain=QONNX))
)
case("must have scales other than 0, but found 0 at element 0")(
    lambda n: n.head(n.op("Quant", n.conv("x", 1, 4), n.op("Sub", F(1), F(1)), F(0), F(1), domain=QONNX))
)
case("must have a computed value as its first or second operand, but found constants")(
    lambda n: n.head(n.sign(n.op("Where", np.arange(14) % 2 > 0, F(1), n.conv("x", 1, 4))))
)
case("must multiply computed values by constant weights, but found two computed operands, 1x4x14 and 1x14x4")(
    lambda n: (lambda s: n.end(n.op("MatMul", s, n.op("Transpose", s, perm=[0, 2, 1]))))(n.layer())
)
case("must multiply by one matrix of weights, but found 2x14x3 for data of 1x2x4x14", shape=(1, 2, 4, 14))(
    lambda n: n.end(n.op("MatMul", "x", n.rng.choice(np.array([-1, 1], F), (2, 14, 3))))
)
case("must choose elements by constant indices, but found computed ones")(
    lambda n: (lambda s: n.end(n.op("Gather", s, n.op("ArgMax", s, axis=2, keepdims=0), axis=1)))(n.layer())
)
case("must join computed maps, but found a constant that is no border of one value")(
    lambda n: n.head(n.op("Concat", n.layer(), np.arange(56, dtype=F).reshape(1, 4, 14), axis=1), 8)
)
case("must pad by a number or by minus infinity, but found")(lambda n: n.head(n.sign(n.pad(n.conv("x", 1, 4), np.inf))))
case("the 3 windows of the graph's batch must stay apart, found an operation that mixes them; export with batch size 1", shape=(3, 1, 16))(
    lambda n: n.end(n.op("ReduceMean", n.conv("x", 1, 4), axes=[0], keepdims=0))
)


# Several square roots.
def two_roots(n: Net, x: str) -> str:
    """Exactly 0 at 1, by square roots that no number here holds: with a bend, where the sums do not cancel."""
    two, three = n.op("Sqrt", F(2)), n.op("Sqrt", F(3))
    return n.op("Sub", n.op("Sub", n.op("PRelu", n.op("Add", n.op("Mul", x, two), three), F(0.5)), two), three)


case("must be decided exactly, but found several square roots too near each other", REAL)(lambda n: n.end(n.conv(n.bipolar(two_roots(n, "x")), 1, 4)))


def norm(n: Net, x: str, variance: float, mean: float = 0.3) -> str:
    vector = np.ones(4, F)
    return n.op("BatchNormalization", x, vector, 0.7 * vector, mean * vector, variance * vector)


case("must be decided exactly, but found a value of several square roots in channel 0; fold one of the normalisations at export")(
    lambda n: n.head(n.op("Greater", norm(n, norm(n, n.layer(), 2), 3), F(0.1)))
)
case("must be decided exactly, but found a tie of several square roots at accumulator value 1 of channel 0")(
    lambda n: n.head(n.bipolar(two_roots(n, n.conv("x", 1, 4))))
)
case("must quantise the pad before it exactly, but found several square roots")(
    lambda n: n.head(n.bipolar(norm(n, norm(n, n.pad(n.conv("x", 1, 4), 0.5), 2), 3)))
)
case("input must have shifts with one square root, but found several")(
    lambda n: n.head(n.op("Add", n.layer(), n.op("Sqrt", np.array([[2], [3], [5], [7]], F))))
)
# Pools and pads that wait for their quantiser.
case("must not fall after a MaxPool whose operand falls or bends, but found a negative factor")(
    lambda n: n.head(n.sign(n.op("Mul", n.bent(), F(-1))))
)
case("must not join values behind a pool or a Pad of real values with others, but found one pending")(
    lambda n: (lambda p: n.head(n.sign(n.op("Mul", p, p))))(n.bent())
)
case("must pad all channels alike by a rational number, but found others")(
    lambda n: n.head(n.op("Round", n.op("Clip", n.op("Add", n.pad(n.conv("x", 1, 4), 0.25), column(4) - 2), F(0), F(1))))
)
case("must pad all channels alike, but found")(lambda n: n.head(n.sign(n.op("Mul", n.pad(n.conv("x", 1, 4), 2), np.array([[1], [-1], [1], [1]], F)))))
case("must not see a Pad by minus infinity, but found one; put the pool that it is for before this")(
    lambda n: n.head(n.sign(n.pad(n.conv("x", 1, 4), -np.inf)))
)
case("must see a pool of bits that rise with their values, but found one of bits that a pool before it has joined and a negative factor has turned")(
    lambda n: n.head(n.sign(n.op("MaxPool", n.op("Mul", n.op("MaxPool", n.layer(), kernel_shape=[2]), F(-1)), kernel_shape=[2])))
)
case("must not come between pooling or padding of real values and its quantiser, but found one pending")(
    lambda n: n.end(n.dense(n.sign(n.op("Add", n.op("Flatten", n.bent(5)), np.arange(65, dtype=F))), 65, 3))
)
case("must join maps of one kind, but found one whose pool or pad waits for its quantiser, or another element type")(
    lambda n: n.head(n.op("Concat", n.layer(), n.op("MaxPool", n.op("PRelu", n.conv("x", 1, 4), F(-0.5)), kernel_shape=[1]), axis=1), 8)
)
case("must average a convolution's sums or bits between layers, but found values that an activation has bent, or a pool")(
    lambda n: n.head(n.sign(n.op("AveragePool", n.op("Relu", n.conv("x", 1, 4)), kernel_shape=[2])))
)
case("pads must be smaller than the kernel [2], but found [2, 2]; a window must hold a position of the map")(
    lambda n: n.head(n.sign(n.op("MaxPool", n.pad(n.conv("x", 1, 4), -1000), kernel_shape=[2], pads=[1, 1])))
)
# The graph's input.
case("must follow a layer's integers, but found the float graph input; quantise it first", "--verify=off")(
    lambda n: n.end(n.conv(n.sign(n.op("Exp", "x")), 1, 4))
)
case("must follow a layer's integers, but found a real value of the host; the loader has no such operation yet")(
    lambda n: n.end(n.op("Exp", n.op("Softmax", n.conv("x", 1, 4))))
)
case("must pad all channels by one code, but found", "--verify=off", shape=(1, 2, 16))(
    lambda n: n.end(n.conv(n.codes(0.5, n.op("Mul", n.pad("x", 0.5), column(2))), 2, 4))
)
case("must quantise sums, products and bends of the codes of the graph input, but found Abs or Sqrt before it", "--verify=off")(
    lambda n: n.end(n.conv(n.codes(2, n.op("Abs", n.codes())), 1, 4))
)
case("must have codes of 8 bits, but found 0..65535; quantise to int8 or uint8", "--verify=off")(
    lambda n: n.end(n.conv(n.codes(1, "x", np.uint16), 1, 4))
)
case("must see a rising or falling function of the graph input, but found one that bends", REAL)(
    lambda n: n.end(n.conv(n.codes(1, n.op("PRelu", "x", F(-0.5))), 1, 4))
)
case("must be a function that --input-arithmetic=real knows, but found Abs", REAL)(lambda n: n.end(n.conv(n.codes(1, n.op("Abs", "x")), 1, 4)))
case("must make integers of 8 bits of the graph input, but found -1000..1000; clip them to -128..127 or 0..255 in the graph", "--verify=off")(
    lambda n: n.end(n.conv(n.op("Cast", n.op("Cast", n.op("Clip", "x", F(-1000), F(1000)), to=TensorProto.INT32), to=TensorProto.FLOAT), 1, 4))
)
case("must not compute integers from the last layer's real values, but found Cast")(
    lambda n: n.end(n.op("Cast", n.op("Softmax", n.conv("x", 1, 4)), to=TensorProto.INT32))
)
case("must compute with integers of the graph input, but found an operand that is none", "--verify=off")(
    lambda n: n.end(n.conv(n.op("Cast", n.op("Cast", n.codes(0.5), to=TensorProto.INT32), to=TensorProto.FLOAT), 1, 4))
)
case("must pool integers, but found the float graph input; quantise it first", "--verify=off")(
    lambda n: n.end(n.conv(n.sign(n.op("MaxPool", "x", kernel_shape=[2])), 1, 4))
)
case("must see a quantised graph input, but found a real function of it; put a quantiser before", "--verify=off")(
    lambda n: n.end(n.conv(n.sign(n.op("MaxPool", n.op("Abs", "x"), kernel_shape=[2])), 1, 4))
)
case("must not make bits of the graph's input constant, but found a channel that it does; remove the channel or the quantiser", "--verify=off")(
    lambda n: n.end(n.conv(n.sign(n.op("Add", n.bipolar("x"), F(5))), 1, 4))
)
case("input must have one scale and zero point for all channels, but found several", "--verify=off", shape=(1, 2, 16))(
    lambda n: n.end(n.conv(n.op("Mul", n.codes(), column(2)), 2, 4))
)
case("must give every input value a code, but found none for -3.40282347e+38; clip the input", "--verify=off")(
    lambda n: n.end(n.conv(n.codes(1, n.op("Sqrt", "x")), 1, 4))
)
case("must have constants that are numbers of their type, but found others", "--verify=off")(
    lambda n: n.end(n.conv(n.codes(1, n.op("Mul", "x", n.op("Mul", F(3e38), F(3e38)))), 1, 4))
)
case("must be an elementwise function of the graph input, but found 'Concat' before it", "--verify=off")(
    lambda n: n.end(n.conv(n.codes(1, n.op("Concat", n.op("Mul", "x", F(2)), "x", axis=1)), 2, 4))
)
case("must have one computed operand, but found two; sums and products of computed integers are not supported yet", "--verify=off")(
    lambda n: (lambda c: n.end(n.conv(n.op("Cast", n.op("Mul", c, c), to=TensorProto.FLOAT), 1, 4)))(
        n.op("Cast", n.op("Clip", "x", F(-3), F(3)), to=TensorProto.INT32)
    )
)
# What the host does.
case("must not round the values of the last layer, but found Round, Floor, Ceil or an integer division before it; leave it out of the model")(
    lambda n: n.end(n.op("Round", n.conv("x", 1, 4)))
)
case("must follow weights of one magnitude, but found a convolution whose weights differ by their rounding")(
    lambda n: n.end(n.op("Conv", "x", (1 + np.arange(12, dtype=F) * 2**-23).reshape(4, 1, 3) * n.rng.choice(np.array([-1, 1], F), (4, 1, 3))))
)
case("must see exact integers of a layer, but found codes that a quantiser before it has made; leave one of the two out", "--verify=off")(
    lambda n: n.head(n.sign(n.codes(1, n.op("Conv", n.codes(), n.rng.standard_normal((4, 1, 3)).astype(F)))))
)
# What the engine has no place for.
case("has float weights or an input without a quantiser between binary layers, where the engine takes bits")(
    lambda n: n.head(n.layer(n.op("Relu", n.conv(n.layer(), 4, 4)), 4, 4))
)
case("makes real values between binary layers, where the engine takes bits")(
    lambda n: n.head(n.op("Greater", n.op("Softmax", n.conv("x", 1, 4), axis=1), F(0.25)))
)
PICTURE = (1, 4, 8, 8)


def picture(n: Net) -> str:
    """A layer of a picture, and the sums of another."""
    return n.conv(n.layer("x", 4, 4, 1, 1), 4, 4, 3, 3)


case("padding rows around a thresholded sum is not supported yet; let a dense layer read it", "--input-type=int8", shape=PICTURE)(
    lambda n: n.head(n.conv(n.sign(n.op("GlobalAveragePool", picture(n))), 4, 4, 3, 3, pads=[1, 1, 1, 1]))
)
case("a pool before a thresholded sum over several rows is not supported yet; put a sign between them", "--input-type=int8", shape=PICTURE)(
    lambda n: n.head(n.sign(n.op("GlobalAveragePool", n.op("MaxPool", picture(n), kernel_shape=[1, 2]))))
)


def two_ends(n: Net) -> onnx.ModelProto:
    """A function of the first, float layer is an output too."""
    real = n.op("Conv", n.codes(), n.rng.standard_normal((4, 1, 3)).astype(F))
    return n.end(n.op("Tanh", real), n.op("GlobalAveragePool", n.conv(n.sign(real), 4, 3)))


case("an output of the graph is taken before this layer; outputs must come behind the last layer", "--verify=off")(two_ends)


def brain_floats(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    return model


case("input 'x' has type bfloat16, which the loader does not have; cast it to float32 or int64 in the graph", "--verify=off")(
    lambda n: brain_floats(n.end(n.conv(n.codes(1, n.op("Cast", "x", to=TensorProto.FLOAT)), 1, 4)))
)
case(
    "the graph must have one input that is computed with, but found 2 ('x' and 'z'); make the others constants, or parts of one input", "--verify=off"
)(
    lambda n: (
        n.more.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 1, 16))),
        n.end(n.conv(n.op("Concat", n.codes(), n.codes(1, "z"), axis=1), 2, 4)),
    )[1]
)
case("branches (concat, residual or a second use of a value) are not supported by this target yet")(
    lambda n: (lambda s: n.head(n.op("Concat", n.layer(s, 4, 4), n.layer(s, 4, 4), axis=1), 8))(n.layer())
)
case("a thresholded sum over a byte input's convolution is not supported yet")(
    lambda n: n.end(n.dense(n.sign(n.op("GlobalAveragePool", n.conv("x", 1, 4))), 4, 3))
)


def main() -> int:
    folder, bnncc = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for i, (expected, flags, model) in enumerate(CASES):
        path, out = folder / f"{i}.onnx", folder / f"{i}.bnn"
        path.write_bytes(model.SerializeToString())
        done = subprocess.run([bnncc, str(path), "-o", str(out), *flags], capture_output=True, text=True, timeout=120)
        lines = done.stderr.splitlines()
        if (
            done.returncode != 1
            or len(lines) != 1
            or not lines[0].startswith(f"error: {path}: ")
            or expected not in lines[0]
            or done.stdout
            or out.exists()
        ):
            wrong += 1
            print(f"case {i}: expected {expected!r}\n  exit code {done.returncode}: {done.stderr}")
    print(f"{len(CASES)} refused networks, {wrong} with another message")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
