// Pads that a lane LOAD makes itself on the golden engine model.
#include "bnn/isa/Engine.h"

#include <gtest/gtest.h>

#include <random>

using namespace bnn;
using namespace bnn::isa;

namespace {

/// Runs one instruction and END.
Outcome run(Engine &engine, const Instruction &instruction, std::vector<uint8_t> &input,
            std::vector<uint8_t> &output) {
  std::vector<uint8_t> code(2 * instructionBytes);
  storeBits(encode(instruction), code.data());
  storeBits(encode(Instruction(End{})), code.data() + instructionBytes);
  Memory memory;
  memory.region[1] = input;
  memory.region[2] = output;
  return engine.run(code, memory);
}

/// What a lane LOAD of `bytes` leaves in lane 0, its cycles and its bus beats.
struct Loaded {
  std::vector<uint8_t> lane;
  uint64_t cycles, beats;
  bool operator==(const Loaded &) const = default;
};

Loaded loaded(const Target &target, Load load, const std::vector<uint8_t> &bytes) {
  load.region = Region::Input;
  load.beats = uint32_t(bytes.size() / 8);
  std::vector<uint8_t> input = bytes, output;
  Engine engine(target);
  Outcome outcome = run(engine, load, input, output);
  EXPECT_EQ(outcome.trap, Trap::None) << outcome.trapText;
  uint64_t beats = engine.counters().loadBeats;
  Store store;
  store.source = StoreSource::Lanes;
  store.region = Region::Output;
  store.beats = target.laneWords / 2;
  output.resize(store.beats * 8);
  EXPECT_EQ(run(engine, store, input, output).trap, Trap::None);
  return {output, outcome.cycles, beats};
}

TEST(Load, PadsOfALoadAreAsIfTheyCameFromMemory) {
  std::mt19937 random(1);
  auto pick = [&](uint32_t lo, uint32_t hi) { return lo + random() % (hi - lo + 1); };
  Target target;
  target.laneWords = 1024;
  for (int round = 0; round < 200; ++round) {
    std::vector<uint8_t> bytes(8 * pick(1, 40));
    for (uint8_t &byte : bytes)
      byte = uint8_t(random());
    Load load;
    load.address = 2 * pick(0, 9);
    load.format = Format(pick(0, 1));
    load.phase = pick(0, 30);
    load.period = pick(0, 4);
    load.keep = load.period ? pick(1, load.period) : 0;
    Load padded = load;
    padded.lead = pick(0, round % 2 ? 3 : 63);
    padded.trail = pick(0, round % 3 ? 3 : 63);
    padded.pad = pick(0, 255);
    std::vector<uint8_t> all(8 * padded.lead, uint8_t(padded.pad));
    all.insert(all.end(), bytes.begin(), bytes.end());
    all.insert(all.end(), 8 * padded.trail, uint8_t(padded.pad));
    Loaded want = loaded(target, load, all), got = loaded(target, padded, bytes);
    EXPECT_EQ(got.beats, bytes.size() / 8);
    want.beats = got.beats;
    ASSERT_EQ(got, want) << print(Instruction(padded));
  }
}

TEST(Load, PadsDoNotHideALoadThatLeavesItsRegion) {
  Engine engine{Target()};
  std::vector<uint8_t> input(64), output;
  Load load;
  load.region = Region::Input;
  load.beats = 9;
  load.lead = load.trail = 63;
  Outcome outcome = run(engine, load, input, output);
  EXPECT_EQ(outcome.trap, Trap::RegionRange);
  EXPECT_EQ(engine.counters().loadBeats, 0u);
}

} // namespace
