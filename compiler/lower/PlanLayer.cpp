//===- PlanLayer.cpp - Layouts, loop nest and output unit of a layer ------===//
//
// Turns one layer and one split of the clusters into layouts, a loop nest and
// the fields of OUT and RUN. Addresses come later, from the allocation.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Border.h"
#include "Plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <optional>

namespace bnncc::lower {

namespace {
constexpr uint32_t kPixels = 8, kChannels = 8;

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

std::string nodeError(const Layer &layer, const std::string &text) {
  return fmt::format("{}: {}", layer.place(), text);
}

/// One field of an instruction that a layer may be too large for.
bool fits(const Layer &layer, const char *what, int64_t value, int64_t most,
          std::string &error) {
  if (value <= most)
    return true;
  error = nodeError(
      layer, fmt::format("{} is {}, the instruction holds at most {}; use "
                         "fewer channels, a smaller kernel or stride",
                         what, value, most));
  return false;
}
} // namespace

/// The byte that all bytes of a pad pixel of `group` are, if they are equal.
static std::optional<uint8_t> padByteOf(const Layer &layer,
                                        const MapLayout &map, uint32_t group) {
  if (map.quad)
    return uint8_t(layer.padValue ^ (layer.isSigned ? 0x80 : 0));
  if (!map.padOne)
    return uint8_t(0);
  int64_t channels = std::min<int64_t>(layer.in.c - group * 32, 32);
  if (channels < 8 * map.record && map.record > 1)
    return std::nullopt; // bits that are no channel are 0
  return uint8_t(channels < 8 ? (1 << channels) - 1 : 0xff);
}

/// Whole beats of pads at the ends of the host's string are LOAD's to make.
static void leavePadsToLoad(const Layer &layer, MapLayout &map) {
  constexpr uint32_t most = 63; // of a LOAD's fields
  std::optional<uint8_t> first = padByteOf(layer, map, 0),
                         last = padByteOf(layer, map, map.groups - 1);
  uint32_t begin = map.padTop * map.rowBytes + map.lead; // of the pixels
  uint32_t end = (map.groups - 1) * map.groupBytes + begin +
                 uint32_t(layer.in.h - 1) * map.rowBytes +
                 uint32_t(layer.in.w) * map.record;
  if (first)
    map.padLead = std::min(begin / 8, most);
  map.padByte = map.padLead ? *first : last.value_or(0);
  if (last == map.padByte)
    map.padTrail = std::min(map.loadBeats() - (end + 7) / 8, most);
}

MapLayout layoutInput(const Layer &layer) {
  MapLayout map;
  map.shape = layer.in;
  map.quad = layer.kind == MapKind::Bytes;
  if (map.quad) {
    map.record = uint32_t(layer.in.c);
    map.groupChannels = uint32_t(layer.in.c);
  } else {
    map.groups = uint32_t(ceilDiv(layer.in.c, 32));
    map.record = map.groups > 1 ? 4 : uint32_t(ceilDiv(layer.in.c, 8));
  }
  map.constantGroups = layer.borderGroup;
  map.padTop = uint32_t(layer.padTop);
  map.rows = uint32_t(layer.in.h + layer.padTop + layer.padBottom);
  map.lead = uint32_t(layer.padLeft) * map.record;
  map.trail = uint32_t(layer.padRight) * map.record;
  map.padOne = !map.quad && layer.padValue > 0;
  // One pixel needs no phases: all lanes hold the same.
  map.phase = layer.conv.w == 1 ? 0 : uint32_t(layer.strideW) * map.record;
  map.unusedOne = map.padOne && !layer.fromHost;
  // A single window needs no alignment beyond words.
  uint32_t unit = layer.fromHost && layer.conv.w == 1 && !map.quad ? 4 : 8;
  map.rowBytes = uint32_t(ceilDiv(map.stringBytes(), unit)) * unit;
  map.groupBytes = map.rows * map.rowBytes;
  map.rowPitch = map.rowBytes / 4;
  map.stride = 2 * map.phase;
  uint32_t window = uint32_t(ceilDiv(layer.kernelW * map.record, 8));
  if (layer.fromHost && map.rows * map.groups == 1 && window < map.phase) {
    // 8 pixels step over `phase` words of 8 bytes; the window needs fewer.
    map.period = map.phase;
    map.keep = window;
    map.stride = 2 * window;
    uint32_t words = map.rowBytes / 8;
    map.rowPitch = 2 * (words / map.period * window +
                        std::min(words % map.period, window));
  }
  map.groupPitch = map.rows * map.rowPitch;
  map.extent = map.words();
  if (layer.fromHost)
    leavePadsToLoad(layer, map);
  return map;
}

/// Runs of output pixels that need a RUN of their own.
static std::vector<OutputRange> pixelRanges(const Layer &layer) {
  return layer.borderGroup ? outputRanges(layer) : thresholdRanges(layer);
}

/// Gives the sets of weights a loop whose own limit is 1.
static bool turnSets(const Layer &layer, LayerPlan &plan, std::string &error) {
  const MapLayout &in = plan.in;
  auto sets = uint32_t(layer.sets), height = uint32_t(layer.kernelH);
  auto &loops = plan.loops;
  if (sets == 1)
    return true;
  if (height == 1) {
    plan.setLoop = 1;
    loops[1] = {sets, 0, int32_t(plan.words), 0};
    loops[2].weight *= int32_t(sets);
  } else if (in.groups + in.constantGroups == 1) {
    plan.setLoop = 2;
    loops[2] = {sets, 0, int32_t(plan.words * height), 0};
  } else if (plan.words == 1 && plan.run.tail == 0) {
    plan.setLoop = 0;
    loops[0] = {sets, 0, 1, 0};
    loops[1].weight *= int32_t(sets);
    loops[2].weight *= int32_t(sets);
  } else {
    error = nodeError(
        layer, fmt::format("weights other than -1 and +1 in a kernel of {} "
                           "rows over {} channels have no loop; use at most "
                           "32 channels, or one row",
                           height, layer.in.c));
    return false;
  }
  return true;
}

/// Words, tiles, loops: the walk over the input map.
static bool planNest(const Layer &layer, LayerPlan &plan, std::string &error) {
  const MapLayout &in = plan.in;
  int64_t unit = in.quad ? 8 : 4; // bytes that one step reads per lane
  int64_t window = layer.kernelW * in.record;
  plan.words = uint32_t(ceilDiv(window, unit));
  plan.run.tail =
      uint32_t((in.quad ? window : window * 8) % (in.quad ? 8 : 32));
  plan.run.quad = in.quad;
  plan.run.shifts = in.quad ? 1 : 0;
  plan.run.act_plane_stride = in.quad ? 1 : 0;
  plan.pixelTiles = uint32_t(ceilDiv(layer.conv.w, kPixels * plan.gp));
  plan.run.cluster_stride =
      plan.gp == 1 || layer.conv.w <= kPixels ? 0 : in.stride;
  plan.run.last_pixels =
      uint32_t(layer.conv.w - int64_t(plan.pixelTiles - 1) * kPixels * plan.gp);

  uint32_t rows = plan.words * uint32_t(layer.kernelH * layer.sets) *
                  (in.groups + in.constantGroups);
  plan.weightRows = rows * plan.channelTiles * plan.outputGroups;
  size_t passes =
      layer.output == OutputKind::Bits ? pixelRanges(layer).size() : 1;
  uint32_t padRows =
      (plan.rowsAbove + plan.rowsBelow > 0) + plan.constants;
  plan.thresholdRows = plan.planes * plan.channelTiles * plan.outputGroups *
                       uint32_t(passes + padRows);
  int64_t tileStride = int64_t(plan.gp) * in.stride;
  auto s = [](int64_t x) { return int32_t(x); };
  plan.loops = {{
      {plan.words, in.quad ? 2 : 1, 1, 0},
      {uint32_t(layer.kernelH), s(in.rowPitch), s(plan.words), 0},
      {in.groups, s(in.groupPitch), s(plan.words * layer.kernelH), 0},
      {std::max(plan.planes - 1, 1u), 0, 0, plan.planes > 1 ? 1 : 0},
      {plan.channelTiles, 0, s(rows), s(plan.planes)},
      {plan.pixelTiles, s(tileStride), 0, 0},
      {uint32_t(layer.conv.h), s(layer.strideH * in.rowPitch), 0, 0},
      {plan.outputGroups, 0, s(rows * plan.channelTiles),
       s(plan.planes * plan.channelTiles)},
  }};
  if (layer.output == OutputKind::SumBits && layer.conv.h > 1) {
    plan.loops[3] = plan.loops[6]; // its rows are added up
    plan.loops[6] = {};
  }
  if (!turnSets(layer, plan, error))
    return false;
  plan.steps = uint64_t(plan.reduceSteps() + plan.planes - 1) *
               plan.channelTiles * plan.pixelTiles * plan.outputGroups *
               uint64_t(layer.conv.h);

  // What the last tile reads may lie behind the map's end; it must exist.
  uint32_t lastPixels = (plan.pixelTiles - 1) * plan.gp * in.stride +
                        (plan.gp - 1) * plan.run.cluster_stride;
  if (passes > 1) // a pass may start at any multiple of 8 pixels
    lastPixels += plan.gp * in.stride;
  uint32_t read = (in.groups + in.constantGroups - 1) * in.groupPitch +
                  (in.rows - 1) * in.rowPitch + lastPixels +
                  plan.words * (in.quad ? 2 : 1);
  plan.in.extent = std::max(in.words(), read + read % 2);

  for (const Nest &loop : plan.loops)
    if (!fits(layer, "a loop's limit", loop.limit, 4095, error) ||
        !fits(layer, "an activation stride in words", loop.act, 32767, error) ||
        !fits(layer, "a weight stride in rows", loop.weight, 4095, error) ||
        !fits(layer, "a threshold stride in rows", loop.threshold, 1023, error))
      return false;
  return fits(layer, "the pixel groups' stride in words",
              plan.run.cluster_stride, 16383, error) &&
         fits(layer, "a step between pixels in bytes", in.phase, 255, error);
}

/// OUT for bits on their way to the map `next`.
static bool planLaneOutput(const Layer &layer, const MapLayout &next,
                           LayerPlan &plan, std::string &error) {
  isa::Out &out = plan.out;
  plan.record = next.record;
  out.record = next.record;
  out.group_pitch = next.groupPitch;
  out.row_pitch = next.rowPitch;
  out.phase = next.phase;
  out.lead = next.lead;
  out.trail = next.trail;
  out.pad = next.padOne;
  out.pool_first = layer.pool.beforeThreshold;
  return fits(layer, "the padding of the next layer in bytes",
              std::max(next.lead, next.trail), 255, error);
}

static Routine chooseRoutine(const Layer &layer, const LayerPlan &plan) {
  bool tiles = plan.channelTiles > 1;
  if (layer.output == OutputKind::SumBits && isPooled(layer))
    return Routine::BinaryPoolSum;
  if (layer.output == OutputKind::SumBits && layer.conv.h > 1)
    return tiles ? Routine::BinarySumTilesRows : Routine::BinarySumRows;
  if (layer.output == OutputKind::SumBits)
    return tiles ? Routine::BinarySumTiles : Routine::BinarySum;
  bool quad = plan.in.quad;
  if (layer.output != OutputKind::Bits)
    return quad ? Routine::QuadValue : Routine::BinaryValue;
  if (plan.planes > 1)
    return quad ? Routine::QuadMulti : Routine::BinaryMulti;
  return quad ? Routine::Quad : Routine::Binary;
}

/// Rows of pads or a group of constants: one step a tile, channels never fire.
/// All tiles read the map's first words, whose values do not matter.
static LayerPlan constantPass(const LayerPlan &plan, LayerPlan::Pass kind,
                              int64_t words, uint32_t rows) {
  LayerPlan pass = plan;
  pass.passes.clear();
  pass.kind = kind;
  for (int j : {0, 1, 2})
    pass.loops[j].limit = 1;
  pass.loops[6].limit = rows;
  pass.loops[5].act = pass.loops[6].act = 0;
  pass.run.cluster_stride = 0;
  pass.out.base = uint32_t(plan.out.base + words);
  if (kind == LayerPlan::Pass::Constants)
    pass.loops[7].limit = pass.outputGroups = 1;
  return pass;
}

/// From right to left: each pass covers its range and, from a tile's start on,
/// pixels to the left of it, which later passes write again with their own
/// thresholds. Its lead pads up to 8 bytes of those, too.
static LayerPlan rangePass(const Layer &layer, const LayerPlan &plan,
                           const OutputRange &range) {
  LayerPlan pass = plan;
  pass.passes.clear();
  // Lane p drops the first p * phase bytes of a stream: start before those, at
  // an output pixel that begins a tile.
  int64_t dropped = ceilDiv(7 * plan.out.phase, plan.out.record);
  int64_t unit = kPixels / std::gcd(int64_t(kPixels), layer.pool.stride);
  int64_t start = std::max<int64_t>(range.begin - dropped, 0) / unit * unit;
  int64_t bytes = start ? plan.out.lead + start * plan.out.record : 0;
  int64_t from = start * layer.pool.stride;
  pass.pixel = range.begin;
  pass.row = range.top;
  pass.out.pixels =
      uint32_t((range.end - 1) * layer.pool.stride + layer.pool.window - from);
  pass.out.base = plan.out.base + uint32_t(bytes / 8 * 2) +
                  uint32_t(range.top) * plan.out.row_pitch;
  if (start)
    pass.out.lead = uint32_t(bytes % 8);
  if (range.end != layer.out.w)
    pass.out.trail = 0;
  pass.run.act = plan.run.act + uint32_t(from / kPixels) * plan.in.stride +
                 uint32_t(range.top) * uint32_t(plan.loops[6].act);
  pass.loops[6].limit = uint32_t(range.bottom - range.top);
  pass.pixelTiles =
      uint32_t(ceilDiv(pass.out.pixels, int64_t(kPixels) * plan.gp));
  pass.loops[5].limit = pass.pixelTiles;
  if (range.border) {
    pass.kind = LayerPlan::Pass::Border;
    pass.routine = plan.planes > 1 ? Routine::BinaryBorderMulti : Routine::BinaryBorder;
    pass.run.shifts = 1;
    // Constants come first, in the map and among the weights.
    pass.run.act -= plan.in.groupPitch;
    pass.run.act_plane_stride = plan.in.groupPitch;
    pass.run.weight -= plan.words;
    pass.run.weight_plane_stride = plan.words;
  }
  return pass;
}

void planPasses(const Layer &layer, LayerPlan &plan) {
  using Pass = LayerPlan::Pass;
  if (layer.output != OutputKind::Bits)
    return;
  uint32_t set = plan.planes * plan.channelTiles * plan.outputGroups, sets = 0;
  std::vector<LayerPlan> passes;
  auto add = [&](LayerPlan pass) {
    pass.run.threshold = plan.run.threshold + set * sets;
    passes.push_back(std::move(pass));
  };
  // All rows of pads share one set of thresholds; the constants have another.
  if (plan.rowsAbove)
    add(constantPass(plan, Pass::PadRows,
                     -int64_t(plan.rowsAbove) * plan.out.row_pitch,
                     plan.rowsAbove));
  if (plan.rowsBelow)
    add(constantPass(plan, Pass::PadRows, layer.out.h * plan.out.row_pitch,
                     plan.rowsBelow));
  sets += plan.rowsAbove + plan.rowsBelow > 0;
  // Over the whole width: border tiles read the constants of all their pixels.
  if (plan.constants)
    add(constantPass(plan, Pass::Constants, -int64_t(plan.out.group_pitch), 1));
  sets += plan.constants;
  std::vector<OutputRange> ranges = pixelRanges(layer);
  if (ranges.size() == 1 && !ranges[0].border && passes.empty())
    return;
  for (size_t i = ranges.size(); i-- > 0; ++sets)
    add(ranges.size() == 1 && !ranges[0].border
            ? plan
            : rangePass(layer, plan, ranges[i]));
  plan.passes = std::move(passes);
}

static std::string accumulatorError(const Layer &layer, unsigned needed,
                                    const isa::Target &target) {
  std::string taps = fmt::format("{} taps", layer.taps());
  if (layer.kind == MapKind::Bytes)
    taps += fmt::format(" on codes {}..{}", layer.codeLow, layer.codeHigh);
  std::string remedy =
      layer.kind == MapKind::Bytes
          ? "quantise the input to fewer codes or use fewer taps"
          : "use fewer taps";
  if (needed <= isa::isaThresholdBits)
    remedy = fmt::format("use a target with accumulator_bits = {}", needed);
  return fmt::format(
      "sums of {} need an accumulator of {} bits, target '{}' has {}; {}",
      taps, needed, target.name, target.accumulatorBits, remedy);
}

static bool planFields(const Layer &layer, const MapLayout *next,
                       uint32_t split, bool narrow, const isa::Target &target,
                       LayerPlan &plan, std::string &error) {
  plan.split = split;
  plan.run.split = split;
  plan.gm = 1u << split;
  plan.gp = narrow ? 1 : target.clusters >> split;
  plan.out.pixels = uint32_t(narrow ? std::min<int64_t>(layer.conv.w, kPixels)
                                    : layer.conv.w);
  plan.out.pool_window = uint32_t(layer.pool.window);
  plan.out.pool_stride = uint32_t(layer.pool.stride);
  bool toLanes =
      layer.output == OutputKind::Bits || layer.output == OutputKind::SumBits;
  if (toLanes) {
    if (!planLaneOutput(layer, *next, plan, error))
      return false;
    plan.outputGroups = next->groups;
    plan.channelTiles = next->record / plan.gm;
    plan.planes = planesNeeded(layer);
    if (layer.output == OutputKind::Bits) {
      plan.constants = next->constantGroups > 0;
      plan.rowsAbove = next->padTop;
      plan.rowsBelow = next->rows - next->padTop - uint32_t(next->shape.h);
    }
  } else {
    plan.outputGroups = uint32_t(ceilDiv(layer.conv.c, kChannels * plan.gm));
    ValueTerms terms = valueTerms(layer, 0);
    plan.valueScale = terms.scale;
    plan.valueShift = terms.shift;
  }
  plan.out.mode = layer.output == OutputKind::Bits      ? isa::OutMode::Bits
                  : layer.output == OutputKind::SumBits ? isa::OutMode::SumBits
                  : layer.output == OutputKind::Raw     ? isa::OutMode::Raw
                  : layer.output == OutputKind::Sum     ? isa::OutMode::Sum
                                                        : isa::OutMode::Split;
  if (plan.planes > 8) {
    error = nodeError(layer, fmt::format("a channel has {} switch points, the "
                                         "engine compares at most 8",
                                         plan.planes));
    return false;
  }
  if (!planNest(layer, plan, error))
    return false;
  plan.routine = chooseRoutine(layer, plan);
  if (!sumsPixels(plan.routine))
    plan.run.last_pixels = 0;
  int64_t sumTiles =
      sumsPixels(plan.routine) ? plan.pixelTiles * layer.conv.h : 1;
  unsigned needed = 0;
  if (!fitsAccumulator(layer, target.accumulatorBits, sumTiles, needed)) {
    error = nodeError(layer, accumulatorError(layer, needed, target));
    return false;
  }
  if (std::string text; !fitsSums(layer, text)) {
    error = nodeError(layer, text);
    return false;
  }
  return true;
}

bool planLayer(const Layer &layer, const MapLayout *next, uint32_t split,
               bool narrow, const isa::Target &target, LayerPlan &plan,
               std::string &error) {
  plan = LayerPlan();
  plan.in = layoutInput(layer);
  if (planFields(layer, next, split, narrow, target, plan, error))
    return true;
  // The buffer is what to change; instructions hold more than any buffer does.
  if (plan.in.words() > target.laneWords)
    error = nodeError(
        layer, fmt::format("its input map needs {} lane words, target '{}' has "
                           "lane_words = {}",
                           plan.in.words(), target.name, target.laneWords));
  return false;
}

} // namespace bnncc::lower
