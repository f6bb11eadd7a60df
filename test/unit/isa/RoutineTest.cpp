// The shipped and generated routines, run on a small model of loops and
// accumulator to see that they compute what their names say.
#include "bnn/isa/Microassembler.h"

#include <gtest/gtest.h>

using namespace bnn::isa;

namespace {

/// Limits of the eight loops, default 1.
using LoopLimits = std::array<uint32_t, 8>;

/// What one run of a routine did: per sample the accumulator as a polynomial,
/// weight[a][w] = the factor that plane pair (a, w) came in with.
struct Tile {
  std::array<std::array<int64_t, 8>, 8> weight{};
  uint32_t pairs = 0, steps = 0, biases = 0;
  bool started = false;
};

struct Result {
  std::vector<Tile> done; ///< at each sample that is done
  uint64_t steps = 0;
  bool halted = false;
};

/// Walks `routine`; every step adds 1 for its plane pair to the accumulator.
Result walk(const Routine &routine, const LoopLimits &limits) {
  Result result;
  Tile acc;
  std::array<uint32_t, 8> count{};
  uint32_t pc = 0;
  while (pc < routine.words.size() && result.steps < 100000) {
    const Microword &word = routine.words[pc];
    bool first = true, last = true;
    for (unsigned j = 0; j != 8; ++j)
      if (word.reduce >> j & 1) {
        first &= count[j] == 0;
        last &= count[j] + 1 == limits[j];
      }
    AccOp op = first ? word.first : word.rest;
    if (op == AccOp::Init || op == AccOp::Zero)
      acc = Tile{.started = true};
    if (op == AccOp::Shift)
      for (auto &row : acc.weight)
        for (int64_t &w : row)
          w *= 2;
    if (op == AccOp::Bias)
      ++acc.biases;
    if (word.mac)
      ++acc.weight[word.plane_a][word.plane_w];
    ++acc.steps;
    ++result.steps;
    if (last && word.sample != Sample::None && word.done &&
        count[3] + 1 == limits[3])
      result.done.push_back(acc);
    bool fell = true;
    for (unsigned j = word.lo; word.ends && j <= word.hi; ++j) {
      if (count[j] + 1 < limits[j]) {
        ++count[j];
        pc = j == word.lo || j <= word.mid ? word.near : word.far;
        fell = false;
        break;
      }
      count[j] = 0;
    }
    if (!fell)
      continue;
    ++pc;
    if (word.halt) {
      result.halted = true;
      break;
    }
  }
  return result;
}

constexpr LoopLimits window = {3, 2, 2, 1, 2, 3, 2, 2};
constexpr uint32_t reduction = 3 * 2 * 2, tiles = 2 * 3 * 2 * 2;

TEST(Routine, AllAreThereWithDocumentation) {
  for (const char *name :
       {"binary", "binary_value", "binary_multi", "binary_sum", "quad",
        "quad_value", "quad_multi", "planes_1x1", "planes_2x2", "planes_8x8",
        "planes_4x4_value", "planes_2x3_multi"}) {
    const Routine *routine = findRoutine(name);
    ASSERT_TRUE(routine) << name;
    EXPECT_EQ(routine->name, name);
    EXPECT_GT(routine->doc.size(), 20u) << name;
  }
  EXPECT_FALSE(findRoutine("planes_9x1"));
  EXPECT_FALSE(findRoutine("planes_8x8_multi")); // 65 words
  EXPECT_FALSE(findRoutine(""));
  EXPECT_GE(allRoutines().size(), 7u + 64 * 3 - 1);
  for (const Routine *routine : allRoutines())
    for (const Microword &word : routine->words) {
      std::string error;
      EXPECT_TRUE(verify(word, error)) << routine->name << ": " << error;
    }
}

TEST(Routine, BinaryTakesOneStepPerWord) {
  for (const char *name : {"binary", "binary_value"}) {
    Result result = walk(*findRoutine(name), window);
    EXPECT_TRUE(result.halted);
    EXPECT_EQ(result.steps, reduction * tiles);
    ASSERT_EQ(result.done.size(), tiles);
    for (const Tile &tile : result.done)
      EXPECT_EQ(tile.weight[0][0], reduction);
  }
}

TEST(Routine, QuadDoublesTheOddPlanes) {
  for (const char *name : {"quad", "quad_value"}) {
    const Routine &routine = *findRoutine(name);
    EXPECT_EQ(routine.shifts, 1u);
    Result result = walk(routine, window);
    EXPECT_TRUE(result.halted);
    EXPECT_EQ(result.steps, 2 * reduction * tiles); // no bubbles
    ASSERT_EQ(result.done.size(), tiles);
    for (const Tile &tile : result.done) {
      EXPECT_EQ(tile.weight[1][0], 2 * reduction);
      EXPECT_EQ(tile.weight[0][0], reduction);
    }
  }
}

TEST(Routine, MultiAddsOneStepPerFurtherThreshold) {
  LoopLimits limits = window;
  limits[3] = 2; // three thresholds
  for (auto [name, factor] :
       {std::pair("binary_multi", 1u), std::pair("quad_multi", 2u)}) {
    Result result = walk(*findRoutine(name), limits);
    EXPECT_TRUE(result.halted);
    EXPECT_EQ(result.steps, (factor * reduction + 2) * tiles);
    ASSERT_EQ(result.done.size(), tiles);
    for (const Tile &tile : result.done) {
      EXPECT_EQ(tile.biases, 2u);
      EXPECT_EQ(tile.weight[0][0], reduction);
      EXPECT_EQ(tile.weight[1][0], factor == 2 ? 2 * reduction : 0);
    }
  }
}

TEST(Routine, SumReducesOverPixelTiles) {
  LoopLimits limits = {3, 2, 2, 1, 1, 3, 2, 2};
  Result result = walk(*findRoutine("binary_sum"), limits);
  EXPECT_TRUE(result.halted);
  EXPECT_EQ(result.steps, reduction * 3 * 2 * 2);
  ASSERT_EQ(result.done.size(), 2u * 2u);
  for (const Tile &tile : result.done)
    EXPECT_EQ(tile.weight[0][0], reduction * 3);
}

TEST(Routine, PlanesWeighEveryPairByItsPowerOfTwo) {
  for (uint32_t a = 1; a <= 8; ++a)
    for (uint32_t w = 1; w <= 8; ++w)
      for (const char *kind : {"", "_value", "_multi"}) {
        std::string name =
            "planes_" + std::to_string(a) + "x" + std::to_string(w) + kind;
        SCOPED_TRACE(name);
        const Routine *routine = findRoutine(name);
        if (!routine) {
          EXPECT_EQ(name, "planes_8x8_multi");
          continue;
        }
        EXPECT_EQ(routine->shifts, a + w - 2);
        Result result = walk(*routine, window);
        EXPECT_TRUE(result.halted);
        bool multi = std::string_view(kind) == "_multi";
        EXPECT_EQ(result.steps, (a * w * reduction + multi) * tiles);
        ASSERT_EQ(result.done.size(), tiles);
        for (uint32_t i = 0; i != 8; ++i)
          for (uint32_t j = 0; j != 8; ++j)
            EXPECT_EQ(result.done.back().weight[i][j],
                      i < a && j < w ? int64_t(reduction) << (i + j) : 0);
      }
}

TEST(Routine, PlacingMovesTargets) {
  auto words = placeRoutine(*findRoutine("binary_multi"), 10);
  EXPECT_EQ(words[0].near, 10u);
  EXPECT_EQ(words[1].near, 11u);
  EXPECT_EQ(words[1].far, 10u);
}

} // namespace
