// Exact numbers, for the decisions that doubles leave open: sums of rational
// numbers times square roots of rational numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bnn::host {

/// An integer of any length.
class Integer {
public:
  Integer() = default;
  Integer(int64_t value);

  int sign() const { return limbs.empty() ? 0 : negative ? -1 : 1; }
  /// Binary digits of the magnitude; 0 has none.
  size_t bits() const;
  /// Zero bits at the low end; 0 for 0.
  size_t trailingZeros() const;
  Integer negated() const;
  Integer shiftedLeft(size_t bits) const;
  Integer shiftedRight(size_t bits) const; ///< towards zero
  /// The quotient of *this >= 0 by `divisor` > 0, rounded down.
  Integer dividedBy(const Integer &divisor) const;
  /// The square root of *this >= 0, rounded down.
  Integer floorRoot() const;

  /// *this * 2^exponent, rounded.
  double toDouble(int64_t exponent) const;

  /// Hexadecimal digits with a minus sign in front of a negative number.
  std::string text() const;
  static std::optional<Integer> parse(std::string_view text);

  friend Integer operator+(const Integer &a, const Integer &b);
  friend Integer operator-(const Integer &a, const Integer &b);
  friend Integer operator*(const Integer &a, const Integer &b);
  friend std::strong_ordering operator<=>(const Integer &a, const Integer &b);
  friend bool operator==(const Integer &a, const Integer &b) = default;

private:
  Integer(bool negative, std::vector<uint32_t> limbs);

  bool negative = false;
  std::vector<uint32_t> limbs; ///< low first, the highest is not 0
};

/// numerator / denominator * 2^exponent, both odd unless the number is 0: sums
/// of floats keep the denominator 1.
class Rational {
public:
  Rational() = default;
  Rational(Integer numerator, Integer denominator = 1, int64_t exponent = 0);
  /// The number that a finite double is.
  static Rational of(double value);

  int sign() const { return numerator.sign(); }
  Rational negated() const;
  Rational inverse() const; ///< of a number that is not 0
  const Integer &top() const { return numerator; }
  const Integer &bottom() const { return denominator; }
  int64_t power() const { return exponent; }

  friend Rational operator+(const Rational &a, const Rational &b);
  friend Rational operator*(const Rational &a, const Rational &b);
  friend bool operator==(const Rational &a, const Rational &b) = default;

private:
  Integer numerator, denominator = 1;
  int64_t exponent = 0;
};

/// A sum of terms c * sqrt(q).
class Number {
public:
  Number() = default;
  Number(Rational value);
  Number(double value) : Number(Rational::of(value)) {}
  /// c * sqrt(q), q > 0.
  static Number root(Rational c, Rational q);

  Number negated() const;
  friend Number operator+(const Number &a, const Number &b);
  friend Number operator-(const Number &a, const Number &b);
  friend Number operator*(const Number &a, const Number &b);

  /// -1, 0 or 1. Square roots of rationals whose quotients are no rationals are
  /// linearly independent: the sum is 0 if and only if it is so for the terms of
  /// each class. If it is not, enclosures of growing precision decide. Nothing
  /// if the numbers are longer than any network's.
  std::optional<int> sign() const;

  /// A double next to it; nothing where sign() has nothing.
  std::optional<double> toDouble() const;

  /// "a", "a b q" for a + b sqrt(q), "a b q c r" ...; rationals as hexadecimal
  /// integers "n" or "n/d".
  std::string text() const;
  static std::optional<Number> parse(std::string_view text);

  bool isZero() const { return terms.empty(); }

private:
  struct Term {
    Rational factor, radicand; ///< radicand 1: the rational part
  };
  void add(const Term &term);
  bool sumsToZero() const;
  bool isShort() const;
  /// *this * 2^bits is in [low, high].
  void enclose(size_t bits, Integer &low, Integer &high) const;

  std::vector<Term> terms; ///< no factor is 0, no two radicands are equal
};

} // namespace bnn::host
