//===- SplitWeights.cpp - Small integers as several binary weights --------===//
//
// See PrepareLayers.h. A sum of r weights of -1 and +1 over r copies of a
// channel takes every value of the parity of r in -r..r: a weight w, or 2 w
// where the weights have both parities.
//
//===----------------------------------------------------------------------===//

#include "Complements.h"
#include "PrepareLayers.h"

#include "llvm/ADT/STLExtras.h"

namespace bnncc::lower {

using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace {
RankedTensorType withChannels(Value value, int64_t channels) {
  RankedTensorType type = mapTypeOf(value);
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape[0] = channels;
  return RankedTensorType::get(shape, type.getElementType());
}

template <typename List> void repeat(List &list, int64_t times) {
  List whole;
  for (int64_t i = 0; i < times; ++i)
    whole.insert(whole.end(), list.begin(), list.end());
  list = std::move(whole);
}

/// Gives every channel of `p`'s bits `times` times.
void repeatBits(Producer &p, int64_t times) {
  auto weights = valuesOf<int8_t>(p.conv.getWeight());
  auto points = valuesOf<int32_t>(p.threshold.getPoints());
  auto first = valuesOf<bool>(p.threshold.getFirst());
  llvm::SmallVector<int64_t> shape(weightShape(p.conv));
  repeat(weights, times), repeat(points, times), repeat(first, times);
  shape[0] *= times;
  setWeights(p.conv, shape, weights);
  setThreshold(p.threshold, points, first);
  for (Operation *op : {p.conv.getOperation(), p.between,
                        p.threshold.getOperation(), p.bitPool.getOperation()})
    if (op)
      op->getResult(0).setType(withChannels(op->getResult(0), shape[0]));
}

/// The host packs every channel of the graph's input `times` times. False where
/// `codes` are no codes of the input.
bool repeatInput(Value codes, int64_t times) {
  Operation *quantise = codes.getDefiningOp();
  if (!codes.hasOneUse() ||
      (quantise && !mlir::isa<bnn::QuantizeOp, bnn::CastInputOp,
                              bnn::GatherOp>(quantise)))
    return false;
  bool converts = quantise && !mlir::isa<bnn::GatherOp>(quantise);
  Value input = converts ? quantise->getOperand(0) : codes;
  auto gather = input.getDefiningOp<bnn::GatherOp>();
  std::vector<int32_t> from(size_t(mapTypeOf(input).getNumElements()));
  for (size_t i = 0; i < from.size(); ++i)
    from[i] = gather ? gather.getFrom()[i] : int32_t(i);
  repeat(from, times);
  mlir::OpBuilder builder(input.getContext());
  builder.setInsertionPointAfterValue(input);
  int64_t channels = mapTypeOf(input).getDimSize(0) * times;
  Value copies = bnn::GatherOp::create(
      builder, gather ? gather.getLoc() : codes.getLoc(),
      withChannels(input, channels), gather ? gather.getInput() : input, from);
  if (converts) {
    if (auto rows = mlir::dyn_cast<bnn::QuantizeOp>(quantise)) {
      llvm::SmallVector<int64_t> channelOf;
      for (int64_t c = 0; c < channels; ++c)
        channelOf.push_back(c % (channels / times));
      rows.takeChannels(channelOf);
    }
    quantise->setOperand(0, copies);
    codes.setType(withChannels(codes, channels));
  } else {
    codes.replaceAllUsesExcept(copies, copies.getDefiningOp());
  }
  if (gather && gather.getOutput().use_empty())
    gather.erase();
  return true;
}

/// The operation that reads a convolution's sums, behind a pool or a sum.
Operation *readerOf(bnn::ConvOp conv) {
  Operation *user = onlyUser(conv.getOutput());
  if (mlir::isa_and_nonnull<bnn::MaxPoolOp, bnn::SumOp>(user))
    user = onlyUser(user->getResult(0));
  return mlir::isa_and_nonnull<bnn::ThresholdOp, bnn::ToRealOp>(user) ? user
                                                                      : nullptr;
}

void doubleSums(Operation *reader) {
  if (auto toReal = mlir::dyn_cast<bnn::ToRealOp>(reader)) {
    llvm::SmallVector<double> scale(toReal.getScale());
    for (double &s : scale)
      s /= 2; // exact
    toReal.setScale(scale);
    return;
  }
  auto threshold = mlir::cast<bnn::ThresholdOp>(reader);
  auto points = valuesOf<int32_t>(threshold.getPoints());
  for (int32_t &point : points)
    if (point != bnn::unusedPoint)
      point *= 2;
  setThreshold(threshold, points, valuesOf<bool>(threshold.getFirst()));
}

void split(bnn::ConvOp conv) {
  auto weights = valuesOf<int8_t>(conv.getWeight());
  int most = 0;
  bool odd = false, even = false;
  for (int8_t w : weights) {
    most = std::max(most, std::abs(int(w)));
    (w % 2 ? odd : even) = true;
  }
  Operation *reader = readerOf(conv);
  // More copies than that fit no memory.
  if (most > 32 || (most == 1 && !even) || !reader)
    return;
  int factor = odd && even ? 2 : 1, copies = std::max(1, most) * factor;
  Producer producer = producerOf(conv.getInput());
  if (producer)
    repeatBits(producer, copies);
  else if (!repeatInput(conv.getInput(), copies))
    return;
  llvm::SmallVector<int64_t> shape(weightShape(conv));
  std::vector<int8_t> binary;
  size_t perOutput = size_t(shape[1] * shape[2] * shape[3]);
  for (size_t o = 0; o < size_t(shape[0]); ++o)
    for (int copy = 0; copy < copies; ++copy)
      for (size_t i = o * perOutput; i < (o + 1) * perOutput; ++i)
        binary.push_back(2 * copy < copies + factor * weights[i] ? 1 : -1);
  shape[1] *= copies;
  setWeights(conv, shape, binary);
  conv.setWeightBits(1);
  if (factor == 2)
    doubleSums(reader);
}
} // namespace

/// Whether the array has a loop for sets of weights: kernel rows, groups of 32
/// channels, or words of a row are one. Twice a byte's sum is no value.
static bool turnsSets(bnn::ConvOp conv) {
  auto shape = weightShape(conv);
  bool bits = mapTypeOf(conv.getInput()).getElementType().isInteger(1);
  if (!bits)
    return !mlir::isa_and_nonnull<bnn::ToRealOp>(readerOf(conv));
  return shape[1] <= 32 || shape[2] == 1 || shape[3] == 1;
}

void splitWeights(mlir::func::FuncOp func) {
  llvm::SmallVector<bnn::ConvOp> convs(func.front().getOps<bnn::ConvOp>());
  for (bnn::ConvOp conv : convs)
    if (conv.getWeightBits() != 1 && !turnsSets(conv))
      split(conv);
}

} // namespace bnncc::lower
