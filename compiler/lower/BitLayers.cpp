//===- BitLayers.cpp - Layers that the compiler adds ----------------------===//
//
// See BitLayers.h.
//
//===----------------------------------------------------------------------===//

#include "BitLayers.h"

namespace bnncc::lower {

using mlir::DenseElementsAttr;
using mlir::Location;
using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::Value;

static RankedTensorType withChannels(Value value, int64_t channels,
                                     mlir::Type element) {
  llvm::SmallVector<int64_t> shape(mapTypeOf(value).getShape());
  shape[0] = channels;
  return RankedTensorType::get(shape, element);
}

static Value convOf(OpBuilder &builder, Location loc, Value bits,
                    RankedTensorType type, Numbers shape,
                    const std::vector<int8_t> &weights, Numbers strides,
                    Numbers pads) {
  bool bipolar = llvm::all_of(weights, [](int8_t w) { return w * w == 1; });
  return bnn::ConvOp::create(
      builder, loc, type, bits,
      DenseElementsAttr::get(RankedTensorType::get(shape, builder.getI8Type()),
                             llvm::ArrayRef(weights)),
      strides, pads, /*pad_value=*/-1, /*weight_bits=*/bipolar ? 1 : 2);
}

static bnn::ThresholdOp thresholdOf(OpBuilder &builder, Location loc,
                                    Value sums, llvm::ArrayRef<int32_t> points,
                                    llvm::ArrayRef<bool> first) {
  auto channels = int64_t(first.size());
  return bnn::ThresholdOp::create(
      builder, loc, withChannels(sums, channels, builder.getI1Type()), sums,
      DenseElementsAttr::get(
          RankedTensorType::get({channels, 1}, builder.getI32Type()), points),
      DenseElementsAttr::get(
          RankedTensorType::get({channels}, builder.getI1Type()), first),
      /*witnesses=*/mlir::IntegerAttr(), nullptr, nullptr);
}

/// Each channel's own window with weight 1.
static Value ownSums(OpBuilder &builder, Location loc, Value bits,
                     Numbers kernel, Numbers strides, Numbers pads) {
  int64_t channels = mapTypeOf(bits).getDimSize(0);
  int64_t taps = kernel[0] * kernel[1];
  std::vector<int8_t> weights(size_t(channels * channels * taps), 0);
  for (int64_t c = 0; c < channels; ++c)
    std::fill_n(weights.begin() + (c * channels + c) * taps, taps, int8_t(1));
  auto type = bnn::windowType(mapTypeOf(bits), channels, builder.getI32Type(),
                              kernel, strides, pads);
  return convOf(builder, loc, bits, type,
                {channels, channels, kernel[0], kernel[1]}, weights, strides,
                pads);
}

Value identitySums(OpBuilder &builder, Location loc, Value bits) {
  return ownSums(builder, loc, bits, {1, 1}, {1, 1}, {0, 0, 0, 0});
}

bnn::ThresholdOp orLayer(OpBuilder &builder, Location loc, Value bits,
                         Numbers kernel, Numbers strides, Numbers pads,
                         llvm::ArrayRef<bool> falls) {
  Value sums = ownSums(builder, loc, bits, kernel, strides, pads);
  std::vector<int32_t> points(falls.size(),
                              int32_t(2 - kernel[0] * kernel[1]));
  return thresholdOf(builder, loc, sums, points, falls);
}

int64_t pointsUsed(bnn::ThresholdOp threshold) {
  auto points = valuesOf<int32_t>(threshold.getPoints());
  int64_t channels = threshold.getFirst().getNumElements();
  int64_t width = int64_t(points.size()) / channels, used = 0;
  for (int64_t i = 0; i < int64_t(points.size()); ++i)
    if (points[size_t(i)] != bnn::unusedPoint)
      used = std::max(used, i % width + 1);
  return used;
}

bnn::ConvOp convBehind(Value integers) {
  mlir::Operation *op = integers.getDefiningOp();
  while (mlir::isa_and_nonnull<bnn::MaxPoolOp, bnn::SumOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return mlir::dyn_cast_or_null<bnn::ConvOp>(op);
}

/// Gives every channel of a convolution's (pooled, added) sums `times` times.
static void repeatChannels(Value integers, int64_t times) {
  bnn::ConvOp conv = convBehind(integers);
  llvm::SmallVector<int64_t> shape(weightShape(conv));
  auto weights = valuesOf<int8_t>(conv.getWeight());
  std::vector<int8_t> all;
  for (int64_t i = 0; i < times; ++i)
    all.insert(all.end(), weights.begin(), weights.end());
  shape[0] *= times;
  setWeights(conv, shape, all);
  for (Value value = integers;; value = value.getDefiningOp()->getOperand(0)) {
    value.setType(
        withChannels(value, shape[0], mapTypeOf(value).getElementType()));
    if (value.getDefiningOp() == conv)
      return;
  }
}

bnn::ThresholdOp separatePoints(OpBuilder &builder, bnn::ThresholdOp threshold,
                                int64_t used) {
  auto points = valuesOf<int32_t>(threshold.getPoints());
  int64_t channels = threshold.getFirst().getNumElements();
  int64_t width = int64_t(points.size()) / channels;
  if (used > 1)
    repeatChannels(threshold.getInput(), used);
  std::vector<int32_t> single;
  for (int64_t i = 0; i < used; ++i)
    for (int64_t c = 0; c < channels; ++c)
      single.push_back(i < width ? points[size_t(c * width + i)]
                                 : bnn::unusedPoint);
  llvm::SmallVector<bool> rises(single.size(), false);
  bnn::ThresholdOp parts = thresholdOf(builder, threshold.getLoc(),
                                       threshold.getInput(), single, rises);
  parts->setAttr(PartialBits, builder.getUnitAttr());
  parts.setWitnessesAttr(threshold.getWitnessesAttr());
  parts.setNearTiesAttr(threshold.getNearTiesAttr());
  parts.setFloatDiffersAttr(threshold.getFloatDiffersAttr());
  return parts;
}

bnn::ThresholdOp joinPoints(OpBuilder &builder, Location loc, Value bits,
                            int64_t used, llvm::ArrayRef<bool> first) {
  auto channels = int64_t(first.size()), all = used * channels;
  std::vector<int8_t> weights(size_t(channels * all), 0);
  for (int64_t i = 0; i < used; ++i)
    for (int64_t c = 0; c < channels; ++c)
      weights[size_t(c * all + i * channels + c)] = i % 2 ? -1 : 1;
  Value sums = convOf(builder, loc, bits,
                      withChannels(bits, channels, builder.getI32Type()),
                      {channels, all, 1, 1}, weights, {1, 1}, {0, 0, 0, 0});
  std::vector<int32_t> middle(first.size(), used % 2 ? 1 : 2);
  return thresholdOf(builder, loc, sums, middle, first);
}

} // namespace bnncc::lower
