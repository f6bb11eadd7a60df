// Quantisers on edge values, and every byte of the packed window.
#include "bnn/isa/host/Prologue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace bnn::host;

namespace {

using Bytes = std::vector<uint8_t>;

Part bytesPart(Shape map, Type type = Type::Float32) {
  Part part;
  part.map = map;
  part.input = {"x", type, {1, map.c, map.h, map.w}};
  part.layout.rowBytes = uint64_t(map.c * map.w);
  return part;
}

template <typename T>
Bytes pack(const Part &part, uint64_t size, std::vector<T> x) {
  Bytes window(size, 0x55);
  std::string error;
  EXPECT_TRUE(Prologue(part, size).run(x.data(), window.data(), error)) << error;
  return window;
}

template <typename T>
std::string refusal(const Part &part, uint64_t size, std::vector<T> x) {
  Bytes window(size);
  std::string error;
  EXPECT_FALSE(Prologue(part, size).run(x.data(), window.data(), error));
  return error;
}

TEST(Prologue, BoundariesAreExact) {
  Part part = bytesPart({1, 1, 9});
  part.quantiser.kind = Quantiser::Kind::Boundaries;
  part.quantiser.first = -2, part.quantiser.step = 1;
  part.quantiser.boundaries = {-1.5f, 0.0f, 0.1f};
  float below = std::nextafter(0.1f, 0.0f),
        tiny = std::numeric_limits<float>::denorm_min();
  float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(
      pack<float>(part, 9,
                  {-inf, -1.5f, -1.6f, -tiny, -0.0f, 0.0f, below, 0.1f, inf}),
      (Bytes{254, 255, 254, 255, 0, 0, 0, 1, 1}));
}

TEST(Prologue, BoundariesEqualALinearCount) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  Part part = bytesPart({1, 1, 1000});
  part.quantiser.kind = Quantiser::Kind::Boundaries;
  part.quantiser.first = -128;
  for (int i = 0; i < 255; ++i)
    part.quantiser.boundaries.push_back(normal(random));
  std::sort(part.quantiser.boundaries.begin(), part.quantiser.boundaries.end());
  std::vector<float> x(1000);
  for (float &v : x)
    v = random() % 3 ? normal(random) : part.quantiser.boundaries[random() % 255];
  Bytes window = pack(part, 1000, x);
  for (size_t i = 0; i < x.size(); ++i) {
    int code = -128;
    for (float b : part.quantiser.boundaries)
      code += x[i] >= b;
    ASSERT_EQ(int8_t(window[i]), code);
  }
}

// The loader guesses counts of uniform boundaries: no value near one may
// differ.
TEST(Prologue, UniformBoundariesAreExactOnBothSides) {
  float inf = std::numeric_limits<float>::infinity();
  for (float scale : {0.1f, 1 / 3.0f, 1e-38f, 1e30f}) {
    Part part = bytesPart({1, 1, 255 * 3 + 2});
    part.quantiser.kind = Quantiser::Kind::Boundaries;
    part.quantiser.first = -128;
    std::vector<float> x = {-inf, inf};
    Bytes expected = {128, 127};
    for (int i = -127; i <= 127; ++i) {
      float b = scale * (float(i) - 0.5f);
      part.quantiser.boundaries.push_back(b);
      x.insert(x.end(), {std::nextafter(b, -inf), b, std::nextafter(b, inf)});
      expected.insert(expected.end(), {uint8_t(i - 1), uint8_t(i), uint8_t(i)});
    }
    EXPECT_EQ(pack(part, x.size(), x), expected);
  }
}

TEST(Prologue, InfiniteAndEqualBoundaries) {
  float inf = std::numeric_limits<float>::infinity();
  Part part = bytesPart({1, 1, 3});
  part.quantiser.kind = Quantiser::Kind::Boundaries;
  part.quantiser.boundaries = {-inf, 0, inf};
  EXPECT_EQ(pack<float>(part, 3, {-inf, 0, inf}), (Bytes{1, 2, 3}));
  part.quantiser.boundaries = {1, 1, 1};
  EXPECT_EQ(pack<float>(part, 3, {0, 1, 2}), (Bytes{0, 3, 3}));
  part.quantiser.boundaries = {1, inf};
  EXPECT_EQ(pack<float>(part, 3, {0, 1, inf}), (Bytes{0, 1, 2}));
  part.quantiser.boundaries = {};
  EXPECT_EQ(pack<float>(part, 3, {-inf, 1, inf}), (Bytes{0, 0, 0}));
}

TEST(Prologue, NaNIsRefusedWithItsPlace) {
  Part part = bytesPart({2, 1, 3});
  part.quantiser.kind = Quantiser::Kind::Boundaries;
  EXPECT_EQ(refusal<float>(part, 6, {0, 0, 0, 0, std::nanf(""), 0}),
            "[0, 1, 0, 1] is NaN, which has no code");
  part.quantiser.kind = Quantiser::Kind::Cast;
  EXPECT_EQ(refusal<float>(part, 6, {0, 0, 0, 0, std::nanf(""), 0}),
            "[0, 1, 0, 1] is nan; this input takes integers in -128..127");
}

TEST(Prologue, CastTakesIntegersInRangeOnly) {
  Part part = bytesPart({1, 1, 3});
  EXPECT_EQ(pack<float>(part, 3, {-128, -0.0f, 127}), (Bytes{128, 0, 127}));
  EXPECT_EQ(refusal<float>(part, 3, {0, 0.5, 0}),
            "[0, 0, 0, 1] is 0.5; this input takes integers in -128..127");
  EXPECT_EQ(refusal<float>(part, 3, {0, 0, 128}),
            "[0, 0, 0, 2] is 128; this input takes integers in -128..127");
  EXPECT_EQ(
      refusal<float>(part, 3, {std::numeric_limits<float>::infinity(), 0, 0}),
      "[0, 0, 0, 0] is inf; this input takes integers in -128..127");
  part.input.type = Type::Int64;
  EXPECT_EQ(pack<int64_t>(part, 3, {-128, 0, 127}), (Bytes{128, 0, 127}));
  EXPECT_EQ(
      refusal<int64_t>(part, 3, {int64_t(1) << 40, 0, 0}),
      "[0, 0, 0, 0] is 1099511627776; this input takes integers in -128..127");
  part.input.type = Type::UInt8;
  part.quantiser.min = 0, part.quantiser.max = 255;
  EXPECT_EQ(pack<uint8_t>(part, 3, {0, 200, 255}), (Bytes{0, 200, 255}));
}

TEST(Prologue, BytesAreChannelLastWithPads) {
  Part part = bytesPart({2, 2, 2}, Type::Int8);
  InputLayout &l = part.layout;
  l.mask = 128;
  l.padLeft = 2, l.padRight = 1, l.padTop = 1, l.padCode = -1, l.rowBytes = 8;
  // Codes 1..8 in C, H, W order; xor 128; the pad byte is 0xff ^ 0x80 = 0x7f.
  uint8_t p = 0x7f;
  EXPECT_EQ(pack<int8_t>(part, 26, {1, 2, 3, 4, 5, 6, 7, 8}),
            (Bytes{p, p, p,    p,    p,    p,    p, 0, //
                   p, p, 0x81, 0x85, 0x82, 0x86, p, 0, //
                   p, p, 0x83, 0x87, 0x84, 0x88, p, 0, 0, 0}));
}

// What the engine makes itself is cut off at both ends, wherever that is.
TEST(Prologue, PadsThatTheEngineMakesAreLeftOut) {
  Part part = bytesPart({2, 2, 2}, Type::Int8);
  InputLayout &l = part.layout;
  l.mask = 128;
  l.padLeft = l.padRight = 4, l.padTop = l.padBottom = 1, l.padCode = 3;
  l.rowBytes = 16;
  std::vector<int8_t> x = {1, 2, 3, 4, 5, 6, 7, 8};
  Bytes whole = pack(part, 64, x);
  for (uint64_t lead = 0; lead <= 20; ++lead)
    for (uint64_t trail = 0; trail <= 24; ++trail) {
      l.lead = lead, l.trail = trail;
      EXPECT_EQ(pack(part, 64 - lead - trail, x),
                Bytes(whole.begin() + lead, whole.end() - trail));
    }
}

TEST(Prologue, BitsAreRecordsInGroups) {
  // 34 channels: group 0 has 32, group 1 has 2; two pixels, one pad each side.
  Part part;
  part.map = {34, 1, 2};
  part.input = {"x", Type::Float32, {34, 1, 2}};
  part.quantiser.kind = Quantiser::Kind::Bipolar;
  InputLayout &l = part.layout;
  l.bits = true;
  l.record = 4, l.groups = 2, l.groupBytes = 16, l.rowBytes = 16;
  l.padLeft = 4, l.padRight = 4, l.padCode = 1;
  std::vector<float> x(68, -1);
  x[0 * 2 + 0] = 1;  // channel 0, pixel 0
  x[9 * 2 + 1] = 1;  // channel 9, pixel 1
  x[33 * 2 + 1] = 1; // channel 33, pixel 1
  EXPECT_EQ(pack(part, 32, x), (Bytes{255, 255, 255, 255, 1,   0, 0, 0, 0, 2, 0,
                                    0,   255, 255, 255, 255, 3, 0, 0, 0, 0, 0,
                                    0,   0,   2,   0,   0,   0, 3, 0, 0, 0}));
  l.lead = 4, l.trail = 7; // the last four pad bytes of row_bytes 16 are no pads
  EXPECT_EQ(pack(part, 21, x),
            (Bytes{1, 0, 0, 0, 0, 2, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0, 0, 0, 0, 0, 2}));
}

TEST(Prologue, BipolarTakesMinusOneAndOneOnly) {
  Part part = bytesPart({1, 1, 2});
  part.quantiser.kind = Quantiser::Kind::Bipolar;
  EXPECT_EQ(pack<float>(part, 2, {-1, 1}), (Bytes{255, 1}));
  EXPECT_EQ(refusal<float>(part, 2, {-1, 0}),
            "[0, 0, 0, 1] is 0; this input takes -1 and 1");
}

// Operations before the engine: what has no number, and a Sign of 0, are
// refused with their places.
TEST(Prologue, OperationsRefuseWhatHasNoBit) {
  Part part;
  part.map = {2, 1, 3};
  part.input = {"x", Type::Float32, {1, 2, 3}};
  part.quantiser.kind = Quantiser::Kind::None;
  Op sign;
  sign.kind = Op::Kind::Quantise;
  sign.in = sign.out = part.map;
  sign.operands = {0};
  sign.cuts = {0, 0}, sign.inclusive = {true, false}, sign.first = -1;
  part.before = {sign};
  part.layout.bits = true;
  part.layout.rowBytes = 3;
  EXPECT_EQ(pack<float>(part, 3, {-1, 1, -1, 1, 1, -1}), (Bytes{2, 3, 0}));
  EXPECT_EQ(
      refusal<float>(part, 3, {-1, 1, -1, 1, 0, -1}),
      "makes a Sign of exactly 0 in channel 1, row 0, position 1; compile "
      "with --sign-zero=plus or minus");
  EXPECT_EQ(refusal<float>(part, 3, {-1, 1, INFINITY, 1, 1, -1}),
            "[0, 0, 2] is inf, expected a finite number");
}

TEST(Prologue, OneBoundaryGivesBits) {
  Part part;
  part.map = {1, 1, 4};
  part.input = {"x", Type::Float32, {1, 4}};
  part.quantiser.kind = Quantiser::Kind::Boundaries;
  part.quantiser.boundaries = {0.0f};
  part.layout.bits = true;
  part.layout.rowBytes = 4;
  EXPECT_EQ(pack<float>(part, 4, {-1, 0, 3, -2}), (Bytes{0, 1, 1, 0}));
}

} // namespace
