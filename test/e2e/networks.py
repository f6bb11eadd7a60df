"""Write random networks of one kind each, random int8 inputs and ONNX Runtime's answers, for tests end to end.

Usage: networks.py KIND FOLDER   writes FOLDER/model.onnx, input.npy, output.npy and flags.txt, bnncc's flag for the inputs: whole numbers, or -1 and +1

A kind is the input's shape (`b` in front: -1 and +1) and a list of layers in words: conv:CHANNELS,KERNEL,STRIDE,PAD (weights -1 and +1; `alike`: all +1;
`x` in front: times their mean magnitude, computed in the graph), bn, prelu, sign, pool:KERNEL,STRIDE,PAD (`ceil` in front: ceil_mode), mean, flatten, dense:CHANNELS."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

KINDS = {
    # Zero padding, then a pool; the second time of odd channels with stride 2, windows that overlap and two-sided bits.
    "zero-pool": ("1x61", "conv:16,7,2,3 bn sign conv:5,3,1,1 pool:2,2 bn sign conv:9,5,2,2 prelu bn sign pool:3,2 conv:3,3,1,0 mean flatten"),
    # Two groups of 32 channels; then maps as short as the kernel, where all pixels see pads on both sides.
    "zero-pool-wide": ("1x90", "conv:48,5,1,2 bn sign conv:40,7,1,3 pool:3,3 bn sign conv:64,5,1,2 prelu bn sign pool:2,2 conv:5,3,1,1 mean flatten"),
    "zero-pool-short": ("1x11", "conv:16,3,1,1 bn sign conv:20,7,1,3 pool:3,3 bn sign conv:24,5,1,2 pool:2,1 bn sign flatten dense:4"),
    # One sign of weights: more than a group of constants holds, so complements.
    "zero-pool-alike": ("1x60", "conv:64,3,1,1 bn sign alike:12,3,1,1 pool:2,2 bn sign conv:3,3,1,0 mean flatten"),
    # The pool of bits between, kernels as wide as the map, values as they are.
    "zero-values": ("1x24", "conv:40,3,2,1 bn sign pool:2,2 conv:6,5,1,2 flatten"),
    "zero-split": ("1x40", "conv:8,3,1,1 bn sign conv:5,3,1,1 prelu mean flatten"),
    "zero-rows": ("1x9x11", "conv:12,3,1,1 bn sign conv:20,3,2,1 bn sign conv:4,3,1,1 mean flatten"),
    "pool-rows": ("1x14x13", "conv:12,3,1,0 bn sign pool:2,2 conv:33,3,1,1 pool:3,2 bn sign flatten dense:7"),
    "pool-rows-bent": ("1x12x12", "conv:9,3,1,1 prelu bn sign pool:2,2 conv:8,3,1,1 bn sign pool:2,2 flatten dense:5"),
    "signs": ("1x40", "conv:11,5,2,2 bn sign conv:9,3,1,1 prelu bn sign flatten"),
    "sign-mean": ("1x40", "conv:11,5,2,2 bn sign conv:9,3,1,1 bn sign pool:2,2 mean flatten"),
    "mean-scale": ("1x50", "xconv:24,9,3,0 bn sign xconv:13,5,1,2 prelu bn sign xconv:6,3,1,0 mean flatten"),
    # Pools that the output unit has not: with pads, partial windows at the end, twice, over whole maps, bent in between.
    "pool-pads": ("1x61", "conv:16,7,2,0 bn sign conv:8,5,1,0 pool:3,2,1 bn sign conv:40,3,1,1 prelu bn sign ceilpool:3,2 conv:5,3,1,1 mean flatten"),
    "pool-pads-bent": ("1x50", "conv:16,5,1,2 bn sign conv:12,3,1,1 pool:3,1,1 prelu bn sign conv:5,3,1,0 pool:4,3,2 flatten"),
    "pool-twice": ("1x90", "conv:16,5,1,0 pool:3,2 pool:2,2 bn sign conv:9,3,1,0 bn sign pool:2,2 pool:3,2,1 conv:5,1,1,0 pool:2,2 pool:2,1 flatten"),
    "pool-whole": ("1x61", "conv:16,7,2,0 bn sign conv:40,5,1,2 prelu bn sign pool:28,28 conv:9,1,1,0 bn sign flatten dense:5"),
    "pool-rows-pads": ("1x12x12", "conv:9,3,1,1 prelu bn sign pool:3,2,1 conv:40,3,1,1 pool:3,2,1 bn sign flatten dense:5"),
    "pool-rows-two": ("1x12x12", "conv:9,3,1,1 pool:2,2 prelu bn sign conv:36,3,1,1 pool:2,2 prelu bn sign flatten dense:5"),
    # Pools and zero pads of the input's own bits.
    "bits-zero-pool": ("b1x61", "conv:8,7,1,3 pool:2,2 bn sign conv:5,3,1,0 mean flatten"),
    "bits-pool": ("b3x61", "pool:3,2,1 conv:8,7,1,3 bn sign conv:5,3,1,0 mean flatten"),
    "bits-rows": ("b2x12x12", "conv:9,3,1,1 bn sign pool:2,2 conv:5,3,1,1 mean flatten"),
    # Thresholded sums over rows, behind a pool, with two switch points.
    "sum-rows": ("1x12x13", "conv:9,3,1,1 bn sign conv:40,3,1,1 mean bn sign conv:7,1,1,0 bn sign flatten dense:5"),
    "sum-pool": ("1x60", "conv:16,5,1,0 bn sign conv:40,5,1,2 pool:3,2 mean bn sign flatten dense:5"),
    "sum-bent": ("1x60", "conv:16,5,1,0 bn sign conv:24,5,1,0 mean prelu bn sign flatten dense:5"),
    "wide-pool": ("1x50", "conv:9,5,1,0 bn sign conv:12,1,1,0 bn pool:46,46 flatten"),
    # Sums beyond 16 bits: every pixel of a picture, a stem of three colours.
    "dense-bytes": ("1x28x28", "flatten dense:24 bn sign dense:32 bn sign dense:10"),
    "dense-bytes-values": ("1x28x28", "flatten dense:10"),
    "stem": ("3x21x19", "conv:16,7,2,3 bn sign conv:12,3,2,1 bn sign conv:8,3,1,0 mean flatten"),
}


class Builder:
    def __init__(self, kind: str) -> None:
        shape, layers = KINDS[kind]
        self.random = np.random.default_rng(list(KINDS).index(kind))
        self.bits = shape.startswith("b")
        self.shape = [1, *map(int, shape.removeprefix("b").split("x"))]
        self.input = list(self.shape)
        self.nodes: list = []
        self.constants: list = []
        self.last = "x"
        for layer in layers.split():
            name, _, numbers = layer.partition(":")
            getattr(self, name)(*map(int, filter(None, numbers.split(","))))

    def constant(self, values: np.ndarray) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, op: str, *operands: str, **attributes: object) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], name=name, **attributes))
        self.last = name
        return name

    def weights(self, *shape: int) -> np.ndarray:
        return self.random.choice([-1, 1], shape).astype(np.float32)

    def window(self, kernel: int, stride: int, pad: int, more: int = 0) -> dict:
        axes = len(self.shape) - 2
        self.shape[2:] = [(n + 2 * pad - kernel + more) // stride + 1 for n in self.shape[2:]]
        return {"kernel_shape": [kernel] * axes, "strides": [stride] * axes, "pads": [pad] * 2 * axes}

    def conv(self, channels: int, kernel: int, stride: int, pad: int, scaled: bool = False, alike: bool = False) -> None:
        data, shape = self.last, (channels, self.shape[1], *[kernel] * (len(self.shape) - 2))
        weight = self.constant(np.ones(shape, np.float32) if alike else self.weights(*shape))
        if scaled:
            magnitudes = self.constant(np.abs(self.random.standard_normal(shape)).astype(np.float32))
            mean = self.node("ReduceMean", magnitudes, axes=list(range(1, len(shape))), keepdims=1)
            weight = self.node("Mul", weight, mean)
        self.node("Conv", data, weight, **self.window(kernel, stride, pad))
        self.shape[1] = channels

    def xconv(self, *numbers: int) -> None:
        self.conv(*numbers, scaled=True)

    def alike(self, *numbers: int) -> None:
        self.conv(*numbers, alike=True)

    def dense(self, channels: int) -> None:
        self.node("MatMul", self.last, self.constant(self.weights(self.shape[1], channels)))
        self.shape[1] = channels

    def bn(self) -> None:
        n = self.shape[1]
        parts = [self.random.standard_normal(n), self.random.standard_normal(n), 2 * self.random.standard_normal(n), self.random.uniform(0.5, 20, n)]
        self.node("BatchNormalization", self.last, *(self.constant(part.astype(np.float32)) for part in parts))

    def prelu(self) -> None:
        slopes = self.random.uniform(-0.5, 0.5, (self.shape[1], *[1] * (len(self.shape) - 2)))
        self.node("PRelu", self.last, self.constant(slopes.astype(np.float32)))

    def sign(self) -> None:
        one, zero = self.constant(np.float32(1)), self.constant(np.float32(0))
        self.node("Where", self.node("GreaterOrEqual", self.last, zero), one, self.constant(np.float32(-1)))

    def pool(self, kernel: int, stride: int, pad: int = 0) -> None:
        self.node("MaxPool", self.last, **self.window(kernel, stride, pad))

    def ceilpool(self, kernel: int, stride: int) -> None:
        self.node("MaxPool", self.last, ceil_mode=1, **self.window(kernel, stride, 0, stride - 1))

    def mean(self) -> None:
        self.node("GlobalAveragePool", self.last)
        self.shape[2:] = [1] * (len(self.shape) - 2)

    def flatten(self) -> None:
        self.node("Flatten", self.last)
        self.shape = [1, int(np.prod(self.shape))]

    def model(self) -> onnx.ModelProto:
        data = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)
        result = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "random", [data], [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def main() -> None:
    builder, folder = Builder(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(builder.model(), folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    x = builder.random.integers(-128, 128, (12, *builder.input[1:])).astype(np.float32)
    if builder.bits:
        x = np.where(x < 0, np.float32(-1), np.float32(1))
    (folder / "flags.txt").write_text("--input-type=" + ("bipolar" if builder.bits else "int8"))
    y = np.concatenate([session.run(None, {"x": x[i : i + 1]})[0] for i in range(len(x))])
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", y)


if __name__ == "__main__":
    main()
