//===- Allocate.cpp - Places in the lane, weight and threshold memories ---===//
//
// Maps: a layer reads one and writes the next, so neighbours in the chain must
// not overlap and all others may. Each map stands at an end of the memory or
// beside the input; one pass over the chain finds whether such places exist.
// With the input at an end this is the packing from two ends, which needs no
// more than the largest sum of two neighbours.
//
// The next window's input loads as soon as the last map that lies over its
// place has been read: after the first layer if there is room for all, else
// after the least layer for which the later maps fit beside the input.
//
// The first layer's output may lie over that part of the input which no later
// step of any of its RUNs reads (Overlay.cpp). What a last tile reads behind
// its map's end must exist, but it is no pixel's, so it may be anything.
//
// Weight and threshold rows stay, if they fit; layers of equal split lie
// together, so that one LOAD fills them. Else see Stream.cpp.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Plan.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnncc::lower {

static bool overlap(const MapLayout &a, const MapLayout &b) {
  return a.base < b.base + b.words() && b.base < a.base + a.words();
}

/// Where the RUNs of `layer` read, and write `next` (null: the last layer's).
static void address(LayerPlan &layer, const MapLayout *next) {
  layer.run.act = layer.in.base + layer.in.channelOffset();
  if (next)
    layer.out.base =
        next->base + next->channelOffset() + next->padTop * next->rowPitch;
}

/// Whether map `i` may stand where it does while its neighbour before stands.
static bool compatible(const Network &network, const Plan &plan, size_t i) {
  if (!overlap(plan.layers[i - 1].in, plan.layers[i].in))
    return true;
  if (i != 1 || !plan.stripes.empty())
    return false;
  LayerPlan layer = plan.layers[0];
  address(layer, &plan.layers[1].in);
  return mayOverwriteInput(network.layers[0], layer, plan.target.laneWords);
}

/// Places the maps behind the input so that no later map than `freeAfter` lies
/// over the input; false names the map `at` that finds no place.
static bool placeMaps(const Network &network, Plan &plan, size_t freeAfter,
                      size_t &at) {
  uint32_t top = plan.target.laneWords & ~1u;
  const MapLayout &input = plan.layers[0].in;
  // Where each map can stand, and which place of the map before allows it.
  struct Place {
    uint32_t base;
    size_t before;
  };
  std::vector<std::vector<Place>> places(plan.layers.size());
  places[0] = {{input.base, 0}};
  for (size_t i = 1; i < plan.layers.size(); ++i) {
    MapLayout &map = plan.layers[i].in;
    at = i;
    uint32_t end = input.base + input.words(), size = map.words();
    std::vector<uint32_t> bases = {0, end};
    if (map.extent <= top)
      bases.push_back(top - map.extent);
    if (size <= input.base)
      bases.push_back(input.base - size);
    for (uint32_t base : bases) {
      map.base = base;
      if (base + map.extent > top || (i > freeAfter && overlap(input, map)))
        continue;
      for (size_t before = 0; before < places[i - 1].size(); ++before) {
        plan.layers[i - 1].in.base = places[i - 1][before].base;
        if (!compatible(network, plan, i))
          continue;
        places[i].push_back({base, before});
        break;
      }
    }
    if (places[i].empty())
      return false;
  }
  size_t place = 0;
  for (size_t i = plan.layers.size(); i-- > 0;) {
    plan.layers[i].in.base = places[i][place].base;
    place = places[i][place].before;
  }
  return true;
}

/// The same with the input at the bottom, at the top, or as low as leaves room
/// below it for one of the later maps.
static bool placeAll(const Network &network, Plan &plan, size_t freeAfter,
                     size_t &at) {
  uint32_t top = plan.target.laneWords & ~1u;
  MapLayout &input = plan.layers[0].in;
  at = 0;
  if (input.extent > top)
    return false;
  std::vector<uint32_t> bases = {0, top - input.extent};
  for (size_t i = 1; i < plan.layers.size(); ++i)
    bases.push_back(plan.layers[i].in.words());
  for (uint32_t base : bases) {
    if (base + input.extent > top)
      continue;
    input.base = base;
    if (placeMaps(network, plan, freeAfter, at))
      return true;
  }
  return false;
}

/// The least layer behind which the next input can load, with places for all
/// maps; the number of layers if there are no such places.
static size_t placeEarliest(const Network &network, Plan &plan, size_t &at) {
  size_t after = 0;
  while (after < plan.layers.size() && !placeAll(network, plan, after, at))
    ++after;
  return after;
}

/// The same with the largest stripes that do.
static size_t placeStripes(const Network &network, Plan &plan) {
  LayerPlan whole = plan.layers[0];
  size_t count = plan.layers.size(), at = 0;
  for (uint32_t tiles = whole.pixelTiles - 1; count > 1 && tiles > 0; --tiles) {
    plan.layers[0] = whole;
    if (!cutStripes(network.layers[0], plan.layers[0], tiles, plan.stripes))
      continue;
    size_t after = placeEarliest(network, plan, at);
    if (after < count)
      return after;
  }
  plan.layers[0] = whole;
  plan.stripes.clear();
  return count;
}

/// The layer whose input and output take the most.
static std::string mapsError(const Network &network, const Plan &plan) {
  size_t largest = 0;
  uint32_t need = 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    uint32_t both = plan.layers[i].in.extent;
    if (i + 1 < plan.layers.size())
      both += plan.layers[i + 1].in.words();
    if (both > need)
      largest = i, need = both;
  }
  bool alone = largest + 1 == plan.layers.size() ||
               plan.layers[largest].in.extent > plan.target.laneWords;
  return fmt::format("{}: its input map{} need{} {} lane words, target "
                     "'{}' has lane_words = {}",
                     network.layers[largest].place(),
                     alone ? "" : " and its output map", alone ? "s" : "",
                     alone ? plan.layers[largest].in.extent : need,
                     plan.target.name, plan.target.laneWords);
}

static bool allocateMaps(const Network &network, Plan &plan, bool stripes,
                         std::string &error) {
  size_t at = 0, count = plan.layers.size();
  size_t after =
      stripes ? placeStripes(network, plan) : placeEarliest(network, plan, at);
  if (after == count) {
    error = mapsError(network, plan);
    return false;
  }
  plan.inputFreeAfter = uint32_t(after);
  std::vector<bool> used(plan.target.laneWords, false);
  uint32_t bound = 0;
  for (size_t i = 0; i < count; ++i) {
    const MapLayout &map = plan.layers[i].in;
    std::fill_n(used.begin() + map.base, map.words(), true);
    uint32_t both = map.words();
    if (i + 1 < count && (i > 0 || !overlap(map, plan.layers[1].in)))
      both += plan.layers[i + 1].in.words();
    if (i > after)
      both += plan.layers[0].in.words();
    bound = std::max(bound, both);
  }
  plan.usage.laneWords = uint32_t(std::count(used.begin(), used.end(), true));
  plan.usage.laneLowerBound = bound;
  return true;
}

/// Rows of one memory: blocks of layers with equal split. Weights of layers
/// that are streamed have other places.
static std::vector<RowBlock> placeRows(Plan &plan, bool weights) {
  std::vector<bool> streamed(plan.layers.size(), false);
  for (const WeightChunk &chunk : plan.chunks)
    streamed[chunk.layer] = weights;
  std::vector<RowBlock> blocks;
  uint32_t row = 0;
  for (uint32_t split = 0; split <= 2; ++split) {
    RowBlock block{split, row, 0, {}};
    for (size_t i = 0; i < plan.layers.size(); ++i) {
      LayerPlan &layer = plan.layers[i];
      if (layer.split != split || streamed[i])
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
      "{}: the network's {}s need {} rows per cluster, {} of them this "
      "node's{}, target '{}' has {}_rows = {}",
      network.layers[largest].place(), what, need, rows(largest),
      !weights && network.layers[largest].differsByPosition()
          ? ", whose constants differ by position"
          : "",
      plan.target.name, what, have);
}

bool allocate(const Network &network, Plan &plan, Means means,
              std::string &error) {
  if (!allocateMaps(network, plan, means.stripes, error) ||
      (means.stream && !streamWeights(network, plan, error)))
    return false;
  plan.weightBlocks = placeRows(plan, true);
  plan.thresholdBlocks = placeRows(plan, false);
  plan.usage.weightRows = rowsOf(plan.weightBlocks);
  plan.usage.thresholdRows = rowsOf(plan.thresholdBlocks);
  for (const WeightChunk &chunk : plan.chunks)
    plan.usage.weightRows =
        std::max(plan.usage.weightRows, chunk.row + chunk.rows);
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
  uint64_t piece = 0;
  if (!placeOutput(plan, means.outputBuffers, piece)) {
    error = fmt::format("{}: its output takes at least {} words of the "
                        "output buffer, target '{}' has output_words = {}",
                        network.layers.back().place(), piece, plan.target.name,
                        plan.target.outputWords);
    return false;
  }
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    LayerPlan &layer = plan.layers[i];
    address(layer,
            i + 1 < plan.layers.size() ? &plan.layers[i + 1].in : nullptr);
    layer.run.weight = layer.weightBase + layer.in.constantGroups * layer.words;
    layer.run.threshold = layer.thresholdBase;
    planPasses(network.layers[i], layer);
  }
  return orderTransfers(plan, error);
}

} // namespace bnncc::lower
