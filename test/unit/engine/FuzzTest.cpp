// Malformed code on the golden engine: random bits, random fields and damaged
// legal programs end with a trap or an end, never in a crash, and write nothing
// outside the output and scratch regions.
#include "bnn/isa/Engine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

using namespace bnn;
using namespace bnn::isa;

namespace {

class Fuzz {
public:
  explicit Fuzz(uint64_t seed) : random(seed) {
    target.clusters = 1u << random() % 5;
    target.laneWords = 256;
    target.weightRows = 64;
    target.thresholdRows = 32;
    target.outputWords = 64;
  }

  Trap round() {
    std::vector<uint8_t> program(1024), input(512), output(256), scratch(256);
    for (auto &byte : program)
      byte = uint8_t(random());
    // Sixteen legal microwords, usually loaded first, so that RUNs do run.
    for (uint32_t i = 0; i < 16; ++i) {
      uint64_t word = encode(microword());
      std::memcpy(program.data() + 8 * i, &word, 8);
    }
    std::vector<uint8_t> before = program, inputBefore = input;
    std::vector<uint8_t> code((1 + random() % 12) * 16);
    for (size_t i = 0; i < code.size(); i += 16)
      storeBits(instruction(), code.data() + i);
    if (random() % 4) {
      Load control;
      control.dest = LoadDest::Control;
      control.beats = 16;
      storeBits(encode(Instruction(control)), code.data());
    }
    if (random() % 8)
      storeBits(encode(Instruction(End{})), code.data() + code.size() - 16);
    Engine engine(target);
    Outcome outcome =
        engine.run(code, Memory{{program, input, output, scratch}});
    EXPECT_EQ(program, before);
    EXPECT_EQ(input, inputBefore);
    EXPECT_EQ(outcome.trap == Trap::None, outcome.trapText.empty());
    return outcome.trap;
  }

private:
  uint32_t small() { return random() % 4 ? random() % 8 : random() % 64; }
  bool coin(int n = 4) { return random() % n == 0; }

  Microword microword() {
    Microword w;
    w.mac = coin(2);
    w.first = AccOp(random() % 6);
    w.rest = AccOp(random() % 6);
    w.reduce = coin(2) ? 7 : random() % 256;
    w.sample = Sample(random() % 3);
    w.plane = random() % 8;
    w.done = coin(2);
    w.tail = coin(2);
    w.hold_tail = coin(2);
    w.row = random() % 4;
    w.lo = random() % 4;
    w.hi = w.lo + random() % (8 - w.lo);
    w.ends = coin(2);
    w.near = random() % 16;
    w.far = random() % 16;
    w.halt = coin(2);
    return w;
  }

  /// Mostly legal instructions with small numbers, sometimes noise.
  Bits128 instruction() {
    if (coin(40))
      return {random(), random()};
    Bits128 bits;
    switch (random() % 5) {
    case 0: {
      Load i;
      i.dest = LoadDest(random() % 4);
      i.region = Region(random() % 4);
      i.source = small();
      i.beats = 1 + small() * (random() % 3 ? 12 : 1);
      i.address = small() * 2;
      if (i.dest == LoadDest::Lanes) {
        i.format = Format(random() % 2);
        i.phase = small();
        i.period = random() % 3;
        i.keep = random() % 3;
        i.lead = coin() ? small() : 0;
        i.trail = coin() ? small() : 0;
        i.pad = random() % 256;
      }
      i.push_next = coin();
      bits = encode(Instruction(i));
      break;
    }
    case 1: {
      Loop i;
      i.index0 = random() % 8;
      i.limit0 = small();
      i.act_stride0 = int(small()) - 4;
      i.weight_stride0 = int(small()) - 2;
      i.threshold_stride0 = int(random() % 3);
      i.index1 = random() % 8;
      i.limit1 = small();
      bits = encode(Instruction(i));
      break;
    }
    case 2: {
      Out i;
      i.mode = OutMode(random() % 6);
      i.base = small() * 2;
      i.record = random() % 5;
      i.phase = small();
      i.lead = small();
      i.trail = small();
      i.group_pitch = small() * 2;
      i.pool_window = 1 + random() % 15;
      i.pool_stride = 1 + random() % 15;
      i.pool_first = coin(2);
      i.pixels = small() * 8;
      bits = encode(Instruction(i));
      break;
    }
    case 3: {
      isa::Run i;
      i.pop_prev = coin();
      i.push_prev = coin();
      i.push_next = coin();
      i.entry = random() % 16;
      i.act = small();
      i.weight = small();
      i.threshold = random() % 16;
      i.cluster_stride = small();
      i.split = random() % 3;
      i.tail = random() % 8;
      i.quad = coin(2);
      i.shifts = random() % 16;
      i.delay = small();
      bits = encode(Instruction(i));
      break;
    }
    default: {
      Store i;
      i.pop_prev = coin();
      i.source = StoreSource(random() % 2);
      i.region = Region(random() % 4);
      i.address = small();
      i.dest = small();
      i.beats = 1 + small();
      bits = encode(Instruction(i));
    }
    }
    if (coin(10))
      (coin(2) ? bits.lo : bits.hi) ^= 1ull << random() % 64;
    return bits;
  }

  std::mt19937_64 random;
  Target target;
};

TEST(EngineFuzz, MalformedCodeTrapsOrEnds) {
  // BNN_FUZZ_ROUNDS=1000000 for the long run; the seed is the round's number.
  const char *wanted = std::getenv("BNN_FUZZ_ROUNDS");
  uint64_t rounds = wanted ? std::strtoull(wanted, nullptr, 10) : 20000;
  std::map<Trap, uint64_t> seen;
  for (uint64_t seed = 0; seed < rounds && !HasFailure(); ++seed)
    ++seen[Fuzz(seed).round()];
  for (auto [trap, count] : seen)
    std::printf("%-20s %llu\n", name(trap), (unsigned long long)count);
  EXPECT_GT(seen.size(), 4u);
}

} // namespace
