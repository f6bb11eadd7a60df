// bnn-tb-engine: random programs, legal and damaged, one after the other on one
// Verilated engine that is never reset, beside the golden model.
#include "Machine.h"

#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <map>
#include <string_view>

using namespace bnn;
using namespace bnn::bench;

namespace {

struct Options {
  std::string target = "z020", memory = "ideal";
  uint64_t seed = 1, legal = 100, damaged = 100;
};

struct Tally {
  uint64_t programs = 0, starts = 0, windows = 0, tooLong = 0, raced = 0, disorders = 0;
  std::map<isa::Trap, uint64_t> traps;
};

uint64_t padded(uint32_t bytes) { return (bytes + 7) / 8 * 8; }

/// Cold code, then windows: on `ideal` memory and if they are ordered in one start,
/// else one start a window. Returns "" or the first difference.
std::string runProgram(Machine &machine, const RandomProgram &program, uint64_t seed, bool ideal,
                       bool damaged, Tally &tally) {
  std::mt19937_64 random(seed);
  const uint64_t windows = 2 + random() % 3;
  Regions regions;
  regions[0] = program.image;
  regions[0].resize(padded(uint32_t(program.image.size())));
  regions[1].resize(windows * padded(program.inputBytes));
  regions[2].resize(windows * padded(program.outputBytes), 0xee);
  regions[3].resize(padded(program.scratchBytes), 0xee);
  for (uint8_t &byte : regions[1])
    byte = uint8_t(random());

  auto start = [&](Start what) -> std::string {
    what.races = damaged && what.begin != program.coldBegin;
    Result result = machine.run(regions, what);
    ++tally.starts;
    ++tally.traps[result.trap];
    tally.tooLong += result.tooLong;
    tally.disorders += result.disorder;
    if (result.disorder && !damaged)
      return "the verifier accepts samples out of order";
    if (!result.difference.empty())
      return result.difference;
    bool finished = !result.tooLong && result.trap == isa::Trap::None;
    if (finished && !result.disorder)
      (result.unknown ? tally.raced : tally.windows) += what.windows;
    if (!result.unknown)
      return "";
    std::string text = machine.scrub(); // the program goes with it
    // The verifier leaves one trap: SUM_BITS streams that come faster than they go.
    bool stopped = !finished && (damaged || result.trap != isa::Trap::Unsupported);
    return !text.empty() ? text : stopped ? "stopped" : "raced";
  };

  ++tally.programs;
  Start cold, warm;
  cold.begin = program.coldBegin, cold.end = program.coldEnd;
  if (std::string text = start(cold); !text.empty())
    return text;
  warm.begin = program.warmBegin, warm.end = program.warmEnd;
  warm.inputStride = padded(program.inputBytes), warm.outputStride = padded(program.outputBytes);
  if (ideal || program.ordered) {
    warm.windows = windows;
    return start(warm);
  }
  for (uint64_t window = 0; window != windows; ++window) {
    warm.reuse = window != 0;
    if (std::string text = start(warm); !text.empty())
      return text;
  }
  return "";
}

int usage() {
  std::fputs("usage: bnn-tb-engine [--target=z020] [--memory=ideal|hp|random] [--seed=1]\n"
             "                     [--legal=100] [--damaged=100]\n"
             "Programs of seeds SEED, SEED+1, ...: a seed that differs is run alone by\n"
             "--seed=N --legal=1 --damaged=0 (or 0 and 1), or with those before it.\n",
             stderr);
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    size_t equals = text.find('=');
    if (equals == text.npos)
      return usage();
    std::string_view key = text.substr(0, equals), value = text.substr(equals + 1);
    uint64_t *number = key == "--seed"      ? &options.seed
                       : key == "--legal"   ? &options.legal
                       : key == "--damaged" ? &options.damaged
                                            : nullptr;
    if (number) {
      auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), *number);
      if (code != std::errc() || end != value.data() + value.size())
        return usage();
    } else if (key == "--target" || key == "--memory") {
      (key == "--target" ? options.target : options.memory) = value;
    } else {
      return usage();
    }
  }
  isa::Target target;
  std::string error;
  sim::AxiTiming timing;
  if (!isa::loadTarget(options.target, target, error) ||
      !sim::AxiTiming::byName(options.memory, timing))
    return usage();
  Machine machine(target, timing, options.seed);
  if (!machine.ok()) {
    fmt::print("no RTL of target {} in this build\n", target.name);
    return 2;
  }
  const bool ideal = options.memory == "ideal";
  fmt::print("target {}, memory {}, seed {}\n", target.name, options.memory, options.seed);
  for (bool damaged : {false, true}) {
    Tally tally;
    const char *kind = damaged ? "damaged" : "legal";
    const uint64_t count = damaged ? options.damaged : options.legal, before = machine.cycles;
    for (uint64_t seed = options.seed; seed != options.seed + count; ++seed) {
      RandomProgram program = damaged ? damagedProgram(target, seed) : legalProgram(target, seed);
      std::string text = runProgram(machine, program, seed, ideal, damaged, tally);
      if (text == "raced" || (damaged && text == "stopped")) // as the model did
        text = "";
      if (!text.empty()) {
        fmt::print("{} program of seed {} differs: {}\n{}", kind, seed, text, program.text);
        return 1;
      }
    }
    fmt::print("{}: {} programs, {} starts, {} windows, {} with races, {} too long, {} starts "
               "with samples out of order, {} cycles: equal\n",
               kind, tally.programs, tally.starts, tally.windows, tally.raced, tally.tooLong, tally.disorders,
               machine.cycles - before);
    for (auto [trap, times] : tally.traps)
      if (trap != isa::Trap::None || damaged)
        fmt::print("  {:<20} {}\n", isa::name(trap), times);
    std::fflush(stdout);
  }
  return 0;
}
