// Bounds of a RUN: reachable microwords, extremes of their addresses, extent of
// the output streams.
#include "RunBounds.h"

#include "SampleOrder.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bnn::isa {

void RunBounds::set(const Loop &loop) {
  anyLoop = true;
  if (loop.limit0)
    loops[loop.index0] = {loop.limit0, loop.act_stride0, loop.weight_stride0,
                          loop.threshold_stride0};
  if (loop.limit1)
    loops[loop.index1] = {loop.limit1, loop.act_stride1, loop.weight_stride1,
                          loop.threshold_stride1};
}

namespace {

struct Range {
  int64_t min = 0, max = 0;
  void add(int64_t value) {
    min += std::min<int64_t>(value, 0);
    max += std::max<int64_t>(value, 0);
  }
};

class Walk {
public:
  Walk(const RunBounds &bounds, const Run &run, const Target &target,
       const ControlStore &control, std::string &error)
      : bounds(bounds), run(run), target(target), control(control),
        error(error) {}

  bool check() {
    if (!reach())
      return false;
    for (uint32_t pc : reached)
      if (!checkWord(pc))
        return false;
    for (uint32_t pc : reached)
      if (!checkOutput(*control.words[pc]))
        return false;
    return true;
  }

private:
  /// Finds the words that the routine can come to and the loops it advances.
  bool reach() {
    std::vector<uint32_t> work = {run.entry};
    while (!work.empty()) {
      uint32_t pc = work.back();
      work.pop_back();
      if (reached.count(pc))
        continue;
      if (pc >= control.words.size() || !control.words[pc]) {
        error = fmt::format(
            "the routine comes to control word {}, which {}", pc,
            pc >= control.words.size() ? "does not exist" : "was not loaded");
        return false;
      }
      reached.insert(pc);
      const Microword &word = *control.words[pc];
      if (!word.halt)
        work.push_back(pc + 1);
      for (uint32_t j = word.lo; word.ends && j <= word.hi; ++j) {
        advanced |= 1u << j;
        if (bounds.loops[j].limit > 1)
          work.push_back(j == word.lo || j <= word.mid ? word.near : word.far);
      }
    }
    return true;
  }

  bool inside(uint32_t pc, const char *what, Range range, uint32_t size) {
    if (range.min >= 0 && range.max < size)
      return true;
    error = fmt::format("control word {} can reach {} {}, there are {}", pc,
                        what, range.min < 0 ? range.min : range.max, size);
    return false;
  }

  bool checkWord(uint32_t pc) {
    const Microword &word = *control.words[pc];
    Range act{run.act, run.act}, weight{run.weight, run.weight};
    Range threshold{run.threshold, run.threshold};
    for (uint32_t j = 0; j != 8; ++j) {
      if (!(advanced >> j & 1))
        continue;
      const RunBounds::Nest &loop = bounds.loops[j];
      act.add((loop.limit - 1) * loop.act);
      weight.add((loop.limit - 1) * loop.weight);
      threshold.add((loop.limit - 1) * loop.threshold);
    }
    auto shift = [](Range &range, int64_t by) {
      range.min += by;
      range.max += by;
    };
    shift(act, int64_t(word.plane_a) * run.act_plane_stride);
    shift(weight, int64_t(word.plane_w) * run.weight_plane_stride);
    shift(threshold, word.row);
    act.add(int64_t((target.clusters >> run.split) - 1) * run.cluster_stride);
    return inside(pc, "weight row", weight, target.weightRows) &&
           inside(pc, "threshold row", threshold, target.thresholdRows) &&
           (!word.mac || inside(pc, "lane word", act, target.laneWords));
  }

  int64_t limit(unsigned loop) const {
    return advanced >> loop & 1 ? bounds.loops[loop].limit : 1;
  }

  bool checkOutput(const Microword &word) {
    if (word.sample == Sample::None)
      return true;
    if (!bounds.out) {
      error = "the routine samples, but no OUT comes before this RUN";
      return false;
    }
    if (limit(4) > 4) {
      error = fmt::format("loop 4 has limit {}, an output group has at most 4 "
                          "channel tiles",
                          limit(4));
      return false;
    }
    const Out &out = *bounds.out;
    // A sum over all tiles leaves one tile's pixels.
    int64_t pixels = word.reduce >> 5 & 1
                         ? std::min<int64_t>(out.pixels, 8 * (target.clusters >> run.split))
                         : out.pixels;
    int64_t pooled = pixels < out.pool_window
                         ? 0
                         : (pixels - out.pool_window) / out.pool_stride + 1;
    if (word.sample == Sample::Sign)
      return out.mode != OutMode::Bits || checkStreams(out, pooled);
    return out.mode != OutMode::SumBits || checkStreams(out, 1);
  }

  /// Lanes are written by 8-byte words.
  bool checkStreams(const Out &out, int64_t pixels) {
    int64_t bytes = out.lead + pixels * out.record + out.trail;
    int64_t last = out.base + (limit(7) - 1) * out.group_pitch +
                   (limit(6) - 1) * out.row_pitch + (bytes + 7) / 8 * 2;
    if (last <= target.laneWords)
      return true;
    error = fmt::format("output streams end at lane word {}, there are {}",
                        last, target.laneWords);
    return false;
  }

  const RunBounds &bounds;
  const Run &run;
  const Target &target;
  const ControlStore &control;
  std::string &error;
  std::set<uint32_t> reached;
  uint32_t advanced = 0;
};

} // namespace

bool RunBounds::check(const Run &run, const Target &target,
                      const ControlStore &control, std::string &error) const {
  return Walk(*this, run, target, control, error).check() &&
         checkSampleOrder(*this, run, target, control, error);
}

} // namespace bnn::isa
