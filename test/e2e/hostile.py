"""Writes models that are small and ask for much, or that no exporter writes: hostile.py CASE OUT.onnx."""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ONES = np.ones((4, 4), np.float32)


def node(op: str, inputs: list[str], output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [output], **attributes)


def matmul(a: str = "x", b: str = "w", out: str = "y") -> onnx.NodeProto:
    return node("MatMul", [a, b], out, name=f"matmul-{out}")


def model(nodes: list, tensors: dict, shape: tuple = (1, 4)) -> bytes:
    initializers = [t if isinstance(t, onnx.TensorProto) else numpy_helper.from_array(np.asarray(t), name) for name, t in tensors.items()]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7).SerializeToString()


def empty(shape: tuple) -> bytes:
    """A layer whose weights have an axis of size 0."""
    if len(shape) == 2:
        return model([matmul()], {"w": np.zeros(shape, np.float32)})
    return model([node("Conv", ["x", "w"], "y", name="conv")], {"w": np.zeros(shape, np.float32)}, (1, 1, 8))


def empty_result(op: str) -> bytes:
    """A value without elements that is computed from the input."""
    if op == "Slice":
        ends = {"begin": np.array([2]), "end": np.array([2]), "axis": np.array([1])}
        return model([node("Slice", ["x", "begin", "end", "axis"], "s", name="cut"), node("Relu", ["s"], "y")], ends)
    return model([node("Concat", ["x", "none"], "c", axis=1, name="join"), matmul("c")], {"none": np.zeros((1, 0), np.float32), "w": ONES})


def constants(op: str, count: int, start: float, squared: bool) -> bytes:
    """w op w (or w op c) again and again, then a dense layer."""
    nodes = [node(op, [f"k{i}", f"k{i}" if squared else "c"], f"k{i + 1}", name=f"k{i}") for i in range(count)]
    return model(nodes + [matmul(b=f"k{count}")], {"k0": np.full((4, 4), start, np.float32), "c": np.float32(1.0001)})


def chain(count: int, ops: tuple) -> bytes:
    """Elementwise operations between a dense layer and a sign."""
    nodes = [matmul(out="t0")]
    nodes += [node(ops[i % len(ops)], [f"t{i}", "c"][: 1 if ops[0] == "Relu" else 2], f"t{i + 1}", name=f"step{i}") for i in range(count)]
    return model(nodes + [node("Sign", [f"t{count}"], "s"), matmul("s")], {"w": ONES, "c": np.float32(1.0001)})


def concatenations(count: int) -> bytes:
    nodes = [node("Concat", [f"k{i}", f"k{i}"], f"k{i + 1}", axis=1, name=f"k{i}") for i in range(count)]
    return model(nodes + [matmul(b=f"k{count}")], {"k0": ONES})


def external(location: str, length: int | None = None) -> bytes:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[4, 4])
    tensor.external_data.add(key="location", value=location)
    if length:
        tensor.external_data.add(key="length", value=str(length))
    return model([matmul()], {"w": tensor})


def named(name: bytes, op: str = "MatMul") -> bytes:
    """A node whose name is these bytes, UTF-8 or not."""
    marker = b"#" * len(name)
    return model([node(op, ["x", "w"], "y", name=marker.decode())], {"w": ONES}).replace(marker, name)


CASES = {
    "zero-columns": lambda: empty((4, 0)),
    "zero-rows": lambda: empty((0, 4)),
    "zero-outputs": lambda: empty((0, 1, 3)),
    "zero-inputs": lambda: empty((4, 0, 3)),
    "zero-taps": lambda: empty((4, 1, 0)),
    "zero-length": lambda: model([node("Relu", ["x"], "y")], {}, (1, 1, 0)),
    "empty-slice": lambda: empty_result("Slice"),
    "empty-concat": lambda: empty_result("Concat"),
    "constant-chain": lambda: constants("Add", 30000, 1, squared=False),
    "constant-doubling": lambda: constants("Add", 60, 1, squared=True),
    "constant-squares": lambda: constants("Mul", 25, 1.5, squared=True),
    "affine": lambda: chain(2000, ("Add", "Mul")),
    "relus": lambda: chain(5000, ("Relu",)),
    "many-nodes": lambda: chain(20000, ("Relu",)),
    "concatenations": lambda: concatenations(40),
    "fifo": lambda: external("fifo"),
    "sparse": lambda: external("sparse", 6 << 30),
    "sparse-whole": lambda: external("sparse"),
    "huge-tensor": lambda: model([matmul()], {"w": TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 20, 1 << 20], raw_data=b"1234")}),
    "name-lines": lambda: named(b"a\nerror: b\x1b[31m\x07", "Foo"),
    "name-nul": lambda: named(b"a\0b", "Foo"),
    "name-direction": lambda: named("a\u202eb".encode(), "Foo"),
    "name-long": lambda: named(b"n" * 1000000, "Foo"),
    "name-no-utf8": lambda: named(b"/c\xfb"),
}

if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(CASES[sys.argv[1]]())
