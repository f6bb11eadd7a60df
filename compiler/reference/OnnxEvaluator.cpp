//===- OnnxEvaluator.cpp - What an ONNX graph means, exactly --------------===//
//
// Runs the steps on bounded doubles, and walks back for single exact elements
// where a decision needs one.
//
//===----------------------------------------------------------------------===//

#include "OnnxEvaluator.h"
#include "Program.h"
#include <unordered_map>

using namespace bnncc;
using namespace bnncc::reference;

class OnnxEvaluator::Impl {
public:
  Impl(Program program, EvalOptions options)
      : program(std::move(program)), options(options) {
    definers.assign(this->program.values.size(), nullptr);
    for (const Step &step : this->program.steps)
      definers[step.result] = &step;
  }

  llvm::Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs,
                                          ObserverCallback observer);
  int64_t decisions = 0;

private:
  const Data &value(int number) const { return program.values[number]; }
  Data runStep(const Step &step);
  Data runElementwise(const Step &step);
  Data runMove(const Step &step);
  Data runMembers(const Step &step);
  Data runSoftmax(const Step &step);
  Data runArgMax(const Step &step);
  llvm::ArrayRef<double> thresholdRow(const Step &step, int64_t i) const;

  /// The exact element `i` of a value; empty if it has no exact form.
  std::optional<Surd> exact(int number, int64_t i);
  std::optional<Surd> computeExact(const Step &step, int64_t i);
  std::optional<Surd> exactElementwise(const Step &step, int64_t i);
  std::optional<Surd> exactMembers(const Step &step, int64_t i);
  std::optional<Surd> exactLinear(const Step &step, int64_t i);

  Program program;
  EvalOptions options;
  Trouble trouble;
  std::vector<const Step *> definers;
  std::vector<std::unordered_map<int64_t, Surd>> memo;
};

namespace {

/// Collects elements; the error list appears with the first error.
class Writer {
public:
  explicit Writer(int64_t count) : count(count) { data.values.reserve(count); }
  void add(const Bounded &element) {
    if (element.error != 0 && data.errors.empty())
      data.errors.assign(count, 0);
    if (!data.errors.empty())
      data.errors[data.values.size()] = element.error;
    data.values.push_back(element.value);
  }
  Data take() { return std::move(data); }

private:
  int64_t count;
  Data data;
};

Bounded toBounded(const Surd &number) {
  double error;
  double value = number.toDouble(error);
  return {value, error};
}

int64_t mapped(const Step &step, unsigned operand, int64_t i) {
  const std::vector<int32_t> &map = step.maps[operand];
  return map.empty() ? i : map[i];
}

/// "position 3" or "channel 1, position 3" of the result.
std::string placeOf(const Step &step, int64_t i) {
  if (step.shape.size() < 2)
    return "position " + std::to_string(i);
  int64_t map = 1;
  for (size_t k = 2; k < step.shape.size(); ++k)
    map *= step.shape[k];
  return "channel " + std::to_string(i / map % step.shape[1]) +
         ", position " + std::to_string(i % map);
}

} // namespace

llvm::ArrayRef<double>
OnnxEvaluator::Impl::thresholdRow(const Step &step, int64_t i) const {
  if (step.function != Function::MultiThreshold)
    return {};
  return llvm::ArrayRef<double>(value(step.operands[1]).values)
      .slice(mapped(step, 1, i) * step.thresholds, step.thresholds);
}

Data OnnxEvaluator::Impl::runElementwise(const Step &step) {
  Writer out(step.count);
  Bounded in[5];
  size_t operands = std::min<size_t>(step.operands.size(), 5);
  bool isThreshold = step.function == Function::MultiThreshold;
  bool isNormalisation = step.function == Function::BatchNormalization;
  std::optional<Bounded> deviation;
  int64_t channel = -1; // that `deviation` is of
  for (int64_t i = 0; i < step.count && trouble.message.empty(); ++i) {
    for (size_t k = 0; k < operands; ++k)
      if (step.operands[k] >= 0 && !(isThreshold && k == 1))
        in[k] = value(step.operands[k]).get(mapped(step, k, i));
    if (isNormalisation && mapped(step, 4, i) != channel) {
      channel = mapped(step, 4, i);
      deviation = squareRoot(in[4] + Bounded(step.parameter));
    }
    std::optional<Bounded> result =
        deviation ? applyNormalisation(in, *deviation)
                  : apply(step, in, thresholdRow(step, i), options.signZero,
                          trouble);
    if (!result && trouble.message.empty()) {
      ++decisions;
      if (std::optional<Surd> number = exact(step.result, i))
        result = toBounded(*number);
      else
        trouble.fail("the value must be decidable exactly, found one that is "
                     "not (a division by zero, or a decision on a function "
                     "without an exact form)");
    }
    if (!trouble.message.empty())
      trouble.message += " at " + placeOf(step, i);
    out.add(result.value_or(Bounded()));
  }
  return out.take();
}

Data OnnxEvaluator::Impl::runMove(const Step &step) {
  Data out;
  bool isExact = true;
  for (int operand : step.operands)
    isExact &= operand < 0 || value(operand).isExact();
  out.values.resize(step.count);
  if (!isExact)
    out.errors.resize(step.count);
  for (int64_t i = 0; i < step.count; ++i) {
    const Data &from =
        value(step.operands[step.from.empty() ? 0 : step.from[i]]);
    Bounded element = step.source[i] < 0 ? Bounded(step.fill)
                                         : from.get(step.source[i]);
    out.values[i] = element.value;
    if (!isExact)
      out.errors[i] = element.error;
  }
  return out;
}

Data OnnxEvaluator::Impl::runMembers(const Step &step) {
  const Data &in = value(step.operands[0]);
  if (in.isExact() && step.kind == Kind::Maximum) {
    Data out;
    out.values.reserve(step.count);
    for (int64_t i = 0; i < step.count; ++i) {
      double largest = in.values[step.members[step.first[i]]];
      for (int32_t at = step.first[i] + 1; at < step.first[i + 1]; ++at)
        largest = std::max(largest, in.values[step.members[at]]);
      out.values.push_back(largest);
    }
    return out;
  }
  Writer out(step.count);
  for (int64_t i = 0; i < step.count; ++i) {
    int32_t at = step.first[i], end = step.first[i + 1];
    Bounded result = at < end ? in.get(step.members[at]) : Bounded();
    for (++at; at < end; ++at) {
      Bounded next = in.get(step.members[at]);
      result = step.kind == Kind::Sum       ? result + next
               : step.kind == Kind::Maximum ? maximum(result, next)
                                            : minimum(result, next);
    }
    if (!step.divisors.empty())
      result = *divide(result, Bounded(step.divisors[i]));
    out.add(result);
  }
  return out.take();
}

Data OnnxEvaluator::Impl::runSoftmax(const Step &step) {
  const Data &in = value(step.operands[0]);
  Data out;
  out.values.resize(step.count);
  out.errors.resize(step.count);
  int64_t stride = step.axisStride;
  for (int64_t i = 0; i < step.count; ++i) {
    if (i / stride % step.axisSize != 0)
      continue; // i starts a line
    double top = in.values[i], error = 0, sum = 0;
    for (int64_t k = 0; k < step.axisSize; ++k) {
      top = std::max(top, in.values[i + k * stride]);
      error = std::max(error, in.get(i + k * stride).error);
    }
    for (int64_t k = 0; k < step.axisSize; ++k)
      sum += std::exp(in.values[i + k * stride] - top);
    for (int64_t k = 0; k < step.axisSize; ++k) {
      int64_t at = i + k * stride;
      double difference = in.values[at] - top;
      bool isLog = step.kind == Kind::LogSoftmax;
      double y = isLog ? difference - std::log(sum)
                       : std::exp(difference) / sum;
      // Operand errors and roundings act on the exponents.
      double spread = 2 * error + (std::abs(difference) + 32 +
                                   static_cast<double>(step.axisSize)) *
                                      2 * Unit;
      out.values[at] = y;
      out.errors[at] =
          (isLog ? spread + std::abs(y) * 8 * Unit
                 : std::expm1(spread) * y + y * 8 * Unit) *
              Slack +
          Tiny;
    }
  }
  return out;
}

Data OnnxEvaluator::Impl::runArgMax(const Step &step) {
  int operand = step.operands[0];
  const Data &in = value(operand);
  Data out;
  int64_t stride = step.axisStride;
  for (int64_t i = 0; i < in.size(); ++i) {
    if (i / stride % step.axisSize != 0)
      continue;
    int64_t best = i;
    for (int64_t k = 1; k < step.axisSize; ++k) {
      int64_t at = i + k * stride;
      std::optional<int> sign = signOf(in.get(at) - in.get(best));
      if (!sign) {
        ++decisions;
        std::optional<Surd> a = exact(operand, at), b = exact(operand, best);
        if (a && b)
          sign = (*a - *b).sign();
        else
          trouble.fail("the largest value must be decidable exactly, found two "
                       "that are too close at position " +
                       std::to_string(out.size()));
      }
      if (sign.value_or(0) > 0 || (sign == 0 && step.lastIndex))
        best = at;
    }
    out.values.push_back(static_cast<double>((best - i) / stride));
  }
  return out;
}

Data OnnxEvaluator::Impl::runStep(const Step &step) {
  switch (step.kind) {
  case Kind::Elementwise:
    return runElementwise(step);
  case Kind::Move:
    return runMove(step);
  case Kind::Sum:
  case Kind::Maximum:
  case Kind::Minimum:
    return runMembers(step);
  case Kind::Convolution:
  case Kind::MatrixProduct:
    return runLinear(step, value(step.operands[0]), value(step.operands[1]),
                     step.operands.size() > 2 ? &value(step.operands[2])
                                              : nullptr);
  case Kind::Softmax:
  case Kind::LogSoftmax:
    return runSoftmax(step);
  case Kind::ArgMax:
    return runArgMax(step);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Exact elements
//===----------------------------------------------------------------------===//

std::optional<Surd> OnnxEvaluator::Impl::exact(int number, int64_t i) {
  const Data &data = value(number);
  // Of the running step there are no values yet.
  if (i < data.size() && data.get(i).isExact())
    return Surd(data.values[i]);
  auto known = memo[number].find(i);
  if (known != memo[number].end())
    return known->second;
  std::optional<Surd> result;
  if (const Step *step = definers[number])
    result = computeExact(*step, i);
  if (result)
    memo[number].emplace(i, *result);
  return result;
}

std::optional<Surd> OnnxEvaluator::Impl::computeExact(const Step &step,
                                                      int64_t i) {
  switch (step.kind) {
  case Kind::Elementwise:
    return exactElementwise(step, i);
  case Kind::Move:
    if (step.source[i] < 0)
      return Surd(step.fill);
    return exact(step.operands[step.from.empty() ? 0 : step.from[i]],
                 step.source[i]);
  case Kind::Sum:
  case Kind::Maximum:
  case Kind::Minimum:
    return exactMembers(step, i);
  case Kind::Convolution:
  case Kind::MatrixProduct:
    return exactLinear(step, i);
  default:
    return std::nullopt;
  }
}

std::optional<Surd> OnnxEvaluator::Impl::exactElementwise(const Step &step,
                                                          int64_t i) {
  Surd in[5];
  bool isThreshold = step.function == Function::MultiThreshold;
  for (size_t k = 0; k < step.operands.size() && k < 5; ++k) {
    if (step.operands[k] < 0 || (isThreshold && k == 1))
      continue;
    std::optional<Surd> operand =
        exact(step.operands[k], mapped(step, k, i));
    if (!operand)
      return std::nullopt;
    in[k] = std::move(*operand);
  }
  return apply(step, in, thresholdRow(step, i), options.signZero, trouble);
}

std::optional<Surd> OnnxEvaluator::Impl::exactMembers(const Step &step,
                                                      int64_t i) {
  std::optional<Surd> result;
  for (int32_t at = step.first[i]; at < step.first[i + 1]; ++at) {
    std::optional<Surd> next = exact(step.operands[0], step.members[at]);
    if (!next)
      return std::nullopt;
    if (!result)
      result = next;
    else
      result = step.kind == Kind::Sum       ? *result + *next
               : step.kind == Kind::Maximum ? maximum(*result, *next)
                                            : minimum(*result, *next);
  }
  if (result && !step.divisors.empty())
    result = result->dividedBy(Surd(step.divisors[i]));
  return result;
}

std::optional<Surd> OnnxEvaluator::Impl::exactLinear(const Step &step,
                                                     int64_t i) {
  Surd sum;
  bool known = true;
  forEachTerm(step, i, [&](int64_t x, int64_t w) {
    std::optional<Surd> a = exact(step.operands[0], x);
    std::optional<Surd> b = exact(step.operands[1], w);
    known &= a && b;
    if (known)
      sum = sum + *a * *b;
  });
  if (known && step.operands.size() > 2) {
    const Geometry &g = step.geometry;
    std::optional<Surd> bias = exact(
        step.operands[2], i / (g.outH * g.outW) % g.outChannels);
    known = bias.has_value();
    if (known)
      sum = sum + *bias;
  }
  return known ? std::optional<Surd>(sum) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// The whole graph
//===----------------------------------------------------------------------===//

llvm::Expected<std::vector<Tensor>>
OnnxEvaluator::Impl::run(llvm::ArrayRef<Tensor> inputs,
                         ObserverCallback observer) {
  if (inputs.size() != program.arguments.size())
    return llvm::createStringError("the graph must get %zu inputs, found %zu",
                                   program.arguments.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape &shape = program.argumentShapes[i];
    int64_t count = 1;
    for (int64_t dim : shape)
      count *= dim;
    if (count != static_cast<int64_t>(inputs[i].values.size()) ||
        !std::equal(shape.begin(), shape.end(), inputs[i].shape.begin(),
                    inputs[i].shape.end()))
      return llvm::createStringError(
          "input %zu must have the argument's shape of %lld elements, found "
          "%zu",
          i, static_cast<long long>(count), inputs[i].values.size());
    for (double value : inputs[i].values)
      if (!std::isfinite(value))
        return llvm::createStringError(
            "input %zu must be finite, found NaN or infinity", i);
    program.values[program.arguments[i]] = {inputs[i].values,
                                            inputs[i].errors};
  }
  memo.assign(program.values.size(), {});
  trouble.message.clear();
  decisions = 0;
  for (const Step &step : program.steps)
    program.values[step.result] = {};
  for (const Step &step : program.steps) {
    Data data = runStep(step);
    for (int64_t i = 0; i < data.size() && trouble.message.empty(); ++i)
      if (!std::isfinite(data.values[i]))
        trouble.fail("a value must be finite, found overflow at " +
                     placeOf(step, i));
    if (!trouble.message.empty())
      return llvm::createStringError("node '" + step.name +
                                     "': " + trouble.message);
    program.values[step.result] = std::move(data);
    if (observer) {
      const Data &out = value(step.result);
      observer(step.loc, {{step.shape.begin(), step.shape.end()},
                          step.element,
                          out.values,
                          out.errors});
    }
  }
  std::vector<Tensor> results;
  for (size_t i = 0; i < program.results.size(); ++i) {
    const Data &data = value(program.results[i]);
    const Shape &shape = program.resultShapes[i];
    results.push_back({{shape.begin(), shape.end()},
                       program.resultKinds[i],
                       data.values,
                       data.errors});
  }
  return results;
}

OnnxEvaluator::OnnxEvaluator(std::unique_ptr<Impl> impl)
    : impl(std::move(impl)) {}
OnnxEvaluator::~OnnxEvaluator() = default;

llvm::Expected<std::unique_ptr<OnnxEvaluator>>
OnnxEvaluator::create(mlir::ModuleOp module, EvalOptions options) {
  llvm::Expected<Program> program = prepare(module);
  if (!program)
    return program.takeError();
  return std::unique_ptr<OnnxEvaluator>(
      new OnnxEvaluator(std::make_unique<Impl>(std::move(*program), options)));
}

llvm::Expected<std::vector<Tensor>>
OnnxEvaluator::run(llvm::ArrayRef<Tensor> inputs, ObserverCallback observer) {
  return impl->run(inputs, observer);
}

int64_t OnnxEvaluator::exactDecisions() const { return impl->decisions; }

llvm::Expected<std::vector<Tensor>>
bnncc::evaluate(mlir::ModuleOp module, llvm::ArrayRef<Tensor> inputs,
                EvalOptions options, ObserverCallback observer) {
  auto evaluator = OnnxEvaluator::create(module, options);
  if (!evaluator)
    return evaluator.takeError();
  return (*evaluator)->run(inputs, observer);
}
