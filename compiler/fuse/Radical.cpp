// Arithmetic on numbers with one radical, and enclosures for several.

#include "fuse/Radical.h"
#include <algorithm>
#include <array>

namespace bnncc::exact {

mpq_class rational(double value) { return mpq_class(value); }

Radical::Radical(mpq_class a, mpq_class b, mpq_class q)
    : a(std::move(a)), b(std::move(b)), q(std::move(q)) {
  if (this->b == 0 || this->q == 0) {
    this->b = 0;
    this->q = 0;
  }
}

// Equal signs decide at once; otherwise a^2 against b^2 q does.
int Radical::sign() const {
  int signA = sgn(a), signB = sgn(b);
  if (signA == signB || signB == 0)
    return signA;
  if (signA == 0)
    return signB;
  // Cross-multiplied, so that no fraction needs reducing.
  mpz_class left = a.get_num() * b.get_den(), right = b.get_num() * a.get_den();
  int larger = cmp(mpz_class(left * left * q.get_den()),
                   mpz_class(right * right * q.get_num()));
  return larger == 0 ? 0 : larger > 0 ? signA : signB;
}

Radical Radical::negated() const { return {-a, -b, q}; }

// 1 / (a + b r) = (a - b r) / (a^2 - b^2 q)
Radical Radical::inverse() const {
  if (b == 0)
    return mpq_class(1 / a);
  if (a == 0)
    return {0, 1 / (b * q), q};
  mpq_class norm = a * a - b * b * q;
  if (norm == 0) // sqrt(q) is rational and equals a / b
    return mpq_class(1 / (2 * a));
  return {a / norm, -b / norm, q};
}

Radical Radical::reduced() const {
  if (!mpz_perfect_square_p(q.get_num_mpz_t()) ||
      !mpz_perfect_square_p(q.get_den_mpz_t()))
    return *this;
  mpq_class root(sqrt(q.get_num()), sqrt(q.get_den()));
  return mpq_class(a + b * root);
}

mpz_class Radical::floor() const {
  mpz_class result;
  if (Radical same = reduced(); same.isRational()) {
    mpz_fdiv_q(result.get_mpz_t(), same.a.get_num_mpz_t(),
               same.a.get_den_mpz_t());
    return result;
  }
  // An irrational number is no integer, so that its enclosures come to agree.
  for (unsigned bits = 64;; bits *= 2) {
    Enclosure enclosure(*this, bits);
    mpz_class above;
    mpz_fdiv_q_2exp(result.get_mpz_t(), enclosure.low.get_mpz_t(), bits);
    mpz_fdiv_q_2exp(above.get_mpz_t(), enclosure.high.get_mpz_t(), bits);
    if (result == above)
      return result;
  }
}

double Radical::toDouble() const {
  if (b == 0)
    return a.get_d();
  mpf_class root(q, 256), result(a, 256);
  root = sqrt(root);
  result += mpf_class(b, 256) * root;
  return result.get_d();
}

// sqrt(from) = k sqrt(to) with a rational k, where from / to is a square.
static std::optional<mpq_class> rootRatio(const mpq_class &from,
                                          const mpq_class &to) {
  if (from == to)
    return mpq_class(1);
  mpq_class ratio = from / to;
  if (!mpz_perfect_square_p(ratio.get_num_mpz_t()) ||
      !mpz_perfect_square_p(ratio.get_den_mpz_t()))
    return std::nullopt;
  return mpq_class(sqrt(ratio.get_num()), sqrt(ratio.get_den()));
}

std::optional<Radical> add(const Radical &x, const Radical &y) {
  if (y.isRational())
    return Radical(x.rationalPart() + y.rationalPart(), x.rootFactor(),
                   x.radicand());
  if (x.isRational())
    return add(y, x);
  auto ratio = rootRatio(y.radicand(), x.radicand());
  if (!ratio)
    return std::nullopt;
  return Radical(x.rationalPart() + y.rationalPart(),
                 x.rootFactor() + y.rootFactor() * *ratio, x.radicand());
}

std::optional<Radical> multiply(const Radical &x, const Radical &y) {
  if (y.isRational())
    return Radical(x.rationalPart() * y.rationalPart(),
                   x.rootFactor() * y.rationalPart(), x.radicand());
  if (x.isRational())
    return multiply(y, x);
  auto ratio = rootRatio(y.radicand(), x.radicand());
  if (!ratio) {
    // sqrt(p) * sqrt(q) = sqrt(p q) has one radical again.
    if (x.rationalPart() == 0 && y.rationalPart() == 0)
      return Radical(0, x.rootFactor() * y.rootFactor(),
                     x.radicand() * y.radicand());
    return std::nullopt;
  }
  mpq_class c = y.rootFactor() * *ratio;
  return Radical(
      x.rationalPart() * y.rationalPart() + x.rootFactor() * c * x.radicand(),
      x.rationalPart() * c + x.rootFactor() * y.rationalPart(), x.radicand());
}

// Floor and ceiling of value * 2^bits.
static void scale(const mpq_class &value, unsigned bits, mpz_class &low,
                  mpz_class &high) {
  mpz_class numerator = value.get_num() << bits;
  mpz_fdiv_q(low.get_mpz_t(), numerator.get_mpz_t(), value.get_den_mpz_t());
  mpz_cdiv_q(high.get_mpz_t(), numerator.get_mpz_t(), value.get_den_mpz_t());
}

Enclosure::Enclosure(const Radical &value, unsigned bits) : bits(bits) {
  scale(value.rationalPart(), bits, low, high);
  if (value.isRational())
    return;
  // |b| sqrt(q) = sqrt(b^2 q), whose bounds follow from integer square roots.
  mpz_class below, above;
  mpq_class square = value.rootFactor() * value.rootFactor() * value.radicand();
  scale(square, 2 * bits, below, above);
  below = sqrt(below);
  above = sqrt(above) + 1;
  if (sgn(value.rootFactor()) > 0) {
    low += below;
    high += above;
  } else {
    low -= above;
    high -= below;
  }
}

Enclosure Enclosure::operator+(const Enclosure &other) const {
  Enclosure sum(bits);
  sum.low = low + other.low;
  sum.high = high + other.high;
  return sum;
}

Enclosure Enclosure::operator*(const Enclosure &other) const {
  std::array<mpz_class, 4> corners = {low * other.low, low * other.high,
                                      high * other.low, high * other.high};
  auto [least, most] = std::minmax_element(corners.begin(), corners.end());
  Enclosure product(bits);
  mpz_fdiv_q_2exp(product.low.get_mpz_t(), least->get_mpz_t(), bits);
  mpz_cdiv_q_2exp(product.high.get_mpz_t(), most->get_mpz_t(), bits);
  return product;
}

int Enclosure::sign() const { return low > 0 ? 1 : high < 0 ? -1 : 0; }

} // namespace bnncc::exact
