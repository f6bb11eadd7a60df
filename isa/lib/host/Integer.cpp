// Integers of any length in 32-bit limbs, by the schoolbook: the numbers that
// leave a decision open have a few hundred bits.
#include "bnn/isa/host/Exact.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bnn::host {

namespace {
using Limbs = std::vector<uint32_t>;

void trim(Limbs &limbs) {
  while (!limbs.empty() && limbs.back() == 0)
    limbs.pop_back();
}

std::strong_ordering compare(const Limbs &a, const Limbs &b) {
  if (a.size() != b.size())
    return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.rbegin(), a.rend(),
                                                b.rbegin(), b.rend());
}

Limbs sum(const Limbs &a, const Limbs &b) {
  Limbs result;
  uint64_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry; ++i) {
    carry += (i < a.size() ? a[i] : 0) + uint64_t(i < b.size() ? b[i] : 0);
    result.push_back(uint32_t(carry));
    carry >>= 32;
  }
  return result;
}

// a - b for a >= b.
Limbs difference(const Limbs &a, const Limbs &b) {
  Limbs result = a;
  int64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t digit = int64_t(a[i]) - (i < b.size() ? b[i] : 0) + borrow;
    result[i] = uint32_t(digit);
    borrow = digit >> 32;
  }
  trim(result);
  return result;
}
} // namespace

Integer::Integer(int64_t value) : negative(value < 0) {
  uint64_t magnitude = negative ? -uint64_t(value) : uint64_t(value);
  limbs = {uint32_t(magnitude), uint32_t(magnitude >> 32)};
  trim(limbs);
}

Integer::Integer(bool negative, Limbs limbs)
    : negative(negative && !limbs.empty()), limbs(std::move(limbs)) {}

size_t Integer::bits() const {
  return limbs.empty() ? 0
                       : limbs.size() * 32 - size_t(std::countl_zero(limbs.back()));
}

size_t Integer::trailingZeros() const {
  for (size_t i = 0; i < limbs.size(); ++i)
    if (limbs[i])
      return i * 32 + size_t(std::countr_zero(limbs[i]));
  return 0;
}

Integer Integer::negated() const { return {!negative, limbs}; }

Integer Integer::shiftedLeft(size_t bits) const {
  if (limbs.empty())
    return *this;
  Limbs result(bits / 32, 0);
  uint64_t carry = 0;
  for (uint32_t limb : limbs) {
    carry |= uint64_t(limb) << (bits % 32);
    result.push_back(uint32_t(carry));
    carry >>= 32;
  }
  result.push_back(uint32_t(carry));
  trim(result);
  return {negative, std::move(result)};
}

Integer Integer::shiftedRight(size_t bits) const {
  if (bits / 32 >= limbs.size())
    return {};
  Limbs result(limbs.begin() + std::ptrdiff_t(bits / 32), limbs.end());
  for (size_t i = 0; i < result.size(); ++i) {
    uint64_t above = i + 1 < result.size() ? result[i + 1] : 0;
    result[i] = uint32_t((above << 32 | result[i]) >> (bits % 32));
  }
  trim(result);
  return {negative, std::move(result)};
}

Integer operator+(const Integer &a, const Integer &b) {
  if (a.negative == b.negative)
    return {a.negative, sum(a.limbs, b.limbs)};
  return compare(a.limbs, b.limbs) >= 0
             ? Integer(a.negative, difference(a.limbs, b.limbs))
             : Integer(b.negative, difference(b.limbs, a.limbs));
}

Integer operator-(const Integer &a, const Integer &b) {
  return a + b.negated();
}

Integer operator*(const Integer &a, const Integer &b) {
  Limbs result(a.limbs.size() + b.limbs.size(), 0);
  for (size_t i = 0; i < a.limbs.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.limbs.size(); ++j) {
      carry += uint64_t(a.limbs[i]) * b.limbs[j] + result[i + j];
      result[i + j] = uint32_t(carry);
      carry >>= 32;
    }
    result[i + b.limbs.size()] = uint32_t(carry);
  }
  trim(result);
  return {a.negative != b.negative, std::move(result)};
}

std::strong_ordering operator<=>(const Integer &a, const Integer &b) {
  if (a.sign() != b.sign())
    return a.sign() <=> b.sign();
  return a.negative ? compare(b.limbs, a.limbs) : compare(a.limbs, b.limbs);
}

// Knuth's algorithm D: each limb of the quotient is guessed from the leading
// limbs, at most two too high, and put right.
Integer Integer::dividedBy(const Integer &divisor) const {
  size_t n = divisor.limbs.size();
  if (limbs.size() < n)
    return {};
  if (n == 1) {
    Limbs quotient(limbs.size());
    uint64_t rest = 0;
    for (size_t i = limbs.size(); i-- > 0;) {
      rest = rest << 32 | limbs[i];
      quotient[i] = uint32_t(rest / divisor.limbs[0]);
      rest %= divisor.limbs[0];
    }
    trim(quotient);
    return {false, std::move(quotient)};
  }
  auto shift = size_t(std::countl_zero(divisor.limbs.back()));
  Limbs u = shiftedLeft(shift).limbs, v = divisor.shiftedLeft(shift).limbs;
  u.resize(limbs.size() + 1, 0);
  Limbs quotient(limbs.size() - n + 1);
  for (size_t j = quotient.size(); j-- > 0;) {
    uint64_t top = uint64_t(u[j + n]) << 32 | u[j + n - 1];
    uint64_t guess = top / v[n - 1], rest = top % v[n - 1];
    while (guess >> 32 || guess * v[n - 2] > (rest << 32 | u[j + n - 2])) {
      --guess;
      rest += v[n - 1];
      if (rest >> 32)
        break;
    }
    uint64_t carry = 0;
    int64_t borrow = 0;
    for (size_t i = 0; i < n; ++i) {
      carry += guess * v[i];
      int64_t digit = int64_t(u[i + j]) - uint32_t(carry) + borrow;
      u[i + j] = uint32_t(digit);
      borrow = digit >> 32;
      carry >>= 32;
    }
    int64_t digit = int64_t(u[j + n]) - int64_t(carry) + borrow;
    u[j + n] = uint32_t(digit);
    if (digit < 0) { // one too high
      --guess;
      carry = 0;
      for (size_t i = 0; i < n; ++i) {
        carry += uint64_t(u[i + j]) + v[i];
        u[i + j] = uint32_t(carry);
        carry >>= 32;
      }
      u[j + n] += uint32_t(carry);
    }
    quotient[j] = uint32_t(guess);
  }
  trim(quotient);
  return {false, std::move(quotient)};
}

// Newton's iteration from above falls until it is there.
Integer Integer::floorRoot() const {
  if (limbs.empty())
    return {};
  Integer root = Integer(1).shiftedLeft((bits() + 1) / 2);
  for (;;) {
    Integer next = (root + dividedBy(root)).shiftedRight(1);
    if (next >= root)
      return root;
    root = std::move(next);
  }
}

double Integer::toDouble(int64_t exponent) const {
  // The top 62 bits are within 2^-61 of the number.
  int64_t cut = std::max<int64_t>(int64_t(bits()) - 62, 0);
  Integer top = shiftedRight(size_t(cut));
  uint64_t magnitude = 0;
  for (size_t i = top.limbs.size(); i-- > 0;)
    magnitude = magnitude << 32 | top.limbs[i];
  auto power = int(std::clamp<int64_t>(exponent + cut, -5000, 5000));
  double value = std::ldexp(double(magnitude), power);
  return negative ? -value : value;
}

std::string Integer::text() const {
  std::string digits;
  for (size_t i = 0; i < std::max<size_t>((bits() + 3) / 4, 1); ++i)
    digits += "0123456789abcdef"[limbs.empty()
                                     ? 0
                                     : limbs[i / 8] >> (i % 8 * 4) & 15];
  if (negative)
    digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<Integer> Integer::parse(std::string_view text) {
  constexpr size_t longest = 4096; // digits
  bool negative = text.starts_with('-');
  text.remove_prefix(negative);
  if (text.empty() || text.size() > longest)
    return std::nullopt;
  Limbs limbs((text.size() + 7) / 8, 0);
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[text.size() - 1 - i];
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = uint32_t(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = uint32_t(c - 'a' + 10);
    else
      return std::nullopt;
    limbs[i / 8] |= digit << (i % 8 * 4);
  }
  trim(limbs);
  return Integer(negative, std::move(limbs));
}

} // namespace bnn::host
