// Which C x H x W layout the graph's inputs should have: the one that the first
// layer behind them needs, so that the loader packs it and nothing moves later.

#ifndef BNNCC_COMPILER_FUSE_INPUTLAYOUTS_H
#define BNNCC_COMPILER_FUSE_INPUTLAYOUTS_H

#include "fuse/Order.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace bnncc {

/// Element i of the C x H x W map is element from[i] of the ONNX value.
struct InputLayout {
  Shape dims;
  Indices from;
};

/// Layouts of the graph's inputs and of what is cut out of them (Slice, Gather,
/// Expand), where another than their own order is needed.
using InputLayouts = llvm::DenseMap<mlir::Value, InputLayout>;

InputLayouts findInputLayouts(mlir::func::FuncOp func);

/// A Concat of one computed operand and constants of one value is a Pad: how
/// many positions before and after it, and the value's constant. None for
/// other operations.
struct ConcatPad {
  mlir::Value data, value;
  int64_t axis, before, after;
};
std::optional<ConcatPad> asPad(mlir::Operation *concat);

/// For each element of the result of a Slice, Gather or Expand, the element of
/// its operand; empty for other operations, and for computed indices.
Indices selectionOf(mlir::Operation *op, llvm::ArrayRef<int64_t> operandShape);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_INPUTLAYOUTS_H
