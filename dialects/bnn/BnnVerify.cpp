// Verifies the bnn ops: each message states the rule, then what was found.

#include "bnn/BnnDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"

using llvm::ArrayRef;
using llvm::LogicalResult;
using llvm::success;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::ShapedType;
using mlir::Type;

namespace bnncc::bnn {
namespace {

RankedTensorType mapType(mlir::Value value) {
  return llvm::cast<RankedTensorType>(value.getType());
}

LogicalResult verifyResult(Operation *op, RankedTensorType expected) {
  Type found = op->getResult(0).getType();
  if (found == expected)
    return success();
  return op->emitOpError("result must be ")
         << expected << ", but found " << found;
}

LogicalResult verifySameShape(Operation *op) {
  auto input = mapType(op->getOperand(0));
  auto output = mapType(op->getResult(0));
  return verifyResult(
      op, RankedTensorType::get(input.getShape(), output.getElementType()));
}

LogicalResult verifyWindow(Operation *op, ArrayRef<int64_t> kernel,
                           ArrayRef<int64_t> strides, ArrayRef<int64_t> pads) {
  if (kernel.size() != 2 || strides.size() != 2)
    return op->emitOpError("kernel and strides must have two numbers, but "
                           "found ")
           << kernel.size() << " and " << strides.size();
  if (pads.size() != 4)
    return op->emitOpError("pads must have four numbers, but found ")
           << pads.size();
  if (llvm::any_of(kernel, [](int64_t n) { return n < 1; }) ||
      llvm::any_of(strides, [](int64_t n) { return n < 1; }))
    return op->emitOpError("kernel and strides must be positive, but found [")
           << kernel << "] and [" << strides << "]";
  if (llvm::any_of(pads, [](int64_t n) { return n < 0; }))
    return op->emitOpError("pads must not be negative, but found [")
           << pads << "]";
  return success();
}

LogicalResult verifyWindowResult(Operation *op, RankedTensorType expected) {
  if (!expected)
    return op->emitOpError("kernel must fit into the padded map, but found ")
           << op->getOperand(0).getType();
  return verifyResult(op, expected);
}

LogicalResult verifyPerChannel(Operation *op, llvm::StringRef name,
                               int64_t count) {
  int64_t channels = mapType(op->getOperand(0)).getDimSize(0);
  if (count == 1 || count == channels)
    return success();
  return op->emitOpError() << name << " must have 1 or " << channels
                           << " values, but found " << count;
}

} // namespace

llvm::SmallVector<double> QuantizeOp::boundariesOf(int64_t channel) {
  auto type = llvm::cast<ShapedType>(getBoundaries().getType());
  int64_t width = type.getShape().back();
  int64_t begin = type.getRank() > 1 ? channel * width : 0;
  llvm::SmallVector<double> result;
  auto take = [&](auto values) {
    for (int64_t j = 0; j < width; ++j)
      result.push_back(values[begin + j]);
  };
  if (type.getElementType().isF32())
    take(getBoundaries().getValues<float>());
  else
    take(getBoundaries().getValues<double>());
  return result;
}

int64_t QuantizeOp::codeAt(int64_t channel, int64_t count) {
  auto codes = getCodes();
  if (!codes)
    return int64_t(getFirst()) + int64_t(getStep()) * count;
  auto type = llvm::cast<ShapedType>(getBoundaries().getType());
  int64_t begin =
      type.getRank() > 1 ? channel * (type.getShape().back() + 1) : 0;
  return (*codes)[begin + count];
}

void QuantizeOp::takeChannels(ArrayRef<int64_t> channels) {
  if (!isPerChannel())
    return;
  auto type = llvm::cast<ShapedType>(getBoundaries().getType());
  int64_t width = type.getDimSize(1);
  llvm::SmallVector<mlir::Attribute> boundaries;
  llvm::SmallVector<int64_t> codes;
  auto all = getBoundaries().getValues<mlir::Attribute>();
  for (int64_t c : channels) {
    for (int64_t j = 0; j < width; ++j)
      boundaries.push_back(all[c * width + j]);
    for (int64_t j = 0; getCodes() && j <= width; ++j)
      codes.push_back((*getCodes())[c * (width + 1) + j]);
  }
  if (getCodes())
    setCodes(codes);
  setBoundariesAttr(mlir::DenseElementsAttr::get(
      RankedTensorType::get({int64_t(channels.size()), width},
                            type.getElementType()),
      boundaries));
}

LogicalResult QuantizeOp::verify() {
  auto type = llvm::dyn_cast<ShapedType>(getBoundaries().getType());
  bool isVector = type.getRank() == 1;
  bool isMatrix = type.getRank() == 2 &&
                  type.getDimSize(0) == mapType(getInput()).getDimSize(0);
  bool isFloat =
      type.getElementType().isF32() || type.getElementType().isF64();
  if (!isFloat || !(isVector || isMatrix))
    return emitOpError("boundaries must be a vector of f32 or f64, or one for "
                       "each channel, but found ")
           << type;
  int64_t rows = isMatrix ? type.getDimSize(0) : 1;
  int64_t width = type.getShape().back();
  if (getCodes() && int64_t(getCodes()->size()) != rows * (width + 1))
    return emitOpError("codes must be one more than boundaries in each row, "
                       "but found ")
           << getCodes()->size() << " and " << type;
  if (getStep() == 0)
    return emitOpError("step must not be 0");
  auto [low, high] = integerRange(mapType(getOutput()).getElementType());
  bool isBipolar = low == -1 && high == 1;
  for (int64_t row = 0; row < rows; ++row) {
    double previous = -std::numeric_limits<double>::infinity();
    for (double boundary : boundariesOf(row)) {
      if (!(boundary >= previous))
        return emitOpError("boundaries must ascend, but found ")
               << boundary << " after " << previous;
      previous = boundary;
    }
    for (int64_t count = 0; count <= width; ++count) {
      int64_t code = codeAt(row, count);
      if (code < low || code > high)
        return emitOpError("codes must be in ")
               << low << ".." << high << ", but found " << code;
      if (isBipolar && code == 0)
        return emitOpError("bipolar codes must be -1 and 1, but found 0");
    }
  }
  return verifySameShape(*this);
}

LogicalResult CastInputOp::verify() { return verifySameShape(*this); }

LogicalResult ConvOp::verify() {
  auto weight = llvm::cast<ShapedType>(getWeight().getType());
  auto input = mapType(getInput());
  if (weight.getRank() != 4 || !weight.getElementType().isInteger(8))
    return emitOpError("weight must be a 4-D tensor of i8, but found ")
           << weight;
  if (weight.getDimSize(1) != input.getDimSize(0))
    return emitOpError("weight must have ")
           << input.getDimSize(0) << " input channels, but found "
           << weight.getDimSize(1);
  auto kernel = weight.getShape().drop_front(2);
  if (failed(verifyWindow(*this, kernel, getStrides(), getPads())))
    return mlir::failure();
  auto [low, high] = integerRange(input.getElementType());
  auto pad = int64_t(getPadValue());
  if (pad < low || pad > high)
    return emitOpError("pad_value must be in ")
           << low << ".." << high << ", but found " << pad;
  if (getWeightBits() < 1 || getWeightBits() > 8)
    return emitOpError("weight_bits must be in 1..8, but found ")
           << getWeightBits();
  if (getWeightBits() == 1) {
    for (int8_t value : getWeight().getValues<int8_t>())
      if (value != 1 && value != -1)
        return emitOpError("weight of one bit must be -1 or 1, but found ")
               << int(value);
  }
  return verifyWindowResult(*this,
                            windowType(input, weight.getDimSize(0),
                                       mapType(getOutput()).getElementType(),
                                       kernel, getStrides(), getPads()));
}

LogicalResult MaxPoolOp::verify() {
  auto input = mapType(getInput());
  if (failed(verifyWindow(*this, getKernel(), getStrides(), getPads())))
    return mlir::failure();
  for (int axis : {0, 1})
    if (getPads()[axis] >= getKernel()[axis] ||
        getPads()[axis + 2] >= getKernel()[axis])
      return emitOpError("pads must be smaller than the kernel [")
             << getKernel() << "], but found [" << getPads() << "]";
  return verifyWindowResult(
      *this, windowType(input, input.getDimSize(0), input.getElementType(),
                        getKernel(), getStrides(), getPads()));
}

LogicalResult ThresholdOp::verify() {
  auto points = llvm::cast<ShapedType>(getPoints().getType());
  auto first = llvm::cast<ShapedType>(getFirst().getType());
  auto map = mapType(getInput());
  int64_t channels = map.getDimSize(0);
  if (points.getRank() == 2 && points.getDimSize(0) == map.getNumElements())
    channels = map.getNumElements(); // a row for each element
  if (points.getRank() != 2 || points.getDimSize(0) != channels ||
      !points.getElementType().isInteger(32))
    return emitOpError("points must be tensor<")
           << channels << "xTxi32>, but found " << points;
  if (first.getRank() != 1 || first.getDimSize(0) != channels ||
      !first.getElementType().isInteger(1))
    return emitOpError("first must be tensor<")
           << channels << "xi1>, but found " << first;
  auto values = llvm::to_vector(getPoints().getValues<int32_t>());
  int64_t count = points.getDimSize(1);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t j = 1; j < count; ++j) {
      int32_t a = values[c * count + j - 1], b = values[c * count + j];
      if (a > b || (a == b && a != unusedPoint))
        return emitOpError("points must ascend, but found ")
               << b << " after " << a << " in channel " << c;
    }
  for (auto list : {getNearTies(), getFloatDiffers()})
    for (int64_t c : list.value_or(llvm::ArrayRef<int64_t>()))
      if (c < 0 || c >= channels)
        return emitOpError("near_ties and float_differs must be channels in ")
               << "0.." << channels - 1 << ", but found " << c;
  if (getMirrored()) {
    auto bits = llvm::to_vector(getFirst().getValues<bool>());
    auto half = values.begin() + values.size() / 2;
    bool mirrors = channels % 2 == 0 && std::equal(values.begin(), half, half);
    for (int64_t c = 0; mirrors && c < channels / 2; ++c)
      mirrors = bits[c] != bits[c + channels / 2];
    if (!mirrors)
      return emitOpError("of a mirrored map must have complements as the upper "
                         "half of its channels, but found others");
  }
  return verifySameShape(*this);
}

LogicalResult SumOp::verify() {
  return verifyResult(*this,
                      perChannelType(mapType(getInput()),
                                     mapType(getOutput()).getElementType()));
}

LogicalResult ReshapeOp::verify() {
  auto input = mapType(getInput()), output = mapType(getOutput());
  if (input.getElementType() != output.getElementType() ||
      input.getNumElements() != output.getNumElements())
    return emitOpError("result must have the elements of ")
           << input << ", but found " << output;
  return success();
}

LogicalResult GatherOp::verify() {
  auto input = mapType(getInput()), output = mapType(getOutput());
  if (input.getElementType() != output.getElementType() ||
      output.getNumElements() != int64_t(getFrom().size()))
    return emitOpError("result must have ")
           << getFrom().size() << " elements of the type of " << input
           << ", but found " << output;
  for (int32_t at : getFrom())
    if (at < 0 || at >= input.getNumElements())
      return emitOpError("from must be elements of ")
             << input << ", but found " << at;
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("must have an input, but found none");
  auto first = mapType(getInputs().front());
  int64_t channels = 0;
  for (mlir::Value value : getInputs()) {
    auto type = mapType(value);
    if (type.getShape().drop_front() != first.getShape().drop_front() ||
        type.getElementType() != first.getElementType())
      return emitOpError("inputs must differ in channels only, but found ")
             << type << " after " << first;
    channels += type.getDimSize(0);
  }
  return verifyResult(*this,
                      RankedTensorType::get(
                          {channels, first.getDimSize(1), first.getDimSize(2)},
                          first.getElementType()));
}

static LogicalResult verifyExact(Operation *op, llvm::StringRef name,
                                 std::optional<mlir::ArrayAttr> texts,
                                 size_t count) {
  if (!texts || texts->size() == count)
    return success();
  return op->emitOpError() << name << " must have " << count
                           << " texts, but found " << texts->size();
}

LogicalResult ToRealOp::verify() {
  if (failed(verifyExact(*this, "exact_scale", getExactScale(),
                         getScale().size())) ||
      failed(verifyExact(*this, "exact_shift", getExactShift(),
                         getShift().size())))
    return mlir::failure();
  if (failed(verifyPerChannel(*this, "scale", getScale().size())) ||
      failed(verifyPerChannel(*this, "shift", getShift().size())))
    return mlir::failure();
  return verifySameShape(*this);
}

LogicalResult AffineOp::verify() {
  if (failed(verifyExact(*this, "exact_scale", getExactScale(),
                         getScale().size())) ||
      failed(verifyExact(*this, "exact_shift", getExactShift(),
                         getShift().size())))
    return mlir::failure();
  if (failed(verifyPerChannel(*this, "scale", getScale().size())))
    return mlir::failure();
  return verifyPerChannel(*this, "shift", getShift().size());
}

LogicalResult PReluOp::verify() {
  return verifyPerChannel(*this, "slope", getSlope().size());
}

LogicalResult ClipOp::verify() {
  double min = getMin().convertToDouble(), max = getMax().convertToDouble();
  if (min <= max)
    return success();
  return emitOpError("min must not be above max, but found ")
         << min << " and " << max;
}

LogicalResult ReduceOp::verify() {
  if (!llvm::is_contained({"sum", "mean", "max"}, getKind()))
    return emitOpError("kind must be sum, mean or max, but found ")
           << getKind();
  return verifyResult(*this,
                      perChannelType(mapType(getInput()),
                                     mapType(getOutput()).getElementType()));
}

LogicalResult RealConvOp::verify() {
  auto weight = llvm::cast<ShapedType>(getWeight().getType());
  auto input = mapType(getInput());
  if (weight.getRank() != 4 || !weight.getElementType().isF64() ||
      weight.getDimSize(1) != input.getDimSize(0))
    return emitOpError("weight must be a 4-D tensor of f64 with ")
           << input.getDimSize(0) << " input channels, but found " << weight;
  auto kernel = weight.getShape().drop_front(2);
  if (failed(verifyWindow(*this, kernel, getStrides(), getPads())))
    return mlir::failure();
  return verifyWindowResult(
      *this, windowType(input, weight.getDimSize(0), input.getElementType(),
                        kernel, getStrides(), getPads()));
}

LogicalResult DecideOp::verify() {
  auto cuts = llvm::cast<ShapedType>(getCuts().getType());
  int64_t channels = mapType(getInput()).getDimSize(0);
  if (cuts.getRank() != 2 || !cuts.getElementType().isF64() ||
      (cuts.getDimSize(0) != 1 && cuts.getDimSize(0) != channels) ||
      cuts.getDimSize(1) != int64_t(getInclusive().size()))
    return emitOpError("cuts must have 1 or ")
           << channels << " rows of " << getInclusive().size()
           << " f64, but found " << cuts;
  int64_t first = getFirst(),
          last = first + int64_t(getStep()) * cuts.getDimSize(1);
  auto [low, high] = integerRange(mapType(getOutput()).getElementType());
  if (std::min(first, last) < low || std::max(first, last) > high)
    return emitOpError("codes must be in ")
           << low << ".." << high << ", but found " << first << ".." << last;
  return verifySameShape(*this);
}

LogicalResult ArgmaxOp::verify() {
  if (getAxis() > 2)
    return emitOpError("axis must be 0, 1 or 2, but found ") << getAxis();
  llvm::SmallVector<int64_t> shape(mapType(getInput()).getShape());
  shape[getAxis()] = 1;
  return verifyResult(*this,
                      RankedTensorType::get(
                          shape, mapType(getOutput()).getElementType()));
}

} // namespace bnncc::bnn
