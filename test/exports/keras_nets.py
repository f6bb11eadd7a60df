"""Binary networks in the form in which tf2onnx writes Keras and larq models: channels last, transposes around each convolution.

Usage: keras_nets.py [FOLDER=fixtures beside this file]   (onnx and onnxruntime; no TensorFlow)

A one-dimensional convolution becomes a two-dimensional one between Unsqueeze and Squeeze, batch normalisation a product and a sum over
the last axis, ste_sign a chain of Sign, Add and Sign, dense layers MatMul and Add; Flatten keeps the channels last."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WINDOWS = 8


class Builder:
    """`last`: the value that flows, N x time x channels or N x rows x columns x channels."""

    def __init__(self, seed: int, shape: list[int]) -> None:
        self.random, self.shape = np.random.default_rng(seed), list(shape)
        self.input = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["unk__1", *shape])
        self.nodes: list = []
        self.constants: list = []
        self.last = "input"

    def const(self, values: object) -> str:
        array = np.asarray(values)
        name = f"const_fold_opt__{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array.astype(np.float32) if array.dtype.kind == "f" else array, name))
        return name

    def op(self, op: str, *operands: str, **attributes: object) -> str:
        name = f"model/layer_{len(self.nodes)}/{op}"
        self.nodes.append(helper.make_node(op, [self.last, *operands], [name + ":0"], name=name, **attributes))
        self.last = name + ":0"
        return self.last

    def conv(self, channels: int, kernel: list[int], strides: int = 1, padding: str = "VALID") -> None:
        """Conv1D for one kernel size, Conv2D for two; SAME as TensorFlow pads (more at the end)."""
        flat = len(kernel) == 1
        if flat:
            self.op("Unsqueeze", self.const(np.array([1])))
            self.shape, kernel = [1, *self.shape], [1, *kernel]
        step = [1, strides] if flat else [strides] * 2
        weights = self.random.choice([-1.0, 1.0], (channels, self.shape[2], *kernel))
        self.op("Transpose", perm=[0, 3, 1, 2])
        sizes = self.shape[:2]
        outs = [-(-n // s) if padding == "SAME" else (n - k) // s + 1 for n, k, s in zip(sizes, kernel, step, strict=True)]
        room = [max((o - 1) * s + k - n, 0) if padding == "SAME" else 0 for o, s, k, n in zip(outs, step, kernel, sizes, strict=True)]
        pads = [*(r // 2 for r in room), *(r - r // 2 for r in room)]
        self.op("Conv", self.const(weights), dilations=[1, 1], group=1, kernel_shape=kernel, pads=pads, strides=step)
        self.op("Transpose", perm=[0, 2, 3, 1])
        self.shape = [*outs, channels]
        if flat:
            self.op("Squeeze", self.const(np.array([1])))
            self.shape = self.shape[1:]

    def norm(self) -> None:
        n = self.shape[-1]
        self.op("Mul", self.const(self.random.uniform(0.05, 0.4, n)))
        self.op("Add", self.const(self.random.standard_normal(n)))

    def sign(self) -> None:
        """larq's ste_sign: Sign(Sign(x) + 0.1), which is +1 at 0."""
        self.op("Sign")
        self.op("Add", self.const(0.1))
        self.op("Sign")

    def pool(self, size: int) -> None:
        axes = len(self.shape) - 1
        there = [0, axes + 1, *range(1, axes + 1)]
        self.op("Transpose", perm=there)
        self.op("MaxPool", kernel_shape=[size] * axes, strides=[size] * axes)
        self.op("Transpose", perm=[0, *range(2, axes + 2), 1])
        self.shape = [*((n - size) // size + 1 for n in self.shape[:-1]), self.shape[-1]]

    def mean(self) -> None:
        self.op("ReduceMean", axes=list(range(1, len(self.shape))), keepdims=0)
        self.shape = self.shape[-1:]

    def flatten(self) -> None:
        self.shape = [int(np.prod(self.shape))]
        self.op("Reshape", self.const(np.array([-1, *self.shape])))

    def dense(self, channels: int, binary: bool = True) -> None:
        shape = (self.shape[0], channels)
        self.op("MatMul", self.const(self.random.choice([-1.0, 1.0], shape) if binary else self.random.standard_normal(shape)))
        if not binary:
            self.op("Add", self.const(self.random.standard_normal(channels)))
        self.shape = [channels]

    def model(self) -> onnx.ModelProto:
        result = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "tf2onnx", [self.input], [result], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def conv1d_mean(b: Builder) -> None:
    for strides in (2, 1):
        b.conv(8, [7], strides, "SAME")
        b.norm()
        b.sign()
        b.pool(2)
    b.conv(5, [3])
    b.mean()


def conv1d_dense(b: Builder) -> None:
    b.conv(8, [5], 2)
    b.pool(2)
    b.norm()
    b.sign()
    b.flatten()
    b.dense(5)
    b.norm()
    b.op("Softmax", axis=-1)


def conv2d_dense(b: Builder) -> None:
    b.conv(8, [3, 3])
    b.pool(2)
    b.norm()
    b.sign()
    b.conv(6, [3, 3])
    b.norm()
    b.sign()
    b.flatten()
    b.dense(5)


def float_dense(b: Builder) -> None:
    b.conv(8, [5], 2, "SAME")
    b.norm()
    b.sign()
    b.flatten()
    b.dense(5, binary=False)
    b.op("Softmax", axis=-1)


NETS = {"conv1d-mean": (conv1d_mean, [64, 1]), "conv1d-dense": (conv1d_dense, [48, 2]), "conv2d-dense": (conv2d_dense, [12, 10, 1])}
NETS |= {"float-dense": (float_dense, [40, 1])}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "fixtures"
    for seed, (name, (make, shape)) in enumerate(NETS.items()):
        builder = Builder(seed, shape)
        make(builder)
        model = builder.model()
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        x = builder.random.integers(-128, 128, (WINDOWS, *shape)).astype(np.float32)
        y = np.concatenate([session.run(None, {"input": x[i : i + 1]})[0] for i in range(WINDOWS)])
        stored = np.frombuffer(model.SerializeToString(), np.uint8)
        np.savez_compressed(folder / f"keras-{name}.npz", model=stored, x=x, flags=np.array(["--input-type=int8"]), y0=y)


if __name__ == "__main__":
    main()
