// Random programs for the sequencer: orderly ones that return their tokens, and
// damaged ones that should trap.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <array>
#include <cstdint>
#include <random>
#include <vector>

struct Program {
  std::vector<uint8_t> code;
  std::array<std::vector<uint8_t>, 4> regions; ///< one window's, isa::Region order
  uint64_t windows = 1;
};

class Generator {
public:
  Generator(uint64_t seed, const bnn::isa::Target &target)
      : random(seed), target(target) {}
  /// LOAD, RUNs, STORE, END with tokens as the compiler sets them.
  Program orderly();
  /// Any instructions, any tokens, some bits flipped.
  Program damaged();

private:
  uint32_t below(uint32_t n) { return uint32_t(random() % n); }
  bool coin(uint32_t n = 2) { return below(n) == 0; }
  uint32_t between(uint32_t lo, uint32_t hi) { return lo + below(hi - lo + 1); }
  bnn::isa::Microword microword();
  void microcode(Program &program, bool routinesOnly);
  uint32_t split(bool wild);
  void loops(std::vector<bnn::isa::Instruction> &code, bool wild);
  bnn::isa::Out out(bool wild);
  bnn::isa::Run run(bool wild);
  bnn::isa::Load load(bool wild);
  bnn::isa::Store store();
  Program finish(Program program, const std::vector<bnn::isa::Instruction> &code);

  std::mt19937_64 random;
  const bnn::isa::Target target;
  std::vector<uint32_t> entries; ///< control store addresses that RUNs start at
  std::vector<uint32_t> shifts;  ///< of the routine at each entry
};
