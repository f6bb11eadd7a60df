// Intervals of doubles that enclose real numbers, rounded outwards.

#ifndef BNNCC_COMPILER_FUSE_INTERVAL_H
#define BNNCC_COMPILER_FUSE_INTERVAL_H

#include "fuse/Radical.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace bnncc::exact {

/// An end that is `Open` is not one of the numbers: 1 + erf(x) is above 0 even
/// where double rounds it to 0.
struct Interval {
  double low = 0, high = 0;
  bool lowOpen = false, highOpen = false;

  Interval() = default;
  Interval(double value) : low(value), high(value) {}
  Interval(double low, double high, bool lowOpen = false, bool highOpen = false)
      : low(low), high(high), lowOpen(lowOpen), highOpen(highOpen) {}
  explicit Interval(const Radical &value) : Interval(value.toDouble()) {
    bool isDouble = value.isRational() && std::isfinite(low) &&
                    rational(low) == value.rationalPart();
    if (!isDouble)
      *this = widened(4);
  }

  /// By some units in the last place on either side, at least one.
  Interval widened(int units) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Interval result(low, high);
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
  int sign() const {
    return low > 0 || (low == 0 && lowOpen)      ? 1
           : high < 0 || (high == 0 && highOpen) ? -1
                                                 : 0;
  }
  /// Without the numbers below `bound`, and without itself if `open`.
  Interval atLeast(double bound, bool open) const {
    Interval result = *this;
    if (low < bound || (low == bound && open)) {
      result.low = bound;
      result.lowOpen = open;
    }
    return result;
  }
};

/// NaN, of infinities that meet, encloses nothing: all numbers are possible.
inline Interval checked(Interval x) {
  return std::isnan(x.low) || std::isnan(x.high) ? Interval::everything() : x;
}

inline Interval operator-(Interval x) {
  return {-x.high, -x.low, x.highOpen, x.lowOpen};
}

/// The lower end of an interval, or its upper one turned round.
struct End {
  double at;
  bool open;

  /// An end at value + lost, of which no double is, unless `lost` is 0.
  static End of(double value, double lost, bool open) {
    if (lost == 0 || lost > 0)
      return {value, open || lost > 0};
    return {std::nextafter(value, -INFINITY), lost < 0}; // or it is NaN
  }
};

inline End lowest(Interval x) { return {x.low, x.lowOpen}; }
inline Interval between(End low, End turnedHigh) {
  return checked({low.at, -turnedHigh.at, low.open, turnedHigh.open});
}

inline End operator+(End x, End y) {
  double sum = x.at + y.at, part = sum - x.at;
  double lost = (x.at - (sum - part)) + (y.at - part);
  return End::of(sum, lost, x.open || y.open);
}

inline Interval operator+(Interval x, Interval y) {
  return between(lowest(x) + lowest(y), lowest(-x) + lowest(-y));
}

inline Interval operator-(Interval x, Interval y) { return x + -y; }

inline End operator*(End x, End y) {
  // 0 times what may be infinite is 0: infinity stands for large numbers.
  if (x.at == 0 || y.at == 0)
    return {0, (x.at != 0 || x.open) && (y.at != 0 || y.open)};
  double product = x.at * y.at;
  bool isSafe = std::abs(product) > 0x1p-900;
  double lost = isSafe ? std::fma(x.at, y.at, -product) : NAN;
  End end = End::of(product, lost, x.open || y.open);
  bool crosses = end.at <= 0 && (x.at > 0) == (y.at > 0);
  return crosses ? End{0, true} : end; // what underflows keeps its sign
}

inline Interval operator*(Interval x, Interval y) {
  auto least = [](Interval x, Interval y) {
    auto isLess = [](End a, End b) {
      return a.at < b.at || (a.at == b.at && !a.open && b.open);
    };
    End a = lowest(x), c = lowest(y), b{x.high, x.highOpen},
        d{y.high, y.highOpen};
    return std::min({a * c, a * d, b * c, b * d}, isLess);
  };
  return between(least(x, y), least(-x, y));
}

inline Interval inverse(Interval x) {
  if (x.sign() == 0)
    return Interval::everything();
  if (x.sign() < 0)
    return -inverse(-x);
  double high = x.low == 0 ? INFINITY : 1 / x.low;
  return Interval(1 / x.high, high).widened(1).atLeast(0, true);
}

inline Interval minimum(Interval x, Interval y) {
  Interval low = x.low < y.low || (x.low == y.low && y.lowOpen) ? x : y;
  Interval high = x.high < y.high || (x.high == y.high && x.highOpen) ? x : y;
  return {low.low, high.high, low.lowOpen, high.highOpen};
}

inline Interval maximum(Interval x, Interval y) { return -minimum(-x, -y); }

inline Interval hull(Interval x, Interval y) {
  Interval low = minimum(x, y), high = maximum(x, y);
  return {low.low, high.high, low.lowOpen, high.highOpen};
}

inline Interval magnitude(Interval x) {
  return x.low >= 0    ? x
         : x.high <= 0 ? -x
                       : Interval(0, std::max(-x.low, x.high));
}

/// A function that rises, never reaches `low` or `high`, and is `value` at `at`
/// exactly; the C library computes it to within 8 units in the last place.
struct Rising {
  double (*function)(double);
  double low, high, at, value;

  Interval operator()(Interval x) const {
    Interval result =
        checked({function(x.low), function(x.high)}).widened(8);
    result = -(-result.atLeast(low, true)).atLeast(-high, true);
    if (x.low >= at)
      result = result.atLeast(value, x.low > at || x.lowOpen);
    if (x.high <= at)
      result = -(-result).atLeast(-value, x.high < at || x.highOpen);
    return result;
  }
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

namespace rising {
inline constexpr double none = std::numeric_limits<double>::infinity();
inline const Rising exp = {std::exp, 0, none, 0, 1},
                    log = {std::log, -none, none, 1, 0},
                    tanh = {std::tanh, -1, 1, 0, 0},
                    sigmoid = {exact::sigmoid, 0, 1, 0, 0.5},
                    erf = {std::erf, -1, 1, 0, 0},
                    sqrt = {std::sqrt, -none, none, 0, 0};
} // namespace rising

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_INTERVAL_H
