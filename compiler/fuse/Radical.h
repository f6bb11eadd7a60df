// Exact numbers a + b * sqrt(q) over the rationals, with one radical each.

#ifndef BNNCC_COMPILER_FUSE_RADICAL_H
#define BNNCC_COMPILER_FUSE_RADICAL_H

#include <gmpxx.h>
#include <optional>

namespace bnncc::exact {

/// The rational that a finite double is.
mpq_class rational(double value);

/// a + b * sqrt(q) with q > 0; q = 0 and b = 0 for a rational number.
class Radical {
public:
  Radical(mpq_class a = 0) : a(std::move(a)) {}
  Radical(double a) : a(rational(a)) {}
  Radical(mpq_class a, mpq_class b, mpq_class q);

  static Radical root(const mpq_class &q) { return {0, 1, q}; }

  const mpq_class &rationalPart() const { return a; }
  const mpq_class &rootFactor() const { return b; }
  const mpq_class &radicand() const { return q; }
  bool isRational() const { return b == 0; }

  /// -1, 0 or 1, by comparing squares.
  int sign() const;
  Radical negated() const;
  /// 1 / *this; *this must not be zero.
  Radical inverse() const;
  /// The same number without a radical, where its radicand is a square.
  Radical reduced() const;
  /// The largest integer that is not above it.
  mpz_class floor() const;
  /// The nearest double or one of its neighbours.
  double toDouble() const;

private:
  mpq_class a, b, q;
};

/// Sum and product; none if the two radicals differ, so that the result has no
/// such form.
std::optional<Radical> add(const Radical &x, const Radical &y);
std::optional<Radical> multiply(const Radical &x, const Radical &y);

/// An interval of dyadic fixed-point numbers that encloses a real number; used
/// where a value mixes several radicals.
class Enclosure {
public:
  Enclosure(const Radical &value, unsigned bits);

  Enclosure operator+(const Enclosure &other) const;
  Enclosure operator*(const Enclosure &other) const;
  /// -1 or 1 if the whole interval has that sign, else 0.
  int sign() const;

  mpz_class low, high;
  unsigned bits;

private:
  Enclosure(unsigned bits) : bits(bits) {}
};

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_RADICAL_H
