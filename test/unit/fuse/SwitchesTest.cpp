// Compares switch points with a plain evaluation of every reachable value.

#include "fuse/Switches.h"
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::exact;

namespace {

//===----------------------------------------------------------------------===//
// An independent little evaluator: PReLU, then one BatchNormalization with its
// square root, by squares; everything else is rational.
//===----------------------------------------------------------------------===//

struct Channel {
  double alpha = 1, bias = 0; // convolution scale and bias
  bool hasSlope = false;
  double slope = 1;
  double gamma = 1, beta = 0, mean = 0, variance = 1, epsilon = 0;
  bool slopeAfter = false; // BN before PReLU instead
  bool clips = false;
  double low = -1, high = 1;
};

// The sign of u + v / sqrt(w).
int signOf(const mpq_class &u, const mpq_class &v, const mpq_class &w) {
  int su = sgn(u), sv = sgn(v);
  if (su >= 0 && sv >= 0)
    return su + sv > 0;
  if (su <= 0 && sv <= 0)
    return -1;
  mpq_class left = u * u * w, right = v * v;
  if (left == right)
    return 0;
  return (left > right) == (su > 0) ? 1 : -1;
}

int plainSign(const Channel &c, int64_t x) {
  mpq_class y = mpq_class(c.alpha) * int(x) + mpq_class(c.bias);
  if (c.hasSlope && !c.slopeAfter && y < 0)
    y *= mpq_class(c.slope);
  if (c.clips) {
    if (y < mpq_class(c.low))
      y = c.low;
    if (y > mpq_class(c.high))
      y = c.high;
  }
  mpq_class w = mpq_class(c.variance) + mpq_class(c.epsilon);
  int s = signOf(c.beta, mpq_class(c.gamma) * (y - mpq_class(c.mean)), w);
  if (c.hasSlope && c.slopeAfter && s < 0)
    return -sgn(mpq_class(c.slope));
  return s;
}

Chain chainOf(const Channel &c) {
  Chain chain;
  if (c.alpha != 1)
    chain.push_back(Step::multiply(c.alpha));
  if (c.bias != 0)
    chain.push_back(Step::add(c.bias));
  if (c.hasSlope && !c.slopeAfter)
    chain.push_back(Step::prelu(c.slope));
  if (c.clips)
    chain.push_back(Step::clip(c.low, c.high));
  chain.push_back(
      Step::normalize(c.gamma, c.beta, c.mean, c.variance, c.epsilon));
  if (c.hasSlope && c.slopeAfter)
    chain.push_back(Step::prelu(c.slope));
  return chain;
}

class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  Channel channel() {
    Channel c;
    if (pick(3) == 0)
      c.alpha = real();
    if (pick(3) == 0)
      c.bias = real();
    c.hasSlope = pick(2);
    c.slopeAfter = pick(4) == 0;
    c.slope = pick(5) == 0 ? 0 : real() / 4;
    c.clips = pick(5) == 0;
    c.low = -std::abs(real());
    c.high = c.low + std::abs(real());
    c.gamma = pick(12) == 0 ? 0 : real();
    c.beta = pick(6) == 0 ? 0 : real();
    c.mean = real() * 3;
    c.variance = std::abs(real());
    c.epsilon = 1e-5f;
    if (pick(5) == 0)
      makeTie(c);
    return c;
  }

  int64_t pick(int64_t n) {
    return std::uniform_int_distribution<int64_t>(0, n - 1)(random);
  }

private:
  float real() {
    return std::normal_distribution<float>(0,
                                           std::ldexp(1.0f, pick(7)))(random);
  }

  // gamma (x - mean) / sqrt(variance) + beta = 0 at an integer, in several
  // ways.
  void makeTie(Channel &c) {
    c.alpha = pick(2) ? 0.5 : 1;
    c.bias = 0;
    c.clips = false;
    int x = pick(41) - 20;
    switch (pick(3)) {
    case 0: // the root is rational
      c.epsilon = 0;
      c.variance = 0.25 * (1 + pick(6)) * (1 + pick(6));
      c.variance *= c.variance;
      c.gamma = pick(2) ? 3 : -3;
      c.mean = c.alpha * x;
      c.beta = 0;
      break;
    case 1: // gamma / sqrt(variance) = 2
      c.epsilon = 0;
      c.gamma = pick(2) ? 1 : -1;
      c.variance = 0.25;
      c.mean = 0.5;
      c.beta = -2 * c.gamma * (c.alpha * x - c.mean);
      break;
    default: // beta = 0 and mean at the bent value
      c.beta = 0;
      c.slope = 0.5 * (pick(7) - 3);
      c.mean = c.alpha * x;
      if (c.hasSlope && !c.slopeAfter && x < 0)
        c.mean *= c.slope;
    }
  }

  std::mt19937 random;
};

// Checks every reachable value; returns the number of them.
int64_t check(const Channel &c, const Reach &reach, SignZero zero) {
  SwitchResult result = findSwitches(chainOf(c), Quantizer::sign(zero), reach);
  std::optional<int64_t> firstZero;
  int64_t count = 0;
  if (result.error) {
    EXPECT_EQ(result.error->kind, SwitchError::Kind::SignOfZero);
    EXPECT_EQ(zero, SignZero::Error);
    EXPECT_EQ(plainSign(c, result.error->at), 0) << result.error->at;
    return 1;
  }
  EXPECT_EQ(result.switches.witnesses, int(result.switches.points.size()));
  for (int64_t x = reach.low(); x <= reach.high(); ++x) {
    if (!reach.firstIn(x, x))
      continue;
    ++count;
    int code = result.switches.first;
    for (const Switch &point : result.switches.points)
      if (x >= point.at)
        code = point.after;
    int sign = plainSign(c, x);
    if (sign == 0) {
      EXPECT_NE(zero, SignZero::Error) << "reachable zero missed at " << x;
      EXPECT_EQ(code, zero == SignZero::Plus) << x;
    } else {
      EXPECT_EQ(code, sign > 0) << x;
    }
  }
  return count;
}

TEST(Switches, AgreeWithPlainEvaluationAtEveryReachableValue) {
  Generator generator(1);
  int64_t values = 0;
  for (int i = 0; i < 120000 && !testing::Test::HasFailure(); ++i) {
    int64_t taps = 1 + generator.pick(i % 50 == 0 ? 600 : 30);
    Reach reach(-taps, taps, 2);
    if (i % 3 == 1)
      reach.unite(Reach(-taps + 1, taps - 1, 2));
    if (i % 3 == 2)
      reach = Reach(-taps * 2, taps);
    auto zero = SignZero(generator.pick(3));
    values += check(generator.channel(), reach, zero);
  }
  RecordProperty("values", values);
}

TEST(Switches, NegativeSlopeGivesAnInterval) {
  // |x| / 2 - 3 for x < 0, x - 3 otherwise: below zero in -5 .. 2
  Chain chain = {Step::prelu(-0.5), Step::add(-3.0)};
  auto result = findSwitches(chain, Quantizer::atLeastZero(), Reach(-20, 20));
  ASSERT_EQ(result.switches.points.size(), 2u);
  EXPECT_EQ(result.switches.first, 1);
  EXPECT_EQ(result.switches.points[0].at, -5);
  EXPECT_EQ(result.switches.points[1].at, 3);
}

TEST(Switches, ParityHidesAZero) {
  Chain chain = {Step::add(-3.0)};
  auto quantizer = Quantizer::sign(SignZero::Error);
  EXPECT_FALSE(findSwitches(chain, quantizer, Reach(-8, 8, 2)).error);
  Reach mixed(-8, 8, 2);
  mixed.unite(Reach(-7, 7, 2));
  auto result = findSwitches(chain, quantizer, mixed);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->at, 3);
}

TEST(Switches, SeveralRadicalsAreDecidedByEnclosures) {
  // (x - 1) sqrt(2) - sqrt(3) > 0 from x = 3 on
  Chain chain = {Step::subtract(1.0), Step::multiply(Radical::root(2)),
                 Step::subtract(Radical::root(3))};
  auto result = findSwitches(chain, Quantizer::atLeastZero(), Reach(-9, 9));
  ASSERT_FALSE(result.error);
  ASSERT_EQ(result.switches.points.size(), 1u);
  EXPECT_EQ(result.switches.points[0].at, 3);
}

TEST(Switches, UndecidableTieIsAnError) {
  // sqrt(2) + sqrt(3) - sqrt(5 + 2 sqrt(6)) = 0 cannot be written with one
  // radical; x sqrt(2) + x sqrt(3) - sqrt(2) - sqrt(3) = 0 at x = 1 can
  // neither.
  Chain chain = {Step::multiply(Radical::root(2)), Step::add(Radical::root(3)),
                 Step::subtract(Radical::root(2)),
                 Step::subtract(Radical::root(3))};
  auto result = findSwitches(chain, Quantizer::atLeastZero(), Reach(-9, 9));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, SwitchError::Kind::Undecided);
  EXPECT_EQ(result.error->at, 1);
}

TEST(Switches, SeveralCodes) {
  Quantizer quantizer{{{-0.5, false}, {0.5, false}, {1.5, true}}};
  auto result = findSwitches({Step::multiply(0.5)}, quantizer, Reach(-9, 9));
  ASSERT_EQ(result.switches.points.size(), 3u);
  EXPECT_EQ(result.switches.points[0].at, 0);
  EXPECT_EQ(result.switches.points[1].at, 2);
  EXPECT_EQ(result.switches.points[2].at, 3);
}

TEST(Switches, FloatBoundaryIsTheFirstFloat) {
  // 2 x - 1 >= 0 from 0.5; x / 0.1f > 0.5 exactly
  EXPECT_EQ(firstFloatAt({Step::multiply(2.0), Step::subtract(1.0)}, {0, true}),
            0.5f);
  float scale = 0.1f;
  auto x = firstFloatAt({Step::divide(double(scale))}, {0.5, false});
  ASSERT_TRUE(x);
  EXPECT_GT(mpq_class(*x), mpq_class(scale) / 2);
  EXPECT_LE(mpq_class(std::nextafter(*x, 0.0f)), mpq_class(scale) / 2);
  EXPECT_EQ(firstFloatAt({Step::multiply(0.0)}, {0, true}),
            -std::numeric_limits<float>::infinity());
  EXPECT_EQ(firstFloatAt({Step::multiply(0.0)}, {0, false}),
            std::numeric_limits<float>::infinity());
}

TEST(Switches, FilterLeavesTiesToTheProof) {
  Chain chain = {Step::normalize(1, 0, 5, 2, 0)};
  EXPECT_EQ(filteredSign(chain, 5, 0), 0);
  EXPECT_EQ(filteredSign(chain, 6, 0), 1);
  EXPECT_EQ(exactSign(chain, 5, 0), 0);
}

TEST(Direction, FollowsSignsOfFactors) {
  Chain falling = {Step::prelu(0.25), Step::normalize(-1, 0, 0, 1, 0)};
  EXPECT_TRUE(directionOf(falling, -9, 9).falls);
  EXPECT_FALSE(directionOf(falling, -9, 9).rises);
  Chain bent = {Step::prelu(-0.25)};
  EXPECT_FALSE(directionOf(bent, -9, 9).rises);
  EXPECT_TRUE(directionOf(bent, 1, 9).rises);
}

} // namespace
