//===- Overlay.cpp - An output map over the input that it is made of ------===//
//
// A layer may write over its own input where no later step reads. Its RUNs
// issue their steps in order, one RUN behind the other, and write behind their
// issue: so the tile that first writes a word and the tile that last reads it
// decide, whatever stalls.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include <algorithm>

namespace bnncc::lower {

namespace {
/// For each lane word, the number of tiles issued before the one that last
/// reads it, and before the one that first writes it.
class WordTimes {
public:
  explicit WordTimes(uint32_t laneWords)
      : lastRead(laneWords, 0), firstWrite(laneWords, Never) {}

  /// The next RUN's reads and writes.
  void add(const LayerPlan &run) {
    for (uint32_t g = 0; g < run.outputGroups; ++g)
      for (uint32_t y = 0; y < run.loops[6].limit; ++y) {
        uint32_t pair = 0; // 8 bytes of the stream
        for (uint32_t x = 0; x < run.pixelTiles; ++x, ++tile) {
          if (g + 1 == run.outputGroups) // others read the same before
            addReads(run, y, x);
          addWrites(run, g, y, x, pair);
        }
      }
  }
  bool inOrder() const {
    for (size_t word = 0; word < lastRead.size(); ++word)
      if (firstWrite[word] < lastRead[word])
        return false;
    return true;
  }

private:
  static constexpr uint32_t Never = ~0u;

  void addReads(const LayerPlan &run, uint32_t y, uint32_t x) {
    for (uint32_t q = 0; q < run.gp; ++q) {
      if ((x * run.gp + q) * 8 >= run.out.pixels)
        continue;
      int64_t pixels = int64_t(run.run.act) +
                       int64_t(y) * run.loops[6].act +
                       int64_t(x) * run.loops[5].act +
                       int64_t(q) * run.run.cluster_stride;
      bool border = run.kind == LayerPlan::Pass::Border;
      if (border) // the constants, before the channels
        addWindow(run, pixels, 1);
      addWindow(run, pixels + border * int64_t(run.run.act_plane_stride),
                run.loops[2].limit);
    }
  }
  void addWindow(const LayerPlan &run, int64_t first, uint32_t groups) {
    int64_t words = int64_t(run.loops[0].limit - 1) * run.loops[0].act +
                    (run.in.quad ? 2 : 1);
    for (uint32_t group = 0; group < groups; ++group)
      for (uint32_t row = 0; row < run.loops[1].limit; ++row) {
        int64_t begin = first + int64_t(group) * run.loops[2].act +
                        int64_t(row) * run.loops[1].act;
        int64_t end = std::min(begin + words, int64_t(lastRead.size()));
        std::fill(lastRead.begin() + std::min(begin, end),
                  lastRead.begin() + end, tile);
      }
  }
  void addWrites(const LayerPlan &run, uint32_t g, uint32_t y, uint32_t x,
                 uint32_t &pair) {
    const isa::Out &out = run.out;
    uint64_t pixels = std::min<uint64_t>((x + 1) * 8ull * run.gp, out.pixels);
    uint64_t pooled = pixels < out.pool_window
                          ? 0
                          : (pixels - out.pool_window) / out.pool_stride + 1;
    uint64_t bytes = out.lead + pooled * out.record;
    uint64_t pairs = x + 1 == run.pixelTiles ? (bytes + out.trail + 7) / 8
                                             : bytes / 8;
    for (; pair < pairs; ++pair)
      for (uint32_t half = 0; half < 2; ++half) {
        uint64_t word = uint64_t(out.base) + y * out.row_pitch +
                        g * out.group_pitch + 2 * pair + half;
        if (word < firstWrite.size() && firstWrite[word] == Never)
          firstWrite[word] = tile;
      }
  }

  std::vector<uint32_t> lastRead, firstWrite;
  uint32_t tile = 0;
};
} // namespace

bool mayOverwriteInput(const Layer &layer, LayerPlan plan, uint32_t laneWords) {
  if (plan.out.mode != isa::OutMode::Bits)
    return false;
  planPasses(layer, plan);
  WordTimes times(laneWords);
  for (const LayerPlan *pass : passesOf(plan))
    times.add(*pass);
  return times.inOrder();
}

} // namespace bnncc::lower
