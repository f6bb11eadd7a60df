//===- LimitsTest.cpp - Programs at the edge of every memory --------------===//
//
// Random zero-padded networks on targets whose memories shrink from what the
// network uses until it is refused: on the way every program checks and is exact,
// and the refusal names the memory.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"
#include "lower/CheckBinary.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
struct Memory {
  const char *name;
  uint32_t isa::Target::*size;
  uint32_t Usage::*used;
  uint32_t step;    ///< sizes are multiples of it
  const char *says; ///< in the error
};
constexpr Memory Memories[] = {
    {"lane_words", &isa::Target::laneWords, &Usage::laneWords, 2,
     "lane words, target"},
    {"weight_rows", &isa::Target::weightRows, &Usage::weightRows, 1,
     "rows per cluster, "},
    {"threshold_rows", &isa::Target::thresholdRows, &Usage::thresholdRows, 1,
     "rows per cluster, "},
    {"control_words", &isa::Target::controlWords, &Usage::controlWords, 1,
     "makes the microcode "},
    {"output_words", &isa::Target::outputWords, &Usage::outputWords, 1,
     "words of the output buffer, target"}};

Network zeroPadded(std::mt19937 &random) {
  auto pick = [&](int low, int high) {
    return int64_t(std::uniform_int_distribution<int>(low, high)(random));
  };
  std::vector<LayerSpec> layers;
  int64_t samples = pick(100, 700);
  for (int i = 0, n = int(pick(1, 3)); i < n; ++i) {
    int64_t kernel = i ? 5 : pick(3, 21), pool = pick(1, 3);
    layers.push_back({.channels = pick(1, 32),
                      .kernel = kernel,
                      .stride = i ? 1 : pick(1, 4),
                      .pad = kernel / 2,
                      .padValue = 0,
                      .poolWindow = pool,
                      .poolStride = pool});
  }
  layers.push_back({.channels = 5,
                    .kernel = 3,
                    .pad = pick(0, 1),
                    .padValue = 0,
                    .output = OutputKind::Sum});
  if (layers.back().pad == 0 && pick(0, 1))
    layers.back().output = OutputKind::Raw;
  return randomNetwork(random, MapKind::Bytes, {pick(1, 3), 1, samples}, layers);
}

void expectExact(std::mt19937 &random, const Network &network,
                 const Plan &plan) {
  std::string error;
  isa::Program program = buildProgram(network, plan, emitCode(network, plan));
  CheckResult check;
  ASSERT_TRUE(checkBinary(program, check, error)) << error;
  Values input = randomInput(random, network);
  ASSERT_EQ(runProgram(network, plan, program, input),
            evaluate(network, input));
}
} // namespace

class Limits : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Targets, Limits,
                         ::testing::Values("z010", "z020", "z035"));

TEST_P(Limits, EveryProgramIsExactUntilItIsRefused) {
  isa::Target target;
  std::string error;
  ASSERT_TRUE(isa::loadTarget(GetParam(), target, error)) << error;
  int exact = 0, refused = 0;
  for (int seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    Network network = zeroPadded(random);
    Plan whole;
    isa::Target large = target;
    large.laneWords = 8192;
    ASSERT_TRUE(planNetwork(network, large, whole, error)) << error;
    for (const Memory &memory : Memories) {
      isa::Target small = large;
      small.*memory.size = whole.usage.*memory.used;
      for (int i = 0; i < 12; ++i) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + memory.name +
                     " = " + std::to_string(small.*memory.size));
        Plan plan;
        if (!planNetwork(network, small, plan, error)) {
          EXPECT_NE(error.find(memory.name), std::string::npos) << error;
          EXPECT_NE(error.find(memory.says), std::string::npos) << error;
          ++refused;
          break;
        }
        ASSERT_NO_FATAL_FAILURE(expectExact(random, network, plan));
        ++exact;
        uint32_t next = (small.*memory.size) * 15 / 16 / memory.step *
                        memory.step;
        if (next == small.*memory.size)
          next -= memory.step;
        if (next == 0 || next > small.*memory.size)
          break;
        small.*memory.size = next;
      }
    }
  }
  printf("%s: %d exact, %d refused\n", GetParam(), exact, refused);
  EXPECT_GE(exact, 60);
  EXPECT_GE(refused, 30);
}

TEST(Limits, TheInstructionMemoryIsOneOfThem) {
  isa::Target target;
  std::string error;
  ASSERT_TRUE(isa::loadTarget("z010", target, error)) << error;
  target.thresholdRows = 2048;
  std::mt19937 random(1);
  std::vector<LayerSpec> layers(40, {.channels = 8,
                                     .kernel = 7,
                                     .pad = 3,
                                     .padValue = 0});
  layers.back().output = OutputKind::Sum;
  Network network =
      randomNetwork(random, MapKind::Bytes, {1, 1, 64}, layers);
  Plan plan;
  EXPECT_FALSE(planNetwork(network, target, plan, error));
  EXPECT_NE(error.find(": the network takes "), std::string::npos) << error;
  EXPECT_NE(error.find("instructions, the instruction memory holds 512; use "
                       "fewer layers, or pad with -1 or +1 instead of 0"),
            std::string::npos)
      << error;
}
