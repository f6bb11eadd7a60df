//===- Range.h - Enclosures with open ends ----------------------*- C++ -*-===//
//
// The last arithmetic to ask: all numbers between two doubles, where an end may
// be left out. 1 + erf(-20) is positive, but less so than a double can say: it
// lies above 0. `Range` has the same functions as `Bounded` and `Surd`.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_RANGE_H
#define BNNCC_COMPILER_REFERENCE_RANGE_H

#include "Number.h"

namespace bnncc::reference {

/// A bound from below; a strict one is not reached.
struct Floor {
  double at = 0;
  bool strict = false;
};

struct Range {
  Floor above;  ///< the numbers are not below it
  Floor mirror; ///< nor their negatives below this

  Range() = default;
  /*implicit*/ Range(double value) : above{value}, mirror{-value} {}
  Range(Floor above, Floor mirror) : above(above), mirror(mirror) {}
  static Range around(const Surd &number);

  double low() const { return above.at; }
  double high() const { return -mirror.at; }
  bool isPoint() const { return low() == high(); }
  /// A double and the distance that it may be off; infinite if need be.
  Bounded bounded() const;
};

inline Range operator-(const Range &a) { return {a.mirror, a.above}; }
Range operator+(const Range &a, const Range &b);
inline Range operator-(const Range &a, const Range &b) { return a + -b; }
Range operator*(const Range &a, const Range &b);
std::optional<Range> divide(const Range &a, const Range &b);
std::optional<Range> squareRoot(const Range &a);
std::optional<int> signOf(const Range &a);
std::optional<Range> floorOf(const Range &a);
Range maximum(const Range &a, const Range &b);
inline Range minimum(const Range &a, const Range &b) {
  return -maximum(-a, -b);
}
/// A rising function of the C library that stays between `least` and `most`
/// without reaching them, and is exactly `value` at `at`.
Range risen(double (*function)(double), const Range &a, double least,
            double most, double at, double value);

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_RANGE_H
