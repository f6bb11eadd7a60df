"""Turn a QONNX graph into its twin in standard ONNX operators, so that ONNX Runtime can compute reference outputs."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

DOMAIN = "qonnx.custom_op.general"


def _bipolar(node, const):
    """BipolarQuant: x >= 0 ? scale : -scale."""
    x, scale, out = node.input[0], node.input[1], node.output[0]
    zero, minus = const(out + "/zero", np.float32(0)), const(out + "/minus", -const.value(scale))
    return [
        helper.make_node("GreaterOrEqual", [x, zero], [out + "/positive"], node.name + "/positive"),
        helper.make_node("Where", [out + "/positive", scale, minus], [out], node.name),
    ]


def _quant(node, const):
    """Quant with zero point 0: clip(round(x / scale)) * scale."""
    x, scale, zero, bits = node.input
    assert np.all(const.value(zero) == 0), f"{node.name}: the zero point must be 0"
    a = {k.name: helper.get_attribute_value(k) for k in node.attribute}
    assert a["rounding_mode"] == b"ROUND", f"{node.name}: rounding_mode must be ROUND"
    levels = 2.0 ** (float(const.value(bits)) - a["signed"])
    low = (-levels + a["narrow"]) if a["signed"] else 0.0
    high = levels - 1 - (0 if a["signed"] else a["narrow"])
    out, names = node.output[0], [f"{node.output[0]}/{s}" for s in ("div", "round", "clip")]
    limits = [const(out + "/low", np.float32(low)), const(out + "/high", np.float32(high))]
    return [
        helper.make_node("Div", [x, scale], [names[0]], node.name + "/div"),
        helper.make_node("Round", [names[0]], [names[1]], node.name + "/round"),
        helper.make_node("Clip", [names[1], *limits], [names[2]], node.name + "/clip"),
        helper.make_node("Mul", [names[2], scale], [out], node.name),
    ]


class _Constants:
    def __init__(self, graph):
        self.graph = graph

    def __call__(self, name, value):
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def value(self, name):
        return next(numpy_helper.to_array(t) for t in self.graph.initializer if t.name == name)


def standard_twin(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same function in the default domain; a model without QONNX operators comes back unchanged."""
    twin = onnx.ModelProto()
    twin.CopyFrom(model)
    rules = {"BipolarQuant": _bipolar, "Quant": _quant}
    nodes, const = [], _Constants(twin.graph)
    for node in model.graph.node:
        nodes.extend(rules[node.op_type](node, const) if node.domain == DOMAIN else [node])
    del twin.graph.node[:]
    twin.graph.node.extend(nodes)
    kept = [o for o in twin.opset_import if o.domain != DOMAIN]
    del twin.opset_import[:]
    twin.opset_import.extend(kept)
    return twin
