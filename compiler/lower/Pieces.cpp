//===- Pieces.cpp - An output that is stored piece by piece ---------------===//
//
// Values leave through the output buffer. Where it cannot hold a window's, the
// last layer's RUNs are cut, and each piece has a STORE of its own. Pieces take
// turns in the halves of the buffer: one is stored while the next is computed.
// They follow one another in the order in which one RUN would give the values,
// so that the window's output is the same, whatever the pieces.
//
// A piece waits for the STORE that last emptied its half. Tokens say it as those
// of LOADs do: the engine starts with one ("the buffer is free"), which the
// first piece takes for both halves, so the n-th piece takes the token of the
// STORE two before it, and the window's last STORE frees the buffer again.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include <algorithm>
#include <numeric>

namespace bnncc::lower {

/// Words that a stream, an output group's row, puts into the output buffer.
static uint64_t wordsPerStream(const LayerPlan &plan) {
  uint64_t values = 4ull * plan.gm; // 8 channels of 32 bits
  switch (plan.out.mode) {
  case isa::OutMode::Raw:
    return values * pooledPixels(plan.out, plan.out.pixels);
  case isa::OutMode::Sum:
    return values;
  case isa::OutMode::Split:
    return 2 * values;
  default:
    return 0;
  }
}

uint64_t outputWords(const LayerPlan &plan) {
  return wordsPerStream(plan) * plan.loops[6].limit * plan.outputGroups;
}

/// Pooled pixels between the places at which a stream can be cut: there a tile
/// begins.
static uint32_t pixelUnit(const LayerPlan &plan) {
  uint32_t tile = 8 * plan.gp;
  return tile / std::gcd(tile, plan.out.pool_stride);
}

/// Words of the least piece.
static uint64_t leastPiece(const LayerPlan &plan) {
  uint64_t stream = wordsPerStream(plan);
  if (plan.out.mode != isa::OutMode::Raw)
    return stream;
  return std::min<uint64_t>(stream, 4ull * plan.gm * pixelUnit(plan));
}

static LayerPlan groupsOf(const LayerPlan &plan, uint32_t first,
                          uint32_t count) {
  LayerPlan part = plan;
  part.run.weight += first * uint32_t(plan.loops[7].weight);
  part.run.threshold += first * uint32_t(plan.loops[7].threshold);
  part.loops[7].limit = part.outputGroups = count;
  return part;
}

static LayerPlan rowsOf(const LayerPlan &plan, uint32_t first, uint32_t count) {
  LayerPlan part = plan;
  part.run.act += first * uint32_t(plan.loops[6].act);
  part.loops[6].limit = count;
  return part;
}

/// Of pooled pixels.
static LayerPlan pixelsOf(const LayerPlan &plan, uint32_t first,
                          uint32_t count) {
  LayerPlan part = plan;
  uint32_t from = first * plan.out.pool_stride, tile = 8 * plan.gp;
  part.run.act += from / tile * uint32_t(plan.loops[5].act);
  part.out.pixels = (count - 1) * plan.out.pool_stride + plan.out.pool_window;
  part.pixelTiles = (part.out.pixels + tile - 1) / tile;
  part.loops[5].limit = part.pixelTiles;
  return part;
}

/// Calls `take(first, count)` for parts of `units` units of `unit` out of
/// `total`, as equal as they can be.
template <typename Take>
static void cutEvenly(uint32_t total, uint32_t unit, uint32_t most, Take take) {
  uint32_t units = (total + unit - 1) / unit;
  uint32_t parts = (units + most - 1) / most;
  for (uint32_t part = 0; part < parts; ++part) {
    uint32_t first = uint64_t(units) * part / parts * unit;
    uint32_t end = uint64_t(units) * (part + 1) / parts * unit;
    take(first, std::min(end, total) - first);
  }
}

std::vector<LayerPlan> cutOutput(const LayerPlan &run, uint32_t words) {
  std::vector<LayerPlan> pieces;
  uint64_t stream = wordsPerStream(run), group = stream * run.loops[6].limit;
  if (words == 0 || group * run.outputGroups <= words)
    return {run};
  if (group <= words) {
    cutEvenly(run.outputGroups, 1, uint32_t(words / group),
              [&](uint32_t first, uint32_t count) {
                pieces.push_back(groupsOf(run, first, count));
              });
    return pieces;
  }
  for (uint32_t g = 0; g < run.outputGroups; ++g) {
    LayerPlan one = groupsOf(run, g, 1);
    uint32_t rows = std::max<uint32_t>(1, uint32_t(words / stream));
    cutEvenly(run.loops[6].limit, 1, rows, [&](uint32_t row, uint32_t count) {
      LayerPlan part = rowsOf(one, row, count);
      if (stream <= words) {
        pieces.push_back(part);
        return;
      }
      uint32_t unit = pixelUnit(run);
      cutEvenly(pooledPixels(run.out, run.out.pixels), unit,
                words / (4 * run.gm * unit),
                [&](uint32_t first, uint32_t pixels) {
                  pieces.push_back(pixelsOf(part, first, pixels));
                });
    });
  }
  return pieces;
}

bool placeOutput(Plan &plan, uint32_t buffers, uint64_t &needed) {
  const LayerPlan &last = plan.layers.back();
  uint32_t room = plan.target.outputWords;
  needed = outputWords(last);
  plan.pieceWords = 0;
  if (needed <= room)
    return true;
  needed = leastPiece(last);
  if (needed > room)
    return false;
  plan.pieceWords = needed <= room / buffers ? room / buffers : room;
  return true;
}

void orderStores(Plan &plan) {
  uint32_t buffers =
      plan.pieceWords ? plan.target.outputWords / plan.pieceWords : 1;
  int last = int(plan.layers.size()) - 1;
  plan.stores.clear();
  StorePlan store;
  bool begins = true;
  for (size_t r = 0; r < plan.runs.size(); ++r) {
    RunPlan &run = plan.runs[r];
    if (run.layer != last)
      continue;
    size_t index = plan.stores.size();
    if (begins)
      store.address = uint32_t(index % buffers) * plan.pieceWords;
    run.waitsForStore = begins && (index == 0 || index >= buffers);
    run.part.out.base = store.address + store.words;
    store.words += uint32_t(outputWords(run.part));
    store.after = r;
    run.freesForStore = plan.pieceWords || r + 1 == plan.runs.size();
    begins = run.freesForStore;
    if (!begins)
      continue;
    plan.usage.outputWords =
        std::max(plan.usage.outputWords, store.address + store.words);
    plan.stores.push_back(store);
    store.dest += store.words;
    store.words = 0;
  }
  for (size_t s = 0; s < plan.stores.size(); ++s)
    plan.stores[s].frees =
        s + buffers < plan.stores.size() || s + 1 == plan.stores.size();
}

} // namespace bnncc::lower
