// The order of a RUN's samples: every routine as it is shipped passes, one broken
// routine per rule does not.
#include "bnn/isa/Isa.h"
#include "bnn/isa/Microassembler.h"
#include "bnn/isa/Verifier.h"

#include <gtest/gtest.h>

using namespace bnn::isa;

namespace {

/// One RUN of a routine with the limits of loops 0..7.
struct Case {
  std::vector<Microword> words;
  std::array<uint32_t, 8> limits = {2, 1, 1, 1, 2, 3, 2, 1};
  OutMode mode = OutMode::Bits;
  uint32_t base = 400;
};

/// The verifier's word about it, without the instruction that it names: the RUN.
std::string check(const Case &test) {
  Target target;
  std::string error;
  EXPECT_TRUE(loadTarget("z020", target, error));
  std::vector<uint8_t> image;
  for (const Microword &word : test.words)
    for (int i = 0; i != 8; ++i)
      image.push_back(uint8_t(encode(word) >> 8 * i));
  std::vector<Instruction> code = {
      Load{.dest = LoadDest::Control, .beats = uint32_t(test.words.size())}};
  for (uint32_t j = 0; j != 8; ++j)
    code.push_back(Loop{.index0 = j, .limit0 = test.limits[j]});
  code.push_back(Out{.mode = test.mode, .base = test.base, .record = 1, .pixels = 90});
  code.push_back(bnn::isa::Run{.push_next = 1});
  code.push_back(Store{.pop_prev = 1, .region = Region::Output, .beats = 1});
  code.push_back(End{});
  std::vector<uint8_t> bytes(code.size() * instructionBytes);
  for (size_t i = 0; i != code.size(); ++i)
    storeBits(encode(code[i]), &bytes[i * instructionBytes]);
  Limits limits;
  limits.regionBytes = {image.size(), 0, 8, 0};
  limits.image = image;
  if (verifyCode(bytes, target, limits, error))
    return "";
  std::string start = "instruction 10 (run";
  EXPECT_EQ(error.substr(0, start.size()), start) << error;
  size_t end = error.find("): ");
  return end == std::string::npos ? error : error.substr(end + 3);
}

Case routine(std::string_view text) {
  Case test;
  std::map<std::string, uint32_t> labels;
  std::string error;
  EXPECT_TRUE(assemble(text, test.words, labels, error)) << error;
  return test;
}

/// One word for all: loops 0-2 reduce.
Case binary() {
  return routine("w: mac first=init rest=add reduce=0-2 sample=sign done ends=0-7 near=w far=w halt");
}
Case values() {
  Case test = routine("w: mac first=init rest=add reduce=0-2 sample=value ends=0-7 near=w far=w halt");
  test.mode = OutMode::Raw;
  test.base = 0;
  return test;
}

TEST(SampleOrder, ShippedAndGeneratedRoutines) {
  for (const Routine *shipped : allRoutines()) {
    Case test;
    test.words = shipped->words;
    test.limits[1] = test.limits[2] = 3;
    test.limits[7] = 2;
    for (const Microword &word : shipped->words) {
      if (word.sample == Sample::Value)
        test.mode = OutMode::Sum, test.base = 0;
      if (word.first == AccOp::Bias)
        test.limits[3] = 4;
      if (word.reduce >> 5 & 1)
        test.limits[4] = 1;
    }
    EXPECT_EQ(check(test), "") << shipped->name;
  }
}

TEST(SampleOrder, OtherOrdersOfStreams) {
  // Output groups inside rows.
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-0 near=w far=w\n"
                          "m: ends=4-5 near=w far=w\n"
                          "g: ends=7-7 near=w far=w\n"
                          "y: ends=6-6 near=w far=w halt")),
            "");
}

TEST(SampleOrder, OneKindOfSample) {
  Case test = routine("a: mac first=init rest=add reduce=0-2 sample=sign done ends=0-2 near=a far=a\n"
                      "b: first=hold rest=hold sample=value ends=3-7 near=a far=a halt");
  EXPECT_EQ(check(test), "control word 1 samples VALUE after a sample of SIGN: a RUN samples one of "
                         "them, use two RUNs");
}

TEST(SampleOrder, KindOfTheOut) {
  Case test = values();
  test.mode = OutMode::Bits;
  EXPECT_EQ(check(test), "control word 0 samples VALUE, but OUT has mode=bits: SIGN goes with "
                         "mode=bits, VALUE with the others");
  test = binary();
  test.mode = OutMode::Raw;
  EXPECT_EQ(check(test), "control word 0 samples SIGN, but OUT has another mode than bits: SIGN goes "
                         "with mode=bits, VALUE with the others");
}

TEST(SampleOrder, PlanesOfATile) {
  Case test = binary();
  test.limits[3] = 8;
  EXPECT_EQ(check(test), "");
  test.limits[3] = 9;
  EXPECT_EQ(check(test), "control word 0 samples plane 0 of the tile (loops 7, 6, 5, 4 at 0, 0, 0, 0) "
                         "twice: give each threshold a plane of its own, at most 8");
}

TEST(SampleOrder, TilesUntilDone) {
  // The second plane comes only after all channel tiles had their first.
  Case test = routine("a: mac first=init rest=add reduce=0-2 sample=sign ends=0-4 near=a far=a\n"
                      "b: first=hold rest=hold sample=sign plane=1 done ends=4-7 near=b far=a halt");
  EXPECT_EQ(check(test), "control word 0 samples the tile (loops 7, 6, 5, 4 at 0, 0, 0, 1) before "
                         "`done` of the tile (loops 7, 6, 5, 4 at 0, 0, 0, 0): advance loops 4 to 7 "
                         "behind the word with `done` only");
}

TEST(SampleOrder, Loop4InsideLoop5) {
  const std::string word = "control word 0 comes to the tile (loops 7, 6, 5, 4 at ";
  const std::string why = ") after (loops 7, 6, 5, 4 at 0, 0, 0, 0), before all channel tiles of that: "
                          "loop 4 must turn inside loop 5";
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-0 near=w far=w\n"
                          "x: ends=5-5 near=w far=w\n"
                          "m: ends=4-4 near=w far=w\n"
                          "y: ends=6-7 near=w far=w halt")),
            word + "0, 0, 1, 0" + why);
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-0 near=w far=w\n"
                          "y: ends=6-6 near=w far=w\n"
                          "m: ends=4-5 near=w far=w halt")),
            word + "0, 1, 0, 0" + why);
  // A tile again and again.
  Case test = routine("w: mac first=init rest=add sample=sign done ends=0-7 near=w far=w halt");
  EXPECT_EQ(check(test), "control word 0 comes to channel tile 0 where 1 is next: loop 4 must count from "
                         "0 up inside loop 5");
}

TEST(SampleOrder, Loop5InsideLoops6And7) {
  Case test = routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-4 near=w far=w\n"
                      "y: ends=6-6 near=w far=w\n"
                      "x: ends=5-5 near=w far=w halt");
  EXPECT_EQ(check(test), "control word 0 comes to the tile (loops 7, 6, 5, 4 at 0, 1, 0, 0) after (loops "
                         "7, 6, 5, 4 at 0, 0, 0, 1), before the end of that stream: loop 5 must turn "
                         "inside loops 6 and 7");
}

TEST(SampleOrder, TilesOfAStream) {
  // Two tiles on at a time.
  Case test = routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-4 near=w far=w\n"
                      "s: ends=5-5 near=x far=x\n"
                      "x: ends=5-7 near=w far=w halt");
  test.limits[5] = 4;
  EXPECT_EQ(check(test), "control word 0 comes to the tile (loops 7, 6, 5, 4 at 0, 0, 2, 0) after (loops "
                         "7, 6, 5, 4 at 0, 0, 0, 1): loop 5 must count the tiles of a stream one by one");
  // The first tile is left out.
  test = routine("s: ends=5-5 near=w far=w\n"
                 "w: mac first=init rest=add reduce=0 sample=sign done ends=0-7 near=w far=w halt");
  EXPECT_EQ(check(test), "control word 1 begins a stream with the tile (loops 7, 6, 5, 4 at 0, 0, 1, 0): "
                         "loop 5 must be at 0");
}

TEST(SampleOrder, WholeTilesAndStreams) {
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign ends=0-0 near=w far=w halt")),
            "the routine stops before `done` of the tile (loops 7, 6, 5, 4 at 0, 0, 0, 0)");
  const std::string stops = "the routine stops after the tile (loops 7, 6, 5, 4 at 0, 0, 0, ";
  const std::string why = "), before the end of that stream: loops 4 and 5 must come to their limits";
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-3 near=w far=w halt")),
            stops + "0" + why);
  EXPECT_EQ(check(routine("w: mac first=init rest=add reduce=0 sample=sign done ends=0-4 near=w far=w halt")),
            stops + "1" + why);
}

TEST(SampleOrder, ValuesAreCounted) {
  Case test = values();
  test.limits[4] = 1;
  test.base = 1024 - 2 * 90 * 4;
  EXPECT_EQ(check(test), "");
  test.base += 1;
  EXPECT_EQ(check(test), "values end at output word 1025, there are 1024");
  // A loop that neither reduces nor tells streams apart sends all of them again.
  test = routine("w: mac first=init rest=add reduce=0 sample=value ends=0-0 near=w far=w\n"
                 "x: ends=5-7 near=w far=w\n"
                 "z: ends=2-2 near=w far=w halt");
  test.mode = OutMode::Raw;
  test.limits = {2, 1, 2, 1, 1, 3, 1, 1};
  test.base = 1024 - 2 * 90 * 4;
  EXPECT_EQ(check(test), "");
  test.base += 4;
  EXPECT_EQ(check(test), "values end at output word 1028, there are 1024");
}

TEST(SampleOrder, StepsUntilTheWatchdog) {
  Case test = binary();
  test.limits = {4095, 4095, 1, 1, 1, 1, 1, 1}; // 2^24 - 8191
  EXPECT_EQ(check(test), "");
  test.limits = {4095, 4095, 2, 1, 1, 1, 1, 1};
  const std::string error = "the routine takes more than 16777216 steps, where the watchdog traps: lower "
                            "the limits of its loops";
  EXPECT_EQ(check(test), error);
  // Loop 3 starts over in the word that would leave, for ever.
  test = routine("a: ends=3-3 near=b far=b\n"
                 "b: ends=3-3 near=a far=a\n"
                 "c: ends=2-2 near=a far=a\n"
                 "d: ends=2-2 near=c far=c halt");
  test.limits = {1, 1, 2, 3, 1, 1, 1, 1};
  EXPECT_EQ(check(test), error);
}

} // namespace
