//===- BoundTest.cpp - Cycles behind an HP port ---------------------------===//
//
// The allowances by hand, and on the golden engine what the bound rests on:
// transfers that end earlier make no window end later.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"
#include "lower/Bound.h"
#include "lower/CheckBinary.h"

#include <gtest/gtest.h>

using namespace bnncc::lower;
using namespace bnncc::test;

namespace {
using Delays = std::vector<std::vector<uint64_t>>;

TEST(Bound, ChargesLatencyWritesAndRefreshes) {
  isa::Load load;
  load.dest = isa::LoadDest::Lanes;
  load.beats = 100;
  load.pop_next = load.push_next = 1;
  isa::Run first, second;
  first.pop_prev = first.push_prev = 1;
  isa::Store store;
  store.beats = 4;
  std::vector<isa::Instruction> code = {
      load, isa::Out(), first, isa::Out(), second, store, isa::End()};
  std::vector<isa::RunTrace> trace;
  for (uint64_t window = 0; window < 4; ++window) {
    trace.push_back({.instruction = 2, .window = window, .beats = 30, .lastBeats = 10});
    trace.push_back({.instruction = 4, .window = window, .beats = 20, .lastBeats = 20});
  }
  // LOAD: 8 + 100 + 2 cycles, 35 more to the first beat. Beside the first one
  // nothing writes; beside the others the last 7 + 10 writes of the RUN whose
  // token they take, and the 20 of the next. STORE: 8 + 4, 19 more to the
  // answer. Each meets one refresh of 26.
  Delays delays = hpDelays(code, trace);
  ASSERT_EQ(delays.size(), 3u);
  for (size_t window = 0; window < 3; ++window) {
    uint64_t writes = window ? 37 : 0;
    EXPECT_EQ(delays[window], (std::vector<uint64_t>{35 + writes + 26, 0, 0, 0, 0, 45, 0}));
  }
}

TEST(Bound, CountsEveryRefresh) {
  isa::Load load;
  load.dest = isa::LoadDest::Weights;
  load.beats = 1600;
  std::vector<isa::Instruction> code = {load, isa::Out(), isa::Run(), isa::End()};
  std::vector<isa::RunTrace> trace = {{.instruction = 2}, {.instruction = 2, .window = 1}};
  // 1,610 + 35 cycles and three refreshes, 780 apart, make 1,723.
  EXPECT_EQ(hpDelays(code, trace)[0][0], 35u + 3 * 26);
}

/// Ends of eight windows of `program`, with `delays`.
std::vector<uint64_t> ends(const isa::Program &program, const Delays &delays) {
  isa::Engine engine(program.target);
  engine.reset();
  std::vector<uint8_t> image = program.image, input(program.inputBytes),
                       output(program.outputBytes);
  auto run = [&](uint32_t begin, uint32_t end, uint64_t windows) {
    isa::Outcome outcome = engine.run(std::span(image).subspan(begin, end - begin),
                                      {{image, input, output, {}}}, windows);
    EXPECT_EQ(outcome.trap, isa::Trap::None) << outcome.trapText;
    return outcome.windowEnd;
  };
  run(program.coldBegin, program.coldEnd, 1);
  engine.setTransferDelays(delays);
  return run(program.warmBegin, program.warmEnd, 8);
}

TEST(Bound, EarlierTransfersMakeNothingLater) {
  std::mt19937 random(1);
  for (uint32_t weightRows : {56u, 512u}) { // streamed, resident
    Network network = fourLayers();
    isa::Target target;
    target.laneWords = 4096;
    target.weightRows = weightRows;
    Plan plan;
    std::string error;
    ASSERT_TRUE(planNetwork(network, target, plan, error)) << error;
    MachineCode code = emitCode(network, plan);
    isa::Program program = buildProgram(network, plan, code);
    CheckResult check;
    ASSERT_TRUE(checkBinary(program, check, error)) << error;
    EXPECT_GE(check.hpCycles, check.cycles);
    EXPECT_GT(check.hpLatency, check.latency);
    std::vector<isa::Instruction> warm;
    for (const MachineInstruction &item : code.warm)
      warm.push_back(item.instruction);
    std::vector<isa::RunTrace> trace;
    for (uint64_t window = 0; window < 3; ++window)
      for (isa::RunTrace run : check.trace) {
        run.window = window;
        trace.push_back(run);
      }
    Delays most = hpDelays(warm, trace);
    std::vector<uint64_t> bound = ends(program, most);
    for (int i = 0; i < 20; ++i) {
      Delays some(8, std::vector<uint64_t>(warm.size()));
      for (size_t window = 0; window < some.size(); ++window)
        for (size_t k = 0; k < warm.size(); ++k)
          some[window][k] = random() % (most[std::min(window, most.size() - 1)][k] + 1);
      std::vector<uint64_t> earlier = ends(program, some);
      for (size_t window = 0; window < earlier.size(); ++window) {
        EXPECT_LE(earlier[window], bound[window]);
        EXPECT_LE(earlier[window], check.hpLatency + window * check.hpCycles);
      }
    }
  }
}
} // namespace
