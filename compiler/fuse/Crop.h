// Cuts of maps between layers: what is not wanted is not computed.

#ifndef BNNCC_COMPILER_FUSE_CROP_H
#define BNNCC_COMPILER_FUSE_CROP_H

#include "fuse/Order.h"
#include "mlir/IR/Builders.h"
#include <optional>

namespace bnncc {

/// Every `step`-th row and column from `start` on, `size` of them, all channels.
struct Crop {
  int64_t start[2], step[2], size[2]; ///< of H and of W
};

/// The crop that takes the elements `from` of a map of `dims` for one of `to`;
/// none if they are another choice.
std::optional<Crop> asCrop(llvm::ArrayRef<int32_t> from,
                           llvm::ArrayRef<int64_t> dims,
                           llvm::ArrayRef<int64_t> to);

/// The crop of a bnn value, by layers that compute no more than it holds: a
/// convolution's stride takes up the step and its pads the start, and what it
/// does not read is cut from its input in turn, up to the host's. Null where an
/// operation has no such form.
mlir::Value cropped(mlir::OpBuilder &builder, mlir::Value value,
                    const Crop &crop);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_CROP_H
