// Integer loops of the interpreter: contiguous rows, so that they vectorise.

#include "bnn/InterpreterKernels.h"
#include <algorithm>
#include <limits>

namespace bnncc::bnn {
namespace {

// The padded input with the columns of each row sorted by column mod stride:
// the taps of one kernel column are then contiguous for all output columns.
struct PhasedRows {
  int64_t rows, phases, width;
  std::vector<int32_t> data;

  PhasedRows(const Window &w, const std::vector<int32_t> &input, int32_t pad)
      : rows(w.input[1] + w.pads[0] + w.pads[2]), phases(w.strides[1]),
        width((w.input[2] + w.pads[1] + w.pads[3]) / phases + 1),
        data(w.input[0] * rows * phases * width, pad) {
    for (int64_t c = 0; c < w.input[0]; ++c)
      for (int64_t y = 0; y < w.input[1]; ++y) {
        const int32_t *from = &input[(c * w.input[1] + y) * w.input[2]];
        int32_t *to = row(c, y + w.pads[0], 0);
        for (int64_t x = 0; x < w.input[2]; ++x) {
          int64_t column = x + w.pads[1];
          to[column % phases * width + column / phases] = from[x];
        }
      }
  }

  int32_t *row(int64_t c, int64_t y, int64_t phase) {
    return &data[((c * rows + y) * phases + phase) * width];
  }
};

void accumulate(int32_t *sum, const int32_t *taps, int64_t n, int32_t weight) {
  if (weight == 1)
    for (int64_t i = 0; i < n; ++i)
      sum[i] += taps[i];
  else if (weight == -1)
    for (int64_t i = 0; i < n; ++i)
      sum[i] -= taps[i];
  else
    for (int64_t i = 0; i < n; ++i)
      sum[i] += weight * taps[i];
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

  PhasedRows rows(w, input, padValue);
  std::vector<int32_t> output(w.output[0] * w.output[1] * w.output[2]);
  const int8_t *weight = weights.data();
  for (int64_t o = 0; o < w.output[0]; ++o)
    for (int64_t c = 0; c < w.input[0]; ++c)
      for (int64_t i = 0; i < w.kernel[0]; ++i)
        for (int64_t j = 0; j < w.kernel[1]; ++j, ++weight)
          for (int64_t y = 0; y < w.output[1]; ++y)
            accumulate(&output[(o * w.output[1] + y) * w.output[2]],
                       rows.row(c, y * w.strides[0] + i, j % w.strides[1]) +
                           j / w.strides[1],
                       w.output[2], *weight);
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
