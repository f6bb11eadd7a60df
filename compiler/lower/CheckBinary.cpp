//===- CheckBinary.cpp - Proof of the emitted bytes -----------------------===//
//
// Four proofs: (1) every instruction decodes, verifies and stays inside its
// memories and regions; (2) token counts cannot deadlock; (3) a stream of
// windows on the golden engine traps nowhere, and no RUN reads a word that is
// still to be written or that it has written itself; (4) LOADs, RUNs and STOREs
// that share a place keep the program's order (CheckOrder). Addresses do not
// depend on data, so one stream stands for all.
//
//===----------------------------------------------------------------------===//

#include "CheckBinary.h"
#include "Bound.h"
#include "CheckOrder.h"

#include "bnn/isa/Verifier.h"

#include <fmt/format.h>

namespace isa = ::bnn::isa;

namespace bnncc::lower {

namespace {
using Code = std::vector<isa::Instruction>;

bool decodeRange(const isa::Program &program, uint32_t begin, uint32_t end,
                 Code &code, std::string &error) {
  if (begin > end || end > program.image.size() || (end - begin) % 16) {
    error = "the code's range is not a whole number of instructions";
    return false;
  }
  for (uint32_t at = begin; at < end; at += 16) {
    isa::Instruction instruction;
    std::string why;
    if (!isa::decode(isa::loadBits(&program.image[at]), instruction, why) ||
        !isa::verify(instruction, why)) {
      error = fmt::format("instruction at byte {}: {}", at, why);
      return false;
    }
    code.push_back(instruction);
  }
  if (code.empty() || !std::holds_alternative<isa::End>(code.back())) {
    error = "the code does not finish with END";
    return false;
  }
  return true;
}

/// Transfers stay inside their regions and memories.
class RangeCheck {
public:
  RangeCheck(const isa::Program &program, std::string &error)
      : program(program), error(error) {}

  bool operator()(const isa::Load &load) {
    const isa::Target &t = program.target;
    uint32_t rows = load.beats, room = t.controlWords;
    if (load.dest == isa::LoadDest::Lanes)
      rows = uint32_t(isa::wordsInLanes(load)), room = t.laneWords;
    else if (load.dest == isa::LoadDest::Weights)
      rows = load.beats / isa::isaRowBeats >> load.split, room = t.weightRows;
    else if (load.dest == isa::LoadDest::Thresholds)
      rows = load.beats / isa::isaRowBeats >> load.split, room = t.thresholdRows;
    return inside("LOAD", load.address, rows, room) &&
           region("LOAD", load.region, load.source, load.beats);
  }
  bool operator()(const isa::Store &store) {
    bool lanes = store.source == isa::StoreSource::Lanes;
    return inside("STORE", store.address, store.beats * (lanes ? 2 : 1),
                  lanes ? program.target.laneWords
                        : program.target.outputWords) &&
           region("STORE", store.region, store.dest, store.beats);
  }
  bool operator()(const isa::Loop &) { return true; }
  bool operator()(const isa::Out &) { return true; }
  bool operator()(const isa::End &) { return true; }
  bool operator()(const isa::Run &run) {
    return inside("RUN entry", run.entry, 1, program.target.controlWords);
  }

private:
  bool inside(const char *what, uint64_t first, uint64_t count, uint64_t room) {
    if (first + count <= room)
      return true;
    error = fmt::format("{} covers {}..{} of {}", what, first,
                        first + count - 1, room);
    return false;
  }
  bool region(const char *what, isa::Region region, uint64_t first,
              uint64_t beats) {
    uint64_t bytes[] = {program.image.size(), program.inputBytes,
                        program.outputBytes, program.scratchBytes};
    uint64_t size = bytes[size_t(region)];
    if ((first + beats) * 8 <= size)
      return true;
    error = fmt::format("{} uses byte {} of a region of {}", what,
                        (first + beats) * 8 - 1, size);
    return false;
  }

  const isa::Program &program;
  std::string &error;
};

/// Plays the tokens of two windows: engines in program order, as far as they
/// get. All must come to the end with the tokens they started with.
bool checkTokens(const Code &code, std::string &error) {
  std::vector<isa::Instruction> queues[3];
  for (int window = 0; window < 2; ++window)
    for (const isa::Instruction &instruction : code) {
      if (std::holds_alternative<isa::Load>(instruction))
        queues[0].push_back(instruction);
      else if (std::holds_alternative<isa::Run>(instruction))
        queues[1].push_back(instruction);
      else if (std::holds_alternative<isa::Store>(instruction))
        queues[2].push_back(instruction);
    }
  int toNext[3] = {0, 0, 0}; // LOAD -> RUN, RUN -> STORE
  int toPrev[3] = {0, 1, 1}; // RUN -> LOAD, STORE -> RUN: the first room
  size_t at[3] = {0, 0, 0};
  auto step = [&](int engine, const auto &inst) {
    int *fromPrev = engine > 0 ? &toNext[engine - 1] : nullptr;
    int *fromNext = engine < 2 ? &toPrev[engine + 1] : nullptr;
    if ((inst.pop_prev && !(fromPrev && *fromPrev)) ||
        (inst.pop_next && !(fromNext && *fromNext)))
      return false;
    if (inst.pop_prev)
      --*fromPrev;
    if (inst.pop_next)
      --*fromNext;
    toNext[engine] += inst.push_next;
    toPrev[engine] += inst.push_prev;
    return true;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (int engine = 0; engine < 3; ++engine)
      while (at[engine] < queues[engine].size()) {
        const isa::Instruction &inst = queues[engine][at[engine]];
        bool went = true;
        if (auto *load = std::get_if<isa::Load>(&inst))
          went = step(engine, *load);
        else if (auto *run = std::get_if<isa::Run>(&inst))
          went = step(engine, *run);
        else if (auto *store = std::get_if<isa::Store>(&inst))
          went = step(engine, *store);
        if (!went)
          break;
        ++at[engine];
        moved = true;
      }
  }
  for (int engine = 0; engine < 3; ++engine)
    if (at[engine] != queues[engine].size()) {
      error = "tokens deadlock: an engine waits for a token that cannot come";
      return false;
    }
  if (toNext[0] || toNext[1] || toPrev[1] != 1 || toPrev[2] != 1) {
    error = "tokens are left over at the end of a window";
    return false;
  }
  return true;
}
} // namespace

bool checkBinary(const isa::Program &program, CheckResult &result,
                 std::string &error) {
  result = CheckResult();
  Code cold, warm;
  if (!decodeRange(program, program.coldBegin, program.coldEnd, cold, error) ||
      !decodeRange(program, program.warmBegin, program.warmEnd, warm, error))
    return false;
  for (const Code *code : {&cold, &warm}) {
    RangeCheck ranges(program, error);
    for (const isa::Instruction &instruction : *code)
      if (!std::visit(ranges, instruction))
        return false;
    result.instructions += uint32_t(code->size());
  }
  if (!isa::verifyProgram(program, error) || !checkTokens(warm, error))
    return false;

  isa::Engine engine(program.target);
  engine.reset();
  constexpr uint64_t windows = 4;
  std::vector<uint8_t> image = program.image;
  std::vector<uint8_t> input(program.inputBytes), output(program.outputBytes);
  std::vector<uint8_t> scratch(program.scratchBytes);
  isa::Memory memory{{image, input, output, scratch}};
  auto run = [&](uint32_t begin, uint32_t end, uint64_t count,
                 isa::Outcome &outcome) {
    outcome = engine.run(std::span(image).subspan(begin, end - begin), memory,
                         count, 0, 0);
    if (outcome.trap == isa::Trap::None)
      return true;
    error =
        fmt::format("instruction {} traps ({}): {}", outcome.trapInstruction,
                    isa::name(outcome.trap), outcome.trapText);
    return false;
  };
  isa::Outcome outcome;
  if (!run(program.coldBegin, program.coldEnd, 1, outcome))
    return false;
  result.coldCycles = outcome.cycles;
  engine.setTracing(true);
  if (!run(program.warmBegin, program.warmEnd, windows, outcome))
    return false;
  result.hazards = engine.hazards();
  result.stream = engine.counters();
  result.latency = outcome.windowEnd.at(0);
  result.cycles =
      outcome.windowEnd.at(windows - 1) - outcome.windowEnd.at(windows - 2);
  if (!checkOrder({program, cold, warm, engine.trace()}, error))
    return false;
  for (const isa::RunTrace &trace : engine.trace())
    if (trace.window + 1 == windows)
      result.trace.push_back(trace);
  engine.setTransferDelays(hpDelays(warm, engine.trace()));
  isa::Outcome slow;
  if (!run(program.warmBegin, program.warmEnd, 2 * windows, slow))
    return false;
  result.hpLatency = slow.windowEnd.at(0);
  for (size_t w = 1; w < slow.windowEnd.size(); ++w)
    result.hpCycles = std::max(result.hpCycles,
                               slow.windowEnd[w] - slow.windowEnd[w - 1]);
  if (result.hazards) {
    error = fmt::format("{} reads of words that are still to be written",
                        result.hazards);
    return false;
  }
  return true;
}

} // namespace bnncc::lower
