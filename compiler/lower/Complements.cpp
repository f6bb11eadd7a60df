//===- Complements.cpp - Bits and their complements -----------------------===//
//
// See Complements.h.
//
//===----------------------------------------------------------------------===//

#include "Complements.h"

#include "llvm/ADT/SmallPtrSet.h"

namespace bnncc::lower {

using mlir::DenseElementsAttr;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

llvm::ArrayRef<int64_t> weightShape(bnn::ConvOp conv) {
  return mlir::cast<mlir::ShapedType>(conv.getWeight().getType()).getShape();
}

Producer producerOf(Value bits) {
  Producer p;
  p.bitPool = bits.getDefiningOp<bnn::MaxPoolOp>();
  if (p.bitPool)
    bits = p.bitPool.getInput();
  p.threshold = bits.getDefiningOp<bnn::ThresholdOp>();
  if (!p.threshold || !bits.hasOneUse())
    return {};
  Value integers = p.threshold.getInput();
  Operation *op = integers.getDefiningOp();
  if (mlir::isa_and_nonnull<bnn::MaxPoolOp, bnn::SumOp>(op)) {
    p.between = op;
    integers = op->getOperand(0);
  }
  p.conv = integers.getDefiningOp<bnn::ConvOp>();
  return p;
}

void setWeights(bnn::ConvOp conv, llvm::ArrayRef<int64_t> shape,
                const std::vector<int8_t> &weights) {
  auto type = RankedTensorType::get(
      shape, mlir::IntegerType::get(conv.getContext(), 8));
  conv.setWeightAttr(DenseElementsAttr::get(type, llvm::ArrayRef(weights)));
}

void setThreshold(bnn::ThresholdOp op, const std::vector<int32_t> &points,
                  const std::vector<bool> &first) {
  mlir::Builder builder(op.getContext());
  auto channels = int64_t(first.size());
  llvm::SmallVector<bool> bits(first.begin(), first.end());
  op.setPointsAttr(DenseElementsAttr::get(
      RankedTensorType::get({channels, int64_t(points.size()) / channels},
                            builder.getI32Type()),
      llvm::ArrayRef(points)));
  op.setFirstAttr(DenseElementsAttr::get(
      RankedTensorType::get({channels}, builder.getI1Type()),
      llvm::ArrayRef(bits)));
}

/// Gives `value` another number of channels.
static void setChannels(Value value, int64_t channels) {
  llvm::SmallVector<int64_t> shape(mapTypeOf(value).getShape());
  shape[0] = channels;
  value.setType(
      RankedTensorType::get(shape, mapTypeOf(value).getElementType()));
}

bool hoistPool(Producer &p) {
  if (p.threshold.isPerElement())
    return false;
  auto points = valuesOf<int32_t>(p.threshold.getPoints());
  auto first = valuesOf<bool>(p.threshold.getFirst());
  size_t channels = first.size(), width = points.size() / channels;
  for (size_t c = 0; c < channels; ++c)
    for (size_t j = 1; j < width; ++j)
      if (points[c * width + j] != bnn::unusedPoint)
        return false;
  if (p.between)
    return false;
  auto weights = valuesOf<int8_t>(p.conv.getWeight());
  size_t taps = weights.size() / channels;
  for (size_t c = 0; c < channels; ++c) {
    int32_t &point = points[c * width];
    if (!first[c] || point == bnn::unusedPoint)
      continue;
    point = 1 - point;
    first[c] = false;
    for (size_t i = c * taps; i < (c + 1) * taps; ++i)
      weights[i] = int8_t(-weights[i]);
  }
  setWeights(p.conv, weightShape(p.conv), weights);
  setThreshold(p.threshold, points, first);
  Value bits = p.bitPool.getOutput(), integers = p.conv.getOutput();
  auto shape = mapTypeOf(bits).getShape();
  mlir::OpBuilder builder(p.threshold);
  auto pool = bnn::MaxPoolOp::create(
      builder, p.bitPool.getLoc(),
      RankedTensorType::get(shape, mapTypeOf(integers).getElementType()),
      integers, p.bitPool.getKernel(), p.bitPool.getStrides(),
      p.bitPool.getPads());
  p.threshold.getInputMutable().assign(pool.getOutput());
  p.threshold.getOutput().setType(mlir::cast<RankedTensorType>(bits.getType()));
  bits.replaceAllUsesWith(p.threshold.getOutput());
  p.bitPool.erase();
  p.bitPool = nullptr;
  p.between = pool;
  return true;
}

void addComplements(Producer &p) {
  auto weights = valuesOf<int8_t>(p.conv.getWeight());
  auto points = valuesOf<int32_t>(p.threshold.getPoints());
  auto first = valuesOf<bool>(p.threshold.getFirst());
  llvm::SmallVector<int64_t> shape(weightShape(p.conv));
  auto twice = [](auto &list) {
    auto copy = list;
    list.insert(list.end(), copy.begin(), copy.end());
  };
  size_t channels = first.size();
  twice(weights), twice(points), twice(first);
  for (size_t c = channels; c < first.size(); ++c)
    first[c] = !first[c];
  shape[0] *= 2;
  setWeights(p.conv, shape, weights);
  setChannels(p.conv.getOutput(), shape[0]);
  if (p.between)
    setChannels(p.between->getResult(0), shape[0]);
  setThreshold(p.threshold, points, first);
  p.threshold.setMirrored(true);
  setChannels(p.threshold.getOutput(), shape[0]);
}

bool isFromHost(Value bits) {
  llvm::SmallPtrSet<Operation *, 16> seen;
  llvm::SmallVector<Value> work = {bits};
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (mlir::isa<bnn::ConvOp>(op))
      return false;
    work.append(op->operand_begin(), op->operand_end());
  }
  return true;
}

} // namespace bnncc::lower
