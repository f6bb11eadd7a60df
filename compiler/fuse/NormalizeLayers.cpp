// Canonical forms of layers: two kernel axes, dense layers as convolutions.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"

using llvm::ArrayRef;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::SmallVector;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {
namespace {

// One number for each position axis -> one for H and one for W.
SmallVector<int64_t> twoAxes(ArrayRef<int64_t> values, ArrayRef<int> axes,
                             int64_t absent) {
  SmallVector<int64_t> result(2, absent);
  for (auto [k, axis] : llvm::enumerate(axes))
    if (k < values.size())
      result[axis - 1] = values[k];
  return result;
}

// ONNX's begins..., ends... -> top, left, bottom, right
SmallVector<int64_t> fourPads(ArrayRef<int64_t> pads, ArrayRef<int> axes) {
  SmallVector<int64_t> result(4, 0);
  for (auto [k, axis] : llvm::enumerate(axes))
    if (!pads.empty()) {
      result[axis - 1] = pads[k];
      result[axis + 1] = pads[axes.size() + k];
    }
  return result;
}

bool allOnes(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

} // namespace

LogicalResult Normalizer::rewriteConv(Operation *op) {
  Value data = op->getOperand(0), weight = op->getOperand(1);
  if (!maps.count(data) || !constants.contains(weight))
    return op->emitOpError("must have constant weights, but found computed "
                           "ones; fold them at export");
  auto shape = tensorType(weight).getShape();
  size_t axes = shape.size() - 2;
  if (axes < 1 || axes > 2)
    return op->emitOpError("must have one or two kernel axes, but found ")
           << axes << "; use Conv1d or Conv2d";
  if (intOf(op, "group", 1) != 1)
    return op->emitOpError("must have one group, but found ")
           << intOf(op, "group", 1) << "; grouped convolutions are not "
           << "supported yet";
  auto placed = place(op, data);
  if (failed(placed))
    return failure();
  mlir::Location loc = op->getLoc();
  auto type = tensorType(weight);
  auto kernel = twoAxes(shape.drop_front(2), placed->axes, 1);
  if (axes == 2 && placed->axes[0] == 2 && kernel[0] != 1 && kernel[1] != 1)
    weight = createOnnx(
        builder, loc, "Transpose",
        type.clone({shape[0], shape[1], kernel[0], kernel[1]}), weight,
        builder.getNamedAttr("perm",
                             builder.getDenseI64ArrayAttr({0, 1, 3, 2})));
  else
    weight = reshaped(loc, weight, {shape[0], shape[1], kernel[0], kernel[1]});
  SmallVector<Value> operands = {placed->map, weight};
  if (op->getNumOperands() > 2 &&
      llvm::isa<RankedTensorType>(op->getOperand(2).getType()))
    operands.push_back(op->getOperand(2));
  SmallVector<mlir::NamedAttribute> attrs = {
      builder.getNamedAttr("strides",
                           builder.getDenseI64ArrayAttr(twoAxes(
                               intsOf(op, "strides"), placed->axes, 1))),
      builder.getNamedAttr("pads", builder.getDenseI64ArrayAttr(fourPads(
                                       intsOf(op, "pads"), placed->axes)))};
  if (!allOnes(intsOf(op, "dilations")))
    attrs.push_back(builder.getNamedAttr(
        "dilations", builder.getDenseI64ArrayAttr(twoAxes(
                         intsOf(op, "dilations"), placed->axes, 1))));
  return replaceWindow(op, *placed, "Conv", operands, attrs);
}

// x (R x K) * w (K x O), or w (O x K) * x (K x R): where x is one vector a
// dense layer, else a 1x1 convolution whose channels are the axis K.
LogicalResult Normalizer::rewriteMatMul(Operation *op) {
  bool left = maps.count(op->getOperand(0));
  Value data = op->getOperand(left ? 0 : 1),
        weight = op->getOperand(left ? 1 : 0);
  mlir::Location loc = op->getLoc();
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  Shape weightShape(tensorType(weight).getShape());
  if (maps.count(weight) || !constants.contains(weight))
    return op->emitOpError("must multiply computed values by constant weights, "
                           "but found two computed operands, ")
           << shapeText(shape) << " and "
           << shapeText(onnxTypeOf(weight).getShape())
           << "; only constant weights can be binary";
  int64_t rank = int64_t(shape.size());
  int64_t axis = left ? rank - 1 : std::max<int64_t>(rank - 2, 0);
  while (weightShape.size() > 2 && weightShape.front() == 1)
    weightShape.erase(weightShape.begin());
  int64_t depth = shape[axis], rows = elementCount(shape) / depth;
  int64_t outputs = elementCount(weightShape) / depth;
  bool oneMatrix = weightShape.size() <= 2 &&
                   (left || elementCount(shape.take_front(axis)) == 1);
  if (!oneMatrix)
    return op->emitOpError("must multiply by one matrix of weights, but found ")
           << shapeText(weightShape) << " for data of " << shapeText(shape)
           << "; use one matrix for all positions";

  // Weights as outputs x depth, on a dense layer in the order of the map.
  mlir::Type element = tensorType(weight).getElementType();
  weight = reshaped(loc, weight, weightShape);
  if (left && weightShape.size() == 2)
    weight = createOnnx(
        builder, loc, "Transpose",
        RankedTensorType::get({outputs, depth}, element), weight,
        builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr({1, 0})));
  Order order = orderOf(data);
  bool dense = rows == 1;
  if (dense && !order.isIdentity()) {
    Indices places(depth), from;
    for (int64_t k = 0; k < depth; ++k)
      places[order.at(k)] = int32_t(k);
    for (int64_t o = 0; o < outputs; ++o)
      for (int32_t k : places)
        from.push_back(int32_t(o * depth + k));
    weight = pick(loc, weight, std::move(from), {outputs, depth});
  }
  weight = reshaped(loc, weight, {outputs, depth, 1, 1});

  // Positions, and where in the map each row is.
  Indices rowPlaces(rows);
  std::iota(rowPlaces.begin(), rowPlaces.end(), 0);
  Value map = maps.lookup(data);
  if (dense) {
    map = reshaped(loc, map, {depth, 1, 1});
  } else if (hasChannels(data, axis)) {
    for (int64_t r = 0; r < rows; ++r)
      rowPlaces[r] = int32_t(order.at(left ? r * depth : r) % rows);
  } else {
    Indices wanted = walk({depth, rows}, left ? ArrayRef<int64_t>{1, depth}
                                              : ArrayRef<int64_t>{rows, 1});
    map = arrange(op, data, wanted, {depth, 1, rows});
  }
  auto dims = tensorType(map).getShape();
  auto type = RankedTensorType::get(
      {outputs, dims[1], dims[2]},
      tensorType(op->getResult(0)).getElementType());
  Value conv = createOnnx(
      builder, loc, "Conv", type, {map, weight},
      {builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr({1, 1})),
       builder.getNamedAttr("pads",
                            builder.getDenseI64ArrayAttr({0, 0, 0, 0}))});
  Indices places(outputs * rows);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < outputs; ++o)
      places[left ? r * outputs + o : o * rows + r] =
          int32_t(o * rows + rowPlaces[r]);
  return replace(op, conv, Order(std::move(places)));
}

LogicalResult Normalizer::rewritePool(Operation *op) {
  auto kernel = intsOf(op, "kernel_shape");
  size_t axes = kernel.size();
  if (axes < 1 || axes > 2)
    return op->emitOpError("must have one or two kernel axes, but found ")
           << axes << "; use MaxPool1d or MaxPool2d";
  if (!allOnes(intsOf(op, "dilations")))
    return op->emitOpError("must have dilations of 1, but found [")
           << intsOf(op, "dilations") << "]; pool without dilation";
  auto placed = place(op, op->getOperand(0));
  if (failed(placed))
    return failure();
  auto window = twoAxes(kernel, placed->axes, 1);
  auto dims = tensorType(placed->map).getShape();
  auto pads = fourPads(intsOf(op, "pads"), placed->axes);
  auto strides = twoAxes(intsOf(op, "strides"), placed->axes, 1);
  // Rounding the output size up adds columns that the pads must give.
  auto result = tensorType(op->getResult(0));
  for (auto [k, axis] : llvm::enumerate(placed->axes)) {
    int64_t needed =
        (result.getDimSize(int64_t(k) + 2) - 1) * strides[axis - 1] +
        window[axis - 1] - pads[axis - 1] - dims[axis];
    pads[axis + 1] = std::max(pads[axis + 1], needed);
  }
  bool isAverage = opType(op) == "AveragePool";
  bool countsPads = isAverage && intOf(op, "count_include_pad", 0) != 0;
  SmallVector<mlir::NamedAttribute> attrs = {
      builder.getNamedAttr("kernel_shape",
                           builder.getDenseI64ArrayAttr(window)),
      builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(strides)),
      builder.getNamedAttr("pads", builder.getDenseI64ArrayAttr(pads))};
  if (!isAverage)
    return replaceWindow(op, *placed, "MaxPool", placed->map, attrs);
  // One window over all positions is a mean, but for pads that count.
  bool isWhole = elementCount(result.getShape().drop_front(2)) == 1;
  for (int axis : {0, 1})
    isWhole &= window[axis] - pads[axis] >= dims[axis + 1];
  if (isWhole && !countsPads)
    return replaceWindow(op, *placed, "ReduceMean", placed->map, {});
  if (isWhole) {
    Value sum =
        createOnnx(builder, op->getLoc(), "ReduceSum",
                   result.clone({dims[0], 1, 1}), placed->map);
    return replaceWindow(op, *placed, "Div",
                         {sum, createScalar(builder, op->getLoc(),
                                            double(window[0] * window[1]))},
                         {});
  }
  attrs.push_back(builder.getNamedAttr("count_include_pad",
                                       builder.getBoolAttr(countsPads)));
  return replaceWindow(op, *placed, "AveragePool", placed->map, attrs);
}

} // namespace bnncc
