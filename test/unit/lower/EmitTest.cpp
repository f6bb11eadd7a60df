//===- EmitTest.cpp - Emitted programs compute their layers ---------------===//
//
// Random networks of every layer kind on every built-in target: the golden
// engine on the final bytes must give what a direct evaluation gives, and the
// checker must accept the bytes.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"
#include "lower/CheckBinary.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
::bnn::isa::Target targetNamed(const std::string &name) {
  ::bnn::isa::Target target;
  std::string error;
  EXPECT_TRUE(::bnn::isa::loadTarget(name, target, error)) << error;
  return target;
}

/// Checks a plan, runs two inputs; returns the steady-state cycles.
uint64_t expectExact(std::mt19937 &random, const Network &network,
                     const Plan &plan) {
  std::string error;
  auto program = buildProgram(network, plan, emitCode(network, plan));
  CheckResult check;
  EXPECT_TRUE(checkBinary(program, check, error)) << error;
  for (int i = 0; i < 2; ++i) {
    Values input = randomInput(random, network);
    EXPECT_EQ(runProgram(network, plan, program, input),
              evaluate(network, input));
  }
  return check.cycles;
}

uint64_t expectExact(std::mt19937 &random, const Network &network,
                     const std::string &targetName) {
  Plan plan;
  std::string error;
  bool planned = planNetwork(network, targetNamed(targetName), plan, error);
  EXPECT_TRUE(planned) << error;
  return planned ? expectExact(random, network, plan) : 0;
}

/// Bytes of a window on the bus: region Input, region Output.
void expectTraffic(const Network &network, const std::string &targetName,
                   uint32_t in, uint32_t out) {
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(network, targetNamed(targetName), plan, error));
  EXPECT_EQ(inputBytes(plan), in);
  EXPECT_EQ(outputBytes(network, plan), out);
}

constexpr OutputKind Raw = OutputKind::Raw, Sum = OutputKind::Sum,
                     Split = OutputKind::Split, SumBits = OutputKind::SumBits;

/// The ECG-5 network: pad 5 with -1, k7, pool 7/2, six times.
Network ecg5(std::mt19937 &random) {
  std::vector<LayerSpec> layers;
  for (int64_t channels : {8, 16, 32, 32, 64, 5})
    layers.push_back({.channels = channels,
                      .kernel = 7,
                      .stride = layers.empty() ? 2 : 1,
                      .pad = 5,
                      .poolWindow = 7,
                      .poolStride = 2});
  layers.back().output = Split;
  return randomNetwork(random, MapKind::Bytes, {1, 1, 3600}, layers);
}
} // namespace

class EveryTarget : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Targets, EveryTarget,
                         ::testing::Values("z010", "z020", "z035"));

TEST_P(EveryTarget, RunsEcg5) {
  std::mt19937 random(1);
  Network network = ecg5(random);
  uint64_t cycles = expectExact(random, network, GetParam());
  // Of 8 + 8 sums the last that are wanted are the fifth of each half.
  expectTraffic(network, GetParam(), 3600 + 8, 56);
  RecordProperty("cycles", int(cycles));
  printf("ecg5 on %s: %d cycles\n", GetParam(), int(cycles));
  if (std::string(GetParam()) == "z020") {
    EXPECT_LE(cycles, 930u);
  }
}

TEST_P(EveryTarget, RunsTheWideNetwork) {
  std::mt19937 random(2);
  std::vector<LayerSpec> layers = {
      {.channels = 64,
       .kernel = 80,
       .stride = 12,
       .pad = 34,
       .padValue = 0,
       .poolWindow = 2,
       .poolStride = 2},
      {.channels = 64, .kernel = 3, .pad = 1, .poolWindow = 2, .poolStride = 2},
      {.channels = 128,
       .kernel = 3,
       .pad = 1,
       .poolWindow = 2,
       .poolStride = 2},
      {.channels = 128,
       .kernel = 3,
       .pad = 1,
       .poolWindow = 2,
       .poolStride = 2},
      {.channels = 256, .kernel = 3, .pad = 1, .output = SumBits},
      {.channels = 64, .kernel = 1},
      {.channels = 5, .kernel = 1, .output = Raw}};
  Network network = randomNetwork(random, MapKind::Bytes, {1, 1, 3600}, layers);
  uint64_t cycles = expectExact(random, network, GetParam());
  expectTraffic(network, GetParam(), 3600 + 8, 24);
  printf("ecg5-wide on %s: %d cycles\n", GetParam(), int(cycles));
}

namespace {
/// The input map of one layer of `c` x `h` x `w` pixels and its pads.
MapLayout inputMap(MapKind kind, Shape in, int64_t pad, int64_t padValue) {
  Layer l;
  l.fromHost = true;
  l.kind = kind;
  l.in = in;
  l.conv = {1, in.h, in.w};
  l.padLeft = l.padRight = pad;
  l.padTop = l.padBottom = in.h > 1 ? pad : 0;
  l.padValue = padValue;
  return layoutInput(l);
}
using Pads = std::array<uint32_t, 3>; // lead and trail beats, byte
Pads padsOf(const MapLayout &map) {
  return {map.padLead, map.padTrail, map.padByte};
}
} // namespace

TEST(Pads, WholeBeatsStayBehind) {
  constexpr MapKind Bytes = MapKind::Bytes, Bits = MapKind::Bits;
  // 34 + 3600 + 34 bytes: 2 pads travel with the pixels, and 6 behind them.
  MapLayout map = inputMap(Bytes, {1, 1, 3600}, 34, 0);
  EXPECT_EQ(padsOf(map), (Pads{4, 4, 0x80}));
  EXPECT_EQ(map.hostBeats(), 451u);
  EXPECT_EQ(padsOf(inputMap(Bytes, {1, 1, 3600}, 5, -1)), (Pads{0, 1, 0x7f}));
  EXPECT_EQ(padsOf(inputMap(Bytes, {1, 1, 3597}, 11, -1)), (Pads{1, 2, 0x7f}));
  // A field holds 63.
  EXPECT_EQ(padsOf(inputMap(Bytes, {1, 1, 9}, 600, 1)), (Pads{63, 63, 0x81}));
  // Rows of 3 + 10 + 3 bytes: three above and one pixel's pads.
  EXPECT_EQ(padsOf(inputMap(Bytes, {1, 4, 10}, 3, 0)), (Pads{6, 6, 0x80}));
  // Bits: one byte a pixel; bits that are no channel are 0 in pads, too.
  EXPECT_EQ(padsOf(inputMap(Bits, {8, 1, 64}, 16, 1)), (Pads{2, 2, 0xff}));
  EXPECT_EQ(padsOf(inputMap(Bits, {3, 1, 64}, 16, 1)), (Pads{2, 2, 0x07}));
  EXPECT_EQ(padsOf(inputMap(Bits, {3, 1, 64}, 16, -1)), (Pads{2, 2, 0}));
  EXPECT_EQ(padsOf(inputMap(Bits, {24, 1, 64}, 8, 1)), (Pads{3, 3, 0xff}));
  // Two bytes that differ cannot be one, and the last group's need not be the
  // first one's.
  EXPECT_EQ(padsOf(inputMap(Bits, {12, 1, 64}, 16, 1)), (Pads{0, 0, 0}));
  EXPECT_EQ(padsOf(inputMap(Bits, {12, 1, 64}, 16, -1)), (Pads{4, 4, 0}));
  EXPECT_EQ(padsOf(inputMap(Bits, {40, 1, 64}, 16, 1)), (Pads{8, 0, 0xff}));
  EXPECT_EQ(padsOf(inputMap(Bits, {64, 1, 64}, 16, 1)), (Pads{8, 8, 0xff}));
}

TEST_P(EveryTarget, RunsDenseLayers) {
  std::mt19937 random(3);
  std::vector<LayerSpec> layers(4, {.channels = 64, .kernel = 1});
  layers.back() = {.channels = 10, .kernel = 1, .output = Raw};
  Network network = randomNetwork(random, MapKind::Bits, {784, 1, 1}, layers);
  expectExact(random, network, GetParam());
}

TEST_P(EveryTarget, CorrectsTheBordersOfZeroPaddedBits) {
  int streamed = 0;
  for (int seed = 0; seed < 40; ++seed) {
    std::mt19937 random(500 + seed);
    auto pick = [&](int low, int high) {
      return int64_t(std::uniform_int_distribution<int>(low, high)(random));
    };
    std::vector<LayerSpec> layers;
    for (int i = 0, n = int(pick(1, 3)); i < n; ++i)
      layers.push_back({.channels = pick(1, 70),
                        .kernel = pick(3, 7),
                        .stride = pick(1, 2),
                        .pad = pick(0, 3),
                        .padValue = pick(-1, 1),
                        .points = int(pick(1, 2))});
    layers.push_back({.channels = pick(1, 40),
                      .kernel = 3,
                      .pad = 1,
                      .padValue = 0,
                      .output = pick(0, 1) ? Sum : SumBits});
    if (layers.back().output == SumBits)
      layers.push_back({.channels = 5, .kernel = 1, .output = Raw});
    Network network = randomNetwork(random, MapKind::Bits,
                                    {pick(1, 70), 1, pick(40, 120)}, layers);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, GetParam());
    // Once more with weights in chunks: border passes within each.
    ::bnn::isa::Target target = targetNamed(GetParam());
    Plan plan;
    std::string error;
    ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
    target.weightRows = plan.usage.weightRows * (4 + seed % 4) / 8;
    if (target.weightRows && planNetwork(network, target, plan, error)) {
      streamed += !plan.chunks.empty();
      expectExact(random, network, plan);
    }
    if (HasFailure())
      return;
  }
  EXPECT_GE(streamed, 8);
}

namespace {
/// A network of any kinds of layers.
Network anyNetwork(std::mt19937 &random) {
  auto pick = [&](int low, int high) {
    return int64_t(std::uniform_int_distribution<int>(low, high)(random));
  };
  MapKind kind = pick(0, 1) ? MapKind::Bytes : MapKind::Bits;
  Shape shape = {pick(1, kind == MapKind::Bytes ? 3 : 70), 1, pick(60, 300)};
  std::vector<LayerSpec> layers;
  int64_t width = shape.w;
  for (int i = 0, n = int(pick(1, 4)); i < n; ++i) {
    LayerSpec s;
    s.channels = pick(1, 70);
    s.kernel = std::min(width, pick(1, 9));
    s.stride = pick(1, 3);
    s.pad = pick(0, 3);
    s.padValue = layers.empty() && kind == MapKind::Bytes ? pick(-128, 127)
                 : pick(0, 1)                             ? 1
                                                          : -1;
    int64_t conv = (width + 2 * s.pad - s.kernel) / s.stride + 1;
    s.poolWindow = std::min(conv, pick(1, 7));
    s.poolStride = pick(1, 3);
    s.poolFirst = pick(0, 1);
    s.points = int(pick(1, 3));
    width = (conv - s.poolWindow) / s.poolStride + 1;
    layers.push_back(s);
    if (width < 3)
      break;
  }
  layers.back().output = std::array{Raw, Sum, Split}[size_t(pick(0, 2))];
  Network network = randomNetwork(random, kind, shape, layers);
  const Layer &last = network.layers.back();
  if (last.output == Split && last.taps() % 2 && last.kind == MapKind::Bits)
    network.layers.back().output = Raw;
  if (network.layers.back().output == Raw && last.out.size() > 1500)
    network.layers.back().output = Sum;
  return network;
}
} // namespace

TEST_P(EveryTarget, RunsRandomNetworks) {
  for (int seed = 0; seed < 60; ++seed) {
    std::mt19937 random(100 + seed);
    Network network = anyNetwork(random);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, GetParam());
    if (HasFailure())
      return;
  }
}

TEST_P(EveryTarget, AddsUpSetsOfWeights) {
  for (int seed = 0; seed < 30; ++seed) {
    std::mt19937 random(3000 + seed);
    auto pick = [&](int low, int high) {
      return int64_t(std::uniform_int_distribution<int>(low, high)(random));
    };
    MapKind kind = pick(0, 1) ? MapKind::Bytes : MapKind::Bits;
    std::vector<LayerSpec> layers;
    for (int i = 0, n = int(pick(1, 3)); i < n; ++i)
      layers.push_back({.channels = pick(1, 70),
                        .kernel = pick(1, 5),
                        .stride = pick(1, 2),
                        .pad = pick(0, 2),
                        .padValue = kind == MapKind::Bytes && i == 0 ? 0 : -1,
                        .poolWindow = pick(1, 3),
                        .points = int(pick(1, 2)),
                        .sets = pick(1, 4)});
    layers.push_back({.channels = pick(1, 8),
                      .kernel = 1,
                      .output = pick(0, 1) ? Raw : Sum,
                      .sets = pick(1, 3)});
    Network network =
        randomNetwork(random, kind, {pick(1, 3), 1, pick(60, 150)}, layers);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, GetParam());
    if (HasFailure())
      return;
  }
}

TEST_P(EveryTarget, AddsUpPooledBitsBehindAThreshold) {
  for (int seed = 0; seed < 30; ++seed) {
    std::mt19937 random(4000 + seed);
    auto pick = [&](int low, int high) {
      return int64_t(std::uniform_int_distribution<int>(low, high)(random));
    };
    std::vector<LayerSpec> layers = {
        {.channels = pick(1, 40), .kernel = pick(1, 5), .pad = pick(0, 2)},
        {.channels = pick(1, 70),
         .kernel = pick(1, 5),
         .pad = pick(0, 2),
         .poolWindow = pick(2, 7),
         .poolStride = pick(1, 3),
         .output = SumBits},
        {.channels = 9, .kernel = 1, .output = Raw}};
    Network network = randomNetwork(random, MapKind::Bits,
                                    {pick(1, 3), 1, pick(40, 200)}, layers);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, GetParam());
    if (HasFailure())
      return;
  }
}

TEST_P(EveryTarget, BeginsAWindowWhileTheLastOneIsStillAtWork) {
  // Values of one window are on their way when the next one's sums come.
  for (int seed = 0; seed < 40; ++seed) {
    std::mt19937 random(5000 + seed);
    auto pick = [&](int low, int high) {
      return int64_t(std::uniform_int_distribution<int>(low, high)(random));
    };
    std::vector<LayerSpec> layers = {
        {.channels = 3, .kernel = 1, .stride = 2},
        {.channels = pick(20, 70), .kernel = 5, .pad = 2, .output = SumBits},
        {.channels = pick(20, 70), .kernel = 1, .output = Raw}};
    Network network = randomNetwork(random, MapKind::Bytes,
                                    {3, 1, pick(10, 40)}, layers);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, GetParam());
    if (HasFailure())
      return;
  }
}

TEST_P(EveryTarget, LoadsInputsInStripes) {
  int striped = 0, both = 0;
  for (int seed = 0; seed < 80; ++seed) {
    std::mt19937 random(2000 + seed);
    auto pick = [&](int low, int high) {
      return int64_t(std::uniform_int_distribution<int>(low, high)(random));
    };
    MapKind kind = pick(0, 3) ? MapKind::Bytes : MapKind::Bits;
    std::vector<LayerSpec> layers = {
        {.channels = pick(1, 70),
         .kernel = pick(3, 40),
         .stride = pick(2, 12),
         .pad = pick(0, 3) ? pick(0, 5) : pick(6, 40),
         .padValue = -1,
         .poolWindow = pick(1, 5),
         .poolStride = pick(1, 3),
         .points = int(pick(1, 2))},
        {.channels = pick(8, 70),
         .kernel = pick(1, 5),
         .stride = pick(1, 2),
         .pad = pick(0, 2),
         .poolWindow = 2,
         .poolStride = 2},
        {.channels = 5, .kernel = 1, .output = Sum}};
    Network network =
        randomNetwork(random, kind, {pick(1, 2), 1, pick(900, 3600)}, layers);
    ::bnn::isa::Target target = targetNamed(GetParam());
    target.laneWords = 4096;
    Plan plan;
    std::string error;
    if (!planNetwork(network, target, plan, error))
      continue;
    EXPECT_TRUE(plan.stripes.empty());
    target.laneWords =
        std::max(64u, (plan.layers[1].in.words() +
                       plan.layers[0].in.words() * uint32_t(pick(1, 3)) / 4) &
                          ~1u);
    if (seed % 4 == 0)
      target.weightRows = std::max(1u, plan.usage.weightRows * 3 / 4);
    if (!planNetwork(network, target, plan, error))
      continue;
    striped += !plan.stripes.empty();
    both += !plan.stripes.empty() && !plan.chunks.empty();
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, plan);
    if (HasFailure())
      return;
  }
  printf("%d striped, %d with streamed weights\n", striped, both);
  EXPECT_GE(striped, 10);
}

TEST_P(EveryTarget, StreamsWeightsThatDoNotFit) {
  int streamed = 0, idle = 0;
  for (int seed = 0; seed < 60; ++seed) {
    std::mt19937 random(900 + seed);
    Network network = anyNetwork(random);
    ::bnn::isa::Target target = targetNamed(GetParam());
    Plan plan;
    std::string error;
    ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
    EXPECT_TRUE(plan.chunks.empty());
    target.weightRows = plan.usage.weightRows * (3 + seed % 5) / 8;
    if (target.weightRows == 0 || !planNetwork(network, target, plan, error))
      continue;
    streamed += !plan.chunks.empty();
    idle += plan.runs[0].layer < 0;
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectExact(random, network, plan);
    if (HasFailure())
      return;
  }
  EXPECT_GE(streamed, 10);
  EXPECT_GE(idle, 1);
}
