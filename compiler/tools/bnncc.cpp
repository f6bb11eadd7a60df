//===- bnncc.cpp - The compiler driver ------------------------------------===//
//
// ONNX in, program file out: parses the command line and calls the phases.
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "bnn/BnnDialect.h"
#include "import/Import.h"
#include "lower/Compile.h"
#include "report/Report.h"

#include "bnn/support/Files.h"
#include "bnn/support/Tool.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <fmt/format.h>
#include <unistd.h>

namespace cl = llvm::cl;
namespace support = ::bnn::support;
using bnncc::lower::Compilation;
using bnncc::lower::Phase;

static cl::OptionCategory category("bnncc options");

static cl::list<std::string> inputFiles(cl::Positional, cl::ZeroOrMore,
                                        cl::desc("MODEL.onnx"),
                                        cl::cat(category));
static cl::opt<std::string> outputFile("o",
                                       cl::desc("Output file; - is standard "
                                                "output, and the report then "
                                                "goes to standard error"),
                                       cl::value_desc("FILE"),
                                       cl::cat(category));
static cl::opt<std::string>
    targetName("target", cl::desc("z010, z020, z035 or a target file"),
               cl::value_desc("NAME|FILE.json"), cl::init("z020"),
               cl::cat(category));

enum class Emit { Onnx, Bnn, Tiled, Asm, Program };
static cl::opt<Emit> emitKind(
    "emit", cl::desc("What to write"),
    cl::values(clEnumValN(Emit::Onnx, "onnx", "The imported graph"),
               clEnumValN(Emit::Bnn, "bnn", "The fused integer operations"),
               clEnumValN(Emit::Tiled, "tiled",
                          "Buffers, loop nests and runs (engine dialect)"),
               clEnumValN(Emit::Asm, "asm", "The instructions as text"),
               clEnumValN(Emit::Program, "bnn-program",
                          "The program file (default)")),
    cl::init(Emit::Program), cl::cat(category));
static cl::list<std::string>
    inputTypes("input-type", cl::CommaSeparated,
               cl::desc("Integers that a float input carries"),
               cl::value_desc("[NAME=]int8|uint8|bipolar"), cl::cat(category));

static cl::list<std::string>
    inputShapes("input-shape",
                cl::desc("Sizes of an input with symbolic axes"),
                cl::value_desc("[NAME:]1x1x3600"), cl::cat(category));

enum class SignZero { Error, Plus, Minus };
static cl::opt<SignZero> signZero(
    "sign-zero", cl::desc("What a reachable Sign(0) means"),
    cl::values(clEnumValN(SignZero::Error, "error", "Refuse it (default)"),
               clEnumValN(SignZero::Plus, "plus", "+1"),
               clEnumValN(SignZero::Minus, "minus", "-1")),
    cl::init(SignZero::Error), cl::cat(category));
enum class Arithmetic { Float, Real };
static cl::opt<Arithmetic> inputArithmetic(
    "input-arithmetic",
    cl::desc("How the graph computes before the input's quantiser"),
    cl::values(clEnumValN(Arithmetic::Float, "float",
                          "As its types say, rounding each result (default)"),
               clEnumValN(Arithmetic::Real, "real", "Without rounding")),
    cl::init(Arithmetic::Float), cl::cat(category));
static cl::opt<Phase> compileTo(
    "compile-to", cl::desc("Stop after a phase and write what it made"),
    cl::values(clEnumValN(Phase::Import, "import", "The graph as read"),
               clEnumValN(Phase::Normalize, "normalize", "Canonical graph"),
               clEnumValN(Phase::Infer, "infer", "Integer grids known"),
               clEnumValN(Phase::Fuse, "fuse", "bnn operations"),
               clEnumValN(Phase::Lower, "lower", "Engine operations"),
               clEnumValN(Phase::Assemble, "assemble", "Instructions"),
               clEnumValN(Phase::Check, "check", "Everything (default)")),
    cl::init(Phase::Check), cl::cat(category));

enum class ReportKind { Text, JsonText };
static cl::opt<ReportKind> reportKind(
    "report", cl::desc("Form of the summary"),
    cl::values(clEnumValN(ReportKind::Text, "text", "For a person (default)"),
               clEnumValN(ReportKind::JsonText, "json", "Per layer")),
    cl::init(ReportKind::Text), cl::cat(category));

enum class VerifyKind { Exact, Off };
static cl::opt<VerifyKind> verifyKind(
    "verify", cl::desc("Run graph, fused form and program on corner inputs"),
    cl::values(clEnumValN(VerifyKind::Exact, "exact", "Yes (default)"),
               clEnumValN(VerifyKind::Off, "off", "No")),
    cl::init(VerifyKind::Exact), cl::cat(category));
static cl::opt<unsigned>
    seed("seed", cl::desc("Seed of the random windows of the verification"),
         cl::value_desc("N"), cl::init(1), cl::cat(category));
static cl::opt<bool> strip("strip",
                           cl::desc("Leave out which node an instruction serves"),
                           cl::cat(category));
static cl::opt<bool>
    listOperators("operators", cl::desc("List the ONNX operators that bnncc reads"),
                  cl::cat(category));
static cl::opt<bool> verbose("v", cl::desc("Print the time of each phase"),
                             cl::cat(category));

static const bnncc::tools::Tool tool = {
    "bnncc", "Compiles a binarized neural network for the bnncc engine.\n",
    R"(
Example: bnncc ecg.onnx -o ecg.bnn --input-type=int8 --target=z020

MODEL.onnx may be - for standard input. Without -o, what --emit or --compile-to
asks for is printed. MLIR's own options are listed by --help-hidden.

Exit code: 0 success, 1 error (one line on standard error, nothing written),
2 wrong usage.
)",
    &category};

static int usageError(const std::string &text) {
  return support::reportError(text, support::wrongUsage);
}

/// Two different answers to which integers one input carries; empty if none.
static std::string conflictingTypes() {
  llvm::StringMap<std::string> types;
  for (llvm::StringRef entry : inputTypes) {
    auto [name, type] = entry.contains('=') ? entry.rsplit('=')
                                            : std::pair("", entry);
    auto [place, isNew] = types.try_emplace(name, type.str());
    if (!isNew && place->second != type)
      return fmt::format("--input-type says {} and {} of {}; give one",
                         place->second, type.str(),
                         name.empty() ? "the input"
                                      : "input '" + name.str() + "'");
  }
  return {};
}

/// An output that is one of the files that are read; empty if it is none.
static std::string overwrittenInput(const std::string &model,
                                    const std::string &out) {
  if (support::sameFile(model, out))
    return fmt::format("output '{}' is the model too; name another file", out);
  if (support::sameFile(targetName, out))
    return fmt::format("output '{}' is the target file too; name another file",
                       out);
  return {};
}

/// Writes `bytes` and prints `report`, both or neither; they never share
/// standard output.
static int deliver(const std::string &path, const std::string &bytes,
                   const std::string &report) {
  std::string error;
  support::OutputFile file;
  auto cannotWrite = [&] {
    return support::reportError(path == "-" ? "standard output " + error
                                            : path + ": " + error);
  };
  if (!file.stage(path, bytes, error))
    return cannotWrite();
  if (!file.isStandardOutput() && !support::print(report, error))
    return support::reportError(error);
  if (!file.commit(error))
    return cannotWrite();
  if (file.isStandardOutput())
    support::writeAll(STDERR_FILENO, report);
  return support::success;
}

static const char *signZeroName() {
  return signZero == SignZero::Error  ? "error"
         : signZero == SignZero::Plus ? "plus"
                                      : "minus";
}

/// The last phase that what is asked for needs.
static Phase lastPhase() {
  switch (emitKind) {
  case Emit::Onnx:
    return std::min(compileTo.getValue(), Phase::Import);
  case Emit::Bnn:
    return std::min(compileTo.getValue(), Phase::Fuse);
  case Emit::Tiled:
    return std::min(compileTo.getValue(), Phase::Lower);
  case Emit::Asm:
    return std::min(compileTo.getValue(), Phase::Assemble);
  case Emit::Program:
    break;
  }
  return compileTo;
}

static std::string render(Compilation &compilation, Phase phase) {
  if (phase == Phase::Check) {
    if (strip)
      compilation.program.debug.clear();
    return compilation.programBytes();
  }
  if (phase == Phase::Assemble)
    return compilation.assembly();
  std::string text;
  llvm::raw_string_ostream stream(text);
  compilation.module().print(stream,
                             mlir::OpPrintingFlags().enableDebugInfo(false));
  return text;
}

/// Maps of numbers come and go by the hundred: their pages are kept.
static void keepPages() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20); // the most that it takes
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

static std::string reportText(const Compilation &compilation,
                              const std::string &model,
                              std::chrono::steady_clock::time_point start) {
  std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  bnncc::ReportData report{model,
                           outputFile,
                           compilation.network(),
                           compilation.plan,
                           compilation.program,
                           compilation.check,
                           compilation.verification,
                           verifyKind == VerifyKind::Exact,
                           seed,
                           elapsed.count()};
  auto quantize = llvm::dyn_cast_or_null<bnncc::bnn::QuantizeOp>(
      compilation.legalised.quantiseOp);
  if (quantize && quantize.getChanges())
    report.inputChanges = {int64_t(*quantize.getChanges()),
                           int64_t(quantize.getRealDiffers().value_or(0))};
  return reportKind == ReportKind::JsonText
             ? bnncc::jsonReport(report).dump(
                   2, ' ', false,
                   nlohmann::json::error_handler_t::replace) +
                   "\n"
             : bnncc::textReport(report);
}

int main(int argc, char **argv) {
  keepPages();
  auto start = std::chrono::steady_clock::now();
  bnncc::tools::startLlvmTool();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  if (auto code = bnncc::tools::parseCommandLine(argc, argv, tool))
    return *code;
  if (listOperators)
    return support::printAndExit(bnncc::knownOperators());
  Phase last = lastPhase();
  if (inputFiles.empty())
    return usageError("no model given; see bnncc --help");
  if (inputFiles.size() > 1)
    return usageError(fmt::format("more than one model: '{}' and '{}'",
                                  inputFiles[0], inputFiles[1]));
  if (outputFile.empty() && last == Phase::Check)
    return usageError("-o FILE is missing; see bnncc --help");
  const std::string &model = inputFiles[0];
  std::string out = outputFile.empty() ? "-" : outputFile.getValue();
  if (std::string error = conflictingTypes(); !error.empty())
    return usageError(error);
  if (std::string error = overwrittenInput(model, out); !error.empty())
    return usageError(error);

  bnncc::lower::CompileOptions options;
  options.signZero = signZeroName();
  for (const std::string &type : inputTypes)
    options.inputType += (options.inputType.empty() ? "" : ",") + type;
  options.inputArithmetic =
      inputArithmetic == Arithmetic::Real ? "real" : "float";
  for (const std::string &shape : inputShapes)
    if (!bnncc::parseInputShape(shape, options.inputShapes))
      return usageError(
          fmt::format("--input-shape must be [NAME:]1x1x3600, once for an "
                      "input, but found '{}'",
                      shape));
  options.verify = verifyKind == VerifyKind::Exact;
  options.seed = seed;
  options.log = verbose ? &llvm::errs() : nullptr;
  std::string error;
  if (!::bnn::isa::loadTarget(targetName, options.target, error))
    return support::reportError(error);

  Compilation compilation(options);
  if (!compilation.run(model, last, error))
    return support::reportError(error);
  for (const std::string &file : compilation.externalFiles)
    if (support::sameFile(file, out))
      return usageError(fmt::format("output '{}' is the model's external data "
                                    "too; name another file",
                                    out));
  return deliver(out, render(compilation, last),
                 last == Phase::Check ? reportText(compilation, model, start)
                                      : "");
}
