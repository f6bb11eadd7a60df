"""Writes a layer whose weights' magnitudes differ in their last places, in three of four channels: uneven.py OUT.onnx."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(4)
first = np.where(random.standard_normal((4, 1, 7)) > 0, 0.3, -0.3).astype(np.float32)
first[:3, 0, 2] = np.nextafter(first[:3, 0, 2], np.float32(9))
tensors = {
    "first": first,
    "bias": np.array([0.5, -0.5, 0.25, 0.1], np.float32),
    "zero": np.float32(0),
    "plus": np.float32(1),
    "minus": np.float32(-1),
    "last": np.where(random.standard_normal((2, 4, 3)) > 0, 1, -1).astype(np.float32),
}
nodes = [
    helper.make_node("Conv", ["x", "first", "bias"], ["sum"], name="folded"),
    helper.make_node("GreaterOrEqual", ["sum", "zero"], ["above"], name="above"),
    helper.make_node("Where", ["above", "plus", "minus"], ["bit"], name="bit"),
    helper.make_node("Conv", ["bit", "last"], ["scores"], name="last"),
    helper.make_node("ReduceMax", ["scores"], ["y"], name="max", axes=[2], keepdims=0),
]
graph = helper.make_graph(
    nodes,
    "uneven",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 20))],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2))],
    [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), sys.argv[1])
