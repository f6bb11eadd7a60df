// Declares the integer loops of the interpreter, free of MLIR.

#ifndef BNNCC_DIALECTS_BNN_INTERPRETERKERNELS_H
#define BNNCC_DIALECTS_BNN_INTERPRETERKERNELS_H

#include <array>
#include <cstdint>
#include <vector>

namespace bnncc::bnn {

/// A sliding window over a C x H x W map; pads are top, left, bottom, right.
struct Window {
  std::array<int64_t, 3> input;
  std::array<int64_t, 3> output;
  std::array<int64_t, 2> kernel;
  std::array<int64_t, 2> strides;
  std::array<int64_t, 4> pads;
};

/// The exact dot products of `window`, weights in O, C, H, W order.
std::vector<int32_t> convolve(const Window &window,
                              const std::vector<int32_t> &input,
                              const std::vector<int8_t> &weights,
                              int32_t padValue);

/// The maximum of each window over the positions inside the map.
template <typename T>
std::vector<T> maxPool(const Window &window, const std::vector<T> &input);

} // namespace bnncc::bnn

#endif // BNNCC_DIALECTS_BNN_INTERPRETERKERNELS_H
