// Integer loops of the interpreter: contiguous rows, so that they vectorise.

#include "bnn/InterpreterKernels.h"
#include <algorithm>
#include <cstdlib>
#include <limits>

// A second version for processors that have AVX2, chosen when the program starts.
#if defined(__x86_64__)
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

namespace bnncc::bnn {
namespace {

// The padded input with the columns of each row sorted by column mod stride:
// the taps of one kernel column are then contiguous for all output columns.
template <typename T> struct PhasedRows {
  int64_t rows, phases, width;
  std::vector<T> data;

  PhasedRows(const Window &w, const std::vector<int32_t> &input, int32_t pad)
      : rows(w.input[1] + w.pads[0] + w.pads[2]), phases(w.strides[1]),
        width((w.input[2] + w.pads[1] + w.pads[3]) / phases + 1),
        data(w.input[0] * rows * phases * width, T(pad)) {
    for (int64_t c = 0; c < w.input[0]; ++c)
      for (int64_t y = 0; y < w.input[1]; ++y) {
        const int32_t *from = &input[(c * w.input[1] + y) * w.input[2]];
        T *to = row(c, y + w.pads[0], 0);
        for (int64_t x = 0; x < w.input[2]; ++x) {
          int64_t column = x + w.pads[1];
          to[column % phases * width + column / phases] = T(from[x]);
        }
      }
  }

  T *row(int64_t c, int64_t y, int64_t phase) {
    return &data[((c * rows + y) * phases + phase) * width];
  }
};

/// sum[i] += weights of `N` channels times their taps, `apart` from each other.
template <int N, typename T>
inline __attribute__((always_inline)) void
accumulate(T *__restrict sum, const T *__restrict taps, int64_t apart,
           int64_t n, const int8_t *weights, int64_t weightsApart) {
  T weight[N];
  for (int k = 0; k < N; ++k)
    weight[k] = weights[k * weightsApart];
  for (int64_t i = 0; i < n; ++i) {
    T more = 0;
    for (int k = 0; k < N; ++k)
      more += T(weight[k] * taps[i + k * apart]);
    sum[i] += more;
  }
}

/// `N` input channels from `c` on, together: sums are loaded and stored once.
template <int N, typename T>
inline __attribute__((always_inline)) void
accumulateChannels(const Window &w, PhasedRows<T> &rows, int64_t o, int64_t c,
                   const std::vector<int8_t> &weights, T *output) {
  int64_t kernelSize = w.kernel[0] * w.kernel[1];
  int64_t apart = rows.rows * rows.phases * rows.width;
  const int8_t *weight = &weights[(o * w.input[0] + c) * kernelSize];
  for (int64_t i = 0; i < w.kernel[0]; ++i)
    for (int64_t j = 0; j < w.kernel[1]; ++j, ++weight)
      for (int64_t y = 0; y < w.output[1]; ++y)
        accumulate<N>(output + y * w.output[2],
                      rows.row(c, y * w.strides[0] + i, j % w.strides[1]) +
                          j / w.strides[1],
                      apart, w.output[2], weight, kernelSize);
}

template <typename T>
inline __attribute__((always_inline)) void
accumulateRows(const Window &w, PhasedRows<T> &rows,
               const std::vector<int8_t> &weights, std::vector<T> &output) {
  for (int64_t o = 0; o < w.output[0]; ++o) {
    T *map = &output[o * w.output[1] * w.output[2]];
    int64_t c = 0;
    for (; c + 4 <= w.input[0]; c += 4)
      accumulateChannels<4>(w, rows, o, c, weights, map);
    for (; c < w.input[0]; ++c)
      accumulateChannels<1>(w, rows, o, c, weights, map);
  }
}

VECTOR_CLONES void sumRows(const Window &w, PhasedRows<int16_t> &rows,
                           const std::vector<int8_t> &weights,
                           std::vector<int16_t> &output) {
  accumulateRows(w, rows, weights, output);
}
VECTOR_CLONES void sumRows(const Window &w, PhasedRows<int32_t> &rows,
                           const std::vector<int8_t> &weights,
                           std::vector<int32_t> &output) {
  accumulateRows(w, rows, weights, output);
}

/// What no sum of a part of the taps exceeds.
int64_t largestSum(const Window &w, const std::vector<int32_t> &input,
                   const std::vector<int8_t> &weights, int32_t padValue) {
  int64_t element = std::abs(int64_t(padValue)), most = 0;
  for (int32_t x : input)
    element = std::max(element, std::abs(int64_t(x)));
  int64_t taps = int64_t(weights.size()) / w.output[0];
  for (int64_t o = 0; o < w.output[0]; ++o) {
    int64_t sum = 0;
    for (int64_t i = 0; i < taps; ++i)
      sum += std::abs(int32_t(weights[o * taps + i]));
    most = std::max(most, sum);
  }
  return element * most;
}

// One window that is the whole padded map: plain dot products.
std::vector<int32_t> dense(const Window &w, const std::vector<int32_t> &input,
                           const std::vector<int8_t> &weights) {
  std::vector<int32_t> output(w.output[0]);
  int64_t taps = input.size();
  for (int64_t o = 0; o < w.output[0]; ++o) {
    const int8_t *weight = &weights[o * taps];
    int32_t sum = 0;
    for (int64_t i = 0; i < taps; ++i)
      sum += weight[i] * input[i];
    output[o] = sum;
  }
  return output;
}

} // namespace

std::vector<int32_t> convolve(const Window &w,
                              const std::vector<int32_t> &input,
                              const std::vector<int8_t> &weights,
                              int32_t padValue) {
  bool padded = std::any_of(w.pads.begin(), w.pads.end(),
                            [](int64_t pad) { return pad != 0; });
  if (!padded && w.kernel[0] == w.input[1] && w.kernel[1] == w.input[2])
    return dense(w, input, weights);

  size_t size = w.output[0] * w.output[1] * w.output[2];
  if (largestSum(w, input, weights, padValue) <= INT16_MAX) { // twice as fast
    PhasedRows<int16_t> rows(w, input, padValue);
    std::vector<int16_t> output(size);
    sumRows(w, rows, weights, output);
    return {output.begin(), output.end()};
  }
  PhasedRows<int32_t> rows(w, input, padValue);
  std::vector<int32_t> output(size);
  sumRows(w, rows, weights, output);
  return output;
}

template <typename T>
std::vector<T> maxPool(const Window &w, const std::vector<T> &input) {
  std::vector<T> output;
  output.reserve(w.output[0] * w.output[1] * w.output[2]);
  for (int64_t c = 0; c < w.output[0]; ++c)
    for (int64_t y = 0; y < w.output[1]; ++y) {
      int64_t top = y * w.strides[0] - w.pads[0];
      int64_t bottom = std::min(top + w.kernel[0], w.input[1]);
      for (int64_t x = 0; x < w.output[2]; ++x) {
        int64_t left = x * w.strides[1] - w.pads[1];
        int64_t right = std::min(left + w.kernel[1], w.input[2]);
        T best = std::numeric_limits<T>::lowest();
        for (int64_t v = std::max<int64_t>(top, 0); v < bottom; ++v)
          for (int64_t u = std::max<int64_t>(left, 0); u < right; ++u)
            best = std::max(best, input[(c * w.input[1] + v) * w.input[2] + u]);
        output.push_back(best);
      }
    }
  return output;
}

template std::vector<int32_t> maxPool(const Window &,
                                      const std::vector<int32_t> &);
template std::vector<double> maxPool(const Window &,
                                     const std::vector<double> &);

} // namespace bnncc::bnn
