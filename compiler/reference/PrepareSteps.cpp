//===- PrepareSteps.cpp - Elementwise and moving operations ---------------===//
//
// Translates what maps elements to elements: index lists per operand.
//
//===----------------------------------------------------------------------===//

#include "Prepare.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace bnncc::reference {
namespace {

std::optional<Function> functionOf(StringRef name) {
  using F = Function;
  using Result = std::optional<Function>;
  static const std::pair<StringRef, F> Functions[] = {
      {"Add", F::Add},
      {"Sub", F::Sub},
      {"Mul", F::Mul},
      {"Div", F::Div},
      {"Pow", F::Pow},
      {"Min", F::Min},
      {"Max", F::Max},
      {"Mod", F::Mod},
      {"BitwiseAnd", F::BitwiseAnd},
      {"BitwiseOr", F::BitwiseOr},
      {"BitwiseXor", F::BitwiseXor},
      {"BitShift", F::ShiftRight},
      {"Greater", F::Greater},
      {"GreaterOrEqual", F::GreaterOrEqual},
      {"Less", F::Less},
      {"LessOrEqual", F::LessOrEqual},
      {"Equal", F::Equal},
      {"And", F::And},
      {"Or", F::Or},
      {"Xor", F::Xor},
      {"Neg", F::Neg},
      {"Abs", F::Abs},
      {"Sqrt", F::Sqrt},
      {"Relu", F::Relu},
      {"Sign", F::Sign},
      {"Not", F::Not},
      {"Sigmoid", F::Sigmoid},
      {"Tanh", F::Tanh},
      {"Floor", F::Floor},
      {"Ceil", F::Ceil},
      {"Round", F::Round},
      {"Exp", F::Exp},
      {"Log", F::Log},
      {"Erf", F::Erf},
      {"PRelu", F::PRelu},
      {"Clip", F::Clip},
      {"Where", F::Where},
      {"Cast", F::Copy},
      {"BatchNormalization", F::BatchNormalization},
      {"QuantizeLinear", F::QuantizeLinear},
      {"DequantizeLinear", F::DequantizeLinear},
      {"BipolarQuant", F::BipolarQuant},
      {"Quant", F::Quant},
      {"Trunc", F::Trunc},
      {"MultiThreshold", F::MultiThreshold}};
  for (const auto &[key, function] : Functions)
    if (key == name)
      return function;
  return Result();
}

/// Steps through a per-channel list along `axis`.
Shape channelSteps(ArrayRef<int64_t> shape, int64_t axis) {
  Shape steps(shape.size(), 0);
  steps[axis] = 1;
  return steps;
}

/// The range of an integer type.
void setRange(Step &step, unsigned bits, bool isSigned, bool narrow) {
  double half = std::ldexp(1.0, static_cast<int>(bits) - 1);
  step.low = isSigned ? -half + narrow : 0;
  step.high = isSigned ? half - 1 : 2 * half - 1 - narrow;
}

Rounding roundingOf(StringRef mode) {
  return llvm::StringSwitch<Rounding>(mode)
      .Case("CEIL", Rounding::Ceil)
      .Case("FLOOR", Rounding::Floor)
      .Case("UP", Rounding::Up)
      .Case("DOWN", Rounding::Down)
      .Case("HALF_UP", Rounding::HalfUp)
      .Case("HALF_DOWN", Rounding::HalfDown)
      .Default(Rounding::HalfEven);
}

void readQuantAttributes(Translation &t) {
  auto mode = t.op->getAttrOfType<StringAttr>("rounding_mode");
  t.step.rounding = roundingOf(mode ? mode.getValue() : "ROUND");
  std::optional<double> bits = t.constant(3);
  if (!bits || *bits < 1 || *bits > 32)
    return t.fail("a bit width must be a constant in 1..32");
  if (t.step.function == Function::Trunc) {
    std::optional<double> kept = t.constant(4);
    if (!kept)
      return t.fail("a bit width must be a constant in 1..32");
    t.step.parameter = std::ldexp(1.0, static_cast<int>(*bits - *kept));
    return;
  }
  bool isSigned = t.integer("signed", 1);
  t.step.bipolar = *bits == 1 && isSigned;
  setRange(t.step, static_cast<unsigned>(*bits), isSigned,
           t.integer("narrow", 0));
}

/// The index list of a (de)quantiser's scale or zero point.
std::vector<int32_t> scaleMap(Translation &t, ArrayRef<int64_t> scale) {
  const Shape &shape = t.step.shape;
  int64_t axis = t.integer("axis", 1), block = t.integer("block_size", 0);
  if (block == 0)
    return offsets(shape, scale.size() == 1 && scale[0] != 1
                              ? channelSteps(shape, axis)
                              : Shape(shape.size(), 0));
  Shape strides = stridesOf(scale), own = stridesOf(shape);
  std::vector<int32_t> map(t.step.count);
  for (int64_t i = 0; i < t.step.count; ++i)
    for (size_t k = 0; k < shape.size(); ++k) {
      int64_t at = i / own[k] % shape[k];
      map[i] += static_cast<int32_t>(
          strides[k] * (static_cast<int64_t>(k) == axis ? at / block : at));
    }
  return map;
}

/// How wide the floats of a step are: its result's, but a quantiser's operand's
/// (in float32 at least).
FloatFormat formatOf(Translation &t) {
  auto elementOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getElementType();
  };
  bool isCode = t.step.element != ElementKind::Real;
  Type element = elementOf(isCode ? t.op->getOperand(0) : t.op->getResult(0));
  if (element.isF64())
    return FloatFormat::Double;
  if (isCode || t.step.function == Function::Quant)
    return FloatFormat::Single;
  return element.isF16()    ? FloatFormat::Half
         : element.isBF16() ? FloatFormat::BFloat
                            : FloatFormat::Single;
}

/// Integers keep to their type's range, coming round, unless they are cast from
/// reals.
void readIntegerRange(Translation &t) {
  auto to = cast<RankedTensorType>(t.op->getResult(0).getType());
  if (t.step.element != ElementKind::Integer || t.step.low != t.step.high)
    return;
  setRange(t.step, to.getElementTypeBitWidth(),
           !to.getElementType().isUnsignedInteger(), false);
  t.step.wraps = true;
}

float floatAttr(Operation *op, StringRef name, float byDefault) {
  auto attr = op->getAttrOfType<FloatAttr>(name);
  return attr ? attr.getValue().convertToFloat() : byDefault;
}

} // namespace

bool translateElementwise(Translation &t) {
  std::optional<Function> function = functionOf(t.name);
  if (!function)
    return false;
  Step &step = t.step;
  step.function = *function;
  bool perChannel = false, linear = false;
  switch (*function) {
  case Function::Copy: {
    auto to = cast<RankedTensorType>(t.op->getResult(0).getType());
    auto from = cast<RankedTensorType>(t.op->getOperand(0).getType());
    if (step.element == ElementKind::Bool)
      step.function = Function::ToBool;
    else if (step.element == ElementKind::Integer &&
             isa<FloatType>(from.getElementType()))
      step.function = Function::ToInteger;
    if (step.function == Function::ToInteger)
      setRange(step, to.getElementTypeBitWidth(),
               !to.getElementType().isUnsignedInteger(), false);
    break;
  }
  case Function::BatchNormalization:
    perChannel = true;
    step.parameter = floatAttr(t.op, "epsilon", 1e-5f);
    break;
  case Function::QuantizeLinear: {
    auto type = cast<RankedTensorType>(t.op->getResult(0).getType());
    setRange(step, type.getElementTypeBitWidth(),
             !type.getElementType().isUnsignedInteger(), false);
    linear = true;
    break;
  }
  case Function::DequantizeLinear:
    linear = true;
    break;
  case Function::Quant:
  case Function::Trunc:
    readQuantAttributes(t);
    break;
  case Function::MultiThreshold:
    step.parameter = floatAttr(t.op, "out_scale", 1);
    step.offset = floatAttr(t.op, "out_bias", 0);
    step.thresholds = t.shapeOf(1)[1];
    if (!t.program.isConstant[step.operands[1]])
      t.fail("thresholds must be constant");
    break;
  case Function::ShiftRight: {
    auto direction = t.op->getAttrOfType<StringAttr>("direction");
    if (direction && direction.getValue() == "LEFT")
      step.function = Function::ShiftLeft;
    break;
  }
  default:
    break;
  }
  readIntegerRange(t);
  step.format = formatOf(t);
  for (unsigned i = 0; i < step.operands.size(); ++i) {
    step.maps.emplace_back();
    if (step.operands[i] < 0)
      continue;
    Shape shape = t.shapeOf(i);
    if (*function == Function::MultiThreshold && i == 1)
      step.maps.back() =
          offsets(step.shape, shape[0] == 1 ? Shape(step.shape.size(), 0)
                                            : channelSteps(step.shape, 1));
    else if (perChannel && i > 0)
      step.maps.back() = offsets(step.shape, channelSteps(step.shape, 1));
    else if (linear && i > 0)
      step.maps.back() = scaleMap(t, shape);
    else if (shape != step.shape)
      step.maps.back() = offsets(step.shape, broadcastSteps(shape, step.shape));
  }
  return true;
}

namespace {

void translatePad(Translation &t, ArrayRef<int64_t> in) {
  Step &step = t.step;
  Attribute value = t.op->getAttr("value");
  if (auto real = dyn_cast_or_null<FloatAttr>(value))
    step.fill = real.getValueAsDouble();
  else if (auto whole = dyn_cast_or_null<IntegerAttr>(value))
    step.fill = whole.getType().isUnsignedInteger()
                    ? static_cast<double>(whole.getValue().getZExtValue())
                    : static_cast<double>(whole.getValue().getSExtValue());
  ArrayRef<int64_t> pads = t.ints("pads");
  Shape strides = stridesOf(step.shape);
  int64_t start = 0;
  for (size_t axis = 0; axis < in.size() && !pads.empty(); ++axis)
    start += pads[axis] * strides[axis];
  step.source.assign(step.count, -1);
  int32_t i = 0;
  for (int32_t offset : offsets(in, strides, start))
    step.source[offset] = i++;
}

void translateConcat(Translation &t) {
  Step &step = t.step;
  int64_t axis = t.integer("axis");
  Shape strides = stridesOf(step.shape);
  step.source.assign(step.count, -1);
  step.from.assign(step.count, 0);
  if (step.operands.size() > 255)
    return t.fail("Concat must have at most 255 operands");
  int64_t start = 0;
  for (unsigned k = 0; k < step.operands.size(); ++k) {
    Shape part = t.shapeOf(k);
    int32_t i = 0;
    for (int32_t offset : offsets(part, strides, start)) {
      step.source[offset] = i++;
      step.from[offset] = static_cast<uint8_t>(k);
    }
    start += part[axis] * strides[axis];
  }
}

void translateGather(Translation &t, ArrayRef<int64_t> in) {
  Step &step = t.step;
  if (!t.program.isConstant[step.operands[1]])
    return t.fail("Gather's indices must be constant");
  int64_t axis = t.integer("axis"), inner = 1, outer = 1;
  for (int64_t i = 0; i < static_cast<int64_t>(in.size()); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : in[i];
  const std::vector<double> &picks = t.program.values[step.operands[1]].values;
  for (int64_t o = 0; o < outer; ++o)
    for (double pick : picks)
      for (int64_t i = 0; i < inner; ++i)
        step.source.push_back(static_cast<int32_t>(
            (o * in[axis] + static_cast<int64_t>(pick)) * inner + i));
}

} // namespace

bool translateMove(Translation &t) {
  Step &step = t.step;
  step.kind = Kind::Move;
  if (t.name == "Concat") {
    translateConcat(t);
    return true;
  }
  if (step.operands.empty())
    return false;
  Shape in = t.shapeOf(0), strides = stridesOf(in);
  if (t.name == "Reshape") {
    step.source = offsets({step.count}, {1});
  } else if (t.name == "Expand") {
    step.source = offsets(step.shape, broadcastSteps(in, step.shape));
  } else if (t.name == "Transpose") {
    Shape steps;
    for (int64_t axis : t.ints("perm"))
      steps.push_back(strides[axis]);
    step.source = offsets(step.shape, steps);
  } else if (t.name == "Slice") {
    int64_t start = 0;
    Shape steps;
    for (auto [stride, from, by] :
         llvm::zip(strides, t.ints("starts"), t.ints("steps"))) {
      start += stride * from;
      steps.push_back(stride * by);
    }
    step.source = offsets(step.shape, steps, start);
  } else if (t.name == "Pad") {
    translatePad(t, in);
  } else if (t.name == "Gather") {
    translateGather(t, in);
  } else {
    return false;
  }
  return true;
}

} // namespace bnncc::reference
