// Canonical forms of what runs over axes: reductions, softmax, argmax.

#include "fuse/Graph.h"
#include "fuse/Normalizer.h"

using llvm::ArrayRef;
using llvm::LogicalResult;
using mlir::Operation;
using mlir::Value;

namespace bnncc {

// One of two axes of positions: a pool as long as that axis.
std::optional<LogicalResult> Normalizer::rewriteReductionOfRows(Operation *op) {
  Value data = op->getOperand(0);
  llvm::StringRef name = opType(op);
  auto along = alongAxes(data);
  if (!along || name == "ReduceMin")
    return std::nullopt;
  int pooled = 0;
  for (int64_t axis : intsOf(op, "axes")) {
    int own = (*along)[axis < 0 ? axis + int64_t(along->size()) : axis];
    if (own == 0 || (own > 0 && pooled > 0))
      return std::nullopt;
    pooled = std::max(pooled, own);
  }
  Shape dims(dimsOf(data)), window = {1, 1}, ones = {1, 1}, none(4, 0);
  if (pooled == 0)
    return std::nullopt;
  window[pooled - 1] = std::exchange(dims[pooled], 1);
  auto result = tensorType(op->getResult(0));
  Value map = createOnnx(
      builder, op->getLoc(), name == "ReduceMax" ? "MaxPool" : "AveragePool",
      result.clone(dims), maps.lookup(data),
      {builder.getNamedAttr("kernel_shape",
                            builder.getDenseI64ArrayAttr(window)),
       builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(ones)),
       builder.getNamedAttr("pads", builder.getDenseI64ArrayAttr(none))});
  if (name == "ReduceSum")
    map = createOnnx(builder, op->getLoc(), "Mul", map.getType(),
                     {map, createScalar(builder, op->getLoc(),
                                        double(window[0] * window[1]))});
  // The kept axes in ONNX's order, with the steps that they have in the map.
  Shape mapSteps = stepsOf(dims), sizes, steps;
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  for (size_t k = 0; k < shape.size(); ++k)
    if ((*along)[k] >= 0 && (*along)[k] != pooled) {
      sizes.push_back(shape[k]);
      steps.push_back(mapSteps[(*along)[k]]);
    }
  return replace(op, map, Order(walk(sizes, steps)));
}

// The positions of every channel; other axes become positions by a Pick.
LogicalResult Normalizer::rewriteReduction(Operation *op) {
  Value data = op->getOperand(0), map = maps.lookup(data);
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  Shape steps = stepsOf(shape), kept, keptSteps, reduced, reducedSteps;
  for (size_t k = 0; k < shape.size(); ++k) {
    bool isReduced = llvm::is_contained(intsOf(op, "axes"), int64_t(k)) ||
                     llvm::is_contained(intsOf(op, "axes"),
                                        int64_t(k) - int64_t(shape.size()));
    (isReduced ? reduced : kept).push_back(shape[k]);
    (isReduced ? reducedSteps : keptSteps).push_back(steps[k]);
  }
  int64_t channels = elementCount(kept), count = elementCount(reduced);
  if (count == 1)
    return replace(op, map);
  Indices results = walk(kept, keptSteps), members = walk(reduced, reducedSteps);

  // Where each result's elements are one channel of the map, nothing moves.
  Order order = orderOf(data);
  Indices places;
  bool perChannel = dimsOf(data)[0] == channels;
  for (size_t j = 0; perChannel && j < results.size(); ++j) {
    places.push_back(int32_t(order.at(results[j]) / count));
    for (int32_t member : members)
      perChannel &= order.at(results[j] + member) / count == places.back();
  }
  if (!perChannel)
    if (auto rows = rewriteReductionOfRows(op))
      return *rows;
  if (!perChannel) {
    Indices wanted;
    for (int32_t result : results)
      for (int32_t member : members)
        wanted.push_back(result + member);
    map = arrange(op, data, wanted, {channels, 1, count});
    places.clear();
  }
  auto type = tensorType(op->getResult(0)).clone({channels, 1, 1});
  return replace(op, createOnnx(builder, op->getLoc(), opType(op), type, map),
                 Order(std::move(places)));
}

// Softmax, ArgMax and ArgMin run over the channels of each position.
LogicalResult Normalizer::rewriteClassifier(Operation *op) {
  Value data = op->getOperand(0), map = maps.lookup(data);
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  int64_t rank = int64_t(shape.size());
  bool isPlace = opType(op).starts_with("Arg");
  int64_t axis = intOf(op, "axis", isPlace ? 0 : -1);
  axis = axis < 0 ? axis + rank : axis;
  Order order = orderOf(data);
  if (!hasChannels(data, axis)) {
    Shape perm = {axis};
    for (int64_t k = 0; k < rank; ++k)
      if (k != axis)
        perm.push_back(k);
    Indices wanted = transposed(shape, perm);
    map = arrange(op, data, wanted,
                  {shape[axis], 1, elementCount(shape) / shape[axis]});
    order = Order(inverse(wanted));
  }
  auto dims = tensorType(map).getShape();
  if (!isPlace)
    return replace(op,
                   createOnnx(builder, op->getLoc(), opType(op),
                              tensorType(op->getResult(0)).clone(dims), map),
                   std::move(order));
  // The result's elements are the positions, in the order of the other axes.
  Shape steps = stepsOf(shape), others, otherSteps;
  for (int64_t k = 0; k < rank; ++k)
    if (k != axis) {
      others.push_back(shape[k]);
      otherSteps.push_back(steps[k]);
    }
  Indices places = order.select(walk(others, otherSteps));
  for (int32_t &place : places)
    place = int32_t(place % (dims[1] * dims[2]));
  auto type = mlir::RankedTensorType::get({1, dims[1], dims[2]},
                                          builder.getI64Type());
  auto last = builder.getNamedAttr(
      "select_last_index",
      builder.getI64IntegerAttr(intOf(op, "select_last_index", 0)));
  return replace(
      op, createOnnx(builder, op->getLoc(), opType(op), type, map, last),
      Order(std::move(places)));
}

} // namespace bnncc
