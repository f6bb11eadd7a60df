"""Classes that tie, in every form of ArgMax, ArgMin and TopK, and comparisons that tie: ONNX Runtime's answers, exactly.

Usage: tie_forms.py FOLDER   compiles and runs with the bnncc and bnn-run of the PATH; prints a line for each network.

The scores are sums of eight bits, so that ties are common. A network has one output for each form: axis, keepdims,
select_last_index, largest. Between the scores and the decision stand functions that rise or fall alike in all classes, and
reshapes that move their elements. Scores small enough that float32's functions keep them apart: what is equal there is
equal exactly."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WINDOWS, SHAPE = 16, [1, 1, 30]


class Net:
    """Two binary layers, then what is appended."""

    def __init__(self, random: np.random.Generator) -> None:
        self.nodes, self.constants, self.outputs = [], [], []
        weights = [np.where(random.standard_normal(shape) > 0, 1.0, -1.0) for shape in ((8, 1, 3), (4, 8, 1))]
        above = self.op("GreaterOrEqual", self.op("Conv", "x", self.const(weights[0])), self.const(0.0))
        self.map = self.op("Conv", self.op("Where", above, self.const(1.0), self.const(-1.0)), self.const(weights[1]))

    def const(self, values: object, dtype: type = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def op(self, op: str, *operands: str, outputs: int = 1, **attributes: object) -> str:
        names = [f"{op}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, operands, names, name=names[0], **attributes))
        return names[-1]

    def out(self, name: str, dtype: int) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, dtype, None))

    def check(self, folder: Path, x: np.ndarray) -> None:
        graph = helper.make_graph(
            self.nodes,
            "ties",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
            self.outputs,
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        folder.mkdir(parents=True)
        onnx.save(model, folder / "model.onnx")
        np.save(folder / "x.npy", x)
        session = onnxruntime.InferenceSession(model.SerializeToString())
        rows = [session.run(None, {"x": row[None]}) for row in x]
        run = ["bnn-run", folder / "model.bnn", f"--input={folder / 'x.npy'}"]
        for i, output in enumerate(self.outputs):
            np.save(folder / f"y{i}.npy", np.concatenate([row[i] for row in rows]))
            run.append(f"--expect={output.name}={folder / f'y{i}.npy'}")
        compiled = ["bnncc", folder / "model.onnx", "-o", folder / "model.bnn", "--input-type=int8"]
        for command in (compiled, run):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{folder.name}: {done.stderr}")
        print(folder.name, len(self.outputs))


READINGS = {
    "map": (lambda n: n.map, 3),
    "largest": (lambda n: n.op("ReduceMax", n.map, axes=[2], keepdims=0), 2),
    "flat": (lambda n: n.op("Flatten", n.map), 2),
}
FUNCTIONS = {
    "plain": lambda n, v, axis: v,
    "softmax": lambda n, v, axis: n.op("Softmax", v, axis=axis),
    "logsoftmax": lambda n, v, axis: n.op("LogSoftmax", v, axis=axis),
    "rest": lambda n, v, axis: n.op("Sub", n.const(1.0), n.op("Softmax", v, axis=axis)),
    "sigmoid": lambda n, v, axis: n.op("Sigmoid", v),
    "tanh": lambda n, v, axis: n.op("Tanh", n.op("Mul", v, n.const(-0.125))),
}


def classes(n: Net, reading: str, function: str) -> None:
    read, rank = READINGS[reading]
    for axis in [1, -1, 2][:rank]:
        values = FUNCTIONS[function](n, read(n), axis)
        for op in ("ArgMax", "ArgMin"):
            for last in (0, 1):
                n.out(n.op(op, values, axis=axis, keepdims=last, select_last_index=1 - last), TensorProto.INT64)
        for largest in (0, 1):
            one = n.const([1], np.int64)
            n.out(n.op("TopK", values, one, outputs=2, axis=axis, largest=largest), TensorProto.INT64)


def comparisons(n: Net) -> None:
    scores = n.op("ReduceMax", n.map, axes=[2], keepdims=0)
    head = n.op("MatMul", scores, n.const(np.arange(12.0).reshape(4, 3) - 5))
    other = n.op("MatMul", scores, n.const(np.arange(12.0).reshape(4, 3) * 5 % 7 - 3))
    sigmoid, tanh = n.op("Sigmoid", head), n.op("Tanh", other)
    for op in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"):
        for value, bound in ((sigmoid, 0.5), (tanh, 0.0), (head, 2.0), (scores, 2.0)):
            n.out(n.op(op, value, n.const(bound)), TensorProto.BOOL)
        n.out(n.op("Not", n.op(op, n.const([0.5, 1, 4]), other)), TensorProto.BOOL)
        n.out(n.op(op, head, other), TensorProto.BOOL)


def main() -> None:
    folder, random = Path(sys.argv[1]), np.random.default_rng(2)
    x = random.integers(-128, 128, (WINDOWS, *SHAPE[1:])).astype(np.float32)
    for reading in READINGS:
        for function in FUNCTIONS:
            n = Net(random)
            classes(n, reading, function)
            n.check(folder / f"{reading}-{function}", x)
    n = Net(random)
    comparisons(n)
    n.check(folder / "comparisons", x)


if __name__ == "__main__":
    main()
