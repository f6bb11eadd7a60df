// The golden engine model against plain loops: one layer at a time, built by
// hand from docs/engine.md, over random shapes, clusters, pools and thresholds.
#include "bnn/isa/Engine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace bnn;
using namespace bnn::isa;

namespace {

/// A binary 1-D layer: conv (valid), thresholds, OR-pool, one stream per group.
struct Layer {
  uint32_t channels, length, kernel, stride, filters;
  uint32_t window, poolStride;
  uint32_t thresholds; ///< planes
  bool poolFirst;
  uint32_t lead, trail;
  bool pad;
  uint32_t outPixels() const { return (length - kernel) / stride + 1; }
  uint32_t pooled() const { return (outPixels() - window) / poolStride + 1; }
};

uint32_t recordOf(uint32_t c) { return c > 32 ? 4 : (c + 7) / 8; }
uint32_t groupsOf(uint32_t c) { return (c + 31) / 32; }

/// A little program in memory: code, then data.
struct Builder {
  Target target;
  std::vector<uint8_t> data, input, output;
  std::vector<Instruction> code;

  uint32_t put(const void *bytes, size_t n) {
    uint32_t beat = uint32_t(data.size() / 8);
    data.insert(data.end(), static_cast<const uint8_t *>(bytes),
                static_cast<const uint8_t *>(bytes) + n);
    data.resize((data.size() + 7) / 8 * 8);
    return beat;
  }
  Outcome run(Engine &engine) {
    std::vector<uint8_t> bytes(code.size() * 16);
    for (size_t i = 0; i < code.size(); ++i)
      storeBits(encode(code[i]), bytes.data() + 16 * i);
    std::vector<uint8_t> scratch;
    Memory memory{{data, input, output, scratch}};
    return engine.run(bytes, memory, 1);
  }
};

/// One microword of the `binary` routine, and a BIAS word for more thresholds.
std::vector<uint64_t> routine(uint32_t thresholds, Sample sample) {
  Microword mac;
  mac.mac = 1;
  mac.first = AccOp::Init;
  mac.rest = AccOp::Add;
  mac.reduce = 7;
  mac.sample = sample;
  mac.tail = 1;
  mac.ends = 1;
  mac.lo = 0;
  mac.near = mac.far = 0;
  if (thresholds == 1) {
    mac.done = 1;
    mac.hi = 7;
    mac.halt = 1;
    return {encode(mac)};
  }
  mac.hi = 2;
  Microword bias;
  bias.first = bias.rest = AccOp::Bias;
  bias.sample = sample;
  bias.plane = 1;
  bias.done = 1;
  bias.row = 1;
  bias.ends = 1;
  bias.lo = 3;
  bias.hi = 7;
  bias.near = 1;
  bias.far = 0;
  bias.halt = 1;
  return {encode(mac), encode(bias)};
}

struct Case {
  Layer layer;
  Target target;
  uint32_t split;
};

class RandomLayers : public ::testing::TestWithParam<int> {};

/// Bits of map [c][x] as records: groups of 32 channels, each a byte string.
std::vector<std::vector<uint8_t>> pack(const std::vector<std::vector<int>> &map) {
  uint32_t c = uint32_t(map.size()), record = recordOf(c);
  std::vector<std::vector<uint8_t>> groups(groupsOf(c));
  for (uint32_t g = 0; g < groups.size(); ++g)
    for (size_t x = 0; x < map[0].size(); ++x)
      for (uint32_t b = 0; b < record; ++b) {
        uint8_t byte = 0;
        for (uint32_t i = 0; i < 8; ++i)
          if (uint32_t ch = g * 32 + b * 8 + i; ch < c)
            byte |= (map[ch][x] > 0) << i;
        groups[g].push_back(byte);
      }
  return groups;
}

TEST_P(RandomLayers, MatchPlainLoops) {
  std::mt19937 random(GetParam());
  auto pick = [&](uint32_t lo, uint32_t hi) { return lo + random() % (hi - lo + 1); };
  Target target;
  target.clusters = 1u << (2 * pick(0, 2));
  target.laneWords = 4096;
  Layer layer;
  layer.channels = pick(1, 70);
  layer.kernel = pick(1, 7);
  layer.stride = pick(1, 2);
  layer.length = layer.kernel + pick(0, 150);
  layer.filters = pick(1, 70);
  layer.window = std::min<uint32_t>(pick(1, 7), layer.outPixels());
  layer.poolStride = pick(1, 3);
  layer.thresholds = pick(1, 3);
  layer.poolFirst = random() & 1;
  layer.lead = pick(0, 5) * recordOf(layer.filters);
  layer.trail = pick(0, 5) * recordOf(layer.filters);
  layer.pad = random() & 1;

  uint32_t inRecord = recordOf(layer.channels);
  uint32_t phase = layer.stride * inRecord;
  if (phase * 8 % 4) // never: 8 pixels are always whole words
    GTEST_FAIL();
  uint32_t outRecord = recordOf(layer.filters);
  uint32_t split = 0;
  while (split < 2 && (2u << split) <= target.clusters &&
         outRecord % (2u << split) == 0 && (random() & 1))
    ++split;
  uint32_t gm = 1u << split, gp = target.clusters / gm;
  uint32_t tilesPerGroup = outRecord / gm, outGroups = groupsOf(layer.filters);

  std::vector<std::vector<int>> map(layer.channels, std::vector<int>(layer.length));
  for (auto &row : map)
    for (int &v : row)
      v = random() & 1 ? 1 : -1;
  using Kernel = std::vector<std::vector<int>>;
  std::vector<Kernel> filters(layer.filters, Kernel(layer.channels, std::vector<int>(layer.kernel)));
  for (auto &f : filters)
    for (auto &row : f)
      for (int &v : row)
        v = random() & 1 ? 1 : -1;
  int n = int(layer.channels * layer.kernel);
  std::vector<std::vector<int>> points(layer.filters);
  std::vector<int> polarity(layer.filters);
  for (uint32_t f = 0; f < layer.filters; ++f) {
    for (uint32_t j = 0; j < layer.thresholds; ++j)
      points[f].push_back(int(pick(0, uint32_t(n) + 1)));
    polarity[f] = random() & 1;
  }

  // What must come out: pop counts, planes, pool.
  std::vector<std::vector<int>> expected(layer.filters, std::vector<int>(layer.pooled()));
  for (uint32_t f = 0; f < layer.filters; ++f) {
    std::vector<int> pop(layer.outPixels());
    for (uint32_t x = 0; x < layer.outPixels(); ++x)
      for (uint32_t c = 0; c < layer.channels; ++c)
        for (uint32_t k = 0; k < layer.kernel; ++k)
          pop[x] += map[c][x * layer.stride + k] == filters[f][c][k];
    for (uint32_t o = 0; o < layer.pooled(); ++o) {
      int bit = 0;
      if (layer.poolFirst) {
        for (int t : points[f]) {
          int any = 0;
          for (uint32_t d = 0; d < layer.window; ++d)
            any |= pop[o * layer.poolStride + d] >= t;
          bit ^= any;
        }
        bit ^= polarity[f];
      } else {
        for (uint32_t d = 0; d < layer.window; ++d) {
          int b = polarity[f];
          for (int t : points[f])
            b ^= pop[o * layer.poolStride + d] >= t;
          bit |= b;
        }
      }
      expected[f][o] = bit ? 1 : -1;
    }
  }

  // The program.
  Builder b;
  b.target = target;
  auto microcode = routine(layer.thresholds, Sample::Sign);
  Load control;
  control.dest = LoadDest::Control;
  control.region = Region::Program;
  control.source = b.put(microcode.data(), microcode.size() * 8);
  control.beats = uint32_t(microcode.size());
  b.code.push_back(control);

  // Input groups.
  auto groups = pack(map);
  uint32_t groupWords = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    auto bytes = groups[g];
    bytes.resize((bytes.size() + 7) / 8 * 8);
    groupWords = uint32_t(bytes.size() / 4 + 2);
    groupWords += groupWords % 2;
    Load lanes;
    lanes.dest = LoadDest::Lanes;
    lanes.region = Region::Input;
    lanes.source = uint32_t(b.input.size() / 8);
    lanes.beats = uint32_t(bytes.size() / 8);
    lanes.address = uint32_t(g) * groupWords;
    lanes.phase = phase;
    if (g + 1 == groups.size())
      lanes.push_next = 1;
    b.input.insert(b.input.end(), bytes.begin(), bytes.end());
    b.code.push_back(lanes);
  }

  // Weights and thresholds, channel group of clusters by channel group.
  uint32_t stringBits = layer.kernel * inRecord * 8;
  uint32_t words = (stringBits + 31) / 32, inGroups = uint32_t(groups.size());
  uint32_t rowsPerTile = words * inGroups;
  uint32_t tiles = tilesPerGroup * outGroups;
  std::vector<uint32_t> weightBits;
  std::vector<uint8_t> thresholdBytes;
  for (uint32_t m = 0; m < gm; ++m)
    for (uint32_t tile = 0; tile < tiles; ++tile) {
      uint32_t firstFilter = tile / tilesPerGroup * 32 + (tile % tilesPerGroup * gm + m) * 8;
      for (uint32_t g = 0; g < inGroups; ++g)
        for (uint32_t w = 0; w < words; ++w)
          for (uint32_t ch = 0; ch < 8; ++ch) {
            uint32_t word = 0;
            for (uint32_t i = 0; i < 32; ++i) {
              uint32_t bit = w * 32 + i, tap = bit / (inRecord * 8);
              uint32_t channel = g * 32 + bit % (inRecord * 8), f = firstFilter + ch;
              bool one = true; // masked bits and absent channels: 1 against 0
              if (f < layer.filters && tap < layer.kernel && channel < layer.channels)
                one = filters[f][channel][tap] > 0;
              word |= uint32_t(one) << i;
            }
            weightBits.push_back(word);
          }
      for (uint32_t j = 0; j < layer.thresholds; ++j)
        for (uint32_t ch = 0; ch < 8; ++ch) {
          uint32_t f = firstFilter + ch;
          int t = -20000, last = 0;
          bool pol = false;
          if (f < layer.filters) {
            t = -points[f][j];
            last = j ? -points[f][j - 1] : 0;
            pol = polarity[f];
          } else if (j) {
            last = -20000;
          }
          uint32_t entry = thresholdEntry(t - last, pol);
          for (int i = 0; i < 4; ++i)
            thresholdBytes.push_back(uint8_t(entry >> (8 * i)));
        }
    }
  Load weights;
  weights.dest = LoadDest::Weights;
  weights.region = Region::Program;
  weights.source = b.put(weightBits.data(), weightBits.size() * 4);
  weights.beats = uint32_t(weightBits.size() / 2);
  weights.split = split;
  weights.push_next = 0;
  Load thresholds = weights;
  thresholds.dest = LoadDest::Thresholds;
  thresholds.source = b.put(thresholdBytes.data(), thresholdBytes.size());
  thresholds.beats = uint32_t(thresholdBytes.size() / 8);
  // Lanes come last so that one token covers all loads.
  b.code.insert(b.code.begin() + 1, weights);
  b.code.insert(b.code.begin() + 2, thresholds);

  uint32_t outBase = inGroups * groupWords;
  outBase += outBase % 2;
  uint32_t streamBytes = layer.lead + layer.pooled() * outRecord + layer.trail;
  uint32_t outPitch = (streamBytes + 7) / 8 * 2 + 2;
  uint32_t pixelTiles = (layer.outPixels() + 8 * gp - 1) / (8 * gp);

  Loop l0;
  l0.index0 = 0, l0.limit0 = words, l0.act_stride0 = 1, l0.weight_stride0 = 1;
  l0.index1 = 2, l0.limit1 = inGroups, l0.act_stride1 = int(groupWords), l0.weight_stride1 = int(words);
  Loop l1;
  l1.index0 = 4, l1.limit0 = tilesPerGroup, l1.weight_stride0 = int(rowsPerTile), l1.threshold_stride0 = int(layer.thresholds);
  l1.index1 = 5, l1.limit1 = pixelTiles, l1.act_stride1 = int(gp * 8 * phase / 4);
  Loop l2;
  l2.index0 = 7, l2.limit0 = outGroups, l2.weight_stride0 = int(rowsPerTile * tilesPerGroup), l2.threshold_stride0 = int(tilesPerGroup * layer.thresholds);
  if (layer.thresholds > 2)
    l2.index1 = 3, l2.limit1 = layer.thresholds - 1, l2.threshold_stride1 = 1;
  Out out;
  out.mode = OutMode::Bits;
  out.base = outBase;
  out.record = outRecord;
  out.group_pitch = outPitch;
  out.phase = outRecord;
  out.lead = layer.lead;
  out.trail = layer.trail;
  out.pad = layer.pad;
  out.pool_window = layer.window;
  out.pool_stride = layer.poolStride;
  out.pool_first = layer.poolFirst;
  out.pixels = layer.outPixels();
  isa::Run run;
  run.pop_prev = 1;
  run.push_next = 1;
  run.pop_next = 1;
  run.cluster_stride = 8 * phase / 4;
  run.split = split;
  run.tail = stringBits % 32;
  Store store;
  store.pop_prev = 1;
  store.source = StoreSource::Lanes;
  store.address = outBase;
  store.region = Region::Output;
  store.beats = outPitch / 2 * outGroups;
  for (Instruction i : std::initializer_list<Instruction>{l0, l1, l2, out, run, store, End{}})
    b.code.push_back(i);
  b.output.resize(store.beats * 8);
  b.input.resize(b.input.size() + 8);

  for (auto &instruction : b.code) {
    std::string error;
    ASSERT_TRUE(verify(instruction, error)) << error;
  }
  Engine engine(target);
  Outcome outcome = b.run(engine);
  ASSERT_EQ(outcome.trap, Trap::None) << outcome.trapText;
  EXPECT_EQ(engine.hazards(), 0u);

  auto expectedGroups = pack(expected);
  for (uint32_t g = 0; g < outGroups; ++g) {
    const uint8_t *stream = b.output.data() + size_t(g) * outPitch * 4;
    std::vector<uint8_t> want(layer.lead, layer.pad ? 0xff : 0);
    want.insert(want.end(), expectedGroups[g].begin(), expectedGroups[g].end());
    want.insert(want.end(), layer.trail, layer.pad ? 0xff : 0);
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(stream[i], want[i]) << "group " << g << " byte " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLayers, ::testing::Range(0, 300));

TEST(Engine, CodeWithoutEndTraps) {
  Engine engine{Target()};
  std::vector<uint8_t> code(16);
  storeBits(encode(Instruction(Loop{})), code.data());
  Memory memory;
  EXPECT_EQ(engine.run(code, memory).trap, Trap::MissingEnd);
}

TEST(Engine, StoreThatWaitsForAnAbsentTokenIsADeadlock) {
  Engine engine{Target()};
  Store store;
  store.pop_prev = 1;
  store.beats = 1;
  store.region = Region::Output;
  std::vector<uint8_t> code(32);
  storeBits(encode(Instruction(store)), code.data());
  storeBits(encode(Instruction(End{})), code.data() + 16);
  Memory memory;
  EXPECT_EQ(engine.run(code, memory).trap, Trap::Deadlock);
}

TEST(Engine, StorePastItsRegionTrapsAndWritesNothing) {
  Engine engine{Target()};
  Store store;
  store.beats = 3;
  store.region = Region::Output;
  std::vector<uint8_t> code(32);
  storeBits(encode(Instruction(store)), code.data());
  storeBits(encode(Instruction(End{})), code.data() + 16);
  std::vector<uint8_t> output(16, 0xaa);
  Memory memory;
  memory.region[2] = output;
  Outcome outcome = engine.run(code, memory);
  EXPECT_EQ(outcome.trap, Trap::RegionRange);
  EXPECT_EQ(outcome.trapInstruction, 0u);
}

} // namespace
