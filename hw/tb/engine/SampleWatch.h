// Whether the golden model's samples came in an order that has a result: what
// isa/lib/SampleOrder.h asks of a program, seen while it runs. Damaged programs
// may do otherwise; then the RTL's output unit and the model keep other things.
// Written apart from the verifier's walk, to check it: a program that it accepts
// and that is found out of order here fails the bench.
#pragma once

#include "EngineState.h"

namespace bnn::bench {

class SampleWatch {
public:
  /// What happened in one cycle; cycle 0 is a fresh start.
  void see(const isa::CycleRecord &record);
  /// No sample so far was out of order; `ended`: nor does the last RUN stop inside a stream.
  bool good(bool ended) const { return !disorder && !(ended && unfinished()); }

private:
  using Place = std::array<uint32_t, 4>; // of loops 4 to 7
  void sample(const isa::CycleRecord &record);
  void finishTile(const isa::SamplePoint &at, const Place &place);
  bool unfinished() const { return planes != 0 || nextTile != 0 || open; }

  bool disorder = false;
  isa::OutMode mode = isa::OutMode::Bits;
  uint32_t planes = 0; ///< sampled of `tile`, which is not done
  Place tile{}, before{};
  uint32_t nextTile = 0; ///< of loop 4
  bool open = false;     ///< the stream of `before` goes on
};

} // namespace bnn::bench
