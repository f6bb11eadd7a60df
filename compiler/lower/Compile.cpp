//===- Compile.cpp - All phases, one after the other ----------------------===//
//
// See Compile.h.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "EngineModule.h"
#include "Obstacles.h"
#include "PrepareLayers.h"
#include "ProgramJson.h"

#include "bnn/BnnDialect.h"
#include "bnn/support/Files.h"
#include "engine/EngineDialect.h"
#include "fuse/Passes.h"
#include "import/Import.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "onnx/OnnxDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Timer.h"
#include <chrono>
#include <fmt/format.h>

namespace bnncc::lower {

namespace {
/// Prints how long a phase took.
class PhaseTimer {
public:
  PhaseTimer(const CompileOptions &options, const char *phase)
      : log(options.log), phase(phase), start(Clock::now()) {}
  ~PhaseTimer() {
    if (!log)
      return;
    std::chrono::duration<double, std::milli> time = Clock::now() - start;
    *log << fmt::format("{:<10} {:8.2f} ms\n", phase, time.count());
  }

private:
  using Clock = std::chrono::steady_clock;
  llvm::raw_ostream *log;
  const char *phase;
  Clock::time_point start;
};

/// MLIR streams doubles as "1.600000e+01": as "16", which is what the user wrote.
std::string plainNumbers(llvm::StringRef text) {
  std::string out;
  while (!text.empty()) {
    // d.dddddde+dd, of which only the mantissa's first digit may have company
    llvm::StringRef digits = text.drop_front();
    bool isNumber = text.size() >= 12 && llvm::isDigit(text[0]) &&
                    text[1] == '.' && text[8] == 'e' &&
                    (text[9] == '+' || text[9] == '-') &&
                    (out.empty() || !llvm::isAlnum(out.back())) &&
                    llvm::all_of(digits.slice(1, 7), llvm::isDigit);
    double value = 0;
    llvm::StringRef number = text.take_front(isNumber ? 10 : 0);
    while (isNumber && number.size() < text.size() &&
           llvm::isDigit(text[number.size()]))
      number = text.take_front(number.size() + 1);
    if (isNumber && !number.getAsDouble(value)) {
      out += fmt::format("{:.7g}", value);
      text = text.drop_front(number.size());
    } else {
      out += text.front();
      text = text.drop_front();
    }
  }
  return out;
}

/// The first error that MLIR reports, as one line with its node.
class FirstError {
public:
  explicit FirstError(mlir::MLIRContext *context)
      : handler(context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
              text.empty())
            text = describe(diagnostic);
          return mlir::success();
        }) {}
  std::string text;

private:
  static std::string describe(mlir::Diagnostic &diagnostic) {
    std::string message = diagnostic.str();
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      message += "; " + note.str();
    for (char &c : message)
      c = c == '\n' ? ' ' : c;
    message = plainNumbers(message);
    // "'onnx.Conv' op must ..." -> "must ...": the node says which it is.
    if (size_t at = message.find("' op ");
        message.starts_with("'") && at != std::string::npos)
      message.erase(0, at + 5);
    std::string node = nodeText(diagnostic.getLocation());
    if (node.empty() || message.find("node '") != std::string::npos)
      return message;
    return fmt::format("{}: {}", node, message);
  }
  mlir::ScopedDiagnosticHandler handler;
};
} // namespace

Compilation::Compilation(const CompileOptions &options)
    : options(options), context(std::make_shared<mlir::MLIRContext>(
                            mlir::MLIRContext::Threading::DISABLED)) {
  context->printOpOnDiagnostic(false);
  context->loadDialect<mlir::func::FuncDialect, onnx::OnnxDialect,
                       bnn::BnnDialect, engine::EngineDialect>();
}

Compilation::Compilation(const CompileOptions &options,
                         std::shared_ptr<mlir::MLIRContext> context)
    : options(options), context(std::move(context)) {}

Compilation::~Compilation() = default;

mlir::ModuleOp Compilation::module() {
  return machine ? *machine : fused ? *fused : *imported;
}

bool Compilation::fusePhases(Phase last, std::string &error) {
  FirstError first(context.get());
  fused = imported->clone();
  mlir::PassManager manager(context.get());
  if (mlir::failed(mlir::applyPassManagerCLOptions(manager))) {
    error = "the pass manager's options do not hold";
    return false;
  }
  FuseOptions fuse{options.inputType, options.signZero,
                   options.inputArithmetic};
  if (last >= Phase::Fuse) {
    buildFusePipeline(manager, fuse);
  } else {
    manager.addPass(createCancelTerms());
    manager.addPass(createNormalizeGraph());
    if (last >= Phase::Infer)
      manager.addPass(createInferQuantization({options.inputType}));
  }
  if (mlir::succeeded(manager.run(*fused)))
    return true;
  error = first.text.empty() ? "the graph cannot be fused" : first.text;
  return false;
}

bool Compilation::backEnd(llvm::StringRef path, Phase last,
                          std::string &error) {
  mlir::func::FuncOp func = *fused->getOps<mlir::func::FuncOp>().begin();
  {
    PhaseTimer timer(options, "lower");
    prepareLayers(func);
    if (!legalise(func, legalised, error) ||
        !planOrAdvise(legalised.network, options.target, plan, error))
      return false;
    code = emitCode(legalised.network, plan);
    machine = engineModule(*context, legalised.network, plan, code);
  }
  if (last == Phase::Lower)
    return true;
  {
    PhaseTimer timer(options, "assemble");
    if (!readEngineModule(*machine, code, error))
      return false;
    program = buildProgram(legalised.network, plan, code);
  }
  if (last == Phase::Assemble)
    return true;
  {
    PhaseTimer timer(options, "check");
    if (!checkBinary(program, check, error)) {
      error = "internal error: the emitted program does not check: " + error;
      return false;
    }
  }
  host::Part part;
  if (!hostPart(func, legalised, plan, part, error))
    return false;
  part.predictedCycles = check.cycles;
  part.predictedLatency = check.latency;
  part.hpCycles = check.hpCycles;
  part.hpLatency = check.hpLatency;
  program.io = host::writePart(part);
  program.debug = textOf(debugJson(legalised.network, code, path));
  if (!options.verify)
    return true;
  PhaseTimer timer(options, "verify");
  VerifyJob job{*imported,
                func,
                legalised,
                plan,
                program,
                options.signZero,
                options.seed,
                options.inputArithmetic == "real"};
  return verifyExact(job, verification, error);
}

/// What a graph that was mended after its first error still meets.
void Compilation::addObstacles(std::string &error) {
  CompileOptions quiet = options;
  quiet.log = nullptr;
  mlir::OwningOpRef<mlir::ModuleOp> graph = imported->clone();
  addFurtherObstacles(*graph, error, [&](const AssumedOptions &assumed) {
    if (assumed.int8Input)
      quiet.inputType = "int8";
    if (assumed.signZeroPlus)
      quiet.signZero = "plus";
    Compilation trial(quiet, context);
    trial.imported = graph->clone();
    std::string next;
    if (trial.fusePhases(Phase::Fuse, next))
      trial.backEnd("", Phase::Lower, next);
    return next;
  });
}

bool Compilation::run(llvm::StringRef path, Phase last, std::string &error) {
  std::string name = ::bnn::support::inputName(path.str());
  {
    PhaseTimer timer(options, "import");
    imported = importOnnx(path, *context, error, &externalFiles,
                          options.inputShapes);
    if (!imported)
      return false; // the importer names the file itself
  }
  if (last == Phase::Import)
    return true;
  {
    PhaseTimer timer(options, "fuse");
    if (!fusePhases(last, error)) {
      addObstacles(error);
      error = fmt::format("{}: {}", name, error);
      return false;
    }
  }
  if (last <= Phase::Fuse || backEnd(name, last, error))
    return true;
  if (!machine) // it is the graph, not the program
    addObstacles(error);
  error = fmt::format("{}: {}", name, error);
  return false;
}

std::string Compilation::assembly() const {
  std::string text;
  auto print = [&](const char *title, const auto &part) {
    text += fmt::format("; {}\n", title);
    for (const MachineInstruction &item : part) {
      text += isa::print(item.instruction);
      if (item.layer >= 0)
        text += fmt::format(
            "  ; {}", legalised.network.layers[size_t(item.layer)].name());
      text += '\n';
    }
  };
  print("cold", code.cold);
  print("warm", code.warm);
  return text;
}

std::string Compilation::programBytes() const {
  std::vector<uint8_t> bytes = isa::writeProgram(program);
  return std::string(bytes.begin(), bytes.end());
}

} // namespace bnncc::lower
