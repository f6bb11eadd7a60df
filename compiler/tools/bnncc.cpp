//===- bnncc.cpp - The compiler driver ------------------------------------===//
//
// ONNX in, program file out: parses the command line and calls the phases.
//
//===----------------------------------------------------------------------===//

#include "lower/Compile.h"
#include "report/Report.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <fmt/format.h>

namespace cl = llvm::cl;
using bnncc::lower::Compilation;
using bnncc::lower::Phase;

static cl::OptionCategory category("bnncc options");

static cl::opt<std::string> inputFile(cl::Positional, cl::Required,
                                      cl::desc("MODEL.onnx"),
                                      cl::cat(category));
static cl::opt<std::string> outputFile("o", cl::desc("Output file"),
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
static cl::opt<bool> verbose("v", cl::desc("Print the time of each phase"),
                             cl::cat(category));

static int fail(const std::string &text) {
  llvm::errs() << "error: " << text << '\n';
  return 1;
}

/// Writes all of `bytes` or nothing: to a file beside it, then renamed.
static bool writeFile(llvm::StringRef path, llvm::StringRef bytes,
                      std::string &error) {
  if (path == "-") {
    llvm::outs() << bytes;
    return true;
  }
  auto file = llvm::sys::fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!file) {
    error = fmt::format("cannot write '{}': {}", path.str(),
                        llvm::toString(file.takeError()));
    return false;
  }
  bool written;
  {
    llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
    stream << bytes;
    stream.flush();
    written = !stream.has_error();
    stream.clear_error();
  }
  llvm::Error kept = written ? file->keep(path) : file->discard();
  if (written && !kept)
    return true;
  error = fmt::format("cannot write '{}': {}", path.str(),
                      kept ? llvm::toString(std::move(kept)) : "disk full");
  return false;
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
  if (phase == Phase::Check)
    return compilation.programBytes();
  if (phase == Phase::Assemble)
    return compilation.assembly();
  std::string text;
  llvm::raw_string_ostream stream(text);
  compilation.module().print(stream,
                             mlir::OpPrintingFlags().enableDebugInfo(false));
  return text;
}

int main(int argc, char **argv) {
  auto start = std::chrono::steady_clock::now();
  llvm::InitLLVM init(argc, argv);
  llvm::setBugReportMsg("internal error; please report the model and:\n");
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  if (!cl::ParseCommandLineOptions(
          argc, argv, "bnncc: compiles binarized neural networks\n",
          &llvm::errs()))
    return 2;
  Phase last = lastPhase();
  if (outputFile.empty() && last == Phase::Check) {
    llvm::errs() << "error: -o FILE is missing\n";
    return 2;
  }

  bnncc::lower::CompileOptions options;
  options.signZero = signZeroName();
  for (const std::string &type : inputTypes)
    options.inputType += (options.inputType.empty() ? "" : ",") + type;
  options.inputArithmetic =
      inputArithmetic == Arithmetic::Real ? "real" : "float";
  options.verify = verifyKind == VerifyKind::Exact;
  options.seed = seed;
  options.log = verbose ? &llvm::errs() : nullptr;
  std::string error;
  if (!::bnn::isa::loadTarget(targetName, options.target, error))
    return fail(error);

  Compilation compilation(options);
  if (!compilation.run(inputFile, last, error))
    return fail(error);
  std::string out = outputFile.empty() ? "-" : outputFile.getValue();
  if (!writeFile(out, render(compilation, last), error))
    return fail(error);
  if (last != Phase::Check)
    return 0;

  std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  bnncc::ReportData report{inputFile,
                           outputFile,
                           compilation.network(),
                           compilation.plan,
                           compilation.program,
                           compilation.check,
                           compilation.verification,
                           options.verify,
                           options.seed,
                           elapsed.count()};
  if (reportKind == ReportKind::JsonText)
    llvm::outs() << bnncc::jsonReport(report).dump(2) << '\n';
  else
    llvm::outs() << bnncc::textReport(report);
  return 0;
}
