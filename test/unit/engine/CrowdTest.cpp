// SUM_BITS streams that are made sooner than the writer sends them.
#include "bnn/isa/Engine.h"
#include "bnn/isa/Microassembler.h"

#include <gtest/gtest.h>

using namespace bnn::isa;

namespace {

/// A RUN of `streams` streams of one pixel, one a cycle from t + 12 + 1 on, of
/// `trail` pad bytes and 1 + ceil((1 + trail) / 8) beats.
Outcome crowd(uint32_t streams, uint32_t trail) {
  Target target;
  std::string error;
  EXPECT_TRUE(loadTarget("z010", target, error));
  std::vector<Microword> words;
  std::map<std::string, uint32_t> labels;
  EXPECT_TRUE(assemble("w: first=zero rest=zero sample=value ends=0-7 near=w far=w halt", words,
                       labels, error));
  std::vector<Instruction> code = {
      Load{.push_next = 1, .dest = LoadDest::Control, .source = 12, .beats = 1},
      Loop{.index0 = 6, .limit0 = streams},
      Out{.mode = OutMode::SumBits, .record = 1, .trail = trail, .pixels = 1},
      bnn::isa::Run{.pop_prev = 1},
      End{},
  };
  std::vector<uint8_t> image(13 * 8);
  for (size_t i = 0; i != code.size(); ++i)
    storeBits(encode(code[i]), &image[i * instructionBytes]);
  for (int i = 0; i != 8; ++i)
    image[12 * 8 + i] = uint8_t(encode(words[0]) >> 8 * i);
  Memory memory;
  memory.region[0] = image;
  return Engine(target).run(std::span(image).first(code.size() * instructionBytes), memory, 1, 0, 0);
}

TEST(Crowd, TwoStreamsWaitForTheWriter) {
  EXPECT_EQ(crowd(3, 255).trap, Trap::None);
  Outcome outcome = crowd(4, 255);
  EXPECT_EQ(outcome.trap, Trap::Unsupported);
  EXPECT_EQ(outcome.trapInstruction, 3u);
  EXPECT_EQ(outcome.trapText, "more than two SUM_BITS streams wait for the writer");
}

TEST(Crowd, StreamsThatAreSentInTimeDoNot) {
  // Two beats a stream; captures let one sample a cycle or two through.
  EXPECT_EQ(crowd(4, 0).trap, Trap::None);
}

} // namespace
