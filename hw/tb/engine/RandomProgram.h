// Random legal programs: all shipped routines, all output modes, several RUNs a
// window, tokens between the engines; and damaged ones.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bnn::bench {

struct RandomProgram {
  std::vector<uint8_t> image; ///< region Program: cold code, warm code, constants
  uint32_t coldBegin = 0, coldEnd = 0, warmBegin = 0, warmEnd = 0;
  uint32_t inputBytes = 0, outputBytes = 0, scratchBytes = 0; ///< per window
  /// Windows may overlap on any memory: LOAD and STORE touch nothing that a RUN
  /// of another window still uses. (Others race; on ideal memory both sides alike.)
  bool ordered = false;
  std::string text; ///< the code, disassembled
};

/// A program that isa::verifyCode accepts for `target`. Reads may race with
/// writes: the model and the RTL must agree about those too.
RandomProgram legalProgram(const isa::Target &target, uint64_t seed);

/// A legal program with a few bits, words or whole instructions of its code
/// changed, so that most of them trap.
RandomProgram damagedProgram(const isa::Target &target, uint64_t seed);

} // namespace bnn::bench
