//===- Timing.h - When a RUN reads and when it writes -----------*- C++ -*-===//
//
// The exact timing of docs/engine.md section 6 on ideal memory for one RUN: at
// which cycle each lane word that it writes is there, and how long after its
// first step it reads each word.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_TIMING_H
#define BNNCC_COMPILER_LOWER_TIMING_H

#include "Plan.h"

namespace bnncc::lower {

/// What the engine remembers from one RUN to the next.
struct Clock {
  uint64_t next = 0; ///< cycle of the earliest next step
  uint64_t writerFree = 0, valueFree = 0, captureFree = 0;
};

/// Times of one RUN. `ready` maps a lane word to the cycle of its last write.
struct RunTimes {
  uint64_t first = 0, last = 0, retired = 0, stalls = 0;
  std::vector<uint64_t> ready; ///< by lane word; 0: not written
};

/// Walks `plan` from `clock.next` on and moves `clock` behind it.
RunTimes walkRun(const LayerPlan &plan, Clock &clock, uint32_t laneWords);

/// The least first step of `plan` so that it reads no word before `ready`.
uint64_t earliestStart(const LayerPlan &plan,
                       const std::vector<uint64_t> &ready);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_TIMING_H
