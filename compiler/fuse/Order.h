// Where the elements of an ONNX tensor lie in the C x H x W map that holds it.

#ifndef BNNCC_COMPILER_FUSE_ORDER_H
#define BNNCC_COMPILER_FUSE_ORDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <numeric>
#include <vector>

namespace bnncc {

using Shape = llvm::SmallVector<int64_t>;
using Indices = std::vector<int32_t>;

/// A permutation of row-major indices: element i of the tensor is element at(i)
/// of the map. Most are the identity, which takes no memory.
class Order {
public:
  Order() = default;
  explicit Order(Indices places) : places(std::move(places)) {
    bool same = true;
    for (size_t i = 0; same && i < this->places.size(); ++i)
      same = this->places[i] == int32_t(i);
    if (same)
      this->places.clear();
  }

  bool isIdentity() const { return places.empty(); }
  int64_t at(int64_t i) const { return places.empty() ? i : places[i]; }
  bool operator==(const Order &) const = default;

  /// Element i of the result is element at(selection[i]) of the map.
  Indices select(llvm::ArrayRef<int32_t> selection) const {
    Indices result;
    result.reserve(selection.size());
    for (int32_t i : selection)
      result.push_back(int32_t(at(i)));
    return result;
  }

private:
  Indices places;
};

inline int64_t elementCount(llvm::ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<>());
}

/// Row-major steps of a shape.
inline Shape stepsOf(llvm::ArrayRef<int64_t> shape) {
  Shape steps(shape.size(), 1);
  for (size_t k = shape.size(); k-- > 1;)
    steps[k - 1] = steps[k] * shape[k];
  return steps;
}

/// start + the sum of i_k * steps_k, for all indices of `sizes` in order.
inline Indices walk(llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> steps, int64_t start = 0) {
  Indices result{int32_t(start)};
  for (size_t k = 0; k < sizes.size(); ++k) {
    Indices finer;
    finer.reserve(result.size() * sizes[k]);
    for (int32_t at : result)
      for (int64_t i = 0; i < sizes[k]; ++i)
        finer.push_back(int32_t(at + i * steps[k]));
    result = std::move(finer);
  }
  return result;
}

/// For each element of a tensor of `shape` transposed by `perm`, where it lies
/// in the tensor itself.
inline Indices transposed(llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> perm) {
  Shape all = stepsOf(shape), sizes, steps;
  for (int64_t axis : perm) {
    sizes.push_back(shape[axis]);
    steps.push_back(all[axis]);
  }
  return walk(sizes, steps);
}

/// The inverse of a permutation.
inline Indices inverse(llvm::ArrayRef<int32_t> places) {
  Indices result(places.size());
  for (size_t i = 0; i < places.size(); ++i)
    result[places[i]] = int32_t(i);
  return result;
}

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_ORDER_H
