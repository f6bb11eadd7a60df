// Checks the interpreter's convolution and pool against plain loops.

#include "bnn/InterpreterKernels.h"
#include <gtest/gtest.h>
#include <random>

using namespace bnncc::bnn;

namespace {

int64_t plainTap(const Window &w, const std::vector<int32_t> &input, int64_t c,
                 int64_t y, int64_t x, int64_t outside) {
  if (y < 0 || x < 0 || y >= w.input[1] || x >= w.input[2])
    return outside;
  return input[(c * w.input[1] + y) * w.input[2] + x];
}

std::vector<int32_t> plainConvolve(const Window &w,
                                   const std::vector<int32_t> &input,
                                   const std::vector<int8_t> &weights,
                                   int32_t pad) {
  std::vector<int32_t> output;
  for (int64_t o = 0; o < w.output[0]; ++o)
    for (int64_t y = 0; y < w.output[1]; ++y)
      for (int64_t x = 0; x < w.output[2]; ++x) {
        int32_t sum = 0;
        for (int64_t c = 0; c < w.input[0]; ++c)
          for (int64_t i = 0; i < w.kernel[0]; ++i)
            for (int64_t j = 0; j < w.kernel[1]; ++j)
              sum += weights[((o * w.input[0] + c) * w.kernel[0] + i) *
                                 w.kernel[1] +
                             j] *
                     plainTap(w, input, c, y * w.strides[0] + i - w.pads[0],
                              x * w.strides[1] + j - w.pads[1], pad);
        output.push_back(sum);
      }
  return output;
}

TEST(Interpreter, ConvolutionAndPoolAgreeWithPlainLoops) {
  std::mt19937 random(1);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int checked = 0;
  for (int i = 0; i < 400; ++i) {
    Window w{{pick(1, 3), pick(1, 7), pick(1, 12)},
             {pick(1, 4), 0, 0},
             {pick(1, 4), pick(1, 6)},
             {pick(1, 3), pick(1, 3)},
             {}};
    for (int side = 0; side < 4; ++side)
      w.pads[side] = pick(0, w.kernel[side % 2] - 1);
    for (int axis : {0, 1}) {
      int64_t span =
          w.input[axis + 1] + w.pads[axis] + w.pads[axis + 2] - w.kernel[axis];
      w.output[axis + 1] = span < 0 ? 0 : span / w.strides[axis] + 1;
    }
    if (w.output[1] * w.output[2] == 0)
      continue;
    ++checked;
    std::vector<int32_t> input(w.input[0] * w.input[1] * w.input[2]);
    for (int32_t &x : input)
      x = pick(-128, 127);
    std::vector<int8_t> weights(w.output[0] * w.input[0] * w.kernel[0] *
                                w.kernel[1]);
    for (int8_t &x : weights)
      x = i % 2 ? 2 * pick(0, 1) - 1 : pick(-8, 7);
    int32_t pad = pick(-1, 1);
    EXPECT_EQ(convolve(w, input, weights, pad),
              plainConvolve(w, input, weights, pad));

    Window pool = w;
    pool.output[0] = w.input[0];
    std::vector<int32_t> maxima;
    for (int64_t c = 0; c < pool.output[0]; ++c)
      for (int64_t y = 0; y < pool.output[1]; ++y)
        for (int64_t x = 0; x < pool.output[2]; ++x) {
          int64_t best = INT32_MIN;
          for (int64_t v = 0; v < pool.kernel[0]; ++v)
            for (int64_t u = 0; u < pool.kernel[1]; ++u)
              best = std::max(best,
                              plainTap(pool, input, c,
                                       y * pool.strides[0] + v - pool.pads[0],
                                       x * pool.strides[1] + u - pool.pads[1],
                                       INT32_MIN));
          maxima.push_back(best);
        }
    EXPECT_EQ(maxPool(pool, input), maxima);
  }
  EXPECT_GT(checked, 200);
}

} // namespace
