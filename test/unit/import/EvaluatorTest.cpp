//===- EvaluatorTest.cpp --------------------------------------------------===//
//
// Decisions that floats get wrong come out right, and ties follow each
// operation's own rule.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "onnx/OnnxDialect.h"
#include "reference/OnnxEvaluator.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace bnncc;
using Values = std::vector<double>;

namespace {

class Evaluator : public testing::Test {
protected:
  bool floatInput = false; ///< else real arithmetic from the input on

  Evaluator() {
    context.loadDialect<mlir::func::FuncDialect, onnx::OnnxDialect>();
  }

  /// Evaluates the body of @main(%x : tensor<1xNxf32>) returning %y.
  Values run(const std::string &body, const Values &x, const std::string &type,
             SignZero signZero = SignZero::Error) {
    std::string in = "tensor<1x" + std::to_string(x.size()) + "xf32>";
    std::string text = "func.func @main(%x: " + in + ") -> " + type + " {\n" +
                       body + "\nreturn %y : " + type + "\n}";
    // $ stands for the argument's type.
    for (size_t at; (at = text.find('$')) != std::string::npos;)
      text.replace(at, 1, in);
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    if (!module)
      return {};
    Tensor input;
    input.shape = {1, static_cast<int64_t>(x.size())};
    input.values = x;
    auto evaluator = OnnxEvaluator::create(*module, {signZero, floatInput});
    if (!evaluator) {
      error = llvm::toString(evaluator.takeError());
      return {};
    }
    auto results = (*evaluator)->run(input);
    decisions = (*evaluator)->exactDecisions();
    if (!results) {
      error = llvm::toString(results.takeError());
      return {};
    }
    return results->front().values;
  }

  Values runSame(const std::string &body, const Values &x,
                 SignZero signZero = SignZero::Error) {
    return run(body, x, "tensor<1x" + std::to_string(x.size()) + "xf32>",
               signZero);
  }

  mlir::MLIRContext context;
  std::string error;
  int64_t decisions = 0;
};

std::string scalar(const std::string &name, const std::string &value) {
  return "%" + name + " = \"onnx.Constant\"() {value = dense<" + value +
         "> : tensor<f32>} : () -> tensor<f32>\n";
}

const std::string Binary = " : ($, tensor<f32>) -> $\n";

TEST_F(Evaluator, SignOfZeroIsAQuestion) {
  std::string body = "%y = \"onnx.Sign\"(%x) : ($) -> $ loc(\"bit\")";
  EXPECT_EQ(runSame(body, {-2, 0, 3}), Values());
  EXPECT_EQ(error, "node 'bit': Sign must not meet exactly zero, found it at "
                   "channel 1, position 0");
  EXPECT_EQ(runSame(body, {-2, 0, 3}, SignZero::Plus), (Values{-1, 1, 1}));
  EXPECT_EQ(runSame(body, {-2, 0, 3}, SignZero::Minus), (Values{-1, -1, 1}));
}

TEST_F(Evaluator, BipolarQuantTakesZeroAsPositive) {
  std::string body =
      scalar("s", "0.5") + "%y = \"onnx.BipolarQuant\"(%x, %s)" + Binary;
  EXPECT_EQ(runSame(body, {-1, 0, 1}), (Values{-0.5, 0.5, 0.5}));
}

TEST_F(Evaluator, ExactTieThroughInexactSteps) {
  // x / 3 * 3 - x is zero, though no step before is exact in doubles.
  std::string body = scalar("three", "3.0") + "%a = \"onnx.Div\"(%x, %three)" +
                     Binary + "%b = \"onnx.Mul\"(%a, %three)" + Binary +
                     "%c = \"onnx.Sub\"(%b, %x) : ($, $) -> $\n"
                     "%y = \"onnx.Sign\"(%c) : ($) -> $";
  EXPECT_EQ(runSame(body, {1, 5, 7}), Values());
  EXPECT_NE(error.find("exactly zero"), std::string::npos);
  EXPECT_EQ(runSame(body, {1, 5, 7}, SignZero::Minus), (Values{-1, -1, -1}));
  EXPECT_EQ(decisions, 3);
}

TEST_F(Evaluator, DecidesBelowTheLastPlace) {
  // (2^24 + 1) / 2^24 > 1, which single precision rounds to 1.
  std::string body = scalar("big", "16777216.0") + scalar("one", "1.0") +
                     "%s = \"onnx.Add\"(%x, %one)" + Binary +
                     "%q = \"onnx.Div\"(%s, %big)" + Binary +
                     "%d = \"onnx.Sub\"(%q, %one)" + Binary +
                     "%y = \"onnx.Sign\"(%d) : ($) -> $";
  EXPECT_EQ(runSame(body, {16777216, 16777214}), (Values{1, -1}));
  // Between the graph's float input and its first quantiser operations round.
  floatInput = true;
  EXPECT_EQ(runSame(body, {16777216, 16777214}), Values());
  EXPECT_NE(error.find("exactly zero"), std::string::npos) << error;
  EXPECT_EQ(runSame(body, {16777216, 16777214}, SignZero::Minus),
            (Values{-1, -1}));
}

TEST_F(Evaluator, NormalisationTieIsExact) {
  // 3 (x - 1) / sqrt(2 + 0) + beta with beta the float next to -3 / sqrt(2):
  // never a tie, and the bound decides; with mean = x and beta = 0 it is one.
  auto vector = [](const std::string &name, const std::string &values) {
    return "%" + name + " = \"onnx.Constant\"() {value = dense<[" + values +
           "]> : tensor<2xf32>} : () -> tensor<2xf32>\n";
  };
  std::string body =
      vector("g", "3.0, -3.0") + vector("b", "0.0, 0.0") +
      vector("m", "1.0, 1.0") + vector("v", "2.0, 2.0") +
      "%n = \"onnx.BatchNormalization\"(%x, %g, %b, %m, %v) {epsilon = 0.0 : "
      "f32} : ($, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) "
      "-> $\n%y = \"onnx.Sign\"(%n) : ($) -> $";
  EXPECT_EQ(runSame(body, {2, 2}), (Values{1, -1}));
  EXPECT_EQ(runSame(body, {1, 1}, SignZero::Plus), (Values{1, 1}));
}

TEST_F(Evaluator, DifferentRootsThatMeet) {
  // sqrt(8) x - 2 sqrt(2) x = 0
  std::string body = scalar("eight", "8.0") + scalar("two", "2.0") +
                     "%r8 = \"onnx.Sqrt\"(%eight) : (tensor<f32>) -> "
                     "tensor<f32>\n%r2 = \"onnx.Sqrt\"(%two) : (tensor<f32>) "
                     "-> tensor<f32>\n"
                     "%a = \"onnx.Mul\"(%x, %r8)" +
                     Binary + "%b = \"onnx.Mul\"(%x, %r2)" + Binary +
                     "%c = \"onnx.Mul\"(%b, %two)" + Binary +
                     "%d = \"onnx.Sub\"(%a, %c) : ($, $) -> $\n"
                     "%y = \"onnx.Sign\"(%d) : ($) -> $";
  EXPECT_EQ(runSame(body, {7, 11}, SignZero::Minus), (Values{-1, -1}));
}

TEST_F(Evaluator, QuantRoundsByItsMode) {
  auto quant = [&](const std::string &mode) {
    return scalar("s", "0.5") + scalar("z", "0.0") + scalar("n", "4.0") +
           "%y = \"onnx.Quant\"(%x, %s, %z, %n) {signed = 1 : i64, narrow = 0 "
           ": i64, rounding_mode = \"" +
           mode + "\"} : ($, tensor<f32>, tensor<f32>, tensor<f32>) -> $";
  };
  Values x = {0.25, 0.75, -0.25, -0.75, 0.6, 9, -9};
  EXPECT_EQ(runSame(quant("ROUND"), x), (Values{0, 1, 0, -1, 0.5, 3.5, -4}));
  EXPECT_EQ(runSame(quant("HALF_UP"), x),
            (Values{0.5, 1, -0.5, -1, 0.5, 3.5, -4}));
  EXPECT_EQ(runSame(quant("HALF_DOWN"), x),
            (Values{0, 0.5, 0, -0.5, 0.5, 3.5, -4}));
  EXPECT_EQ(runSame(quant("FLOOR"), x),
            (Values{0, 0.5, -0.5, -1, 0.5, 3.5, -4}));
  EXPECT_EQ(runSame(quant("CEIL"), x), (Values{0.5, 1, 0, -0.5, 1, 3.5, -4}));
  EXPECT_EQ(runSame(quant("UP"), x), (Values{0.5, 1, -0.5, -1, 1, 3.5, -4}));
  EXPECT_EQ(runSame(quant("DOWN"), x), (Values{0, 0.5, 0, -0.5, 0.5, 3.5, -4}));
}

TEST_F(Evaluator, QuantizeLinearRoundsBeforeTheZeroPoint) {
  std::string zero = "%z = \"onnx.Constant\"() {value = dense<3> : tensor<ui8>}"
                     " : () -> tensor<ui8>\n";
  std::string body = scalar("s", "2.0") + zero +
                     "%y = \"onnx.QuantizeLinear\"(%x, %s, %z) {axis = 0 : "
                     "i64, block_size = 0 : i64} : ($, tensor<f32>, "
                     "tensor<ui8>) -> tensor<1x5xui8>";
  EXPECT_EQ(run(body, {1, 3, -100, 1e30, 5}, "tensor<1x5xui8>"),
            (Values{3, 5, 0, 255, 5}));
}

TEST_F(Evaluator, MultiThresholdCountsEqualAsReached) {
  std::string body =
      "%t = \"onnx.Constant\"() {value = dense<[[-0.5, 0.5]]> : "
      "tensor<1x2xf32>} : () -> tensor<1x2xf32>\n"
      "%y = \"onnx.MultiThreshold\"(%x, %t) {out_scale = 1.0 : f32, out_bias = "
      "-1.0 : f32} : ($, tensor<1x2xf32>) -> $";
  EXPECT_EQ(runSame(body, {-1, -0.5, 0, 0.5}), (Values{-1, 0, 0, 1}));
}

TEST_F(Evaluator, ArgMaxTiesGoToTheFirst) {
  auto argMax = [](const std::string &last) {
    return "%y = \"onnx.ArgMax\"(%x) {axis = 1 : i64, keepdims = 0 : i64, "
           "select_last_index = " +
           last + " : i64} : ($) -> tensor<1xi64>";
  };
  EXPECT_EQ(run(argMax("0"), {1, 3, 3, 2}, "tensor<1xi64>"), (Values{1}));
  EXPECT_EQ(run(argMax("1"), {1, 3, 3, 2}, "tensor<1xi64>"), (Values{2}));
}

TEST_F(Evaluator, ConvolutionCountsPaddingAsZero) {
  std::string body =
      "%r = \"onnx.Reshape\"(%x) : ($) -> tensor<1x1x4xf32>\n"
      "%w = \"onnx.Constant\"() {value = dense<[[[1.0, -1.0, 1.0]]]> : "
      "tensor<1x1x3xf32>} : () -> tensor<1x1x3xf32>\n"
      "%y = \"onnx.Conv\"(%r, %w) {kernel_shape = array<i64: 3>, strides = "
      "array<i64: 2>, pads = array<i64: 1, 0>, dilations = array<i64: 1>, "
      "group = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> "
      "tensor<1x1x2xf32>";
  EXPECT_EQ(run(body, {1, 10, 100, 1000}, "tensor<1x1x2xf32>"),
            (Values{9, 910}));
}

TEST_F(Evaluator, LongSumOfFractionsTiesExactly) {
  // 0.1f (x0 + ... ) with a sum of zero: each product is inexact in float32 and
  // the sums are in doubles, but the tie is found.
  std::string body =
      "%w = \"onnx.Constant\"() {value = dense<0.1> : tensor<6x1xf32>} : () -> "
      "tensor<6x1xf32>\n"
      "%m = \"onnx.MatMul\"(%x, %w) : ($, tensor<6x1xf32>) -> tensor<1x1xf32>\n"
      "%y = \"onnx.Sign\"(%m) : (tensor<1x1xf32>) -> tensor<1x1xf32>";
  double a = 1.0 / 3, b = 1e-9;
  EXPECT_EQ(
      run(body, {a, 1e9, b, -a, -b, -1e9}, "tensor<1x1xf32>", SignZero::Minus),
      (Values{-1}));
  EXPECT_EQ(run(body, {a, 1e9, b, -a, 0, -1e9}, "tensor<1x1xf32>"),
            (Values{1}));
}

TEST_F(Evaluator, TellsWhatItCannotDecide) {
  // sigmoid(x) + sigmoid(-x) is 1.
  std::string body = scalar("one", "1.0") +
                     "%s = \"onnx.Sigmoid\"(%x) : ($) -> $\n"
                     "%n = \"onnx.Neg\"(%x) : ($) -> $\n"
                     "%t = \"onnx.Sigmoid\"(%n) : ($) -> $\n"
                     "%b = \"onnx.Add\"(%s, %t) : ($, $) -> $\n"
                     "%d = \"onnx.Sub\"(%b, %one)" + Binary +
                     "%y = \"onnx.Sign\"(%d) : ($) -> $ loc(\"bit\")";
  EXPECT_EQ(runSame(body, {1}), Values());
  EXPECT_NE(error.find("node 'bit': the value must be decidable exactly"),
            std::string::npos)
      << error;
}

TEST_F(Evaluator, RefusesInputsThatAreNoNumbers) {
  std::string body = "%y = \"onnx.Neg\"(%x) : ($) -> $";
  EXPECT_EQ(runSame(body, {std::numeric_limits<double>::infinity()}), Values());
  EXPECT_EQ(error, "input 0 must be finite, found NaN or infinity");
}

TEST_F(Evaluator, ObserverSeesEachStep) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      R"(func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
           %a = "onnx.Neg"(%x) : (tensor<1x2xf32>) -> tensor<1x2xf32>
           %y = "onnx.Relu"(%a) : (tensor<1x2xf32>) -> tensor<1x2xf32>
           return %y : tensor<1x2xf32>
         })",
      &context);
  std::vector<Values> seen;
  auto results =
      evaluate(*module, Tensor{{1, 2}, ElementKind::Real, {3, -4}, {}}, {},
               [&](mlir::Location, const Tensor &tensor) {
                 seen.push_back(tensor.values);
               });
  ASSERT_TRUE(static_cast<bool>(results));
  EXPECT_EQ(seen, (std::vector<Values>{{-3, 4}, {0, 4}}));
}

} // namespace
