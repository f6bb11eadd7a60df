"""Writes a layer that float32 decides otherwise than the graph's real numbers say: float_tie.py OUT.onnx.

A sum of 3 times float32(1/3) is 1 + 2^-25, above 1, and rounds to 1, which is not. The second channel asks for more
than 0.9, where nothing is near."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

tensors = {
    "weight": np.array([[[1, 1, -1]], [[1, 1, 1]]], np.float32),
    "third": np.float32(1) / np.float32(3),
    "bound": np.array([[1], [0.9]], np.float32),
    "plus": np.float32(1),
    "minus": np.float32(-1),
    "last": np.array([[[1], [1]], [[-1], [1]]], np.float32),
}
nodes = [
    helper.make_node("Conv", ["x", "weight"], ["sum"], name="conv"),
    helper.make_node("Mul", ["sum", "third"], ["scaled"], name="scale"),
    helper.make_node("Greater", ["scaled", "bound"], ["above"], name="above"),
    helper.make_node("Where", ["above", "plus", "minus"], ["bit"], name="bit"),
    helper.make_node("Conv", ["bit", "last"], ["scores"], name="last"),
    helper.make_node("GlobalAveragePool", ["scores"], ["y"], name="mean"),
]
graph = helper.make_graph(
    nodes,
    "tie",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 16))],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2, 1))],
    [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), sys.argv[1])
