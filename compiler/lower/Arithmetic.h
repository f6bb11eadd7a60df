//===- Arithmetic.h - Sums of a layer in the array's terms ------*- C++ -*-===//
//
// The array counts agreements: H is a popcount (or a weighted one), never
// negative. With N taps, bits give dot = 2*H - N; bytes give dot = H + k, where
// k = -255*n_minus - 128*(n_plus - n_minus) for int8 and -255*n_minus for uint8
// (docs/engine.md section 3). A comparison dot >= p is thus H >= h, and the
// array compares by starting at T = -h.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_ARITHMETIC_H
#define BNNCC_COMPILER_LOWER_ARITHMETIC_H

#include "Layer.h"

namespace bnncc::lower {

/// H of output channel `o` over all inputs; of a channel past the last one,
/// whose weights are all +1. Bytes take the codes that can occur, and the pad's.
struct CountRange {
  int64_t low = 0, high = 0;
};
CountRange countRange(const Layer &layer, int64_t o);
/// Largest H of a single step on lanes that may hold anything.
int64_t largestStep(const Layer &layer);
/// k of output channel `o` (Bytes).
int64_t byteOffset(const Layer &layer, int64_t o);
/// Positions that a Sum, Split or SumBits layer adds up, after pooling.
int64_t summedPositions(const Layer &layer);

/// Zero padding of bits. The array pads with -1, which adds -w for every tap w
/// outside the map; what is missing to the true sum of conv pixel `x`:
int64_t padCorrection(const Layer &layer, int64_t o, int64_t x);
/// Runs of conv pixels whose taps outside the map are the same ones, from left
/// to right; a single run if the layer needs no correction.
struct PixelRange {
  int64_t begin = 0, end = 0;
};
std::vector<PixelRange> borderRanges(const Layer &layer);

/// Output pixels of the rows from `top` on that have the same thresholds, from
/// left to right, or that see a border (Border.h).
struct OutputRange {
  int64_t begin = 0, end = 0;
  bool border = false;
  int64_t top = 0, bottom = 0;
};
/// The runs of output pixels that need thresholds of their own; rows come
/// downwards, pixels from left to right.
std::vector<OutputRange> thresholdRanges(const Layer &layer);

/// The thresholds of a channel on H: T values, one per plane, each within
/// [-high, -low - 1] of its CountRange, so that T + H lies within high - low of
/// 0; unused planes never fire. `polarity` is the bit below.
struct ChannelThresholds {
  std::vector<int64_t> t;
  bool polarity = false;
};
/// Channel `o` of output pixel `x` in row `y`, with points that no input reaches
/// folded away.
ChannelThresholds channelThresholds(const Layer &layer, int64_t o,
                                    int64_t x = 0, int64_t y = 0);
/// The most planes any channel needs, at least one.
unsigned planesNeeded(const Layer &layer);

/// T of a value layer's channel and what makes v = H + T the true sum again:
/// dot = scale * v + shift, the same for all channels.
struct ValueTerms {
  int64_t t = 0, scale = 1, shift = 0;
};
/// What is added to scale * S to get the true sum of channel `o` over
/// positions.
int64_t sumShift(const Layer &layer, int64_t o);
ValueTerms valueTerms(const Layer &layer, int64_t o);

/// Range proof: whether every accumulator of `layer` fits `bits`, over all
/// inputs; `needed` is set to the bits it takes. `tiles` pixel tiles add up in
/// one accumulator (SumBits). Only T + H must fit: accumulators and T wrap, so
/// what they pass through on the way does not matter.
bool fitsAccumulator(const Layer &layer, unsigned bits, int64_t tiles,
                     unsigned &needed);
/// Range proof of sums over positions: the words of Sum and Split, and what T
/// and a sum of SumBits can hold. On failure `error` names the numbers.
bool fitsSums(const Layer &layer, std::string &error);

/// Whether a pool comes between its sums and what is made of them.
inline bool isPooled(const Layer &layer) {
  return layer.pool.window != 1 || layer.pool.stride != 1;
}

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_ARITHMETIC_H
