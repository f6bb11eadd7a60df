"""Maps and their layouts: axes moved, pads, pools, batch and length, several outputs, the ends of networks."""

import numpy as np
from net import QONNX, Net, kind
from onnx import TensorProto
from signs import rest


def bits(g: Net, channels: int = 16) -> None:
    g.start()
    g.front(channels)


@kind("channels-last-around-signs")
def keras(g: Net) -> np.ndarray:
    """tf2onnx: transposes to channels last and back around each sign, the mean over time."""
    g.start((61, 1))
    g.step("Reshape", g.ints(-1, 1, 61))
    g.shape = [1, 1, 61]
    for channels, kernel in ((8, 7), (12, 5)):
        g.conv(channels, kernel)
        g.step("Mul", g.const(g.rng.uniform(0.2, 1, (1, channels, 1)) * g.rng.choice([-1, 1], (1, channels, 1))))
        g.step("Add", g.const(g.rng.standard_normal((1, channels, 1)) + 0.01))
        g.step("Transpose", perm=[0, 2, 1])
        for op in ("Sign", "Add", "Sign"):
            g.step(op, *([g.const(0.1)] if op == "Add" else []))
        g.step("Transpose", perm=[0, 2, 1])
    return rest(g)


@kind("transposed-before-flatten")
def permuted(g: Net) -> np.ndarray:
    """permute(0, 2, 1).flatten(1) before a dense layer."""
    bits(g, 8)
    g.step("Transpose", perm=[0, 2, 1])
    g.step("Flatten")
    g.step("MatMul", g.const(g.signs(224, 5)))
    g.end()
    return g.windows()


@kind("flattened-to-a-dense-layer")
def flattened(g: Net) -> np.ndarray:
    """Flatten and Gemm with a bias."""
    bits(g, 8)
    g.step("Flatten")
    g.step("Gemm", g.const(g.signs(5, 224)), g.const(g.rng.standard_normal(5)), transB=1)
    g.end()
    return g.windows()


@kind("gemm-of-transposed-data")
def gemm_turned(g: Net) -> np.ndarray:
    """Gemm with transA on a column."""
    bits(g, 8)
    g.step("Reshape", g.ints(224, 1))
    g.step("Gemm", g.const(g.signs(224, 5)), transA=1)
    g.end()
    return g.windows()


@kind("dense-over-the-last-axis")
def last_axis(g: Net) -> np.ndarray:
    """nn.Linear twice on N x 1 x L."""
    g.start()
    g.step("MatMul", g.const(g.signs(61, 33)))
    g.last = g.op("Where", g.op("Greater", g.last, g.const(0.5)), g.const(1.0), g.const(-1.0))
    g.step("MatMul", g.const(g.signs(33, 5)))
    g.end()
    return g.windows()


@kind("one-lead-of-twelve")
def lead(g: Net) -> np.ndarray:
    """Gather of one lead."""
    g.start((12, 61))
    g.step("Gather", g.ints(1), axis=1)
    g.shape[1] = 1
    g.conv(8, 7)
    g.norm()
    g.sign()
    return rest(g)


@kind("time-slice")
def time_slice(g: Net) -> np.ndarray:
    """Slice of the time axis."""
    g.start((1, 80))
    g.step("Slice", g.ints(10), g.ints(71), g.ints(2))
    g.shape[2] = 61
    g.front()
    return rest(g)


@kind("two-dimensional-with-one-column")
def as_image(g: Net) -> np.ndarray:
    """A 1-D network as 2-D with a last axis of one."""
    g.start()
    g.last = g.unsqueeze(g.last, [3])
    g.step("Conv", g.const(g.signs(16, 1, 7, 1)), strides=[2, 1])
    g.squeeze([3])
    g.shape = [1, 16, 28]
    g.norm()
    g.sign()
    return rest(g)


@kind("time-along-rows")
def rows(g: Net) -> np.ndarray:
    """N x 1 x L x 1 with kernels of k x 1."""
    g.start((1, 61, 1))
    g.step("Conv", g.const(g.signs(16, 1, 7, 1)), strides=[2, 1])
    g.shape[1] = 16
    g.norm()
    g.sign()
    g.step("Conv", g.const(g.signs(8, 16, 5, 1)), pads=[2, 0, 2, 0])
    g.step("MaxPool", kernel_shape=[2, 1], strides=[2, 1])
    g.shape[1] = 8
    g.norm()
    g.sign()
    g.step("Conv", g.const(g.signs(5, 8, 3, 1)))
    g.step("GlobalAveragePool")
    g.step("Flatten")
    g.end()
    return g.windows()


@kind("windows-in-the-graphs-batch")
def batch(g: Net) -> np.ndarray:
    """A batch of four in the graph: each window for itself."""
    g.input("x", TensorProto.FLOAT, [4, 1, 61], 4)
    g.flags.append("--input-type=int8")
    g.front()
    return rest(g)


@kind("length-without-a-size", "known size")
def symbolic(g: Net) -> np.ndarray:
    """A symbolic length, which --input-shape fixes."""
    bits(g)
    g.change = lambda model: setattr(model.graph.input[0].type.tensor_type.shape.dim[2], "dim_param", "time")
    return rest(g)


def padded(g: Net, around: list[int], value: float, **conv: object) -> np.ndarray:
    bits(g)
    g.pad([0, 0, around[0], 0, 0, around[1]], value)
    g.shape[2] += sum(around)
    g.conv(8, 5, **conv)
    g.norm()
    g.sign()
    return rest(g)


@kind("padded-by-plus-one")
def plus_one(g: Net) -> np.ndarray:
    """A Pad by +1, uneven."""
    return padded(g, [4, 1], 1)


@kind("padded-by-one-then-by-zero")
def one_then_zero(g: Net) -> np.ndarray:
    """A Pad by +1 around which the convolution pads by 0."""
    return padded(g, [2, 2], 1, pads=[1, 1])


def nested(g: Net, values: tuple) -> None:
    """Pads around each other, then a layer that pads by 0 and pools."""
    for i, value in enumerate(values):
        around = [1 + i, 2] if len(g.shape) == 3 else [1, 2, 1, 1 + i]
        axes = len(around) // 2
        g.pad([0, 0, *around[:axes], 0, 0, *around[axes:]], value)
        for axis in range(axes):
            g.shape[2 + axis] += around[axis] + around[axes + axis]


@kind("pads-in-pads")
def nests(g: Net) -> np.ndarray:
    """Pads of bits by +1 and -1 in turn, the convolution's own by 0, a pool."""
    bits(g)
    nested(g, (1, -1, 1))
    g.conv(8, 5, pads=[2, 1])
    g.step("MaxPool", kernel_shape=[3], strides=[2])
    g.shape[2] = (g.shape[2] - 3) // 2 + 1
    g.norm()
    g.sign()
    return rest(g)


@kind("pads-of-the-input-in-pads")
def input_nests(g: Net) -> np.ndarray:
    """The same around the input's codes, in two dimensions."""
    g.start((2, 9, 11))
    nested(g, (3, -7))
    g.conv(8, 3, pads=[1, 1, 1, 1])
    g.step("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    g.shape[2:] = [n // 2 for n in g.shape[2:]]
    g.norm()
    g.sign()
    g.head(3)
    g.end()
    return g.windows()


@kind("zero-pad-inside-another", "the map has")
def zero_inside(g: Net) -> np.ndarray:
    """A Pad of bits by 0 with another around it: only the outermost may be no bit."""
    bits(g)
    nested(g, (0, 1))
    g.conv(8, 5)
    g.norm()
    g.sign()
    return rest(g)


@kind("axes-of-a-pad", opset=18)
def pad_axes(g: Net) -> np.ndarray:
    """Pad with axes as an input."""
    bits(g)
    g.step("Pad", g.ints(2, 2), g.const(-1.0), g.ints(-1))
    g.shape[2] += 4
    g.layer()
    return rest(g)


def pooled(g: Net, op: str, size: int, **attributes: object) -> np.ndarray:
    bits(g)
    g.conv(8, 5)
    g.step(op, **attributes)
    g.shape[2] = size
    g.norm()
    g.sign()
    return rest(g)


@kind("pool-with-pads")
def pool_pads(g: Net) -> np.ndarray:
    """MaxPool with padding."""
    return pooled(g, "MaxPool", 12, kernel_shape=[3], strides=[2], pads=[1, 1])


@kind("pool-rounded-up")
def pool_ceil(g: Net) -> np.ndarray:
    """MaxPool with ceil_mode."""
    return pooled(g, "MaxPool", 12, kernel_shape=[3], strides=[2], ceil_mode=1)


@kind("pool-steps-over-samples")
def pool_stride(g: Net) -> np.ndarray:
    """A stride beyond the kernel."""
    return pooled(g, "MaxPool", 8, kernel_shape=[2], strides=[3])


@kind("average-of-parts")
def pool_average(g: Net) -> np.ndarray:
    """AveragePool over part of the map, then a threshold."""
    return pooled(g, "AveragePool", 12, kernel_shape=[2], strides=[2])


@kind("two-pools-in-a-layer")
def pool_twice(g: Net) -> np.ndarray:
    """Two MaxPools in a row."""
    bits(g)
    g.conv(8, 5)
    for _ in range(2):
        g.step("MaxPool", kernel_shape=[2], strides=[2])
    g.shape[2] = 6
    g.norm()
    g.sign()
    return rest(g)


@kind("bits-pooled-over-the-map")
def pool_map(g: Net) -> np.ndarray:
    """GlobalMaxPool of bits, then a dense layer."""
    bits(g)
    g.conv(8, 11)
    g.norm()
    g.sign()
    g.step("GlobalMaxPool")
    g.step("Flatten")
    g.step("MatMul", g.const(g.signs(8, 5)))
    g.end()
    return g.windows()


@kind("input-bits-padded-and-pooled")
def pool_input_bits(g: Net) -> np.ndarray:
    """A binarised input, zero padding, MaxPool."""
    g.start(given="")
    g.step("BipolarQuant", g.const(1.0), domain=QONNX)
    g.conv(8, 7, pads=[3, 3])
    g.step("MaxPool", kernel_shape=[2], strides=[2])
    g.shape[2] = 30
    g.norm()
    g.sign()
    g.head()
    g.end()
    return g.rng.standard_normal((12, 1, 61)).astype(np.float32)


@kind("sum-over-rows")
def sum_rows(g: Net) -> np.ndarray:
    """ReduceSum over one of two spatial axes."""
    g.start((1, 9, 12))
    g.conv(8, 3)
    g.norm()
    g.sign()
    g.conv(5, 3)
    g.reduce("ReduceSum", [2], 0)
    g.end()
    return g.windows()


@kind("bool-result")
def bool_result(g: Net) -> np.ndarray:
    """A comparison as the graph's output."""
    bits(g)
    g.head()
    g.last = g.op("Greater", g.last, g.const(0.25))
    g.end(TensorProto.BOOL)
    return g.windows()


@kind("class-of-32-bits")
def class_cast(g: Net) -> np.ndarray:
    """ArgMax cast to int32."""
    bits(g)
    g.head()
    g.step("ArgMax", axis=1)
    g.last = g.cast(g.last, TensorProto.INT32)
    g.end(TensorProto.INT32)
    return g.windows()


@kind("class-behind-log-softmax")
def class_log(g: Net) -> np.ndarray:
    """ArgMax of LogSoftmax: logits may tie."""
    bits(g)
    g.head()
    g.step("LogSoftmax", axis=1)
    g.step("ArgMax", axis=1, keepdims=0)
    g.end(TensorProto.INT64)
    return g.windows()


@kind("softmax-over-all-axes", opset=11)
def softmax_all(g: Net) -> np.ndarray:
    """Softmax of opset 11 from axis 1 on; Clip and Pad by attribute."""
    bits(g)
    g.conv(5, 5)
    g.step("Softmax", axis=1)
    g.end()
    return g.windows()


@kind("logits-and-probabilities")
def two_outputs(g: Net) -> np.ndarray:
    """Two outputs of one network."""
    bits(g)
    g.head()
    g.output(g.last, TensorProto.FLOAT)
    g.step("Softmax", axis=1)
    g.end()
    return g.windows()
