// Numbers that are exact where they can be, and enclosed where they cannot.

#ifndef BNNCC_COMPILER_FUSE_NUMBER_H
#define BNNCC_COMPILER_FUSE_NUMBER_H

#include "fuse/Interval.h"
#include "fuse/Radical.h"
#include <optional>

namespace bnncc::exact {

/// An exact number, or an enclosure: of one that has no such form here (a
/// logarithm), or of all that a function takes over an interval.
struct Number {
  Radical exact;
  std::optional<Interval> range;

  Number(Radical exact) : exact(std::move(exact)) {}
  Number(Interval range) : range(range) {}
  static Number whole(long n) { return Radical(mpq_class(n)); }

  bool isExact() const { return !range; }
  Interval interval() const { return range ? *range : Interval(exact); }
};

/// -1, 0 or 1; none if an enclosure does not decide.
std::optional<int> signOf(const Number &x);
Number negated(const Number &x);
Number sum(const Number &x, const Number &y);
Number product(const Number &x, const Number &y);
/// None if y is zero, or may be.
std::optional<Number> quotient(const Number &x, const Number &y);
/// The largest integer that is not above x; none if that is not decided.
std::optional<mpz_class> floorOf(const Number &x);
/// The nearest integer, ties to the even one.
std::optional<mpz_class> roundHalfEven(const Number &x);
Number larger(const Number &x, const Number &y);
Number smaller(const Number &x, const Number &y);
Number magnitude(const Number &x);

/// A function without an exact form, but for the one argument named here.
enum class Smooth { Exp, Log, Tanh, Sigmoid, Erf, Sqrt };
std::optional<Number> smooth(Smooth function, const Number &x);

/// The nearest integer to x, ties to the even one.
mpz_class roundHalfEven(const mpq_class &x);

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_NUMBER_H
