"""The frame that the cases share: a builder with the usual layers, and the registry of kinds."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "diff"))
from graph import Graph  # noqa: E402

QONNX = "qonnx.custom_op.general"
LENGTH = 61


class Net(Graph):
    """A network on 1 x leads x time; every case draws from numbers of its own."""

    def __init__(self, seed: int, opset: int = 13) -> None:
        super().__init__(np.random.default_rng(seed), opset)
        self.qonnx = self.symbolic = self.padded_zeros = False
        self.change: Callable[[onnx.ModelProto], None] | None = None  # of the finished model

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def start(self, shape: tuple = (1, LENGTH), dtype: int = TensorProto.FLOAT, given: str = "int8", batch: object = 1) -> None:
        """The input; `given` says what a float input holds, "" that the graph quantises it."""
        self.input("x", dtype, [1, *shape], batch)
        if given:
            self.flags.append(f"--input-type={given}")

    def signs(self, *shape: int) -> np.ndarray:
        return self.rng.choice([-1.0, 1.0], shape)

    def conv(self, channels: int, kernel: int, weight: object = None, **attributes: object) -> None:
        axes = len(self.shape) - 2
        if weight is None:
            weight = self.signs(channels, self.channels, *[kernel] * axes)
        stride, pads = attributes.get("strides", [1] * axes), attributes.get("pads", [0] * 2 * axes)
        self.step("Conv", weight if isinstance(weight, str) else self.const(weight), **attributes)
        sizes = [(n + pads[i] + pads[axes + i] - kernel) // stride[i] + 1 for i, n in enumerate(self.shape[2:])]
        self.shape = [self.shape[0], channels, *sizes]

    def norm(self, gamma: object = None, beta: object = None, mean: object = None, var: object = None, **attributes: object) -> None:
        c, r = self.channels, self.rng
        drawn = (r.uniform(0.5, 2, c) * r.choice([-1, 1], c), r.standard_normal(c), r.integers(-2, 3, c) + 0.3, r.uniform(0.5, 20, c))
        parts = [d if p is None else np.broadcast_to(np.asarray(p, float), c) for p, d in zip((gamma, beta, mean, var), drawn, strict=True)]
        self.step("BatchNormalization", *(self.const(part) for part in parts), **attributes)

    def sign(self) -> None:
        condition = self.compare("GreaterOrEqual", self.last, self.const(0.0))
        self.last = self.op("Where", condition, self.const(1.0), self.const(-1.0))

    def front(self, channels: int = 16) -> None:
        """A first layer of bits."""
        self.conv(channels, 7, strides=[2])
        self.norm()
        self.sign()

    def layer(self, channels: int = 8, kernel: int = 5) -> None:
        self.conv(channels, kernel)
        self.norm()
        self.sign()

    def head(self, kernel: int = 5) -> None:
        """Five classes: a binary convolution, its mean over time."""
        self.conv(5, kernel)
        self.step("GlobalAveragePool")
        self.step("Flatten")
        self.shape = [1, 5]

    def end(self, dtype: int = TensorProto.FLOAT) -> None:
        self.output(self.last, dtype)

    def windows(self, count: int = 12, low: int = -128, high: int = 127, dtype: object = np.float32) -> np.ndarray:
        shape = [d.dim_value for d in self.inputs[0].type.tensor_type.shape.dim][1:]
        return self.rng.integers(low, high + 1, (count, *shape)).astype(dtype)


@dataclass
class Kind:
    """`expect`: "exact", or words of the line that refuses."""

    name: str
    expect: str
    make: Callable[[Net], np.ndarray]
    opset: int


KINDS: dict[str, Kind] = {}


def kind(name: str, expect: str = "exact", opset: int = 13) -> Callable:
    """Registers a case: it builds on the net and returns windows."""

    def register(make: Callable[[Net], np.ndarray]) -> Callable:
        assert name not in KINDS
        KINDS[name] = Kind(name, expect, make, opset)
        return make

    return register
