//===- bnn-opt.cpp - Run single passes on MLIR text -----------------------===//
//
// mlir-opt with this project's dialects and passes, for lit tests and for
// looking at one phase at a time.
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "bnn/BnnDialect.h"
#include "bnn/support/Files.h"
#include "bnn/support/Tool.h"
#include "engine/EngineDialect.h"
#include "fuse/Passes.h"
#include "lower/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "onnx/OnnxDialect.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
namespace support = ::bnn::support;

static cl::list<std::string> inputFiles(cl::Positional, cl::ZeroOrMore,
                                        cl::desc("FILE.mlir"));
static cl::opt<std::string> outputFile("o", cl::desc("Output file"),
                                       cl::value_desc("FILE"), cl::init("-"));

static const bnncc::tools::Tool tool = {
    "bnn-opt", "Runs bnncc's passes on MLIR.\n", R"(
Example: bnncc ecg.onnx --emit=onnx | bnn-opt --bnn-normalize-graph

Exit code: 0 success, 1 error, 2 wrong usage.
)"};

int main(int argc, char **argv) {
  bnncc::tools::startLlvmTool();
  mlir::DialectRegistry registry;
  registry.insert<mlir::func::FuncDialect, bnncc::onnx::OnnxDialect,
                  bnncc::bnn::BnnDialect, bnncc::engine::EngineDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  bnncc::registerBnnFusePasses();
  bnncc::registerBnnLowerPasses();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  mlir::MlirOptMainConfig::registerCLOptions(registry);
  if (auto code = bnncc::tools::parseCommandLine(argc, argv, tool))
    return *code;
  if (inputFiles.size() > 1)
    return support::reportError("more than one file; see bnn-opt --help",
                                support::wrongUsage);
  std::string input = inputFiles.empty() ? "-" : inputFiles[0], error;
  if (support::sameFile(input, outputFile))
    return support::reportError("output '" + outputFile + "' is the input too; "
                                                          "name another file",
                                support::wrongUsage);

  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/true);
  if (!buffer)
    return support::reportError(support::inputName(input) +
                                ": cannot be read: " +
                                buffer.getError().message());
  std::string text;
  llvm::raw_string_ostream stream(text);
  bool failed = mlir::failed(
      mlir::MlirOptMain(stream, std::move(*buffer), registry,
                        mlir::MlirOptMainConfig::createFromCLOptions()));
  support::OutputFile file;
  if (!failed && (!file.stage(outputFile, text, error) || !file.commit(error)))
    return support::reportError(outputFile + ": " + error);
  return failed ? support::failure : support::success;
}
