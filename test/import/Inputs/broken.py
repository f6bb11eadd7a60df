"""Gives bnncc one broken model for each message of the importer: broken.py FOLDER BNNCC.

A case is the message, from its rule to its remedy, and the node that must bring it forth. Each must end in exit code 1
with one error line that holds file, node and message, and leave no program."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F, I64, I8, U8 = np.float32, np.int64, np.int8, np.uint8
QONNX, LAST = "qonnx.custom_op.general", "qonnx.custom_op.channels_last"
NODE = "node 'broken'"


def ints(*values: int) -> np.ndarray:
    return np.array(values, I64)


def full(*shape: int, value: float = 1) -> np.ndarray:
    return np.full(shape, value, F)


def graph(nodes: list, tensors: list, shape: tuple, more: tuple = (), dtype: int = TensorProto.FLOAT, outputs: tuple = ("y",)) -> onnx.GraphProto:
    return helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", dtype, shape), *more],
        [helper.make_tensor_value_info(name, 0, None) for name in outputs],
        tensors,
    )


def model(built: onnx.GraphProto, opset: int | None = 13, ir: int = 8, sets: tuple = ()) -> onnx.ModelProto:
    imports = [helper.make_opsetid("", opset)] if opset else []
    return helper.make_model(built, opset_imports=imports + [helper.make_opsetid(d, 1) for d in (QONNX, LAST, *sets)], ir_version=ir)


def node(op: str, *operands, shape: tuple = (1, 4, 8), opset: int = 13, domain: str = "", outputs: int = 1, used: int = 0, dtype: int = TensorProto.FLOAT, **attributes) -> onnx.ModelProto:
    """One node: operands are 'x', 'z' (a second input), None (absent) or arrays; output number `used` is the graph's."""
    names, tensors, more = [], [], ()
    for i, operand in enumerate(operands):
        if isinstance(operand, np.ndarray):
            names.append(f"t{i}")
            tensors.append(numpy_helper.from_array(operand, names[-1]))
        else:
            names.append(operand or "")
            more = (helper.make_tensor_value_info("z", dtype, shape),) if operand == "z" else more
    results = [f"y{i}" for i in range(outputs)]
    results[used] = "y"
    broken = helper.make_node(op, names, results, name="broken", domain=domain, **attributes)
    return model(graph([broken], tensors, shape, more, dtype), opset)


def attribute(**fields) -> onnx.ModelProto:
    """A node whose attribute has these fields."""
    broken = helper.make_node("Relu", ["x"], ["y"], name="broken")
    entry = broken.attribute.add(name=fields.pop("name", "a"))
    for name, value in fields.items():
        if isinstance(value, int | float | str):
            setattr(entry, name, value)
        else:
            getattr(entry, name).CopyFrom(value)
    return model(graph([broken], [], (1, 4, 8)))


def tensor(**fields) -> onnx.ModelProto:
    """A dense layer whose weights are such a tensor."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, **fields)
    return model(graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="broken")], [weights], (1, 4)))


def external(**entries: str) -> onnx.ModelProto:
    built = tensor(dims=[4, 4], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        built.graph.initializer[0].external_data.add(key=key, value=value)
    return built


def changed(change, **options) -> onnx.ModelProto:
    """A good model that `change` spoils."""
    built = model(graph([helper.make_node("Relu", ["x"], ["y"], name="broken")], [], (1, 4, 8)), **options)
    change(built)
    return built


def input_type(type_proto: onnx.TypeProto) -> onnx.ModelProto:
    return changed(lambda m: m.graph.input[0].type.CopyFrom(type_proto))


def segment() -> onnx.ModelProto:
    built = tensor(dims=[4, 4], raw_data=b"0" * 64)
    built.graph.initializer[0].segment.begin = 0
    return built


def sparse(dims: list, indices: np.ndarray, values: np.ndarray) -> onnx.ModelProto:
    """A dense layer whose weights list their elements."""
    built = tensor(dims=[4, 4], raw_data=b"0" * 64)
    built.graph.initializer.pop()
    weights = helper.make_sparse_tensor(numpy_helper.from_array(values, "w"), numpy_helper.from_array(indices), dims)
    built.graph.sparse_initializer.append(weights)
    return built


W = full(4, 4, 3)
CASES = [
    # Attributes.
    ("a value must have at most 64 axes, found 79; correct the shapes", node("Gather", full(*[1] * 40), np.zeros([1] * 40, I64))),
    ("auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, found 'no\\x00ne'; correct auto_pad", node("Conv", "x", full(2, 4, 3), auto_pad="no\0ne")),
    ("attribute 'axis' must be an integer, found another type; export the model again", node("Flatten", "x", axis=1.5)),
    ("attribute 'alpha' must be a float, found another type; export the model again", node("LeakyRelu", "x", alpha=2)),
    ("attribute 'auto_pad' must be a string, found another type; export the model again", node("Conv", "x", W, auto_pad=1)),
    ("attribute 'strides' must be a list of integers, found another type; export the model again", node("Conv", "x", W, strides=2)),
    ("attribute 'a' must not be a subgraph, found one; export by tracing, with fixed conditions", attribute(type=5, g=onnx.GraphProto(name="inner"))),
    ("attribute 'a' must be numbers, strings or dense tensors, found type 11; export the model again", attribute(type=11)),
    ("attribute 'a' must be finite, found NaN or infinity; train or export again", attribute(type=1, f=float("nan"))),
    ("attribute 'a' must have a value, found a reference to a function's attribute; inline the function", attribute(ref_attr_name="b")),
    ("attribute 'a' does not hold a good tensor: a tensor's data must fill its shape, found", attribute(type=4, t=TensorProto(data_type=1, dims=[100]))),
    ("an attribute must have a name of its own, found ''; export the model again", attribute(name="", type=2, i=1)),
    # Elementwise.
    ("Mod must have fmod = 0, found 1; compute it outside the model", node("Mod", "x", full(1), fmod=1)),
    ("every input must be there, found none at position 1; export the model again", node("Max", "x", None, full(1))),
    ("Dropout must be in inference mode, found training_mode; export with model.eval()", node("Dropout", "x", None, np.array(True))),
    ("Dropout must have one used output, found the mask in use; remove what uses it", node("Dropout", "x", outputs=2, used=1)),
    ("PRelu's slope must broadcast to the input, found 5 for 1x4x8; give it one value per channel", node("PRelu", "x", full(5))),
    ("Clip's min must be a scalar, found shape 2; use Min and Max", node("Clip", "x", full(2))),
    ("Where's condition must be bool, found another type; compare with a constant first", node("Where", "x", full(1), full(1))),
    ("operand shapes must broadcast, found 2, 3 and scalar; correct the shapes", node("Where", np.array([True, False]), full(3), np.array(1, F))),
    ("operand shapes must broadcast, found 1x4x8 and 5; correct the shapes", node("Add", "x", full(5))),
    ("operands must have one element type, found two; add a Cast", node("Add", "x", ints(1))),
    ("Cast must go to an integer, bool or float of 16, 32 or 64 bits, found STRING; remove the Cast", node("Cast", "x", to=TensorProto.STRING)),
    # Movement.
    ("perm must be a permutation of 3 axes, found 0x1x1; correct perm", node("Transpose", "x", perm=[0, 1, 1])),
    ("Slice must have starts and ends, found none; export the model again", node("Slice", "x", ints(0), None, ints(1))),
    ("starts, ends, axes and steps must have one length, found 1, 2, 1 and 1; export the model again", node("Slice", "x", ints(0), ints(1, 2))),
    ("a step must not be zero, found 0; correct steps", node("Slice", "x", ints(0), ints(1), ints(2), ints(0))),
    ("Pad's mode must be constant, found 'reflect'; pad with a constant", node("Pad", "x", ints(0, 0, 1, 0, 0, 1), mode="reflect")),
    ("Pad must have pads, found none; export the model again", node("Pad", "x", None, full(1))),
    ("pads must have two values per axis, found 2 for 3 axes; correct pads", node("Pad", "x", ints(1, 1))),
    ("Pad's value must be one constant, found another value; export the model again", node("Pad", "x", ints(0, 0, 1, 0, 0, 1), full(2))),
    ("pads must leave a map, found -5 and -5 on axis 2 of 1x4x8; correct pads", node("Pad", "x", ints(0, 0, -5, 0, 0, -5))),
    ("inputs must agree but for axis 1, found 1x4x8 and 1x4x7; correct the shapes", node("Concat", "x", full(1, 4, 7), axis=1)),
    ("split must give each output a part of axis 1, found 3x3 for 4; correct split", node("Split", "x", ints(3, 3), outputs=2, axis=1)),
    ("an index must lie in axis 1 of 4, found 9; correct the indices", node("Gather", "x", ints(9), axis=1)),
    ("blocksize must divide the map, found 3 for 1x4x8x8; correct blocksize", node("SpaceToDepth", "x", shape=(1, 4, 8, 8), blocksize=3)),
    ("SpaceToDepth's mode must be DCR, found another; use a Reshape and a Transpose", node("SpaceToDepth", "x", shape=(1, 4, 8, 8), blocksize=2, mode="CRD")),
    # Shapes and axes.
    ("axis must be in [-3, 2], found 5; correct the axis", node("Softmax", "x", axis=5)),
    ("axis must be in [-3, 3], found 5; correct the axis", node("Flatten", "x", axis=5)),
    ("axes must differ, found axis 1 twice; correct the axes", node("Unsqueeze", "x", ints(1, 1))),
    ("Reshape's shape must be constant, found a value computed from the data; export with static shapes", node("Reshape", "x", "z", dtype=TensorProto.INT64)),
    ("Reshape's shape must be integers, found another type; export the model again", node("Reshape", "x", full(2))),
    ("Reshape's shape must have at most one -1 and 2^33 elements, found -1x-1; correct the shape", node("Reshape", "x", ints(-1, -1))),
    ("Reshape must keep the number of elements, found 1x4x8 to 3x3; correct the shape, or export with batch size 1", node("Reshape", "x", ints(3, 3))),
    ("a squeezed axis must have size 1, found 4 on axis 1; correct axes", node("Squeeze", "x", ints(1))),
    ("Unsqueeze must have axes, found none; export the model again", node("Unsqueeze", "x")),
    ("a shape must have no negative axis and at most 2^30 elements, found -2; correct the shape", node("Expand", "x", ints(-2))),
    ("Expand's shape must broadcast with the input, found 5 for 1x4x8; correct the shape", node("Expand", "x", ints(5))),
    ("ConstantOfShape's value must have one element, found another; export the model again", node("ConstantOfShape", ints(2), value=numpy_helper.from_array(full(2)))),
    ("repeats must have one value per axis, found 1 for 1x4x8; correct repeats", node("Tile", "x", ints(2))),
    ("repeats must be at most 4096, found 5000; correct repeats", node("Tile", "x", ints(1, 5000, 1))),
    ("Range must have at most 2^24 values, found step 0; correct the bounds", node("Range", ints(0).reshape(()), ints(9).reshape(()), ints(0).reshape(()))),
    ("Constant must hold one number or tensor, found another value; export the model again", node("Constant", value_strings=["a"])),
    ("a value must have at most 2^33 elements, found shape", node("Add", full(1, 4, 1 << 12, 1), "x", shape=(1, 4, 1, 1 << 24))),
    # Windows.
    ("strides must have 1 values, found 2; correct strides", node("Conv", "x", W, strides=[1, 1])),
    ("strides must be at least 1, found 0; correct strides", node("Conv", "x", W, strides=[0])),
    ("auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, found 'SAME'; correct auto_pad", node("Conv", "x", W, auto_pad="SAME")),
    ("Conv must have N x C x spatial data and weights of the same rank, found 1x4x8 and 4x4; add the axes", node("Conv", "x", full(4, 4))),
    ("kernel_shape must be that of the weights, found 5 for 4x4x3; correct kernel_shape", node("Conv", "x", W, kernel_shape=[5])),
    ("Conv's bias must have one value per output channel, found 3 for 4; correct the bias", node("Conv", "x", W, full(3))),
    (
        "QLinearConv's bias must have one value per output channel, found 3; correct the bias",
        node("QLinearConv", "x", full(), np.array(0, I8), np.ones((4, 4, 3), I8), full(), np.array(0, I8), full(), np.array(0, I8), np.ones(3, np.int32), dtype=TensorProto.INT8),
    ),
    ("pooling must have N x C x spatial data, found 1x4; add the axes", node("GlobalAveragePool", "x", shape=(1, 4))),
    ("MaxPool must have one used output, found the indices in use; remove what uses them", node("MaxPool", "x", kernel_shape=[2], outputs=2, used=1)),
    (
        "AveragePool must not have both ceil_mode and count_include_pad, found both; pad with a Pad node",
        node("AveragePool", "x", kernel_shape=[4], strides=[2], pads=[1, 0], ceil_mode=1, count_include_pad=1),
    ),
    # Matrices and normalisation.
    ("a matrix product must have columns of the left as rows of the right, found 1x4x8 by 5x2; correct the shapes", node("MatMul", "x", full(5, 2))),
    ("Gemm must have matrices, found 1x4x8 and 8x2; use MatMul", node("Gemm", "x", full(8, 2))),
    ("Gemm's C must broadcast to the product, found 3 for 1x2; correct the bias", node("Gemm", "x", full(4, 2), full(3), shape=(1, 4))),
    (
        "QLinearMatMul must have matrices, found 4 and 4x2; add an axis",
        node("QLinearMatMul", "x", full(), np.array(0, I8), np.ones((4, 2), I8), full(), np.array(0, I8), full(), np.array(0, I8), shape=(4,), dtype=TensorProto.INT8),
    ),
    ("BatchNormalization must be in inference mode, found training_mode = 1; export with model.eval()", node("BatchNormalization", "x", full(4), full(4), full(4), full(4), opset=14, training_mode=1)),
    ("BatchNormalization must have one used output, found statistics in use; export with model.eval()", node("BatchNormalization", "x", full(4), full(4), full(4), full(4), outputs=2, used=1)),
    ("BatchNormalization must be per channel, found spatial = 0; export with opset 9 or newer", node("BatchNormalization", "x", full(4), full(4), full(4), full(4), opset=8, spatial=0)),
    ("BatchNormalization must have N x C data, found 4; add the batch axis", node("BatchNormalization", "x", full(4), full(4), full(4), full(4), shape=(4,))),
    ("BatchNormalization's mean must have one value per channel, found 3 for 4; correct it", node("BatchNormalization", "x", full(4), full(4), full(3), full(4))),
    ("variance + epsilon must be positive, found -0.999990 on channel 0; train or export again", node("BatchNormalization", "x", full(4), full(4), full(4), full(4, value=-1))),
    # Quantisers.
    ("a scale must not be zero, found 0 at element 0; train or export again", node("QuantizeLinear", "x", full(value=0), np.array(0, I8))),
    ("a scale must be one number, one per channel or one per block, found 3 for 1x4x8 on axis 1; correct the scale", node("QuantizeLinear", "x", full(3), np.zeros(3, I8), axis=1)),
    ("a zero point must have the scale's shape, found 3 for 4; correct the zero point", node("QuantizeLinear", "x", full(4), np.zeros(3, I8), axis=1)),
    ("block_size must not be negative, found -1; correct block_size", node("QuantizeLinear", "x", full(4), np.zeros(4, I8), axis=1, block_size=-1, opset=21)),
    ("a quantiser's result must be an integer and a dequantiser's a float, found UNDEFINED; quantise to an integer type", node("QuantizeLinear", "x", full(), np.array(0, F))),
    ("the scale must broadcast to the input, found 5 for 1x4x8; correct its shape", node("BipolarQuant", "x", full(5), domain=QONNX)),
    ("a bit width must be constant, found a computed value; export with fixed bit widths", node("Quant", "x", full(1), full(1, value=0), "z", domain=QONNX)),
    ("a bit width must be one whole number in 1..32, found 0.500000; quantise to 1..8 bits", node("Quant", "x", full(1), full(1, value=0), full(1, value=0.5), domain=QONNX)),
    ("rounding_mode must be ROUND, CEIL, FLOOR, UP, DOWN, HALF_UP or HALF_DOWN, found 'odd'; choose one of these", node("Quant", "x", full(1), full(1, value=0), full(1, value=4), domain=QONNX, rounding_mode="odd")),
    ("Trunc must be of version 1 with five inputs, found 6 inputs of version 1; export with QONNX opset 1", node("Trunc", "x", full(1), full(1), full(1), full(1), full(1), domain=QONNX)),
    ("MultiThreshold must have N x C data and channels x thresholds, found 1x4x8 and 3; correct the shapes", node("MultiThreshold", "x", full(3), domain=QONNX)),
    ("MultiThreshold must have one row of thresholds, or one per channel, found 3 for 8; correct the thresholds", node("MultiThreshold", "x", full(3, 1), domain=QONNX)),
    ("data_layout must name the axes of the data, found 'NHWC' for 1x4x8; correct data_layout", node("MultiThreshold", "x", full(4, 1), domain=QONNX, data_layout="NHWC")),
    ("XnorPopcountMatMul must multiply rows by a matrix, found 1x4x8 and 4x2; correct the shapes", node("XnorPopcountMatMul", "x", full(4, 2), domain=QONNX)),
    # FINN's forms and channels last.
    ("Im2Col must have N x H x W x C data, found 1x4x8; add the axes", node("Im2Col", "x", domain=QONNX, kernel_size=[1, 1])),
    ("kernel_size must have 2 numbers of at least 1, found 0x1; correct kernel_size", node("Im2Col", "x", shape=(1, 4, 8, 1), domain=QONNX, kernel_size=[0, 1])),
    ("pad_amount must have 4 numbers of at least 0, found 1x1; correct pad_amount", node("Im2Col", "x", shape=(1, 4, 8, 1), domain=QONNX, pad_amount=[1, 1])),
    ("MaxPoolNHWC must have N x H x W x C data, found 1x4x8; add the axes", node("MaxPoolNHWC", "x", domain=QONNX, kernel_shape=[2, 2])),
    ("data with channels last must have a batch axis and channels, found 4; correct the shape", node("MaxPool", "x", shape=(4,), domain=LAST, kernel_shape=[2])),
    # Reductions.
    ("a reduced axis must not be empty, found size 0 on axis 1; correct the shapes", node("ReduceMean", full(4, 0), axes=[1])),
    ("TopK must ask for one value, found k =", node("TopK", "x", ints(3), outputs=2)),
    # Operators of one spelling only.
    ("BitShift must have direction LEFT or RIGHT, found 'UP'; export the model again", node("BitShift", "x", np.array(1, U8), dtype=TensorProto.UINT8, direction="UP")),
    ("Gelu must have approximate = 'none' or 'tanh', found 'sine'; export with one of them", node("Gelu", "x", opset=20, approximate="sine")),
    ("ScatterND must set what a mask of the data's shape chooses to one number, found other places", node("ScatterND", "x", np.zeros((1, 3), I64), full(1))),
    ("ReduceProd must multiply at most 64 numbers of a constant, found 32 of a computed value", node("ReduceProd", "x")),
    # Operators and their number of inputs.
    ("the operator must be one that bnncc knows, found 'Gru'", node("Gru", "x")),
    ("control flow must be resolved before import, found 'Loop'; export by tracing, with fixed conditions", node("Loop", "x")),
    ("normalisation must use fixed statistics, found 'InstanceNormalization', which takes them from the data; train with BatchNormalization", node("InstanceNormalization", "x", full(4), full(4))),
    ("the operator must have 2 to 3 inputs, found 1; export the model again", node("Conv", "x")),
    ("the operator has no output 1, found 'y' in use; remove what uses it", node("Relu", "x", outputs=2, used=1)),
    # Tensors.
    ("initializer 'w': a tensor's axis must not be negative, found -4; export the model again", tensor(dims=[-4, 4], raw_data=b"0" * 64)),
    ("initializer 'w': a tensor's values must fit INT8, found 300; export the model again", changed(lambda m: (m.graph.initializer.append(TensorProto(name="w", data_type=TensorProto.INT8, dims=[1], int32_data=[300])), m.graph.node[0].CopyFrom(helper.make_node("Add", ["x", "w"], ["y"], name="broken"))))),
    ("initializer 'w': a tensor must be stored in one piece, found a segment; export the model again", segment()),
    ("initializer 'w': external data must name a file, found no location; keep the data file in the model's own folder", external()),
    ("initializer 'w': external data's offset must be a number, found 'a'; export the model again", external(location="d", offset="a")),
    ("initializer 'w': external data's length must be a number, found 'a'; export the model again", external(location="d", length="a")),
    ("initializer 'w': a sparse tensor must have at most 2^27 elements, found shape 16384x16384; store it densely", sparse([16384, 16384], ints(0), full(1))),
    ("initializer 'w': a sparse tensor must have an index of int64 for each of its 2 values, found 1; export the model again", sparse([4, 4], ints(0), full(2))),
    ("initializer 'w': a sparse tensor's indices must lie in its shape 4x4, found another for value 1; export the model again", sparse([4, 4], ints(15, 16), full(2))),
    ("initializer 'w': a sparse tensor's indices must lie in its shape 4x4, found another for value 0; export the model again", sparse([4, 4], np.array([[0, 4]]), full(1))),
    # The graph.
    ("an initializer must have a name of its own, found none; export the model again", changed(lambda m: m.graph.initializer.append(numpy_helper.from_array(full(1), "")))),
    ("an initializer must have a name of its own, found two of this name; export the model again", changed(lambda m: [m.graph.initializer.append(numpy_helper.from_array(full(1), "w")) for _ in range(2)])),
    ("the graph must have no cycle, found that this node needs its own result; export the model again", changed(lambda m: m.graph.node[0].input.__setitem__(0, "y"))),
    ("a graph must have an output, found none; export the model again", changed(lambda m: m.graph.output.pop())),
    ("graph output 'y': an output must be listed once, found it twice; export the model again", changed(lambda m: m.graph.output.append(m.graph.output[0]))),
    ("graph output 'q': an output must be defined, found no node that does; export the model again", changed(lambda m: setattr(m.graph.output[0], "name", "q"))),
    ("graph output 'y': an output must have its stated type, found another than INT8; export the model again", changed(lambda m: setattr(m.graph.output[0].type.tensor_type, "elem_type", TensorProto.INT8))),
    ("graph input 'x': an input must be a tensor, found another type; export with tensor inputs", input_type(helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [1])))),
    ("graph input 'x': an input must be an integer, bool or float of 16, 32 or 64 bits, found STRING; change its type", input_type(helper.make_tensor_type_proto(TensorProto.STRING, [1, 4]))),
    ("graph input 'x': an input must have a shape, found none; export with static shapes", input_type(helper.make_tensor_type_proto(TensorProto.FLOAT, None))),
    ("graph input 'x': an input must have at most 2^33 elements, found shape", input_type(helper.make_tensor_type_proto(TensorProto.FLOAT, [1, 1 << 20, 1 << 20]))),
    # The model.
    ("an operator set must be imported in one version, found 'ai.onnx' in 13 and 12; remove one of the two from opset_import", changed(lambda m: m.opset_import.append(helper.make_opsetid("", 12)))),
    ("a model must have no functions of its own, found 'f'; inline them with onnx.inliner", changed(lambda m: m.functions.add(name="f", domain="d"))),
    ("a model must import the operator set of its nodes, found none for ai.onnx; add it to opset_import", changed(lambda m: None, opset=None)),
]
FILES = [
    ("a model must not be empty, found 0 bytes; export it again", b""),
    ("the file must be an ONNX model, found other or cut data in 9 bytes; export or copy it again", b"not ONNX!"),
    ("the file must be an ONNX model with a graph, found none in 2 bytes; export or copy it again", b"\x08\x08"),
]


def main() -> int:
    folder, bnncc = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for i, (expected, content) in enumerate([(e, m.SerializeToString()) for e, m in CASES] + FILES):
        path, out = folder / f"{i}.onnx", folder / f"{i}.bnn"
        path.write_bytes(content)
        done = subprocess.run([bnncc, str(path), "-o", str(out)], capture_output=True, text=True, timeout=120)
        lines = done.stderr.splitlines()
        if done.returncode != 1 or len(lines) != 1 or not lines[0].startswith(f"error: {path}: ") or expected not in lines[0] or done.stdout or out.exists():
            wrong += 1
            print(f"case {i}: expected {expected!r}\n  exit code {done.returncode}: {done.stderr}")
    print(f"{len(CASES) + len(FILES)} broken models, {wrong} with another message")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
