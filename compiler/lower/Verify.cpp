//===- Verify.cpp - Proof by execution on corner inputs -------------------===//
//
// Three executions of the same windows: the ONNX graph by exact evaluation, the
// bnn function by its interpreter, and the final bytes as the loader runs them:
// its prologue, the golden engine, its epilogue.
//
//===----------------------------------------------------------------------===//

#include "Verify.h"
#include "Corners.h"
#include "GoldenRun.h"

#include "bnn/Interpreter.h"
#include "bnn/isa/host/Epilogue.h"
#include "bnn/isa/host/Prologue.h"
#include "reference/OnnxEvaluator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace bnncc::lower {

namespace {
using Observed = llvm::DenseMap<mlir::Operation *, bnn::Tensor>;

/// The value of an ONNX node on one input.
struct OnnxValue {
  std::vector<double> values, errors;
  bool isNear(size_t i, double other) const {
    double bound = errors.empty() ? 0 : errors[i];
    return std::abs(values[i] - other) <= bound + 1e-9 * (1 + std::abs(other));
  }
};
using OnnxValues = llvm::StringMap<OnnxValue>;

/// What each bit of a channel stands for in the graph: 0 and 1, -1 and +1, the
/// two turned round, scaled ... Learnt from the first element of each bit; all
/// others must agree.
struct Meaning {
  std::optional<double> values[2];
};

constexpr llvm::StringLiteral whatToDo =
    "; this is a fault of bnncc, not of the model: please send the model file, "
    "this line and what 'bnncc --version' prints";

class Verifier {
public:
  Verifier(const VerifyJob &job, VerifyResult &result, std::string &error)
      : job(job), network(job.legalised.network), result(result), error(error),
        golden(network, job.plan, job.program) {}

  bool run();

private:
  using Decided = std::vector<bnn::Tensor>;
  /// One of two readings of an element that differ, and whose it is.
  struct Reading {
    llvm::StringRef who;
    double value;
  };
  bool fail(const Layer &layer, int64_t index, const Shape &shape,
            Reading found, Reading expected);
  std::vector<int32_t> orderOf(const std::string &node) const;
  bool compareLayers(const Observed &observed, const OnnxValues &onnx);
  bool compareOutput(llvm::StringRef who, size_t output,
                     llvm::ArrayRef<double> got, const Tensor &expected);
  bool compareFused(const std::vector<bnn::Tensor> &results,
                    const std::vector<Tensor> &expected);
  bool compareWindow(const Corner &input, Decided *decided);
  bool compareTies(const std::vector<Corner> &corners,
                   const std::vector<Decided> &decided);
  llvm::Expected<std::vector<bnn::Tensor>>
  interpreted(const Corner &input, Observed &observed) const;
  bool isDecision(mlir::Operation *op) const;
  Decided decisionsIn(const Observed &observed) const;
  bool readProgram();
  bool runProgram(const Corner &input, const Observed &observed,
                  const std::vector<Tensor> &expected);
  bool compareGolden(const Observed &observed,
                     const std::vector<uint8_t> &window,
                     const std::vector<uint8_t> &output);
  bool compareProgram(const std::vector<uint8_t> &output,
                      const std::vector<Tensor> &expected);
  std::vector<int64_t> lastIntegers(const bnn::Tensor &tensor) const;

  const VerifyJob &job;
  const Network &network;
  VerifyResult &result;
  std::string &error;
  GoldenRun golden;
  host::Part part; ///< as it is read back from the program
  std::optional<host::Prologue> prologue;
  std::optional<host::Epilogue> epilogue;
  std::unique_ptr<OnnxEvaluator> evaluator;
  llvm::StringSet<> compared; ///< nodes
  std::string corner;         ///< the input's name
  std::vector<host::CloseDecision> close; ///< of the window
  std::vector<std::vector<Meaning>> meanings; ///< by layer and channel
};

bool Verifier::fail(const Layer &layer, int64_t index, const Shape &shape,
                    Reading found, Reading expected) {
  int64_t plane = shape.h * shape.w;
  error = fmt::format(
      "internal error: {} and {} disagree at node '{}', channel {}, row {}, "
      "position {}, on input '{}' of seed {}: {} gives {}, {} gives {}{}",
      found.who.str(), expected.who.str(), layer.nodes.back(), index / plane,
      index % plane / shape.w, index % shape.w, corner, job.seed,
      found.who.str(), found.value, expected.who.str(), expected.value,
      whatToDo.str());
  return false;
}

/// For each element of a map in channel-major order, its place in the ONNX value
/// of a node that holds it otherwise; empty where they agree.
std::vector<int32_t> Verifier::orderOf(const std::string &node) const {
  mlir::func::FuncOp func = job.func;
  auto moved = func->getAttrOfType<mlir::DictionaryAttr>("bnn.moved");
  auto order = moved ? moved.getAs<mlir::DenseI32ArrayAttr>(node)
                     : mlir::DenseI32ArrayAttr();
  std::vector<int32_t> places(order ? order.size() : 0);
  for (int32_t i = 0; order && i < int32_t(order.size()); ++i)
    places[size_t(order[i])] = i;
  return places;
}

/// Hidden bits of the interpreter against the ONNX node that made them: all
/// elements of a channel with one bit must have one value there. A graph that
/// pads before its sign has the pads of the next layer around them.
bool Verifier::compareLayers(const Observed &observed, const OnnxValues &onnx) {
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    const Layer &layer = network.layers[i], &next = network.layers[i + 1];
    const bnn::Tensor &bits = observed.find(job.legalised.ends[i])->second;
    auto it = onnx.find(layer.nodes.back());
    if (it == onnx.end() || layer.partial)
      continue;
    const OnnxValue &node = it->second;
    int64_t size = int64_t(node.values.size());
    int64_t top = 0, left = 0, width = layer.out.w, height = layer.out.h;
    int64_t channels = layer.mirrored ? layer.out.c / 2 : layer.out.c;
    if (size != channels * height * width) {
      top = next.padTop, left = next.padLeft;
      height += top + next.padBottom, width += left + next.padRight;
    }
    if (size != channels * height * width)
      continue; // the node's value has another form at this level
    // Where each element of the map is in the node's value.
    std::vector<int32_t> places = orderOf(layer.nodes.back());
    if (!places.empty() &&
        int64_t(places.size()) != bits.size() / (1 + layer.mirrored))
      continue;
    meanings[i].resize(size_t(channels));
    for (int64_t j = 0; j < bits.size(); ++j) {
      int64_t x = j % layer.out.w, row = j / layer.out.w;
      int64_t y = row % layer.out.h, c = row / layer.out.h;
      bool complement = c >= channels;
      c -= complement * channels;
      int64_t at = (c * height + y + top) * width + x + left;
      if (!places.empty())
        at = places[size_t(at)];
      bool bit = (bits.integers()[j] > 0) != complement;
      std::optional<double> &meant = meanings[i][size_t(c)].values[bit];
      if (!meant)
        meant = node.values[size_t(at)];
      const std::optional<double> &other = meanings[i][size_t(c)].values[!bit];
      bool isOther = other && node.isNear(size_t(at), *other);
      if (!node.isNear(size_t(at), *meant) || isOther)
        return fail(layer, j, layer.out, {"bnncc's fused form", *meant},
                    {"the graph's meaning", node.values[size_t(at)]});
    }
    result.values += uint64_t(bits.size());
  }
  return true;
}

bool Verifier::compareOutput(llvm::StringRef who, size_t output,
                             llvm::ArrayRef<double> got,
                             const Tensor &expected) {
  const std::string &name = part.outputs[output].tensor.name;
  if (got.size() != expected.values.size()) {
    error = fmt::format("internal error: output '{}': bnncc's {} makes {} "
                        "elements, the graph {}{}",
                        name, who.str(), got.size(), expected.values.size(),
                        whatToDo.str());
    return false;
  }
  for (size_t i = 0; i < got.size(); ++i) {
    double want = expected.values[i];
    double bound = expected.errors.empty() ? 0 : expected.errors[i];
    if (!(std::abs(got[i] - want) <= bound + 1e-9 * (1 + std::abs(want)))) {
      error = fmt::format(
          "internal error: bnncc's {} and the graph's meaning disagree at node "
          "'{}', output '{}', element {}, on input '{}' of seed {}: bnncc's {} "
          "gives {}, the graph {}{}",
          who.str(), network.layers.back().nodes.back(), name, i, corner,
          job.seed, who.str(), got[i], want, whatToDo.str());
      return false;
    }
  }
  return true;
}

bool Verifier::compareFused(const std::vector<bnn::Tensor> &results,
                            const std::vector<Tensor> &expected) {
  for (size_t i = 0; i < results.size(); ++i) {
    const bnn::Tensor &got = results[i];
    std::vector<double> values;
    if (got.isInteger())
      values.assign(got.integers().begin(), got.integers().end());
    else
      values = got.reals();
    if (!compareOutput("fused form", i, values, expected[i]))
      return false;
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

/// The program's integers against the interpreter's.
bool Verifier::compareGolden(const Observed &observed,
                             const std::vector<uint8_t> &window,
                             const std::vector<uint8_t> &output) {
  std::vector<int64_t> values = golden.integersOf(output);
  const Layer &last = network.layers.back();
  std::vector<int64_t> want =
      lastIntegers(observed.find(job.legalised.ends.back())->second);
  result.values += want.size();
  if (values == want)
    return true;
  // Something differs: find the first layer where it does.
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    auto bits = golden.hiddenMap(window, i, error);
    if (!bits)
      return false;
    const bnn::Tensor &expected = observed.find(job.legalised.ends[i])->second;
    for (size_t j = 0; j < bits->size(); ++j)
      if ((*bits)[j] != expected.integers()[j])
        return fail(network.layers[i], int64_t(j), network.layers[i].out,
                    {"bnncc's program", double((*bits)[j])},
                    {"its fused form", double(expected.integers()[j])});
  }
  for (size_t j = 0; j < want.size(); ++j)
    if (values[j] != want[j])
      return fail(last, int64_t(j), last.out,
                  {"bnncc's program", double(values[j])},
                  {"its fused form", double(want[j])});
  return false;
}

/// What the loader makes of the engine's words against the graph's outputs.
bool Verifier::compareProgram(const std::vector<uint8_t> &output,
                              const std::vector<Tensor> &expected) {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<void *> results;
  for (const host::Output &o : part.outputs) {
    bytes.emplace_back(size_t(o.tensor.elements()) *
                       host::typeSize(o.tensor.type));
    results.push_back(bytes.back().data());
  }
  size_t before = close.size();
  std::vector<host::CloseDecision> behind;
  if (!epilogue->run(output.data(), results, error, &behind)) {
    error = fmt::format("on input '{}': {}", corner, error);
    return false;
  }
  result.closeWindows += before + behind.size() != 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const host::TensorSpec &spec = part.outputs[i].tensor;
    if (!compareOutput("program", i,
                       host::loadElements(spec.type, bytes[i].data(),
                                          size_t(spec.elements())),
                       expected[i]))
      return false;
  }
  return true;
}

/// Reads the host's part back from the bytes, as the loader does. Real outputs
/// are made float64, so that only the loader's own arithmetic is compared.
bool Verifier::readProgram() {
  if (!host::readPart(job.program.io, job.program.inputBytes,
                      job.program.outputBytes, part, error)) {
    error = "internal error: the loader refuses the program: " + error;
    return false;
  }
  for (host::Output &output : part.outputs)
    if (output.tensor.type == host::Type::Float32 ||
        output.tensor.type == host::Type::Float16)
      output.tensor.type = host::Type::Float64;
  prologue.emplace(part, job.program.inputBytes);
  epilogue.emplace(part);
  return true;
}

bool Verifier::runProgram(const Corner &input, const Observed &observed,
                          const std::vector<Tensor> &expected) {
  std::vector<uint8_t> elements(size_t(part.input.elements()) *
                                host::typeSize(part.input.type)),
      window(job.program.inputBytes), output;
  if (!host::storeElements(part.input.type, input.values, elements.data(),
                           error) ||
      !prologue->run(elements.data(), window.data(), error, &close)) {
    error = fmt::format("the loader refuses the constructed input '{}': it {}",
                        corner, error);
    return false;
  }
  return golden.run(window, output, error) &&
         compareGolden(observed, window, output) &&
         compareProgram(output, expected);
}

/// Graph, fused form and program on one window.
bool Verifier::compareWindow(const Corner &input, Decided *decided) {
  corner = input.name;
  mlir::ModuleOp onnxModule = job.onnx;
  auto onnxFunc = *onnxModule.getOps<mlir::func::FuncOp>().begin();
  Tensor graphInput;
  graphInput.shape =
      mlir::cast<mlir::RankedTensorType>(onnxFunc.getArgumentTypes()[0])
          .getShape()
          .vec();
  graphInput.kind = input.real ? ElementKind::Real : ElementKind::Integer;
  graphInput.values = input.values;
  OnnxValues onnx;
  auto expected = evaluator->run(
      graphInput, [&](mlir::Location loc, const Tensor &tensor) {
        // The last operation of a node is the node's value.
        auto name = mlir::dyn_cast<mlir::NameLoc>(loc);
        if (name && compared.contains(name.getName()))
          onnx[name.getName().getValue()] = {tensor.values, tensor.errors};
      });
  if (!expected) {
    error = fmt::format(
        "the graph has no exact value on the constructed input '{}': {}; where "
        "no real input does this, compile with --verify=off and compare with "
        "bnn-run --expect",
        corner, llvm::toString(expected.takeError()));
    return false;
  }
  Observed observed;
  auto results = interpreted(input, observed);
  if (!results) {
    error = llvm::toString(results.takeError());
    return false;
  }
  if (decided)
    *decided = decisionsIn(observed);
  ++result.inputs;
  return compareLayers(observed, onnx) && compareFused(*results, *expected) &&
         runProgram(input, observed, *expected);
}

llvm::Expected<std::vector<bnn::Tensor>>
Verifier::interpreted(const Corner &input, Observed &observed) const {
  return bnn::interpret(
      job.func, {input.tensor},
      [&](mlir::Operation *op, const bnn::Tensor &tensor) {
        if (llvm::is_contained(job.legalised.ends, op) || isDecision(op))
          observed[op] = tensor;
      });
}

/// Whether the host decides there, behind the engine.
bool Verifier::isDecision(mlir::Operation *op) const {
  return mlir::isa<bnn::ArgmaxOp, bnn::DecideOp>(op) &&
         job.legalised.ends.back()->isBeforeInBlock(op);
}

/// What the host decides behind the engine, in the order of the function.
Verifier::Decided Verifier::decisionsIn(const Observed &observed) const {
  Decided decided;
  mlir::func::FuncOp func = job.func;
  for (mlir::Operation &op : func.front())
    if (isDecision(&op))
      decided.push_back(observed.find(&op)->second);
  return decided;
}

/// Between two windows of different classes there are two, one sample apart,
/// between which the class changes: as near a tie as windows come. The first
/// such pair is found by bisection and compared.
bool Verifier::compareTies(const std::vector<Corner> &corners,
                           const std::vector<Decided> &decided) {
  for (size_t i = 1; i < corners.size(); ++i) {
    if (decided[i] == decided[i - 1])
      continue;
    size_t same = 0, other = corners[i].values.size();
    while (other - same > 1) {
      size_t middle = same + (other - same) / 2;
      Observed observed;
      auto results =
          interpreted(mixed(corners[i - 1], corners[i], middle), observed);
      if (!results) {
        error = llvm::toString(results.takeError());
        return false;
      }
      (decisionsIn(observed) == decided[i - 1] ? same : other) = middle;
    }
    result.ties += 2;
    return compareWindow(mixed(corners[i - 1], corners[i], same), nullptr) &&
           compareWindow(mixed(corners[i - 1], corners[i], other), nullptr);
  }
  return true;
}

bool Verifier::run() {
  if (!readProgram())
    return false;
  // Without a choice the fusion has proved that no Sign meets 0, but in a
  // border that a Pad makes, where 0 stays 0.
  EvalOptions options;
  options.floatInput = !job.realInput;
  options.signZero = job.signZero == "plus"    ? SignZero::Plus
                     : job.signZero == "minus" ? SignZero::Minus
                                               : SignZero::Keep;
  meanings.resize(network.layers.size());
  auto created = OnnxEvaluator::create(job.onnx, options);
  if (!created) {
    error = llvm::toString(created.takeError());
    return false;
  }
  evaluator = std::move(*created);
  for (const Layer &layer : network.layers)
    compared.insert(layer.nodes.back());
  std::vector<Corner> corners = makeCorners(job.func, job.legalised, job.seed);
  std::vector<Decided> decided;
  for (const Corner &input : corners)
    if (!compareWindow(input, &decided.emplace_back()))
      return false;
  return compareTies(corners, decided);
}
} // namespace

bool verifyExact(const VerifyJob &job, VerifyResult &result,
                 std::string &error) {
  return Verifier(job, result, error).run();
}

} // namespace bnncc::lower
