//===- NumberTest.cpp -----------------------------------------------------===//
//
// The filter's bounds hold: random expressions, evaluated both ways, agree
// within the bound, and a decision of the filter is the exact one.
//
//===----------------------------------------------------------------------===//

#include "Number.h"
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::reference;

namespace {

/// A number in both representations.
struct Pair {
  Bounded fast;
  Surd exact;
};

class Number : public testing::Test {
protected:
  Pair leaf() {
    // Few bits, so that ties and exact results are common.
    double value = static_cast<double>(static_cast<int>(random() % 65) - 32);
    if (random() % 3 == 0)
      value = std::ldexp(value, static_cast<int>(random() % 40) - 30);
    if (random() % 4 == 0)
      value *= 0.1f;
    return {Bounded(value), Surd(value)};
  }

  Pair grow(int depth) {
    if (depth == 0)
      return leaf();
    Pair a = grow(depth - 1), b = grow(random() % depth);
    switch (random() % 7) {
    case 0:
      return {a.fast + b.fast, a.exact + b.exact};
    case 1:
      return {a.fast - b.fast, a.exact - b.exact};
    case 2:
      return {a.fast * b.fast, a.exact * b.exact};
    case 3:
      return {maximum(a.fast, b.fast), maximum(a.exact, b.exact)};
    case 4:
      return {minimum(a.fast, b.fast), minimum(a.exact, b.exact)};
    case 5: {
      std::optional<Bounded> fast = divide(a.fast, b.fast);
      std::optional<Surd> exact = divide(a.exact, b.exact);
      return fast && exact ? Pair{*fast, *exact} : a;
    }
    default: {
      std::optional<Bounded> fast = squareRoot(a.fast);
      std::optional<Surd> exact = squareRoot(a.exact);
      return fast && exact ? Pair{*fast, *exact} : a;
    }
    }
  }

  std::mt19937 random{1};
};

TEST_F(Number, BoundsHold) {
  for (int round = 0; round < 20000; ++round) {
    Pair number = grow(1 + round % 5);
    Surd off = number.exact - Surd(number.fast.value);
    EXPECT_LE((off - Surd(number.fast.error)).sign(), 0) << round;
    EXPECT_GE((off + Surd(number.fast.error)).sign(), 0) << round;
  }
}

TEST_F(Number, DecisionsAreExact) {
  for (int round = 0; round < 20000; ++round) {
    Pair number = grow(1 + round % 5);
    if (std::optional<int> sign = signOf(number.fast)) {
      EXPECT_EQ(*sign, number.exact.sign()) << round;
    }
    if (std::optional<Bounded> floor = floorOf(number.fast)) {
      EXPECT_EQ(mpz_class(floor->value), number.exact.floor()) << round;
    }
  }
}

TEST_F(Number, ExactDoublesStayExact) {
  Bounded a(3), b(0.25);
  EXPECT_TRUE((a + b).isExact());
  EXPECT_TRUE((a * b).isExact());
  EXPECT_TRUE(divide(a, b)->isExact());
  EXPECT_TRUE(squareRoot(b)->isExact());
  EXPECT_FALSE(divide(b, a)->isExact());
  EXPECT_FALSE((Bounded(0x1p60) + b).isExact());
}

} // namespace
