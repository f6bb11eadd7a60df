//===- Range.cpp - Enclosures with open ends ------------------------------===//
//
// See Range.h.
//
//===----------------------------------------------------------------------===//

#include "Range.h"
#include <array>
#include <limits>

namespace bnncc::reference {
namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();

/// Of two bounds that both hold, the one that says more.
Floor tighter(const Floor &a, const Floor &b) {
  if (a.at != b.at)
    return a.at > b.at ? a : b;
  return {a.at, a.strict || b.strict};
}

/// Of two bounds one of which holds, what is sure.
Floor looser(const Floor &a, const Floor &b) {
  if (a.at != b.at)
    return a.at < b.at ? a : b;
  return {a.at, a.strict && b.strict};
}

/// A bound for a number of which `value` is a rounding.
Floor below(double value) {
  return {std::isnan(value) ? -Infinity : std::nextafter(value, -Infinity)};
}

/// The bound of a product of two numbers at their ends.
Floor corner(const Floor &a, bool aIsHigh, const Floor &b, bool bIsHigh) {
  double x = aIsHigh ? -a.at : a.at, y = bIsHigh ? -b.at : b.at;
  // An infinite end stands for numbers beyond all doubles: 0 times one is 0.
  if (x == 0)
    return {0, a.strict && (y != 0 || b.strict)};
  if (y == 0)
    return {0, b.strict};
  Bounded product = Bounded(x) * Bounded(y);
  if (product.isExact())
    return {product.value, a.strict || b.strict};
  Floor bound = below(product.value);
  // What underflows is still no zero.
  return (x < 0) == (y < 0) ? tighter(bound, {0, true}) : bound;
}

Floor leastProduct(const Range &a, const Range &b) {
  Floor least = corner(a.above, false, b.above, false);
  least = looser(least, corner(a.above, false, b.mirror, true));
  least = looser(least, corner(a.mirror, true, b.above, false));
  return looser(least, corner(a.mirror, true, b.mirror, true));
}

Floor leastSum(const Floor &a, const Floor &b) {
  double sum = a.at + b.at;
  if (!std::isfinite(sum))
    return below(sum);
  // Dekker: what the smaller of the two has lost in the sum.
  double large = std::abs(a.at) < std::abs(b.at) ? b.at : a.at;
  double small = std::abs(a.at) < std::abs(b.at) ? a.at : b.at;
  double lost = small - (sum - large);
  if (lost < 0)
    return {std::nextafter(sum, -Infinity), true};
  return {sum, lost > 0 || a.strict || b.strict};
}

} // namespace

Range Range::around(const Surd &number) {
  double error;
  double value = number.toDouble(error);
  if (error == 0)
    return value;
  return {below(value - error), below(-value - error)};
}

Bounded Range::bounded() const {
  if (isPoint())
    return low();
  double middle = low() / 2 + high() / 2;
  double error = std::max(high() - middle, middle - low()) * Slack + Tiny;
  return std::isfinite(error) ? Bounded(middle, error) : Bounded(0, Infinity);
}

Range operator+(const Range &a, const Range &b) {
  return {leastSum(a.above, b.above), leastSum(a.mirror, b.mirror)};
}

Range operator*(const Range &a, const Range &b) {
  return {leastProduct(a, b), leastProduct(-a, b)};
}

std::optional<Range> divide(const Range &a, const Range &b) {
  std::optional<int> sign = signOf(b);
  if (!sign || *sign == 0)
    return std::nullopt;
  if (*sign < 0)
    return divide(-a, -b);
  if (b.isPoint() && a.isPoint())
    if (auto quotient = divide(Bounded(a.low()), Bounded(b.low()));
        quotient && quotient->isExact())
      return Range(quotient->value);
  // 1 / b, which is positive.
  Floor least = tighter(below(1 / b.high()), {0, true});
  Floor most = b.low() > 0 ? below(-1 / b.low()) : Floor{-Infinity};
  return a * Range(least, most);
}

std::optional<Range> squareRoot(const Range &a) {
  if (a.low() < 0)
    return std::nullopt;
  return Range(tighter(below(std::sqrt(a.low())), {0, a.low() > 0}),
               below(-std::sqrt(a.high())));
}

std::optional<int> signOf(const Range &a) {
  auto isPositive = [](const Floor &bound) {
    return bound.at > 0 || (bound.at == 0 && bound.strict);
  };
  if (isPositive(a.above))
    return 1;
  if (isPositive(a.mirror))
    return -1;
  return a.isPoint() ? std::optional(0) : std::nullopt;
}

std::optional<Range> floorOf(const Range &a) {
  double low = std::floor(a.low()), high = std::floor(a.high());
  if (high == a.high() && a.mirror.strict)
    --high;
  bool isWhole = low == high && std::abs(low) < 0x1p50;
  return isWhole ? std::optional(Range(low)) : std::nullopt;
}

Range maximum(const Range &a, const Range &b) {
  return {tighter(a.above, b.above), looser(a.mirror, b.mirror)};
}

Range risen(double (*function)(double), const Range &a, double least,
            double most, double at, double value) {
  auto down = [](double x) {
    for (int i = 0; i < 16 && !std::isnan(x); ++i)
      x = std::nextafter(x, -Infinity);
    return below(x);
  };
  Range result(tighter(down(function(a.low())), {least, true}),
               tighter(down(-function(a.high())), {-most, true}));
  if (a.low() >= at)
    result.above =
        tighter(result.above, {value, a.low() > at || a.above.strict});
  if (a.high() <= at)
    result.mirror =
        tighter(result.mirror, {-value, a.high() < at || a.mirror.strict});
  return result;
}

} // namespace bnncc::reference
