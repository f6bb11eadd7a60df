// Elements of every type, and float16 bit by bit.
#include "bnn/isa/host/Elements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace bnn::host;

namespace {

TEST(Elements, NamesAndSizesOfAllTypes) {
  for (int i = 0; i < typeCount; ++i) {
    Type type = Type::Float32;
    EXPECT_TRUE(typeNamed(typeName(Type(i)), type));
    EXPECT_EQ(int(type), i);
    EXPECT_GT(typeSize(type), 0u);
  }
  Type type;
  EXPECT_FALSE(typeNamed("complex64", type));
}

TEST(Elements, EveryHalfIsItsOwnDouble) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    double x = halfToDouble(uint16_t(bits));
    if (std::isnan(x))
      continue;
    EXPECT_EQ(doubleToHalf(x), bits);
    // Half way to the next goes to the even one.
    double next = halfToDouble(uint16_t(bits + 1));
    if (std::isfinite(next) && std::isfinite(x) && (bits & 0x7fff) != 0x7fff) {
      EXPECT_EQ(doubleToHalf((x + next) / 2), bits & 1 ? bits + 1 : bits);
      EXPECT_EQ(doubleToHalf(x + (next - x) * 0.49), bits);
    }
  }
  EXPECT_EQ(doubleToHalf(65519), 0x7bff);
  EXPECT_EQ(doubleToHalf(65520), 0x7c00);
  EXPECT_EQ(doubleToHalf(-1e-9), 0x8000);
}

TEST(Elements, EveryTypeKeepsItsValues) {
  std::string error;
  for (int i = 0; i < typeCount; ++i) {
    uint64_t bytes[3];
    ASSERT_TRUE(storeElements(Type(i), {1, 0, 1}, bytes, error));
    EXPECT_EQ(loadElements(Type(i), bytes, 3), (std::vector<double>{1, 0, 1}));
  }
  uint64_t place;
  for (auto [type, low, high] :
       {std::tuple{Type::Int8, -128.0, 127.0}, {Type::UInt8, 0.0, 255.0},
        {Type::Int16, -32768.0, 32767.0}, {Type::UInt16, 0.0, 65535.0},
        {Type::Int32, -0x1p31, 0x1p31 - 1}, {Type::UInt32, 0.0, 0x1p32 - 1},
        {Type::Bool, 0.0, 1.0}, {Type::Int64, -0x1p63, 0x1p63 - 1024},
        {Type::UInt64, 0.0, 0x1p64 - 2048}}) {
    for (double x : {low, high}) {
      EXPECT_TRUE(storeElements(type, {x}, &place, error)) << typeName(type);
      EXPECT_EQ(loadElements(type, &place, 1)[0], x);
    }
    for (double x : {low - (type == Type::Int64 ? 2048.0 : 1.0),
                     high + (typeSize(type) == 8 ? 2048.0 : 1.0), 0.5,
                     std::numeric_limits<double>::quiet_NaN()})
      EXPECT_FALSE(storeElements(type, {x}, &place, error)) << typeName(type);
  }
}

} // namespace
