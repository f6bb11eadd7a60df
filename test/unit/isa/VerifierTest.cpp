// The static verifier: one small good program, and one mistake at a time.
#include "bnn/isa/Verifier.h"

#include "bnn/isa/Isa.h"
#include "bnn/isa/Microassembler.h"

#include <functional>
#include <gtest/gtest.h>

namespace isa = bnn::isa; // Run is also a member of testing::Test
using namespace bnn::isa;

namespace {

/// LOAD input and RUN one binary layer of 4 x 8 pixels, RUN a value layer,
/// STORE its results. Control words: binary at 0, binary_value at 1.
class VerifierTest : public testing::Test {
protected:
  void SetUp() override {
    std::string error;
    ASSERT_TRUE(loadTarget("z010", target, error));
    target.laneWords = 2048;
    for (const char *name : {"binary", "binary_value"})
      for (const Microword &word :
           placeRoutine(*findRoutine(name), uint32_t(image.size() / 8))) {
        uint64_t bits = encode(word);
        for (int i = 0; i != 8; ++i)
          image.push_back(uint8_t(bits >> 8 * i));
      }
    image.resize(16 + 5 * 32);
    code = {
        Load{.dest = LoadDest::Control, .beats = 2},
        Load{.dest = LoadDest::Weights, .source = 2, .beats = 16},
        Load{.dest = LoadDest::Thresholds, .source = 18, .beats = 4},
        Load{.push_next = 1, .region = Region::Input, .beats = 16, .phase = 4},
        Loop{.index0 = 0,
             .limit0 = 4,
             .act_stride0 = 1,
             .weight_stride0 = 1,
             .index1 = 5,
             .limit1 = 4,
             .act_stride1 = 2},
        Out{.base = 100, .record = 1, .lead = 1, .trail = 1, .pixels = 30},
        isa::Run{.pop_prev = 1, .push_prev = 1},
        Out{.mode = OutMode::Raw, .pixels = 8},
        isa::Run{.pop_next = 1, .push_next = 1, .entry = 1, .act = 100},
        Store{.pop_prev = 1,
              .push_prev = 1,
              .region = Region::Output,
              .beats = 32},
        Load{.pop_next = 1, .region = Region::Input, .beats = 2},
        End{},
    };
    // The last LOAD takes the RUN's token; another comes from the start.
  }

  bool check(std::string &error) {
    std::vector<uint8_t> bytes(code.size() * 16);
    for (size_t i = 0; i != code.size(); ++i)
      storeBits(encode(code[i]), &bytes[i * 16]);
    Limits limits;
    limits.regionBytes = {image.size(), 128, 256, 0};
    if (follow)
      limits.image = image;
    return verifyCode(bytes, target, limits, error);
  }

  /// The error after `change`, without the part that names the instruction.
  template <typename T> std::string errorOf(size_t index, auto change) {
    auto saved = code;
    change(std::get<T>(code[index]));
    std::string error;
    EXPECT_FALSE(check(error));
    code = saved;
    std::string start = "instruction " + std::to_string(index) + " (";
    EXPECT_EQ(error.substr(0, start.size()), start);
    size_t end = error.find("): ");
    return end == std::string::npos ? error : error.substr(end + 3);
  }

  Target target;
  std::vector<uint8_t> image;
  std::vector<Instruction> code;
  bool follow = true;
};

TEST_F(VerifierTest, Good) {
  std::string error;
  EXPECT_TRUE(check(error)) << error;
  follow = false;
  EXPECT_TRUE(check(error)) << error;
}

TEST_F(VerifierTest, Regions) {
  EXPECT_EQ(errorOf<Load>(3, [](Load &x) { x.beats = 17; }),
            "region bytes 0..135 are outside of 128");
  EXPECT_EQ(errorOf<Load>(3, [](Load &x) { x.source = 1; }),
            "region bytes 8..135 are outside of 128");
  EXPECT_EQ(errorOf<Store>(9, [](Store &x) { x.beats = 33; }),
            "region bytes 0..263 are outside of 256");
  EXPECT_EQ(errorOf<Store>(9, [](Store &x) { x.region = Region::Scratch; }),
            "region bytes 0..255 are outside of 0");
}

TEST_F(VerifierTest, Memories) {
  EXPECT_EQ(errorOf<Load>(3, [](Load &x) { x.address = 2018; }),
            "lane words 2018..2049 are outside of 2048");
  EXPECT_EQ(errorOf<Load>(3, [](Load &x) { x.address = 3; }),
            "address=3 must be even");
  EXPECT_EQ(errorOf<Load>(3, [](Load &x) { x.period = 2; }),
            "keep must be 1..period=2, is 0");
  EXPECT_EQ(errorOf<Load>(3,
                          [](Load &x) {
                            x.period = 5; // 3 * 3 + 1 of the 16 words are kept
                            x.keep = 3;
                            x.address = 2030;
                          }),
            "lane words 2030..2049 are outside of 2048");
  EXPECT_EQ(errorOf<Load>(3,
                          [](Load &x) { // pads take room, but come from nowhere
                            x.lead = x.trail = 1;
                            x.address = 2014;
                          }),
            "lane words 2014..2049 are outside of 2048");
  EXPECT_EQ(errorOf<Load>(3,
                          [](Load &x) { // 3 * 3 + 3 of 18 words
                            x.lead = x.trail = 1;
                            x.period = 5;
                            x.keep = 3;
                            x.address = 2026;
                          }),
            "lane words 2026..2049 are outside of 2048");
  EXPECT_EQ(errorOf<Out>(5, [](Out &x) { x.row_pitch = 3; }),
            "base, group_pitch and row_pitch must be even");
  EXPECT_EQ(errorOf<Load>(1, [](Load &x) { x.address = 1021; }),
            "weight rows 1021..1024 are outside of 1024");
  EXPECT_EQ(errorOf<Load>(1, [](Load &x) { x.beats = 15; }),
            "beats=15 must be a multiple of 4: whole rows, equal chunks");
  EXPECT_EQ(errorOf<Load>(1, [](Load &x) { x.split = 1; }),
            "split=1 needs 2 clusters, the engine has 1");
  EXPECT_EQ(errorOf<Load>(2, [](Load &x) { x.address = 256; }),
            "threshold rows 256..256 are outside of 256");
  EXPECT_EQ(errorOf<Load>(0, [](Load &x) { x.address = 63; }),
            "control words 63..64 are outside of 64");
  EXPECT_EQ(errorOf<Store>(9, [](Store &x) { x.address = 1000; }),
            "output words 1000..1031 are outside of 1024");
}

TEST_F(VerifierTest, Runs) {
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &x) { x.entry = 5; }),
            "the routine comes to control word 5, which was not loaded");
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &x) { x.weight = 1021; }),
            "control word 0 can reach weight row 1024, there are 1024");
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &x) { x.act = 2040; }),
            "control word 0 can reach lane word 2049, there are 2048");
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &x) { x.threshold = 256; }),
            "threshold rows 256..256 are outside of 256");
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &x) { x.split = 1; }),
            "split=1 needs 2 clusters, the engine has 1");
  auto saved = code;
  std::get<Loop>(code[4]).act_stride1 = -1;
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &) {}),
            "control word 0 can reach lane word -3, there are 2048");
  code = saved;
  std::get<Out>(code[5]).base = 2042;
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &) {}),
            "output streams end at lane word 2050, there are 2048");
  code = saved;
  std::get<Loop>(code[4]).index1 = 4;
  std::get<Loop>(code[4]).limit1 = 5;
  EXPECT_EQ(errorOf<isa::Run>(6, [](isa::Run &) {}),
            "loop 4 has limit 5, an output group has at most 4 channel tiles");
  code = saved;
  std::get<Out>(code[7]).base = 993;
  EXPECT_EQ(errorOf<isa::Run>(8, [](isa::Run &) {}),
            "values end at output word 1025, there are 1024");
  code = saved;
  code.erase(code.begin() + 7);
  EXPECT_EQ(errorOf<isa::Run>(7, [](isa::Run &) {}),
            "the routine samples, but no OUT comes before this RUN");
}

TEST_F(VerifierTest, CorruptControlWord) {
  image[7] = 0x80;
  EXPECT_EQ(errorOf<Load>(0, [](Load &) {}),
            "control word 0: microword: reserved bit 63 is set");
}

TEST_F(VerifierTest, Tokens) {
  EXPECT_EQ(errorOf<isa::Run>(8, [](isa::Run &x) { x.pop_prev = 1; }),
            "waits for a token that never comes");
  std::string error;
  auto saved = code;
  std::get<Load>(code[3]).push_next = 0;
  EXPECT_FALSE(check(error));
  EXPECT_NE(error.find("instruction 6 (run"), std::string::npos) << error;
  code = saved;
  std::get<isa::Run>(code[6]).push_prev = 0;
  EXPECT_FALSE(check(error));
  EXPECT_NE(
      error.find("tokens left over: load to run 0, run to load 0 (1 at the "
                 "start)"),
      std::string::npos)
      << error;
}

TEST_F(VerifierTest, FullQueueThatBlocksTheRunItWaitsFor) {
  std::string error;
  // A LOAD that waits for a RUN behind nine more LOADs: the queue holds eight.
  code = {Load{.pop_next = 1, .region = Region::Input},
          Load{.pop_next = 1, .region = Region::Input}};
  for (int i = 0; i != 9; ++i)
    code.push_back(Load{.region = Region::Input});
  code.push_back(Load{.dest = LoadDest::Control});
  code.push_back(Out{.record = 1});
  code.push_back(isa::Run{.push_prev = 1});
  code.push_back(Out{.record = 1});
  code.push_back(isa::Run{.push_prev = 1});
  code.push_back(End{});
  follow = false;
  EXPECT_FALSE(check(error));
  EXPECT_EQ(error.substr(0, 13), "instruction 1");
  code.erase(code.begin() + 2, code.begin() + 9);
  EXPECT_TRUE(check(error)) << error;
}

TEST_F(VerifierTest, Ends) {
  std::string error;
  auto saved = code;
  code.pop_back();
  EXPECT_FALSE(check(error));
  EXPECT_EQ(error, "code does not end with END");
  code = saved;
  code.insert(code.begin(), End{});
  EXPECT_FALSE(check(error));
  EXPECT_EQ(error, "instruction 0: END before the last instruction");
  code = saved;
  code.insert(code.end() - 1, Out{.record = 1});
  EXPECT_FALSE(check(error));
  EXPECT_NE(error.find("LOOP or OUT without a RUN"), std::string::npos);
  code.clear();
  EXPECT_FALSE(check(error));
}

TEST_F(VerifierTest, UndecodableCode) {
  Limits limits;
  std::string error;
  std::vector<uint8_t> bytes(15);
  EXPECT_FALSE(verifyCode(bytes, target, limits, error));
  EXPECT_EQ(error, "code of 15 bytes is not whole instructions");
  bytes.resize(16);
  EXPECT_FALSE(verifyCode(bytes, target, limits, error));
  EXPECT_EQ(error, "instruction 0: illegal opcode 0");
  bytes.assign((isaInstructionMemory + 1) * 16, 0);
  EXPECT_FALSE(verifyCode(bytes, target, limits, error));
  EXPECT_EQ(error, std::to_string(isaInstructionMemory + 1) +
                       " instructions for an instruction memory of " +
                       std::to_string(isaInstructionMemory));
}

TEST_F(VerifierTest, WholeProgramCarriesTheControlStore) {
  Program p;
  p.target = target;
  p.inputBytes = 128;
  p.outputBytes = 256;
  code.insert(code.begin() + 3, End{});
  std::vector<uint8_t> bytes(code.size() * 16);
  for (size_t i = 0; i != code.size(); ++i)
    storeBits(encode(code[i]), &bytes[i * 16]);
  p.image = image;
  p.coldBegin = uint32_t(image.size());
  p.coldEnd = p.warmBegin = p.coldBegin + 4 * 16;
  p.warmEnd = p.coldBegin + uint32_t(bytes.size());
  p.image.insert(p.image.end(), bytes.begin(), bytes.end());
  std::string error;
  EXPECT_TRUE(verifyProgram(p, error)) << error;
  p.coldBegin = p.coldEnd; // nothing loads the control store
  EXPECT_FALSE(verifyProgram(p, error));
  EXPECT_EQ(error.substr(0, 10), "warm code,");
  p.warmEnd = uint32_t(p.image.size()) + 16;
  p.coldBegin = uint32_t(image.size());
  EXPECT_FALSE(verifyProgram(p, error));
  EXPECT_EQ(error, "warm code is outside the image");
}

} // namespace
