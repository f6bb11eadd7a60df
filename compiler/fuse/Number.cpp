// Arithmetic, decisions and functions on exact or enclosed numbers.

#include "fuse/Number.h"

namespace bnncc::exact {

std::optional<int> signOf(const Number &x) {
  if (x.isExact())
    return x.exact.sign();
  if (int sign = x.range->sign())
    return sign;
  return std::nullopt;
}

Number negated(const Number &x) {
  return x.isExact() ? Number(x.exact.negated()) : Number(-*x.range);
}

Number sum(const Number &x, const Number &y) {
  if (x.isExact() && y.isExact())
    if (auto exact = add(x.exact, y.exact))
      return *exact;
  return x.interval() + y.interval();
}

Number product(const Number &x, const Number &y) {
  auto isZero = [](const Number &n) { return n.isExact() && !n.exact.sign(); };
  if (isZero(x) || isZero(y))
    return Number::whole(0);
  if (x.isExact() && y.isExact())
    if (auto exact = multiply(x.exact, y.exact))
      return *exact;
  return x.interval() * y.interval();
}

std::optional<Number> quotient(const Number &x, const Number &y) {
  auto sign = signOf(y);
  if (!sign || *sign == 0)
    return std::nullopt;
  return product(x, y.isExact() ? Number(y.exact.inverse())
                                : Number(inverse(*y.range)));
}

std::optional<mpz_class> floorOf(const Number &x) {
  if (!x.isExact()) {
    double low = std::floor(x.range->low);
    if (!std::isfinite(low) || low != std::floor(x.range->high))
      return std::nullopt;
    return mpz_class(low);
  }
  mpz_class result;
  if (x.exact.isRational()) {
    const mpq_class &q = x.exact.rationalPart();
    mpz_fdiv_q(result.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
    return result;
  }
  result = std::floor(x.exact.toDouble());
  auto isBelow = [&](const mpz_class &n) {
    return add(x.exact, Radical(mpq_class(-n)))->sign() < 0;
  };
  while (isBelow(result))
    --result;
  while (!isBelow(result + 1))
    ++result;
  return result;
}

mpz_class roundHalfEven(const mpq_class &x) {
  mpz_class floor;
  mpq_class shifted = x + mpq_class(1, 2);
  mpz_fdiv_q(floor.get_mpz_t(), shifted.get_num_mpz_t(),
             shifted.get_den_mpz_t());
  if (shifted.get_den() == 1 && mpz_odd_p(floor.get_mpz_t()))
    floor -= 1;
  return floor;
}

std::optional<mpz_class> roundHalfEven(const Number &x) {
  if (x.isExact() && x.exact.isRational())
    return roundHalfEven(x.exact.rationalPart());
  // An enclosure that holds a tie decides nothing.
  Number shifted = sum(x, Radical(mpq_class(1, 2)));
  if (shifted.range && !shifted.range->lowOpen &&
      shifted.range->low == std::floor(shifted.range->low))
    return std::nullopt;
  return floorOf(shifted);
}

Number larger(const Number &x, const Number &y) {
  if (auto sign = signOf(sum(x, negated(y))))
    return *sign >= 0 ? x : y;
  return maximum(x.interval(), y.interval());
}

Number smaller(const Number &x, const Number &y) {
  return negated(larger(negated(x), negated(y)));
}

Number magnitude(const Number &x) {
  if (auto sign = signOf(x))
    return *sign < 0 ? negated(x) : x;
  return magnitude(x.interval());
}

std::optional<Number> smooth(Smooth function, const Number &x) {
  Interval at = x.interval();
  bool isZero = signOf(x) == 0;
  switch (function) {
  case Smooth::Exp:
    return isZero ? Number::whole(1) : Number(rising::exp(at));
  case Smooth::Log:
    if (!(at.low > 0))
      return std::nullopt;
    return Number(rising::log(at));
  case Smooth::Tanh:
    return isZero ? Number::whole(0) : Number(rising::tanh(at));
  case Smooth::Sigmoid:
    return isZero ? Number(Radical(mpq_class(1, 2))) : Number(rising::sigmoid(at));
  case Smooth::Erf:
    return isZero ? Number::whole(0) : Number(rising::erf(at));
  case Smooth::Sqrt:
    if (x.isExact() && x.exact.isRational() && x.exact.sign() >= 0)
      return Number(Radical::root(x.exact.rationalPart()));
    if (!(at.low >= 0))
      return std::nullopt;
    return Number(rising::sqrt(at));
  }
  return std::nullopt;
}

} // namespace bnncc::exact
