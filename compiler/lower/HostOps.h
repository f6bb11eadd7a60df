//===- HostOps.h - What the loader does around the engine -------*- C++ -*-===//
//
// The host's part of a program as the JSON of docs/program-file.md: the input
// quantiser, and what follows the last integer.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_HOSTOPS_H
#define BNNCC_COMPILER_LOWER_HOSTOPS_H

#include "Legalise.h"

namespace bnncc::lower {

/// `input.quantise` for a bnn.quantize or bnn.cast_input.
Json hostQuantiser(mlir::Operation *op);

/// How the last layer leaves the engine and what the host makes of it.
struct HostTail {
  OutputKind output = OutputKind::Raw;
  Json epilogue = Json::array();
  /// The engine took over the first `covered` of the operations; the first
  /// `coveredOps` entries of `epilogue` finish them.
  size_t covered = 0, coveredOps = 0;
};

/// Chooses the mode of the last layer, whose integers (`summed`: their sums) go
/// into `ops`, the host operations from to_real on. A sum over positions moves
/// onto the engine if everything before it is linear (Sum), or a PReLU that
/// bends at exactly zero (Split).
HostTail hostTail(const Layer &layer, bool summed,
                  llvm::ArrayRef<mlir::Operation *> ops);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_HOSTOPS_H
