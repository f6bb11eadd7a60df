"""Writes models with several obstacles: obstacles.py weights|operators|kinds|bits|int8 OUT.onnx.

Nodes carry the user's modules as torch's exporter leaves them, once in each of its two forms."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"
rng = np.random.default_rng(0)
nodes, tensors = [], []


def constant(name: str, array: np.ndarray) -> str:
    tensors.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
    return name


def node(op: str, *inputs: str, module: str = "", scopes: bool = True, **attributes) -> str:
    name = f"node_{op}_{len(nodes)}"
    made = helper.make_node(op, inputs, [name], name=name, **attributes)
    if module and scopes:
        made.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=f"['', '{module.split('.')[0]}', '{module}', '{op.lower()}']")
    elif module:
        made.metadata_props.add(key="namespace", value=f": Net/{module}: torch.nn.Conv1d/{op.lower()}: aten.{op.lower()}")
    nodes.append(made)
    return name


def conv(x: str, inputs: int, outputs: int, binary: bool, **where) -> str:
    weights = rng.standard_normal((outputs, inputs, 3))
    return node("Conv", x, constant(f"w{len(nodes)}", np.sign(weights) if binary else weights), **where)


def padded(x: str, weights: np.ndarray, **attributes) -> str:
    """A layer of 8 channels that keeps the map."""
    return node("Conv", x, constant(f"w{len(nodes)}", weights), pads=[1, 1], **attributes)


def quant(x: str, bits: int) -> str:
    made = node("Quant", x, constant(f"s{len(nodes)}", 0.25), constant(f"z{len(nodes)}", 0), constant(f"n{len(nodes)}", bits))
    nodes[-1].domain = QONNX
    return made


def sign(x: str) -> str:
    """Never on 0."""
    return node("Sign", node("Add", x, constant(f"b{len(nodes)}", 0.37)))


kind, path = sys.argv[1:]
x = "x"
if kind != "kinds":
    x = node("QuantizeLinear", x, constant("scale", 0.5), "zero")
    x = node("DequantizeLinear", x, "scale", "zero")
    tensors.append(numpy_helper.from_array(np.int8(0), "zero"))
if kind == "weights":
    x = sign(conv(x, 1, 4, True, module="features.0"))
    x = sign(conv(x, 4, 4, False, module="features.3"))
    x = sign(conv(x, 4, 4, False, module="features.6", scopes=False))
    x = sign(conv(x, 4, 4, True, module="features.9"))
    x = conv(x, 4, 3, True, module="features.12")
elif kind == "kinds":  # one of each, from every phase
    signs = np.sign(rng.standard_normal((8, 8, 3)))
    x = sign(padded(x, signs[:, :1]))
    x = sign(padded(x, signs * (rng.random(signs.shape) < 0.7)))
    x = quant(padded(x, signs), 2)
    x = sign(padded(x, signs[:, :1], group=8))
    x = sign(node("Add", padded(x, signs), x))
    x = sign(padded(x, rng.standard_normal(signs.shape)))
    x = node("Sign", padded(x, signs))
    x = conv(x, 8, 3, True)
elif kind == "bits":  # four bits everywhere
    for channels in (1, 8, 8):
        weights = constant(f"w{len(nodes)}", rng.standard_normal((8, channels, 3)))
        x = quant(node("Relu", node("Conv", x, quant(weights, 4), pads=[1, 1])), 4)
elif kind == "int8":  # codes between the layers
    for channels in (1, 8, 8):
        x = padded(x, np.sign(rng.standard_normal((8, channels, 3))))
        x = node("DequantizeLinear", node("QuantizeLinear", x, "scale", "zero"), "scale", "zero")
    x = conv(x, 8, 3, True)
else:
    for op in ("Gru", "Einsum", "Gru"):
        x = node(op, x, module="rnn")
x = node("Flatten", node("GlobalAveragePool", x))
graph = helper.make_graph(
    nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 32))], [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], tensors
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)], ir_version=8), path)
