// The XNOR array: one step of all accumulators.
#include "EngineState.h"

#include <algorithm>
#include <cstring>

// A second version for processors that have more, chosen when the program starts.
#if defined(__x86_64__)
#define BNN_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define BNN_CLONES
#endif

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

/// T of a threshold entry.
static int32_t thresholdValue(uint32_t entry) {
  constexpr int kDrop = 32 - isaThresholdBits;
  return int32_t(entry << kDrop) >> kDrop;
}

int32_t Array::threshold(uint32_t cluster, uint32_t row, uint32_t ch) const {
  return thresholdValue(
      thresholds[size_t(cluster) * target.thresholdRows + row][ch]);
}

uint8_t Array::polarity(uint32_t cluster, uint32_t row) const {
  const Row &entries = thresholds[size_t(cluster) * target.thresholdRows + row];
  uint8_t bits = 0;
  for (uint32_t ch = 0; ch < kChannels; ++ch)
    bits |= (entries[ch] >> isaPolarityBit & 1) << ch;
  return bits;
}

namespace {
/// What a step does to the accumulators of one cluster besides the popcount:
/// acc' = ((acc & keep) << shift) + bias[channel] + popcount.
struct Update {
  std::array<int32_t, kChannels> bias;
  int32_t keep;
  uint32_t shift;
};
} // namespace

/// Eight channels at once; the compiler splits it where the machine is narrower.
using Vector = uint32_t __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) void load(Vector &v,
                                                       const void *p) {
  std::memcpy(&v, p, sizeof v);
}

/// Popcounts of ~(a ^ w) & mask for `pixels` x eight channels, by bytes in
/// parallel; in QUAD the four bytes weigh 1, 4, 16, 64.
template <bool Quad>
static inline __attribute__((always_inline)) void
accumulateAs(std::array<int32_t, kChannels> *acc, const uint32_t *weights,
             const uint32_t *activations, uint32_t pixels, uint32_t mask,
             const Update &update) {
  Vector row, bias;
  load(row, weights);
  load(bias, update.bias.data());
  for (uint32_t p = 0; p < pixels; ++p) {
    Vector x = ~(row ^ activations[p]) & mask;
    x = x - (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    Vector pop;
    if (Quad) {
      pop = (x & 0xff) + (x >> 8 & 0xff) * 4 + (x >> 16 & 0xff) * 16 +
            (x >> 24) * 64;
    } else {
      pop = x * 0x01010101u >> 24;
    }
    Vector sum;
    load(sum, acc[p].data());
    sum = ((sum & uint32_t(update.keep)) << update.shift) + bias + pop;
    std::memcpy(acc[p].data(), &sum, sizeof sum);
  }
}

BNN_CLONES static void
accumulateBinary(std::array<int32_t, kChannels> *acc, const uint32_t *weights,
                 const uint32_t *activations, uint32_t pixels, uint32_t mask,
                 const Update &update) {
  accumulateAs<false>(acc, weights, activations, pixels, mask, update);
}

BNN_CLONES static void
accumulateQuad(std::array<int32_t, kChannels> *acc, const uint32_t *weights,
               const uint32_t *activations, uint32_t pixels, uint32_t mask,
               const Update &update) {
  accumulateAs<true>(acc, weights, activations, pixels, mask, update);
}

/// Bit ch of out[p] is acc[p][ch] >= 0, for `count` pixels.
BNN_CLONES static void
signBytes(const std::array<int32_t, kChannels> *acc, uint32_t count,
          uint32_t signBit, uint8_t *out) {
  const Vector place = {0, 1, 2, 3, 4, 5, 6, 7};
  for (uint32_t p = 0; p < count; ++p) {
    Vector bits;
    load(bits, acc[p].data());
    bits = (~bits >> signBit & 1) << place;
    uint32_t byte = 0;
    for (uint32_t ch = 0; ch < kChannels; ++ch)
      byte |= bits[ch];
    out[p] = uint8_t(byte);
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
    Update update{{}, step.op == AccOp::Init || step.op == AccOp::Zero ? 0 : -1,
                  step.op == AccOp::Shift ? 1u : 0u};
    if (step.op == AccOp::Init || step.op == AccOp::Shift ||
        step.op == AccOp::Bias) {
      const Row &row =
          thresholds[size_t(c) * target.thresholdRows + step.threshold];
      for (uint32_t ch = 0; ch < kChannels; ++ch) {
        int32_t t = thresholdValue(row[ch]);
        if (step.op == AccOp::Init)
          update.bias[ch] = t >> step.shifts;
        else if (step.op == AccOp::Shift)
          update.bias[ch] = step.shiftIndex <= step.shifts
                                ? t >> (step.shifts - step.shiftIndex) & 1
                                : 0;
        else
          update.bias[ch] = t;
      }
    }
    const Row &row = weights[size_t(c) * target.weightRows + step.weight];
    uint32_t firstPixel = q * kPixels;
    uint32_t pixels = step.heldFrom <= firstPixel
                          ? 0
                          : std::min(step.heldFrom - firstPixel, kPixels);
    uint32_t activations[kPixels] = {};
    if (step.mac)
      for (uint32_t p = 0; p < kPixels; ++p)
        activations[p] = lanes.lane(p)[address];
    auto accumulate = step.quad ? accumulateQuad : accumulateBinary;
    accumulate(&acc[c * kPixels], row.data(), activations, pixels,
               step.mac ? step.mask : 0, update);
  }
}

int32_t Array::value(uint32_t cluster, uint32_t pixel, uint32_t ch) const {
  uint32_t drop = 32 - target.accumulatorBits;
  return int32_t(uint32_t(acc[cluster * kPixels + pixel][ch]) << drop) >> drop;
}

void Array::signs(uint32_t cluster, uint32_t clusters, uint8_t *out) const {
  signBytes(&acc[size_t(cluster) * kPixels], clusters * kPixels,
            target.accumulatorBits - 1, out);
}

} // namespace bnn::isa
