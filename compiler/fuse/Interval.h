// Intervals of doubles that enclose real numbers, rounded outwards.

#ifndef BNNCC_COMPILER_FUSE_INTERVAL_H
#define BNNCC_COMPILER_FUSE_INTERVAL_H

#include "fuse/Radical.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace bnncc::exact {

struct Interval {
  double low = 0, high = 0;

  Interval() = default;
  Interval(double value) : low(value), high(value) {}
  Interval(double low, double high) : low(low), high(high) {}
  explicit Interval(const Radical &value) : Interval(value.toDouble()) {
    *this = widened(4);
  }

  /// By some units in the last place on either side, at least one.
  Interval widened(int units) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Interval result = *this;
    for (int i = 0; i < units; ++i) {
      result.low = std::nextafter(result.low, -infinity);
      result.high = std::nextafter(result.high, infinity);
    }
    return result;
  }
  static Interval everything() {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return {-infinity, infinity};
  }
  bool isPoint() const { return low == high; }
  /// -1 or 1 if all numbers of the interval have that sign, else 0.
  int sign() const { return low > 0 ? 1 : high < 0 ? -1 : 0; }
};

/// NaN, of infinities that meet, encloses nothing: all numbers are possible.
inline Interval checked(Interval x) {
  return std::isnan(x.low) || std::isnan(x.high) ? Interval::everything() : x;
}

inline Interval operator-(Interval x) { return {-x.high, -x.low}; }

inline Interval operator+(Interval x, Interval y) {
  return checked(Interval(x.low + y.low, x.high + y.high)).widened(1);
}

inline Interval operator-(Interval x, Interval y) { return x + -y; }

inline Interval operator*(Interval x, Interval y) {
  // 0 times what may be infinite is 0: infinity stands for large numbers.
  auto times = [](double a, double b) { return a == 0 || b == 0 ? 0 : a * b; };
  auto [low, high] = std::minmax({times(x.low, y.low), times(x.low, y.high),
                                  times(x.high, y.low), times(x.high, y.high)});
  return checked({low, high}).widened(1);
}

inline Interval inverse(Interval x) {
  if (x.sign() == 0)
    return Interval::everything();
  return Interval(1 / x.high, 1 / x.low).widened(1);
}

inline Interval minimum(Interval x, Interval y) {
  return {std::min(x.low, y.low), std::min(x.high, y.high)};
}

inline Interval maximum(Interval x, Interval y) {
  return {std::max(x.low, y.low), std::max(x.high, y.high)};
}

inline Interval hull(Interval x, Interval y) {
  return {std::min(x.low, y.low), std::max(x.high, y.high)};
}

inline Interval magnitude(Interval x) {
  return x.low >= 0 ? x : x.high <= 0 ? -x : Interval(0, std::max(-x.low, x.high));
}

/// A function that rises, which the C library computes to within 8 units in
/// the last place.
inline Interval rising(double (*function)(double), Interval x) {
  return checked({function(x.low), function(x.high)}).widened(8);
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_INTERVAL_H
