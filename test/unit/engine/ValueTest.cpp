// The golden engine's value path and weighted tree against plain loops: int8
// samples in quad layout, integer max pool, raw values, sums, split sums and
// thresholded sums.
#include "bnn/isa/Engine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace bnn;
using namespace bnn::isa;

namespace {

uint32_t appendBeats(std::vector<uint8_t> &data, const void *bytes, size_t n) {
  uint32_t beat = uint32_t(data.size() / 8);
  auto *p = static_cast<const uint8_t *>(bytes);
  data.insert(data.end(), p, p + n);
  data.resize((data.size() + 7) / 8 * 8);
  return beat;
}

/// `quad_value`: planes 1, shift, planes 0; with `sum` loop 5 is reduced too.
std::vector<uint64_t> quadRoutine() {
  Microword odd;
  odd.mac = 1;
  odd.first = AccOp::Init;
  odd.rest = AccOp::Add;
  odd.reduce = 7;
  odd.tail = 1;
  odd.plane_a = 1;
  odd.ends = 1;
  odd.lo = 0, odd.hi = 2;
  Microword even = odd;
  even.first = AccOp::Shift;
  even.plane_a = 0;
  even.sample = Sample::Value;
  even.hi = 7;
  even.near = 1;
  even.far = 0;
  even.halt = 1;
  return {encode(odd), encode(even)};
}

class RandomValues : public ::testing::TestWithParam<int> {};

TEST_P(RandomValues, MatchPlainLoops) {
  std::mt19937 random(GetParam());
  auto pick = [&](int lo, int hi) { return lo + int(random() % (hi - lo + 1)); };
  Target target;
  target.clusters = 1u << (2 * pick(0, 2));
  uint32_t gp = target.clusters;
  int kernel = pick(1, 40), stride = pick(1, 6), pixels = pick(1, 120);
  int length = kernel + (pixels - 1) * stride;
  int window = std::min(pick(1, 7), pixels), poolStride = pick(1, 3);
  int pooled = (pixels - window) / poolStride + 1;
  auto mode = OutMode(pick(1, 4));
  bool isSigned = random() & 1;

  std::vector<int> samples(length);
  for (int &v : samples)
    v = isSigned ? pick(-128, 127) : pick(0, 255);
  std::vector<std::vector<int>> weights(8, std::vector<int>(kernel));
  for (auto &w : weights)
    for (int &v : w)
      v = random() & 1 ? 1 : -1;
  // A start value per channel so that acc = dot + bias.
  std::vector<int> bias(8), polarity(8), sumThreshold(8);
  std::vector<int32_t> entries;
  for (int ch = 0; ch < 8; ++ch) {
    bias[ch] = pick(-300, 300);
    polarity[ch] = random() & 1;
    int minus = 0;
    for (int w : weights[ch])
      minus += w < 0;
    int constant = 255 * minus + (isSigned ? 128 * (kernel - 2 * minus) : 0);
    entries.push_back(bias[ch] - constant);
  }

  std::vector<uint8_t> data, input, scratch;
  auto microcode = quadRoutine();
  Load control;
  control.dest = LoadDest::Control;
  control.source = appendBeats(data, microcode.data(), microcode.size() * 8);
  control.beats = uint32_t(microcode.size());

  uint32_t words = uint32_t(kernel + 7) / 8;
  std::vector<uint32_t> rows;
  for (uint32_t w = 0; w < words; ++w)
    for (int ch = 0; ch < 8; ++ch) {
      uint32_t byte = 0;
      for (uint32_t i = 0; i < 8; ++i)
        byte |= uint32_t(w * 8 + i >= uint32_t(kernel) ||
                         weights[ch][w * 8 + i] > 0)
                << i;
      rows.push_back(byte * 0x01010101u);
    }
  Load weightLoad;
  weightLoad.dest = LoadDest::Weights;
  weightLoad.source = appendBeats(data, rows.data(), rows.size() * 4);
  weightLoad.beats = uint32_t(rows.size() / 2);
  std::vector<uint8_t> thresholdRow;
  for (int ch = 0; ch < 8; ++ch) {
    uint32_t entry = thresholdEntry(entries[ch], polarity[ch]);
    for (int i = 0; i < 4; ++i)
      thresholdRow.push_back(uint8_t(entry >> (8 * i)));
  }
  Load thresholdLoad;
  thresholdLoad.dest = LoadDest::Thresholds;
  thresholdLoad.source = appendBeats(data, thresholdRow.data(), thresholdRow.size());
  thresholdLoad.beats = isaRowBeats;

  for (int v : samples)
    input.push_back(uint8_t(v) ^ (isSigned ? 0x80 : 0));
  input.resize((input.size() + 7) / 8 * 8 + 8);
  Load lanes;
  lanes.dest = LoadDest::Lanes;
  lanes.region = Region::Input;
  lanes.format = Format::Quad;
  lanes.phase = uint32_t(stride);
  lanes.beats = uint32_t(input.size() / 8);
  lanes.push_next = 1;

  // Eight pixels move the string by 8*stride bytes: 2*stride words.
  Loop l0;
  l0.index0 = 0, l0.limit0 = words, l0.act_stride0 = 2, l0.weight_stride0 = 1;
  l0.index1 = 5, l0.limit1 = (uint32_t(pixels) + 8 * gp - 1) / (8 * gp);
  l0.act_stride1 = int(2 * uint32_t(stride) * gp);
  Out out;
  out.mode = mode;
  out.base = mode == OutMode::SumBits ? 1024 : 3;
  out.record = 1;
  out.phase = 1;
  out.pool_window = uint32_t(window);
  out.pool_stride = uint32_t(poolStride);
  out.pixels = uint32_t(pixels);
  isa::Run run;
  run.pop_prev = run.push_next = 1;
  run.quad = 1;
  run.shifts = 1;
  run.act_plane_stride = 1;
  run.cluster_stride = 2 * uint32_t(stride);
  run.tail = uint32_t(kernel) % 8;
  int emitted = mode == OutMode::Raw ? pooled : mode == OutMode::Split ? 2 : 1;
  Store store;
  store.pop_prev = 1;
  store.region = Region::Output;
  store.source = mode == OutMode::SumBits ? StoreSource::Lanes : StoreSource::Output;
  store.address = out.base;
  store.beats = mode == OutMode::SumBits ? 1 : uint32_t(4 * emitted);

  std::vector<Instruction> code;
  for (const Load &load : {control, weightLoad, thresholdLoad, lanes})
    code.push_back(load);
  code.insert(code.end(), {Instruction(l0), Instruction(out), Instruction(run),
                           Instruction(store), Instruction(End{})});
  std::vector<uint8_t> bytes(code.size() * 16), output(store.beats * 8);
  for (size_t i = 0; i < code.size(); ++i)
    storeBits(encode(code[i]), bytes.data() + 16 * i);
  Engine engine(target);
  Outcome outcome = engine.run(bytes, Memory{{data, input, output, scratch}});
  ASSERT_EQ(outcome.trap, Trap::None) << outcome.trapText;

  std::vector<int32_t> got(output.size() / 4);
  std::memcpy(got.data(), output.data(), output.size());
  uint8_t bits = 0;
  for (int ch = 0; ch < 8; ++ch) {
    std::vector<int> acc(pixels);
    for (int x = 0; x < pixels; ++x) {
      acc[x] = bias[ch];
      for (int k = 0; k < kernel; ++k)
        acc[x] += weights[ch][k] * samples[x * stride + k];
    }
    int sum = 0, positive = 0, negative = 0;
    for (int o = 0; o < pooled; ++o) {
      int best = acc[o * poolStride];
      for (int d = 1; d < window; ++d)
        best = std::max(best, acc[o * poolStride + d]);
      if (mode == OutMode::Raw) {
        ASSERT_EQ(got[size_t(o) * 8 + ch], best) << "pixel " << o;
      }
      sum += best;
      (best < 0 ? negative : positive) += best;
    }
    if (mode == OutMode::Sum) {
      ASSERT_EQ(got[ch], sum);
    }
    if (mode == OutMode::Split) {
      ASSERT_EQ(got[ch], positive);
      ASSERT_EQ(got[8 + ch], negative);
    }
    bits |= uint8_t((sum + entries[ch] >= 0) != (polarity[ch] != 0)) << ch;
  }
  if (mode == OutMode::SumBits) {
    ASSERT_EQ(output[0], bits);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomValues, ::testing::Range(0, 200));

} // namespace
