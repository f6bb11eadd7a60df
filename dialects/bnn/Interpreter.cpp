// Runs bnn ops: the plain meaning of each op, the reference for all else.

#include "bnn/Interpreter.h"
#include "bnn/InterpreterKernels.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>

using llvm::ArrayRef;
using llvm::Expected;
using mlir::Operation;
using mlir::RankedTensorType;

namespace bnncc::bnn {
namespace {

std::array<int64_t, 3> shapeOf(mlir::Value value) {
  auto shape = llvm::cast<RankedTensorType>(value.getType()).getShape();
  return {shape[0], shape[1], shape[2]};
}

llvm::Error failure(Operation *op, const std::string &message) {
  return llvm::createStringError("'" + op->getName().getStringRef().str() +
                                 "' " + message);
}

Window windowOf(Operation *op, ArrayRef<int64_t> kernel,
                ArrayRef<int64_t> strides, ArrayRef<int64_t> pads) {
  return {shapeOf(op->getOperand(0)),
          shapeOf(op->getResult(0)),
          {kernel[0], kernel[1]},
          {strides[0], strides[1]},
          {pads[0], pads[1], pads[2], pads[3]}};
}

template <typename Op> Tensor resultOf(Op op, decltype(Tensor::data) data) {
  return {shapeOf(op.getOutput()), std::move(data)};
}

// out[c, i] = function(x, c) in float64.
template <typename Op, typename Function>
Tensor mapReals(Op op, const Tensor &input, Function function) {
  Tensor::Reals out;
  out.reserve(input.size());
  int64_t positions = input.positions();
  std::visit(
      [&](const auto &values) {
        for (int64_t i = 0, e = input.size(); i < e; ++i)
          out.push_back(function(double(values[i]), i / positions));
      },
      input.data);
  return resultOf(op, std::move(out));
}

double at(ArrayRef<double> values, int64_t channel) {
  return values[values.size() == 1 ? 0 : channel];
}

} // namespace

Expected<Tensor> interpret(QuantizeOp op, const Tensor &input) {
  Tensor::Integers out;
  out.reserve(input.size());
  int64_t positions = input.positions();
  llvm::SmallVector<double> boundaries;
  for (int64_t i = 0, e = input.size(); i < e; ++i) {
    int64_t channel = i / positions;
    if (i == 0 || (op.isPerChannel() && i % positions == 0))
      boundaries = op.boundariesOf(channel);
    double x = std::visit([i](const auto &values) { return double(values[i]); },
                          input.data);
    // They ascend: those up to x come first. A NaN reaches none.
    auto reached = std::partition_point(boundaries.begin(), boundaries.end(),
                                        [x](double b) { return x >= b; });
    int64_t count = reached - boundaries.begin();
    out.push_back(int32_t(op.codeAt(channel, count)));
  }
  return resultOf(op, std::move(out));
}

Expected<Tensor> interpret(CastInputOp op, const Tensor &input) {
  auto element =
      llvm::cast<RankedTensorType>(op.getOutput().getType()).getElementType();
  auto [low, high] = integerRange(element);
  if (input.isInteger())
    return resultOf(op, input.data);
  Tensor::Integers out;
  out.reserve(input.size());
  for (double x : input.reals()) {
    bool allowed = x == std::floor(x) && x >= low && x <= high &&
                   (!element.isInteger(1) || x != 0);
    if (!allowed)
      return failure(op, llvm::formatv("input must be an integer in {0}..{1}, "
                                       "but found {2}",
                                       low, high, x));
    out.push_back(int32_t(x));
  }
  return resultOf(op, std::move(out));
}

Expected<Tensor> interpret(ConvOp op, const Tensor &input) {
  auto kernel = llvm::cast<mlir::ShapedType>(op.getWeight().getType())
                    .getShape()
                    .drop_front(2);
  auto values = op.getWeight().getValues<int8_t>();
  std::vector<int8_t> weights(values.begin(), values.end());
  return resultOf(op,
                  convolve(windowOf(op, kernel, op.getStrides(), op.getPads()),
                           input.integers(), weights, op.getPadValue()));
}

Expected<Tensor> interpret(MaxPoolOp op, const Tensor &input) {
  Window window = windowOf(op, op.getKernel(), op.getStrides(), op.getPads());
  if (input.isInteger())
    return resultOf(op, maxPool(window, input.integers()));
  return resultOf(op, maxPool(window, input.reals()));
}

Expected<Tensor> interpret(ThresholdOp op, const Tensor &input) {
  auto points = llvm::to_vector(op.getPoints().getValues<int32_t>());
  auto first = llvm::to_vector(op.getFirst().getValues<bool>());
  auto rows = int64_t(first.size()), count = int64_t(points.size()) / rows;
  Tensor::Integers out(input.size());
  const int32_t *sums = input.integers().data();
  int64_t positions = input.size() / rows;
  for (int64_t c = 0; c < rows; ++c) {
    int32_t *bits = &out[c * positions];
    std::fill_n(bits, positions, first[c] ? 1 : -1);
    for (int64_t j = 0; j < count; ++j) {
      int32_t point = points[c * count + j];
      if (point == unusedPoint)
        continue;
      for (int64_t i = 0; i < positions; ++i)
        bits[i] = sums[c * positions + i] >= point ? -bits[i] : bits[i];
    }
  }
  return resultOf(op, std::move(out));
}

Expected<Tensor> interpret(SumOp op, const Tensor &input) {
  Tensor::Integers out(input.channels());
  for (int64_t i = 0, e = input.size(); i < e; ++i)
    out[i / input.positions()] += input.integers()[i];
  return resultOf(op, std::move(out));
}

Expected<Tensor> interpret(ReshapeOp op, const Tensor &input) {
  return resultOf(op, input.data);
}

Expected<Tensor> interpret(GatherOp op, const Tensor &input) {
  return std::visit(
      [&](const auto &values) {
        std::decay_t<decltype(values)> out;
        out.reserve(op.getFrom().size());
        for (int32_t at : op.getFrom())
          out.push_back(values[at]);
        return resultOf(op, std::move(out));
      },
      input.data);
}

Expected<Tensor> interpret(ConcatOp op, ArrayRef<const Tensor *> inputs) {
  Tensor result = resultOf(op, inputs.front()->data);
  std::visit(
      [&](auto &values) {
        using Values = std::remove_reference_t<decltype(values)>;
        for (const Tensor *input : inputs.drop_front()) {
          const auto &more = std::get<Values>(input->data);
          values.insert(values.end(), more.begin(), more.end());
        }
      },
      result.data);
  return result;
}

Expected<Tensor> interpret(ToRealOp op, const Tensor &input) {
  return mapReals(op, input, [&](double x, int64_t c) {
    return at(op.getScale(), c) * x + at(op.getShift(), c);
  });
}

Expected<Tensor> interpret(AffineOp op, const Tensor &input) {
  return mapReals(op, input, [&](double x, int64_t c) {
    return at(op.getScale(), c) * x + at(op.getShift(), c);
  });
}

Expected<Tensor> interpret(PReluOp op, const Tensor &input) {
  return mapReals(op, input, [&](double x, int64_t c) {
    return x >= 0 ? x : at(op.getSlope(), c) * x;
  });
}

Expected<Tensor> interpret(ClipOp op, const Tensor &input) {
  double low = op.getMin().convertToDouble();
  double high = op.getMax().convertToDouble();
  return mapReals(op, input, [&](double x, int64_t) {
    return std::min(std::max(x, low), high);
  });
}

Expected<Tensor> interpret(ReduceOp op, const Tensor &input) {
  int64_t positions = input.positions();
  Tensor::Reals out;
  for (int64_t c = 0; c < input.channels(); ++c) {
    ArrayRef<double> row(&input.reals()[c * positions], positions);
    double sum = std::accumulate(row.begin(), row.end(), 0.0);
    out.push_back(op.getKind() == "max"    ? *llvm::max_element(row)
                  : op.getKind() == "mean" ? sum / positions
                                           : sum);
  }
  return resultOf(op, std::move(out));
}

// exp(x - max) is shared by softmax and its logarithm, so that neither
// overflows.
template <typename Op>
static Tensor normalise(Op op, const Tensor &input, bool logarithm) {
  Tensor::Reals out = input.reals();
  int64_t positions = input.positions();
  for (int64_t i = 0; i < positions; ++i) {
    double high = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t c = 0; c < input.channels(); ++c)
      high = std::max(high, out[c * positions + i]);
    for (int64_t c = 0; c < input.channels(); ++c)
      sum += std::exp(out[c * positions + i] - high);
    for (int64_t c = 0; c < input.channels(); ++c) {
      double &x = out[c * positions + i];
      x = logarithm ? x - high - std::log(sum) : std::exp(x - high) / sum;
    }
  }
  return resultOf(op, std::move(out));
}

Expected<Tensor> interpret(SoftmaxOp op, const Tensor &input) {
  return normalise(op, input, /*logarithm=*/false);
}

Expected<Tensor> interpret(LogSoftmaxOp op, const Tensor &input) {
  return normalise(op, input, /*logarithm=*/true);
}

Expected<Tensor> interpret(SigmoidOp op, const Tensor &input) {
  return mapReals(op, input,
                  [](double x, int64_t) { return 1 / (1 + std::exp(-x)); });
}

Expected<Tensor> interpret(TanhOp op, const Tensor &input) {
  return mapReals(op, input, [](double x, int64_t) { return std::tanh(x); });
}

Expected<std::vector<Tensor>> interpret(mlir::func::FuncOp func,
                                        ArrayRef<Tensor> inputs,
                                        const Observer &observer) {
  if (inputs.size() != func.getNumArguments())
    return failure(func, llvm::formatv("must get {0} inputs, but found {1}",
                                       func.getNumArguments(), inputs.size()));
  llvm::DenseMap<mlir::Value, Tensor> values;
  for (auto [argument, input] : llvm::zip(func.getArguments(), inputs)) {
    if (shapeOf(argument) != input.shape)
      return failure(func, "input must have the argument's shape");
    values[argument] = input;
  }
  for (Operation &op : func.front().without_terminator()) {
    llvm::SmallVector<const Tensor *> operands;
    for (mlir::Value operand : op.getOperands())
      operands.push_back(&values.find(operand)->second);
    auto result =
        llvm::TypeSwitch<Operation *, Expected<Tensor>>(&op)
            .Case<ConcatOp, AddOp>(
                [&](auto join) { return interpret(join, operands); })
            .Case<DecideOp, ArgmaxOp>([&](auto decision) {
              return decide(decision, [&](mlir::Value value) -> const Tensor & {
                return values.find(value)->second;
              });
            })
            .Case<QuantizeOp, CastInputOp, ConvOp, MaxPoolOp, ThresholdOp,
                  SumOp, ReshapeOp, GatherOp, ToRealOp, AffineOp, PReluOp,
                  ClipOp, ReduceOp, RealConvOp, SoftmaxOp, LogSoftmaxOp,
                  SigmoidOp, TanhOp>(
                [&](auto unary) { return interpret(unary, *operands[0]); })
            .Default([&](Operation *other) -> Expected<Tensor> {
              return failure(other, "must be an op of the bnn dialect");
            });
    if (!result)
      return result.takeError();
    if (observer)
      observer(&op, *result);
    values[op.getResult(0)] = std::move(*result);
  }
  std::vector<Tensor> results;
  for (mlir::Value value : func.front().getTerminator()->getOperands())
    results.push_back(values.find(value)->second);
  return results;
}

} // namespace bnncc::bnn
