// Evaluates elementwise chains: exactly, by a rigorous double filter, and in
// float32 as ONNX Runtime does.

#include "fuse/Function.h"
#include <algorithm>
#include <cmath>

namespace bnncc::exact {
namespace {

// One unit of rounding, and a floor under which doubles lose relative accuracy.
constexpr double unit = 0x1p-52;
constexpr double tiny = 0x1p-1000;

Step finish(Step step) {
  step.preDouble = step.pre.toDouble();
  step.factorDouble = step.factor.toDouble();
  step.termDouble = step.term.toDouble();
  return step;
}

} // namespace

double roundDouble(RoundMode mode, double x) {
  double size = std::abs(x);
  switch (mode) {
  case RoundMode::HalfEven:
    return std::nearbyint(x);
  case RoundMode::Floor:
    return std::floor(x);
  case RoundMode::Ceil:
    return std::ceil(x);
  case RoundMode::HalfUp:
    return std::copysign(std::floor(size + 0.5), x);
  case RoundMode::HalfDown:
    return std::copysign(std::ceil(size - 0.5), x);
  case RoundMode::Up:
    return std::copysign(std::ceil(size), x);
  case RoundMode::Down:
    return std::copysign(std::floor(size), x);
  }
  return x;
}

namespace {

float toFloat(const Radical &value) { return float(value.toDouble()); }

} // namespace

Step Step::multiply(Radical factor) {
  Step step{.kind = Kind::Multiply, .factor = std::move(factor)};
  step.factorFloat = toFloat(step.factor);
  return finish(std::move(step));
}

Step Step::divide(Radical divisor) {
  Step step{.kind = Kind::Divide, .factor = divisor.inverse()};
  step.factorFloat = toFloat(divisor);
  return finish(std::move(step));
}

Step Step::add(Radical term) {
  Step step{.kind = Kind::Add, .term = std::move(term)};
  step.termFloat = toFloat(step.term);
  return finish(std::move(step));
}

Step Step::subtract(Radical term) {
  Step step{.kind = Kind::Subtract, .term = term.negated()};
  step.termFloat = toFloat(term);
  return finish(std::move(step));
}

// scale / sqrt(v) = scale sqrt(1 / v). ONNX Runtime folds the four vectors into
// x * factor + term first, in float32.
Step Step::normalize(double scale, double bias, double mean, double variance,
                     double epsilon) {
  mpq_class total = rational(variance) + rational(epsilon);
  Step step{.kind = Kind::Normalize,
            .pre = mpq_class(-rational(mean)),
            .factor = Radical(0, rational(scale), 1 / total),
            .term = bias};
  float inverse = 1.0f / std::sqrt(float(variance) + float(epsilon));
  step.factorFloat = inverse * float(scale);
  step.termFloat = float(bias) - float(mean) * step.factorFloat;
  return finish(std::move(step));
}

Step Step::prelu(double slope) {
  Step step{.kind = Kind::PRelu, .factor = slope};
  step.factorFloat = float(slope);
  return finish(std::move(step));
}

Step Step::clip(double low, double high) {
  Step step{.kind = Kind::Clip};
  step.low = low;
  step.high = high;
  return finish(std::move(step));
}

Step Step::round(RoundMode mode) {
  Step step{.kind = Kind::Round};
  step.mode = mode;
  return finish(std::move(step));
}

//===----------------------------------------------------------------------===//
// Exact
//===----------------------------------------------------------------------===//

static mpz_class ceiling(const Radical &x) { return -x.negated().floor(); }

mpz_class roundExactly(RoundMode mode, const Radical &x) {
  // Symmetric about zero but for Floor and Ceil.
  mpq_class half(1, 2);
  bool negative = x.sign() < 0;
  Radical size = negative ? x.negated() : x;
  mpz_class whole;
  switch (mode) {
  case RoundMode::Floor:
    return x.floor();
  case RoundMode::Ceil:
    return ceiling(x);
  case RoundMode::HalfEven: {
    Radical shifted = exact::add(size, Radical(half))->reduced();
    whole = shifted.floor();
    bool tie = shifted.isRational() && shifted.rationalPart() == whole;
    whole -= tie && mpz_odd_p(whole.get_mpz_t());
    break;
  }
  case RoundMode::HalfUp:
    whole = exact::add(size, Radical(half))->floor();
    break;
  case RoundMode::HalfDown:
    whole = ceiling(*exact::add(size, Radical(mpq_class(-half))));
    break;
  case RoundMode::Up:
    whole = ceiling(size);
    break;
  case RoundMode::Down:
    whole = size.floor();
    break;
  }
  return negative ? mpz_class(-whole) : whole;
}

std::optional<Radical> exactValue(ChainView chain, const Radical &x) {
  using Kind = Step::Kind;
  if (hasFunction(chain)) {
    Number number = evaluate(chain, x);
    return number.isExact() ? std::optional(number.exact) : std::nullopt;
  }
  std::optional<Radical> value = x;
  for (const Step &step : chain) {
    switch (step.kind) {
    case Kind::Multiply:
    case Kind::Divide:
      value = exact::multiply(*value, step.factor);
      break;
    case Kind::Add:
    case Kind::Subtract:
      value = exact::add(*value, step.term);
      break;
    case Kind::Normalize:
      value = exact::add(*value, step.pre);
      if (value)
        value = exact::multiply(*value, step.factor);
      if (value)
        value = exact::add(*value, step.term);
      break;
    case Kind::PRelu:
      if (value->sign() < 0)
        value = exact::multiply(*value, step.factor);
      break;
    case Kind::Clip:
      if (std::isfinite(step.low) &&
          exact::add(*value, Radical(-step.low))->sign() < 0)
        value = Radical(step.low);
      if (std::isfinite(step.high) &&
          exact::add(*value, Radical(-step.high))->sign() > 0)
        value = Radical(step.high);
      break;
    case Kind::Round:
      value = Radical(mpq_class(roundExactly(step.mode, *value)));
      break;
    case Kind::Apply:
      break; // by evaluate, above
    }
    if (!value)
      return std::nullopt;
  }
  return value;
}

// The value by enclosures of `bits` fraction bits.
static Enclosure enclosed(ChainView chain, const mpq_class &x, unsigned bits) {
  using Kind = Step::Kind;
  auto enclose = [bits](const Radical &value) {
    return Enclosure(value, bits);
  };
  Enclosure value = enclose(x);
  for (const Step &step : chain) {
    switch (step.kind) {
    case Kind::Multiply:
    case Kind::Divide:
      value = value * enclose(step.factor);
      break;
    case Kind::Add:
    case Kind::Subtract:
      value = value + enclose(step.term);
      break;
    case Kind::Normalize:
      value = (value + enclose(step.pre)) * enclose(step.factor) +
              enclose(step.term);
      break;
    case Kind::PRelu: {
      if (value.low >= 0)
        break;
      // The larger and the smaller of the two branches enclose the bend.
      Enclosure bent = value * enclose(step.factor);
      if (value.high < 0) {
        value = bent;
        break;
      }
      value.low = std::min(value.low, bent.low);
      value.high = std::max(value.high, bent.high);
      break;
    }
    case Kind::Clip:
      if (std::isfinite(step.low)) {
        Enclosure bound = enclose(Radical(step.low));
        value.low = std::max(value.low, bound.low);
        value.high = std::max(value.high, bound.high);
      }
      if (std::isfinite(step.high)) {
        Enclosure bound = enclose(Radical(step.high));
        value.low = std::min(value.low, bound.low);
        value.high = std::min(value.high, bound.high);
      }
      break;
    case Kind::Round:
      for (mpz_class *end : {&value.low, &value.high})
        *end = roundExactly(step.mode, Radical(mpq_class(
                                           *end, mpz_class(1) << bits)))
               << bits;
      break;
    case Kind::Apply:
      break;
    }
  }
  return value;
}

std::optional<int> exactSign(ChainView chain, const mpq_class &x,
                             const mpq_class &offset) {
  if (hasFunction(chain))
    return signOf(
        sum(evaluate(chain, Radical(x)), Radical(mpq_class(-offset))));
  if (auto value = exactValue(chain, Radical(x)))
    if (auto difference = exact::add(*value, Radical(mpq_class(-offset))))
      return difference->sign();
  Radical negated(mpq_class(-offset));
  for (unsigned bits = 256; bits <= maximumBits; bits *= 2)
    if (int sign = (enclosed(chain, x, bits) + Enclosure(negated, bits)).sign())
      return sign;
  return std::nullopt;
}

std::optional<int> exactOrder(ChainView a, const mpq_class &x, ChainView b,
                              const mpq_class &y) {
  auto left = exactValue(a, Radical(x)), right = exactValue(b, Radical(y));
  if (left && right)
    if (auto difference = exact::add(*left, right->negated()))
      return difference->sign();
  for (unsigned bits = 256; bits <= maximumBits; bits *= 2) {
    Enclosure minusOne(Radical(mpq_class(-1)), bits);
    if (int sign =
            (enclosed(a, x, bits) + enclosed(b, y, bits) * minusOne).sign())
      return sign;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Filter: a double and a bound on its absolute error
//===----------------------------------------------------------------------===//

namespace {

// Constants have a relative error of 4 units; every operation rounds once, and
// the factors of 8 and 16 below cover the products of these small terms.
struct Filtered {
  double value, error;

  void add(double term) {
    value += term;
    error +=
        unit * (8 * std::abs(term) + 8 * std::abs(value) + 8 * error) + tiny;
  }
  void multiply(double factor) {
    value *= factor;
    error = error * std::abs(factor) * (1 + 16 * unit) +
            16 * unit * std::abs(value) + tiny;
  }
};

} // namespace

// None where a bend or a rounding is not decided.
static std::optional<Filtered> filtered(ChainView chain, double x) {
  using Kind = Step::Kind;
  Filtered v{x, 0};
  for (const Step &step : chain) {
    switch (step.kind) {
    case Kind::Multiply:
    case Kind::Divide:
      v.multiply(step.factorDouble);
      break;
    case Kind::Add:
    case Kind::Subtract:
      v.add(step.termDouble);
      break;
    case Kind::Normalize:
      v.add(step.preDouble);
      v.multiply(step.factorDouble);
      v.add(step.termDouble);
      break;
    case Kind::PRelu:
      if (v.value - v.error >= 0)
        break;
      if (!(v.value + v.error < 0))
        return std::nullopt;
      v.multiply(step.factorDouble);
      break;
    case Kind::Clip: // never spreads an error
      v.value = std::min(std::max(v.value, step.low), step.high);
      break;
    case Kind::Round: {
      // An integer, if the whole interval rounds to it; never near a tie.
      double whole = std::nearbyint(v.value);
      double away = std::abs(v.value - whole), slack = v.error + tiny;
      bool isFar = std::abs(v.value) < 0x1p50 && away > slack &&
                   std::abs(away - 0.5) > slack;
      if (!isFar)
        return std::nullopt;
      v = {roundDouble(step.mode, v.value), 0};
      break;
    }
    case Kind::Apply:
      break;
    }
  }
  return v;
}

int filteredSign(ChainView chain, double x, double offset) {
  if (hasFunction(chain))
    return signOf(sum(evaluate(chain, Interval(x)), Interval(-offset)))
        .value_or(0);
  auto v = filtered(chain, x);
  if (!v)
    return 0;
  v->add(-offset);
  return v->value - v->error > 0 ? 1 : v->value + v->error < 0 ? -1 : 0;
}

Approximate approximateValue(ChainView chain, double x) {
  auto v = filtered(chain, x);
  double infinity = std::numeric_limits<double>::infinity();
  return v ? Approximate{v->value, v->error} : Approximate{0, infinity};
}

//===----------------------------------------------------------------------===//
// float32
//===----------------------------------------------------------------------===//

FloatValue floatValue(ChainView chain, float x) {
  using Kind = Step::Kind;
  FloatValue v{x, std::abs(x)};
  auto add = [&v](float left, float right) {
    v.value = left + right;
    v.magnitude = std::max(std::abs(left), std::abs(right));
  };
  auto scale = [&v](float factor) {
    v.value *= factor;
    v.magnitude *= std::abs(factor);
  };
  for (const Step &step : chain) {
    switch (step.kind) {
    case Kind::Multiply:
      scale(step.factorFloat);
      break;
    case Kind::Divide:
      v.value /= step.factorFloat;
      v.magnitude /= std::abs(step.factorFloat);
      break;
    case Kind::Add:
      add(v.value, step.termFloat);
      break;
    case Kind::Subtract:
      add(v.value, -step.termFloat);
      break;
    case Kind::Normalize: {
      volatile float product = v.value * step.factorFloat; // no fused rounding
      add(product, step.termFloat);
      break;
    }
    case Kind::PRelu:
      if (v.value < 0)
        scale(step.factorFloat);
      break;
    case Kind::Clip:
      v.value = std::min(std::max(v.value, float(step.low)), float(step.high));
      break;
    case Kind::Round:
      v.value = float(roundDouble(step.mode, v.value));
      break;
    case Kind::Apply:
      v.value = applyFloat(*step.function, v.value, x);
      v.magnitude = std::abs(v.value);
      break;
    }
  }
  return v;
}

} // namespace bnncc::exact
