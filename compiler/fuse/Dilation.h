// Weights of a dilated kernel as those of a whole one, with zeros between.

#ifndef BNNCC_COMPILER_FUSE_DILATION_H
#define BNNCC_COMPILER_FUSE_DILATION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace bnncc {

/// O x C x KH x KW weights, with zeros in the gaps of `dilations` (rows,
/// columns); `shape` becomes that of the result.
template <typename T>
std::vector<T> dilate(llvm::ArrayRef<T> weights,
                      llvm::SmallVectorImpl<int64_t> &shape,
                      llvm::ArrayRef<int64_t> dilations) {
  int64_t h = shape[2], w = shape[3];
  shape[2] = (h - 1) * dilations[0] + 1;
  shape[3] = (w - 1) * dilations[1] + 1;
  std::vector<T> wide(shape[0] * shape[1] * shape[2] * shape[3], T(0));
  for (size_t i = 0; i < weights.size(); ++i) {
    int64_t x = int64_t(i) % w, y = int64_t(i) / w % h, map = int64_t(i) / w / h;
    wide[(map * shape[2] + y * dilations[0]) * shape[3] + x * dilations[1]] =
        weights[i];
  }
  return wide;
}

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_DILATION_H
