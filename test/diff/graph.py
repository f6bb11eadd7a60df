"""A graph under construction: nodes and initializers, spelled as the operator set of the model wants them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QONNX_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
NUMPY = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16, TensorProto.DOUBLE: np.float64}


class Graph:
    """`shape` and `layout` follow the map that flows through: N x C x spatial ("first") or N x spatial x C ("last")."""

    def __init__(self, rng: np.random.Generator, opset: int) -> None:
        self.rng, self.opset = rng, opset
        self.nodes: list = []
        self.constants: list = []
        self.domains: dict[str, int] = {}
        self.inputs: list = []
        self.outputs: list = []
        self.flags: list[str] = []
        self.dtype = TensorProto.FLOAT  # of real values
        self.last, self.shape, self.layout = "", [], "first"
        self.spice = self.pick(0, 0, 1, 1, 2)  # rare features that this network may have
        self.count = 0
        self.padded = False  # by a Pad node since the last layer
        self.quantised = False  # two-valued or an input's integers: ready for a layer

    # --- drawing ----------------------------------------------------------------------------------------------------
    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def rare(self, p: float) -> bool:
        """A chance for something few networks have: several in one network would mostly be refused for one of them."""
        if self.spice == 0 or not self.chance(p):
            return False
        self.spice -= 1
        return True

    def pick(self, *choices: object) -> object:
        return choices[int(self.rng.integers(len(choices)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    # --- nodes ------------------------------------------------------------------------------------------------------
    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def const(self, values: object, dtype: object = None) -> str:
        """An initializer or, at times, a Constant node; real values take the model's type."""
        array = np.asarray(values)
        if dtype is not None:
            array = array.astype(dtype)
        elif array.dtype.kind == "f":
            array = array.astype(NUMPY[self.dtype])
        name = self.name("c")
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        if self.chance(0.1):
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.constants.append(tensor)
        return name

    def ints(self, *values: int) -> str:
        return self.const(np.array(values, np.int64))

    def op(self, op: str, *operands: str, outputs: int = 1, domain: str = "", **attributes: object) -> str:
        """Appends a node; its (first) result becomes the last value only where the caller says so."""
        names = [self.name(op.lower()) for _ in range(outputs)]
        label = self.pick(names[0], names[0], f"/net/{names[0]}", "")
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op, operands, names, name=label, domain=domain, **given))
        if domain:
            self.domains[domain] = 1
        return names[0] if outputs == 1 else names

    def step(self, op: str, *operands: str, **attributes: object) -> str:
        """The same on the value that flows through: `operands` are what follows it."""
        self.last = self.op(op, self.last, *operands, **attributes)
        return self.last

    # --- operators whose spelling changed -----------------------------------------------------------------------------
    def reduce(self, op: str, axes: list[int], keepdims: int) -> str:
        if self.opset >= (13 if op == "ReduceSum" else 18):
            return self.step(op, self.ints(*axes), keepdims=keepdims)
        return self.step(op, axes=axes, keepdims=keepdims)

    def clip(self, value: str, low: float | None, high: float | None) -> str:
        if self.opset < 11:
            return self.op("Clip", value, min=None if low is None else float(low), max=None if high is None else float(high))
        bounds = ["" if bound is None else self.const(float(bound)) for bound in (low, high)]
        return self.op("Clip", value, *(bounds if bounds[1] else bounds[:1]))

    def pad(self, pads: list[int], value: float) -> str:
        if self.opset < 11:
            return self.step("Pad", pads=pads, value=float(value), mode="constant")
        return self.step("Pad", self.ints(*pads), self.const(float(value)))

    def squeeze(self, axes: list[int]) -> str:
        return self.step("Squeeze", self.ints(*axes)) if self.opset >= 13 else self.step("Squeeze", axes=axes)

    def unsqueeze(self, value: str, axes: list[int]) -> str:
        return self.op("Unsqueeze", value, self.ints(*axes)) if self.opset >= 13 else self.op("Unsqueeze", value, axes=axes)

    def compare(self, op: str, a: str, b: str) -> str:
        """GreaterOrEqual and LessOrEqual came with opset 12."""
        if self.opset >= 12 or not op.endswith("OrEqual"):
            return self.op(op, a, b)
        return self.op("Not", self.op("Less" if op.startswith("Greater") else "Greater", a, b))

    def cast(self, value: str, to: int) -> str:
        return self.op("Cast", value, to=to)

    # --- the map ------------------------------------------------------------------------------------------------------
    @property
    def spatial(self) -> list[int]:
        return self.shape[2:] if self.layout == "first" else self.shape[1:-1]

    @property
    def channels(self) -> int:
        return self.shape[1] if self.layout == "first" or len(self.shape) == 2 else self.shape[-1]

    def resize(self, channels: int, spatial: list[int]) -> None:
        self.shape = [self.shape[0], channels, *spatial] if self.layout == "first" else [self.shape[0], *spatial, channels]

    def per_channel(self, values: np.ndarray) -> np.ndarray:
        """Values of the channels in the shape that broadcasts over the map."""
        return values if self.layout == "last" or len(self.shape) == 2 else values.reshape(-1, *[1] * (len(self.shape) - 2))

    def turn(self, layout: str) -> None:
        """Transposes the map to the layout, if it has another."""
        rank = len(self.shape)
        if self.layout == layout or rank == 2:
            self.layout = layout if rank > 2 else "first"
            return
        perm = [0, *range(2, rank), 1] if layout == "last" else [0, rank - 1, *range(1, rank - 1)]
        self.step("Transpose", perm=perm)
        self.shape, self.layout = [self.shape[axis] for axis in perm], layout

    # --- the model ----------------------------------------------------------------------------------------------------
    def input(self, name: str, dtype: int, shape: list[int], batch: object = 1) -> None:
        self.inputs.append(helper.make_tensor_value_info(name, dtype, [batch, *shape[1:]]))
        self.last, self.shape = name, list(shape)

    def output(self, name: str, dtype: int) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, dtype, None))

    def model(self) -> onnx.ModelProto:
        sets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(d, v) for d, v in self.domains.items())]
        used = {name for node in self.nodes for name in node.input} | {o.name for o in self.outputs}
        constants = [tensor for tensor in self.constants if tensor.name in used]
        graph = helper.make_graph(self.nodes, "random", self.inputs, self.outputs, constants)
        return helper.make_model(graph, opset_imports=sets, ir_version=10 if self.opset > 20 else 8)
