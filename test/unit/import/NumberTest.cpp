//===- NumberTest.cpp -----------------------------------------------------===//
//
// The filter's bounds and the enclosures hold: random expressions, evaluated in
// all ways, agree within them, and what they decide is the exact decision.
//
//===----------------------------------------------------------------------===//

#include "Range.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::reference;

namespace {

/// A number in all representations.
struct Pair {
  Bounded fast;
  Surd exact;
  Range range;
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
    // An enclosure whose ends are at times the number, at times left out.
    auto end = [&](double at) {
      double away = random() % 3 == 0 ? std::abs(at) : double(random() % 2);
      return Floor{at - away, away > 0 && random() % 2 == 0};
    };
    Range range = random() % 2 ? Range(value) : Range(end(value), end(-value));
    return {Bounded(value), Surd(value), range};
  }

  Pair grow(int depth) {
    if (depth == 0)
      return leaf();
    Pair a = grow(depth - 1), b = grow(random() % depth);
    switch (random() % 7) {
    case 0:
      return {a.fast + b.fast, a.exact + b.exact, a.range + b.range};
    case 1:
      return {a.fast - b.fast, a.exact - b.exact, a.range - b.range};
    case 2:
      return {a.fast * b.fast, a.exact * b.exact, a.range * b.range};
    case 3:
      return {maximum(a.fast, b.fast), maximum(a.exact, b.exact),
              maximum(a.range, b.range)};
    case 4:
      return {minimum(a.fast, b.fast), minimum(a.exact, b.exact),
              minimum(a.range, b.range)};
    case 5: {
      std::optional<Bounded> fast = divide(a.fast, b.fast);
      std::optional<Surd> exact = divide(a.exact, b.exact);
      std::optional<Range> range = divide(a.range, b.range);
      return fast && exact && range ? Pair{*fast, *exact, *range} : a;
    }
    default: {
      std::optional<Bounded> fast = squareRoot(a.fast);
      std::optional<Surd> exact = squareRoot(a.exact);
      std::optional<Range> range = squareRoot(a.range);
      return fast && exact && range ? Pair{*fast, *exact, *range} : a;
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

TEST_F(Number, RangesEnclose) {
  int decided = 0;
  for (int round = 0; round < 20000; ++round) {
    Pair number = grow(1 + round % 5);
    auto holds = [](const Floor &bound, const Surd &x) {
      if (std::isinf(bound.at))
        return bound.at < 0;
      int side = (x - Surd(bound.at)).sign();
      return bound.strict ? side > 0 : side >= 0;
    };
    EXPECT_TRUE(holds(number.range.above, number.exact)) << round;
    EXPECT_TRUE(holds(number.range.mirror, -number.exact)) << round;
    if (std::optional<int> sign = signOf(number.range)) {
      EXPECT_EQ(*sign, number.exact.sign()) << round;
      ++decided;
    }
    if (std::optional<Range> floor = floorOf(number.range)) {
      EXPECT_EQ(mpz_class(floor->low()), number.exact.floor()) << round;
    }
  }
  EXPECT_GT(decided, 5000);
}

TEST_F(Number, WhatUnderflowsKeepsItsSign) {
  Range x(-40), one(1);
  Range gelu = x * (risen(std::erf, x, -1, 1, 0, 0) + one);
  EXPECT_EQ(signOf(gelu), -1);
  Range tiny(5e-324);
  EXPECT_EQ(signOf(tiny * tiny), 1);
  EXPECT_EQ(signOf(-tiny * tiny), -1);
  // exp(x) - 1 of an x that exp rounds away
  Range less = risen(std::exp, Range(-0x1p-70), 0, INFINITY, 0, 1) - one;
  EXPECT_EQ(signOf(less), -1);
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
