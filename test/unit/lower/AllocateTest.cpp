//===- AllocateTest.cpp - Places of maps and rows -------------------------===//
//
// Neighbouring maps never overlap, the input stays alone where it can, and what
// does not fit is named.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
Network chain(int64_t width) {
  std::mt19937 random(1);
  std::vector<LayerSpec> layers(4, {.channels = 32, .kernel = 3, .pad = 1});
  layers.back().output = OutputKind::Sum;
  return randomNetwork(random, MapKind::Bits, {32, 1, width}, layers);
}

bool overlap(const MapLayout &a, const MapLayout &b) {
  return a.base < b.base + b.words() && b.base < a.base + a.words();
}
} // namespace

TEST(Allocate, NeighboursAndThePrefetchedInputNeverOverlap) {
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(chain(400), {}, plan, error)) << error;
  EXPECT_EQ(plan.inputFreeAfter, 0u);
  for (size_t i = 1; i < plan.layers.size(); ++i) {
    EXPECT_FALSE(overlap(plan.layers[i - 1].in, plan.layers[i].in)) << i;
    EXPECT_FALSE(overlap(plan.layers[0].in, plan.layers[i].in)) << i;
  }
}

TEST(Allocate, TheNextInputWaitsForMapsInItsPlace) {
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(chain(900), {}, plan, error)) << error;
  EXPECT_EQ(plan.inputFreeAfter, 2u);
  EXPECT_TRUE(overlap(plan.layers[0].in, plan.layers[2].in));
  EXPECT_FALSE(overlap(plan.layers[0].in, plan.layers[3].in));
  EXPECT_FALSE(overlap(plan.layers[1].in, plan.layers[2].in));
}

TEST(Allocate, TheFirstLayerWritesOverWhatItHasRead) {
  std::mt19937 random(1);
  std::vector<LayerSpec> layers = {
      {.channels = 64, .kernel = 80, .stride = 12, .pad = 34},
      {.channels = 8, .kernel = 3, .pad = 1, .output = OutputKind::Sum}};
  Network network = randomNetwork(random, MapKind::Bytes, {1, 1, 3600}, layers);
  isa::Target target;
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
  // Copies: planning again replaces the layers.
  const MapLayout input = plan.layers[0].in, map = plan.layers[1].in;
  EXPECT_FALSE(overlap(input, map));
  // The second group may lie over the input, the first may not.
  target.laneWords = input.extent + map.extent - map.groupPitch;
  error.clear();
  ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
  EXPECT_TRUE(overlap(plan.layers[0].in, plan.layers[1].in));
  EXPECT_EQ(plan.inputFreeAfter, 1u);
  target.laneWords -= 8;
  EXPECT_FALSE(planNetwork(network, target, plan, error));
}

TEST(Allocate, NamesTheMapThatDoesNotFit) {
  Plan plan;
  std::string error;
  EXPECT_FALSE(planNetwork(chain(1200), {}, plan, error));
  EXPECT_NE(error.find("node 'layer"), std::string::npos) << error;
  EXPECT_NE(error.find("lane_words = 2048"), std::string::npos) << error;
}

TEST(Allocate, NamesTheLayerWhoseGroupDoesNotFit) {
  std::mt19937 random(1);
  std::vector<LayerSpec> layers = {
      {.channels = 32, .kernel = 1},
      {.channels = 512, .kernel = 1},
      {.channels = 512, .kernel = 1},
      {.channels = 4, .kernel = 1, .output = OutputKind::Raw}};
  Network network = randomNetwork(random, MapKind::Bits, {32, 1, 1}, layers);
  isa::Target target;
  target.weightRows = 64;
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
  EXPECT_FALSE(plan.chunks.empty());
  // 32 channels: 4 rows of 8 for each of 16 words.
  target.weightRows = 63;
  EXPECT_FALSE(planNetwork(network, target, plan, error));
  EXPECT_NE(error.find("node 'layer2': the weights of 32 output channels need "
                       "64 rows"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("weight_rows = 63"), std::string::npos) << error;
}

TEST(Allocate, StreamsTheLargestLayersOnly) {
  std::mt19937 random(1);
  std::vector<LayerSpec> layers = {
      {.channels = 64, .kernel = 3},
      {.channels = 256, .kernel = 3},
      {.channels = 4, .kernel = 1, .output = OutputKind::Raw}};
  Network network = randomNetwork(random, MapKind::Bits, {32, 1, 64}, layers);
  isa::Target target;
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
  EXPECT_TRUE(plan.chunks.empty());
  EXPECT_EQ(plan.usage.weightRows, 24u + 192u + 8u);
  target.weightRows = 100; // 32 stay, two slots of 34 rows: 24 are a group
  ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
  ASSERT_EQ(plan.chunks.size(), 8u);
  for (size_t c = 0; c < plan.chunks.size(); ++c) {
    EXPECT_EQ(plan.chunks[c].layer, 1u);
    EXPECT_EQ(plan.chunks[c].row, 32 + c % 2 * 34);
    EXPECT_EQ(plan.chunks[c].rows, 24u);
  }
}

TEST(Allocate, NamesTheLayerWhoseStreamTakesTooManyInstructions) {
  std::mt19937 random(1);
  std::vector<LayerSpec> layers(40, {.channels = 32, .kernel = 3, .pad = 1});
  layers.back().output = OutputKind::Sum;
  Network network = randomNetwork(random, MapKind::Bits, {32, 1, 64}, layers);
  isa::Target target;
  target.weightRows = 24;
  Plan plan;
  std::string error;
  EXPECT_FALSE(planNetwork(network, target, plan, error));
  EXPECT_NE(error.find("streaming the network's weights takes "),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("instructions, the instruction memory holds 512"),
            std::string::npos)
      << error;
}

TEST(Advice, NamesTheBuiltInTargetThatHasRoom) {
  isa::Target target;
  std::string error;
  ASSERT_TRUE(isa::loadTarget("z020", target, error)) << error;
  Plan plan;
  EXPECT_FALSE(planOrAdvise(chain(1200), target, plan, error));
  EXPECT_NE(error.find("node 'layer1': its input map needs 1202 lane words, "
                       "target 'z020' has lane_words = 1024; built-in target "
                       "'z010' has room"),
            std::string::npos)
      << error;
}

TEST(Advice, NamesTheSizesOfATargetThatWould) {
  isa::Target target;
  std::string error;
  ASSERT_TRUE(isa::loadTarget("z010", target, error)) << error;
  Plan plan;
  EXPECT_FALSE(planOrAdvise(chain(6000), target, plan, error));
  EXPECT_NE(error.find("no built-in target has room, it takes a target file "
                       "with lane_words = 16384"),
            std::string::npos)
      << error;
  target.laneWords = 16384;
  EXPECT_TRUE(planOrAdvise(chain(6000), target, plan, error)) << error;
}
