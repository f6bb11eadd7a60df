"""Runs a model outside of the compiler: ONNX Runtime, ONNX's reference evaluator where it has no kernel, QONNX's executor."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime as ort

ort.set_default_logger_severity(4)


class NoReference(Exception):
    """No executor runs the model."""


def batch_of(model: onnx.ModelProto) -> int:
    """How many windows one run of the graph takes."""
    return max(model.graph.input[0].type.tensor_type.shape.dim[0].dim_value, 1)


def trains(model: onnx.ModelProto) -> bool:
    """Whether onnx's evaluator would normalise by the window's own statistics, as it does before opset 14."""
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    return opset < 14 and any(node.op_type == "BatchNormalization" for node in model.graph.node)


def windows_of(model: onnx.ModelProto, run: object, windows: np.ndarray) -> list[np.ndarray]:
    """Outputs of each window by itself, stacked along a new leading axis of windows."""
    batch = batch_of(model)
    rows = [run(windows[i : i + batch]) for i in range(0, len(windows), batch)]
    return [np.stack([np.asarray(row[k]) for row in rows]) for k in range(len(model.graph.output))]


def with_signs(model: onnx.ModelProto, zero: int) -> onnx.ModelProto:
    """The model with Sign(0) as --sign-zero states it, on float values of the graph input's type (float32 for integers)."""
    kind = onnx.helper.tensor_dtype_to_np_dtype(model.graph.input[0].type.tensor_type.elem_type)
    dtype = kind if kind.kind == "f" else np.float32
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.node[:]
    for i, node in enumerate(model.graph.node):
        if node.op_type != "Sign":
            changed.graph.node.append(node)
            continue
        x, y, n = node.input[0], node.output[0], f"sign_zero{i}"
        for name, value in (("0", 0), ("+", 1), ("-", -1)):
            changed.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value, dtype), n + name))
        changed.graph.node.append(onnx.helper.make_node("Less" if zero > 0 else "Greater", [x, n + "0"], [n]))
        changed.graph.node.append(onnx.helper.make_node("Where", [n, *((n + "-", n + "+") if zero > 0 else (n + "+", n + "-"))], [y]))
    return changed


def session_of(model: bytes) -> ort.InferenceSession:
    """A session that computes node by node as the graph says, in one thread."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_runtime(model: onnx.ModelProto, windows: np.ndarray) -> list[np.ndarray]:
    session = session_of(model.SerializeToString())
    name = session.get_inputs()[0].name
    return windows_of(model, lambda x: session.run(None, {name: x}), windows)


def single_node(graph: onnx.GraphProto, **_: object) -> onnx.ModelProto:
    """What QONNX wraps each standard node in, with a file version that ONNX Runtime reads (onnx writes a newer one)."""
    return onnx.helper.make_model(graph, ir_version=10)


def qonnx(model: onnx.ModelProto, windows: np.ndarray) -> list[np.ndarray]:
    from qonnx.core import onnx_exec
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    onnx_exec.qonnx_make_model = single_node
    onnx_exec.rt = SimpleNamespace(InferenceSession=cache(session_of))  # it makes one for each node of each window
    wrapped = ModelWrapper(model, make_deepcopy=True).transform(InferShapes())
    name = model.graph.input[0].name
    names = [o.name for o in model.graph.output]

    def run(x: np.ndarray) -> list[np.ndarray]:
        result = onnx_exec.execute_onnx(wrapped, {name: x})
        return [result[n] for n in names]

    return windows_of(model, run, windows)


def reference(model: onnx.ModelProto, windows: np.ndarray, sign_zero: int | None) -> tuple[str, list[np.ndarray]]:
    """Name of the executor and its outputs, one array an output, leading axis windows."""
    if sign_zero is not None:
        model = with_signs(model, sign_zero)
    with np.errstate(all="ignore"):
        if any(o.domain for o in model.opset_import):
            try:
                return "qonnx", qonnx(model, windows)
            except Exception as error:
                raise NoReference(f"qonnx: {error}") from error
        try:
            return "onnxruntime", onnx_runtime(model, windows)
        except Exception as first:  # noqa: BLE001
            try:
                from onnx.reference import ReferenceEvaluator

                if trains(model):
                    raise NoReference("BatchNormalization of an old operator set")
                evaluator = ReferenceEvaluator(model)
                name = model.graph.input[0].name
                return "onnx", windows_of(model, lambda x: evaluator.run(None, {name: x}), windows)
            except Exception as error:
                raise NoReference(f"onnxruntime: {first}; onnx: {error}") from error
