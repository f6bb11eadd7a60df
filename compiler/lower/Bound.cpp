//===- Bound.cpp - Cycles behind a Zynq HP port ---------------------------===//
//
// See Bound.h.
//
//===----------------------------------------------------------------------===//

#include "Bound.h"

#include "bnn/isa/HpPort.h"

#include <algorithm>

namespace isa = ::bnn::isa;

namespace bnncc::lower {

namespace {
using Port = isa::HpPort;

/// `cycles` of a transfer, and what the refreshes that it may meet add.
uint64_t withRefreshes(uint64_t cycles) {
  uint64_t total = cycles;
  for (uint64_t before = 0; before != total;) {
    before = total;
    uint64_t met = (total + Port::refreshPause - 1) / Port::refreshPeriod + 1;
    total = cycles + met * Port::refreshPause;
  }
  return total;
}

/// Which RUNs of a stream may write the lanes while a LOAD does. Tokens keep
/// their order, so the n-th that is taken is the n-th that was given.
class Neighbours {
public:
  Neighbours(const std::vector<isa::Instruction> &code,
             const std::vector<isa::RunTrace> &trace)
      : code(code), trace(trace) {
    for (size_t r = 0; r < trace.size(); ++r) {
      const isa::Run &run = std::get<isa::Run>(code[trace[r].instruction]);
      if (run.push_prev)
        givers.push_back(r);
      if (run.pop_prev)
        takers.push_back(r);
    }
    const isa::Out *out = nullptr;
    for (const isa::Instruction &instruction : code) {
      if (auto *o = std::get_if<isa::Out>(&instruction))
        out = o;
      bits.push_back(out && out->mode == isa::OutMode::Bits);
      if (std::holds_alternative<isa::Run>(instruction))
        out = nullptr;
    }
  }

  /// Lane writes beside each LOAD, by window and instruction. RUNs that come
  /// after the trace count for its last window's LOADs, too: that one is left out.
  std::vector<std::vector<uint64_t>> lanesWrites() const {
    std::vector<std::vector<uint64_t>> all;
    size_t taken = 0, given = 0; // by the LOADs so far
    for (uint64_t window = 0; window < trace.back().window; ++window) {
      std::vector<uint64_t> &writes = all.emplace_back(code.size(), 0);
      for (size_t i = 0; i < code.size(); ++i)
        if (auto *load = std::get_if<isa::Load>(&code[i])) {
          taken += load->pop_next;
          // The first token was there before anyone gave it.
          size_t from = taken < 2 ? 0 : givers.at(taken - 2) + 1;
          size_t to = given < takers.size() ? takers[given] : trace.size();
          writes[i] = from ? behind(from - 1) : 0;
          for (size_t r = from; r < to; ++r)
            writes[i] += trace[r].beats;
          given += load->push_next;
        }
    }
    return all;
  }

private:
  /// Lane writes that RUN `r` and those before leave when it ends. A step that
  /// completes bits waits until at most the writes of eight cycles are ahead
  /// of its own; a thresholded sum does not.
  uint64_t behind(size_t r) const {
    uint64_t writes = 0;
    for (size_t i = r + 1; i-- > 0;) {
      const isa::RunTrace &run = trace[i];
      if (run.beats && bits[run.instruction])
        return writes + std::min(run.beats, run.lastBeats) + 7;
      writes += run.beats;
    }
    return writes;
  }

  const std::vector<isa::Instruction> &code;
  const std::vector<isa::RunTrace> &trace;
  std::vector<size_t> givers, takers; ///< RUNs, of tokens from and for LOAD
  std::vector<bool> bits;             ///< by instruction: writes bits
};
} // namespace

std::vector<std::vector<uint64_t>>
hpDelays(const std::vector<isa::Instruction> &warm,
         const std::vector<isa::RunTrace> &trace) {
  // From the start to the first beat, and from the last one to the end.
  constexpr uint64_t load = 8 + 2, store = 8;
  std::vector<std::vector<uint64_t>> delays =
      Neighbours(warm, trace).lanesWrites();
  for (std::vector<uint64_t> &window : delays)
    for (size_t i = 0; i < warm.size(); ++i) {
      uint64_t ideal = 0, later = 0;
      if (auto *l = std::get_if<isa::Load>(&warm[i])) {
        ideal = load + isa::beatsToLanes(*l);
        later = Port::readLatency + Port::readJitter - 1;
        if (l->dest == isa::LoadDest::Lanes)
          later += window[i];
      } else if (auto *s = std::get_if<isa::Store>(&warm[i])) {
        ideal = store + s->beats;
        later = Port::writeLatency - 1;
      } else {
        continue;
      }
      window[i] = withRefreshes(ideal + later) - ideal;
    }
  return delays;
}

} // namespace bnncc::lower
