//===- EngineModule.h - Machine code as engine operations -------*- C++ -*-===//
//
// The step between a plan and instructions: a module of the engine dialect with
// the plan's buffers and its code, which prints, verifies and reads back.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_ENGINEMODULE_H
#define BNNCC_COMPILER_LOWER_ENGINEMODULE_H

#include "Emit.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace bnncc::lower {

/// One engine.program; operations carry the ONNX nodes as locations.
mlir::OwningOpRef<mlir::ModuleOp> engineModule(mlir::MLIRContext &context,
                                               const Network &network,
                                               const Plan &plan,
                                               const MachineCode &code);

/// The code of such a module. On failure returns false and sets `error`.
bool readEngineModule(mlir::ModuleOp module, MachineCode &code,
                      std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_ENGINEMODULE_H
