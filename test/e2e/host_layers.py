"""Write networks with float first or last layers, decisions and several outputs, random inputs and ONNX Runtime's answers.

Usage: host_layers.py KIND FOLDER   writes FOLDER/model.onnx, input.npy, output.npy (second outputs: output1.npy) and flags.txt

Every network has a binary convolution in the middle; KINDS says what comes before it and after it."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WINDOWS = 40


class Builder:
    def __init__(self, shape: list[int], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.shape = shape
        self.nodes: list = []
        self.constants: list = []
        self.last = "x"
        self.outputs: list = []

    def constant(self, values: object) -> str:
        name = f"constant{len(self.constants)}"
        array = np.asarray(values)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def op(self, op: str, *operands: object, outputs: int = 1, **attributes: object) -> str:
        names = [self.last if o is None else o if isinstance(o, str) else self.constant(o) for o in operands or (None,)]
        results = [f"{op.lower()}{len(self.nodes)}{'abc'[i]}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, names, results, name=results[0], **attributes))
        self.last = results[0]
        return self.last

    def bn(self, channels: int) -> str:
        r = self.random
        gamma, beta, mean = (r.normal(1, 0.5, channels), r.normal(0, 0.5, channels), r.normal(0, 1, channels))
        return self.op("BatchNormalization", None, gamma, beta, mean, r.uniform(0.5, 2, channels))

    def sign(self) -> str:
        bit = self.op("GreaterOrEqual", None, np.float32(0))
        return self.op("Where", bit, np.float32(1), np.float32(-1))

    def pm(self, *shape: int) -> np.ndarray:
        return np.where(self.random.standard_normal(shape) >= 0, 1.0, -1.0)

    def float_conv(self, *shape: int, **attributes: object) -> str:
        return self.op("Conv", None, self.random.standard_normal(shape), self.random.standard_normal(shape[0]), **attributes)

    def middle(self, in_channels: int, out_channels: int = 16) -> str:
        self.op("Conv", None, self.pm(out_channels, in_channels, 3), pads=[1, 1])
        self.bn(out_channels)
        return self.sign()

    def model(self) -> onnx.ModelProto:
        outputs = self.outputs or [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)]
        graph = helper.make_graph(
            self.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)], outputs, self.constants
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)])
        model.ir_version = 8
        return onnx.shape_inference.infer_shapes(model)

    def out(self, name: str | None = None, dtype: int = TensorProto.FLOAT) -> None:
        self.outputs.append(helper.make_tensor_value_info(name or self.last, dtype, None))


def first_float(b: Builder) -> None:
    b.float_conv(8, b.shape[1], 7, strides=[2], pads=[3, 3])
    b.bn(8)
    b.sign()
    b.middle(8)


def first_float_pool(b: Builder) -> None:
    b.float_conv(8, b.shape[1], 5, pads=[2, 2])
    b.op("MaxPool", None, kernel_shape=[3], strides=[2], pads=[1, 1])
    b.bn(8)
    b.op("PRelu", None, b.random.normal(0, 0.4, (8, 1)))
    b.sign()
    b.op("MaxPool", None, kernel_shape=[2], strides=[2])
    b.middle(8)


def binary_first(b: Builder) -> None:
    b.op("Conv", None, b.pm(8, b.shape[1], 7), strides=[2])
    b.bn(8)
    b.sign()
    b.middle(8)


def gap_linear(b: Builder) -> None:
    b.op("Conv", None, b.pm(12, 16, 3))
    b.op("GlobalAveragePool")
    b.op("Flatten")
    b.op("Gemm", None, b.random.standard_normal((5, 12)), b.random.standard_normal(5), transB=1)


def flatten_linear_linear(b: Builder) -> None:
    b.op("Conv", None, b.pm(6, 16, 3), strides=[2])
    b.bn(6)
    b.op("Flatten")
    size = b.model().graph.output[0].type.tensor_type.shape.dim[1].dim_value
    b.op("MatMul", None, b.random.standard_normal((size, 9)) / 8)
    b.op("Relu")
    b.op("Gemm", None, b.random.standard_normal((9, 4)), b.random.standard_normal(4))


def float_1x1(b: Builder) -> None:
    b.float_conv(5, 16, 1)
    b.op("PRelu", None, np.full((5, 1), 0.25))
    b.op("GlobalMaxPool")
    b.op("Flatten")


def binary_linear_after_mean(b: Builder) -> None:
    b.op("Conv", None, b.pm(12, 16, 3))
    b.op("ReduceMean", None, axes=[2], keepdims=0)
    b.op("MatMul", None, b.pm(12, 4))


def two_outputs(b: Builder) -> None:
    gap_linear(b)
    logits = b.last
    b.op("Softmax", axis=1)
    b.out()
    b.out(logits)


def class_and_probabilities(b: Builder) -> None:
    gap_linear(b)
    logits = b.last
    b.op("ArgMax", logits, axis=1, keepdims=0)
    b.op("Cast", to=TensorProto.INT32)
    b.out(dtype=TensorProto.INT32)
    b.op("Softmax", logits, axis=1)
    b.out()


def top1(b: Builder) -> None:
    gap_linear(b)
    b.op("TopK", None, np.array([1], np.int64), outputs=2, axis=1)
    b.out(b.nodes[-1].output[0])
    b.out(b.nodes[-1].output[1], TensorProto.INT64)


def ties(b: Builder) -> None:
    """Class sums over 12 positions with whole biases: ties are common."""
    b.op("Conv", None, b.pm(4, 16, 1), np.arange(4.0))
    b.op("ReduceMean", None, axes=[2], keepdims=0)
    b.op("LogSoftmax", axis=1)
    b.op("ArgMax", None, axis=1, keepdims=1, select_last_index=b.random.integers(2))
    b.out(dtype=TensorProto.INT64)


def two_scores(b: Builder) -> tuple[str, str]:
    """Two whole scores of each class, which may be equal."""
    b.op("Conv", None, b.pm(12, 16, 3))
    total = b.op("ReduceMax", None, axes=[2], keepdims=0)
    return b.op("MatMul", total, b.pm(12, 4)), b.op("MatMul", total, b.pm(12, 4))


def comparisons(b: Builder) -> None:
    """Of two computed values, and logic of such."""
    x, y = two_scores(b)
    greater, equal = b.op("Greater", x, y), b.op("Equal", x, y)
    b.op("Or", b.op("And", greater, b.op("LessOrEqual", y, np.float32(4))), b.op("Xor", equal, b.op("Less", y, x)))
    b.out(dtype=TensorProto.BOOL)
    b.op("Equal", x, np.float32(2))
    b.out(dtype=TensorProto.BOOL)


def extremes(b: Builder) -> None:
    """The larger and the smaller of two computed values."""
    x, y = two_scores(b)
    larger, smaller = b.op("Max", x, y), b.op("Min", x, y)
    b.op("Sub", b.op("Add", larger, np.arange(4.0)), smaller)
    b.out()
    b.op("ArgMax", smaller, axis=1, select_last_index=1)
    b.out(dtype=TensorProto.INT64)


def smallest(b: Builder) -> None:
    """Class sums tie: the first of the smallest, by TopK, and the last, by ArgMin of what falls."""
    x, _ = two_scores(b)
    b.op("TopK", x, np.array([1], np.int64), outputs=2, axis=1, largest=0)
    b.out(b.nodes[-1].output[1], TensorProto.INT64)
    b.op("ArgMin", b.op("Neg", b.op("Softmax", x, axis=1)), axis=1, keepdims=0, select_last_index=1)
    b.out(dtype=TensorProto.INT64)


def smallest_values(b: Builder) -> None:
    x, y = two_scores(b)
    b.op("ReduceMin", x, axes=[1], keepdims=1)
    b.out()
    b.op("ArgMin", y, axis=-1)
    b.out(dtype=TensorProto.INT64)


def scaled_leads(b: Builder) -> None:
    """Codes that are scaled by lead: the first layer is the loader's."""
    b.op("Mul", None, np.array([[0.5], [0.125], [1.5]]))
    b.op("Conv", None, b.pm(8, 3, 5), pads=[2, 2])
    b.bn(8)
    b.sign()
    b.middle(8)


def shifted_leads(b: Builder) -> None:
    """Codes with a zero point for each lead: without a border the engine takes them."""
    scale, zero = np.full(3, 0.03, np.float32), np.array([3, 0, -5], np.int8)
    b.op("DequantizeLinear", b.op("QuantizeLinear", None, scale, zero, axis=1), scale, zero, axis=1)
    b.op("Conv", None, b.pm(8, 3, 5))
    b.bn(8)
    b.sign()
    b.middle(8)


def above(b: Builder) -> None:
    gap_linear(b)
    b.op("Sigmoid")
    b.op("GreaterOrEqual", None, np.float32(0.5))
    b.out(dtype=TensorProto.BOOL)


def half(b: Builder) -> None:
    gap_linear(b)
    b.op("Cast", to=TensorProto.FLOAT16)
    b.out(dtype=TensorProto.FLOAT16)


# name: shape, before, after, the input's values
KINDS = {
    "first-float": ([1, 2, 60], first_float, gap_linear, "int8"),
    "first-float-real": ([1, 1, 61], first_float, flatten_linear_linear, "real"),
    "first-float-pool": ([1, 1, 64], first_float_pool, gap_linear, "int8"),
    "gap-linear": ([1, 1, 60], binary_first, gap_linear, "int8"),
    "flatten-linear": ([1, 2, 50], binary_first, flatten_linear_linear, "int8"),
    "float-1x1": ([1, 1, 40], binary_first, float_1x1, "int8"),
    "binary-linear": ([1, 1, 40], binary_first, binary_linear_after_mean, "int8"),
    "two-outputs": ([1, 1, 60], binary_first, two_outputs, "int8"),
    "class-probabilities": ([1, 1, 60], binary_first, class_and_probabilities, "int8"),
    "top1": ([1, 1, 60], binary_first, top1, "int8"),
    "ties": ([1, 1, 30], binary_first, ties, "int8"),
    "above": ([1, 1, 60], binary_first, above, "int8"),
    "half": ([1, 1, 60], binary_first, half, "int8"),
    "comparisons": ([1, 1, 60], binary_first, comparisons, "int8"),
    "extremes": ([1, 1, 60], binary_first, extremes, "int8"),
    "smallest": ([1, 1, 60], binary_first, smallest, "int8"),
    "smallest-values": ([1, 1, 60], binary_first, smallest_values, "int8"),
    "scaled-leads": ([1, 3, 40], scaled_leads, gap_linear, "int8"),
    "shifted-leads": ([1, 3, 40], shifted_leads, gap_linear, "real"),
}


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    shape, before, after, values = KINDS[kind]
    b = Builder(shape, list(KINDS).index(kind))
    before(b)
    after(b)
    model = b.model()
    onnx.save(model, folder / "model.onnx")
    x = b.random.integers(-128, 128, (WINDOWS, *shape[1:])).astype(np.float32)
    if values == "real":
        x = b.random.standard_normal((WINDOWS, *shape[1:])).astype(np.float32)
    np.save(folder / "input.npy", x)
    (folder / "flags.txt").write_text("--input-type=int8" if values == "int8" else "")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    rows = [session.run(None, {"x": x[i : i + 1]}) for i in range(WINDOWS)]
    (folder / "second.txt").write_text(model.graph.output[-1].name)
    for i in range(len(rows[0])):
        np.save(folder / f"output{i or ''}.npy", np.concatenate([row[i] for row in rows]))


if __name__ == "__main__":
    main()
