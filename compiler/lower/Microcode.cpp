//===- Microcode.cpp - Routines of the control store ----------------------===//
//
// Routines come from the microassembler; one that only the compiler needs is
// written here (docs/engine.md section 4).
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include "bnn/isa/Microassembler.h"

namespace bnncc::lower {

const char *routineName(Routine routine) {
  switch (routine) {
  case Routine::Binary:
    return "binary";
  case Routine::BinaryValue:
    return "binary_value";
  case Routine::BinaryMulti:
    return "binary_multi";
  case Routine::Quad:
    return "quad";
  case Routine::QuadValue:
    return "quad_value";
  case Routine::QuadMulti:
    return "quad_multi";
  case Routine::BinarySum:
    return "binary_sum";
  case Routine::BinarySumTiles:
    return "binary_sum_tiles";
  case Routine::Idle:
    return "idle";
  }
  return "?";
}

/// Sums over pixel tiles within each channel tile: binary_sum walks channel
/// tiles inside pixel tiles, which would mix their sums. A step without an
/// operation turns each of the outer nests over.
static constexpr const char *SumTiles = R"(
sum: mac first=zero rest=add reduce=0-2,5 sample=value done tail hold_tail ends=0-2 near=sum far=sum
pixels: ends=5-5 near=sum far=sum
channels: ends=4-4 near=sum far=sum
rows: ends=6-7 near=sum far=sum halt
)";

/// A RUN that does nothing but give a token (Transfers.cpp).
static constexpr const char *IdleStep = "idle: halt\n";

std::vector<isa::Microword> routineWords(Routine routine, uint32_t entry) {
  bool own = routine == Routine::BinarySumTiles || routine == Routine::Idle;
  if (!own)
    return isa::placeRoutine(*isa::findRoutine(routineName(routine)), entry);
  isa::Routine words;
  std::map<std::string, uint32_t> labels;
  std::string error;
  isa::assemble(routine == Routine::Idle ? IdleStep : SumTiles, words.words,
                labels, error);
  return isa::placeRoutine(words, entry);
}

} // namespace bnncc::lower
