//===- Arithmetic.cpp - Sums of a layer in the array's terms --------------===//
//
// Thresholds, offsets and the range proof. See Arithmetic.h for the equations.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Border.h"

#include "bnn/isa/Isa.h"
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace bnncc::lower {

static int64_t ceilHalf(int64_t x) { return x >= 0 ? (x + 1) / 2 : -(-x / 2); }

/// Weights of -1 of channel `o`; none of a channel past the last one.
static int64_t minusWeights(const Layer &layer, int64_t o) {
  if (o >= layer.conv.c)
    return 0;
  auto first = layer.weights.begin() + o * layer.taps();
  return std::count_if(first, first + layer.taps(),
                       [](int8_t w) { return w < 0; });
}

CountRange countRange(const Layer &layer, int64_t o) {
  int64_t taps = layer.taps();
  if (layer.kind == MapKind::Bits)
    return {0, taps};
  int64_t low = layer.codeLow, high = layer.codeHigh;
  if (layer.padLeft || layer.padRight || layer.padTop || layer.padBottom) {
    low = std::min(low, layer.padValue);
    high = std::max(high, layer.padValue);
  }
  // The array sees u, and 255 - u where the weight is -1.
  int64_t shift = layer.isSigned ? 128 : 0;
  int64_t minus = minusWeights(layer, o), plus = taps - minus;
  return {plus * (low + shift) + minus * (255 - (high + shift)),
          plus * (high + shift) + minus * (255 - (low + shift))};
}

int64_t largestStep(const Layer &layer) {
  return layer.kind == MapKind::Bytes ? 8 * 255 : 32;
}

int64_t summedPositions(const Layer &layer) {
  int64_t w = (layer.conv.w - layer.pool.window) / layer.pool.stride + 1;
  return w * layer.conv.h;
}

int64_t byteOffset(const Layer &layer, int64_t o) {
  int64_t minus = minusWeights(layer, o), taps = layer.taps();
  int64_t signedPart = layer.isSigned ? 128 * (taps - 2 * minus) : 0;
  return -255 * minus - signedPart;
}

static bool outside(const Layer &layer, int64_t x, int64_t tap) {
  int64_t position = x * layer.strideW - layer.padLeft + tap;
  return position < 0 || position >= layer.in.w;
}

static bool correctsPads(const Layer &layer) {
  return layer.kind == MapKind::Bits && layer.padValue == 0 &&
         (layer.padLeft || layer.padRight);
}

int64_t padCorrection(const Layer &layer, int64_t o, int64_t x) {
  int64_t sum = 0;
  if (!correctsPads(layer))
    return sum;
  for (int64_t tap = 0; tap < layer.kernelW; ++tap)
    if (outside(layer, x, tap))
      for (int64_t c = 0; c < layer.in.c; ++c)
        for (int64_t y = 0; y < layer.kernelH; ++y)
          for (int64_t set = 0; set < layer.sets; ++set)
            sum += layer.weight(o, c, y, tap, set);
  return sum;
}

std::vector<PixelRange> borderRanges(const Layer &layer) {
  std::vector<PixelRange> ranges = {{0, layer.conv.w}};
  if (!correctsPads(layer))
    return ranges;
  auto same = [&](int64_t a, int64_t b) {
    for (int64_t tap = 0; tap < layer.kernelW; ++tap)
      if (outside(layer, a, tap) != outside(layer, b, tap))
        return false;
    return true;
  };
  for (int64_t x = 1; x < layer.conv.w; ++x)
    if (!same(x - 1, x)) {
      ranges.back().end = x;
      ranges.push_back({x, layer.conv.w});
    }
  return ranges;
}

/// Whether all channels have the same switch points at two output pixels.
static bool sameThresholds(const Layer &layer, int64_t y, int64_t x,
                           int64_t otherY, int64_t otherX) {
  for (int64_t o = 0; o < layer.conv.c; ++o)
    if (layer.thresholdOf(o, y, x) != layer.thresholdOf(o, otherY, otherX))
      return false;
  return true;
}

std::vector<OutputRange> thresholdRanges(const Layer &layer) {
  bool byPosition = layer.differsByPosition();
  std::vector<bool> starts(size_t(layer.out.w), false);
  starts[0] = true;
  if (!isPooled(layer)) // pools come with pads that need no correction
    for (const PixelRange &range : borderRanges(layer))
      starts[size_t(range.begin)] = true;
  auto sameRow = [&](int64_t y, int64_t other) {
    for (int64_t x = 0; byPosition && x < layer.out.w; ++x)
      if (!sameThresholds(layer, y, x, other, x))
        return false;
    return true;
  };
  std::vector<OutputRange> ranges;
  for (int64_t y = 0, end; y < layer.out.h; y = end) {
    for (end = y + 1; end < layer.out.h && sameRow(y, end);)
      ++end;
    for (int64_t x = 0; x < layer.out.w; ++x) {
      if (starts[size_t(x)] ||
          (byPosition && !sameThresholds(layer, y, x - 1, y, x)))
        ranges.push_back({x, x, false, y, end});
      ranges.back().end = x + 1;
    }
  }
  return ranges;
}

/// Over all positions of the (unpooled) map.
static int64_t totalCorrection(const Layer &layer, int64_t o) {
  int64_t sum = 0;
  for (int64_t x = 0; x < layer.conv.w && correctsPads(layer); ++x)
    sum += padCorrection(layer, o, x);
  return sum * layer.conv.h;
}

int64_t sumShift(const Layer &layer, int64_t o) {
  return valueTerms(layer, o).shift * summedPositions(layer) +
         totalCorrection(layer, o) / layer.factor;
}

/// The least H with dot >= p, not clamped; sums of `positions` positions.
static int64_t countFor(const Layer &layer, int64_t o, int64_t p,
                        int64_t positions) {
  if (layer.kind == MapKind::Bytes)
    return p - positions * byteOffset(layer, o);
  return ceilHalf(p + positions * layer.taps());
}

ChannelThresholds channelThresholds(const Layer &layer, int64_t o, int64_t x,
                                    int64_t y) {
  bool sums = layer.output == OutputKind::SumBits;
  int64_t positions = sums ? summedPositions(layer) : 1;
  CountRange range = countRange(layer, o);
  int64_t correction =
      sums ? totalCorrection(layer, o)
           : padCorrection(layer, o, x * layer.pool.stride);
  ChannelThresholds result;
  const SwitchPoints &own = layer.thresholdOf(o, y, x);
  result.polarity = own.first;
  for (int64_t p : own.points) {
    int64_t h = countFor(layer, o, p - correction, positions);
    if (h <= range.low * positions)
      result.polarity = !result.polarity; // always passed
    else if (h <= range.high * positions)
      result.t.push_back(-h);
  }
  return result;
}

unsigned planesNeeded(const Layer &layer) {
  size_t planes = 1;
  for (const OutputRange &range : thresholdRanges(layer))
    for (int64_t o = 0; o < layer.conv.c; ++o)
      planes = std::max(
          planes,
          channelThresholds(layer, o, range.begin, range.top).t.size());
  for (int64_t o = 0; layer.borderGroup && o < layer.conv.c; ++o)
    planes = std::max(planes, borderThresholds(layer, o).t.size());
  return unsigned(planes);
}

ValueTerms valueTerms(const Layer &layer, int64_t o) {
  if (layer.kind == MapKind::Bytes)
    return {byteOffset(layer, o), 1, 0};
  int64_t n = layer.taps(), t = -(n / 2);
  // Where sets add up to twice the weights, N is even.
  return {t, 2 / layer.factor, (-2 * t - n) / layer.factor};
}

bool fitsAccumulator(const Layer &layer, unsigned bits, int64_t tiles,
                     unsigned &needed) {
  int64_t low = 0, high = 0;
  for (int64_t o = 0; o < layer.conv.c; ++o) {
    CountRange range = countRange(layer, o);
    int64_t span = range.high - range.low;
    switch (layer.output) {
    case OutputKind::Bits:
      if (layer.borderGroup)
        span = largestBorderCount(layer);
      low = std::min(low, -span - 1); // a plane that never fires
      high = std::max(high, span);
      break;
    case OutputKind::SumBits:
      high = std::max(high, range.high * tiles);
      break;
    case OutputKind::Raw:
    case OutputKind::Sum:
    case OutputKind::Split:
      int64_t t = valueTerms(layer, o).t;
      low = std::min(low, t + range.low);
      high = std::max(high, t + range.high);
      break;
    }
  }
  needed = 1;
  while (low < -(int64_t(1) << (needed - 1)) || high >= int64_t(1)
                                                            << (needed - 1))
    ++needed;
  return needed <= bits;
}

bool fitsSums(const Layer &layer, std::string &error) {
  int64_t positions = summedPositions(layer), reach = 0;
  bool bits = layer.output == OutputKind::SumBits;
  if (!bits && layer.output != OutputKind::Sum &&
      layer.output != OutputKind::Split)
    return true;
  for (int64_t o = 0; o < layer.conv.c; ++o) {
    CountRange range = countRange(layer, o);
    int64_t t = bits ? 0 : valueTerms(layer, o).t;
    reach = std::max({reach, std::abs(range.low + t), range.high + t});
  }
  unsigned width = bits ? ::bnn::isa::isaThresholdBits : 32;
  if (reach * positions + 1 < int64_t(1) << (width - 1))
    return true;
  error = fmt::format("sums of {} taps over {} positions reach {}, {} holds {} "
                      "bits; sum over fewer positions or taps",
                      layer.taps(), positions, reach * positions,
                      bits ? "a threshold" : "a word of the output", width);
  return false;
}

} // namespace bnncc::lower
