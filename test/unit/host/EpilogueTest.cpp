// Each host operation against values worked out by hand, and the output types.
#include "bnn/isa/host/Epilogue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace bnn::host;
using Kind = Op::Kind;

namespace {

Op opOf(Kind kind, Shape in, Shape out) {
  Op op;
  op.kind = kind;
  op.in = in;
  op.out = out;
  return op;
}

std::vector<double> applied(const Op &op, std::vector<double> data) {
  std::vector<Op> ops = {op};
  std::vector<Tensor> values = {{op.in, std::move(data), {}}};
  std::string error;
  EXPECT_TRUE(Operations(ops).run(values, error)) << error;
  EXPECT_EQ(values[1].shape, op.out);
  EXPECT_EQ(values[1].shape.size(), int64_t(values[1].data.size()));
  return values[1].data;
}

TEST(Epilogue, PerChannelOperations) {
  Op op = opOf(Kind::Affine, {2, 1, 2}, {2, 1, 2});
  op.scale = {2, -1}, op.shift = {1, 0.5};
  EXPECT_EQ(applied(op, {1, 2, 3, 4}), (std::vector<double>{3, 5, -2.5, -3.5}));
  op.kind = Kind::PRelu;
  op.scale = {0.25, -2};
  EXPECT_EQ(applied(op, {-4, 4, -1, 0}), (std::vector<double>{-1, 4, 2, 0}));
}

TEST(Epilogue, SplitPRelu) {
  Op op = opOf(Kind::SplitPRelu, {4, 1, 1}, {2, 1, 1});
  op.scale = {1, 2}, op.scaleNeg = {0.5, 0.25}, op.shift = {0, 1};
  // Positive sums 10 and 20, negative sums -4 and -8.
  EXPECT_EQ(applied(op, {10, 20, -4, -8}), (std::vector<double>{8, 39}));
}

TEST(Epilogue, ClipQuantiseReshape) {
  Op op = opOf(Kind::Clip, {3, 1, 1}, {3, 1, 1});
  op.min = 0, op.max = 6;
  EXPECT_EQ(applied(op, {-1, 3, 7}), (std::vector<double>{0, 3, 6}));
  op.kind = Kind::Quantise;
  op.cuts = {0, 0}, op.inclusive = {true, false}, op.first = -1;
  EXPECT_EQ(applied(op, {-1, 0, 7}), (std::vector<double>{-1, 0, 1}));
  op.cuts = {-1, 0, 7}, op.inclusive = {true}, op.first = 3, op.step = -2;
  EXPECT_EQ(applied(op, {-1, -0.5, 8}), (std::vector<double>{1, 3, 1}));
  op = opOf(Kind::Reshape, {3, 1, 1}, {1, 1, 3});
  EXPECT_EQ(applied(op, {1, 2, 3}), (std::vector<double>{1, 2, 3}));
}

TEST(Epilogue, MaxPoolIgnoresItsPads) {
  Op op = opOf(Kind::MaxPool, {1, 2, 3}, {1, 2, 2});
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
  Op op = opOf(Kind::Softmax, {2, 1, 2}, {2, 1, 2});
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
  Op op = opOf(Kind::ArgMax, {4, 1, 1}, {1, 1, 1});
  EXPECT_EQ(applied(op, {1, 7, 7, 3}), (std::vector<double>{1}));
  op.lastIndex = true;
  EXPECT_EQ(applied(op, {1, 7, 7, 3}), (std::vector<double>{2}));
  op = opOf(Kind::ArgMax, {2, 1, 3}, {1, 1, 3});
  EXPECT_EQ(applied(op, {1, 2, 3, 3, 2, 1}), (std::vector<double>{1, 0, 0}));
  op = opOf(Kind::ArgMax, {2, 1, 3}, {2, 1, 1});
  op.axis = 2;
  EXPECT_EQ(applied(op, {1, 2, 3, 3, 2, 1}), (std::vector<double>{2, 0}));
}

// Words as they are, in one output or in several.
Part rawPart(std::vector<uint32_t> words, std::vector<Type> types) {
  Part part;
  part.raw = {int64_t(words.size()), 1, 1};
  part.words = std::move(words);
  for (Type type : types)
    part.outputs.push_back({{"y", type, {1, part.raw.c}}, 0});
  return part;
}

template <typename T>
bool run(const Part &part, const std::vector<uint8_t> &output,
         std::vector<T> &y, std::string &error) {
  y.resize(part.words.size());
  void *results[] = {y.data()};
  return Epilogue(part).run(output.data(), results, error);
}

TEST(Epilogue, GathersLittleEndianWords) {
  std::vector<uint8_t> output = {1,    0,    0, 0, 0xff, 0xff,
                                 0xff, 0xff, 0, 0, 0,    0x80};
  std::vector<int32_t> y;
  std::string error;
  ASSERT_TRUE(run(rawPart({2, 1, 0}, {Type::Int32}), output, y, error));
  EXPECT_EQ(y,
            (std::vector<int32_t>{std::numeric_limits<int32_t>::min(), -1, 1}));
  std::vector<float> f;
  ASSERT_TRUE(run(rawPart({1}, {Type::Float32}), output, f, error));
  EXPECT_EQ(f[0], -1);
}

TEST(Epilogue, IntegerTypesTakeTheirIntegersOnly) {
  std::vector<uint8_t> output = {200, 0, 0, 0};
  std::vector<int8_t> y;
  std::string error;
  EXPECT_FALSE(run(rawPart({0}, {Type::Int8}), output, y, error));
  EXPECT_EQ(error, "output element 0 is 200, which its type cannot hold");
  Part part = rawPart({0}, {Type::Int64});
  Op half = opOf(Kind::Affine, part.raw, part.raw);
  half.scale = {0.5 / 100}, half.shift = {0};
  part.ops = {half};
  part.outputs[0].value = 1;
  std::vector<int64_t> z;
  EXPECT_TRUE(run(part, output, z, error));
  EXPECT_EQ(z[0], 1);
  part.ops[0].shift = {0.5};
  EXPECT_FALSE(run(part, output, z, error));
}

// Two operations on the integers, one on the first of them; the outputs in
// another order, one left out.
TEST(Epilogue, OutputsNameTheirValues) {
  std::vector<uint8_t> output = {3, 0, 0, 0, 5, 0, 0, 0};
  Part part = rawPart({0, 1}, {Type::Float32, Type::Int32, Type::Float64});
  for (double scale : {2.0, 10.0, 0.5}) {
    Op op = opOf(Kind::Affine, part.raw, part.raw);
    op.scale = {scale}, op.shift = {0};
    part.ops.push_back(op);
  }
  part.ops[2].operands = {1};
  part.outputs[0].value = 3;
  part.outputs[1].value = 0;
  part.outputs[2].value = 2;
  float first[2];
  double third[2];
  void *results[] = {first, nullptr, third};
  std::string error;
  ASSERT_TRUE(Epilogue(part).run(output.data(), results, error)) << error;
  EXPECT_EQ(first[0], 3);
  EXPECT_EQ(first[1], 5);
  EXPECT_EQ(third[0], 30);
  EXPECT_EQ(third[1], 50);
}

} // namespace
