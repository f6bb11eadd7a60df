"""Write small binary networks, each of a shape, pool or cut as people export them, with inputs and ONNX Runtime's answers.

Usage: shapes.py FOLDER [KIND...]   writes FOLDER/KIND/model.onnx, flags.txt (of bnncc), input.npy and output.npy, of all kinds if
                                    none is named; the inputs are whole numbers

Operators that ONNX Runtime lacks (Im2Col, MaxPoolNHWC) are in the model; the answers come from the same network in ONNX's own operators."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"


class Net:
    def __init__(self, shape: list[int], name: str) -> None:
        self.random = np.random.default_rng(sum(map(ord, name)))
        self.input, self.last = shape, "x"
        self.nodes: list = []
        self.plain: list = []  # what ONNX Runtime is given
        self.constants: list = []
        self.flags = "--input-type=int8"  # but where the graph quantises its input itself

    def constant(self, values: object) -> str:
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        self.constants.append(numpy_helper.from_array(array, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def op(self, op: str, *operands: str | None, outputs: int = 1, **attributes: object) -> str:
        names = [f"{op.lower()}{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        inputs = [operand or self.last for operand in operands] or [self.last]
        node = helper.make_node(op, inputs, names, name=names[0], **attributes)
        self.nodes.append(node)
        self.plain.append(node)
        self.last = names[0]
        return self.last

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def signs(self, *shape: int) -> np.ndarray:
        return self.random.choice(np.array([-1, 1], np.float32), shape)

    def conv(self, inputs: int, outputs: int, *kernel: int, **attributes: object) -> str:
        return self.op("Conv", None, self.constant(self.signs(outputs, inputs, *kernel)), **attributes)

    def bn(self, channels: int) -> str:
        draw = self.random
        parts = [draw.uniform(0.5, 2, channels) * draw.choice([-1, 1], channels), draw.standard_normal(channels)]
        parts += [2 * draw.standard_normal(channels), draw.uniform(0.5, 20, channels)]
        return self.op("BatchNormalization", None, *map(self.constant, parts))

    def last_axis(self, channels: int) -> str:
        """A batch normalisation as tf2onnx writes it where channels are last."""
        factor = self.random.uniform(0.2, 2, channels) * self.random.choice([-1, 1], channels)
        self.op("Mul", None, self.constant(factor))
        return self.op("Add", None, self.constant(2 * self.random.standard_normal(channels)))

    def sign(self) -> str:
        self.op("GreaterOrEqual", None, self.constant(np.float32(0)))
        return self.op("Where", None, self.constant(np.float32(1)), self.constant(np.float32(-1)))

    def front(self, channels: int = 16, kernel: int = 7, **attributes: object) -> None:
        self.conv(self.input[1], channels, kernel, **attributes)
        self.bn(channels)
        self.sign()

    def head(self, channels: int, kernel: int = 3) -> None:
        self.conv(channels, 5, kernel)
        self.op("GlobalAveragePool")
        self.op("Flatten")

    def transpose(self, *perm: int) -> str:
        return self.op("Transpose", perm=perm)

    def lowered(self, inputs: int, outputs: int, kernel: tuple, stride: tuple, pads: tuple, shape: tuple) -> None:
        """Channels last: FINN's Im2Col and MatMul for a convolution."""
        matrix, data = self.signs(*kernel, inputs, outputs), self.last
        name, weights = f"matmul{len(self.nodes)}", self.constant(matrix.reshape(-1, outputs))
        im2col = helper.make_node(
            "Im2Col", [data], [name + "_columns"], name=name + "_columns", domain=QONNX, kernel_size=kernel, stride=stride, pad_amount=pads,
            input_shape=str(shape), dilations=[1, 1])  # fmt: skip
        self.nodes += [im2col, helper.make_node("MatMul", [name + "_columns", weights], [name], name=name)]
        kernels = self.constant(matrix.transpose(3, 2, 0, 1))
        first, result = name + "_first", name + "_result"
        self.plain += [
            helper.make_node("Transpose", [data], [first], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", [first, kernels], [result], strides=stride, pads=pads),
            helper.make_node("Transpose", [result], [name], perm=[0, 2, 3, 1]),
        ]
        self.last = name

    def pool_nhwc(self, kernel: tuple, strides: tuple) -> None:
        name, data = f"pool{len(self.nodes)}", self.last
        attributes = {"kernel_shape": kernel, "strides": strides, "pads": [0, 0, 0, 0]}
        self.nodes.append(helper.make_node("MaxPoolNHWC", [data], [name], name=name, domain=QONNX, **attributes))
        first, result = name + "_first", name + "_result"
        self.plain += [
            helper.make_node("Transpose", [data], [first], perm=[0, 3, 1, 2]),
            helper.make_node("MaxPool", [first], [result], **attributes),
            helper.make_node("Transpose", [result], [name], perm=[0, 2, 3, 1]),
        ]
        self.last = name

    def model(self, nodes: list) -> onnx.ModelProto:
        data = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)
        result = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        used = {name for node in nodes for name in node.input}
        constants = [c for c in self.constants if c.name in used]
        sets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
        return helper.make_model(helper.make_graph(nodes, "shapes", [data], [result], constants), opset_imports=sets, ir_version=8)


KINDS: dict[str, tuple[list[int], Callable[[Net], None]]] = {}


def kind(name: str, *shape: int) -> Callable:
    def add(function: Callable[[Net], None]) -> Callable[[Net], None]:
        KINDS[name] = (list(shape), function)
        return function

    return add


# --- channels last --------------------------------------------------------------------------------
@kind("keras-conv1d", 1, 61, 3)
def keras_conv1d(n: Net) -> None:
    """Conv1D through an inserted axis, SAME padding of stride 2, channels last in between, then pooling over axis 1."""
    n.transpose(0, 2, 1)
    n.op("Unsqueeze", None, n.ints(2))
    n.conv(3, 8, 1, 7, strides=[1, 2], auto_pad="SAME_UPPER")
    n.op("Squeeze", None, n.ints(2))
    n.transpose(0, 2, 1)
    n.last_axis(8)
    n.sign()
    n.transpose(0, 2, 1)
    n.op("Unsqueeze", None, n.ints(2))
    n.conv(8, 5, 1, 5)
    n.op("Squeeze", None, n.ints(2))
    n.transpose(0, 2, 1)
    n.op("ReduceMean", axes=[1], keepdims=0)


@kind("keras-flatten", 1, 40, 2)
def keras_flatten(n: Net) -> None:
    n.transpose(0, 2, 1)
    n.conv(2, 12, 5)
    n.transpose(0, 2, 1)
    n.last_axis(12)
    n.sign()
    n.op("Reshape", None, n.ints(-1, 36 * 12))
    n.op("MatMul", None, n.constant(n.signs(36 * 12, 5)))
    n.op("Add", None, n.constant(n.random.standard_normal(5)))


@kind("keras-2d", 1, 10, 12, 2)
def keras_2d(n: Net) -> None:
    n.transpose(0, 3, 1, 2)
    n.op("Pad", None, n.ints(0, 0, 0, 1, 0, 0, 1, 1), n.constant(np.float32(0)))
    n.conv(2, 12, 3, 3, strides=[2, 2])
    n.transpose(0, 2, 3, 1)
    n.last_axis(12)
    n.sign()
    n.transpose(0, 3, 1, 2)
    n.conv(12, 6, 3, 3)
    n.transpose(0, 2, 3, 1)
    n.op("ReduceMean", axes=[1, 2], keepdims=0)


@kind("dense-of-sequence", 1, 30, 4)
def dense_of_sequence(n: Net) -> None:
    n.op("MatMul", None, n.constant(n.signs(4, 16)))
    n.last_axis(16)
    n.sign()
    n.op("MatMul", None, n.constant(n.signs(16, 8)))
    n.last_axis(8)
    n.sign()
    n.op("Flatten")
    n.op("MatMul", None, n.constant(n.signs(240, 5)))


@kind("scaled-leads", 1, 50, 3)
def scaled_leads(n: Net) -> None:
    """A quantiser of the graph's own, one scale for all leads, before the transposition."""
    n.flags = ""
    n.op("Div", None, n.constant(np.float32(4)))
    n.op("QuantizeLinear", None, n.constant(np.float32(1)), n.constant(np.int8(0)))
    n.op("DequantizeLinear", None, n.constant(np.float32(1)), n.constant(np.int8(0)))
    n.transpose(0, 2, 1)
    n.conv(3, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("leads-apart", 1, 50, 3)
def leads_apart(n: Net) -> None:
    """A threshold of its own for each lead, then other leads in another order."""
    n.flags = ""
    n.op("Sub", None, n.constant(np.array([-20.5, 3.5, 40.5])))
    n.sign()
    n.op("Gather", None, n.ints(2, 0), axis=2)
    n.transpose(0, 2, 1)
    n.conv(2, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("im2col", 1, 9, 11, 2)
def im2col(n: Net) -> None:
    n.lowered(2, 12, (3, 3), (1, 1), (0, 0, 0, 0), (1, 9, 11, 2))
    n.pool_nhwc((1, 2), (1, 2))
    n.last_axis(12)
    n.sign()
    n.lowered(12, 6, (3, 2), (2, 1), (0, 0, 0, 0), (1, 7, 4, 12))
    n.op("Flatten")


# --- movement -------------------------------------------------------------------------------------
@kind("leads-gathered", 1, 12, 40)
def leads_gathered(n: Net) -> None:
    n.op("Gather", None, n.ints(7, 0, -1), axis=1)
    n.conv(3, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("time-slice", 1, 2, 90)
def time_slice(n: Net) -> None:
    n.op("Slice", None, n.ints(10), n.ints(-7), n.ints(2), n.ints(2))
    n.conv(2, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("split-lead", 1, 3, 40)
def split_lead(n: Net) -> None:
    n.op("Split", None, outputs=3, axis=1)
    n.last = n.nodes[-1].output[1]
    n.conv(1, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("reversed-time", 1, 1, 40)
def reversed_time(n: Net) -> None:
    n.op("Slice", None, n.ints(-1), n.ints(-1000), n.ints(2), n.ints(-1))
    n.front(8)
    n.head(8)


@kind("expanded", 1, 1, 40)
def expanded(n: Net) -> None:
    n.op("Expand", None, n.ints(1, 3, 40))
    n.conv(3, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("space-to-depth", 1, 1, 12, 16)
def space_to_depth(n: Net) -> None:
    n.op("SpaceToDepth", blocksize=2)
    n.conv(4, 12, 3, 3)
    n.bn(12)
    n.sign()
    n.conv(12, 5, 3, 3)
    n.op("GlobalAveragePool")
    n.op("Flatten")


@kind("folded-time", 1, 1, 60)
def folded_time(n: Net) -> None:
    """Ten windows of six samples, these as channels."""
    n.op("Reshape", None, n.ints(1, 10, 6))
    n.transpose(0, 2, 1)
    n.conv(6, 8, 3)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("zeros-joined", 1, 2, 40)
def zeros_joined(n: Net) -> None:
    n.op("Concat", n.constant(np.zeros((1, 2, 3), np.float32)), "x", n.constant(np.zeros((1, 2, 2), np.float32)), axis=2)
    n.conv(2, 8, 7)
    n.bn(8)
    n.sign()
    n.head(8)


@kind("chomp", 1, 1, 50)
def chomp(n: Net) -> None:
    """Causal convolutions: padded on both sides, the end cut off."""
    n.conv(1, 8, 5, pads=[4, 4])
    n.op("Slice", None, n.ints(0), n.ints(-4), n.ints(2))
    n.bn(8)
    n.sign()
    n.conv(8, 8, 3)
    n.op("Slice", None, n.ints(3), n.ints(-5), n.ints(2))
    n.bn(8)
    n.sign()
    n.head(8)


@kind("crop-pooled", 1, 1, 80)
def crop_pooled(n: Net) -> None:
    n.conv(1, 8, 5, strides=[2])
    n.op("MaxPool", kernel_shape=[3], strides=[2])
    n.bn(8)
    n.sign()
    n.op("Slice", None, n.ints(2), n.ints(-1), n.ints(2), n.ints(2))
    n.head(8)


@kind("batch", 4, 2, 40)
def batch(n: Net) -> None:
    n.conv(2, 8, 5)
    n.bn(8)
    n.sign()
    n.op("Reshape", None, n.ints(4, 288))
    n.op("Gemm", None, n.constant(n.signs(5, 288)), n.constant(n.random.standard_normal(5)), transB=1)


@kind("batch-transposed", 3, 40, 2)
def batch_transposed(n: Net) -> None:
    n.op("Reshape", None, n.ints(120, 2))
    n.op("MatMul", None, n.constant(n.signs(2, 8)))
    n.op("Reshape", None, n.ints(3, 40, 8))
    n.last_axis(8)
    n.sign()
    n.transpose(0, 2, 1)
    n.head(8)


@kind("leads-without-batch", 12, 40)
def leads_without_batch(n: Net) -> None:
    n.op("Unsqueeze", None, n.ints(0))
    n.conv(12, 8, 5)
    n.bn(8)
    n.sign()
    n.head(8)


# --- shapes ---------------------------------------------------------------------------------------
@kind("column", 1, 1, 50)
def column(n: Net) -> None:
    n.op("Unsqueeze", None, n.ints(3))
    n.conv(1, 16, 7, 1, strides=[2, 1])
    n.op("Squeeze", None, n.ints(3))
    n.bn(16)
    n.sign()
    n.head(16)


@kind("vector-of-rank-4", 1, 1, 1, 60)
def vector_of_rank_4(n: Net) -> None:
    n.op("MatMul", None, n.constant(n.signs(60, 24)))
    n.op("Greater", None, n.constant(np.float32(0.5)))
    n.op("Where", None, n.constant(np.float32(1)), n.constant(np.float32(-1)))
    n.op("MatMul", None, n.constant(n.signs(24, 5)))


@kind("weights-first", 1, 20, 6)
def weights_first(n: Net) -> None:
    """W x: the product along the rows of the data."""
    n.op("MatMul", n.constant(n.signs(8, 20)), None)
    n.op("Greater", None, n.constant(np.float32(0.5)))
    n.op("Where", None, n.constant(np.float32(1)), n.constant(np.float32(-1)))
    n.op("MatMul", n.constant(n.signs(5, 8)), None)


@kind("kernel-as-map", 1, 3, 8)
def kernel_as_map(n: Net) -> None:
    n.conv(3, 20, 8)
    n.bn(20)
    n.sign()
    n.conv(20, 5, 1)
    n.op("Flatten")


@kind("features-normalised", 1, 1, 30)
def features_normalised(n: Net) -> None:
    """A constant for each element of a flattened, transposed map."""
    n.front(4)
    n.transpose(0, 2, 1)
    n.op("Flatten")
    n.op("MatMul", None, n.constant(n.signs(96, 12)))
    n.bn(12)
    n.sign()
    n.op("MatMul", None, n.constant(n.signs(12, 5)))
    n.op("Mul", None, n.constant(n.random.uniform(0.5, 2, 5)))


# --- pools ----------------------------------------------------------------------------------------
@kind("average", 1, 1, 61)
def average(n: Net) -> None:
    n.conv(1, 8, 7, pads=[3, 3])
    n.op("AveragePool", kernel_shape=[2], strides=[2])
    n.bn(8)
    n.sign()
    n.conv(8, 8, 5)
    n.op("AveragePool", kernel_shape=[3], strides=[2])
    n.bn(8)
    n.sign()
    n.head(8)


@kind("average-zero-padded", 1, 1, 61)
def average_zero_padded(n: Net) -> None:
    n.front(8)
    n.conv(8, 8, 5, pads=[2, 2])
    n.op("AveragePool", kernel_shape=[2], strides=[2])
    n.bn(8)
    n.sign()
    n.head(8)


@kind("average-of-bits", 1, 1, 61)
def average_of_bits(n: Net) -> None:
    n.front(8)
    n.op("AveragePool", kernel_shape=[2], strides=[2])
    n.op("Add", None, n.constant(np.float32(-0.5)))
    n.sign()
    n.head(8)


@kind("average-last", 1, 1, 40)
def average_last(n: Net) -> None:
    n.front(8)
    n.conv(8, 5, 3)
    n.op("AveragePool", kernel_shape=[8], strides=[6])
    n.op("Flatten")


@kind("average-counting-pads", 1, 1, 40)
def average_counting_pads(n: Net) -> None:
    n.front(8)
    n.conv(8, 5, 3)
    n.op("AveragePool", kernel_shape=[36], pads=[2, 2], count_include_pad=1)
    n.op("Flatten")


@kind("pool-of-pool", 1, 1, 80)
def pool_of_pool(n: Net) -> None:
    n.front(8)
    n.conv(8, 8, 3)
    n.op("MaxPool", kernel_shape=[3], strides=[2])
    n.op("MaxPool", kernel_shape=[2], strides=[2])
    n.bn(8)
    n.sign()
    n.head(8)


@kind("pool-last", 1, 1, 41)
def pool_last(n: Net) -> None:
    """Pads of minus infinity, ceil_mode and SAME around pools behind the last layer."""
    n.front(8)
    n.conv(8, 5, 3)
    n.op("Pad", None, n.ints(0, 0, 1, 0, 0, 1), n.constant(np.float32(-np.inf)))
    n.op("MaxPool", kernel_shape=[3], strides=[2])
    n.op("MaxPool", kernel_shape=[3], strides=[2], ceil_mode=1)
    n.op("MaxPool", kernel_shape=[2], strides=[3], auto_pad="SAME_LOWER")
    n.op("Flatten")


@kind("dilated", 1, 1, 61)
def dilated(n: Net) -> None:
    n.conv(1, 8, 5, dilations=[3], pads=[3, 3])
    n.bn(8)
    n.sign()
    n.conv(8, 8, 3, dilations=[2])
    n.bn(8)
    n.sign()
    n.head(8)


@kind("dilated-zero-padded", 1, 1, 61)
def dilated_zero_padded(n: Net) -> None:
    n.front(8)
    n.conv(8, 8, 3, dilations=[2], pads=[2, 2])
    n.op("MaxPool", kernel_shape=[2], strides=[2])
    n.bn(8)
    n.sign()
    n.head(8)


@kind("rows-averaged", 1, 1, 8, 12)
def rows_averaged(n: Net) -> None:
    n.conv(1, 8, 3, 3)
    n.bn(8)
    n.sign()
    n.conv(8, 5, 3, 3)
    n.op("ReduceMean", axes=[2], keepdims=0)
    n.op("ReduceMax", axes=[2], keepdims=0)


def write(name: str, folder: Path) -> None:
    shape, build = KINDS[name]
    net = Net(shape, name)
    build(net)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(net.model(net.nodes), folder / "model.onnx")
    (folder / "flags.txt").write_text(net.flags + "\n")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(net.model(net.plain).SerializeToString(), options, providers=["CPUExecutionProvider"])
    # One window at a time, or as many as the graph states; without a batch axis a window is the whole input.
    batched = len(shape) > 2 or shape[0] == 1
    x = net.random.integers(-128, 128, (12, *(shape[1:] if batched else shape))).astype(np.float32)
    windows = [x[i : i + shape[0]] if batched else x[i] for i in range(0, 12, shape[0] if batched else 1)]
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", np.concatenate([session.run(None, {"x": window})[0] for window in windows]))


def main() -> None:
    for name in sys.argv[2:] or KINDS:
        write(name, Path(sys.argv[1]) / name)


if __name__ == "__main__":
    main()
