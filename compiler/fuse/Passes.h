// Declares the passes from the onnx level to the bnn level.

#ifndef BNNCC_COMPILER_FUSE_PASSES_H
#define BNNCC_COMPILER_FUSE_PASSES_H

#include "bnn/BnnDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include <memory>
#include <string>

namespace bnncc {

#define GEN_PASS_DECL
#include "fuse/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fuse/Passes.h.inc"

struct FuseOptions {
  /// `[NAME=]int8|uint8|bipolar`, comma separated; empty if inputs are floats.
  std::string inputType;
  /// `error`, `plus` or `minus`.
  std::string signZero = "error";
  /// `float` or `real`.
  std::string inputArithmetic = "float";
};

/// Adds the passes that take an imported module to the bnn level.
void buildFusePipeline(mlir::OpPassManager &manager,
                       const FuseOptions &options);

/// Registers the passes and the pipeline `bnn-fuse`.
void registerBnnFusePasses();

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_PASSES_H
