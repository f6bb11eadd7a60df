// The integer grid of a quantised map, and borders on it.

#ifndef BNNCC_COMPILER_FUSE_CHANNELGRID_H
#define BNNCC_COMPILER_FUSE_CHANNELGRID_H

#include "fuse/Edge.h"

namespace bnncc {

bool equalNumbers(const exact::Radical &x, const exact::Radical &y);

/// The grid of a quantised edge: the value of channel c is turns[c] * scale * x +
/// shifts[c]. Only bits may be turned by channel; others may be shifted so where
/// there is no border, whose code would differ.
struct ChannelGrid {
  exact::Radical scale;
  std::vector<int> turns;
  std::vector<exact::Radical> shifts;

  bool isTurned() const {
    return llvm::any_of(turns, [](int turn) { return turn < 0; });
  }
  bool isShifted() const {
    return llvm::any_of(shifts, [](auto &shift) { return shift.sign() != 0; });
  }
};
std::optional<ChannelGrid> gridOf(const Edge &edge, bool hasBorder);

/// The value of a pending pad behind the edge's steps, if it is exact.
std::optional<exact::Radical> padValueOf(const Edge &edge);

/// The pad's value in base units, if it is an integer that the base can hold and
/// the same one for all channels (after turned weights).
std::optional<int64_t> padCode(const Edge &edge, const ChannelGrid &grid,
                               const exact::Radical &value);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_CHANNELGRID_H
