//===- OnnxEvaluator.cpp - What an ONNX graph means, exactly --------------===//
//
// The evaluator's interface: checks inputs, runs all steps, collects results.
//
//===----------------------------------------------------------------------===//

#include "OnnxEvaluator.h"
#include "Interpreter.h"
#include <cmath>
#include <limits>

using namespace bnncc;
using namespace bnncc::reference;

class OnnxEvaluator::Impl : public Interpreter {
public:
  using Interpreter::Interpreter;
};

Interpreter::Interpreter(Program prepared, EvalOptions options)
    : program(std::move(prepared)), options(options) {
  definers.assign(program.values.size(), nullptr);
  for (const Step &step : program.steps)
    definers[step.result] = &step;
  findFixed();
}

static bool allFinite(const std::vector<double> &values) {
  int64_t others = 0;
  for (double value : values)
    others += !(std::abs(value) <= std::numeric_limits<double>::max());
  return others == 0;
}

llvm::Expected<std::vector<Tensor>>
Interpreter::run(llvm::ArrayRef<Tensor> inputs, ObserverCallback observer) {
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
    program.values[program.arguments[i]] = {inputs[i].values, inputs[i].errors};
  }
  memo.assign(program.values.size(), {});
  ranges.assign(program.values.size(), {});
  trouble.message.clear();
  decisions = 0;
  for (const Step &step : program.steps)
    if (!step.once)
      program.values[step.result] = {};
  for (const Step &step : program.steps) {
    if (step.once && value(step.result).size())
      continue;
    Data data = runStep(step);
    int64_t checked = allFinite(data.values) ? data.size() : 0;
    for (int64_t i = checked; i < data.size() && trouble.message.empty(); ++i)
      if (!std::isfinite(data.values[i]) &&
          !(step.kind == Kind::Move && data.values[i] == step.fill)) // a border
        trouble.fail("a value must be finite, found overflow at " +
                     placeOf(step, i));
    if (!trouble.message.empty())
      return llvm::createStringError("node '" + step.name +
                                     "': " + trouble.message);
    program.values[step.result] = std::move(data);
    if (observer) {
      Data &out = program.values[step.result];
      Tensor tensor{{step.shape.begin(), step.shape.end()},
                    step.element,
                    std::move(out.values),
                    std::move(out.errors)};
      observer(step.loc, tensor);
      out.values = std::move(tensor.values);
      out.errors = std::move(tensor.errors);
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
  llvm::Expected<Program> program = prepare(module, options.floatInput);
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
