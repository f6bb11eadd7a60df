"""Runs an ONNX graph in exact numbers, written from the ONNX and QONNX operator texts and from nothing of the compiler.

A real value is a Fraction in an object array. Roots are taken to 2^-400 unless they are rational, so numbers closer than
2^-250 count as equal. Integers and bools are NumPy's of the same width, so they wrap as ONNX Runtime's do. From a float
graph input to the first operation that makes integers or bits of it, values are IEEE floats and each elementwise
operation rounds; constants are kept in both forms."""

from fractions import Fraction
from math import floor, isfinite, isqrt, lcm

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NEAR = Fraction(1, 2**250)
BITS = 400


class Unsupported(Exception):
    """The graph has an operation that this evaluator leaves out."""


class Tensor:
    """One value: `native` in its own type where it is known exactly in it, `real` as Fractions where it is a real number.
    `order`, where given: numbers in the same order, which differ where a rising function has brought its values together."""

    def __init__(self, native: np.ndarray | None, real: np.ndarray | None = None, dtype: object = None, order: np.ndarray | None = None) -> None:
        self.native, self._real, self._order = native, real, order
        self.dtype = np.dtype(dtype if dtype is not None else native.dtype)

    @property
    def is_float(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def raw(self) -> bool:
        """A float on its way from the graph's input to the first quantiser: no constant, not exact."""
        return self.is_float and self._real is None

    @property
    def shape(self) -> tuple:
        return (self.native if self._real is None else self._real).shape

    def real(self) -> np.ndarray:
        """Fractions of a float tensor, or the integers as Python's."""
        return fractions(self.native) if self._real is None else self._real

    def order(self) -> np.ndarray:
        return self.real() if self._order is None else self._order

    def ints(self) -> list[int]:
        return [int(v) for v in np.asarray(self.native).reshape(-1)]


def fractions(values: np.ndarray) -> np.ndarray:
    """Exact values of an array, infinities as they are."""
    out = np.empty(values.shape, object)
    flat, source = out.reshape(-1), np.asarray(values).reshape(-1)
    for i, v in enumerate(source):
        v = v.item()
        flat[i] = v if isinstance(v, int) or not isfinite(v) else int(v) if v == floor(v) else Fraction(v)
    return flat.reshape(values.shape)


def each(function: object, *arrays: np.ndarray) -> np.ndarray:
    """A function of numbers on object arrays that broadcast."""
    arrays = np.broadcast_arrays(*arrays)
    out = np.empty(arrays[0].shape, object)
    flat = out.reshape(-1)
    for i, values in enumerate(zip(*(a.reshape(-1) for a in arrays), strict=True)):
        flat[i] = function(*values)
    return flat.reshape(arrays[0].shape)


def sign(x: Fraction) -> int:
    if isinstance(x, float):
        return int(np.sign(x))
    return 0 if abs(x) < NEAR else 1 if x > 0 else -1


def root(x: Fraction) -> Fraction:
    """The square root: exact if rational, else to 2^-BITS of its size."""
    x = Fraction(x)
    if x < 0:
        raise Unsupported("root of a negative number")
    top, bottom = isqrt(x.numerator), isqrt(x.denominator)
    if top * top == x.numerator and bottom * bottom == x.denominator:
        return Fraction(top, bottom)
    return Fraction(isqrt((x.numerator << (2 * BITS + 200)) // x.denominator), 1 << (BITS + 100))


def divide(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise Unsupported("division by zero")
    return Fraction(a) / b


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix product of the last two axes of numbers, in machine integers where they hold the sums."""
    wholes = []
    for array in (a, b):
        flat = array.reshape(-1).tolist()
        kinds = set(map(type, flat))
        if float in kinds:
            raise Unsupported("infinity in a product")
        common = lcm(*{v.denominator for v in flat}) if Fraction in kinds else 1
        scaled = [v.numerator * (common // v.denominator) for v in flat] if Fraction in kinds else flat
        wholes.append((scaled, common, array.shape, max(map(abs, scaled), default=0)))
    (x, dx, sx, mx), (y, dy, sy, my) = wholes
    kind = np.int64 if max(mx, 1) * max(my, 1) * max(sx[-1], 1) < 2**62 else object
    result = np.matmul(np.array(x, kind).reshape(sx), np.array(y, kind).reshape(sy))
    scale = dx * dy
    if scale == 1:
        return result.astype(object)
    return each(lambda v: Fraction(v, scale), result.astype(object))


def dense(tensor: onnx.SparseTensorProto) -> np.ndarray:
    """Its indices are places in C order, or one row of coordinates a value."""
    values, indices = numpy_helper.to_array(tensor.values), numpy_helper.to_array(tensor.indices)
    array = np.zeros(tuple(tensor.dims), values.dtype)
    places = indices if indices.ndim == 1 else np.ravel_multi_index(indices.T, array.shape)
    array.reshape(-1)[places] = values
    return array


class Evaluator:
    """`sign_zero`: what Sign makes of 0 behind the first quantiser (None: 0, as ONNX)."""

    def __init__(self, model: onnx.ModelProto, sign_zero: int | None = None, batch: int = 1) -> None:
        self.model, self.sign_zero, self.batch = model, sign_zero, batch
        self.opset = next(o.version for o in model.opset_import if o.domain == "")
        self.constants: dict[str, Tensor] = {}
        for tensor in model.graph.initializer:
            self.constants[tensor.name] = self.constant(numpy_helper.to_array(tensor))
        for tensor in model.graph.sparse_initializer:
            self.constants[tensor.values.name] = self.constant(dense(tensor))
        self.order = list(model.graph.node)
        self.fold()

    @staticmethod
    def constant(array: np.ndarray) -> Tensor:
        array = np.asarray(array)
        return Tensor(array, fractions(array)) if array.dtype.kind == "f" else Tensor(array)

    def fold(self) -> None:
        """Evaluates once what no input reaches."""
        self.folding, left = True, []
        for node in self.order:
            if all(not name or name in self.constants for name in node.input):
                self.constants.update(self.run_node(node, self.constants))
            else:
                left.append(node)
        self.order, self.folding = left, False

    def run(self, window: np.ndarray) -> list[Tensor]:
        values = dict(self.constants)
        values[self.model.graph.input[0].name] = Tensor(window)
        if self.whole_input:
            values[self.model.graph.input[0].name] = Tensor(window, fractions(window))
        for node in self.order:
            values.update(self.run_node(node, values))
        return [values[o.name] for o in self.model.graph.output]

    whole_input = False  # --input-type: the input is exact from the start

    def run_node(self, node: onnx.NodeProto, values: dict[str, Tensor]) -> dict[str, Tensor]:
        import exact_layers  # these import what stands here
        import exact_ops

        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        operands = [values[name] if name else None for name in node.input]
        function = exact_ops.TABLE.get(node.op_type) or exact_layers.TABLE.get(node.op_type)
        if function is None:
            raise Unsupported(node.op_type)
        results = function(Call(self, node.op_type, operands, attributes))
        results = results if isinstance(results, list) else [results]
        return {name: value for name, value in zip(node.output, results, strict=False) if name}


class Call:
    """One node's operands and attributes."""

    def __init__(self, evaluator: Evaluator, op: str, operands: list, attributes: dict) -> None:
        self.evaluator, self.op, self.operands, self.attributes = evaluator, op, operands, attributes
        self.opset = evaluator.opset

    def __getitem__(self, i: int) -> Tensor:
        return self.operands[i]

    def has(self, i: int) -> bool:
        return i < len(self.operands) and self.operands[i] is not None

    def get(self, name: str, default: object = None) -> object:
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def axes_or(self, name: str, i: int, since: int) -> list[int] | None:
        """A list that became an input in operator set `since`."""
        if self.opset >= since:
            return self[i].ints() if self.has(i) else None
        return self.attributes.get(name)

    @property
    def constant(self) -> bool:
        """All float operands are constants: the result is kept in both forms."""
        return all(t is None or t.native is not None for t in self.operands)

    @property
    def raw(self) -> bool:
        """Some operand is a float before the first quantiser, and no other is an exact number without a native form."""
        return any(t is not None and t.raw for t in self.operands) and self.constant


DTYPES = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.FLOAT16: np.float16,
    TensorProto.INT8: np.int8,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT16: np.int16,
    TensorProto.UINT16: np.uint16,
    TensorProto.INT32: np.int32,
    TensorProto.UINT32: np.uint32,
    TensorProto.INT64: np.int64,
    TensorProto.UINT64: np.uint64,
    TensorProto.BOOL: np.bool_,
}
