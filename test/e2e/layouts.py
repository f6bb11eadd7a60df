"""Write random binary networks whose axes are permuted, merged and split between layers, random int8 inputs and ONNX Runtime's answers.

Usage: layouts.py FIRST LAST FOLDER   writes FOLDER/SEED/model.onnx, flags.txt (of bnncc), input.npy and output.npy; the inputs are whole numbers

Every layer is a convolution, as ONNX has it (channels first) or as a dense layer along the last axis; before each operation between layers the
axes are put in a random order, so that elementwise constants lie along any axis, and units are squeezed or inserted. The input comes in a random
order too, may be a cut of a larger one, and the head flattens the map in whatever order it then has."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Network:
    """A value is the tensor `last`; `axes` names its axes: n (batch), c, h, w, and 1 for an axis of size 1."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list = []
        self.constants: list = []
        self.size = {"n": 1, "c": int(self.random.integers(1, 4)), "h": 1, "w": int(self.random.integers(20, 40))}
        self.flat = self.random.random() < 0.7  # one axis of positions
        if not self.flat:
            self.size |= {"h": int(self.random.integers(8, 12)), "w": int(self.random.integers(8, 14))}
        self.axes = "nc" + ("w" if self.flat else "hw")
        self.axes = "n" + "".join(self.random.permutation(list(self.axes[1:])))
        self.input = self.shape()
        self.last = "x"
        if self.random.random() < 0.3:
            self.cut()
        if self.random.random() < 0.4:
            self.scale_input()
        self.build()

    def chance(self, part: float) -> bool:
        return bool(self.random.random() < part)

    def shape(self) -> list[int]:
        return [1 if axis == "1" else self.size[axis] for axis in self.axes]

    def constant(self, values: object) -> str:
        name = f"constant{len(self.constants)}"
        array = np.asarray(values)
        self.constants.append(numpy_helper.from_array(array.astype(np.float32) if array.dtype == np.float64 else array, name))
        return name

    def node(self, op: str, *operands: str, **attributes: object) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, operands, [name], name=name, **attributes))
        self.last = name
        return name

    # --- axes ---------------------------------------------------------------------------------------
    def reorder(self, axes: str) -> None:
        """Put the axes in another order; both have the same ones."""
        if axes != self.axes:
            self.node("Transpose", self.last, perm=[self.axes.index(a) for a in axes])
            self.axes = axes

    def shuffle(self) -> None:
        if self.chance(0.5):
            self.reorder("n" + "".join(self.random.permutation(list(self.axes[1:]))))
        if self.flat and self.chance(0.2):
            at = int(self.random.integers(1, len(self.axes) + 1))
            axes = self.axes[:at] + "1" + self.axes[at:]
            if "1" not in self.axes:
                self.node("Unsqueeze", self.last, self.constant(np.array([at])))
                self.axes = axes
                if self.chance(0.5):
                    self.reorder("n" + "".join(self.random.permutation(list(axes[1:]))))

    def squeeze(self) -> None:
        if "1" in self.axes:
            at = self.axes.index("1")
            self.axes = self.axes.replace("1", "")
            if self.chance(0.5):
                self.node("Squeeze", self.last, self.constant(np.array([at])))
            else:
                shape = self.shape()
                shape[int(self.random.integers(1, len(shape)))] = -1
                self.node("Reshape", self.last, self.constant(np.array(shape)))

    def along(self, values: np.ndarray) -> str:
        """A constant with one value for each channel, along the axis that they have."""
        shape = [1] * len(self.axes)
        shape[self.axes.index("c")] = len(values)
        while len(shape) > 1 and shape[0] == 1 and self.chance(0.5):
            shape.pop(0)
        return self.constant(values.reshape(shape))

    # --- the input ----------------------------------------------------------------------------------
    def cut(self) -> None:
        axis = str(self.random.choice(list(self.axes[1:])))
        at, size = self.axes.index(axis), self.size[axis]
        before, after, step = int(self.random.integers(0, 3)), int(self.random.integers(0, 3)), int(self.random.integers(1, 3))
        whole = before + (size - 1) * step + 1 + after
        self.input[at] = whole
        if axis == "c" and self.chance(0.5):
            picks = self.random.choice(whole, size, replace=False)
            self.node("Gather", self.last, self.constant(picks), axis=at)
        else:
            ends = before + (size - 1) * step + 1
            self.node("Slice", self.last, *(self.constant(np.array([i])) for i in (before, ends, at, step)))

    def scale_input(self) -> None:
        """A quantiser of the graph's own: -8 to 7 in steps of 3."""
        self.shuffle()
        self.node("QuantizeLinear", self.last, self.constant(np.float32(3)), self.constant(np.int8(0)))
        self.shuffle()
        self.node("DequantizeLinear", self.last, self.constant(np.float32(3)), self.constant(np.int8(0)))
        self.shuffle()
        self.squeeze()

    # --- layers -------------------------------------------------------------------------------------
    def signs(self, *shape: int) -> np.ndarray:
        return self.random.choice([-1, 1], shape).astype(np.float32)

    def conv(self, channels: int) -> None:
        if self.chance(0.25):
            return self.dense_last(channels)
        unit = self.flat and self.chance(0.3)  # as a two-dimensional convolution
        positions = "w" if self.flat else "hw"
        self.squeeze()
        if self.chance(0.3):  # the exporter's order need not be h before w
            positions = positions[::-1]
        self.reorder("nc" + positions)
        if unit:
            at = int(self.random.integers(2, 4))
            self.node("Unsqueeze", self.last, self.constant(np.array([at])))
            positions = ("1w", "w1")[at == 3]
        kernel, strides, sizes = [], [], []
        for axis in positions:
            k = 1 if axis == "1" else int(self.random.integers(1, 4))
            s = 1 if axis == "1" else int(self.random.integers(1, 3))
            n = 1 if axis == "1" else self.size[axis]
            kernel.append(min(k, n)), strides.append(s), sizes.append(n)
        auto = str(self.random.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])) if self.chance(0.3) and self.first else ""
        begins = [int(self.random.integers(0, k)) if self.padded else 0 for k in kernel]
        ends = [int(self.random.integers(0, k)) if self.padded else 0 for k in kernel]
        if auto:
            begins, ends = [0] * len(kernel), [0] * len(kernel)
        pads = begins + ends
        weights = self.signs(channels, self.size["c"], *kernel)
        attributes = {"strides": strides} | ({"auto_pad": auto} if auto else {"pads": pads})
        self.node("Conv", self.last, self.constant(weights), **attributes)
        for i, axis in enumerate(positions):
            if auto.startswith("SAME"):
                out = -(-sizes[i] // strides[i])
            else:
                out = (sizes[i] + begins[i] + ends[i] - kernel[i]) // strides[i] + 1
            if axis != "1":
                self.size[axis] = out
        self.size["c"] = channels
        self.axes = "nc" + positions

    def dense_last(self, channels: int) -> None:
        """Every position's channels times one matrix."""
        others = [a for a in self.axes[1:] if a != "c"]
        self.reorder("n" + "".join(self.random.permutation(others)) + "c")
        self.node("MatMul", self.last, self.constant(self.signs(self.size["c"], channels)))
        self.size["c"] = channels

    def normalise(self) -> None:
        n = self.size["c"]
        if self.chance(0.5):
            self.shuffle()
            self.node("Mul", self.last, self.along(self.random.uniform(0.2, 2, n) * self.random.choice([-1, 1], n)))
            self.node("Add", self.last, self.along(3 * self.random.standard_normal(n)))
        else:
            self.reorder("nc" + "".join(a for a in self.axes[1:] if a != "c"))
            parts = [self.random.standard_normal(n), self.random.standard_normal(n), 2 * self.random.standard_normal(n)]
            self.node("BatchNormalization", self.last, *map(self.constant, [*parts, self.random.uniform(0.5, 20, n)]))
        if self.chance(0.3):
            self.shuffle()
            self.node("PRelu", self.last, self.along(self.random.uniform(0, 0.5, n)))

    def sign(self) -> None:
        self.shuffle()
        self.node("GreaterOrEqual", self.last, self.constant(np.float32(0)))
        self.shuffle()
        self.node("Where", self.last, self.constant(np.float32(1)), self.constant(np.float32(-1)))

    def pool(self) -> None:
        self.squeeze()
        positions = "w" if self.flat else "hw"
        if min(self.size[a] for a in positions) < 4:
            return
        self.reorder("nc" + positions)
        stride = int(self.random.integers(1, 3))
        self.node("MaxPool", self.last, kernel_shape=[2] * len(positions), strides=[stride] * len(positions))
        for axis in positions:
            self.size[axis] = (self.size[axis] - 2) // stride + 1

    def head(self) -> None:
        if self.chance(0.4):
            self.conv(5)
            self.shuffle()
            positions = [i for i, a in enumerate(self.axes) if a in "hw1"]
            self.node("ReduceMean", self.last, axes=positions, keepdims=int(self.chance(0.5)))
            return
        self.shuffle()
        count = int(np.prod([self.size[a] for a in "chw"]))
        if self.chance(0.5):
            self.node("Flatten", self.last)
            self.node("MatMul", self.last, self.constant(self.signs(count, 5)))
        else:
            self.node("Reshape", self.last, self.constant(np.array([0, -1])))
            self.node("Gemm", self.last, self.constant(self.signs(5, count)), self.constant(self.random.standard_normal(5)), transB=1)

    def build(self) -> None:
        self.padded = self.first = True
        for _ in range(int(self.random.integers(1, 3))):
            self.conv(int(self.random.choice([4, 8, 12, 16])))
            self.padded = self.first = False  # how bits are padded is not what is tried here
            if self.chance(0.4):
                self.pool()
            self.normalise()
            self.sign()
        self.head()

    def model(self) -> onnx.ModelProto:
        data = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)
        result = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "random", [data], [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def write(seed: int, folder: Path) -> None:
    network = Network(seed)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(network.model(), folder / "model.onnx")
    quantises = any(node.op_type == "QuantizeLinear" for node in network.nodes)
    (folder / "flags.txt").write_text("\n" if quantises else "--input-type=int8\n")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    x = network.random.integers(-128, 128, (12, *network.input[1:])).astype(np.float32)
    y = np.concatenate([session.run(None, {"x": x[i : i + 1]})[0] for i in range(len(x))])
    np.save(folder / "input.npy", x)
    np.save(folder / "output.npy", y)


def main() -> None:
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        write(seed, Path(sys.argv[3]) / str(seed))


if __name__ == "__main__":
    main()
