//===- PackTest.cpp - Weight rows, threshold rows, range proof ------------===//
//
// The bits of docs/engine.md section 2 on layers small enough to read.
//
//===----------------------------------------------------------------------===//

#include "lower/Pack.h"
#include "NaiveNetwork.h"
#include "lower/Arithmetic.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;

namespace {
Layer threeTaps(MapKind kind) {
  Layer l;
  l.nodes = {"conv"};
  l.kind = kind;
  l.in = {1, 1, 10};
  l.kernelW = 3;
  l.conv = l.out = {1, 1, 8};
  l.weights = {1, -1, 1};
  l.thresholds = {{{1}, false}};
  return l;
}

LayerPlan planned(const Layer &layer) {
  LayerPlan plan;
  std::string error;
  MapLayout next = layoutInput(threeTaps(MapKind::Bits));
  EXPECT_TRUE(planLayer(layer, &next, 0, false, {}, plan, error)) << error;
  return plan;
}

uint32_t word(const std::vector<uint8_t> &bytes, size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         uint32_t(bytes[at + 3]) << 24;
}
} // namespace

TEST(Pack, OneBitOfEachRecordHoldsTheChannelAndTheRestIsOne) {
  Layer l = threeTaps(MapKind::Bits);
  auto rows = packWeights(l, planned(l), 0);
  ASSERT_EQ(rows.size(), 32u);
  EXPECT_EQ(word(rows, 0), 0xfffffeffu) << "tap 1, channel 0 is -1";
  EXPECT_EQ(word(rows, 4), 0xffffffffu) << "no second channel";
}

TEST(Pack, QuadRepeatsEachTapInFourBytes) {
  Layer l = threeTaps(MapKind::Bytes);
  EXPECT_EQ(word(packWeights(l, planned(l), 0), 0), 0xfdfdfdfdu);
}

TEST(Pack, UnusedChannelsAreTheOppositeOfTheirPadBit) {
  Layer l = threeTaps(MapKind::Bits);
  l.padLeft = 1;
  l.padValue = 1;
  EXPECT_EQ(word(packWeights(l, planned(l), 0), 0), 0xff010001u);
}

TEST(Threshold, StartsAtMinusTheLeastAgreement) {
  Layer l = threeTaps(MapKind::Bits); // dot >= 1 is H >= 2 of 3
  EXPECT_EQ(channelThresholds(l, 0).t, std::vector<int64_t>{-2});
  auto rows = packThresholds(l, planned(l), nullptr, 0);
  ASSERT_EQ(rows.size(), 32u);
  EXPECT_EQ(word(rows, 0), 0xfffffeu);
  EXPECT_EQ(word(rows, 4), 0xfffffcu) << "an unused column is 0";
}

TEST(Threshold, DecreasingChannelsSetThePolarity) {
  Layer l = threeTaps(MapKind::Bits);
  l.thresholds[0].first = true;
  EXPECT_EQ(word(packThresholds(l, planned(l), nullptr, 0), 0), 0x80fffffeu);
}

TEST(Threshold, PointsThatEveryInputPassesTurnThePolarity) {
  Layer l = threeTaps(MapKind::Bits);
  l.thresholds[0].points = {-3, 4}; // dot is -3, -1, 1 or 3
  EXPECT_TRUE(channelThresholds(l, 0).polarity);
  EXPECT_TRUE(channelThresholds(l, 0).t.empty());
  EXPECT_EQ(planesNeeded(l), 1u);
}

TEST(Threshold, BytesMoveByTheWeightsConstant) {
  Layer l = threeTaps(MapKind::Bytes); // k = -255 - 128
  EXPECT_EQ(byteOffset(l, 0), -383);
  EXPECT_EQ(channelThresholds(l, 0).t, std::vector<int64_t>{-384});
  l.isSigned = false;
  EXPECT_EQ(byteOffset(l, 0), -255);
}

TEST(Threshold, IntervalsTakeTwoPlanes) {
  Layer l = threeTaps(MapKind::Bits);
  l.thresholds[0].points = {-1, 3};
  LayerPlan plan = planned(l);
  EXPECT_EQ(plan.planes, 2u);
  EXPECT_EQ(plan.routine, Routine::BinaryMulti);
  auto rows = packThresholds(l, plan, nullptr, 0);
  EXPECT_EQ(word(rows, 0), 0xffffffu); // H >= 1
  EXPECT_EQ(word(rows, 32), 0xfffffeu) << "two lower: H >= 3";
}

TEST(Range, NamesTheNodeAndTheBits) {
  Layer l = threeTaps(MapKind::Bytes);
  l.in = {64, 1, 10};
  l.weights.assign(64 * 3, 1);
  ::bnn::isa::Target target;
  target.accumulatorBits = 16;
  LayerPlan plan;
  std::string error;
  MapLayout next = layoutInput(threeTaps(MapKind::Bits));
  EXPECT_FALSE(planLayer(l, &next, 0, false, target, plan, error));
  EXPECT_NE(error.find("node 'conv'"), std::string::npos) << error;
  EXPECT_NE(error.find("17 bits"), std::string::npos) << error;
  EXPECT_NE(error.find("has 16"), std::string::npos) << error;
  EXPECT_NE(error.find("codes -128..127"), std::string::npos) << error;
  EXPECT_NE(error.find("accumulator_bits = 17"), std::string::npos) << error;
}

TEST(Range, TakesTheCodesThatCanOccurAndThePads) {
  Layer l = threeTaps(MapKind::Bytes);
  l.in = {784, 1, 1};
  l.kernelW = 1;
  l.conv = l.out = {1, 1, 1};
  l.weights.assign(784, -1);
  l.codeLow = -1;
  l.codeHigh = 1;
  unsigned needed = 0;
  EXPECT_TRUE(fitsAccumulator(l, 24, 1, needed));
  EXPECT_EQ(needed, 12u);
  // Codes of -1 and weights of -1: 255 - 127 each.
  EXPECT_EQ(countRange(l, 0).low, 784 * 126);
  EXPECT_EQ(countRange(l, 0).high, 784 * 128);
  EXPECT_EQ(countRange(l, 1).low, 784 * 127) << "no such channel: all +1";
  l.padLeft = 1;
  l.padValue = -100;
  EXPECT_EQ(countRange(l, 0).high, 784 * 227);
  l.codeLow = -128;
  l.codeHigh = 127;
  EXPECT_TRUE(fitsAccumulator(l, 24, 1, needed));
  EXPECT_EQ(needed, 19u);
}

TEST(Range, SumsOverPositionsFitTheirWords) {
  Layer l = threeTaps(MapKind::Bits);
  l.output = OutputKind::SumBits;
  l.conv.w = (1 << 23) / 3; // 3 taps each: 2^23 - 2
  std::string error;
  EXPECT_TRUE(fitsSums(l, error)) << error;
  ++l.conv.w;
  EXPECT_FALSE(fitsSums(l, error));
  EXPECT_NE(error.find("reach 8388609, a threshold holds 24 bits"),
            std::string::npos)
      << error;
  l.output = OutputKind::Sum;
  EXPECT_TRUE(fitsSums(l, error)) << error;
  l.kind = MapKind::Bytes;
  l.conv.w = 1 << 23; // times 3 * 128: 3 * 2^30
  EXPECT_FALSE(fitsSums(l, error));
}

TEST(Value, OddSumsKeepAConstant) {
  Layer l = threeTaps(MapKind::Bits);
  ValueTerms terms = valueTerms(l, 0);
  for (int64_t h = 0; h <= 3; ++h)
    EXPECT_EQ(terms.scale * (h + terms.t) + terms.shift, 2 * h - 3);
}
