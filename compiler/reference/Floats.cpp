//===- Floats.cpp - Elementwise operations as IEEE floats -----------------===//
//
// What precedes the first quantiser of the graph's input is meant as its types
// say: every result is rounded, in the order of ONNX Runtime's and QONNX's
// kernels. Written with the machine's own floats, apart from the fusion's form.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "llvm/ADT/APFloat.h"

namespace bnncc::reference {
namespace {

/// Rounds to a float of 16 bits; others are as wide as they are computed.
template <typename T> T narrow(T value, FloatFormat format) {
  const llvm::fltSemantics *semantics = nullptr;
  if (format == FloatFormat::Half)
    semantics = &llvm::APFloat::IEEEhalf();
  if (format == FloatFormat::BFloat)
    semantics = &llvm::APFloat::BFloat();
  if (!semantics)
    return value;
  llvm::APFloat number(static_cast<double>(value));
  bool lost;
  number.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  return static_cast<T>(number.convertToDouble());
}

template <typename T> T roundFloat(T x, Rounding mode) {
  T size = std::fabs(x);
  switch (mode) {
  case Rounding::HalfEven:
    return std::nearbyint(x);
  case Rounding::Floor:
    return std::floor(x);
  case Rounding::Ceil:
    return std::ceil(x);
  case Rounding::Up:
    return std::copysign(std::ceil(size), x);
  case Rounding::Down:
    return std::copysign(std::floor(size), x);
  case Rounding::HalfUp: {
    T shifted = size + T(0.5);
    return std::copysign(std::floor(shifted), x);
  }
  case Rounding::HalfDown: {
    T shifted = size - T(0.5);
    return std::copysign(std::ceil(shifted), x);
  }
  }
  return x;
}

/// Two roundings, never one: the volatile keeps compilers from contracting.
template <typename T> T scaled(T x, T factor, T term) {
  volatile T product = x * factor;
  return product + term;
}

template <typename T>
std::optional<double> applyIn(const Step &step, const double *operands) {
  T in[5];
  for (size_t k = 0; k < step.operands.size() && k < 5; ++k)
    in[k] = static_cast<T>(operands[k]);
  auto within = [&](T x) {
    T low = static_cast<T>(step.low), high = static_cast<T>(step.high);
    return x < low ? low : x > high ? high : x;
  };
  switch (step.function) {
  case Function::Add:
    return in[0] + in[1];
  case Function::Sub:
    return in[0] - in[1];
  case Function::Mul:
    return in[0] * in[1];
  case Function::Div:
    return in[0] / in[1];
  case Function::Min:
    return std::min(in[0], in[1]);
  case Function::Max:
    return std::max(in[0], in[1]);
  case Function::Neg:
    return -in[0];
  case Function::Abs:
    return std::fabs(in[0]);
  case Function::Sqrt:
    return std::sqrt(in[0]);
  case Function::Relu:
    return std::max(in[0], T(0));
  case Function::Floor:
    return std::floor(in[0]);
  case Function::Ceil:
    return std::ceil(in[0]);
  case Function::Round:
    return std::nearbyint(in[0]);
  case Function::Copy:
    return in[0];
  case Function::PRelu:
    return in[0] > 0 ? in[0] : in[1] * in[0];
  case Function::Clip: {
    T low = step.operands[1] >= 0 ? std::max(in[0], in[1]) : in[0];
    return step.operands[2] >= 0 ? std::min(low, in[2]) : low;
  }
  case Function::BatchNormalization: {
    T spread = in[4] + static_cast<T>(step.parameter);
    T inverse = T(1) / std::sqrt(spread);
    T factor = inverse * in[1];
    volatile T shift = in[3] * factor;
    return scaled(in[0], factor, in[2] - shift);
  }
  case Function::DequantizeLinear:
    return (in[0] - in[2]) * in[1];
  case Function::QuantizeLinear:
    return within(std::nearbyint(in[0] / in[1]) + in[2]);
  case Function::Quant: {
    T ratio = in[0] / in[1];
    T code = ratio + in[2];
    if (step.bipolar)
      return code >= 0 ? 1 : -1;
    return roundFloat(within(code), step.rounding);
  }
  default:
    return std::nullopt;
  }
}

} // namespace

bool hasFloatForm(Function function) {
  switch (function) {
  case Function::Add:
  case Function::Sub:
  case Function::Mul:
  case Function::Div:
  case Function::Min:
  case Function::Max:
  case Function::Neg:
  case Function::Abs:
  case Function::Sqrt:
  case Function::Relu:
  case Function::Floor:
  case Function::Ceil:
  case Function::Round:
  case Function::Copy:
  case Function::PRelu:
  case Function::Clip:
  case Function::BatchNormalization:
  case Function::DequantizeLinear:
    return true;
  default:
    return false;
  }
}

std::optional<Bounded> applyFloat(const Step &step, const Bounded *in) {
  double values[5] = {};
  for (size_t k = 0; k < step.operands.size() && k < 5; ++k)
    values[k] = in[k].value;
  std::optional<double> result = step.format == FloatFormat::Double
                                     ? applyIn<double>(step, values)
                                     : applyIn<float>(step, values);
  if (!result || !std::isfinite(*result))
    return std::nullopt;
  // A quantiser's codes are integers; their real values are exact again.
  if (step.function == Function::Quant)
    return (Bounded(*result) - in[2]) * in[1];
  if (step.function == Function::QuantizeLinear)
    return Bounded(*result);
  return Bounded(narrow(*result, step.format));
}

} // namespace bnncc::reference
