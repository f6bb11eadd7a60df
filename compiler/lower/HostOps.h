//===- HostOps.h - What the loader does around the engine -------*- C++ -*-===//
//
// The host's part of a program from bnn operations: the input quantiser, and
// what follows the last integer.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_HOSTOPS_H
#define BNNCC_COMPILER_LOWER_HOSTOPS_H

#include "Legalise.h"

#include "llvm/ADT/DenseMap.h"

namespace bnncc::lower {

/// The quantiser that a bnn.quantize or bnn.cast_input is.
host::Quantiser hostQuantiser(mlir::Operation *op);
/// That of an integer input, which needs none: its range.
host::Quantiser integerInput(const Layer &first);

/// `ops` as the loader's; `numbers` says which values their operands are, and
/// gets their results, which follow `made` values.
std::vector<host::Op> hostOps(llvm::ArrayRef<mlir::Operation *> ops,
                              llvm::DenseMap<mlir::Value, uint32_t> &numbers,
                              uint32_t made);

/// How the last layer leaves the engine and what the host makes of it.
struct HostTail {
  OutputKind output = OutputKind::Raw;
  std::vector<host::Op> ops;
  std::vector<uint32_t> outputs; ///< the host's values that `results` are
};

/// Chooses the mode of the last layer, whose integers (`summed`: their sums) go
/// into `ops`, the host operations from to_real on in their order; `results` are
/// values of these, or the integers. A sum over positions moves onto the engine
/// if everything before it is linear (Sum), or a PReLU that bends at exactly
/// zero (Split).
HostTail hostTail(const Layer &layer, bool summed, mlir::Value integers,
                  llvm::ArrayRef<mlir::Operation *> ops,
                  mlir::ValueRange results);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_HOSTOPS_H
