//===- Stripes.cpp - An input that is loaded piece by piece ---------------===//
//
// When the lane memories cannot hold the whole input beside the first layer's
// output, the first layer runs in stripes along x. Stripes take turns in two
// buffers: one loads while the other is used.
//
// Each stripe's RUN goes on with the output streams of the one before. Lane p
// keeps a map p * phase bytes further on, and of a stream that starts at a word
// it stores nothing of what lies before that word: a stripe computes once more
// those last pixels of the one before that lane 7 still lacks, and starts at an
// 8-byte word of the input and of the output.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Plan.h"

#include <algorithm>

namespace bnncc::lower {

bool cutStripes(const Layer &layer, LayerPlan &plan, uint32_t tiles,
                std::vector<InputStripe> &stripes) {
  const isa::Out &out = plan.out;
  MapLayout &in = plan.in;
  stripes.clear();
  if (!layer.fromHost || layer.output != OutputKind::Bits ||
      in.rows * in.groups != 1 || in.phase == 0 ||
      thresholdRanges(layer).size() > 1)
    return false;
  int64_t most = int64_t(tiles) * 8 * plan.gp;
  int64_t again = (7 * int64_t(out.phase) + out.record - 1) / out.record;
  int64_t first = 0, done = 0; // pooled pixels
  uint32_t words = 0, extent = 0;
  while (true) {
    InputStripe stripe;
    stripe.pixel = uint32_t(first * out.pool_stride);
    stripe.pixels =
        uint32_t(std::min<int64_t>(most, layer.conv.w - stripe.pixel));
    stripe.firstPooled = uint32_t(first);
    int64_t bytes = (int64_t(stripe.pixels) - 1) * in.phase +
                    layer.kernelW * int64_t(in.record);
    stripe.source = uint32_t(uint64_t(stripe.pixel) * in.phase / 8);
    stripe.beats =
        std::min(uint32_t((bytes + 7) / 8), in.rowBytes / 8 - stripe.source);
    uint32_t pairs = stripe.beats;
    if (in.period)
      pairs =
          pairs / in.period * in.keep + std::min(pairs % in.period, in.keep);
    uint32_t count = (stripe.pixels + 8 * plan.gp - 1) / (8 * plan.gp);
    words = std::max(words, 2 * pairs);
    extent = std::max({extent, 2 * pairs,
                       (count - 1) * plan.gp * in.stride +
                           (plan.gp - 1) * plan.run.cluster_stride +
                           plan.words * (in.quad ? 2 : 1)});
    stripes.push_back(stripe);
    done = first + pooledPixels(out, stripe.pixels);
    if (stripe.pixel + stripe.pixels >= layer.conv.w)
      break;
    int64_t next = done - again;
    while (next > first && ((out.lead + next * out.record) % 8 ||
                            next * out.pool_stride * in.phase % 8))
      --next;
    if (next <= first)
      return false;
    first = next;
  }
  // Each stripe has a beat from memory.
  uint32_t beats = in.loadBeats();
  in.padLead = std::min(in.padLead, stripes.front().beats - 1);
  in.padTrail = std::min(in.padTrail, beats - stripes.back().source - 1);
  in.groupPitch = 2 * words; // both buffers
  in.extent = words + extent + extent % 2;
  return true;
}

LayerPlan stripeOf(const LayerPlan &layer, const std::vector<InputStripe> &all,
                   size_t index) {
  const InputStripe &stripe = all[index];
  LayerPlan part = layer;
  part.run.act = layer.in.base + uint32_t(index % 2) * layer.in.groupPitch / 2;
  part.out.pixels = stripe.pixels;
  part.pixelTiles = (stripe.pixels + 8 * part.gp - 1) / (8 * part.gp);
  part.loops[5].limit = part.pixelTiles;
  if (index > 0) {
    part.out.base +=
        (layer.out.lead + stripe.firstPooled * layer.out.record) / 4;
    part.out.lead = 0;
  }
  if (index + 1 < all.size())
    part.out.trail = 0;
  return part;
}

} // namespace bnncc::lower
