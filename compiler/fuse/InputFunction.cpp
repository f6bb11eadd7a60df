// Traces the operations between the graph's input and a value, and evaluates
// them one rounding at a time.

#include "fuse/InputFunction.h"
#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using mlir::Operation;

namespace bnncc {

using Kind = InputStep::Kind;

std::optional<RoundMode> roundModeNamed(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<RoundMode>>(name)
      .Cases({"ROUND", "HALF_EVEN"}, RoundMode::HalfEven)
      .Case("HALF_UP", RoundMode::HalfUp)
      .Case("HALF_DOWN", RoundMode::HalfDown)
      .Case("UP", RoundMode::Up)
      .Cases({"DOWN", "ROUND_TO_ZERO"}, RoundMode::Down)
      .Case("CEIL", RoundMode::Ceil)
      .Case("FLOOR", RoundMode::Floor)
      .Default(std::nullopt);
}

double roundBy(RoundMode mode, double x, const ElementType &type) {
  double size = std::abs(x);
  switch (mode) {
  case RoundMode::HalfEven:
    return std::nearbyint(x);
  case RoundMode::Ceil:
    return std::ceil(x);
  case RoundMode::Floor:
    return std::floor(x);
  case RoundMode::Up:
    size = std::ceil(size);
    break;
  case RoundMode::Down:
    size = std::floor(size);
    break;
  case RoundMode::HalfUp:
    size = std::floor(type.keep(size + 0.5));
    break;
  case RoundMode::HalfDown:
    size = std::ceil(type.keep(size - 0.5));
    break;
  }
  return x < 0 ? -size : size;
}

std::optional<double> InputStep::leavesRange(double x, int64_t channel) const {
  if (to.isFloat() || from.isFloat())
    return std::nullopt;
  double c = a.empty() ? 0 : a[a.size() == 1 ? 0 : channel];
  double exact = kind == Kind::Add         ? x + c
                 : kind == Kind::Sub       ? x - c
                 : kind == Kind::Mul       ? x * c
                 : kind == Kind::ShiftLeft ? x * std::ldexp(1.0, int(c))
                                           : x;
  if (exact >= to.low() && exact <= to.high())
    return std::nullopt;
  return exact;
}

double InputStep::operator()(double x, int64_t channel) const {
  auto of = [channel](const std::vector<double> &list) {
    return list[list.size() == 1 ? 0 : channel];
  };
  auto bits = [](double x) { return int64_t(x); };
  switch (kind) {
  case Kind::Add:
    return to.keep(x + of(a));
  case Kind::Sub:
    return to.keep(x - of(a));
  case Kind::Mul:
    return to.keep(x * of(a));
  case Kind::Div:
    return to.isFloat() ? to.keep(x / of(a)) : to.keep(std::trunc(x / of(a)));
  case Kind::Mod:
    return x - of(a) * std::floor(x / of(a));
  case Kind::And:
    return to.keep(double(bits(x) & bits(of(a))));
  case Kind::Or:
    return to.keep(double(bits(x) | bits(of(a))));
  case Kind::Xor:
    return to.keep(double(bits(x) ^ bits(of(a))));
  case Kind::ShiftLeft:
    return of(a) >= to.bits ? 0 : to.keep(x * std::ldexp(1.0, int(of(a))));
  case Kind::ShiftRight:
    return of(a) >= to.bits ? 0 : double(bits(x) >> bits(of(a)));
  case Kind::Normalize: {
    ElementType sum = to.bits == 64 ? to : ElementType{to.Kind::Float, 32};
    return to.keep(sum.keep(sum.keep(x * of(a)) + of(b)));
  }
  case Kind::PRelu:
    return x > 0 ? x : to.keep(x * of(a));
  case Kind::Clip:
    return std::min(std::max(x, of(a)), of(b));
  case Kind::Convert: {
    if (to.isFloat() || !from.isFloat())
      return to.bits == 1 ? x != 0 : to.keep(x);
    // Beyond the integers' range ONNX leaves the result open.
    double whole = to.bits == 1 ? x != 0 : std::trunc(x);
    return whole >= to.low() && whole <= to.high() ? whole : std::nan("");
  }
  case Kind::Round:
    return roundBy(mode, x, to);
  case Kind::Abs:
    return to.keep(std::abs(x));
  case Kind::Sqrt:
    return to.keep(std::sqrt(x));
  case Kind::Quantize: {
    double whole = std::nearbyint(quotientType(from).keep(x / of(a))) + of(b);
    return std::min(std::max(whole, to.low()), to.high());
  }
  }
  return std::nan("");
}

bool InputStep::bendsAtZero(int64_t channel) const {
  if (kind == Kind::Abs)
    return true;
  return kind == Kind::PRelu && a[a.size() == 1 ? 0 : channel] < 0;
}

bool InputStep::isOrderly() const {
  switch (kind) {
  case Kind::Mod:
  case Kind::And:
  case Kind::Or:
  case Kind::Xor:
    return false;
  case Kind::Convert:
    return to.bits != 1 || from.bits == 1;
  default:
    return true;
  }
}

bool InputFunction::isPerChannel() const {
  return llvm::any_of(steps, [](const InputStep &step) {
    return step.a.size() > 1 || step.b.size() > 1;
  });
}

std::optional<double> InputFunction::wraps(double x, int64_t channel) const {
  for (const InputStep &step : steps) {
    if (auto beyond = step.leavesRange(x, channel))
      return beyond;
    x = step(x, channel);
  }
  return std::nullopt;
}

bool InputFunction::isTyped() const {
  bool quantized = false;
  for (const InputStep &step : steps) {
    if (quantized && step.to.isFloat())
      return false;
    quantized |= step.kind == Kind::Quantize;
  }
  return true;
}

double InputFunction::run(double x, int64_t channel, size_t from,
                          size_t to) const {
  for (size_t i = from; i < to; ++i)
    x = steps[i](x, channel);
  return x;
}

//===----------------------------------------------------------------------===//
// From operations to steps
//===----------------------------------------------------------------------===//

namespace {

const llvm::StringMap<Kind> &kinds() {
  static const llvm::StringMap<Kind> table = {
      {"Add", Kind::Add},
      {"Sub", Kind::Sub},
      {"Mul", Kind::Mul},
      {"Div", Kind::Div},
      {"Mod", Kind::Mod},
      {"And", Kind::And},
      {"Or", Kind::Or},
      {"Xor", Kind::Xor},
      {"BitwiseAnd", Kind::And},
      {"BitwiseOr", Kind::Or},
      {"BitwiseXor", Kind::Xor},
      {"BitShift", Kind::ShiftRight},
      {"BatchNormalization", Kind::Normalize},
      {"PRelu", Kind::PRelu},
      {"Clip", Kind::Clip},
      {"Cast", Kind::Convert},
      {"Round", Kind::Round},
      {"Floor", Kind::Round},
      {"Ceil", Kind::Round},
      {"Abs", Kind::Abs},
      {"Sqrt", Kind::Sqrt},
      {"QuantizeLinear", Kind::Quantize}};
  return table;
}

/// The path upwards, and which channel of the present map each channel of the
/// last map is; empty where a movement mixes them.
struct Tracer {
  std::vector<InputStep> reversed;
  std::vector<int64_t> channelOf;
  std::optional<size_t> padAfter; ///< steps below the pad
  std::string &problem;

  bool fail(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool readList(mlir::Value value, std::vector<double> &list);
  bool readStep(Operation *op, Kind kind);
  bool readDequantize(Operation *op);
  bool readNormalize(Operation *op, InputStep &step);
  void pass(Operation *movement);
};

bool Tracer::readList(mlir::Value value, std::vector<double> &list) {
  auto constant = evaluateRounded(value);
  auto values = constant ? constant->exactDoubles() : std::nullopt;
  if (!values)
    return fail("must have constants that are numbers of their type, but found "
                "others; let the exporter fold them");
  if (values->size() == 1) {
    list = *values;
    return true;
  }
  if (channelOf.empty())
    return fail("must have one constant for all channels before a reordering "
                "of the graph input, but found several");
  for (int64_t channel : channelOf) {
    if (channel >= int64_t(values->size()))
      return fail("must have 1 or " + std::to_string(channelOf.size()) +
                  " constants, but found " + std::to_string(values->size()));
    list.push_back((*values)[channel]);
  }
  return true;
}

// The four vectors, folded as ONNX Runtime does before it multiplies.
bool Tracer::readNormalize(Operation *op, InputStep &step) {
  ElementType sum = step.to.bits == 64
                        ? step.to
                        : ElementType{ElementType::Kind::Float, 32};
  std::vector<double> scale, bias, mean, variance;
  if (!readList(op->getOperand(1), scale) ||
      !readList(op->getOperand(2), bias) ||
      !readList(op->getOperand(3), mean) ||
      !readList(op->getOperand(4), variance))
    return false;
  double epsilon = sum.keep(realOf(op, "epsilon", 1e-5f));
  for (size_t c = 0; c < scale.size(); ++c) {
    double root = sum.keep(std::sqrt(sum.keep(variance[c] + epsilon)));
    double factor = sum.keep(sum.keep(1 / root) * scale[c]);
    step.a.push_back(factor);
    step.b.push_back(sum.keep(bias[c] - sum.keep(mean[c] * factor)));
  }
  return true;
}

// (x - zero) * scale; the difference of integers is exact.
bool Tracer::readDequantize(Operation *op) {
  ElementType from =
      ElementType::of(tensorType(op->getOperand(0)).getElementType());
  ElementType to =
      ElementType::of(tensorType(op->getResult(0)).getElementType());
  ElementType wide{ElementType::Kind::Signed, 64};
  InputStep difference{Kind::Sub, from, wide, {}, {}};
  InputStep product{Kind::Mul, wide, to, {}, {}};
  if (!readList(op->getOperand(1), product.a) ||
      !readList(op->getOperand(2), difference.a))
    return false;
  reversed.push_back(std::move(product));
  reversed.push_back(std::move(difference));
  return true;
}

bool Tracer::readStep(Operation *op, Kind kind) {
  InputStep step{
      kind,
      ElementType::of(tensorType(op->getOperand(0)).getElementType()),
      ElementType::of(tensorType(op->getResult(0)).getElementType()),
      {},
      {}};
  auto readOr = [&](unsigned i, double absent, std::vector<double> &list) {
    if (op->getNumOperands() > i &&
        llvm::isa<mlir::RankedTensorType>(op->getOperand(i).getType()))
      return readList(op->getOperand(i), list);
    list = {absent};
    return true;
  };
  switch (kind) {
  case Kind::Normalize:
    if (!readNormalize(op, step))
      return false;
    break;
  case Kind::Clip:
    if (!readOr(1, -INFINITY, step.a) || !readOr(2, INFINITY, step.b))
      return false;
    break;
  case Kind::Quantize:
    if (!readList(op->getOperand(1), step.a) ||
        !readList(op->getOperand(2), step.b))
      return false;
    break;
  case Kind::Round:
    step.mode = opType(op) == "Floor"  ? RoundMode::Floor
                : opType(op) == "Ceil" ? RoundMode::Ceil
                                       : RoundMode::HalfEven;
    break;
  case Kind::ShiftRight:
    if (auto side = op->getAttrOfType<mlir::StringAttr>("direction"))
      step.kind = side.getValue() == "LEFT" ? Kind::ShiftLeft : kind;
    [[fallthrough]];
  default:
    if (op->getNumOperands() > 1 && !readList(op->getOperand(1), step.a))
      return false;
  }
  bool divides = kind == Kind::Div || kind == Kind::Mod;
  if (divides && llvm::is_contained(step.a, 0.0))
    return fail("must not divide by zero, but found 0");
  reversed.push_back(std::move(step));
  return true;
}

void Tracer::pass(Operation *movement) {
  if (channelOf.empty())
    return;
  auto from = tensorType(movement->getOperand(0));
  auto to = tensorType(movement->getResult(0));
  int64_t inOld = from.getDimSize(1) * from.getDimSize(2);
  int64_t inNew = to.getDimSize(1) * to.getDimSize(2);
  auto picks = movement->getAttrOfType<mlir::DenseI32ArrayAttr>("from");
  bool keeps = opType(movement) == "Reshape" && inOld % inNew == 0;
  if (isOnnx(movement, "Pick")) { // whole channels of the operand
    keeps = true;
    for (int64_t i = 0; keeps && i < picks.size(); ++i)
      keeps = picks[i] / inOld == picks[i - i % inNew] / inOld;
  }
  if (!keeps) {
    channelOf.clear();
    return;
  }
  for (int64_t &channel : channelOf)
    channel = (picks ? picks[channel * inNew] : channel * inNew) / inOld;
}

} // namespace

std::optional<InputFunction> InputFunction::ofOne(Operation *op,
                                                  int64_t channels,
                                                  std::string &problem) {
  Tracer tracer{{}, {}, std::nullopt, problem};
  for (int64_t c = 0; c < channels; ++c)
    tracer.channelOf.push_back(c);
  auto kind = kinds().find(opType(op));
  if (kind == kinds().end()) {
    problem = "must be an elementwise operation on integers, but found '" +
              opType(op).str() + "'";
    return std::nullopt;
  }
  if (!tracer.readStep(op, kind->second))
    return std::nullopt;
  InputFunction result(tensorType(op->getOperand(0)).getElementType());
  result.steps = std::move(tracer.reversed);
  return result;
}

std::optional<InputFunction> InputFunction::trace(mlir::Value value,
                                                  std::string &problem) {
  Tracer tracer{{}, {}, std::nullopt, problem};
  for (int64_t c = 0; c < tensorType(value).getDimSize(0); ++c)
    tracer.channelOf.push_back(c);
  while (Operation *op = value.getDefiningOp()) {
    llvm::StringRef name = opType(op);
    auto kind = kinds().find(name);
    if (name == "Pad" && !tracer.padAfter)
      tracer.padAfter = tracer.reversed.size();
    else if (name == "Reshape" || name == "Pick")
      tracer.pass(op);
    else if (name == "DequantizeLinear") {
      if (!tracer.readDequantize(op))
        return std::nullopt;
    } else if (kind != kinds().end()) {
      if (!tracer.readStep(op, kind->second))
        return std::nullopt;
    } else if (name != "CastInput" && name != "Pad") {
      problem = "must be an elementwise function of the graph input, but found "
                "'" +
                name.str() + "' before it; put the quantiser before that";
      return std::nullopt;
    }
    value = op->getOperand(0);
  }
  InputFunction result(tensorType(value).getElementType());
  result.steps.assign(std::make_move_iterator(tracer.reversed.rbegin()),
                      std::make_move_iterator(tracer.reversed.rend()));
  if (tracer.padAfter)
    result.padFrom = result.steps.size() - *tracer.padAfter;
  return result;
}

} // namespace bnncc
