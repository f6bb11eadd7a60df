// Canonical forms of layers: two kernel axes, dense layers as convolutions.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"

using llvm::ArrayRef;
using llvm::failure;
using llvm::LogicalResult;
using llvm::SmallVector;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {
namespace {

// One number for each axis -> two: a 1-D axis becomes the second, after
// `first`.
SmallVector<int64_t> twoAxes(ArrayRef<int64_t> values, size_t axes,
                             int64_t first) {
  SmallVector<int64_t> result(values);
  result.resize(axes, first);
  if (axes == 1)
    result.insert(result.begin(), first);
  return result;
}

// ONNX's begins..., ends... -> top, left, bottom, right
SmallVector<int64_t> fourPads(ArrayRef<int64_t> pads, size_t axes) {
  if (pads.empty())
    return {0, 0, 0, 0};
  if (axes == 1)
    return {0, pads[0], 0, pads[1]};
  return SmallVector<int64_t>(pads);
}

bool allOnes(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

} // namespace

LogicalResult Normalizer::rewriteConv(Operation *op) {
  Value weight = op->getOperand(1);
  if (!isConstant(weight))
    return op->emitOpError("must have constant weights, but found computed "
                           "ones");
  auto shape = tensorType(weight).getShape();
  size_t axes = shape.size() - 2;
  if (axes < 1 || axes > 2)
    return op->emitOpError("must have one or two kernel axes, but found ")
           << axes;
  if (!allOnes(intsOf(op, "dilations")))
    return op->emitOpError("must have dilations of 1, but found [")
           << intsOf(op, "dilations") << "]; train it without dilation";
  if (intOf(op, "group", 1) != 1)
    return op->emitOpError("must have one group, but found ")
           << intOf(op, "group", 1) << "; grouped convolutions are not "
           << "supported yet";
  if (axes == 1) {
    auto type = RankedTensorType::get({shape[0], shape[1], 1, shape[2]},
                                      tensorType(weight).getElementType());
    weight = createOnnx(builder, op->getLoc(), "Reshape", type, weight);
  }
  SmallVector<Value> operands = {maps.lookup(op->getOperand(0)), weight};
  if (op->getNumOperands() > 2 &&
      llvm::isa<RankedTensorType>(op->getOperand(2).getType()))
    operands.push_back(op->getOperand(2));
  return replace(
      op, "Conv", operands,
      {builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(twoAxes(
                                           intsOf(op, "strides"), axes, 1))),
       builder.getNamedAttr("pads", builder.getDenseI64ArrayAttr(
                                        fourPads(intsOf(op, "pads"), axes)))});
}

// x (1 x K) * w (K x O) -> a 1x1 convolution of K channels
LogicalResult Normalizer::rewriteMatMul(Operation *op) {
  Value data = op->getOperand(0), weight = op->getOperand(1);
  mlir::Location loc = op->getLoc();
  if (!maps.count(data) || !isConstant(weight))
    return op->emitOpError("must multiply a computed vector by constant "
                           "weights, but found ")
           << data.getType() << " and " << weight.getType();
  auto shape = tensorType(weight).getShape();
  int64_t count = tensorType(maps.lookup(data)).getNumElements();
  if (shape.size() != 2 || count != shape[0])
    return op->emitOpError("must multiply one vector of ")
           << shape.front() << " values, but found " << onnxTypeOf(data)
           << "; flatten the map first";
  mlir::Type element = tensorType(weight).getElementType();
  weight = createOnnx(
      builder, loc, "Transpose",
      RankedTensorType::get({shape[1], shape[0]}, element), weight,
      builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({1, 0})));
  weight = createOnnx(
      builder, loc, "Reshape",
      RankedTensorType::get({shape[1], shape[0], 1, 1}, element), weight);
  mlir::Type dataElement = tensorType(maps.lookup(data)).getElementType();
  data = reshaped(loc, maps.lookup(data),
                  RankedTensorType::get({shape[0], 1, 1}, dataElement));
  auto type = RankedTensorType::get(
      {shape[1], 1, 1}, tensorType(op->getResult(0)).getElementType());
  Value conv = createOnnx(
      builder, loc, "Conv", type, {data, weight},
      {builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr({1, 1})),
       builder.getNamedAttr("pads",
                            builder.getDenseI64ArrayAttr({0, 0, 0, 0}))});
  return replace(op, conv);
}

LogicalResult Normalizer::rewritePool(Operation *op) {
  Value map = maps.lookup(op->getOperand(0));
  auto kernel = intsOf(op, "kernel_shape");
  size_t axes = kernel.size();
  if (axes < 1 || axes > 2)
    return op->emitOpError("must have one or two kernel axes, but found ")
           << axes;
  if (!allOnes(intsOf(op, "dilations")))
    return op->emitOpError("must have dilations of 1, but found [")
           << intsOf(op, "dilations") << "]";
  auto window = twoAxes(kernel, axes, 1);
  if (opType(op) == "AveragePool") {
    auto shape = tensorType(map).getShape();
    if (window[0] != shape[1] || window[1] != shape[2])
      return op->emitOpError("must average all positions, but found kernel [")
             << window << "] on " << map.getType()
             << "; use max pooling or a global average";
    if (llvm::any_of(intsOf(op, "pads"), [](int64_t n) { return n != 0; }))
      return op->emitOpError("must average without pads, but found [")
             << intsOf(op, "pads") << "]";
    return replace(op, "ReduceMean", map);
  }
  auto pads = fourPads(intsOf(op, "pads"), axes);
  // Rounding the output size up adds columns that the pads must give.
  if (auto type = mapOf(tensorType(op->getResult(0)), op->getLoc())) {
    auto strides = twoAxes(intsOf(op, "strides"), axes, 1);
    for (int axis : {0, 1}) {
      int64_t needed = (type->getDimSize(axis + 1) - 1) * strides[axis] +
                       window[axis] - pads[axis] -
                       tensorType(map).getDimSize(axis + 1);
      pads[axis + 2] = std::max(pads[axis + 2], needed);
    }
  }
  return replace(
      op, "MaxPool", map,
      {builder.getNamedAttr("kernel_shape",
                            builder.getDenseI64ArrayAttr(window)),
       builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(twoAxes(
                                           intsOf(op, "strides"), axes, 1))),
       builder.getNamedAttr("pads", builder.getDenseI64ArrayAttr(pads))});
}

LogicalResult Normalizer::rewritePad(Operation *op) {
  auto pads = intsOf(op, "pads");
  size_t rank = pads.size() / 2;
  size_t axes = rank < 2 ? 0 : rank - 2;
  auto mode = op->getAttrOfType<mlir::StringAttr>("mode");
  bool onPositions = axes >= 1 && axes <= 2 &&
                     llvm::all_of(llvm::seq<size_t>(0, 2), [&](size_t i) {
                       return pads[i] == 0 && pads[rank + i] == 0;
                     });
  if (!onPositions || (mode && mode.getValue() != "constant"))
    return op->emitOpError("must pad positions by a constant, but found pads "
                           "[")
           << pads << "]";
  SmallVector<int64_t> sides;
  sides.append(pads.begin() + 2, pads.begin() + rank);
  sides.append(pads.begin() + rank + 2, pads.end());
  mlir::Attribute value = op->getAttr("value");
  double number = 0;
  if (auto real = llvm::dyn_cast_or_null<mlir::FloatAttr>(value))
    number = real.getValueAsDouble();
  else if (auto integer = llvm::dyn_cast_or_null<mlir::IntegerAttr>(value))
    number = integer.getType().isUnsignedInteger()
                 ? double(integer.getUInt())
                 : double(integer.getValue().getSExtValue());
  return replace(
      op, "Pad", maps.lookup(op->getOperand(0)),
      {builder.getNamedAttr(
           "pads", builder.getDenseI64ArrayAttr(fourPads(sides, axes))),
       builder.getNamedAttr("value", builder.getF64FloatAttr(number))});
}

// A reduction must take all positions and nothing else.
LogicalResult Normalizer::rewriteReduction(Operation *op) {
  Value map = maps.lookup(op->getOperand(0));
  auto shape = onnxTypeOf(op->getOperand(0)).getShape();
  auto axes = intsOf(op, "axes");
  int64_t taken = 1;
  for (int64_t axis : axes) {
    axis = axis < 0 ? axis + int64_t(shape.size()) : axis;
    if (axis < 2 && shape[axis] != 1)
      return op->emitOpError("must reduce positions, but found axis ") << axis;
    taken *= shape[axis];
  }
  auto type = tensorType(map);
  if (taken != type.getDimSize(1) * type.getDimSize(2))
    return op->emitOpError("must reduce all positions, but found axes [")
           << axes << "] of " << onnxTypeOf(op->getOperand(0));
  auto result =
      RankedTensorType::get({type.getDimSize(0), 1, 1}, type.getElementType());
  return replace(op,
                 createOnnx(builder, op->getLoc(), opType(op), result, map));
}

LogicalResult Normalizer::rewriteClassifier(Operation *op) {
  Value map = maps.lookup(op->getOperand(0));
  int64_t rank = onnxTypeOf(op->getOperand(0)).getRank();
  int64_t axis = intOf(op, "axis", opType(op) == "ArgMax" ? 0 : -1);
  axis = axis < 0 ? axis + rank : axis;
  if (axis != (rank > 1 ? 1 : 0))
    return op->emitOpError("must run over channels, but found axis ") << axis;
  if (opType(op) != "ArgMax")
    return replace(op, opType(op), map);
  if (intOf(op, "select_last_index", 0) != 0)
    return op->emitOpError("must give the first of equal maxima, but found "
                           "select_last_index = 1");
  auto type = tensorType(map);
  auto result = RankedTensorType::get(
      {1, type.getDimSize(1), type.getDimSize(2)}, builder.getI64Type());
  return replace(op, createOnnx(builder, op->getLoc(), "ArgMax", result, map));
}

} // namespace bnncc
