// Static checks of final code: what the engine would trap on, before it runs.
#pragma once

#include "bnn/isa/Program.h"
#include "bnn/isa/Target.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace bnn::isa {

/// What the code may touch.
struct Limits {
  /// Bytes of each region, in the order of isa::Region.
  std::array<uint64_t, 4> regionBytes{};
  /// Region Program. If given, control store loads are followed, so that RUNs
  /// are checked word by word; if empty, only base addresses are.
  std::span<const uint8_t> image;
};

/// Checks that `code` decodes, ends with its only END, keeps every address and
/// extent inside the engine's memories and the regions, samples in an order that
/// has a defined result, and returns all tokens without a deadlock. On failure returns false and sets `error` to
/// "instruction N (text): what is wrong".
bool verifyCode(std::span<const uint8_t> code, const Target &target,
                const Limits &limits, std::string &error);

/// Checks the cold code, then the warm code behind it, against the program's
/// own target and region sizes.
bool verifyProgram(const Program &program, std::string &error);

} // namespace bnn::isa
