// Rationals, and sums of square roots with their signs.
#include "bnn/isa/host/Exact.h"

#include <algorithm>
#include <cmath>

namespace bnn::host {

namespace {
// Longer numbers are no network's: they would only cost time.
constexpr size_t longest = 1 << 16;
constexpr size_t precisions[] = {128, 512, 2048, 8192};

// The integer part of a non-negative rational times 2^bits.
Integer scaled(const Rational &x, int64_t bits) {
  int64_t shift = x.power() + bits;
  Integer top = shift >= 0 ? x.top().shiftedLeft(size_t(shift))
                           : x.top().shiftedRight(size_t(-shift));
  return x.bottom() == Integer(1) ? top : top.dividedBy(x.bottom());
}

// The rational root of x > 0, if there is one.
std::optional<Rational> rationalRoot(const Rational &x) {
  // n / d * 2^e = (n d 2^(e mod 2)) * (2^(e div 2) / d)^2
  int64_t odd = x.power() & 1;
  Integer square = (x.top() * x.bottom()).shiftedLeft(size_t(odd));
  Integer root = square.floorRoot();
  if (root * root != square)
    return std::nullopt;
  return Rational(root, x.bottom(), (x.power() - odd) / 2);
}
} // namespace

Rational::Rational(Integer top, Integer bottom, int64_t power)
    : numerator(std::move(top)), denominator(std::move(bottom)),
      exponent(power) {
  if (numerator.sign() == 0) {
    *this = {};
    return;
  }
  if (denominator.sign() < 0) {
    numerator = numerator.negated();
    denominator = denominator.negated();
  }
  size_t above = numerator.trailingZeros(), below = denominator.trailingZeros();
  numerator = numerator.shiftedRight(above);
  denominator = denominator.shiftedRight(below);
  exponent += int64_t(above) - int64_t(below);
}

Rational Rational::of(double value) {
  int exponent;
  double mantissa = std::frexp(value, &exponent);
  return Rational(int64_t(std::ldexp(mantissa, 53)), 1, exponent - 53);
}

Rational Rational::negated() const {
  Rational result = *this;
  result.numerator = numerator.negated();
  return result;
}

Rational Rational::inverse() const {
  return Rational(denominator, numerator, -exponent);
}

Rational operator+(const Rational &a, const Rational &b) {
  if (a.sign() == 0 || b.sign() == 0)
    return a.sign() == 0 ? b : a;
  int64_t power = std::min(a.exponent, b.exponent);
  Integer x = a.numerator.shiftedLeft(size_t(a.exponent - power));
  Integer y = b.numerator.shiftedLeft(size_t(b.exponent - power));
  if (a.denominator == b.denominator)
    return Rational(x + y, a.denominator, power);
  return Rational(x * b.denominator + y * a.denominator,
                  a.denominator * b.denominator, power);
}

Rational operator*(const Rational &a, const Rational &b) {
  return Rational(a.numerator * b.numerator, a.denominator * b.denominator,
                  a.exponent + b.exponent);
}

Number::Number(Rational value) { add({std::move(value), Rational(1)}); }

Number Number::root(Rational c, Rational q) {
  Number result;
  result.add({std::move(c), std::move(q)});
  return result;
}

void Number::add(const Term &term) {
  if (term.factor.sign() == 0)
    return;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].radicand != term.radicand)
      continue;
    terms[i].factor = terms[i].factor + term.factor;
    if (terms[i].factor.sign() == 0)
      terms.erase(terms.begin() + std::ptrdiff_t(i));
    return;
  }
  terms.push_back(term);
}

Number Number::negated() const {
  Number result = *this;
  for (Term &term : result.terms)
    term.factor = term.factor.negated();
  return result;
}

Number operator+(const Number &a, const Number &b) {
  Number result = a;
  for (const Number::Term &term : b.terms)
    result.add(term);
  return result;
}

Number operator-(const Number &a, const Number &b) { return a + b.negated(); }

Number operator*(const Number &a, const Number &b) {
  Number result;
  for (const Number::Term &x : a.terms)
    for (const Number::Term &y : b.terms) {
      Rational factor = x.factor * y.factor;
      if (x.radicand == y.radicand)
        result.add({factor * x.radicand, Rational(1)});
      else
        result.add({factor, x.radicand * y.radicand});
    }
  return result;
}

// Terms of one class, c sqrt(q) + d sqrt(r) with rational sqrt(q r), are
// (c + d sqrt(q r) / q) sqrt(q).
bool Number::sumsToZero() const {
  std::vector<Term> classes;
  for (const Term &term : terms) {
    bool found = false;
    for (Term &of : classes)
      if (auto root = rationalRoot(of.radicand * term.radicand)) {
        of.factor =
            of.factor + term.factor * *root * of.radicand.inverse();
        found = true;
        break;
      }
    if (!found)
      classes.push_back(term);
  }
  return std::all_of(classes.begin(), classes.end(), [](const Term &term) {
    return term.factor.sign() == 0;
  });
}

bool Number::isShort() const {
  for (const Term &term : terms)
    for (const Rational *x : {&term.factor, &term.radicand})
      if (x->top().bits() > longest || x->bottom().bits() > longest ||
          std::abs(x->power()) > int64_t(longest))
        return false;
  return true;
}

void Number::enclose(size_t bits, Integer &low, Integer &high) const {
  low = high = {};
  for (const Term &term : terms) {
    // Its magnitude is in [floor, floor + 1].
    Rational square = term.factor * term.factor * term.radicand;
    Integer floor = scaled(square, int64_t(2 * bits)).floorRoot();
    bool positive = term.factor.sign() > 0;
    low = positive ? low + floor : low - floor - Integer(1);
    high = positive ? high + floor + Integer(1) : high - floor;
  }
}

std::optional<int> Number::sign() const {
  if (terms.empty())
    return 0;
  int first = terms.front().factor.sign();
  if (std::all_of(terms.begin(), terms.end(), [&](const Term &term) {
        return term.factor.sign() == first;
      }))
    return first;
  if (!isShort())
    return std::nullopt;
  for (size_t bits : precisions) {
    Integer low, high;
    enclose(bits, low, high);
    if (low.sign() > 0 || high.sign() < 0)
      return low.sign() > 0 ? 1 : -1;
    if (bits == precisions[0] && sumsToZero())
      return 0;
  }
  return std::nullopt;
}

std::optional<double> Number::toDouble() const {
  if (terms.empty())
    return 0;
  if (!isShort() || !sign())
    return std::nullopt;
  if (sign() == 0)
    return 0;
  for (size_t bits : precisions) {
    Integer low, high;
    enclose(bits, low, high);
    if (low.sign() == high.sign() &&
        (high - low).bits() + 60 < low.bits())
      return low.toDouble(-int64_t(bits));
  }
  return std::nullopt;
}

//--- Text ---------------------------------------------------------------------

namespace {
std::string textOf(const Rational &x) {
  Integer top = x.top(), bottom = x.bottom();
  if (x.power() >= 0)
    top = top.shiftedLeft(size_t(x.power()));
  else
    bottom = bottom.shiftedLeft(size_t(-x.power()));
  return bottom == Integer(1) ? top.text() : top.text() + "/" + bottom.text();
}

std::optional<Rational> parseRational(std::string_view text) {
  size_t slash = text.find('/');
  auto top = Integer::parse(text.substr(0, slash));
  std::optional<Integer> bottom = Integer(1);
  if (slash != std::string_view::npos)
    bottom = Integer::parse(text.substr(slash + 1));
  if (!top || !bottom || bottom->sign() <= 0)
    return std::nullopt;
  return Rational(*top, *bottom);
}
} // namespace

std::string Number::text() const {
  std::string rational = "0", roots;
  for (const Term &term : terms)
    if (term.radicand == Rational(1))
      rational = textOf(term.factor);
    else
      roots += " " + textOf(term.factor) + " " + textOf(term.radicand);
  return rational + roots;
}

std::optional<Number> Number::parse(std::string_view text) {
  std::vector<Rational> parts;
  for (;;) {
    size_t space = text.find(' ');
    auto part = parseRational(text.substr(0, space));
    if (!part)
      return std::nullopt;
    parts.push_back(std::move(*part));
    if (space == std::string_view::npos)
      break;
    text.remove_prefix(space + 1);
  }
  Number result;
  if (parts.size() % 2 == 0)
    return std::nullopt;
  result.add({parts[0], Rational(1)});
  for (size_t i = 1; i < parts.size(); i += 2) {
    if (parts[i + 1].sign() <= 0)
      return std::nullopt;
    result.add({parts[i], parts[i + 1]});
  }
  return result;
}

} // namespace bnn::host
