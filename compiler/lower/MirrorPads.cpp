//===- MirrorPads.cpp - Zero padding of bits by complements ---------------===//
//
// See PrepareLayers.h.
//
//===----------------------------------------------------------------------===//

#include "Border.h"
#include "BitLayers.h"
#include "PrepareLayers.h"

#include "bnn/isa/host/Exact.h"
#include "llvm/ADT/STLExtras.h"

namespace bnncc::lower {
namespace host = ::bnn::host;

using mlir::Operation;

namespace {
/// Whether the engine adds up all positions of these values itself.
bool isSummed(bnn::ToRealOp op) {
  Operation *user = onlyUser(op.getOutput());
  while (user && mlir::isa<bnn::AffineOp>(user))
    user = onlyUser(user->getResult(0));
  auto reduce = mlir::dyn_cast_or_null<bnn::ReduceOp>(user);
  return reduce && reduce.getKind() != "max" &&
         mapTypeOf(op.getInput()).getDimSize(1) == 1;
}

/// Whether a group of constants makes up for the pads of `conv` (Border.h).
bool hasBorderGroup(bnn::ConvOp conv) {
  Producer producer = producerOf(conv.getInput());
  if (!producer || mlir::isa_and_nonnull<bnn::SumOp>(producer.between))
    return false;
  if (conv.getWeightBits() != 1)
    return false;
  auto shape = weightShape(conv);
  auto in = mapTypeOf(conv.getInput()).getShape();
  auto pads = conv.getPads();
  Layer layer;
  layer.in = {in[0], in[1], in[2]};
  layer.conv.c = shape[0];
  layer.kernelH = shape[2];
  layer.kernelW = shape[3];
  layer.padTop = pads[0], layer.padLeft = pads[1];
  layer.padBottom = pads[2], layer.padRight = pads[3];
  layer.padValue = conv.getPadValue();
  layer.weights = valuesOf<int8_t>(conv.getWeight());
  return fitsBorderGroup(layer);
}

} // namespace

bool needsMirror(bnn::ConvOp conv) {
  bool padded =
      llvm::any_of(conv.getPads(), [](int64_t pad) { return pad != 0; });
  if (!padded || int64_t(conv.getPadValue()) != 0 ||
      !mapTypeOf(conv.getInput()).getElementType().isInteger(1))
    return false;
  if (conv.getPads()[0] || conv.getPads()[2])
    return true; // thresholds are corrected along a row only
  Operation *user = onlyUser(conv.getOutput());
  if (auto toReal = mlir::dyn_cast_or_null<bnn::ToRealOp>(user))
    return !isSummed(toReal);
  bool pooled = mlir::isa_and_nonnull<bnn::MaxPoolOp>(user);
  if (pooled)
    user = onlyUser(user->getResult(0));
  auto threshold = mlir::dyn_cast_or_null<bnn::ThresholdOp>(user);
  if (!threshold)
    return pooled; // values
  pooled |=
      mlir::isa_and_nonnull<bnn::MaxPoolOp>(onlyUser(threshold.getOutput()));
  return pooled && (threshold.isPerElement() || !hasBorderGroup(conv));
}

namespace {
/// w -> w, -w over the input channels; what reads the sums reads them doubled.
void doubleSums(bnn::ConvOp conv) {
  llvm::SmallVector<int64_t> shape(weightShape(conv));
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
  while (mlir::isa<bnn::MaxPoolOp, bnn::SumOp>(user))
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
    if (mlir::ArrayAttr texts = toReal.getExactScaleAttr()) {
      llvm::SmallVector<mlir::Attribute> halved;
      for (auto text : texts.getAsRange<mlir::StringAttr>())
        halved.push_back(mlir::StringAttr::get(
            conv.getContext(),
            (*host::Number::parse(text.getValue()) * host::Number(0.5)).text()));
      toReal.setExactScaleAttr(mlir::ArrayAttr::get(conv.getContext(), halved));
    }
  }
}

/// Whether the consumer of a convolution's (pooled) sums can read them doubled.
bool readsSums(bnn::ConvOp conv) {
  Operation *user = onlyUser(conv.getOutput());
  while (mlir::isa_and_nonnull<bnn::MaxPoolOp, bnn::SumOp>(user))
    user = onlyUser(user->getResult(0));
  if (auto threshold = mlir::dyn_cast_or_null<bnn::ThresholdOp>(user))
    return llvm::all_of(threshold.getPoints().getValues<int32_t>(),
                        [](int32_t p) {
                          return p == bnn::unusedPoint || std::abs(p) < 1 << 29;
                        });
  return mlir::isa_and_nonnull<bnn::ToRealOp>(user);
}
/// The host gives every bit of the convolution's input twice, x and -x.
void addHostComplements(bnn::ConvOp conv) {
  mlir::OpBuilder builder(conv);
  mlir::Location loc = conv.getLoc();
  mlir::Value bits = conv.getInput();
  llvm::SmallVector<int64_t> shape(mapTypeOf(bits).getShape());
  auto real = mlir::RankedTensorType::get(shape, builder.getF64Type());
  mlir::Value value = bnn::ToRealOp::create(builder, loc, real, bits,
                                            llvm::ArrayRef<double>{1.0},
                                            llvm::ArrayRef<double>{0.0}, nullptr,
                                            nullptr);
  auto cut = mlir::DenseElementsAttr::get(
      mlir::RankedTensorType::get({1, 1}, builder.getF64Type()), 0.0);
  mlir::Value turned = bnn::DecideOp::create(
      builder, loc, mapTypeOf(bits), value, cut, llvm::ArrayRef<int64_t>{1},
      /*first=*/1, /*step=*/-2);
  shape[0] *= 2;
  auto twice = mlir::RankedTensorType::get(shape, builder.getI1Type());
  auto both = bnn::ConcatOp::create(builder, loc, twice,
                                    mlir::ValueRange{bits, turned});
  conv.getInputMutable().assign(both.getOutput());
}
} // namespace

void mirrorPads(mlir::func::FuncOp func) {
  for (auto conv :
       llvm::make_early_inc_range(func.front().getOps<bnn::ConvOp>())) {
    if (!needsMirror(conv) || !readsSums(conv) || !conv.getInput().hasOneUse())
      continue;
    if (isFromHost(conv.getInput())) {
      addHostComplements(conv);
      doubleSums(conv);
      continue;
    }
    Producer producer = producerOf(conv.getInput());
    if (producer && producer.bitPool && !hoistPool(producer)) {
      poolByLayer(producer.bitPool);
      producer = producerOf(conv.getInput());
    }
    if (!producer)
      continue;
    addComplements(producer);
    doubleSums(conv);
  }
}

} // namespace bnncc::lower
