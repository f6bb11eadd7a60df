//===- Pack.cpp - Weights and thresholds as memory rows -------------------===//
//
// Bit by bit what meets an activation word; see Pack.h.
//
//===----------------------------------------------------------------------===//

#include "Pack.h"
#include "Arithmetic.h"
#include "Border.h"

#include <map>

namespace bnncc::lower {

int64_t outputChannel(const LayerPlan &plan, const Layer &layer, uint32_t group,
                      uint32_t tile, uint32_t m, uint32_t ch) {
  bool records =
      layer.output == OutputKind::Bits || layer.output == OutputKind::SumBits;
  int64_t perGroup = records ? 32 : 8 * plan.gm;
  return group * perGroup + int64_t(tile * plan.gm + m) * 8 + ch;
}

/// The 32 weight bits that channel `o` sets against word `word` of kernel row
/// `y`, channel group `group`, in one set. A channel past the last one is all +1.
static uint32_t weightWord(const Layer &layer, const MapLayout &in, int64_t o,
                           int64_t group, uint32_t y, uint32_t word,
                           uint32_t set) {
  uint32_t bits = 0;
  bool real = o < layer.conv.c;
  for (uint32_t b = 0; b < 32; ++b) {
    bool one = true; // masked tail
    if (in.quad) {
      int64_t tap = word * 8 + b % 8;
      if (tap < layer.kernelW * layer.in.c)
        one =
            !real ||
            layer.weight(o, tap % layer.in.c, y, tap / layer.in.c, set) > 0;
    } else {
      uint32_t byte = word * 4 + b / 8, pixel = byte / in.record;
      uint32_t bit = byte % in.record * 8 + b % 8;
      int64_t c = group * 32 + bit;
      if (pixel < layer.kernelW && group < 0) {
        one = !real || borderWeight(layer, o, pixel, bit);
      } else if (pixel < layer.kernelW) {
        // Unused channels are the pad bit: the opposite never agrees with it.
        one = c >= layer.in.c ? !in.unusedOne
                              : !real || layer.weight(o, c, y, pixel, set) > 0;
      }
    }
    bits |= uint32_t(one) << b;
  }
  return bits;
}

std::vector<uint8_t> packWeights(const Layer &layer, const LayerPlan &plan,
                                 uint32_t m) {
  return packWeightsOf(layer, plan, m, 0, plan.outputGroups);
}

std::vector<uint8_t> packWeightsOf(const Layer &layer, const LayerPlan &plan,
                                   uint32_t m, uint32_t first,
                                   uint32_t groups) {
  std::vector<uint8_t> bytes;
  auto row = [&](uint32_t g, uint32_t tile, int64_t group, uint32_t y,
                 uint32_t word, uint32_t set) {
    for (uint32_t ch = 0; ch < 8; ++ch) {
      int64_t o = outputChannel(plan, layer, g, tile, m, ch);
      uint32_t bits = weightWord(layer, plan.in, o, group, y, word, set);
      for (int i = 0; i < 4; ++i)
        bytes.push_back(uint8_t(bits >> (8 * i)));
    }
  };
  // The sets turn in the loop that they were given: one of these has them all.
  auto turns = [&](uint32_t loop) {
    return plan.setLoop == loop ? uint32_t(layer.sets) : 1;
  };
  for (uint32_t g = first; g < first + groups; ++g)
    for (uint32_t tile = 0; tile < plan.channelTiles; ++tile)
      for (int64_t group = -int64_t(plan.in.constantGroups);
           group < plan.in.groups; ++group)
        for (uint32_t outer = 0; outer < turns(2); ++outer)
          for (uint32_t y = 0; y < layer.kernelH; ++y)
            for (uint32_t middle = 0; middle < turns(1); ++middle)
              for (uint32_t word = 0; word < plan.words; ++word)
                for (uint32_t inner = 0; inner < turns(0); ++inner)
                  row(g, tile, group, y, word, outer + middle + inner);
  return bytes;
}

/// The thresholds that channel `o` has in `plan`, one pass of `layer`. Channels
/// that never fire give their polarity; those past the last one must give the
/// next map's pad, see MapLayout::unusedOne.
static ChannelThresholds columnOf(const Layer &layer, const LayerPlan &plan,
                                  const Layer *next, int64_t o) {
  using Pass = LayerPlan::Pass;
  bool pad = plan.out.pad;
  if (layer.thresholds.empty())
    return {{o < layer.conv.c ? valueTerms(layer, o).t : 0}};
  if (plan.kind == Pass::Constants)
    return {{}, o < borderBits(*next)};
  if (plan.kind == Pass::PadRows || o >= layer.conv.c)
    return {{}, pad};
  return plan.kind == Pass::Border ? borderThresholds(layer, o)
                                   : channelThresholds(layer, o, plan.pixel,
                                                       plan.row);
}

/// T of a plane of channel `o` that never fires.
static int64_t neverFires(const Layer &layer, const LayerPlan &plan,
                          int64_t o) {
  using Pass = LayerPlan::Pass;
  if (plan.kind == Pass::PadRows || plan.kind == Pass::Constants)
    return -(largestStep(layer) + 1);
  if (plan.kind == Pass::Border)
    return -(largestBorderCount(layer) + 1);
  int64_t positions =
      layer.output == OutputKind::SumBits ? summedPositions(layer) : 1;
  return -(countRange(layer, o).high * positions + 1);
}

/// Rows of one pass.
static void packPass(const Layer &layer, const LayerPlan &plan,
                     const Layer *next, uint32_t m,
                     std::vector<uint8_t> &bytes) {
  for (uint32_t g = 0; g < plan.outputGroups; ++g)
    for (uint32_t tile = 0; tile < plan.channelTiles; ++tile) {
      std::array<ChannelThresholds, 8> columns;
      for (uint32_t ch = 0; ch < 8; ++ch) {
        int64_t o = outputChannel(plan, layer, g, tile, m, ch);
        columns[ch] = columnOf(layer, plan, next, o);
        columns[ch].t.resize(plan.planes, neverFires(layer, plan, o));
      }
      for (uint32_t plane = 0; plane < plan.planes; ++plane)
        for (const ChannelThresholds &column : columns) {
          // The first row starts the sum, later rows move it.
          int64_t t = column.t[plane] - (plane ? column.t[plane - 1] : 0);
          uint32_t entry =
              isa::thresholdEntry(t, plane == 0 && column.polarity);
          for (int i = 0; i < 4; ++i)
            bytes.push_back(uint8_t(entry >> (8 * i)));
        }
    }
}

std::vector<uint8_t> packThresholds(const Layer &layer, const LayerPlan &plan,
                                    const Layer *next, uint32_t m) {
  std::map<uint32_t, const LayerPlan *> sets; // passes may share one
  for (const LayerPlan *pass : passesOf(plan))
    sets[pass->run.threshold] = pass;
  std::vector<uint8_t> bytes;
  for (auto [row, pass] : sets) {
    packPass(layer, *pass, next, m, bytes);
    // Constants have one group; their set is as long as the others.
    bytes.resize(bytes.size() + size_t(plan.outputGroups - pass->outputGroups) *
                                    plan.planes * plan.channelTiles *
                                    ThresholdRowBytes);
  }
  return bytes;
}

} // namespace bnncc::lower
