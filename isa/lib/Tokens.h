// Whether a code's tokens let it run to its end and come back to the start.
#pragma once

#include "bnn/isa/Isa.h"

namespace bnn::isa {

/// Runs the three queues of the engine (docs/engine.md, section 6) without
/// time. Sets `at` to the instruction that `error` is about.
bool checkTokens(const std::vector<Instruction> &code, size_t &at,
                 std::string &error);

} // namespace bnn::isa
