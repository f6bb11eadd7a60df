//===- CheckTest.cpp - The checker refuses broken programs ----------------===//
//
// Programs that check, with one thing changed at a time: each change makes some
// order or some place wrong, and the checker must say so.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"
#include "lower/CheckBinary.h"

#include <functional>
#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
/// The first `skip + 1`-th instruction of a kind in the warm code.
template <typename Kind> Kind &nth(MachineCode &code, size_t skip) {
  for (MachineInstruction &item : code.warm)
    if (auto *found = std::get_if<Kind>(&item.instruction))
      if (skip-- == 0)
        return *found;
  throw std::out_of_range("no such instruction");
}

class Check : public ::testing::Test {
protected:
  void plan(const Network &net, const isa::Target &target) {
    network = net;
    std::string error;
    ASSERT_TRUE(planNetwork(network, target, built, error)) << error;
    code = emitCode(network, built);
    EXPECT_EQ(checked(code), "");
  }
  std::string checked(const MachineCode &changed) {
    CheckResult result;
    std::string error;
    bool good =
        checkBinary(buildProgram(network, built, changed), result, error);
    EXPECT_EQ(good, error.empty());
    return error;
  }
  /// What the checker says about the code after `change`.
  std::string after(const std::function<void(MachineCode &)> &change) {
    MachineCode changed = code;
    change(changed);
    return checked(changed);
  }
  Network network;
  Plan built;
  MachineCode code;
};

isa::Target z010(uint32_t laneWords, uint32_t weightRows) {
  isa::Target target;
  target.laneWords = laneWords;
  target.weightRows = weightRows;
  return target;
}
constexpr const char *NoOrder = "no token keeps their order";
constexpr const char *Unwritten =
    "which nothing before it in its window writes";

void expectSays(const std::string &said, const std::string &part) {
  EXPECT_NE(said.find(part), std::string::npos) << "it said: " << said;
}
} // namespace

/// Eight chunks take turns in two slots; one idle RUN gives the token that two
/// loads ahead need.
class CheckStreamed : public Check {
protected:
  void SetUp() override {
    plan(fourLayers(), z010(4096, 56));
    ASSERT_EQ(built.chunks.size(), 8u);
    ASSERT_EQ(built.chunks[2].row, built.chunks[0].row);
    ASSERT_EQ(built.runs[0].layer, -1);
    ASSERT_EQ(built.loads[3].after, built.loads[1].user);
  }
  static constexpr size_t FirstChunk = 1, ThirdChunk = 3; // of the LOADs
};

TEST_F(CheckStreamed, AChunkWhoseRowsAreStillInUse) {
  expectSays(after([&](MachineCode &code) {
               nth<isa::Load>(code, ThirdChunk).address = built.chunks[1].row;
               nth<isa::Run>(code, built.loads[ThirdChunk].user).weight =
                   built.chunks[1].row;
             }),
             NoOrder);
}

TEST_F(CheckStreamed, ATokenThatIsGivenTooEarly) {
  // The third chunk does not wait for the RUN of the first.
  expectSays(after([&](MachineCode &code) {
               nth<isa::Load>(code, ThirdChunk).pop_next = 0;
               nth<isa::Run>(code, built.loads[ThirdChunk].after).push_prev = 0;
             }),
             NoOrder);
}

TEST_F(CheckStreamed, ARunThatDoesNotWaitForItsWeights) {
  expectSays(after([&](MachineCode &code) {
               nth<isa::Run>(code, built.loads[FirstChunk].user).pop_prev = 0;
               nth<isa::Load>(code, FirstChunk).push_next = 0;
             }),
             NoOrder);
}

TEST_F(CheckStreamed, RowsThatNothingWrites) {
  // Two rows stand behind the slots.
  expectSays(after([&](MachineCode &code) {
               nth<isa::Run>(code, built.loads[FirstChunk].user).weight =
                   built.target.weightRows - built.chunks[0].rows;
             }),
             Unwritten);
}

TEST_F(CheckStreamed, AResidentRowThatAChunkOverwrites) {
  // Right in the first window only.
  expectSays(after([&](MachineCode &code) {
               nth<isa::Load>(code, built.chunks.size()).address = 0;
               nth<isa::Run>(code, built.loads.back().user).weight = 0;
             }),
             Unwritten);
}

TEST_F(CheckStreamed, ATokenThatNeverComes) {
  expectSays(
      after([&](MachineCode &code) { nth<isa::Run>(code, 0).push_prev = 0; }),
      "token");
}

TEST_F(Check, AStripeWhoseBufferIsStillInUse) {
  std::mt19937 random(1);
  Network net = randomNetwork(
      random, MapKind::Bytes, {1, 1, 3600},
      {{.channels = 32, .kernel = 80, .stride = 12},
       {.channels = 8, .kernel = 5, .pad = 2, .output = OutputKind::Sum}});
  ASSERT_NO_FATAL_FAILURE(plan(net, z010(4096, 1024)));
  uint32_t words = built.layers[1].in.words() + built.layers[0].in.words() / 2;
  ASSERT_NO_FATAL_FAILURE(plan(net, z010(words, 1024)));
  ASSERT_GE(built.stripes.size(), 3u);
  expectSays(after([&](MachineCode &code) {
               // The second stripe in the first one's buffer.
               nth<isa::Load>(code, 1).address =
                   nth<isa::Load>(code, 0).address;
               for (size_t r = 0; r < built.runs.size(); ++r)
                 if (built.runs[r].stripe == 1)
                   nth<isa::Run>(code, r).act = nth<isa::Load>(code, 0).address;
             }),
             NoOrder);
  expectSays(after([&](MachineCode &code) {
               // The third one does not wait for the first one's RUN.
               nth<isa::Load>(code, 2).pop_next = 0;
               nth<isa::Run>(code, built.loads[2].after).push_prev = 0;
             }),
             NoOrder);
}

class CheckOverlaid : public Check {
protected:
  void SetUp() override {
    Network net = fourLayers();
    for (uint32_t words = 4096; words > 64; words -= 8) {
      std::string error;
      if (!planNetwork(net, z010(words, 1024), built, error))
        break;
      if (built.inputFreeAfter >= 1) {
        plan(net, z010(words, 1024));
        return;
      }
    }
    FAIL() << "no size at which the input waits";
  }
};

TEST_F(CheckOverlaid, AnInputThatComesTooEarly) {
  expectSays(after([&](MachineCode &code) {
               nth<isa::Run>(code, built.inputFreeAfter).push_prev = 0;
               nth<isa::Run>(code, built.inputFreeAfter - 1).push_prev = 1;
             }),
             NoOrder);
}

TEST_F(CheckOverlaid, ARunThatDoesNotWaitForTheInput) {
  expectSays(after([&](MachineCode &code) {
               nth<isa::Run>(code, 0).pop_prev = 0;
               nth<isa::Run>(code, 1).pop_prev = 1;
             }),
             NoOrder);
}

TEST_F(CheckOverlaid, AnInputWithPadsOverAnotherMap) {
  // Beats that LOAD makes itself take room as all others do.
  expectSays(after([&](MachineCode &code) {
               nth<isa::Load>(code, 0).address -= 2 * 63;
               nth<isa::Load>(code, 0).lead += 63;
             }),
             NoOrder);
}

TEST_F(CheckOverlaid, AStoreThatDoesNotWait) {
  expectSays(after([&](MachineCode &code) {
               nth<isa::Store>(code, 0).pop_prev = 0;
               nth<isa::Run>(code, built.runs.size() - 1).push_next = 0;
             }),
             NoOrder);
}

TEST_F(Check, ARunThatWritesWhatItReads) {
  // The first layer writes over its input's head, which it has read by then.
  std::mt19937 random(1);
  Network net = randomNetwork(
      random, MapKind::Bytes, {1, 1, 3600},
      {{.channels = 64, .kernel = 80, .stride = 12, .pad = 34},
       {.channels = 8, .kernel = 3, .pad = 1, .output = OutputKind::Sum}});
  ASSERT_NO_FATAL_FAILURE(plan(net, z010(4096, 1024)));
  const MapLayout input = built.layers[0].in, map = built.layers[1].in;
  uint32_t words = input.extent + map.words() - map.groupPitch;
  ASSERT_NO_FATAL_FAILURE(plan(net, z010(words, 1024)));
  uint32_t base = built.layers[1].in.base;
  ASSERT_GT(base + map.words(), input.base);
  for (uint32_t later : {2u, map.groupPitch / 2 & ~1u})
    expectSays(after([&](MachineCode &code) {
                 nth<isa::Load>(code, 0).address -= later;
                 nth<isa::Run>(code, 0).act -= later;
               }),
               "reads of words");
}

/// The next layer pads with 0 before a pool, so the first layer has two RUNs:
/// constants that tell the border, then its channels.
class CheckTwoPasses : public Check {
protected:
  void SetUp() override {
    std::mt19937 random(1);
    LayerSpec layer = {.channels = 16,
                       .kernel = 3,
                       .pad = 1,
                       .padValue = 0,
                       .poolWindow = 2,
                       .poolStride = 2};
    LayerSpec second = layer, last = {.channels = 5,
                                      .kernel = 3,
                                      .pad = 1,
                                      .padValue = 0,
                                      .output = OutputKind::Sum};
    second.kernel = 5, second.pad = 2;
    Network net = randomNetwork(random, MapKind::Bytes, {1, 1, 1200},
                                {layer, second, last});
    isa::Target target;
    std::string error;
    ASSERT_TRUE(isa::loadTarget("z035", target, error)) << error;
    target.laneWords = 2048;
    ASSERT_NO_FATAL_FAILURE(plan(net, target));
    ASSERT_EQ(built.layers[0].in.base, 0u);
    ASSERT_TRUE(net.layers[1].borderGroup);
    ASSERT_EQ(built.layers[0].passes.size(), 2u);
  }
  /// The first layer's output at word `to`, the second one's behind all; the
  /// next input waits for both layers.
  MachineCode placedAt(uint32_t to) {
    MachineCode changed = code;
    for (size_t r = 0; r < built.runs.size(); ++r)
      nth<isa::Run>(changed, r).push_prev =
          built.runs[r].layer == 1 && built.runs[r + 1].layer == 2;
    uint32_t behind = built.layers[0].in.words() + built.layers[1].in.words();
    std::array<uint32_t, 3> moved = {0, to - built.layers[1].in.base,
                                     behind - built.layers[2].in.base};
    for (MachineInstruction &item : changed.warm) {
      if (auto *out = std::get_if<isa::Out>(&item.instruction);
          out && item.layer < 2)
        out->base += moved[item.layer + 1];
      if (auto *run = std::get_if<isa::Run>(&item.instruction))
        run->act += moved[item.layer];
    }
    return changed;
  }
  bool isRight(const MachineCode &changed) {
    std::mt19937 random(2);
    isa::Program program = buildProgram(network, built, changed);
    for (int i = 0; i < 2; ++i) {
      Values input = randomInput(random, network);
      if (runProgram(network, built, program, input) !=
          evaluate(network, input))
        return false;
    }
    return true;
  }
};

TEST_F(CheckTwoPasses, APassThatOverwritesWhatTheNextOneReads) {
  // All of the input is gone before the channels are made of it: they are made
  // of the constants, and every word that is read was written long ago.
  ASSERT_LE(built.layers[0].in.words(), built.layers[1].in.groupPitch);
  EXPECT_FALSE(isRight(placedAt(0)));
  expectSays(checked(placedAt(0)), "reads two maps at once");
}

TEST_F(CheckTwoPasses, EveryPlaceThatMakesTheResultWrong) {
  uint32_t words = built.layers[0].in.words();
  int refused = 0;
  for (uint32_t distance = 0; distance <= words; distance += 2) {
    std::string said = checked(placedAt(distance));
    refused += !said.empty();
    EXPECT_TRUE(!said.empty() || isRight(placedAt(distance))) << distance;
  }
  EXPECT_GE(refused, int(words / 2 - 8));
  EXPECT_EQ(checked(placedAt(words)), "");
}

TEST_F(CheckTwoPasses, ALayerThatReadsAnOlderMap) {
  // The last layer reads the input instead of the second layer's output.
  expectSays(after([&](MachineCode &code) {
               for (size_t r = 0; r < built.runs.size(); ++r) {
                 isa::Run &run = nth<isa::Run>(code, r);
                 run.push_prev = r + 1 == built.runs.size();
                 if (built.runs[r].layer == 2)
                   run.act = built.layers[0].in.base;
               }
             }),
             "of map 0 of its window, but map 2 is written");
}
