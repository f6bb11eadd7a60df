//===- Verify.h - Proof by execution on corner inputs -----------*- C++ -*-===//
//
// Runs what the graph means, the bnn functions and the final bytes over
// constructed inputs and names the first layer, channel and position that
// differ.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_VERIFY_H
#define BNNCC_COMPILER_LOWER_VERIFY_H

#include "Emit.h"
#include "Legalise.h"

#include "mlir/IR/BuiltinOps.h"

namespace bnncc::lower {

struct VerifyJob {
  mlir::ModuleOp onnx;     ///< as imported
  mlir::func::FuncOp func; ///< bnn level
  const Legalised &legalised;
  const Plan &plan;
  const isa::Program &program;
  std::string signZero = "error";
  uint32_t seed = 1; ///< of the random windows
  bool realInput = false; ///< no float arithmetic before the input's quantiser
};

struct VerifyResult {
  unsigned inputs = 0; ///< windows that were compared
  unsigned ties = 0;   ///< of them, made to lie between two classes
  /// Windows with a decision of the host that float32 could make otherwise.
  unsigned closeWindows = 0;
  uint64_t values = 0; ///< integers of hidden and last layers compared
};

/// False and one line in `error` at the first difference.
bool verifyExact(const VerifyJob &job, VerifyResult &result,
                 std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_VERIFY_H
