//===- Surd.h - Exact sums of square roots ----------------------*- C++ -*-===//
//
// Numbers q + sum c_i sqrt(n_i) with rational q, c_i: closed under what a
// network does before a decision, and with a sign that can always be found.
//
// No two n_i n_j are a perfect square product, so that 1 and the roots are
// linearly independent over the rationals (Besicovitch 1940): the number is
// zero only if q and all c_i are, and intervals of growing precision settle the
// sign of any other.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_SURD_H
#define BNNCC_COMPILER_REFERENCE_SURD_H

#include <gmpxx.h>
#include <optional>
#include <vector>

namespace bnncc::reference {

class Surd {
public:
  Surd() = default;
  /*implicit*/ Surd(double value) : rational(value) {}
  /*implicit*/ Surd(const mpq_class &value) : rational(value) {}

  bool isRational() const { return roots.empty(); }
  const mpq_class &getRational() const { return rational; }

  Surd operator+(const Surd &other) const;
  Surd operator-(const Surd &other) const;
  Surd operator-() const;
  Surd operator*(const Surd &other) const;
  /// Empty if the divisor is zero or has more than one root.
  std::optional<Surd> dividedBy(const Surd &divisor) const;
  /// Empty for a negative number or one with roots.
  std::optional<Surd> squareRoot() const;

  int sign() const;
  mpz_class floor() const;

  /// The nearest double but for a few units in the last place; `error` bounds
  /// the difference and is zero if there is none.
  double toDouble(double &error) const;

private:
  struct Root {
    mpz_class radicand;
    mpq_class factor;
  };

  void addRoot(mpz_class radicand, mpq_class factor);
  /// An enclosure whose roots are good to 2^-bits.
  void enclose(unsigned bits, mpq_class &low, mpq_class &high) const;

  mpq_class rational;
  std::vector<Root> roots;
};

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_SURD_H
