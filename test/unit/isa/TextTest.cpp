// The disassembler's lines and the trap names.
#include "bnn/isa/Isa.h"

#include <gtest/gtest.h>

namespace isa = bnn::isa; // Run is also a member of testing::Test
using namespace bnn::isa;

namespace {

TEST(Text, Load) {
  EXPECT_EQ(print(Load{.push_next = 1,
                       .region = Region::Input,
                       .beats = 452,
                       .address = 64,
                       .format = Format::Quad,
                       .phase = 14}),
            "load.lanes push_next region=input source=0 beats=452 address=64 "
            "format=quad phase=14");
  EXPECT_EQ(print(Load{.region = Region::Input,
                       .beats = 451,
                       .period = 12,
                       .keep = 10,
                       .lead = 4,
                       .trail = 4,
                       .pad = 128}),
            "load.lanes region=input source=0 beats=451 address=0 period=12 "
            "keep=10 lead=4 trail=4 pad=128");
  EXPECT_EQ(
      print(
          Load{.dest = LoadDest::Weights, .source = 7, .beats = 8, .split = 1}),
      "load.weights region=program source=7 beats=8 address=0 split=1");
}

TEST(Text, Loop) {
  EXPECT_EQ(print(Loop{.index0 = 0, .limit0 = 25, .act_stride0 = -2}),
            "loop index0=0 limit0=25 act_stride0=-2");
  EXPECT_EQ(print(Loop{.index0 = 5,
                       .limit0 = 29,
                       .act_stride0 = 14,
                       .index1 = 0,
                       .limit1 = 7,
                       .weight_stride1 = 1,
                       .threshold_stride1 = -1}),
            "loop index0=5 limit0=29 act_stride0=14 index1=0 limit1=7 "
            "weight_stride1=1 threshold_stride1=-1");
}

TEST(Text, Out) {
  EXPECT_EQ(
      print(Out{.base = 100,
                .record = 1,
                .phase = 2,
                .lead = 3,
                .trail = 5,
                .pad = 1,
                .pool_window = 7,
                .pool_stride = 2,
                .pool_first = 1,
                .pixels = 1800}),
      "out.bits base=100 record=1 phase=2 lead=3 trail=5 pad pool_window=7 "
      "pool_stride=2 pool_first pixels=1800");
  EXPECT_EQ(print(Out{.mode = OutMode::SumBits, .record = 2}),
            "out.sum_bits base=0 record=2 pixels=0");
}

TEST(Text, Run) {
  EXPECT_EQ(print(isa::Run{.pop_prev = 1,
                           .push_next = 1,
                           .entry = 3,
                           .act = 10,
                           .weight = 20,
                           .threshold = 30,
                           .tail = 24,
                           .last_pixels = 5}),
            "run pop_prev push_next entry=3 act=10 weight=20 threshold=30 "
            "tail=24 last_pixels=5");
}

TEST(Text, StoreAndEnd) {
  EXPECT_EQ(print(Store{.push_prev = 1,
                        .source = StoreSource::Output,
                        .region = Region::Output,
                        .beats = 20}),
            "store.output push_prev address=0 region=output dest=0 beats=20");
  EXPECT_EQ(print(End{}), "end");
}

TEST(Text, Microword) {
  EXPECT_EQ(print(Microword{}), "nop");
  EXPECT_EQ(
      print(Microword{.mac = 1,
                      .first = AccOp::Init,
                      .rest = AccOp::Add,
                      .reduce = 0b100111,
                      .sample = Sample::Sign,
                      .done = 1,
                      .tail = 1,
                      .lo = 0,
                      .hi = 7,
                      .ends = 1,
                      .near = 4,
                      .far = 4,
                      .halt = 1}),
      "mac first=init rest=add reduce=0-2,5 sample=sign done tail ends=0-7 "
      "near=4 far=4 halt");
}

TEST(Text, TrapNames) {
  EXPECT_STREQ(name(Trap::None), "none");
  EXPECT_STREQ(name(Trap::IllegalField), "illegal_field");
  EXPECT_STREQ(name(Trap(99)), "unknown");
}

} // namespace
