// The golden engine model: runs a program's final bytes, bit for bit and cycle
// for cycle as docs/engine.md says. The RTL is held to it.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bnn::isa {

/// One memory region as the engine's bus sees it (isa::Region order).
struct Memory {
  std::array<std::span<uint8_t>, 4> region;
};

/// What one execution did. `trap` other than None says why it stopped.
struct Outcome {
  Trap trap = Trap::None;
  uint32_t trapInstruction = 0; ///< index of the instruction that trapped
  std::string trapText;         ///< one line for a person
  uint64_t cycles = 0;          ///< first instruction to the last retirement
  std::vector<uint64_t> windowEnd; ///< cycle of each window's END
};

/// How often each thing happened in one execution.
struct Counters {
  uint64_t steps = 0;       ///< array steps with mac = 1
  uint64_t idle = 0;        ///< cycles in which RUN issued nothing
  uint64_t writerStall = 0; ///< of those: the writer was busy
  uint64_t valueStall = 0;  ///< of those: the value path was busy
  uint64_t loadWait = 0;    ///< of those: a RUN waited for LOAD's token
  uint64_t storeWait = 0;   ///< of those: a RUN waited for STORE's token only
  uint64_t laneBeats = 0;   ///< lane writes by the output unit
  uint64_t loadBeats = 0, storeBeats = 0; ///< 8-byte beats on the bus
};

/// First and last issue of one RUN, for reports and the hazard check.
struct RunTrace {
  uint32_t instruction = 0;
  uint64_t window = 0, first = 0, last = 0, retired = 0;
  uint64_t stalls = 0;
  uint64_t beats = 0;     ///< lane writes of its streams
  uint64_t lastBeats = 0; ///< of those, what its last tile sent
};

struct CycleRecord; // isa/lib/EngineState.h

class Engine {
public:
  explicit Engine(const Target &target);
  ~Engine();

  /// Forgets everything: memories to zero.
  void reset();

  /// Runs instructions [begin, end) of `code` once per window; before each
  /// window after the first the input and output regions start
  /// `inputStride`, `outputStride` bytes further. Memories keep their contents
  /// from call to call, as the resident weights do on the board.
  Outcome run(std::span<const uint8_t> code, Memory memory, uint64_t windows = 1,
              uint64_t inputStride = 0, uint64_t outputStride = 0);

  const Counters &counters() const;
  const std::vector<RunTrace> &trace() const;
  /// Keep a RunTrace for every RUN (off by default).
  void setTracing(bool on);
  /// Cycles by which a LOAD or STORE ends later than on ideal memory, by window (the
  /// last one stands for all that follow) and by instruction of the code. No transfer
  /// then waits for the lanes' ports; what it would wait must be among the cycles.
  /// Empty: ideal memory, as at first.
  void setTransferDelays(std::vector<std::vector<uint64_t>> cycles);
  /// Calls `observer` after every cycle (none by default).
  void setObserver(std::function<void(const CycleRecord &)> observer);
  /// Count reads of lane words whose last writer had not yet written when the
  /// program order says it should have, or that their own RUN writes: 0 in
  /// every program the compiler emits.
  uint64_t hazards() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace bnn::isa
