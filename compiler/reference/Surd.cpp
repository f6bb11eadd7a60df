//===- Surd.cpp - Exact sums of square roots ------------------------------===//
//
// Arithmetic, sign and rounding of sums of square roots.
//
//===----------------------------------------------------------------------===//

#include "Surd.h"
#include <cmath>

namespace bnncc::reference {

void Surd::addRoot(mpz_class radicand, mpq_class factor) {
  if (factor == 0)
    return;
  // Floats bring large powers of two; four is 2^2 outside of the root.
  mp_bitcnt_t twos = mpz_scan1(radicand.get_mpz_t(), 0) / 2 * 2;
  radicand >>= twos;
  mpz_class out = 1;
  out <<= twos / 2;
  factor *= out;
  if (mpz_perfect_square_p(radicand.get_mpz_t())) {
    rational += factor * mpz_class(sqrt(radicand));
    return;
  }
  for (auto root = roots.begin(); root != roots.end(); ++root) {
    mpz_class both = root->radicand * radicand;
    if (!mpz_perfect_square_p(both.get_mpz_t()))
      continue;
    // sqrt(n) = sqrt(n m) / m * sqrt(m)
    root->factor += factor * mpz_class(sqrt(both)) / root->radicand;
    if (root->factor == 0)
      roots.erase(root);
    return;
  }
  roots.push_back({radicand, factor});
}

Surd Surd::operator+(const Surd &other) const {
  Surd sum = *this;
  sum.rational += other.rational;
  for (const Root &root : other.roots)
    sum.addRoot(root.radicand, root.factor);
  return sum;
}

Surd Surd::operator-() const {
  Surd negated = *this;
  negated.rational = -rational;
  for (Root &root : negated.roots)
    root.factor = -root.factor;
  return negated;
}

Surd Surd::operator-(const Surd &other) const { return *this + -other; }

Surd Surd::operator*(const Surd &other) const {
  Surd product;
  product.rational = rational * other.rational;
  for (const Root &root : roots)
    product.addRoot(root.radicand, root.factor * other.rational);
  for (const Root &root : other.roots)
    product.addRoot(root.radicand, root.factor * rational);
  for (const Root &left : roots)
    for (const Root &right : other.roots)
      product.addRoot(left.radicand * right.radicand,
                      left.factor * right.factor);
  return product;
}

std::optional<Surd> Surd::dividedBy(const Surd &divisor) const {
  if (divisor.roots.size() > 1)
    return std::nullopt;
  if (divisor.roots.empty()) {
    if (divisor.rational == 0)
      return std::nullopt;
    return *this * Surd(mpq_class(1 / divisor.rational));
  }
  // 1 / (a + b sqrt(n)) = (a - b sqrt(n)) / (a^2 - b^2 n)
  const Root &root = divisor.roots.front();
  mpq_class norm = divisor.rational * divisor.rational -
                   root.factor * root.factor * root.radicand;
  Surd conjugate(divisor.rational);
  conjugate.addRoot(root.radicand, -root.factor);
  return *this * conjugate * Surd(mpq_class(1 / norm));
}

std::optional<Surd> Surd::squareRoot() const {
  if (!roots.empty() || rational < 0)
    return std::nullopt;
  Surd root;
  if (rational != 0) // sqrt(p / q) = sqrt(p q) / q
    root.addRoot(rational.get_num() * rational.get_den(),
                 mpq_class(1, rational.get_den()));
  return root;
}

void Surd::enclose(unsigned bits, mpq_class &low, mpq_class &high) const {
  low = high = rational;
  for (const Root &root : roots) {
    mpz_class scaled = root.radicand << (2 * bits);
    mpz_class below = sqrt(scaled), above = below + 1;
    mpq_class from(below, mpz_class(1) << bits),
        to(above, mpz_class(1) << bits);
    from.canonicalize();
    to.canonicalize();
    bool positive = root.factor > 0;
    low += root.factor * (positive ? from : to);
    high += root.factor * (positive ? to : from);
  }
}

int Surd::sign() const {
  if (roots.empty())
    return sgn(rational);
  mpq_class low, high;
  for (unsigned bits = 64;; bits *= 2) {
    enclose(bits, low, high);
    if (low > 0)
      return 1;
    if (high < 0)
      return -1;
  }
}

namespace {

mpz_class floorOf(const mpq_class &value) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return result;
}

} // namespace

mpz_class Surd::floor() const {
  if (roots.empty())
    return floorOf(rational);
  // An irrational number is no integer, so the two ends come to agree.
  mpq_class low, high;
  for (unsigned bits = 64;; bits *= 2) {
    enclose(bits, low, high);
    mpz_class below = floorOf(low);
    if (below == floorOf(high))
      return below;
  }
}

double Surd::toDouble(double &error) const {
  mpq_class low = rational, high = rational;
  unsigned bits = 128;
  if (!roots.empty()) {
    do {
      enclose(bits, low, high);
      bits *= 2;
      // Cancellation may have left few good bits.
    } while (sgn(low) != sgn(high));
  }
  double value = low.get_d(); // truncates
  mpq_class back(value);
  error = back == low && low == high ? 0
                                     : std::abs(value) * 0x1p-51 + 0x1p-1070 +
                                           mpq_class(high - low).get_d() * 2;
  return value;
}

} // namespace bnncc::reference
