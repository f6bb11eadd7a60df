// Runs the three evaluations side by side and reports the first difference.

#include "verify/Verify.h"
#include "bnn/Interpreter.h"
#include "bnn/isa/Engine.h"
#include "verify/Corners.h"
#include "verify/HostModel.h"

#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <fmt/format.h>

namespace bnncc {

namespace {

/// The ONNX node names in a location, in order.
void collectNames(mlir::Location location, std::vector<std::string> &names) {
  if (auto name = mlir::dyn_cast<mlir::NameLoc>(location)) {
    names.push_back(name.getName().str());
    return;
  }
  if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(location))
    for (mlir::Location part : fused.getLocations())
      collectNames(part, names);
}

std::vector<std::string> namesOf(mlir::Location location) {
  std::vector<std::string> names;
  collectNames(location, names);
  return names;
}

/// A result of the ONNX graph that takes two values, -s and +s: the signs.
using Signs = llvm::StringMap<std::vector<int8_t>>;

/// Keeps the signs of a two-valued tensor under its node's name.
void keepSigns(mlir::Location location, const Tensor &tensor, Signs &signs) {
  if (tensor.values.empty() || tensor.kind == ElementKind::Bool)
    return;
  double magnitude = std::fabs(tensor.values.front());
  if (magnitude == 0)
    return;
  std::vector<int8_t> kept(tensor.values.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    if (std::fabs(tensor.values[i]) != magnitude)
      return;
    kept[i] = tensor.values[i] > 0 ? 1 : -1;
  }
  for (const std::string &name : namesOf(location))
    signs[name] = std::move(kept);
}

std::string place(const bnn::Tensor &tensor, size_t index) {
  int64_t positions = tensor.positions(), width = tensor.shape[2];
  int64_t at = int64_t(index) % positions;
  return fmt::format("channel {}, row {}, column {}", int64_t(index) / positions,
                     at / width, at % width);
}

template <typename... Parts>
llvm::Error differs(fmt::format_string<Parts...> text, Parts &&...parts) {
  return llvm::createStringError(
      fmt::format(text, std::forward<Parts>(parts)...));
}

/// What one window gave in the dialect's interpreter.
struct DialectRun {
  bnn::Tensor codes, output;
  std::string lastName; ///< node of the last integers
  
};

class Verifier {
public:
  Verifier(mlir::func::FuncOp function, const ::bnn::isa::Program &program,
           VerifyReport &report)
      : function(function), program(program), report(report) {}

  llvm::Error run(mlir::ModuleOp model, const VerifyOptions &options);

private:
  llvm::Error runDialect(const std::vector<double> &input, const Signs &signs,
                         unsigned window, DialectRun &result);
  llvm::Error compareOutputs(const Tensor &meant, const DialectRun &run,
                             unsigned window);
  llvm::Error runEngine(const HostModel &host,
                        const std::vector<DialectRun> &runs);

  mlir::func::FuncOp function;
  const ::bnn::isa::Program &program;
  VerifyReport &report;
};

llvm::Error Verifier::runDialect(const std::vector<double> &input,
                                 const Signs &signs, unsigned window,
                                 DialectRun &result) {
  auto type = mlir::cast<mlir::ShapedType>(function.getArgumentTypes().front());
  bnn::Tensor argument;
  llvm::copy(type.getShape(), argument.shape.begin());
  if (mlir::isa<mlir::FloatType>(type.getElementType()))
    argument.data = bnn::Tensor::Reals(input);
  else
    argument.data = bnn::Tensor::Integers(input.begin(), input.end());
  if (argument.isInteger()) {
    result.codes = argument;
  }

  llvm::Error difference = llvm::Error::success();
  auto observe = [&](mlir::Operation *op, const bnn::Tensor &tensor) {
    if (mlir::isa<bnn::QuantizeOp, bnn::CastInputOp>(op)) {
      result.codes = tensor;
      }
    if (tensor.isInteger() && llvm::any_of(op->getUsers(), [](auto *user) {
          return mlir::isa<bnn::ToRealOp, mlir::func::ReturnOp>(user);
        })) {
      auto names = namesOf(op->getLoc());
      result.lastName = names.empty() ? "?" : names.front();
    }
    if (difference || !mlir::isa<bnn::ThresholdOp, bnn::MaxPoolOp>(op) ||
        !mlir::cast<mlir::ShapedType>(op->getResult(0).getType())
             .getElementType()
             .isInteger(1))
      return;
    // The last node of the location that the graph made two-valued.
    auto names = namesOf(op->getLoc());
    for (const std::string &name : llvm::reverse(names)) {
      auto found = signs.find(name);
      if (found == signs.end() ||
          found->second.size() != tensor.integers().size())
        continue;
      ++report.layers;
      report.decisions += tensor.integers().size();
      for (size_t i = 0; i < found->second.size(); ++i)
        if (tensor.integers()[i] != found->second[i]) {
          difference = differs(
              "node '{}': the fused threshold differs from the ONNX meaning at "
              "{} in corner input {}: {} instead of {}",
              name, place(tensor, i), window, tensor.integers()[i],
              int(found->second[i]));
          return;
        }
      return;
    }
  };
  auto results = bnn::interpret(function, {argument}, observe);
  if (!results) {
    llvm::consumeError(std::move(difference));
    return results.takeError();
  }
  result.output = std::move(results->front());
  return difference;
}

/// Values of the output as doubles, whatever they are.
std::vector<double> asReals(const bnn::Tensor &tensor) {
  if (!tensor.isInteger())
    return tensor.reals();
  return {tensor.integers().begin(), tensor.integers().end()};
}

/// Index of the first value that is not within 1e-6 of its row's largest
/// magnitude; -1 when all are.
int64_t firstFarApart(const std::vector<double> &a, const std::vector<double> &b) {
  if (a.size() != b.size())
    return 0;
  double scale = 1e-30;
  for (double v : b)
    scale = std::max(scale, std::fabs(v));
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= 1e-6 * scale))
      return int64_t(i);
  return -1;
}

llvm::Error Verifier::compareOutputs(const Tensor &meant, const DialectRun &run,
                                     unsigned window) {
  std::vector<double> got = asReals(run.output);
  if (int64_t at = firstFarApart(got, meant.values); at >= 0)
    return differs("the dialect's output differs from the ONNX meaning at index "
                   "{} in corner input {}: {} instead of {}",
                   at, window, got[at], meant.values[at]);
  return llvm::Error::success();
}

llvm::Error Verifier::runEngine(const HostModel &host,
                                const std::vector<DialectRun> &runs) {
  namespace isa = ::bnn::isa;
  std::vector<uint8_t> image = program.image;
  uint64_t inputStride = (program.inputBytes + 7) / 8 * 8,
           outputStride = (program.outputBytes + 7) / 8 * 8;
  std::vector<uint8_t> input(inputStride * runs.size()),
      output(outputStride * runs.size()), scratch(program.scratchBytes);
  for (size_t w = 0; w < runs.size(); ++w) {
    auto packed = host.pack(runs[w].codes.integers(), program.inputBytes);
    std::copy(packed.begin(), packed.end(), input.begin() + w * inputStride);
  }
  isa::Memory memory{{image, input, output, scratch}};
  isa::Engine engine(program.target);
  std::span<const uint8_t> bytes(program.image);
  for (bool warm : {false, true}) {
    auto code = warm ? bytes.subspan(program.warmBegin,
                                     program.warmEnd - program.warmBegin)
                     : bytes.subspan(program.coldBegin,
                                     program.coldEnd - program.coldBegin);
    if (code.empty())
      continue;
    auto outcome = engine.run(code, memory, warm ? runs.size() : 1, inputStride,
                              outputStride);
    if (outcome.trap != isa::Trap::None)
      return differs("the golden engine trapped in instruction {} of the {} "
                     "code: {}: {}",
                     outcome.trapInstruction, warm ? "warm" : "cold",
                     isa::name(outcome.trap), outcome.trapText);
    if (engine.hazards())
      return differs("the program reads {} words before they are written",
                     engine.hazards());
  }
  for (size_t w = 0; w < runs.size(); ++w) {
    std::vector<uint8_t> window(output.begin() + w * outputStride,
                                output.begin() + (w + 1) * outputStride);
    std::vector<int32_t> raw = host.gather(window);
    report.integers += raw.size();
    auto finished = host.finish(raw);
    if (!finished)
      return finished.takeError();
    std::vector<double> expected = asReals(runs[w].output);
    int64_t at = firstFarApart(*finished, expected);
    if (at >= 0)
      return differs("node '{}': the final bytes on the golden engine give {} "
                     "instead of {} at output {} in corner input {}",
                     runs[w].lastName,
                     at < int64_t(finished->size()) ? (*finished)[at] : NAN,
                     at < int64_t(expected.size()) ? expected[at] : NAN, at, w);
  }
  return llvm::Error::success();
}

llvm::Error Verifier::run(mlir::ModuleOp model, const VerifyOptions &options) {
  EvalOptions evaluation;
  evaluation.signZero = options.signZero;
  auto evaluator = OnnxEvaluator::create(model, evaluation);
  if (!evaluator)
    return evaluator.takeError();
  auto main = model.lookupSymbol<mlir::func::FuncOp>("main");
  auto type = mlir::cast<mlir::ShapedType>(main.getArgumentTypes().front());

  std::vector<DialectRun> runs;
  auto inputs = cornerInputs(function, options.windows, options.seed);
  for (unsigned w = 0; w < inputs.size(); ++w) {
    Tensor input;
    input.shape.assign(type.getShape().begin(), type.getShape().end());
    if (mlir::isa<mlir::IntegerType>(type.getElementType()))
      input.kind = ElementKind::Integer;
    input.values = inputs[w];
    Signs signs;
    auto meant = (*evaluator)->run({input}, [&](mlir::Location location,
                                                const Tensor &tensor) {
      keepSigns(location, tensor, signs);
    });
    if (!meant)
      return meant.takeError();
    report.exactDecisions += (*evaluator)->exactDecisions();
    DialectRun run;
    if (llvm::Error error = runDialect(inputs[w], signs, w, run))
      return error;
    if (llvm::Error error = compareOutputs(meant->front(), run, w))
      return error;
    runs.push_back(std::move(run));
    ++report.windows;
  }
  auto host = HostModel::parse(program.io);
  if (!host)
    return host.takeError();
  return runEngine(*host, runs);
}

} // namespace

llvm::Error verifyProgram(mlir::ModuleOp model, mlir::func::FuncOp function,
                          const ::bnn::isa::Program &program,
                          const VerifyOptions &options, VerifyReport &report) {
  return Verifier(function, program, report).run(model, options);
}

} // namespace bnncc
