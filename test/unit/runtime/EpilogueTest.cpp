// Each host operation against values worked out by hand, and the output types.
#include "Epilogue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace bnn::runtime;
using Kind = HostOp::Kind;

namespace {

HostOp opOf(Kind kind, MapShape in, MapShape out) {
  HostOp op;
  op.kind = kind;
  op.in = in;
  op.out = out;
  return op;
}

std::vector<double> applied(const HostOp &op, std::vector<double> data) {
  HostTensor t{op.in, std::move(data)};
  applyHostOp(op, t);
  EXPECT_EQ(t.shape.size(), int64_t(t.data.size()));
  return t.data;
}

TEST(Epilogue, PerChannelOperations) {
  HostOp op = opOf(Kind::Affine, {2, 1, 2}, {2, 1, 2});
  op.scale = {2, -1}, op.shift = {1, 0.5};
  EXPECT_EQ(applied(op, {1, 2, 3, 4}), (std::vector<double>{3, 5, -2.5, -3.5}));
  op.kind = Kind::PRelu;
  op.scale = {0.25, -2};
  EXPECT_EQ(applied(op, {-4, 4, -1, 0}), (std::vector<double>{-1, 4, 2, 0}));
}

TEST(Epilogue, SplitPRelu) {
  HostOp op = opOf(Kind::SplitPRelu, {4, 1, 1}, {2, 1, 1});
  op.scale = {1, 2}, op.scaleNeg = {0.5, 0.25}, op.shift = {0, 1};
  // Positive sums 10 and 20, negative sums -4 and -8.
  EXPECT_EQ(applied(op, {10, 20, -4, -8}), (std::vector<double>{8, 39}));
}

TEST(Epilogue, ClipSignReshape) {
  HostOp op = opOf(Kind::Clip, {3, 1, 1}, {3, 1, 1});
  op.min = 0, op.max = 6;
  EXPECT_EQ(applied(op, {-1, 3, 7}), (std::vector<double>{0, 3, 6}));
  op.kind = Kind::Sign;
  op.zero = 1;
  EXPECT_EQ(applied(op, {-1, 0, 7}), (std::vector<double>{-1, 1, 1}));
  op = opOf(Kind::Reshape, {3, 1, 1}, {1, 1, 3});
  EXPECT_EQ(applied(op, {1, 2, 3}), (std::vector<double>{1, 2, 3}));
}

TEST(Epilogue, MaxPoolIgnoresItsPads) {
  HostOp op = opOf(Kind::MaxPool, {1, 2, 3}, {1, 2, 2});
  op.kernelH = 2, op.kernelW = 2, op.strideW = 2, op.padTop = 1, op.padLeft = 1;
  // -5 -3 -4      windows start at (-1,-1), (-1,1), (0,-1), (0,1)
  // -2 -6 -1
  EXPECT_EQ(applied(op, {-5, -3, -4, -2, -6, -1}),
            (std::vector<double>{-5, -3, -2, -1}));
}

TEST(Epilogue, Reductions) {
  std::vector<double> x = {1, 2, 6, -1, -2, -6};
  EXPECT_EQ(applied(opOf(Kind::Sum, {2, 1, 3}, {2, 1, 1}), x),
            (std::vector<double>{9, -9}));
  EXPECT_EQ(applied(opOf(Kind::Mean, {2, 1, 3}, {2, 1, 1}), x),
            (std::vector<double>{3, -3}));
  EXPECT_EQ(applied(opOf(Kind::Max, {2, 3, 1}, {2, 1, 1}), x),
            (std::vector<double>{6, -1}));
}

TEST(Epilogue, SoftmaxDoesNotOverflow) {
  auto y = applied(opOf(Kind::Softmax, {2, 1, 1}, {2, 1, 1}),
                   {1000, 1000 + std::log(3.0)});
  EXPECT_NEAR(y[0], 0.25, 1e-12);
  EXPECT_NEAR(y[1], 0.75, 1e-12);
  y = applied(opOf(Kind::LogSoftmax, {2, 1, 1}, {2, 1, 1}), {-1e6, 0});
  EXPECT_EQ(y, (std::vector<double>{-1e6, 0}));
}

TEST(Epilogue, SoftmaxAlongAnAxis) {
  HostOp op = opOf(Kind::Softmax, {2, 1, 2}, {2, 1, 2});
  auto y = applied(op, {0, 5, 0, 5});
  for (double v : y)
    EXPECT_EQ(v, 0.5); // over channels: equal pairs
  op.axis = 2;
  y = applied(op, {0, 0, 0, std::log(3.0)});
  EXPECT_NEAR(y[0], 0.5, 1e-12);
  EXPECT_NEAR(y[3], 0.75, 1e-12);
}

TEST(Epilogue, SigmoidAndTanh) {
  auto y = applied(opOf(Kind::Sigmoid, {3, 1, 1}, {3, 1, 1}), {0, 1e4, -1e4});
  EXPECT_EQ(y, (std::vector<double>{0.5, 1, 0}));
  EXPECT_EQ(applied(opOf(Kind::Tanh, {1, 1, 1}, {1, 1, 1}), {0})[0], 0);
}

TEST(Epilogue, ArgMaxTakesTheFirstOrLastOfEquals) {
  HostOp op = opOf(Kind::ArgMax, {4, 1, 1}, {1, 1, 1});
  EXPECT_EQ(applied(op, {1, 7, 7, 3}), (std::vector<double>{1}));
  op.lastIndex = true;
  EXPECT_EQ(applied(op, {1, 7, 7, 3}), (std::vector<double>{2}));
  op = opOf(Kind::ArgMax, {2, 1, 3}, {1, 1, 3});
  EXPECT_EQ(applied(op, {1, 2, 3, 3, 2, 1}), (std::vector<double>{1, 0, 0}));
  op = opOf(Kind::ArgMax, {2, 1, 3}, {2, 1, 1});
  op.axis = 2;
  EXPECT_EQ(applied(op, {1, 2, 3, 3, 2, 1}), (std::vector<double>{2, 0}));
}

Io rawIo(bnn_type type, std::vector<uint32_t> words) {
  Io io;
  io.raw = {int64_t(words.size()), 1, 1};
  io.words = std::move(words);
  io.output = {"y", type, {1, io.raw.c}};
  return io;
}

TEST(Epilogue, GathersLittleEndianWords) {
  std::vector<uint8_t> output = {1,    0,    0, 0, 0xff, 0xff,
                                 0xff, 0xff, 0, 0, 0,    0x80};
  std::vector<int32_t> y(3);
  std::string error;
  ASSERT_TRUE(
      runEpilogue(rawIo(BNN_INT32, {2, 1, 0}), output.data(), y.data(), error));
  EXPECT_EQ(y,
            (std::vector<int32_t>{std::numeric_limits<int32_t>::min(), -1, 1}));
  std::vector<float> f(1);
  ASSERT_TRUE(
      runEpilogue(rawIo(BNN_FLOAT32, {1}), output.data(), f.data(), error));
  EXPECT_EQ(f[0], -1);
}

TEST(Epilogue, IntegerTypesTakeTheirIntegersOnly) {
  std::vector<uint8_t> output = {200, 0, 0, 0};
  int8_t y = 0;
  std::string error;
  EXPECT_FALSE(runEpilogue(rawIo(BNN_INT8, {0}), output.data(), &y, error));
  EXPECT_EQ(error, "output element 0 is 200, which its type cannot hold");
  Io io = rawIo(BNN_INT64, {0});
  HostOp half = opOf(Kind::Affine, io.raw, io.raw);
  half.scale = {0.5 / 100}, half.shift = {0};
  io.epilogue = {half};
  int64_t z = 0;
  EXPECT_TRUE(runEpilogue(io, output.data(), &z, error));
  EXPECT_EQ(z, 1);
  io.epilogue[0].shift = {0.5};
  EXPECT_FALSE(runEpilogue(io, output.data(), &z, error));
}

} // namespace
