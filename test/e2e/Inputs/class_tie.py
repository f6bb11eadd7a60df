"""Writes a network whose classes float32 takes for equal where they are not: class_tie.py FOLDER.

Class 0 has the value n, class 1 has m times float32(1/3): at n = 1 and m = 3 that is 1 + 2^-25, which rounds to 1. The
larger one is class 1; ONNX Runtime sees a tie and takes the first. model.onnx, input.npy, ONNX Runtime's output.npy."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

tensors = {
    "weight": np.array([[[1, 1, -1]], [[1, 1, 1]]], np.float32),
    "scale": np.array([[1], [np.float32(1) / np.float32(3)]], np.float32),
}
nodes = [
    helper.make_node("Conv", ["x", "weight"], ["sum"], name="conv"),
    helper.make_node("Mul", ["sum", "scale"], ["scores"], name="scale"),
    helper.make_node("ArgMax", ["scores"], ["y"], name="class", axis=1, keepdims=0),
]
graph = helper.make_graph(
    nodes,
    "tie",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 3))],
    [helper.make_tensor_value_info("y", TensorProto.INT64, (1, 1))],
    [numpy_helper.from_array(value, name) for name, value in tensors.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
x = np.array([[[5, 1, 2]], [[1, 1, 1]], [[-3, 2, 2]]], np.float32)
session = onnxruntime.InferenceSession(model.SerializeToString())
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
onnx.save(model, folder / "model.onnx")
np.save(folder / "input.npy", x)
np.save(folder / "output.npy", np.concatenate([session.run(None, {"x": row[None]})[0] for row in x]))
