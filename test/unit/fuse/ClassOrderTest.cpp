// Pairs of classes against a plain comparison of all pairs of integers.

#include "fuse/ClassOrder.h"
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::exact;

namespace {

bool takesSecond(int sign, const ClassRule &rule) {
  return (rule.smallest ? -sign : sign) > 0 || (sign == 0 && rule.last);
}

uint64_t plainCount(const Chain &a, const Chain &b, const Reach &reach,
                    const ClassRule &rule) {
  uint64_t count = 0;
  for (int64_t x = reach.low(); x <= reach.high(); x += 2)
    for (int64_t y = reach.low(); y <= reach.high(); y += 2) {
      auto sign =
          exactOrder(b, mpq_class(long(y)), a, mpq_class(long(x)));
      EXPECT_TRUE(sign.has_value());
      float left = floatValue(a, float(x)).value,
            right = floatValue(b, float(y)).value;
      count += takesSecond(*sign, rule) !=
               takesSecond(right > left ? 1 : right < left ? -1 : 0, rule);
    }
  return count;
}

/// Scales whose quotients are small: ties are common, exact and rounded ones.
Chain randomChain(std::mt19937 &random) {
  const float third = 1.0f / 3, tenth = 0.1f;
  const double scales[] = {1, third, tenth, 3 * double(tenth), -third, 0.5, 2};
  Chain chain = {Step::multiply(scales[random() % 7])};
  if (random() % 2)
    chain.push_back(Step::add(double(int(random() % 5) - 2)));
  if (random() % 3 == 0)
    chain.push_back(Step::normalize(random() % 2 ? 1 : -0.5, tenth, 1,
                                    random() % 2 ? 2 : 8, 0));
  return chain;
}

TEST(ClassOrder, EqualsAllPairs) {
  std::mt19937 random(5);
  uint64_t differing = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<Chain> chains;
    for (int c = 0; c < 3; ++c)
      chains.push_back(randomChain(random));
    ClassRule rule{random() % 2 == 0, random() % 2 == 0};
    Reach reach(-21, 21, 2);
    auto found = findOtherOrders(chains, 3, reach, rule);
    ASSERT_TRUE(found.has_value());
    size_t next = 0;
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = i + 1; j < 3; ++j) {
        uint64_t count = plainCount(chains[i], chains[j], reach, rule);
        differing += count;
        if (count == 0)
          continue;
        ASSERT_LT(next, found->size());
        const OtherOrder &order = (*found)[next++];
        EXPECT_EQ(order.first, i);
        EXPECT_EQ(order.second, j);
        EXPECT_EQ(order.count, count);
        EXPECT_NE(reach.firstIn(order.a, order.a), std::nullopt);
        EXPECT_NE(reach.firstIn(order.b, order.b), std::nullopt);
      }
    EXPECT_EQ(next, found->size());
  }
  EXPECT_GT(differing, 100u);
}

// One chain for all classes: equal integers tie in both arithmetics.
TEST(ClassOrder, OneChainNeverDiffers) {
  std::vector<Chain> chains = {{Step::multiply(1.0 / 3), Step::add(0.1)}};
  auto found = findOtherOrders(chains, 17, Reach(-640, 640, 2), {});
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->empty());
}

// An offset that takes float32's last places makes neighbours equal.
TEST(ClassOrder, OneChainWithALargeOffsetDiffersEverywhere) {
  std::vector<Chain> chains = {{Step::add(double(1 << 25))}};
  auto found = findOtherOrders(chains, 3, Reach(0, 9), {});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->size(), 3u);
}

TEST(ClassOrder, TooManyIntegersAreNotCompared) {
  std::vector<Chain> chains(2, Chain{Step::multiply(0.5)});
  EXPECT_FALSE(findOtherOrders(chains, 2, Reach(0, 1 << 24), {}).has_value());
}

} // namespace
