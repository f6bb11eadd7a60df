// A double and a bound of its distance from the true value.
#pragma once

#include <algorithm>
#include <cmath>

namespace bnn::host {

/// Half a unit in the last place, relative.
inline constexpr double unit = 0x1p-53;
/// Covers the rounding of the bounds themselves, and results that underflow.
inline constexpr double slack = 1 + 0x1p-40, tiny = 0x1p-1000;

struct Bounded {
  double value = 0, error = 0;
};

/// A constant, which may be rounded.
inline Bounded constant(double value, bool isExact) {
  return {value, isExact ? 0 : std::abs(value) * 2 * unit + tiny};
}

inline Bounded operator+(const Bounded &a, const Bounded &b) {
  double sum = a.value + b.value;
  // Knuth's two-sum: what the addition lost, exactly.
  double part = sum - a.value;
  double lost = (a.value - (sum - part)) + (b.value - part);
  return {sum, (std::abs(lost) + a.error + b.error) * slack};
}

inline Bounded operator*(const Bounded &a, const Bounded &b) {
  double product = a.value * b.value;
  bool exact = std::fma(a.value, b.value, -product) == 0 &&
               (std::abs(product) > 0x1p-900 || a.value == 0 || b.value == 0);
  return {product, ((exact ? 0 : std::abs(product) * unit) +
                    std::abs(a.value) * b.error + std::abs(b.value) * a.error +
                    a.error * b.error) *
                           slack +
                       (exact ? 0 : tiny)};
}

/// A function whose slope is nowhere steeper than `slope`, worked out to within
/// `rounding`.
inline Bounded carried(double value, double error, double slope,
                       double rounding) {
  return {value, (error * slope + rounding) * slack +
                     (rounding == 0 ? 0 : tiny)};
}

} // namespace bnn::host
