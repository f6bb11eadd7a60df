//===- MirrorPads.cpp - Zero padding of bits by complements ---------------===//
//
// See PrepareLayers.h.
//
//===----------------------------------------------------------------------===//

#include "PrepareLayers.h"

#include "bnn/BnnDialect.h"
#include "llvm/ADT/STLExtras.h"

namespace bnncc::lower {

using mlir::DenseElementsAttr;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace {
RankedTensorType typeOf(Value value) {
  return mlir::cast<RankedTensorType>(value.getType());
}

Operation *onlyUser(Value value) {
  return value.hasOneUse() ? *value.user_begin() : nullptr;
}

template <typename T> std::vector<T> valuesOf(mlir::ElementsAttr attr) {
  auto values = attr.getValues<T>();
  return {values.begin(), values.end()};
}

/// Whether the engine adds up all positions of these values itself.
bool isSummed(bnn::ToRealOp op) {
  Operation *user = onlyUser(op.getOutput());
  while (user && mlir::isa<bnn::AffineOp>(user))
    user = onlyUser(user->getResult(0));
  auto reduce = mlir::dyn_cast_or_null<bnn::ReduceOp>(user);
  return reduce && reduce.getKind() != "max" &&
         typeOf(op.getInput()).getDimSize(1) == 1;
}

/// Whether something behind `conv` sees its border beside its inner pixels.
bool needsMirror(bnn::ConvOp conv) {
  bool padded =
      llvm::any_of(conv.getPads(), [](int64_t pad) { return pad != 0; });
  if (!padded || int64_t(conv.getPadValue()) != 0 ||
      !typeOf(conv.getInput()).getElementType().isInteger(1))
    return false;
  Operation *user = onlyUser(conv.getOutput());
  if (auto threshold = mlir::dyn_cast_or_null<bnn::ThresholdOp>(user))
    user = onlyUser(threshold.getOutput());
  else if (auto toReal = mlir::dyn_cast_or_null<bnn::ToRealOp>(user))
    return !isSummed(toReal);
  return mlir::isa_and_nonnull<bnn::MaxPoolOp>(user);
}

/// The operations that make a map of bits: conv {pool | sum} threshold {pool}.
struct Producer {
  bnn::ConvOp conv;
  Operation *between = nullptr; ///< pool or sum of the integers
  bnn::ThresholdOp threshold;
  bnn::MaxPoolOp bitPool;

  explicit operator bool() const { return bool(conv); }
};

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
void setChannels(Value value, int64_t channels) {
  llvm::SmallVector<int64_t> shape(typeOf(value).getShape());
  shape[0] = channels;
  value.setType(RankedTensorType::get(shape, typeOf(value).getElementType()));
}

/// OR over a window of [x >= p] is [max x >= p]; of [x < p] it is
/// [max(-x) >= 1 - p]: the pool moves before the threshold, where bits and
/// their complements can share it. False if a channel has two switch points.
bool hoistPool(Producer &p) {
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
  setWeights(p.conv,
             mlir::cast<mlir::ShapedType>(p.conv.getWeight().getType())
                 .getShape(),
             weights);
  setThreshold(p.threshold, points, first);
  Value bits = p.bitPool.getOutput(), integers = p.conv.getOutput();
  auto shape = typeOf(bits).getShape();
  mlir::OpBuilder builder(p.threshold);
  auto pool = bnn::MaxPoolOp::create(
      builder, p.bitPool.getLoc(),
      RankedTensorType::get(shape, typeOf(integers).getElementType()), integers,
      p.bitPool.getKernel(), p.bitPool.getStrides(), p.bitPool.getPads());
  p.threshold.getInputMutable().assign(pool.getOutput());
  p.threshold.getOutput().setType(mlir::cast<RankedTensorType>(bits.getType()));
  bits.replaceAllUsesWith(p.threshold.getOutput());
  p.bitPool.erase();
  p.bitPool = nullptr;
  p.between = pool;
  return true;
}

/// Appends the complement of every channel.
void addComplements(Producer &p) {
  auto weights = valuesOf<int8_t>(p.conv.getWeight());
  auto points = valuesOf<int32_t>(p.threshold.getPoints());
  auto first = valuesOf<bool>(p.threshold.getFirst());
  llvm::SmallVector<int64_t> shape(
      mlir::cast<mlir::ShapedType>(p.conv.getWeight().getType()).getShape());
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

/// w -> w, -w over the input channels; what reads the sums reads them doubled.
void doubleSums(bnn::ConvOp conv) {
  llvm::SmallVector<int64_t> shape(
      mlir::cast<mlir::ShapedType>(conv.getWeight().getType()).getShape());
  auto weights = valuesOf<int8_t>(conv.getWeight());
  std::vector<int8_t> mirrored;
  auto perOutput = size_t(shape[1] * shape[2] * shape[3]);
  for (auto it = weights.begin(); it != weights.end(); it += perOutput) {
    mirrored.insert(mirrored.end(), it, it + perOutput);
    std::transform(it, it + perOutput, std::back_inserter(mirrored),
                   [](int8_t w) { return int8_t(-w); });
  }
  shape[1] *= 2;
  setWeights(conv, shape, mirrored);
  conv.setPadValue(uint64_t(-1));
  Operation *user = onlyUser(conv.getOutput());
  if (mlir::isa<bnn::MaxPoolOp>(user))
    user = onlyUser(user->getResult(0));
  if (auto threshold = mlir::dyn_cast<bnn::ThresholdOp>(user)) {
    auto points = valuesOf<int32_t>(threshold.getPoints());
    for (int32_t &point : points)
      if (point != bnn::unusedPoint)
        point *= 2;
    setThreshold(threshold, points, valuesOf<bool>(threshold.getFirst()));
  } else {
    auto toReal = mlir::cast<bnn::ToRealOp>(user);
    llvm::SmallVector<double> scale(toReal.getScale());
    for (double &s : scale)
      s /= 2; // exact
    toReal.setScale(scale);
  }
}

/// Whether the consumer of a convolution's (pooled) sums can read them doubled.
bool readsSums(bnn::ConvOp conv) {
  Operation *user = onlyUser(conv.getOutput());
  if (mlir::isa_and_nonnull<bnn::MaxPoolOp>(user))
    user = onlyUser(user->getResult(0));
  if (auto threshold = mlir::dyn_cast_or_null<bnn::ThresholdOp>(user))
    return llvm::all_of(threshold.getPoints().getValues<int32_t>(),
                        [](int32_t p) {
                          return p == bnn::unusedPoint || std::abs(p) < 1 << 29;
                        });
  return mlir::isa_and_nonnull<bnn::ToRealOp>(user);
}
} // namespace

void mirrorPads(mlir::func::FuncOp func) {
  for (auto conv :
       llvm::make_early_inc_range(func.front().getOps<bnn::ConvOp>())) {
    if (!needsMirror(conv) || !readsSums(conv) ||
        !conv.getInput().hasOneUse())
      continue;
    Producer producer = producerOf(conv.getInput());
    if (!producer || (producer.bitPool && !hoistPool(producer)))
      continue;
    addComplements(producer);
    doubleSums(conv);
  }
}

} // namespace bnncc::lower
