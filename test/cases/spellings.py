"""Domains, operator sets and file forms in which the same network is written."""

import numpy as np
from net import LENGTH, QONNX, Net, kind
from onnx import TensorProto, helper
from shapes import bits
from signs import first, rest


@kind("domain-of-brevitas")
def brevitas(g: Net) -> np.ndarray:
    """Quantisers of the domain onnx.brevitas are QONNX's."""
    first(g)
    g.norm()
    g.step("BipolarQuant", g.const(1.0), domain="onnx.brevitas")

    return rest(g)


@kind("domain-of-finn")
def finn(g: Net) -> np.ndarray:
    """MultiThreshold of finn.custom_op.general."""
    first(g)
    points = g.rng.integers(-30, 30, (8, 1)).astype(float)
    attributes = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0, "data_layout": "NCW"}
    g.step("MultiThreshold", g.const(points), domain="finn.custom_op.general", **attributes)
    return rest(g)


@kind("product-by-xnor-and-popcount")
def xnor(g: Net) -> np.ndarray:
    """XnorPopcountMatMul of bits 0 and 1 counts where they agree."""
    g.start((32,))
    g.step("MatMul", g.const(g.signs(32, 16)))
    g.shape = [1, 16]
    points = g.rng.integers(-30, 30, (16, 1)).astype(float)
    g.step("MultiThreshold", g.const(points), domain=QONNX, out_dtype="BINARY")
    w = g.const(g.rng.integers(0, 2, (16, 5)).astype(float))
    g.step("XnorPopcountMatMul", w, domain=QONNX)
    g.end()
    return g.windows()


@kind("operator-set-imported-twice")
def twice(g: Net) -> np.ndarray:
    """The same version under both names of the default domain."""
    bits(g)
    g.change = lambda model: model.opset_import.append(helper.make_opsetid("ai.onnx", g.opset))
    return rest(g)


@kind("topk-of-opset-nine", opset=9)
def old_topk(g: Net) -> np.ndarray:
    """k as an attribute."""
    g.start()
    g.conv(8, 5)
    g.norm(mean=0.37)
    g.last = g.op("Where", g.op("Greater", g.last, g.const(0.0)), g.const(1.0), g.const(-1.0))
    g.head()
    g.last = g.op("TopK", g.last, outputs=2, axis=1, k=1)[1]
    g.end(TensorProto.INT64)
    return g.windows()


@kind("length-given-on-the-command-line")
def given_length(g: Net) -> np.ndarray:
    """--input-shape gives sizes to the axes that have only names."""
    bits(g)
    g.flags.append(f"--input-shape=x:1x1x{LENGTH}")
    g.change = lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[2], "dim_param", "time")
    return rest(g)


@kind("weights-at-both-ends-of-a-cast")
def cast_weights(g: Net) -> np.ndarray:
    """int8 weights cast to double and on to float."""
    g.start()
    w = g.cast(g.const(g.signs(8, 1, 5).astype(np.int8)), TensorProto.DOUBLE)
    g.conv(8, 5, g.cast(w, TensorProto.FLOAT))
    g.norm()
    g.sign()
    return rest(g)
