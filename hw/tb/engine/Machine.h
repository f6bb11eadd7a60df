// The Verilated engine of a built-in target beside the golden model: both get
// the same code, the same regions, the same history, and must do the same.
#pragma once

#include "RandomProgram.h"
#include "RtlModel.h"
#include "SampleWatch.h"
#include "bnn/isa/Engine.h"

#include <array>
#include <memory>
#include <string>

namespace bnn::bench {

/// The bytes of one program's regions as the bus sees them, in the order of isa::Region.
using Regions = std::array<std::vector<uint8_t>, 4>;

/// What one start did.
struct Result {
  std::string difference; ///< "" if RTL and model agree
  isa::Trap trap = isa::Trap::None; ///< the model's
  uint64_t cycles = 0;              ///< of the RTL, code fetch included
  bool tooLong = false; ///< the model was stopped: nothing was compared
  /// It sampled in an order without a result: only that the RTL ends, and what it
  /// does on the bus, was checked.
  bool disorder = false;
  /// Memories may differ from now on (a trap, a race, a stopped model): scrub().
  bool unknown = false;
};

struct Start {
  uint32_t begin = 0, end = 0; ///< byte range of the code in region Program
  bool reuse = false;          ///< the instruction memory holds it
  uint64_t windows = 1, inputStride = 0, outputStride = 0;
  /// What LOAD, RUN and STORE do may depend on each other's speed: unless memory is
  /// ideal, only whether it traps is compared.
  bool races = false;
};

class Machine {
public:
  /// Not ok() if this build has no RTL of `target`.
  Machine(const isa::Target &target, const sim::AxiTiming &timing, uint64_t seed);
  bool ok() const { return rtl != nullptr; }

  /// One start on both, from equal regions. The model's outputs stay in `regions`.
  Result run(Regions &regions, const Start &start);

  /// Gives every memory that a program may read known contents, on both: what a
  /// trap leaves behind in them is not specified.
  std::string scrub();

  /// Cycles after which the model is stopped and a program counts as too long.
  uint64_t patience = 200'000;
  uint64_t cycles = 0; ///< of the RTL so far

  const isa::Target target;

private:
  std::string compare(const isa::Outcome &want, bool same, uint64_t codeBeats,
                      const Regions &mine, const Regions &model);

  const bool exact; ///< ideal memory: cycles count
  sim::AxiMemory memory;
  std::unique_ptr<sim::RtlModel> rtl;
  isa::Engine golden;
  SampleWatch watch; ///< of the model
};

} // namespace bnn::bench
