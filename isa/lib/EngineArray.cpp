// The XNOR array: one step of all accumulators.
#include "EngineState.h"

#include <algorithm>

namespace bnn::isa {

Array::Array(const Target &target)
    : weights(size_t(target.clusters) * target.weightRows),
      thresholds(size_t(target.clusters) * target.thresholdRows),
      target(target), acc(size_t(target.clusters) * kPixels) {}

void Array::clear() {
  for (auto &row : weights)
    row.fill(0);
  for (auto &row : thresholds)
    row.fill(0);
  for (auto &row : acc)
    row.fill(0);
}

/// The low 23 bits of a threshold entry as a signed number.
static int32_t thresholdValue(uint32_t entry) {
  return int32_t(entry << 9) >> 9;
}

int32_t Array::threshold(uint32_t cluster, uint32_t row, uint32_t ch) const {
  return thresholdValue(
      thresholds[size_t(cluster) * target.thresholdRows + row][ch]);
}

uint8_t Array::polarity(uint32_t cluster, uint32_t row) const {
  const Row &entries = thresholds[size_t(cluster) * target.thresholdRows + row];
  uint8_t bits = 0;
  for (uint32_t ch = 0; ch < kChannels; ++ch)
    bits |= (entries[ch] >> 23 & 1) << ch;
  return bits;
}

namespace {
/// What one DPU column of eight channels does in a step: acc' =
/// ((acc & keep) << shift) + bias + popcount.
struct Column {
  std::array<int32_t, kChannels> bias;
  int32_t keep;
  uint32_t shift;
};
} // namespace

/// Popcounts of ~(a ^ w) & mask for eight channels, by bytes in parallel; in
/// QUAD the four bytes weigh 1, 4, 16, 64.
__attribute__((target_clones("avx2", "default"))) static void
accumulate(int32_t *acc, const uint32_t *weights, uint32_t activation,
           uint32_t mask, bool quad, const Column &column) {
  for (uint32_t ch = 0; ch < kChannels; ++ch) {
    uint32_t x = ~(activation ^ weights[ch]) & mask;
    x = x - (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    uint32_t sum = x + (x >> 8);
    uint32_t binary = (sum + (sum >> 16)) & 0xff;
    uint32_t weighted = (x & 0xff) + 4 * (x >> 8 & 0xff) +
                        16 * (x >> 16 & 0xff) + 64 * (x >> 24);
    uint32_t pop = quad ? weighted : binary;
    uint32_t kept = uint32_t(acc[ch] & column.keep) << column.shift;
    acc[ch] = int32_t(kept + uint32_t(column.bias[ch]) + pop);
  }
}

void Array::step(const Step &step, const Lanes &lanes) {
  if (step.op == AccOp::Hold)
    return;
  for (uint32_t c = 0; c < target.clusters; ++c) {
    uint32_t q = c & (step.pixelGroups - 1);
    uint32_t address = step.act + q * step.clusterStride;
    if (step.mac && address >= lanes.size())
      throw Stop{Trap::AddressRange, "lane read at word " +
                                         std::to_string(address) + " of " +
                                         std::to_string(lanes.size())};
    Column column{{}, step.op == AccOp::Init || step.op == AccOp::Zero ? 0 : -1,
                  step.op == AccOp::Shift ? 1u : 0u};
    if (step.op == AccOp::Init || step.op == AccOp::Shift ||
        step.op == AccOp::Bias) {
      const Row &row =
          thresholds[size_t(c) * target.thresholdRows + step.threshold];
      for (uint32_t ch = 0; ch < kChannels; ++ch) {
        int32_t t = thresholdValue(row[ch]);
        if (step.op == AccOp::Init)
          column.bias[ch] = t >> step.shifts;
        else if (step.op == AccOp::Shift)
          column.bias[ch] = step.shiftIndex <= step.shifts
                                ? t >> (step.shifts - step.shiftIndex) & 1
                                : 0;
        else
          column.bias[ch] = t;
      }
    }
    const Row &row = weights[size_t(c) * target.weightRows + step.weight];
    for (uint32_t p = 0; p < kPixels; ++p) {
      if (q * kPixels + p >= step.heldFrom)
        break;
      uint32_t activation = step.mac ? lanes.lane(p)[address] : 0;
      accumulate(acc[c * kPixels + p].data(), row.data(), activation,
                 step.mac ? step.mask : 0, step.quad, column);
    }
  }
}

int32_t Array::value(uint32_t cluster, uint32_t pixel, uint32_t ch) const {
  uint32_t drop = 32 - target.accumulatorBits;
  return int32_t(uint32_t(acc[cluster * kPixels + pixel][ch]) << drop) >> drop;
}

uint8_t Array::signs(uint32_t cluster, uint32_t pixel) const {
  uint32_t signBit = target.accumulatorBits - 1;
  const auto &row = acc[cluster * kPixels + pixel];
  uint8_t bits = 0;
  for (uint32_t ch = 0; ch < kChannels; ++ch)
    bits |= (~uint32_t(row[ch]) >> signBit & 1) << ch;
  return bits;
}

} // namespace bnn::isa
