// Reads the quantisers of the onnx level as cuts on real values.

#include "fuse/ConstTensor.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using bnncc::exact::Cut;
using bnncc::exact::Quantizer;
using bnncc::exact::Radical;
using bnncc::exact::Step;
using llvm::failure;
using llvm::StringRef;
using mlir::FailureOr;
using mlir::Operation;

namespace bnncc {
namespace {

std::vector<Step> stepsOf(const ConstTensor &constant, Step (*make)(Radical)) {
  std::vector<Step> steps;
  for (int64_t i = 0; i < constant.size(); ++i)
    steps.push_back(make(constant[i]));
  return steps;
}

// The cut from which y rounds to k or more.
std::optional<Cut> roundingCut(StringRef mode, int64_t k) {
  bool even = k % 2 == 0;
  double half = double(k) - 0.5;
  return llvm::StringSwitch<std::optional<Cut>>(mode)
      .Cases({"ROUND", "HALF_EVEN"}, Cut{half, even})
      .Case("HALF_UP", Cut{half, k > 0})    // ties away from zero
      .Case("HALF_DOWN", Cut{half, k <= 0}) // ties towards zero
      .Case("FLOOR", Cut{double(k), true})
      .Case("CEIL", Cut{double(k - 1), false})
      .Cases({"DOWN", "ROUND_TO_ZERO"},
             k > 0 ? Cut{double(k), true} : Cut{double(k - 1), false})
      .Case("UP", k > 0 ? Cut{double(k - 1), false} : Cut{double(k), true})
      .Default(std::nullopt);
}

} // namespace

// x > c, x >= c give 1 or 0; x < c, x <= c are their complements.
FailureOr<Fuser::Quantization> Fuser::readComparison(Operation *op) {
  StringRef name = opType(op);
  auto constant = evaluateConstant(op->getOperand(1));
  auto bounds = constant ? constant->exactDoubles() : std::nullopt;
  if (!bounds)
    return op->emitOpError("must compare with exact float64 numbers, but found "
                           "others; let the exporter fold the constants");
  Quantization result;
  bool inclusive = name == "GreaterOrEqual" || name == "Less";
  for (double bound : *bounds)
    result.grid.quantizers.push_back({{{bound, inclusive}}});
  if (name.starts_with("Less")) // 1 - (x >= c)
    result.after = {{Step::multiply(Radical(mpq_class(-1)))},
                    {Step::add(Radical(mpq_class(1)))}};
  return result;
}

// QuantizeLinear: clamp(round(x / scale) + zero). Quant: round(clamp(x / scale
// + zero)), and its real value (code - zero) * scale.
FailureOr<Fuser::Quantization> Fuser::readUniform(Operation *op) {
  bool isQuant = opType(op) == "Quant";
  auto scale = evaluateConstant(op->getOperand(1));
  auto zero = evaluateConstant(op->getOperand(2));
  if (!scale || !zero)
    return failure();
  for (int64_t i = 0; i < scale->size(); ++i)
    if ((*scale)[i].sign() == 0)
      return op->emitOpError("must have scales other than 0, but found 0 at "
                             "element ")
             << i << "; train or export again";
  int64_t low, high;
  std::vector<double> shifts = {0};
  bool isSignOnly = false;
  StringRef mode = "ROUND";
  if (isQuant) {
    auto bits = evaluateConstant(op->getOperand(3));
    if (!bits || bits->size() != 1)
      return op->emitOpError("must have one constant bit width, but found "
                             "another; export with fixed bit widths");
    double width = (*bits)[0].toDouble();
    if (width < 1 || width > 8 || width != std::floor(width))
      return op->emitOpError("must have a bit width in 1..8, but found ")
             << width << "; quantise to fewer bits";
    bool isSigned = intOf(op, "signed", 1), narrow = intOf(op, "narrow", 0);
    isSignOnly = isSigned && width == 1; // -1 and +1, whatever `narrow` says
    int64_t count = int64_t(1) << int64_t(width);
    low = isSigned ? -count / 2 + narrow : 0;
    high = isSigned ? count / 2 - 1 : count - 1 - narrow;
    if (auto attr = op->getAttrOfType<mlir::StringAttr>("rounding_mode"))
      mode = attr.getValue();
  } else {
    std::tie(low, high) =
        bnn::integerRange(tensorType(op->getResult(0)).getElementType());
    if (auto zeros = zero->exactDoubles())
      shifts = std::move(*zeros);
  }
  Quantization result;
  result.grid.first = isSignOnly ? -1 : low;
  result.grid.step = isSignOnly ? 2 : 1;
  for (double shift : shifts) {
    Quantizer quantizer;
    for (int64_t code = low + 1; code <= high && !isSignOnly; ++code) {
      auto cut = roundingCut(mode, code - int64_t(shift));
      if (!cut)
        return op->emitOpError(
                   "must round by ROUND, HALF_UP, HALF_DOWN, FLOOR, "
                   "CEIL, UP or DOWN, but found ")
               << mode << "; choose one of these";
      quantizer.cuts.push_back(*cut);
    }
    result.grid.quantizers.push_back(isSignOnly ? Quantizer::atLeastZero()
                                                : std::move(quantizer));
  }
  result.before = {stepsOf(*scale, Step::divide)};
  if (isQuant) {
    result.before.push_back(stepsOf(*zero, Step::add));
    result.after = {stepsOf(*zero, Step::subtract),
                    stepsOf(*scale, Step::multiply)};
  }
  LevelRule &rule = result.rule;
  rule.kind = isSignOnly ? LevelRule::Kind::Sign
              : isQuant  ? LevelRule::Kind::Quant
                         : LevelRule::Kind::Linear;
  rule.low = double(low);
  rule.high = double(high);
  rule.mode = roundModeNamed(mode).value_or(RoundMode::HalfEven);
  for (auto [operand, list] :
       {std::pair(1, &rule.scale), std::pair(2, &rule.zero)}) {
    auto rounded = evaluateRounded(op->getOperand(operand));
    auto values = rounded ? rounded->exactDoubles() : std::nullopt;
    if (!values)
      return op->emitOpError(
          "must have a scale and a zero point that are "
          "numbers of their type, but found others; train or "
          "export again");
    *list = std::move(*values);
  }
  return result;
}

// The number of thresholds that x reaches, then out_scale and out_bias.
FailureOr<Fuser::Quantization> Fuser::readMultiThreshold(Operation *op) {
  auto constant = evaluateConstant(op->getOperand(1));
  auto values = constant ? constant->exactDoubles() : std::nullopt;
  if (!values || constant->shape.size() != 2)
    return op->emitOpError("must have constant thresholds of shape C x N that "
                           "are exact float64 numbers, but found others; let "
                           "the exporter fold the constants");
  Quantization result;
  int64_t count = constant->shape[1];
  for (int64_t c = 0; c < constant->shape[0]; ++c) {
    Quantizer quantizer;
    for (int64_t j = 0; j < count; ++j)
      quantizer.cuts.push_back({(*values)[c * count + j], true});
    bool ascends = llvm::is_sorted(quantizer.cuts,
                                   [](Cut a, Cut b) { return a.at < b.at; });
    if (!ascends)
      return op->emitOpError("must have ascending thresholds, but found others "
                             "in channel ")
             << c << "; sort them";
    result.grid.quantizers.push_back(std::move(quantizer));
  }
  result.after = {{Step::multiply(Radical(realOf(op, "out_scale", 1)))},
                  {Step::add(Radical(realOf(op, "out_bias", 0)))}};
  return result;
}

FailureOr<Fuser::Quantization> Fuser::readQuantizer(Operation *op) {
  StringRef name = opType(op);
  if (name == "Quant" || name == "QuantizeLinear")
    return readUniform(op);
  if (name == "MultiThreshold")
    return readMultiThreshold(op);
  if (name != "Sign" && name != "BipolarQuant")
    return readComparison(op);
  Quantization result;
  result.grid.first = -1;
  result.grid.step = 2;
  if (name == "Sign") {
    result.grid.quantizers = {Quantizer::sign(signZero)};
    return result;
  }
  auto scale = evaluateConstant(op->getOperand(1));
  if (!scale)
    return failure();
  result.grid.quantizers = {Quantizer::atLeastZero()};
  bool isOne = true;
  for (int64_t i = 0; i < scale->size(); ++i)
    isOne &= exact::add((*scale)[i], Radical(mpq_class(-1)))->sign() == 0;
  if (!isOne)
    result.after = {stepsOf(*scale, Step::multiply)};
  return result;
}

} // namespace bnncc
