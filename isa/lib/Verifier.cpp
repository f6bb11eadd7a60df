// The static verifier. RUNs are bounded by the extremes of the loops that their
// routine advances: what passes cannot trap on an address.
#include "bnn/isa/Verifier.h"

#include "RunBounds.h"
#include "Tokens.h"

#include <fmt/format.h>

namespace bnn::isa {

namespace {

class Checker {
public:
  Checker(const Target &target, const Limits &limits, std::string &error)
      : target(target), limits(limits), error(error),
        control(target.controlWords) {
    control.known = !limits.image.empty();
  }

  bool run(std::span<const uint8_t> bytes) {
    if (!decodeAll(bytes) || !checkEnd())
      return false;
    bounds = RunBounds();
    for (size_t i = 0; i != code.size(); ++i)
      if (!std::visit([&](const auto &x) { return check(x); }, code[i]))
        return at(i);
    size_t where = 0;
    return checkTokens(code, where, error) || at(where);
  }

private:
  bool at(size_t index) {
    error = fmt::format("instruction {} ({}): {}", index, print(code[index]),
                        error);
    return false;
  }

  template <typename... Args>
  bool fail(fmt::format_string<Args...> format, Args &&...args) {
    error = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }

  bool decodeAll(std::span<const uint8_t> bytes) {
    if (bytes.size() % instructionBytes)
      return fail("code of {} bytes is not whole instructions", bytes.size());
    code.resize(bytes.size() / instructionBytes);
    if (code.size() > isaInstructionMemory)
      return fail("{} instructions for an instruction memory of {}",
                  code.size(), isaInstructionMemory);
    for (size_t i = 0; i != code.size(); ++i)
      if (!decode(loadBits(&bytes[i * instructionBytes]), code[i], error))
        return fail("instruction {}: {}", i, std::string(error));
    return true;
  }

  bool checkEnd() {
    if (code.empty() || !std::holds_alternative<End>(code.back()))
      return fail("code does not end with END");
    for (size_t i = 0; i + 1 != code.size(); ++i)
      if (std::holds_alternative<End>(code[i]))
        return fail("instruction {}: END before the last instruction", i);
    return true;
  }

  bool inside(const char *what, uint64_t first, uint64_t count, uint64_t size) {
    if (first + count <= size)
      return true;
    return fail("{} {}..{} are outside of {}", what, first, first + count - 1,
                size);
  }

  bool inRegion(Region region, uint64_t beat, uint64_t beats) {
    return inside("region bytes", beat * 8, beats * 8,
                  limits.regionBytes[size_t(region)]);
  }

  bool checkSplit(uint32_t split) {
    return 1u << split <= target.clusters ||
           fail("split={} needs {} clusters, the engine has {}", split,
                1u << split, target.clusters);
  }

  bool check(const Load &x) {
    if (!inRegion(x.region, x.source, x.beats) || !checkSplit(x.split))
      return false;
    uint32_t chunk = x.beats >> x.split;
    uint32_t perRow = beatsOfRow(x.dest);
    if (x.beats % (perRow << x.split))
      return fail("beats={} must be a multiple of {}: whole rows, equal chunks",
                  x.beats, perRow << x.split);
    switch (x.dest) {
    case LoadDest::Lanes:
      return checkLanes(x);
    case LoadDest::Weights:
      return inside("weight rows", x.address, chunk / perRow, target.weightRows);
    case LoadDest::Thresholds:
      return inside("threshold rows", x.address, chunk / perRow,
                    target.thresholdRows);
    case LoadDest::Control:
      return inside("control words", x.address, x.beats, target.controlWords) &&
             loadControl(x);
    }
    return false;
  }

  bool checkLanes(const Load &x) {
    if (x.address % 2)
      return fail("address={} must be even", x.address);
    if (x.period && (x.keep == 0 || x.keep > x.period))
      return fail("keep must be 1..period={}, is {}", x.period, x.keep);
    return inside("lane words", x.address, wordsInLanes(x), target.laneWords);
  }

  bool loadControl(const Load &x) {
    if (!control.known || x.region != Region::Program) {
      control.known = false;
      return true;
    }
    if (!inside("image bytes", uint64_t(x.source) * 8, uint64_t(x.beats) * 8,
                limits.image.size()))
      return false;
    for (uint32_t i = 0; i != x.beats; ++i) {
      uint64_t bits = 0;
      for (int b = 0; b != 8; ++b)
        bits |= uint64_t(limits.image[(uint64_t(x.source) + i) * 8 + b])
                << 8 * b;
      Microword word;
      if (!decode(bits, word, error))
        return fail("control word {}: {}", x.address + i, std::string(error));
      control.words[x.address + i] = word;
    }
    return true;
  }

  bool check(const Store &x) {
    if (!inRegion(x.region, x.dest, x.beats))
      return false;
    if (x.source == StoreSource::Output)
      return inside("output words", x.address, x.beats, target.outputWords);
    return inside("lane words", x.address, 2 * uint64_t(x.beats),
                  target.laneWords);
  }

  bool check(const Loop &x) {
    bounds.set(x);
    return true;
  }
  bool check(const Out &x) {
    bool toLanes = x.mode == OutMode::Bits || x.mode == OutMode::SumBits;
    if (toLanes && (x.base | x.group_pitch | x.row_pitch) % 2)
      return fail("base, group_pitch and row_pitch must be even");
    bounds.out = x;
    return true;
  }
  bool check(const Run &x) {
    bool ok = checkSplit(x.split) && checkBases(x) &&
              (!control.known || bounds.check(x, target, control, error));
    bounds = RunBounds();
    return ok;
  }
  bool check(const End &) {
    return bounds.untouched() || fail("LOOP or OUT without a RUN behind it");
  }

  bool checkBases(const Run &x) {
    return inside("control words", x.entry, 1, target.controlWords) &&
           inside("lane words", x.act, 1, target.laneWords) &&
           inside("weight rows", x.weight, 1, target.weightRows) &&
           inside("threshold rows", x.threshold, 1, target.thresholdRows);
  }

  const Target &target;
  const Limits &limits;
  std::string &error;
  ControlStore control;
  RunBounds bounds;
  std::vector<Instruction> code;
};

} // namespace

bool verifyCode(std::span<const uint8_t> code, const Target &target,
                const Limits &limits, std::string &error) {
  return Checker(target, limits, error).run(code);
}

bool verifyProgram(const Program &program, std::string &error) {
  Limits limits;
  limits.regionBytes = {program.image.size(), program.inputBytes,
                        program.outputBytes, program.scratchBytes};
  limits.image = program.image;
  Checker checker(program.target, limits, error);
  std::span<const uint8_t> image = program.image;
  for (auto [name, begin, end] :
       {std::tuple("cold", program.coldBegin, program.coldEnd),
        std::tuple("warm", program.warmBegin, program.warmEnd),
        // A later window finds the control store as the one before left it.
        std::tuple("warm", program.warmBegin, program.warmEnd)}) {
    if (begin > end || end > image.size()) {
      error = fmt::format("{} code is outside the image", name);
      return false;
    }
    if (begin != end && !checker.run(image.subspan(begin, end - begin))) {
      error = fmt::format("{} code, {}", name, error);
      return false;
    }
  }
  return true;
}

} // namespace bnn::isa
