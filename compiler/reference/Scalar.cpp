//===- Scalar.cpp - The meaning of elementwise operations -----------------===//
//
// Each operation's formula, written once for bounded doubles (the filter), and
// instantiated for exact numbers (the judge) and for enclosures where there are
// none.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Range.h"
#include "Vector.h"

namespace bnncc::reference {
namespace {

template <typename N> using Maybe = std::optional<N>;

bool isOdd(const Bounded &whole) { return std::fmod(whole.value, 2) != 0; }
bool isOdd(const Surd &whole) {
  return mpz_odd_p(whole.getRational().get_num_mpz_t());
}

bool isOdd(const Range &whole) { return std::fmod(whole.low(), 2) != 0; }

Bounded magnitude(const Bounded &x) { return {std::abs(x.value), x.error}; }
Surd magnitude(const Surd &x) { return x.sign() < 0 ? -x : x; }
Range magnitude(const Range &x) { return maximum(x, -x); }

template <typename N> Maybe<N> ceiling(const N &x) {
  Maybe<N> negated = floorOf(-x);
  return negated ? Maybe<N>(-*negated) : std::nullopt;
}

/// The nearest whole number; of two, the even one.
template <typename N> Maybe<N> roundHalfEven(const N &x) {
  N shifted = x + N(0.5);
  Maybe<N> whole = floorOf(shifted);
  if (!whole)
    return std::nullopt;
  Maybe<int> beyond = signOf(shifted - *whole);
  if (!beyond)
    return std::nullopt;
  return *beyond == 0 && isOdd(*whole) ? *whole - N(1.0) : *whole;
}

template <typename N> Maybe<N> round(const N &x, Rounding mode) {
  switch (mode) {
  case Rounding::HalfEven:
    return roundHalfEven(x);
  case Rounding::Floor:
    return floorOf(x);
  case Rounding::Ceil:
    return ceiling(x);
  default:
    break;
  }
  // The others are symmetric about zero.
  N size = magnitude(x);
  Maybe<N> whole = mode == Rounding::Up       ? ceiling(size)
                   : mode == Rounding::Down   ? floorOf(size)
                   : mode == Rounding::HalfUp ? floorOf(size + N(0.5))
                                              : ceiling(size - N(0.5));
  if (!whole || signOf(*whole) == 0)
    return whole;
  Maybe<int> sign = signOf(x);
  if (!sign)
    return std::nullopt;
  return *sign < 0 ? -*whole : *whole;
}

/// The integer itself, where it is known.
Maybe<int64_t> wholeOf(const Bounded &x) {
  return x.isExact() ? Maybe<int64_t>(static_cast<int64_t>(x.value))
                     : std::nullopt;
}
Maybe<int64_t> wholeOf(const Surd &x) {
  return x.isRational() ? Maybe<int64_t>(x.getRational().get_num().get_si())
                        : std::nullopt;
}
Maybe<int64_t> wholeOf(const Range &x) {
  return x.isPoint() ? Maybe<int64_t>(static_cast<int64_t>(x.low()))
                     : std::nullopt;
}

/// The integer of low..high that is congruent to x.
template <typename N> Maybe<N> wrap(const Step &step, const N &x) {
  Maybe<int> below = signOf(x - N(step.low)), above = signOf(x - N(step.high));
  if (below && above && *below >= 0 && *above <= 0)
    return x;
  N size(std::exp2(std::round(std::log2(step.high - step.low + 1))));
  Maybe<N> turns = divide(x - N(step.low), size);
  turns = turns ? floorOf(*turns) : std::nullopt;
  return turns ? Maybe<N>(x - *turns * size) : std::nullopt;
}

template <typename N>
Maybe<N> bitwise(Function function, const N &a, const N &b) {
  Maybe<int64_t> x = wholeOf(a), y = wholeOf(b);
  if (!x || !y)
    return std::nullopt;
  switch (function) {
  case Function::BitwiseAnd:
    return N(static_cast<double>(*x & *y));
  case Function::BitwiseOr:
    return N(static_cast<double>(*x | *y));
  case Function::BitwiseXor:
    return N(static_cast<double>(*x ^ *y));
  case Function::ShiftLeft:
    return a * N(std::ldexp(1.0, static_cast<int>(*y)));
  default:
    return N(static_cast<double>(*y > 63 ? 0 : *x >> *y));
  }
}

template <typename N> N clamp(const N &x, double low, double high) {
  return minimum(maximum(x, N(low)), N(high));
}

//--- Functions that have no exact form ----------------------------------------

/// Rational at one argument only, for which a network may well ask.
Maybe<Surd> smooth(Function function, const Surd &x) {
  bool isLog = function == Function::Log;
  if ((isLog ? x - Surd(1.0) : x).sign() != 0)
    return std::nullopt;
  return function == Function::Sigmoid ? Surd(0.5)
         : function == Function::Exp   ? Surd(1.0)
                                       : Surd(0.0);
}

Maybe<Bounded> smooth(Function function, const Bounded &x) {
  // The C library is good to a few units in the last place; the derivative
  // carries the operand's error over.
  double y, slope;
  switch (function) {
  case Function::Sigmoid:
    y = 1 / (1 + std::exp(-x.value));
    slope = 0.25;
    break;
  case Function::Tanh:
    y = std::tanh(x.value);
    slope = 1;
    break;
  case Function::Erf:
    y = std::erf(x.value);
    slope = 1.1284;
    break;
  case Function::Exp:
    y = std::exp(x.value);
    slope = std::exp(x.value + x.error) * Slack;
    break;
  default: // Log
    if (!(x.value - x.error > 0))
      return std::nullopt;
    y = std::log(x.value);
    slope = 1 / (x.value - x.error);
    break;
  }
  if (!std::isfinite(y))
    return std::nullopt;
  return Bounded(y, (std::abs(y) * 16 * Unit + slope * x.error) * Slack + Tiny);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

Maybe<Range> smooth(Function function, const Range &x) {
  constexpr double none = std::numeric_limits<double>::infinity();
  switch (function) {
  case Function::Sigmoid:
    return risen(logistic, x, 0, 1, 0, 0.5);
  case Function::Tanh:
    return risen(std::tanh, x, -1, 1, 0, 0);
  case Function::Erf:
    return risen(std::erf, x, -1, 1, 0, 0);
  case Function::Exp:
    return risen(std::exp, x, 0, none, 0, 1);
  default: // Log
    return x.low() > 0 ? Maybe<Range>(risen(std::log, x, -none, none, 1, 0))
                       : std::nullopt;
  }
}

/// Slopes differ on the two sides, so near zero the larger one bounds the
/// error.
Maybe<Bounded> parametricRelu(const Bounded &x, const Bounded &slope) {
  if (Maybe<int> sign = signOf(x))
    return *sign < 0 ? x * slope : x;
  double steepest = std::max(1.0, std::abs(slope.value) + slope.error);
  return Bounded(x.value, 2 * steepest * x.error * Slack);
}

Maybe<Surd> parametricRelu(const Surd &x, const Surd &slope) {
  return x.sign() < 0 ? x * slope : x;
}

Maybe<Range> parametricRelu(const Range &x, const Range &slope) {
  if (Maybe<int> sign = signOf(x))
    return *sign < 0 ? x * slope : x;
  return std::nullopt;
}

//--- Formulas -----------------------------------------------------------------

/// gamma (x - mean) / sqrt(variance + epsilon) + beta
template <typename N> Maybe<N> normalise(const N *in, const N &deviation) {
  Maybe<N> ratio = divide((in[0] - in[3]) * in[1], deviation);
  return ratio ? Maybe<N>(*ratio + in[2]) : std::nullopt;
}

/// (clamp-round(x / scale + zero) - zero) * scale
template <typename N> Maybe<N> fakeQuantise(const Step &step, const N *in) {
  Maybe<N> ratio = divide(in[0], in[1]);
  if (!ratio)
    return std::nullopt;
  N code = *ratio + in[2];
  if (step.bipolar) {
    Maybe<int> sign = signOf(code);
    if (!sign)
      return std::nullopt;
    code = N(*sign >= 0 ? 1.0 : -1.0);
  } else {
    Maybe<N> whole = round(clamp(code, step.low, step.high), step.rounding);
    if (!whole)
      return std::nullopt;
    code = *whole;
  }
  return (code - in[2]) * in[1];
}

/// QONNX Trunc, version 1: drops low bits of the integer code.
template <typename N> Maybe<N> truncate(const Step &step, const N *in) {
  Maybe<N> ratio = divide(in[0], in[1]);
  Maybe<N> code = ratio ? roundHalfEven(*ratio + in[2]) : std::nullopt;
  if (code)
    code = round(*code * N(1 / step.parameter), step.rounding);
  return code ? Maybe<N>((*code - in[2]) * in[1]) : std::nullopt;
}

template <typename N> Maybe<N> power(const N &base, const N &exponent);

template <typename N> Maybe<N> powerOf(const N &base, double exponent) {
  bool inverse = exponent < 0;
  double size = std::abs(exponent);
  double whole = std::floor(size);
  if (size > 64 || (size != whole && size - whole != 0.5))
    return std::nullopt;
  N result(1.0);
  for (int i = 0; i < static_cast<int>(whole); ++i)
    result = result * base;
  if (size != whole) {
    Maybe<N> root = squareRoot(base);
    if (!root)
      return std::nullopt;
    result = result * *root;
  }
  return inverse ? divide(N(1.0), result) : Maybe<N>(result);
}

template <> Maybe<Bounded> power(const Bounded &base, const Bounded &exponent) {
  return exponent.isExact() ? powerOf(base, exponent.value) : std::nullopt;
}

template <> Maybe<Surd> power(const Surd &base, const Surd &exponent) {
  if (!exponent.isRational())
    return std::nullopt;
  return powerOf(base, exponent.getRational().get_d());
}

template <> Maybe<Range> power(const Range &base, const Range &exponent) {
  return exponent.isPoint() ? powerOf(base, exponent.low()) : std::nullopt;
}

/// Comparisons by the sign of the difference.
template <typename N>
Maybe<N> compare(Function function, const N &a, const N &b) {
  Maybe<int> sign = signOf(a - b);
  if (!sign)
    return std::nullopt;
  bool holds = function == Function::Greater          ? *sign > 0
               : function == Function::GreaterOrEqual ? *sign >= 0
               : function == Function::Less           ? *sign < 0
               : function == Function::LessOrEqual    ? *sign <= 0
                                                      : *sign == 0;
  return N(holds ? 1.0 : 0.0);
}

} // namespace

template <typename N>
static std::optional<N> applyPlain(const Step &step, const N *in,
                                   llvm::ArrayRef<double> row,
                                   SignZero signZero, Trouble &trouble) {
  const N &a = in[0];
  auto truth = [](const N &x) { return signOf(x).value_or(1) != 0; };
  auto number = [](bool holds) { return N(holds ? 1.0 : 0.0); };
  switch (step.function) {
  case Function::Add:
    return a + in[1];
  case Function::Sub:
    return a - in[1];
  case Function::Mul:
    return a * in[1];
  case Function::Div: {
    if (step.element != ElementKind::Integer)
      return divide(a, in[1]);
    Maybe<N> ratio = divide(a, in[1]);
    return ratio ? round(*ratio, Rounding::Down) : std::nullopt;
  }
  case Function::Mod: {
    Maybe<N> ratio = divide(a, in[1]);
    Maybe<N> whole = ratio ? floorOf(*ratio) : std::nullopt;
    return whole ? Maybe<N>(a - *whole * in[1]) : std::nullopt;
  }
  case Function::BitwiseAnd:
  case Function::BitwiseOr:
  case Function::BitwiseXor:
  case Function::ShiftLeft:
  case Function::ShiftRight:
    return bitwise(step.function, a, in[1]);
  case Function::Pow:
    return power(a, in[1]);
  case Function::Min:
    return minimum(a, in[1]);
  case Function::Max:
    return maximum(a, in[1]);
  case Function::Greater:
  case Function::GreaterOrEqual:
  case Function::Less:
  case Function::LessOrEqual:
  case Function::Equal:
    return compare(step.function, a, in[1]);
  case Function::And:
    return number(truth(a) && truth(in[1]));
  case Function::Or:
    return number(truth(a) || truth(in[1]));
  case Function::Xor:
    return number(truth(a) != truth(in[1]));
  case Function::Not:
    return number(!truth(a));
  case Function::Neg:
    return -a;
  case Function::Abs:
    return magnitude(a);
  case Function::Sqrt:
    return squareRoot(a);
  case Function::Relu:
    return maximum(a, N(0.0));
  case Function::Sign: {
    Maybe<int> sign = signOf(a);
    if (!sign)
      return std::nullopt;
    if (*sign == 0 && signZero == SignZero::Error)
      trouble.fail("Sign must not meet exactly zero, found it");
    if (*sign == 0 && signZero == SignZero::Keep)
      return N(0.0);
    return N(*sign != 0 ? *sign : signZero == SignZero::Minus ? -1.0 : 1.0);
  }
  case Function::Sigmoid:
  case Function::Tanh:
  case Function::Exp:
  case Function::Log:
  case Function::Erf:
    return smooth(step.function, a);
  case Function::Floor:
    return floorOf(a);
  case Function::Ceil:
    return ceiling(a);
  case Function::Round:
    return roundHalfEven(a);
  case Function::PRelu:
    return parametricRelu(a, in[1]);
  case Function::Clip: {
    N clipped = step.operands[1] >= 0 ? maximum(a, in[1]) : a;
    return step.operands[2] >= 0 ? minimum(clipped, in[2]) : clipped;
  }
  case Function::Where:
    return truth(a) ? in[1] : in[2];
  case Function::Copy:
    return a;
  case Function::ToInteger: {
    // Beyond the type's range ONNX leaves the result open.
    Maybe<N> whole = round(a, Rounding::Down);
    if (whole &&
        (signOf(*whole - N(step.low)) < 0 || signOf(*whole - N(step.high)) > 0))
      trouble.fail("Cast must meet values of its type's range, found one "
                   "outside");
    return whole;
  }
  case Function::ToBool: {
    Maybe<int> sign = signOf(a);
    return sign ? Maybe<N>(number(*sign != 0)) : std::nullopt;
  }
  case Function::BatchNormalization: {
    Maybe<N> deviation = squareRoot(in[4] + N(step.parameter));
    return deviation ? normalise(in, *deviation) : std::nullopt;
  }
  case Function::QuantizeLinear: {
    Maybe<N> ratio = divide(a, in[1]);
    // Far beyond saturation the code is settled, and may be too large to round.
    double reach = 2 * (step.high - step.low) + 2;
    Maybe<N> code =
        ratio ? roundHalfEven(clamp(*ratio, -reach, reach)) : std::nullopt;
    return code ? Maybe<N>(clamp(*code + in[2], step.low, step.high))
                : std::nullopt;
  }
  case Function::DequantizeLinear:
    return (a - in[2]) * in[1];
  case Function::BipolarQuant: {
    Maybe<int> sign = signOf(a);
    if (!sign)
      return std::nullopt;
    return *sign >= 0 ? in[1] : -in[1];
  }
  case Function::Quant:
    return fakeQuantise(step, in);
  case Function::Trunc:
    return truncate(step, in);
  case Function::MultiThreshold: {
    int reached = 0;
    for (double threshold : row) {
      Maybe<int> sign = signOf(a - N(threshold));
      if (!sign)
        return std::nullopt;
      reached += *sign >= 0;
    }
    return N(static_cast<double>(reached)) * N(step.parameter) + N(step.offset);
  }
  }
  return std::nullopt;
}

template <typename N>
std::optional<N> apply(const Step &step, const N *in,
                       llvm::ArrayRef<double> row, SignZero signZero,
                       Trouble &trouble) {
  std::optional<N> result = applyPlain(step, in, row, signZero, trouble);
  return result && step.wraps ? wrap(step, *result) : result;
}

VECTOR_CLONES bool normaliseChannel(const double *x, const double *errors,
                                    int64_t count, const Bounded *channel,
                                    const Bounded &deviation, double *y,
                                    double *yErrors) {
  Bounded in[4] = {0, channel[0], channel[1], channel[2]};
  for (int64_t i = 0; i < count; ++i) {
    in[0] = {x[i], errors ? errors[i] : 0};
    std::optional<Bounded> result = normalise(in, deviation);
    if (!result)
      return false;
    y[i] = result->value;
    yErrors[i] = result->error;
  }
  return true;
}

template std::optional<Bounded> apply(const Step &, const Bounded *,
                                      llvm::ArrayRef<double>, SignZero,
                                      Trouble &);
template std::optional<Range> apply(const Step &, const Range *,
                                    llvm::ArrayRef<double>, SignZero,
                                    Trouble &);
template std::optional<Surd> apply(const Step &, const Surd *,
                                   llvm::ArrayRef<double>, SignZero, Trouble &);

} // namespace bnncc::reference
