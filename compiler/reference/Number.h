//===- Number.h - Doubles with proven error bounds --------------*- C++ -*-===//
//
// The filter arithmetic: `Bounded` is a double and a bound of its distance from
// the true value, with the same functions as `Surd`, so that an operation's
// meaning is written once for both. A question that a bound cannot answer gives
// an empty optional.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_NUMBER_H
#define BNNCC_COMPILER_REFERENCE_NUMBER_H

#include "Surd.h"
#include <algorithm>
#include <cmath>

namespace bnncc::reference {

/// Half a unit in the last place, relative.
inline constexpr double Unit = 0x1p-53;
/// Covers the rounding of the error bounds themselves.
inline constexpr double Slack = 1 + 0x1p-48;
/// Covers results that underflow.
inline constexpr double Tiny = 0x1p-1060;

struct Bounded {
  double value = 0, error = 0;

  Bounded() = default;
  /*implicit*/ Bounded(double value, double error = 0)
      : value(value), error(error) {}
  bool isExact() const { return error == 0; }
};

inline Bounded operator-(const Bounded &a) { return {-a.value, a.error}; }

inline Bounded operator+(const Bounded &a, const Bounded &b) {
  double sum = a.value + b.value;
  // Knuth's two-sum: what the addition lost, exactly.
  double part = sum - a.value;
  double lost = (a.value - (sum - part)) + (b.value - part);
  return {sum, (std::abs(lost) + a.error + b.error) * Slack};
}

inline Bounded operator-(const Bounded &a, const Bounded &b) { return a + -b; }

inline Bounded operator*(const Bounded &a, const Bounded &b) {
  double product = a.value * b.value;
  if (a.isExact() && b.isExact()) {
    bool exact = std::fma(a.value, b.value, -product) == 0 &&
                 (std::abs(product) > 0x1p-900 || a.value == 0 || b.value == 0);
    return {product, exact ? 0 : std::abs(product) * Unit * Slack + Tiny};
  }
  return {product, (std::abs(product) * Unit + std::abs(a.value) * b.error +
                    std::abs(b.value) * a.error + a.error * b.error) *
                           Slack +
                       Tiny};
}

inline std::optional<Bounded> divide(const Bounded &a, const Bounded &b) {
  double least = std::abs(b.value) - b.error;
  if (!(least > 0))
    return std::nullopt;
  double quotient = a.value / b.value;
  if (a.isExact() && b.isExact()) {
    bool exact = std::fma(-quotient, b.value, a.value) == 0 &&
                 (std::abs(quotient) > 0x1p-900 || a.value == 0);
    return Bounded(quotient,
                   exact ? 0 : std::abs(quotient) * Unit * Slack + Tiny);
  }
  return Bounded(quotient, (std::abs(quotient) * Unit +
                            (a.error + std::abs(quotient) * b.error) / least) *
                                   Slack * Slack +
                               Tiny);
}

inline std::optional<Bounded> squareRoot(const Bounded &a) {
  double least = a.value - a.error;
  if (a.isExact() && a.value == 0)
    return Bounded();
  if (!(least > 0))
    return std::nullopt;
  double root = std::sqrt(a.value);
  if (a.isExact() && std::fma(root, root, -a.value) == 0)
    return Bounded(root);
  return Bounded(root, (root * Unit + a.error / std::sqrt(least)) * Slack);
}

/// -1, 0 or 1.
inline std::optional<int> signOf(const Bounded &a) {
  if (a.value > a.error)
    return 1;
  if (a.value < -a.error)
    return -1;
  if (a.isExact())
    return 0;
  return std::nullopt;
}

inline std::optional<Bounded> floorOf(const Bounded &a) {
  double low = std::floor(a.value - a.error * Slack);
  // The subtraction may round up onto a whole number: only exact values may
  // stand on one.
  if (a.isExact())
    return Bounded(std::floor(a.value));
  if (low != std::floor(a.value + a.error * Slack) ||
      std::abs(a.value) > 0x1p50 || low == a.value - a.error * Slack)
    return std::nullopt;
  return Bounded(low);
}

/// Continuous piecewise functions need no decision: the bound carries over.
inline Bounded maximum(const Bounded &a, const Bounded &b) {
  if (a.value - b.value > (a.error + b.error) * Slack)
    return a;
  if (b.value - a.value > (a.error + b.error) * Slack)
    return b;
  return {std::max(a.value, b.value), std::max(a.error, b.error)};
}

inline Bounded minimum(const Bounded &a, const Bounded &b) {
  return -maximum(-a, -b);
}

//--- The same on exact numbers ------------------------------------------------

inline std::optional<Surd> divide(const Surd &a, const Surd &b) {
  return a.dividedBy(b);
}
inline std::optional<Surd> squareRoot(const Surd &a) { return a.squareRoot(); }
inline std::optional<int> signOf(const Surd &a) { return a.sign(); }
inline std::optional<Surd> floorOf(const Surd &a) {
  return Surd(mpq_class(a.floor()));
}
inline Surd maximum(const Surd &a, const Surd &b) {
  return (a - b).sign() >= 0 ? a : b;
}
inline Surd minimum(const Surd &a, const Surd &b) {
  return (a - b).sign() <= 0 ? a : b;
}

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_NUMBER_H
