//===- Fold.h - Exact folding of constants ----------------------*- C++ -*-===//
//
// Evaluates canonical operations on constants where the result is exact.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_FOLD_H
#define BNNCC_COMPILER_IMPORT_FOLD_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "mlir/IR/ValueRange.h"

namespace bnncc::importer {

/// The value of the canonical operation `op` on constant operands; null if an
/// operand is not constant, or the operation is not one that is exact on them.
mlir::DenseElementsAttr fold(llvm::StringRef op, mlir::ValueRange operands,
                             mlir::RankedTensorType type,
                             llvm::ArrayRef<mlir::NamedAttribute> attrs);

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_FOLD_H
