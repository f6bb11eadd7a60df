//===- CheckBinary.h - Proof of the emitted bytes ---------------*- C++ -*-===//
//
// Reads a finished program back and proves, from its bytes alone, that it keeps
// inside every memory and region, never reads a lane word before it is written,
// never overwrites what is still to be read, and cannot deadlock. Shares no
// code with the planner.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_CHECKBINARY_H
#define BNNCC_COMPILER_LOWER_CHECKBINARY_H

#include "bnn/isa/Engine.h"
#include "bnn/isa/Program.h"

namespace bnncc::lower {

/// What the proof went through, and what three windows took.
struct CheckResult {
  uint32_t instructions = 0;
  uint64_t hazards = 0;
  uint64_t coldCycles = 0;
  uint64_t latency = 0; ///< one warm window, first instruction to last result
  uint64_t cycles = 0;  ///< between two windows' results in a stream
  /// Bounds of both on isa::HpPort: N windows of a stream take at most
  /// hpLatency + (N - 1) * hpCycles.
  uint64_t hpLatency = 0, hpCycles = 0;
  ::bnn::isa::Counters stream;             ///< of the stream
  std::vector<::bnn::isa::RunTrace> trace; ///< of its last window
};

/// Checks `program`; false and one line in `error` if anything is not proved.
bool checkBinary(const ::bnn::isa::Program &program, CheckResult &result,
                 std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_CHECKBINARY_H
