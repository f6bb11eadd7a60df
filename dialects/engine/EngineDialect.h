//===- EngineDialect.h - Instructions as operations -------------*- C++ -*-===//
//
// The engine dialect and the way between its operations and isa::Instruction.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_DIALECTS_ENGINE_ENGINEDIALECT_H
#define BNNCC_DIALECTS_ENGINE_ENGINEDIALECT_H

#include "bnn/isa/Isa.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"

#include "engine/EngineDialect.h.inc"

#define GET_OP_CLASSES
#include "engine/EngineOps.h.inc"

namespace bnncc::engine {

/// The operation of `instruction`, with its fields as attributes.
mlir::Operation *buildInstruction(mlir::OpBuilder &builder, mlir::Location loc,
                                  const ::bnn::isa::Instruction &instruction);

/// The instruction that `op` stands for. On failure returns false and sets
/// `error` to the rule and what was found.
bool readInstruction(mlir::Operation *op, ::bnn::isa::Instruction &instruction,
                     std::string &error);

} // namespace bnncc::engine

#endif // BNNCC_DIALECTS_ENGINE_ENGINEDIALECT_H
