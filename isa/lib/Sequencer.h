// The RUN engine of the golden model: pulls LOOP, OUT and RUN words, walks the
// microcode, issues at most one array step a cycle. Private to the model.
#pragma once

#include "EngineState.h"

#include <deque>
#include <optional>

namespace bnn::isa {

/// Tokens between the engines; see docs/engine.md section 6.
struct Tokens {
  uint32_t loadToRun = 0, runToLoad = 1, runToStore = 0, storeToRun = 1;
};

/// An instruction on its way to its engine.
struct Queued {
  Instruction instruction;
  uint32_t index = 0;
  uint64_t window = 0;
};

class Sequencer {
public:
  Sequencer(const Target &target, Lanes &lanes, Array &array, OutputUnit &output);
  void clear();

  static constexpr size_t kQueueDepth = 64;
  /// RUNs with push_next that have not retired; no RUN starts while there are so many.
  static constexpr size_t kRetireDepth = 16;
  std::deque<Queued> queue;
  std::vector<Microword> control; ///< the control store, decoded

  /// Does one cycle. Returns false when it only waited.
  bool tick(uint64_t cycle, Tokens &tokens, Counters &counters);
  bool idle() const {
    return queue.empty() && !active && !next &&
           retiring.empty() && !freed;
  }
  /// Index of the instruction at work, for trap reports.
  uint32_t instruction() const { return active ? current.instruction : lastIndex; }

  bool readsLanes = false; ///< the array reads the lanes in this cycle

  bool tracing = false;
  std::vector<RunTrace> trace;
  uint64_t hazards = 0;
  CycleRecord *record = nullptr; ///< if set, where the present cycle is noted

private:
  void pull();
  bool start(uint64_t cycle, Tokens &tokens, Counters &counters);
  bool issue(uint64_t cycle, Counters &counters);
  void advance(const Microword &word);
  bool writesInPlace() const;
  void countHazards(const Array::Step &step, const SamplePoint &at,
                    uint64_t cycle);

  const Target target;
  Lanes &lanes;
  Array &array;
  OutputUnit &output;

  RunConfig gathering;              ///< LOOP and OUT words seen so far
  std::optional<RunConfig> next;    ///< a whole RUN, waiting to start
  RunConfig current;
  bool active = false;
  bool inPlace = false; ///< may write words that it reads
  std::array<uint32_t, 8> counter{};
  uint32_t pc = 0, shiftIndex = 0, lastIndex = 0;
  uint64_t steps = 0, lastStep = 0, firstStep = 0, stalls = 0;
  bool ranBefore = false;
  bool freed = false; ///< a RUN with push_prev issued its last step

  struct Retire {
    uint64_t cycle;
    bool toStore;
  };
  std::deque<Retire> retiring;
};

} // namespace bnn::isa
