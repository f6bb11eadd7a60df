// Where a device's regions lie on the bus.
#include "Device.h"

#include <gtest/gtest.h>

using namespace bnn::runtime;

TEST(PlaceRegions, LieBehindEachOtherAPageApart) {
  std::array<uint32_t, 4> at{};
  ASSERT_TRUE(placeRegions({8, 4096, 0, 16}, at));
  EXPECT_EQ(at, (std::array<uint32_t, 4>{0x100000, 0x102000, 0x104000, 0x105000}));
}

TEST(PlaceRegions, MayEndBeforeTheLastBeatOfTheAddressSpace) {
  const uint64_t rest = (uint64_t(1) << 32) - 8 - 0x100000;
  std::array<uint32_t, 4> at{};
  // Regions behind the last one of any size would begin past the end.
  Result result = placeRegions({rest, 0, 0, 0}, at);
  EXPECT_EQ(result.status, BNN_ERROR_DEVICE);
  EXPECT_EQ(at[0], 0x100000u);
  ASSERT_TRUE(placeRegions({0, 0, 0, rest - 0x3000}, at));
  EXPECT_EQ(uint64_t(at[3]) + rest - 0x3000, 0xfffffff8u);
  result = placeRegions({0, 0, 0, rest - 0x3000 + 8}, at);
  EXPECT_EQ(result.status, BNN_ERROR_DEVICE);
  EXPECT_NE(result.text.find("region Scratch of 4293906432 bytes does not fit"), std::string::npos)
      << result.text;
}

TEST(PlaceRegions, RefusesSizesThatWrap) {
  std::array<uint32_t, 4> at{};
  for (uint64_t bytes : {uint64_t(1) << 32, ~uint64_t(0), ~uint64_t(0) - 0x100000 + 8})
    for (size_t r = 0; r != 4; ++r) {
      std::array<uint64_t, 4> sizes{};
      sizes[r] = bytes;
      EXPECT_EQ(placeRegions(sizes, at).status, BNN_ERROR_DEVICE);
    }
}
