// Decisions at and beside exact ties; bounds against exact values.
#include "Ops.h"
#include "bnn/isa/host/Evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace bnn::host;
using Kind = Op::Kind;

namespace {

std::vector<double> last(const std::vector<Op> &ops, std::vector<double> data) {
  std::vector<Tensor> values = {{ops[0].in, std::move(data), {}}};
  std::string error;
  EXPECT_TRUE(Operations(ops).run(values, error)) << error;
  return values.back().data;
}

// The finding that this library answers: means of twelve sums, doubles take the
// wrong one of two equal classes.
TEST(Evaluate, ArgMaxOfEqualMeansTakesTheFirst) {
  Op mean = opOf(Kind::Affine, {4, 1, 1}, {4, 1, 1}, 0);
  double twelfth = 1.0 / 12;
  mean.scale.values = {twelfth};
  mean.scale.exact = {Number(Rational(1, 12))};
  mean.shift = {0, 1, 0, 3};
  Op argmax = opOf(Kind::ArgMax, {4, 1, 1}, {1, 1, 1}, 1);
  EXPECT_GT(twelfth * -10 + 3, twelfth * 14 + 1);
  EXPECT_EQ(last({mean, argmax}, {26, 14, 10, -10}),
            (std::vector<double>{0}));
  EXPECT_EQ(last({mean, argmax}, {2, 14, 10, -10}), (std::vector<double>{1}));
  argmax.lastIndex = true;
  EXPECT_EQ(last({mean, argmax}, {2, 14, 10, -10}), (std::vector<double>{3}));
}

// BatchNormalization: x sqrt(1/8) and 2 x sqrt(1/32) are equal, doubles differ.
TEST(Evaluate, ArgMaxOfEqualRoots) {
  Op norm = opOf(Kind::Affine, {2, 1, 1}, {2, 1, 1}, 0);
  for (int64_t d : {3, 12}) {
    norm.scale.values.push_back((d == 3 ? 1 : 2) * std::sqrt(1.0 / double(d)));
    norm.scale.exact.push_back(
        Number::root(Rational(d == 3 ? 1 : 2), Rational(1, d)));
  }
  norm.shift = {0};
  Op argmax = opOf(Kind::ArgMax, {2, 1, 1}, {1, 1, 1}, 1);
  uint64_t before = Operations::exactDecisions();
  for (double x = -500; x <= 500; ++x) {
    EXPECT_EQ(last({norm, argmax}, {x, x})[0], 0);
    EXPECT_EQ(last({norm, argmax}, {x, x + 1})[0], 1);
    EXPECT_EQ(last({norm, argmax}, {x + 1, x})[0], 0);
  }
  EXPECT_GE(Operations::exactDecisions(), before + 1000);
}

// A layer of floats whose sum is exactly the cut, one unit above and below it.
TEST(Evaluate, QuantiserDecidesOnTheExactSum) {
  Op conv = opOf(Kind::Conv, {3, 1, 1}, {1, 1, 1}, 0);
  conv.weights = {0x1p60, 1, -0x1p60};
  Op sign = opOf(Kind::Quantise, {1, 1, 1}, {1, 1, 1}, 1);
  sign.cuts = {0}, sign.inclusive = {false}, sign.first = -1, sign.step = 2;
  EXPECT_EQ(last({conv, sign}, {3, 1, 3})[0], 1);
  EXPECT_EQ(last({conv, sign}, {3, 0, 3})[0], -1);
  EXPECT_EQ(last({conv, sign}, {3, -1, 3})[0], -1);
  sign.inclusive = {true};
  EXPECT_EQ(last({conv, sign}, {3, 0, 3})[0], 1);
  EXPECT_EQ(last({conv, sign}, {3, -1, 3})[0], -1);
}

TEST(Evaluate, ConvolutionPadsWithZeros) {
  Op conv = opOf(Kind::Conv, {1, 2, 3}, {1, 2, 2}, 0);
  conv.kernelH = 2, conv.kernelW = 3, conv.strideW = 2;
  conv.padTop = 1, conv.padLeft = 1, conv.padRight = 1;
  conv.weights = {1, 2, 3, 10, 20, 30};
  // . 1 2 3 .
  // . 4 5 6 .
  EXPECT_EQ(last({conv}, {1, 2, 3, 4, 5, 6}),
            (std::vector<double>{80, 80, 238, 178}));
}

TEST(Evaluate, GatherConcatAdd) {
  Op turn = opOf(Kind::Gather, {1, 2, 3}, {3, 1, 2}, 0);
  turn.from = {0, 3, 1, 4, 2, 5};
  EXPECT_EQ(last({turn}, {1, 2, 3, 4, 5, 6}),
            (std::vector<double>{1, 4, 2, 5, 3, 6}));
  Op twice = opOf(Kind::Add, {1, 2, 3}, {1, 2, 3}, 0);
  twice.operands = {0, 0};
  Op join = opOf(Kind::Concat, {1, 2, 3}, {2, 2, 3}, 0);
  join.operands = {1, 0};
  EXPECT_EQ(last({twice, join}, {1, 2, 3, 4, 5, 6}),
            (std::vector<double>{2, 4, 6, 8, 10, 12, 1, 2, 3, 4, 5, 6}));
}

// Where an exponential leaves a decision open there is no exact answer.
TEST(Evaluate, TiesOfSumsOfExponentialsAreRefused) {
  Op sigmoid = opOf(Kind::Sigmoid, {2, 1, 1}, {2, 1, 1}, 0);
  Op twice = opOf(Kind::Add, {2, 1, 1}, {2, 1, 1}, 1);
  twice.operands = {1, 1};
  Op argmax = opOf(Kind::ArgMax, {2, 1, 1}, {1, 1, 1}, 2);
  std::vector<Op> ops = {sigmoid, twice, argmax};
  std::vector<Tensor> values = {{{2, 1, 1}, {3, 3}, {}}};
  std::string error;
  EXPECT_FALSE(Operations(ops).run(values, error));
  EXPECT_EQ(error, "element 1 of value 2 is too close to a tie, and an "
                   "exponential that it comes from has no exact value");
  EXPECT_EQ(last(ops, {3, 3.5})[0], 1);
}

// Below functions that rise, within a line of a softmax, where elements moved or
// were scaled alike: 40 and 41 are one double as sigmoids.
TEST(Evaluate, TiesOfWhatRisesAreThoseBelow) {
  Shape map{3, 1, 1};
  Op turned = opOf(Kind::Affine, map, map, 2);
  turned.scale = {-2.0}, turned.shift = {1.0};
  Op gather = opOf(Kind::Gather, map, map, 3);
  gather.from = {2, 0, 1};
  Op argmax = opOf(Kind::ArgMax, map, {1, 1, 1}, 4);
  Op softmax = opOf(Kind::Softmax, map, map, 1);
  for (Kind kind : {Kind::Sigmoid, Kind::Tanh}) {
    std::vector<Op> ops = {opOf(kind, map, map, 0),
                           opOf(Kind::Reshape, map, map, 1), turned, gather,
                           argmax};
    EXPECT_EQ(last(ops, {41, 40, 40})[0], 0);
    EXPECT_EQ(last(ops, {40, 40, 41})[0], 1);
    EXPECT_EQ(last(ops, {41, 40, 41})[0], 2);
    ops[1] = softmax;
    EXPECT_EQ(last(ops, {41, 40, 41})[0], 2);
  }
}

TEST(Evaluate, SidesOfWhatRisesAreThoseBelow) {
  Shape map{4, 1, 1};
  for (auto [kind, cut] : {std::pair(Kind::Sigmoid, 0.5), {Kind::Tanh, 0.0}}) {
    Op gather = opOf(Kind::Gather, map, map, 1);
    gather.from = {3, 2, 1, 0};
    Op decide = opOf(Kind::Quantise, map, map, 2);
    decide.cuts = {cut, cut}, decide.inclusive = {true, false};
    EXPECT_EQ(last({opOf(kind, map, map, 0), gather, decide},
                   {1e-30, 0, -1e-30, 5}),
              (std::vector<double>{2, 0, 1, 2}));
  }
}

// Random chains: every value is within its bound of the exact one, and codes are
// those of the exact values.
TEST(Evaluate, BoundsHold) {
  std::mt19937 random(5);
  auto number = [&] {
    return std::ldexp(double(int32_t(random())), -20 - int(random() % 20));
  };
  for (int round = 0; round < 60; ++round) {
    Shape map{3, 1, 4};
    std::vector<Op> ops;
    auto next = [&](Kind kind, Shape out) -> Op & {
      Shape in = ops.empty() ? map : ops.back().out;
      ops.push_back(opOf(kind, in, out, uint32_t(ops.size())));
      return ops.back();
    };
    Op &conv = next(Kind::Conv, {2, 1, 3});
    conv.kernelW = 2;
    for (int i = 0; i < 12; ++i)
      conv.weights.push_back(number());
    for (int step = 0; step < 4; ++step) {
      Shape shape = ops.back().out;
      Op &affine = next(Kind::Affine, shape);
      for (int64_t c = 0; c < shape.c; ++c) {
        Rational scale(int64_t(random() % 2000) - 1000, 7);
        affine.scale.exact.push_back(
            Number::root(scale, Rational(int64_t(random() % 50) + 1)));
        affine.scale.values.push_back(*affine.scale.exact.back().toDouble());
        affine.shift.values.push_back(number());
      }
      if (step == 0)
        next(Kind::PRelu, shape).scale = {-0.3};
      if (step == 1)
        next(Kind::Mean, {shape.c, 1, 1});
      if (step == 2) {
        Op &clip = next(Kind::Clip, shape);
        clip.min = -1e9, clip.max = 1e9;
      }
    }
    Op &sign = next(Kind::Quantise, ops.back().out);
    sign.cuts = {0}, sign.inclusive = {true};
    std::vector<double> data;
    for (int i = 0; i < 12; ++i)
      data.push_back(number());
    std::vector<Tensor> values = {{map, data, {}}};
    std::string error;
    ASSERT_TRUE(Operations(ops).run(values, error)) << error;
    // The sums once more, exactly.
    std::vector<Number> exact;
    for (double x : data)
      exact.push_back(x);
    for (size_t k = 0; k + 1 < ops.size(); ++k) {
      const Op &op = ops[k];
      std::vector<Number> out;
      auto plane = size_t(op.in.h * op.in.w);
      for (size_t i = 0; i < size_t(op.out.size()); ++i) {
        auto c = int64_t(i / size_t(op.out.h * op.out.w));
        Number y;
        if (op.kind == Kind::Conv) {
          for (size_t t = 0; t < 6; ++t)
            y = y + exact[t / 2 * 4 + i % 3 + t % 2] *
                        Number(op.weights[size_t(c) * 6 + t]);
        } else if (op.kind == Kind::Mean) {
          for (size_t t = 0; t < plane; ++t)
            y = y + exact[i * plane + t] * Number(Rational(1, int64_t(plane)));
        } else {
          y = exact[i];
          if (op.kind == Kind::Affine)
            y = y * op.scale.exactAt(c) + op.shift.exactAt(c);
          else if (op.kind == Kind::PRelu && *y.sign() < 0)
            y = y * op.scale.exactAt(c);
          else if (op.kind == Kind::Clip && *(y - Number(op.max)).sign() > 0)
            y = Number(op.max);
          else if (op.kind == Kind::Clip && *(y - Number(op.min)).sign() < 0)
            y = Number(op.min);
        }
        out.push_back(y);
        const Tensor &got = values[k + 1];
        Number gap = y - Number(got.data[i]);
        EXPECT_LE(*(gap - Number(got.error(i))).sign(), 0) << round << " " << k;
        EXPECT_GE(*(gap + Number(got.error(i))).sign(), 0) << round << " " << k;
      }
      exact = std::move(out);
    }
    for (size_t i = 0; i < exact.size(); ++i)
      EXPECT_EQ(values.back().data[i], *exact[i].sign() >= 0 ? 1 : 0);
  }
}

} // namespace
