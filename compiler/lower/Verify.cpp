//===- Verify.cpp - Proof by execution on corner inputs -------------------===//
//
// Three executions of the same windows: the ONNX graph by exact evaluation, the
// bnn function by its interpreter, the final bytes by the golden engine.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "Corners.h"
#include "GoldenRun.h"

#include "bnn/Interpreter.h"
#include "reference/OnnxEvaluator.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <fmt/format.h>

namespace bnncc::lower {

namespace {
using Observed = llvm::DenseMap<mlir::Operation *, bnn::Tensor>;
using OnnxValues = llvm::StringMap<std::vector<double>>;

class Verifier {
public:
  Verifier(const VerifyJob &job, VerifyResult &result, std::string &error)
      : job(job), network(job.legalised.network), result(result), error(error),
        golden(network, job.plan, job.program) {}

  bool run();

private:
  bool fail(const Layer &layer, llvm::StringRef who, int64_t index,
            const Shape &shape, double found, double expected);
  bool compareLayers(const Observed &observed, const OnnxValues &onnx);
  bool compareOutput(const std::vector<bnn::Tensor> &results,
                     const Tensor &expected);
  bool compareGolden(const Observed &observed, const Codes &codes);
  bool compareEpilogue(const Observed &observed,
                       const std::vector<int64_t> &values);
  std::vector<int64_t> lastIntegers(const bnn::Tensor &tensor) const;

  const VerifyJob &job;
  const Network &network;
  VerifyResult &result;
  std::string &error;
  GoldenRun golden;
  std::string corner; ///< the input's name
};

bool Verifier::fail(const Layer &layer, llvm::StringRef who, int64_t index,
                    const Shape &shape, double found, double expected) {
  int64_t plane = shape.h * shape.w;
  error =
      fmt::format("node '{}': {} differ on input '{}' at channel {}, row {}, "
                  "position {}: {} instead of {}",
                  layer.nodes.back(), who.str(), corner, index / plane,
                  index % plane / shape.w, index % shape.w, found, expected);
  return false;
}

/// Hidden bits of the interpreter against the ONNX node that made them. A graph
/// that pads before its sign has the pads of the next layer around them.
bool Verifier::compareLayers(const Observed &observed, const OnnxValues &onnx) {
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    const Layer &layer = network.layers[i], &next = network.layers[i + 1];
    const bnn::Tensor &bits = observed.find(job.legalised.ends[i])->second;
    auto it = onnx.find(layer.nodes.back());
    if (it == onnx.end())
      continue;
    int64_t size = int64_t(it->second.size());
    int64_t top = 0, left = 0, width = layer.out.w, height = layer.out.h;
    int64_t channels = layer.mirrored ? layer.out.c / 2 : layer.out.c;
    if (size != channels * height * width) {
      top = next.padTop, left = next.padLeft;
      height += top + next.padBottom, width += left + next.padRight;
    }
    if (size != channels * height * width)
      continue; // the node's value has another form at this level
    for (int64_t j = 0; j < bits.size(); ++j) {
      int64_t x = j % layer.out.w, row = j / layer.out.w;
      int64_t y = row % layer.out.h, c = row / layer.out.h;
      bool complement = c >= channels;
      double value =
          it->second[((c - complement * channels) * height + y + top) * width +
                     x + left];
      if ((bits.integers()[j] > 0) != ((value > 0) != complement))
        return fail(layer, "the graph and its fused form", j, layer.out,
                    bits.integers()[j], value);
    }
    result.values += uint64_t(bits.size());
  }
  return true;
}

bool Verifier::compareOutput(const std::vector<bnn::Tensor> &results,
                             const Tensor &expected) {
  const bnn::Tensor &got = results.front();
  if (got.size() != int64_t(expected.values.size())) {
    error = fmt::format("the fused graph has {} outputs, the graph {}",
                        got.size(), expected.values.size());
    return false;
  }
  for (int64_t i = 0; i < got.size(); ++i) {
    double value = got.isInteger() ? got.integers()[i] : got.reals()[i];
    double want = expected.values[i];
    double bound = expected.errors.empty() ? 0 : expected.errors[i];
    if (!(std::abs(value - want) <= bound + 1e-9 * (1 + std::abs(want)))) {
      error = fmt::format("node '{}': output {} differs on input '{}': {} "
                          "instead of {}",
                          network.layers.back().nodes.back(), i, corner, value,
                          want);
      return false;
    }
  }
  return true;
}

/// The interpreter's integers in the form that the last layer's mode has.
std::vector<int64_t> Verifier::lastIntegers(const bnn::Tensor &tensor) const {
  const Layer &last = network.layers.back();
  std::vector<int64_t> values(tensor.integers().begin(),
                              tensor.integers().end());
  if (last.output == OutputKind::Raw || tensor.positions() == 1)
    if (last.output != OutputKind::Split)
      return values;
  std::vector<int64_t> sums(last.conv.c), negative(last.conv.c);
  for (size_t i = 0; i < values.size(); ++i) {
    bool below = last.output == OutputKind::Split && values[i] < 0;
    (below ? negative : sums)[i / size_t(tensor.positions())] += values[i];
  }
  if (last.output == OutputKind::Split)
    sums.insert(sums.end(), negative.begin(), negative.end());
  return sums;
}

bool Verifier::compareGolden(const Observed &observed, const Codes &codes) {
  auto values = golden.values(codes, error);
  if (!values)
    return false;
  const Layer &last = network.layers.back();
  std::vector<int64_t> want =
      lastIntegers(observed.find(job.legalised.ends.back())->second);
  result.values += want.size();
  if (*values == want)
    return compareEpilogue(observed, *values);
  // Something differs: find the first layer where it does.
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    auto bits = golden.hiddenMap(codes, i, error);
    if (!bits)
      return false;
    const bnn::Tensor &expected = observed.find(job.legalised.ends[i])->second;
    for (size_t j = 0; j < bits->size(); ++j)
      if ((*bits)[j] != expected.integers()[j])
        return fail(network.layers[i], "the fused form and the program",
                    int64_t(j), network.layers[i].out, (*bits)[j],
                    expected.integers()[j]);
  }
  for (size_t j = 0; j < want.size(); ++j)
    if (values->at(j) != want[j])
      return fail(last, "the fused form and the program", int64_t(j), last.out,
                  double(values->at(j)), double(want[j]));
  return false;
}

/// What the epilogue makes of the engine's sums against the interpreter.
bool Verifier::compareEpilogue(const Observed &observed,
                               const std::vector<int64_t> &values) {
  if (!job.legalised.covered)
    return true;
  const bnn::Tensor &want = observed.find(job.legalised.covered)->second;
  const Layer &last = network.layers.back();
  const Json &op = job.legalised.epilogue[job.legalised.coveredOps - 1];
  double unit = double(job.plan.layers.back().valueScale);
  auto at = [](const Json &list, int64_t c) {
    return list[list.size() == 1 ? 0 : size_t(c)].get<double>();
  };
  for (int64_t c = 0; c < last.conv.c; ++c) {
    double got;
    if (last.output == OutputKind::Split)
      got = at(op["scale_pos"], c) * (double(values[c]) / unit) +
            at(op["scale_neg"], c) * (double(values[c + last.conv.c]) / unit) +
            at(op["shift"], c);
    else
      got = at(op["scale"], c) * double(values[c]) + at(op["shift"], c);
    double expected = want.reals()[c];
    if (!(std::abs(got - expected) <= 1e-9 * (1 + std::abs(expected))))
      return fail(last, "the loader's sums and the fused form", c, last.out,
                  got, expected);
  }
  return true;
}

bool Verifier::run() {
  EvalOptions options;
  if (job.signZero != "error")
    options.signZero =
        job.signZero == "plus" ? SignZero::Plus : SignZero::Minus;
  auto evaluator = OnnxEvaluator::create(job.onnx, options);
  if (!evaluator) {
    error = llvm::toString(evaluator.takeError());
    return false;
  }
  mlir::ModuleOp onnxModule = job.onnx;
  auto onnxFunc = *onnxModule.getOps<mlir::func::FuncOp>().begin();
  for (const Corner &input : makeCorners(job.func, job.legalised, job.seed)) {
    corner = input.name;
    Tensor graphInput;
    graphInput.shape =
        mlir::cast<mlir::RankedTensorType>(onnxFunc.getArgumentTypes()[0])
            .getShape()
            .vec();
    graphInput.kind = input.real ? ElementKind::Real : ElementKind::Integer;
    graphInput.values = input.values;
    OnnxValues onnx;
    auto expected =
        (*evaluator)
            ->run(graphInput, [&](mlir::Location loc, const Tensor &tensor) {
              // The last operation of a node is the node's value.
              if (auto name = mlir::dyn_cast<mlir::NameLoc>(loc))
                onnx[name.getName().getValue()] = tensor.values;
            });
    if (!expected) {
      error = llvm::toString(expected.takeError());
      return false;
    }
    Observed observed;
    auto results =
        bnn::interpret(job.func, {input.tensor},
                       [&](mlir::Operation *op, const bnn::Tensor &tensor) {
                         observed[op] = tensor;
                       });
    if (!results) {
      error = llvm::toString(results.takeError());
      return false;
    }
    const bnn::Tensor &codes = job.legalised.quantiseOp
                                   ? observed[job.legalised.quantiseOp]
                                   : input.tensor;
    if (!compareLayers(observed, onnx) ||
        !compareOutput(*results, expected->front()) ||
        !compareGolden(observed, codes.integers()))
      return false;
    ++result.inputs;
  }
  return true;
}
} // namespace

bool verifyExact(const VerifyJob &job, VerifyResult &result,
                 std::string &error) {
  return Verifier(job, result, error).run();
}

} // namespace bnncc::lower
