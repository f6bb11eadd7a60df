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
  case Routine::BinarySumRows:
    return "binary_sum_rows";
  case Routine::BinarySumTilesRows:
    return "binary_sum_tiles_rows";
  case Routine::BinaryPoolSum:
    return "binary_pool_sum";
  case Routine::Idle:
    return "idle";
  case Routine::BinaryBorder:
    return "binary_border";
  case Routine::BinaryBorderMulti:
    return "binary_border_multi";
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

/// The same over the rows of a map, which turn in loop 3: a thresholded sum has
/// one threshold.
static constexpr const char *SumRows = R"(
sum: mac first=zero rest=add reduce=0-3,5 sample=value done tail hold_tail ends=0-7 near=sum far=sum halt
)";
static constexpr const char *SumTilesRows = R"(
sum: mac first=zero rest=add reduce=0-3,5 sample=value done tail hold_tail ends=0-2 near=sum far=sum
pixels: ends=5-5 near=sum far=sum
lines: ends=3-3 near=sum far=sum
channels: ends=4-4 near=sum far=sum
rows: ends=6-7 near=sum far=sum halt
)";

/// Counts that the value path pools before it adds them up.
static constexpr const char *PoolSum = R"(
value: mac first=zero rest=add reduce=0-2 sample=value done tail ends=0-7 near=value far=value halt
)";

/// Border pixels of a map padded with 0 (Border.h): the window's count,
/// doubled, and that of the group of constants.
static constexpr const char *Border = R"(
sums: mac first=init rest=add reduce=0-2 tail plane_a=1 plane_w=1 ends=0-2 near=sums far=sums
constants: mac first=shift rest=add reduce=0-0 tail ends=0-0 near=constants far=constants
sign: sample=sign done ends=3-7 near=sums far=sums halt
)";
static constexpr const char *BorderMulti = R"(
sums: mac first=init rest=add reduce=0-2 tail plane_a=1 plane_w=1 ends=0-2 near=sums far=sums
constants: mac first=shift rest=add reduce=0-0 tail ends=0-0 near=constants far=constants
sign: sample=sign plane=0
bias: first=bias rest=bias sample=sign plane=1 done row=1 ends=3-7 near=bias far=sums halt
)";

/// A RUN that does nothing but give a token (Transfers.cpp).
static constexpr const char *IdleStep = "idle: halt\n";

/// The text of a routine that isa/microcode does not ship.
static const char *ownText(Routine routine) {
  switch (routine) {
  case Routine::BinarySumTiles:
    return SumTiles;
  case Routine::BinarySumRows:
    return SumRows;
  case Routine::BinarySumTilesRows:
    return SumTilesRows;
  case Routine::BinaryPoolSum:
    return PoolSum;
  case Routine::BinaryBorder:
    return Border;
  case Routine::BinaryBorderMulti:
    return BorderMulti;
  case Routine::Idle:
    return IdleStep;
  default:
    return nullptr;
  }
}

std::vector<isa::Microword> routineWords(Routine routine, uint32_t entry) {
  const char *own = ownText(routine);
  if (!own)
    return isa::placeRoutine(*isa::findRoutine(routineName(routine)), entry);
  isa::Routine assembled;
  std::map<std::string, uint32_t> labels;
  std::string error;
  isa::assemble(own, assembled.words, labels, error);
  return isa::placeRoutine(assembled, entry);
}

} // namespace bnncc::lower
