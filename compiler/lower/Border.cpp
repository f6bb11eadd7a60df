//===- Border.cpp - Zero padding of bits before a pool --------------------===//
//
// See Border.h.
//
//===----------------------------------------------------------------------===//

#include "Border.h"

#include <algorithm>
#include <cstdlib>

namespace bnncc::lower {

static int64_t tapSum(const Layer &layer, int64_t o, int64_t tap) {
  int64_t sum = 0;
  for (int64_t c = 0; c < layer.in.c; ++c)
    sum += layer.weight(o, c, 0, tap);
  return sum;
}

uint32_t borderBits(const Layer &layer) {
  int64_t record = std::min<int64_t>((layer.in.c + 7) / 8 * 8, 32);
  return uint32_t(record - layer.in.c % 2); // the parity of a tap's sum
}

bool fitsBorderGroup(const Layer &layer) {
  if (layer.kind != MapKind::Bits || layer.padValue != 0 || layer.in.h != 1 ||
      layer.sets != 1 ||
      layer.kernelH != 1 || layer.padTop || layer.padBottom)
    return false;
  for (int64_t tap = 0; tap < layer.kernelW; ++tap)
    if (tap < layer.padLeft || tap >= layer.kernelW - layer.padRight)
      for (int64_t o = 0; o < layer.conv.c; ++o)
        if (std::abs(tapSum(layer, o, tap)) > borderBits(layer))
          return false;
  return true;
}

/// Constants of a tap whose weights agree with a pad. Taps that are never
/// outside may have any number.
static int64_t padAgreements(const Layer &layer, int64_t o, int64_t tap) {
  int64_t bits = borderBits(layer);
  return std::clamp<int64_t>((bits + tapSum(layer, o, tap)) / 2, 0, bits);
}

bool borderWeight(const Layer &layer, int64_t o, int64_t tap, uint32_t bit) {
  return int64_t(bit) >= padAgreements(layer, o, tap);
}

int64_t largestBorderCount(const Layer &layer) {
  return 2 * layer.taps() + layer.kernelW * borderBits(layer);
}

ChannelThresholds borderThresholds(const Layer &layer, int64_t o) {
  int64_t offset = layer.taps();
  for (int64_t tap = 0; tap < layer.kernelW; ++tap)
    offset += borderBits(layer) - padAgreements(layer, o, tap);
  ChannelThresholds result;
  result.polarity = layer.thresholds[o].first;
  for (int64_t p : layer.thresholds[o].points) {
    if (p + offset <= 0)
      result.polarity = !result.polarity; // always passed
    else if (p + offset <= largestBorderCount(layer))
      result.t.push_back(-(p + offset));
  }
  return result;
}

std::vector<OutputRange> outputRanges(const Layer &layer) {
  auto outside = [&](int64_t x) {
    int64_t first = x * layer.strideW - layer.padLeft;
    return first < 0 || first + layer.kernelW > layer.in.w;
  };
  auto seesPad = [&](int64_t pixel) {
    for (int64_t j = 0; j < layer.pool.window; ++j)
      if (outside(pixel * layer.pool.stride + j))
        return true;
    return false;
  };
  std::vector<OutputRange> ranges;
  for (int64_t pixel = 0; pixel < layer.out.w; ++pixel) {
    bool border = seesPad(pixel);
    if (ranges.empty() || ranges.back().border != border)
      ranges.push_back({pixel, pixel, border, 0, 1});
    ranges.back().end = pixel + 1;
  }
  return ranges;
}

} // namespace bnncc::lower
