// Functions of an integer along several ways: codes at every value equal a
// plain rational evaluation, and functions of few values are found.

#include "fuse/Function.h"
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::exact;
using Kind = Function::Kind;

namespace {

using Plain = std::function<mpq_class(const mpq_class &)>;

/// A function as a chain, and as plain rational arithmetic.
struct Pair {
  Chain chain;
  Plain plain;
};

mpq_class half(long n) { return mpq_class(n) / 2; }

mpq_class floorOfPlain(const mpq_class &x) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
  return result;
}

class Maker {
public:
  explicit Maker(unsigned seed) : random(seed) {}

  Pair make(int depth) {
    if (depth == 0)
      return {{}, [](const mpq_class &x) { return x; }};
    Pair inner = make(depth - 1);
    Plain f = inner.plain;
    auto append = [&](Step step, Plain plain) {
      inner.chain.push_back(std::move(step));
      inner.plain = std::move(plain);
      return inner;
    };
    mpq_class n = half(draw(-6, 6));
    switch (draw(0, 10)) {
    case 0:
      return append(Step::multiply(Radical(n)),
                    [f, n](const mpq_class &x) { return mpq_class(f(x) * n); });
    case 1:
      return append(Step::add(Radical(n)),
                    [f, n](const mpq_class &x) { return mpq_class(f(x) + n); });
    case 2:
      return append(Step::clip(-1.5, 2), [f](const mpq_class &x) {
        mpq_class y = f(x);
        return y < half(-3) ? half(-3) : y > 2 ? mpq_class(2) : y;
      });
    case 3:
      return append(Step::prelu(-0.5), [f](const mpq_class &x) {
        mpq_class y = f(x);
        return y < 0 ? mpq_class(y / -2) : y;
      });
    case 4:
      return append(applied({.kind = Kind::Sign}), [f](const mpq_class &x) {
        return mpq_class(sgn(f(x)));
      });
    case 5:
      return append(applied({.kind = Kind::Abs}),
                    [f](const mpq_class &x) { return mpq_class(abs(f(x))); });
    case 6:
      return append(applied({.kind = Kind::Floor}),
                    [f](const mpq_class &x) { return floorOfPlain(f(x)); });
    case 7:
      return append(applied({.kind = Kind::Round}), [f](const mpq_class &x) {
        mpq_class y = f(x), below = floorOfPlain(y), rest = y - below;
        bool up = rest > half(1) ||
                  (rest == half(1) && mpz_odd_p(below.get_num_mpz_t()));
        return mpq_class(below + (up ? 1 : 0));
      });
    case 8: {
      Pair other = make(depth - 1);
      Plain g = other.plain;
      bool adds = draw(0, 1);
      return append(
          applied({.kind = adds ? Kind::Add : Kind::Multiply,
                   .others = {other.chain}}),
          [f, g, adds](const mpq_class &x) {
            return adds ? mpq_class(f(x) + g(x)) : mpq_class(f(x) * g(x));
          });
    }
    case 9: {
      Pair other = make(depth - 1);
      Plain g = other.plain;
      bool larger = draw(0, 1);
      return append(applied({.kind = larger ? Kind::Max : Kind::Min,
                             .others = {other.chain}}),
                    [f, g, larger](const mpq_class &x) {
                      mpq_class a = f(x), b = g(x);
                      return (a > b) == larger ? a : b;
                    });
    }
    default: {
      Pair yes = make(depth - 1), no = make(depth - 1);
      Plain g = yes.plain, h = no.plain;
      inner.chain.push_back(applied({.kind = Kind::NotNegative}));
      return append(
          applied({.kind = Kind::Select, .others = {yes.chain, no.chain}}),
          [f, g, h](const mpq_class &x) { return f(x) >= 0 ? g(x) : h(x); });
    }
    }
  }

  long draw(long low, long high) {
    return std::uniform_int_distribution<long>(low, high)(random);
  }

private:
  std::mt19937 random;
};

int codeAt(const Switches &switches, int64_t x) {
  int code = switches.first;
  for (const Switch &point : switches.points)
    code = point.at <= x ? point.after : code;
  return code;
}

TEST(Function, CodesEqualPlainEvaluationEverywhere) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Maker maker(seed);
    Pair pair = maker.make(1 + seed % 4);
    double cut = double(maker.draw(-4, 4)) / 2;
    bool inclusive = seed % 2;
    Reach reach(-21, 21, 1 + seed % 2);
    auto result = findSwitches(pair.chain, {{{cut, inclusive}}}, reach);
    ASSERT_FALSE(result.error) << seed;
    for (int64_t x = -21; x <= 21; x += 1 + seed % 2) {
      mpq_class y = pair.plain(mpq_class(long(x)));
      bool expected = inclusive ? y >= mpq_class(cut) : y > mpq_class(cut);
      ASSERT_EQ(codeAt(result.switches, x), expected)
          << "seed " << seed << " at " << x;
    }
  }
}

TEST(Function, LevelsAreTheValuesThatOccur) {
  unsigned found = 0;
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Pair pair = Maker(seed).make(2 + seed % 3);
    Reach reach(-20, 20, 2);
    std::vector<mpq_class> values;
    for (long x = -20; x <= 20; x += 2)
      values.push_back(pair.plain(mpq_class(x)));
    std::vector<mpq_class> different = values;
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()),
                    different.end());
    auto levels = findLevels(pair.chain, reach, 4, 0);
    ASSERT_EQ(levels.has_value(), different.size() <= 4) << seed;
    if (!levels)
      continue;
    ++found;
    ASSERT_EQ(levels->values.size(), different.size()) << seed;
    size_t piece = 0;
    for (long x = -20, i = 0; x <= 20; x += 2, ++i) {
      while (piece + 1 < levels->starts.size() &&
             levels->starts[piece + 1].at <= x)
        ++piece;
      const Radical &value = levels->values[levels->starts[piece].level];
      ASSERT_EQ(value.rationalPart(), values[i]) << "seed " << seed;
    }
  }
  EXPECT_GT(found, 150u);
}

TEST(Function, TermsOfTheBaseCancel) {
  // sign(x - 1/2) - clip(x) + clip(x), without anyone's having noticed
  Chain clip = {Step::clip(-1, 1)}, minus = clip;
  minus.push_back(Step::multiply(Radical(-1.0)));
  Chain chain = {Step::subtract(Radical(0.5)), applied({.kind = Kind::Sign}),
                 applied({.kind = Kind::Add, .others = {minus}}),
                 applied({.kind = Kind::Add, .others = {clip}})};
  auto levels = findLevels(chain, Reach(-500, 500), 2, 0);
  ASSERT_TRUE(levels);
  ASSERT_EQ(levels->starts.size(), 2u);
  EXPECT_EQ(levels->starts[1].at, 1);
}

TEST(Function, KnownZeroesOfSmoothFunctions) {
  for (Smooth function : {Smooth::Tanh, Smooth::Erf}) {
    Chain chain = {Step::add(Radical(-3.0)),
                   applied({.kind = Kind::Smooth, .smooth = function})};
    auto result =
        findSwitches(chain, Quantizer::atLeastZero(), Reach(-400, 400));
    ASSERT_FALSE(result.error);
    ASSERT_EQ(result.switches.points.size(), 1u);
    EXPECT_EQ(result.switches.points[0].at, 3);
    EXPECT_EQ(result.switches.witnesses, 1);
  }
}

/// Numbers and intervals that hold them, whose ends are at times left out.
class Enclosed {
public:
  struct Pair {
    mpq_class number;
    Interval interval;
  };
  Pair make(int depth) {
    if (depth == 0) {
      double at = draw(-32, 32) * (draw(0, 2) ? 1 : 0x1p-40);
      double below = draw(0, 1) * std::abs(at), above = double(draw(0, 2));
      return {mpq_class(at), Interval(at - below, at + above,
                                      below > 0 && draw(0, 1),
                                      above > 0 && draw(0, 1))};
    }
    Pair a = make(depth - 1), b = make(int(draw(0, depth - 1)));
    switch (draw(0, 5)) {
    case 0:
      return {a.number + b.number, a.interval + b.interval};
    case 1:
      return {a.number - b.number, a.interval - b.interval};
    case 2:
      return {a.number * b.number, a.interval * b.interval};
    case 3:
      return {std::min(a.number, b.number), minimum(a.interval, b.interval)};
    case 4:
      return {abs(a.number), magnitude(a.interval)};
    default:
      if (a.number == 0)
        return a;
      return {1 / a.number, inverse(a.interval)};
    }
  }

private:
  long draw(long low, long high) {
    return std::uniform_int_distribution<long>(low, high)(random);
  }
  std::mt19937 random{7};
};

TEST(Function, IntervalsWithOpenEndsEnclose) {
  Enclosed maker;
  int decided = 0;
  for (int round = 0; round < 20000; ++round) {
    auto [x, range] = maker.make(1 + round % 5);
    if (std::isfinite(range.low)) {
      EXPECT_TRUE(range.lowOpen ? x > range.low : x >= range.low) << round;
    }
    if (std::isfinite(range.high)) {
      EXPECT_TRUE(range.highOpen ? x < range.high : x <= range.high) << round;
    }
    if (int sign = range.sign()) {
      EXPECT_EQ(sign, sgn(x)) << round;
      ++decided;
    }
  }
  EXPECT_GT(decided, 5000);
}

TEST(Function, WhatUnderflowsKeepsItsSign) {
  auto smooth = [](Smooth kind) {
    return applied({.kind = Kind::Smooth, .smooth = kind});
  };
  auto timesItself = [](Chain chain) {
    return Chain{applied({.kind = Kind::Multiply, .others = {chain}})};
  };
  Step one = Step::add(Radical(1.0));
  Chain gelu = timesItself(
      {Step::divide(Radical::root(mpq_class(2))), smooth(Smooth::Erf), one});
  Chain silu = timesItself({smooth(Smooth::Sigmoid)});
  Chain mish = timesItself({smooth(Smooth::Exp), one, smooth(Smooth::Log),
                            smooth(Smooth::Tanh)});
  Chain elu = {Step::multiply(Radical(0x1p-70)), smooth(Smooth::Exp),
               Step::subtract(Radical(1.0))};
  for (const Chain &chain : {gelu, silu, mish, elu})
    for (long x : {-100000, -800, -40, -1, 0, 1, 40, 800, 100000})
      EXPECT_EQ(exactSign(chain, x, 0), (x > 0) - (x < 0)) << x;
}

TEST(Function, SmallDeviationsAreProvedOrNamed) {
  Chain chain = {Step::multiply(Radical(0.5)), Step::subtract(Radical(2.0))};
  Quantizer quantizer = Quantizer::atLeastZero();
  // 4 is decided by the deviation, 3 and 5 are not.
  EXPECT_EQ(firstUnsure(chain, quantizer, Reach(-9, 9, 1), 1e-6), 4);
  EXPECT_EQ(firstUnsure(chain, quantizer, Reach(-9, 9, 2), 1e-6), std::nullopt);
  EXPECT_EQ(firstUnsure(chain, quantizer, Reach(-9, 9, 2), 1.1), 3);
}

} // namespace
