//===- Verify.h - Compare ONNX, dialect and bytes ---------------*- C++ -*-===//
//
// Translation validation on every compile: the ONNX meaning (exact real
// arithmetic), the bnn dialect's interpreter and the golden engine on the final
// bytes run over constructed corner inputs and must agree on every decision.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_VERIFY_VERIFY_H
#define BNNCC_COMPILER_VERIFY_VERIFY_H

#include "bnn/isa/Program.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "reference/OnnxEvaluator.h"
#include "llvm/Support/Error.h"

namespace bnncc {

struct VerifyOptions {
  SignZero signZero = SignZero::Error;
  unsigned windows = 4; ///< corner inputs to run
  uint64_t seed = 1;    ///< of the pseudo-random ones
};

/// What was compared, for the report.
struct VerifyReport {
  unsigned windows = 0;
  size_t layers = 0;         ///< maps of signs compared, ONNX against dialect
  size_t decisions = 0;      ///< signs compared in all windows
  size_t integers = 0;       ///< read from the engine and compared at the output
  int64_t exactDecisions = 0; ///< made on exact numbers, not on doubles
};

/// Compares the onnx-level `model`, its bnn-level function and the program.
/// The error is one line that names the window, the layer, the channel and the
/// position of the first difference, and both values.
llvm::Error verifyProgram(mlir::ModuleOp model, mlir::func::FuncOp function,
                          const ::bnn::isa::Program &program,
                          const VerifyOptions &options, VerifyReport &report);

} // namespace bnncc

#endif // BNNCC_COMPILER_VERIFY_VERIFY_H
