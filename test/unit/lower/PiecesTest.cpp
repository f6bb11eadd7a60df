//===- PiecesTest.cpp - Outputs larger than the output buffer -------------===//
//
// Last layers of any shape on targets whose output buffers shrink to the least
// piece: every program checks and is exact, and the checker refuses pieces that
// do not wait for the STORE before them.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"
#include "lower/CheckBinary.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
isa::Target targetNamed(const std::string &name) {
  isa::Target target;
  std::string error;
  EXPECT_TRUE(isa::loadTarget(name, target, error)) << error;
  return target;
}

std::string checked(const Network &network, const Plan &plan,
                    const MachineCode &code) {
  CheckResult result;
  std::string error;
  checkBinary(buildProgram(network, plan, code), result, error);
  return error;
}

void expectExact(std::mt19937 &random, const Network &network,
                 const Plan &plan) {
  MachineCode code = emitCode(network, plan);
  ASSERT_EQ(checked(network, plan, code), "");
  Values input = randomInput(random, network);
  ASSERT_EQ(runProgram(network, plan, buildProgram(network, plan, code), input),
            evaluate(network, input));
}

/// One or two layers whose last gives a map, or sums, of any size.
Network largeOutput(std::mt19937 &random) {
  auto pick = [&](int low, int high) {
    return int64_t(std::uniform_int_distribution<int>(low, high)(random));
  };
  MapKind kind = pick(0, 1) ? MapKind::Bytes : MapKind::Bits;
  int64_t height = pick(0, 1) ? pick(2, 12) : 1;
  std::vector<LayerSpec> layers;
  if (pick(0, 2))
    layers.push_back({.channels = pick(1, 40), .kernel = 3, .pad = 1});
  int64_t window = pick(1, 4);
  layers.push_back({.channels = pick(1, 70),
                    .kernel = pick(1, 5),
                    .stride = pick(1, 2),
                    .poolWindow = window,
                    .poolStride = pick(1, 5),
                    .output = OutputKind::Raw});
  if (height == 1 && pick(0, 4) == 0)
    layers.back().output = OutputKind::Sum;
  return randomNetwork(random, kind,
                       {pick(1, 3), height, pick(20, height > 1 ? 60 : 300)},
                       layers);
}
} // namespace

class Pieces : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Targets, Pieces,
                         ::testing::Values("z010", "z020", "z035"));

TEST_P(Pieces, AreExactDownToTheLeast) {
  std::string error;
  int exact = 0, refused = 0, whole = 0;
  size_t most = 0;
  for (int seed = 0; seed < 16; ++seed) {
    std::mt19937 random(seed);
    Network network = largeOutput(random);
    isa::Target target = targetNamed(GetParam());
    target.laneWords = 8192;
    target.outputWords = 65536;
    Plan plan;
    ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
    ASSERT_EQ(plan.stores.size(), 1u);
    if (seed % 4 == 0)
      target.weightRows = std::max(1u, plan.usage.weightRows * 3 / 4);
    for (target.outputWords = plan.usage.outputWords; target.outputWords;
         target.outputWords = target.outputWords * 2 / 5) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", output_words = " +
                   std::to_string(target.outputWords));
      if (!planNetwork(network, target, plan, error)) {
        bool buffer =
            error.find("words of the output buffer, target '") != error.npos;
        EXPECT_TRUE(buffer || error.find("RUNs give the output") != error.npos)
            << error;
        ++refused;
        break;
      }
      EXPECT_LE(plan.usage.outputWords, target.outputWords);
      ASSERT_NO_FATAL_FAILURE(expectExact(random, network, plan));
      exact += plan.stores.size() > 1;
      whole += plan.pieceWords == target.outputWords;
      most = std::max(most, plan.stores.size());
    }
  }
  printf("%s: %d in pieces, up to %zu, %d of them as large as the buffer, %d "
         "refused\n",
         GetParam(), exact, most, whole, refused);
  EXPECT_GE(exact, 20);
  EXPECT_GE(most, 20u);
  EXPECT_GE(whole, 3);
  EXPECT_GE(refused, 10);
}

TEST_P(Pieces, AMapOfPicturesOnTheTargetAsItIs) {
  std::mt19937 random(1);
  Network network = randomNetwork(
      random, MapKind::Bytes, {1, 28, 28},
      {{.channels = 64, .kernel = 3, .pad = 1, .output = OutputKind::Raw}});
  Plan plan;
  std::string error;
  ASSERT_TRUE(planNetwork(network, targetNamed(GetParam()), plan, error))
      << error;
  EXPECT_GE(plan.stores.size(), 49u); // 25,088 words
  expectExact(random, network, plan);
}

TEST_P(Pieces, TooManyForTheInstructionMemory) {
  std::mt19937 random(1);
  Network network = randomNetwork(
      random, MapKind::Bytes, {1, 28, 28},
      {{.channels = 512, .kernel = 3, .output = OutputKind::Raw}});
  Plan plan;
  std::string error;
  EXPECT_FALSE(planOrAdvise(network, targetNamed(GetParam()), plan, error));
  for (const char *part : {"the network takes ",
                           "RUNs give the output, make that smaller"})
    EXPECT_NE(error.find(part), std::string::npos) << error;
}

namespace {
/// Three pieces or more, in two halves of the buffer.
class CheckPieces : public ::testing::Test {
protected:
  void SetUp() override {
    std::mt19937 random(1);
    network = randomNetwork(random, MapKind::Bits, {8, 1, 400},
                            {{.channels = 8, .kernel = 3, .pad = 1},
                             {.channels = 24,
                              .kernel = 3,
                              .output = OutputKind::Raw}});
    std::string error;
    ASSERT_TRUE(planNetwork(network, {}, plan, error)) << error;
    code = emitCode(network, plan);
    ASSERT_EQ(checked(network, plan, code), "");
    ASSERT_GE(plan.stores.size(), 6u);
    ASSERT_EQ(plan.stores[0].address, plan.stores[2].address);
    ASSERT_NE(plan.stores[0].address, plan.stores[1].address);
  }
  /// The STOREs, and the RUNs and OUTs of the pieces.
  template <typename Kind> Kind &nth(size_t piece) {
    size_t skip = piece;
    for (MachineInstruction &item : code.warm)
      if (auto *found = std::get_if<Kind>(&item.instruction))
        if (item.layer == 1 && skip-- == 0)
          return *found;
    throw std::out_of_range("no such instruction");
  }
  void expectSays(const std::string &part) {
    std::string said = checked(network, plan, code);
    EXPECT_NE(said.find(part), std::string::npos) << "it said: " << said;
  }
  Network network;
  Plan plan;
  MachineCode code;
};
constexpr const char *NoOrder = "no token keeps their order";
} // namespace

TEST_F(CheckPieces, APieceInTheOtherHalf) {
  nth<isa::Out>(2).base = plan.stores[1].address;
  nth<isa::Store>(2).address = plan.stores[1].address;
  expectSays(NoOrder);
}

TEST_F(CheckPieces, APieceThatDoesNotWait) {
  nth<isa::Run>(2).pop_next = 0;
  nth<isa::Store>(0).push_prev = 0;
  expectSays(NoOrder);
}

TEST_F(CheckPieces, AStoreThatDoesNotWait) {
  nth<isa::Run>(1).push_next = 0;
  nth<isa::Store>(1).pop_prev = 0;
  expectSays(NoOrder);
}

TEST_F(CheckPieces, AWindowThatBeginsBeforeTheLastStore) {
  size_t last = plan.stores.size() - 1;
  ASSERT_EQ(nth<isa::Store>(last - 1).push_prev, 0u);
  nth<isa::Store>(last - 1).push_prev = 1;
  nth<isa::Store>(last).push_prev = 0;
  expectSays(NoOrder);
}

TEST_F(CheckPieces, AStoreOfMoreThanItsPiece) {
  nth<isa::Store>(0).beats = plan.stores[0].words + 1;
  expectSays("output word");
}
