//===- Timing.cpp - When a RUN reads and when it writes -------------------===//
//
// One RUN of docs/engine.md section 6: samples, stalls, beats, values.
//
//===----------------------------------------------------------------------===//

#include "Timing.h"

#include <algorithm>

namespace bnncc::lower {

namespace {
constexpr uint64_t kWriteDelay = 8, kValueDelay = 12;

/// Beats of one stream; marks the lane words that they complete.
class StreamWriter {
public:
  StreamWriter(const LayerPlan &plan, RunTimes &times, Clock &clock)
      : plan(plan), times(times), clock(clock) {}

  void start(uint32_t base) {
    address = base;
    bytes = plan.out.lead;
    beats.clear();
  }
  /// `records` more pixels at `cycle`; the last call of a stream flushes.
  void append(uint64_t cycle, uint64_t records, bool last) {
    bytes += records * plan.out.record + (last ? plan.out.trail : 0);
    uint64_t at = std::max(cycle, clock.writerFree);
    uint64_t target = bytes / 8;
    if (last)
      target += (bytes % 8 != 0) + 1;
    while (beats.size() < target)
      beats.push_back(at++);
    clock.writerFree = at;
    if (last)
      finish();
  }

private:
  /// Word pair j of lane p is complete on beat j + ceil(p * phase / 8).
  void finish() {
    uint64_t behind = (7 * plan.out.phase + 7) / 8;
    uint64_t pairs = (bytes + 7) / 8;
    for (uint64_t j = 0; j < pairs; ++j) {
      uint64_t beat = std::min<uint64_t>(j + behind, beats.size() - 1);
      for (uint64_t word = address + 2 * j; word < address + 2 * j + 2; ++word)
        if (word < times.ready.size())
          times.ready[word] = std::max(times.ready[word], beats[beat]);
    }
  }

  const LayerPlan &plan;
  RunTimes &times;
  Clock &clock;
  uint64_t address = 0, bytes = 0;
  std::vector<uint64_t> beats;
};
} // namespace

RunTimes walkRun(const LayerPlan &plan, Clock &clock, uint32_t laneWords) {
  RunTimes times;
  times.ready.assign(laneWords, 0);
  StreamWriter writer(plan, times, clock);
  uint64_t cycle = clock.next;
  times.first = cycle;
  const isa::Out &out = plan.out;
  bool bits = out.mode == isa::OutMode::Bits;
  bool sumBits = out.mode == isa::OutMode::SumBits;
  // Steps that only turn a loop over, behind each tile and behind each row.
  bool rowSums = plan.routine == Routine::BinarySumTilesRows;
  bool tiledSums = plan.routine == Routine::BinarySumTiles || rowSums;
  bool inArray = sumsPixels(plan.routine);
  uint64_t perTile = 8ull * plan.gp;
  uint64_t reduce = plan.reduceSteps() + plan.planes - 1;
  auto stallUntil = [&](uint64_t earliest) {
    if (cycle < earliest) {
      times.stalls += earliest - cycle;
      cycle = earliest;
    }
  };
  // A sample of `pixels` values from pixel x on is handled one a cycle.
  auto handle = [&](uint64_t x, uint64_t pixels, bool last) {
    // Two samples are held: the one before the last must have been handled.
    stallUntil(clock.captureFree > kValueDelay - 1
                   ? clock.captureFree - (kValueDelay - 1)
                   : 0);
    uint64_t at = std::max(cycle + kValueDelay, clock.valueFree);
    at += pixels * plan.gm;
    if (out.mode == isa::OutMode::Raw)
      at += 4 * plan.gm * (pooledPixels(out, x + pixels) - pooledPixels(out, x));
    else if (last && !sumBits)
      at += (out.mode == isa::OutMode::Split ? 8 : 4) * plan.gm;
    clock.captureFree = clock.valueFree;
    clock.valueFree = at;
  };

  for (uint32_t g = 0; g < plan.outputGroups; ++g)
    for (uint32_t y = 0; y < plan.loops[6].limit; ++y) {
      writer.start(out.base + g * out.group_pitch + y * out.row_pitch);
      if (inArray) {
        for (uint32_t m = 0; m < plan.channelTiles; ++m) {
          uint64_t row = (reduce + tiledSums) * plan.pixelTiles + rowSums;
          cycle += plan.loops[3].limit * row - 1 - tiledSums - rowSums;
          handle(0, std::min<uint64_t>(out.pixels, perTile), true);
          cycle += 1 + (tiledSums ? 2 + rowSums : 0);
        }
        cycle += tiledSums;
        writer.append(clock.valueFree, 1, true);
        continue;
      }
      for (uint32_t x = 0; x < plan.pixelTiles; ++x) {
        uint64_t from = x * perTile;
        uint64_t to = std::min<uint64_t>(from + perTile, out.pixels);
        bool last = x + 1 == plan.pixelTiles;
        for (uint32_t m = 0; m < plan.channelTiles; ++m) {
          cycle += reduce - 1; // the sampling step
          if (!bits)
            handle(from, to - from, last);
          else if (m + 1 == plan.channelTiles) {
            stallUntil(clock.writerFree > kWriteDelay
                           ? clock.writerFree - kWriteDelay
                           : 0);
            writer.append(cycle + kWriteDelay,
                          pooledPixels(out, to) - pooledPixels(out, from), last);
          }
          ++cycle;
        }
      }
      if (sumBits)
        writer.append(clock.valueFree, 1, true);
    }
  times.last = cycle - 1;
  times.retired =
      std::max({times.last + kWriteDelay, clock.writerFree, clock.valueFree});
  clock.next = cycle;
  return times;
}

uint64_t earliestStart(const LayerPlan &plan,
                       const std::vector<uint64_t> &ready) {
  uint64_t start = 0, step = 0;
  uint32_t extra = plan.planes - 1;
  if (sumsPixels(plan.routine) && plan.loops[3].limit > 1) {
    // All of the map at once: no step reads before the tiles before it.
    uint64_t latest = ready.empty() ? 0 : *std::max_element(ready.begin(), ready.end());
    return latest ? latest + 1 : 0;
  }
  // Later groups and channel tiles read the same words again, later.
  for (uint32_t y = 0; y < plan.loops[6].limit; ++y)
    for (uint32_t x = 0; x < plan.pixelTiles; ++x) {
      uint64_t tileStart = step;
      auto read = [&](int64_t address) {
        for (uint32_t q = 0; q < plan.gp; ++q) {
          uint64_t a = uint64_t(address) + q * plan.run.cluster_stride;
          if (a < ready.size() && ready[a] && ready[a] >= step &&
              ready[a] + 1 - step > start)
            start = ready[a] + 1 - step;
        }
        ++step;
      };
      bool border = plan.kind == LayerPlan::Pass::Border;
      for (uint32_t plane = plan.run.quad ? 2 : 1; plane-- > 0;)
        for (uint32_t group = 0; group < plan.loops[2].limit; ++group)
          for (uint32_t row = 0; row < plan.loops[1].limit; ++row)
            for (uint32_t word = 0; word < plan.loops[0].limit; ++word) {
              int64_t address =
                  int64_t(plan.run.act) + int64_t(word) * plan.loops[0].act +
                  int64_t(row) * plan.loops[1].act +
                  int64_t(group) * plan.loops[2].act +
                  int64_t(x) * plan.loops[5].act +
                  int64_t(y) * plan.loops[6].act +
                  int64_t(plane + border) * plan.run.act_plane_stride;
              read(address);
            }
      for (uint32_t word = 0; border && word < plan.words; ++word)
        read(int64_t(plan.run.act) + int64_t(word) * plan.loops[0].act +
             int64_t(x) * plan.loops[5].act + int64_t(y) * plan.loops[6].act);
      step =
          tileStart +
          uint64_t(plan.reduceSteps() + extra) *
              (sumsPixels(plan.routine) ? 1 : plan.channelTiles);
    }
  return start;
}

} // namespace bnncc::lower
