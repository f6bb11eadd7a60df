//===- Border.h - Zero padding of bits before a pool ------------*- C++ -*-===//
//
// The array pads bits with -1, which takes s, the sum of the weights outside
// the map, from the true sum. Behind a pool no threshold can give it back,
// because one window mixes pixels with different s. A group of the input map
// that holds constants can: D bits of every pixel are 1 inside the map and 0,
// like all bits, at its pads. A RUN over border pixels counts the agreements H
// of the window, doubles them, and adds the agreements E of the window of that
// group, whose weights agree with (D + s) / 2 pads and (D - s) / 2 inner bits
// of a tap:
//
//   2 H + E = dot + N + E0,   E0 = sum of (D - s) / 2 over the taps
//
// for every pixel: pads cancel. (Without doubling it cannot work: constants
// move a count by a fixed parity, and half of s has both.)
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_BORDER_H
#define BNNCC_COMPILER_LOWER_BORDER_H

#include "Arithmetic.h"

namespace bnncc::lower {

/// Whether one group of constants can make up for the pads of `layer`: one row,
/// one set of weights, and at most 32 more weights of one sign than of the other at each tap that
/// can be outside.
bool fitsBorderGroup(const Layer &layer);
/// D: bits of a pixel that tell inside from outside.
uint32_t borderBits(const Layer &layer);
/// The weight bit of constant `bit` at `tap`.
bool borderWeight(const Layer &layer, int64_t o, int64_t tap, uint32_t bit);
/// The most that 2 H + E can be.
int64_t largestBorderCount(const Layer &layer);
/// The thresholds of channel `o` on 2 H + E.
ChannelThresholds borderThresholds(const Layer &layer, int64_t o);

/// Runs of output pixels, from left to right: those whose pool sees a pad, and
/// the ones between.
std::vector<OutputRange> outputRanges(const Layer &layer);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_BORDER_H
