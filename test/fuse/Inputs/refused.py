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
        self.shape, self.nodes, self.tensors, self.more = shape or (1, 1, 16), [], [], []

    def op(self, op: str, *operands, outputs: int = 1, domain: str = "", **attributes) -> str:
        names = []
        for operand in operands:
            if isinstance(operand, str):
                names.append(operand)
                continue
            names.append(f"t{len(self.tensors)}")
            self.tensors.append(numpy_helper.from_array(np.asarray(operand, F) if not isinstance(operand, np.ndarray) else operand, names[-1]))
        result = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [result] + [f"{result}_{i}" for i in range(1, outputs)], name=result, domain=domain, **attributes))
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
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)], ir_version=8)

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
case("must not move elements between layers, but found channels or positions that are reordered or cut")(lambda n: n.head(n.op("Concat", n.layer(), n.layer(), axis=2)))
case("must average windows inside the map, but found pads [")(lambda n: n.end(n.op("AveragePool", n.conv("x", 1, 4), kernel_shape=[14], pads=[1, 1])))
case("must pad positions by a constant, but found pads [")(lambda n: n.head(n.op("Pad", n.layer(), np.array([0, 1, 0, 0, 0, 0], I64)), 5))
case("must have constant weights, but found computed ones")(lambda n: n.end(n.op("Conv", "x", n.op("Reshape", "x", np.array([4, 1, 4], I64)))))
case("must have one group, but found 2")(lambda n: n.head(n.layer(n.layer(), 2, 4, 3, group=2)))
case("input must have one scale and zero point for all channels, but found several", "--input-type=int8", shape=(1, 2, 16))(lambda n: n.head(n.op("Mul", "x", column(2)), 2))
# Elementwise.
case("must not divide by zero, but found 0 for channel 2")(lambda n: n.head(n.sign(n.op("Div", n.conv("x", 1, 4), np.array([[1], [2], [0], [3]], F)))))
case("must have min below max, but found")(lambda n: n.head(n.sign(n.op("Clip", n.conv("x", 1, 4), np.array(2, F), np.array(1, F)))))
case("must have slopes that are exact float64 numbers")(lambda n: n.head(n.sign(n.op("PRelu", n.conv("x", 1, 4), n.op("Sqrt", np.full((4, 1), 0.3, F))))))
case("must compare with exact float64 numbers, but found others")(
    lambda n: n.head(n.op("Where", n.op("Greater", n.conv("x", 1, 4), n.op("Sqrt", np.full((4, 1), 0.3, F))), F(1), F(-1)))
)
case("must give exact constants, but found one near 1.349859 that")(lambda n: n.head(n.sign(n.op("Add", n.conv("x", 1, 4), n.op("Exp", np.full((4, 1), 0.3, F))))))
case("the graph has no convolution or dense layer", "--verify=off")(lambda n: n.end(n.op("Relu", "x")))
case("must not follow a Pad of real values, but found one")(lambda n: n.end(n.op("Pad", n.conv("x", 1, 4), np.array([0, 0, 1, 0, 0, 1], I64), F(0.5))))
case("must not see a Pad above the least value of its operand, but found")(
    lambda n: n.head(n.sign(n.op("MaxPool", n.op("Pad", n.conv("x", 1, 4), np.array([0, 0, 1, 0, 0, 1], I64), F(100)), kernel_shape=[2])))
)
case("must have operands that are functions of one map, but found two maps; residual additions and products of maps are not supported yet")(lambda n: n.head(n.sign(n.op("Add", n.conv("x", 1, 4), n.conv("x", 1, 4)))))
# Quantisers.
case("must have 2 levels between layers, but found 256")(lambda n: n.head(n.op("DequantizeLinear", n.op("QuantizeLinear", n.conv("x", 1, 4), F(1), np.array(0, np.int8)), F(1), np.array(0, np.int8))))
case("must pad by one value, but found its own pads of 0 around a Pad by another value")(
    lambda n: n.end(n.op("GlobalAveragePool", n.conv(n.op("Pad", n.layer(), np.array([0, 0, 1, 0, 0, 1], I64), F(1)), 4, 3, pads=[1, 1])))
)
case("must pad by the value of the Pad before it, but found")(
    lambda n: n.head(n.op("Pad", n.op("Pad", n.layer(), np.array([0, 0, 1, 0, 0, 1], I64), F(1)), np.array([0, 0, 1, 0, 0, 1], I64), F(-1)))
)
case("--input-type must name an input, but found 'q'", "--input-type=q=int8")(lambda n: n.head(n.layer()))
case("--input-type must be int8, uint8 or bipolar, but found 'int4'", "--input-type=int4")(lambda n: n.head(n.layer()))
case("must have ascending thresholds, but found others in channel 0")(lambda n: n.head(n.op("MultiThreshold", n.conv("x", 1, 4), np.array([[2, 1]], F), domain=QONNX)))
case("must have a bit width in 1..8, but found 16")(lambda n: n.head(n.op("Quant", n.conv("x", 1, 4), F(1), F(0), F(16), domain=QONNX)))
# What the engine has no place for.
case("branches (concat, residual or a second use of a value) are not supported by this target yet")(
    lambda n: (lambda s: n.head(n.op("Concat", n.layer(s, 4, 4), n.layer(s, 4, 4), axis=1), 8))(n.layer())
)
case("a thresholded sum over a byte input's convolution is not supported yet")(lambda n: n.end(n.dense(n.sign(n.op("GlobalAveragePool", n.conv("x", 1, 4))), 4, 3)))


def main() -> int:
    folder, bnncc = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for i, (expected, flags, model) in enumerate(CASES):
        path, out = folder / f"{i}.onnx", folder / f"{i}.bnn"
        path.write_bytes(model.SerializeToString())
        done = subprocess.run([bnncc, str(path), "-o", str(out), *flags], capture_output=True, text=True, timeout=120)
        lines = done.stderr.splitlines()
        if done.returncode != 1 or len(lines) != 1 or not lines[0].startswith(f"error: {path}: ") or expected not in lines[0] or done.stdout or out.exists():
            wrong += 1
            print(f"case {i}: expected {expected!r}\n  exit code {done.returncode}: {done.stderr}")
    print(f"{len(CASES)} refused networks, {wrong} with another message")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
