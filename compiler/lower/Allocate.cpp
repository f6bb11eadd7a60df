//===- Allocate.cpp - Places in the lane, weight and threshold memories ---===//
//
// Maps: a layer reads one and writes the next, so neighbours in the chain must
// not overlap and all others may. Even maps grow from the bottom of the lane
// memories, odd maps end at the top: this needs exactly the largest sum of two
// neighbours, which is the lower bound. The input map comes first and keeps its
// place to itself if there is room, so that the next window's input can load
// behind the present window; else it is treated like the other maps.
//
// Weight and threshold rows are resident: layers of equal split lie together,
// so that one LOAD fills them.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnncc::lower {

/// Places the maps between `bottom` and the top; false names the layer `at`.
static bool placeMaps(Plan &plan, uint32_t bottom, size_t firstMap,
                      size_t &at) {
  uint32_t top = plan.target.laneWords & ~1u;
  for (size_t i = firstMap; i < plan.layers.size(); ++i) {
    MapLayout &map = plan.layers[i].in;
    at = i;
    if (bottom + map.extent > top)
      return false;
    bool low = (i - firstMap) % 2 == 0;
    map.base = low ? bottom : top - map.extent;
    if (i == firstMap)
      continue;
    const MapLayout &before = plan.layers[i - 1].in;
    if (bottom + before.extent + map.extent > top)
      return false;
  }
  return true;
}

static bool allocateMaps(const Network &network, Plan &plan,
                         std::string &error) {
  size_t at = 0;
  uint32_t input = plan.layers[0].in.extent;
  plan.prefetchInput = true;
  plan.layers[0].in.base = 0;
  if (input > plan.target.laneWords || !placeMaps(plan, input, 1, at)) {
    plan.prefetchInput = false;
    if (!placeMaps(plan, 0, 0, at)) {
      uint32_t need = plan.layers[at].in.extent +
                      (at > 0 ? plan.layers[at - 1].in.extent : 0);
      const Layer &layer = network.layers[at];
      error = fmt::format(
          "node '{}': its input map and the one before need {} lane words, "
          "target '{}' has lane_words = {}; use a target with more, or a "
          "shorter window",
          layer.name(), need, plan.target.name, plan.target.laneWords);
      return false;
    }
  }
  uint32_t used = 0, bound = 0;
  uint32_t top = 0, bottomLowest = plan.target.laneWords;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const MapLayout &map = plan.layers[i].in;
    uint32_t both = map.words();
    if (i + 1 < plan.layers.size())
      both += plan.layers[i + 1].in.words();
    if (plan.prefetchInput && i > 0)
      both += plan.layers[0].in.words();
    bound = std::max(bound, both);
    bool high = map.base + map.extent == (plan.target.laneWords & ~1u);
    if (high)
      bottomLowest = std::min(bottomLowest, map.base);
    else
      top = std::max(top, map.base + map.extent);
  }
  used = top + (plan.target.laneWords - bottomLowest);
  plan.usage.laneWords = used;
  plan.usage.laneLowerBound = bound;
  return true;
}

/// Rows of one memory: blocks of layers with equal split.
static std::vector<RowBlock> placeRows(Plan &plan, bool weights) {
  std::vector<RowBlock> blocks;
  uint32_t row = 0;
  for (uint32_t split = 0; split <= 2; ++split) {
    RowBlock block{split, row, 0, {}};
    for (size_t i = 0; i < plan.layers.size(); ++i) {
      LayerPlan &layer = plan.layers[i];
      if (layer.split != split)
        continue;
      (weights ? layer.weightBase : layer.thresholdBase) = row;
      row += weights ? layer.weightRows : layer.thresholdRows;
      block.layers.push_back(i);
    }
    block.rows = row - block.firstRow;
    if (block.rows)
      blocks.push_back(block);
  }
  return blocks;
}

static uint32_t rowsOf(const std::vector<RowBlock> &blocks) {
  return blocks.empty() ? 0 : blocks.back().firstRow + blocks.back().rows;
}

/// The layer that takes the most rows is the one to change.
static std::string rowsError(const Network &network, const Plan &plan,
                             bool weights, uint32_t need, uint32_t have) {
  size_t largest = 0;
  auto rows = [&](size_t i) {
    return weights ? plan.layers[i].weightRows : plan.layers[i].thresholdRows;
  };
  for (size_t i = 0; i < plan.layers.size(); ++i)
    if (rows(i) > rows(largest))
      largest = i;
  const char *what = weights ? "weight" : "threshold";
  return fmt::format(
      "node '{}': the network's {}s need {} rows per cluster, {} of them this "
      "node's, target '{}' has {}_rows = {}; use a target with more rows or "
      "fewer channels",
      network.layers[largest].name(), what, need, rows(largest),
      plan.target.name, what, have);
}

bool allocate(const Network &network, Plan &plan, std::string &error) {
  if (!allocateMaps(network, plan, error))
    return false;
  plan.weightBlocks = placeRows(plan, true);
  plan.thresholdBlocks = placeRows(plan, false);
  plan.usage.weightRows = rowsOf(plan.weightBlocks);
  plan.usage.thresholdRows = rowsOf(plan.thresholdBlocks);
  if (plan.usage.weightRows > plan.target.weightRows) {
    error = rowsError(network, plan, true, plan.usage.weightRows,
                      plan.target.weightRows);
    return false;
  }
  if (plan.usage.thresholdRows > plan.target.thresholdRows) {
    error = rowsError(network, plan, false, plan.usage.thresholdRows,
                      plan.target.thresholdRows);
    return false;
  }
  const LayerPlan &last = plan.layers.back();
  plan.usage.outputWords = last.outputBeats;
  if (last.outputBeats > plan.target.outputWords) {
    error = fmt::format("node '{}': its output takes {} words of the output "
                        "buffer, target '{}' has output_words = {}; reduce it "
                        "in the graph (a sum or mean over positions)",
                        network.layers.back().name(), last.outputBeats,
                        plan.target.name, plan.target.outputWords);
    return false;
  }
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    LayerPlan &layer = plan.layers[i];
    layer.run.act = layer.in.base + layer.in.channelOffset();
    layer.run.weight = layer.weightBase + layer.in.constantGroups * layer.words;
    layer.run.threshold = layer.thresholdBase;
    if (i + 1 < plan.layers.size())
      layer.out.base =
          plan.layers[i + 1].in.base + plan.layers[i + 1].in.channelOffset() +
          plan.layers[i + 1].in.padTop * plan.layers[i + 1].in.rowPitch;
    planPasses(network.layers[i], layer);
  }
  return true;
}

} // namespace bnncc::lower
