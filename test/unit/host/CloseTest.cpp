// Decisions that float32 sums make otherwise are all listed, whatever the order
// in which they add.
#include "Ops.h"
#include "bnn/isa/host/Evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace bnn::host;
using Kind = Op::Kind;

namespace {

constexpr int64_t taps = 6;
constexpr double unit = 0x1p-24;

/// A dense layer of float weights with a bias, and its sign.
std::vector<Op> floatLayer(const std::vector<float> &weights, float bias) {
  Op conv = opOf(Kind::Conv, {taps, 1, 1}, {1, 1, 1}, 0);
  conv.weights.assign(weights.begin(), weights.end());
  Op affine = opOf(Kind::Affine, {1, 1, 1}, {1, 1, 1}, 1);
  affine.scale = {1.0}, affine.shift = {double(bias)};
  Op sign = opOf(Kind::Quantise, {1, 1, 1}, {1, 1, 1}, 2);
  sign.cuts = {0}, sign.inclusive = {true};
  return {conv, affine, sign};
}

/// The sum in float32, its products in a random order.
bool inFloat(std::mt19937 &random, const std::vector<float> &weights,
             const std::vector<float> &x, float bias) {
  std::vector<size_t> order(taps);
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  volatile float sum = random() % 2 ? bias : 0.0f;
  bool isAdded = sum == bias;
  for (size_t i : order) {
    volatile float product = weights[i] * x[i];
    sum = sum + product;
  }
  if (!isAdded)
    sum = sum + bias;
  return sum >= 0;
}

TEST(Close, WhateverFloat32DecidesOtherwiseIsListed) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  int differing = 0, listed = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<float> weights(taps), x(taps);
    for (int64_t i = 0; i < taps; ++i)
      weights[size_t(i)] = normal(random), x[size_t(i)] = normal(random);
    float bias = normal(random);
    double rest = bias;
    for (int64_t i = 0; i + 1 < taps; ++i)
      rest += double(weights[size_t(i)]) * x[size_t(i)];
    x.back() = float(-rest / weights.back()); // next to a tie
    std::vector<Tensor> values = {
        {{taps, 1, 1}, {x.begin(), x.end()}, {}}};
    std::vector<CloseDecision> close;
    std::string error;
    ASSERT_TRUE(Operations(floatLayer(weights, bias))
                    .run(values, unit, close, error));
    bool isOtherwise =
        inFloat(random, weights, x, bias) != (values.back().data[0] == 1);
    differing += isOtherwise;
    listed += !close.empty();
    if (isOtherwise) {
      ASSERT_EQ(close.size(), 1u);
      EXPECT_EQ(close[0].best, -1);
      EXPECT_EQ(close[0].threshold, 0);
      EXPECT_LE(std::abs(close[0].value), close[0].bound);
      EXPECT_EQ(close[0].value >= 0, values.back().data[0] == 1);
    }
  }
  EXPECT_GT(differing, 1000);
  EXPECT_GE(listed, differing);
}

TEST(Close, FarDecisionsAreNot) {
  std::mt19937 random(12);
  std::normal_distribution<float> normal;
  size_t listed = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<float> weights(taps);
    Tensor x{{taps, 1, 1}, {}, {}};
    for (float &weight : weights)
      weight = normal(random), x.data.push_back(normal(random));
    std::vector<Tensor> values = {x};
    std::vector<CloseDecision> close;
    std::string error;
    ASSERT_TRUE(Operations(floatLayer(weights, normal(random)))
                    .run(values, unit, close, error));
    listed += close.size();
  }
  EXPECT_LE(listed, 2u);
}

// Integers are exact in float32 while they fit: a tie is one there too.
TEST(Close, SumsOfIntegersAreExact) {
  std::vector<Op> ops = floatLayer({1, -1, 2, 3, 1, 1}, 0);
  std::vector<CloseDecision> close;
  std::string error;
  std::vector<Tensor> values = {{{taps, 1, 1}, {3, 3, 1, -1, 2, -1}, {}}};
  ASSERT_TRUE(Operations(ops).run(values, unit, close, error));
  EXPECT_TRUE(close.empty());
  values = {{{taps, 1, 1}, {0x1p24, 0x1p24, 1, -1, 2, -1}, {}}};
  ASSERT_TRUE(Operations(ops).run(values, unit, close, error));
  EXPECT_EQ(close.size(), 1u);
}

// Constants that cancel in a shift leave their rounding there.
TEST(Close, TermsWidenTheBound) {
  Op affine = opOf(Kind::Affine, {1, 1, 1}, {1, 1, 1}, 0);
  affine.scale = {0.1}, affine.shift = {0x1p-30};
  Op sign = opOf(Kind::Quantise, {1, 1, 1}, {1, 1, 1}, 1);
  sign.cuts = {0}, sign.inclusive = {true};
  for (double terms : {0.0, 100.0}) {
    affine.terms = terms;
    std::vector<Tensor> values = {{{1, 1, 1}, {0x1p-20}, {}}};
    std::vector<CloseDecision> close;
    std::string error;
    ASSERT_TRUE(Operations({affine, sign}).run(values, unit, close, error));
    EXPECT_EQ(close.size(), terms == 0 ? 0u : 1u);
  }
}

TEST(Close, ClassesWithTheirTwoValues) {
  Op affine = opOf(Kind::Affine, {3, 1, 1}, {3, 1, 1}, 0);
  float third = 1.0f / 3;
  affine.scale = {1, third, 0.5}, affine.shift = {0};
  Op argmax = opOf(Kind::ArgMax, {3, 1, 1}, {1, 1, 1}, 1);
  std::vector<Op> ops = {affine, argmax};
  std::vector<Tensor> values = {{{3, 1, 1}, {1, 3, 1}, {}}};
  std::vector<CloseDecision> close;
  std::string error;
  ASSERT_TRUE(Operations(ops).run(values, unit, close, error));
  EXPECT_EQ(values.back().data[0], 1); // 1 + 2^-25
  ASSERT_EQ(close.size(), 1u);
  EXPECT_EQ(close[0].best, 1);
  EXPECT_EQ(close[0].other, 0);
  EXPECT_EQ(close[0].value, 1 + 0x1p-25);
  EXPECT_EQ(close[0].threshold, 1);
}

} // namespace
