// Exact numbers against machine integers, squares, and ties made on purpose.
#include "bnn/isa/host/Exact.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace bnn::host;

namespace {

std::string textOf(__int128 value) {
  std::string text;
  unsigned __int128 magnitude = value < 0 ? -value : value;
  do
    text.insert(text.begin(), "0123456789abcdef"[int(magnitude & 15)]);
  while (magnitude >>= 4);
  return value < 0 ? "-" + text : text;
}

TEST(Exact, IntegersAreThoseOfTheMachine) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto a = int64_t(random()) >> (random() % 63);
    auto b = int64_t(random()) >> (random() % 63);
    EXPECT_EQ((Integer(a) + Integer(b)).text(), textOf(__int128(a) + b));
    EXPECT_EQ((Integer(a) - Integer(b)).text(), textOf(__int128(a) - b));
    EXPECT_EQ((Integer(a) * Integer(b)).text(), textOf(__int128(a) * b));
    EXPECT_EQ(Integer(a) <=> Integer(b), a <=> b);
    int64_t x = std::abs(a >> 1), y = std::abs(b >> 1) + 1;
    EXPECT_EQ(Integer(x).dividedBy(y).text(), textOf(x / y));
    size_t shift = random() % 60;
    EXPECT_EQ(Integer(x).shiftedRight(shift).text(), textOf(x >> shift));
    EXPECT_EQ(Integer(a).shiftedLeft(shift).text(),
              textOf(__int128(a) * (__int128(1) << shift)));
  }
}

TEST(Exact, RootsOfLongIntegers) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i) {
    Integer x(1);
    for (int k = 0; k < 1 + i % 20; ++k)
      x = x * Integer(int64_t(random() >> 1)) + Integer(int64_t(random() >> 1));
    EXPECT_EQ((x * x).floorRoot(), x);
    EXPECT_EQ((x * x - Integer(1)).floorRoot(), x - Integer(1));
    EXPECT_EQ((x * x + x + x).floorRoot(), x);
    EXPECT_EQ((x * x + Integer(5)).dividedBy(x), x);
    EXPECT_EQ(*Integer::parse(x.negated().text()), x.negated());
  }
}

TEST(Exact, DoublesAreRationals) {
  for (double x : {0.0, 1.0, -0.1, 1e-300, 5e-324, 1.7e308, 0x1p-60}) {
    EXPECT_EQ(Number(x).toDouble(), x);
    EXPECT_EQ((Number(x) - Number(x)).sign(), 0);
  }
  // 0.1 + 0.2 is not 0.3, and not the sum of the doubles.
  Number sum = Number(0.1) + Number(0.2);
  EXPECT_EQ((sum - Number(0.3)).sign(), 1);
  EXPECT_EQ((sum - Number(0.1 + 0.2)).sign(), -1);
}

TEST(Exact, RationalsKeepTheirMeaning) {
  auto third = Number(Rational(1, 3)), sixth = Number(Rational(-1, 6));
  EXPECT_EQ((third + sixth + sixth).sign(), 0);
  EXPECT_EQ((third * Number(3.0) - Number(1.0)).sign(), 0);
  EXPECT_EQ((third - Number(1.0 / 3)).sign(), 1);
  EXPECT_EQ(third.text(), "1/3");
  EXPECT_EQ(*third.toDouble(), 1.0 / 3);
}

TEST(Exact, RootsAreComparedExactly) {
  auto root = [](int64_t c, int64_t q) {
    return Number::root(Rational(c), Rational(q));
  };
  EXPECT_EQ((root(1, 8) - root(2, 2)).sign(), 0);
  EXPECT_EQ((root(3, 8) + root(-1, 18) - root(3, 2)).sign(), 0);
  EXPECT_EQ((root(1, 2) + root(1, 3) - root(1, 5)).sign(), 1);
  EXPECT_EQ((root(1, 2) * root(1, 3) - root(1, 6)).sign(), 0);
  EXPECT_EQ((root(1, 2) * root(1, 2) - Number(2.0)).sign(), 0);
  EXPECT_EQ((root(1, 4) - Number(2.0)).sign(), 0);
  // 99^2 * 2 + 1 = 140^2 + 3: close, but no tie.
  EXPECT_EQ((root(99, 2) - Number(140.0)).sign(), 1);
  // sqrt(n + 1) - sqrt(n) of a large n against a double of it.
  Integer n = Integer(1).shiftedLeft(400);
  Number gap = Number::root(Rational(1), Rational(n + Integer(1))) -
               Number::root(Rational(1), Rational(n));
  EXPECT_EQ(gap.sign(), 1);
  EXPECT_EQ((gap + gap - Number(0x1p-200)).sign(), -1);
  EXPECT_NEAR(*gap.toDouble() * 0x1p201, 1, 1e-15);
}

// Sums of roots against long doubles wherever these decide.
TEST(Exact, SignsAgreeWithLongDoubles) {
  std::mt19937 random(3);
  int decided = 0;
  for (int i = 0; i < 3000; ++i) {
    Number sum;
    long double value = 0;
    for (int k = 0; k < 4; ++k) {
      auto c = int64_t(random() % 41) - 20, q = int64_t(random() % 30) + 1,
           d = int64_t(random() % 9) + 1;
      sum = sum + Number::root(Rational(c, d), Rational(q, d));
      value += (long double)c / d * std::sqrt((long double)q / d);
    }
    auto sign = sum.sign();
    ASSERT_TRUE(sign);
    if (std::fabs(value) > 1e-12L) {
      EXPECT_EQ(*sign, value > 0 ? 1 : -1);
      EXPECT_NEAR(*sum.toDouble() / double(value), 1, 1e-13);
      ++decided;
    } else {
      EXPECT_EQ(*sign, 0);
    }
  }
  EXPECT_GT(decided, 2500);
}

TEST(Exact, TextsAreReadBack) {
  for (const char *text : {"0", "-1", "1/3", "-ff/10 3 2", "0 1/2 5/3 -7 2"})
    EXPECT_EQ(Number::parse(text)->text(), text == std::string("-ff/10 3 2")
                                               ? "-ff/10 3 2"
                                               : text);
  for (const char *text : {"", "x", "1/", "1/0", "1/-2", "1 2", "1 2 0", "1 2 -3",
                           "--1", " 1", "1 ", "1  2", "0x1", "A"})
    EXPECT_FALSE(Number::parse(text)) << text;
}

TEST(Exact, NumbersBeyondReasonHaveNoSign) {
  Number x = Number(3.0), huge = x;
  for (int i = 0; i < 17; ++i)
    huge = huge * huge;
  EXPECT_FALSE((huge * Number::root(Rational(1), Rational(2)) - x).sign());
}

} // namespace
