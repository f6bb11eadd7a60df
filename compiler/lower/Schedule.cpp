//===- Schedule.cpp - Splits, delays and the predicted timeline -----------===//
//
// Chooses for each layer the split of the clusters with the fewest cycles and
// sets the least delays with which no word is read before it is written.
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "Timing.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnncc::lower {

/// Cycles of `plan` alone, from its first step to the next RUN's.
static uint64_t cost(const LayerPlan &plan) {
  Clock clock;
  RunTimes times = walkRun(plan, clock, 0);
  // The next layer needs all of a thresholded sum at once.
  return plan.out.mode == isa::OutMode::SumBits ? times.retired
                                                : times.last + 1;
}

/// The best split of `layer`: fewest cycles, or with `sparing` fewest rows.
static bool chooseSplit(const Layer &layer, const MapLayout *next,
                        const isa::Target &target, bool sparing,
                        LayerPlan &best, std::string &error) {
  bool found = false;
  std::array<uint64_t, 3> bestKey{};
  for (uint32_t choice = 0; choice < 6; ++choice) {
    uint32_t split = choice / 2, gm = 1u << split;
    bool narrow = choice % 2;
    if (gm > target.clusters || (next && next->record % gm != 0) ||
        (narrow && (layer.output != OutputKind::SumBits || isPooled(layer))))
      continue;
    LayerPlan plan;
    if (!planLayer(layer, next, split, narrow, target, plan, error))
      return false;
    uint64_t cycles = cost(plan), rows = plan.weightRows;
    std::array<uint64_t, 3> key = {sparing ? rows : cycles,
                                   sparing ? cycles : rows * gm, rows};
    if (found && key >= bestKey)
      continue;
    found = true;
    bestKey = key;
    best = plan;
  }
  return found;
}

constexpr uint32_t mostDelay = 255; // of a RUN

/// Entries of the control store, in order of first use.
static bool placeRoutines(const Network &network, Plan &plan,
                          std::string &error) {
  for (RunPlan &run : plan.runs) {
    Routine routine = run.part.routine;
    uint32_t entry = 0;
    auto known = std::find(plan.routines.begin(), plan.routines.end(), routine);
    for (auto it = plan.routines.begin(); it != known; ++it)
      entry += uint32_t(routineWords(*it, 0).size());
    if (known == plan.routines.end()) {
      plan.routines.push_back(routine);
      for (const isa::Microword &word : routineWords(routine, entry))
        plan.microcode.push_back(word);
    }
    run.part.run.entry = entry;
    if (plan.microcode.size() > plan.target.controlWords) {
      error =
          fmt::format("{}: its routine '{}' makes the microcode {} "
                      "words, target '{}' has control_words = {}",
                      network.layers[size_t(std::max(run.layer, 0))].place(),
                      routineName(routine), plan.microcode.size(),
                      plan.target.name, plan.target.controlWords);
      return false;
    }
  }
  plan.usage.controlWords = uint32_t(plan.microcode.size());
  return true;
}

/// A RUN that does nothing but wait, before RUN `at`.
static void insertWait(Plan &plan, size_t at, uint32_t delay) {
  RunPlan wait;
  wait.part.routine = Routine::Idle;
  wait.part.pixelTiles = wait.part.outputGroups = 0;
  wait.part.run.delay = delay;
  wait.cycles = delay + 1;
  plan.runs.insert(plan.runs.begin() + at, wait);
  for (LoadPlan &load : plan.loads) {
    load.user += load.user >= at;
    load.after += load.after >= at;
  }
  for (StorePlan &store : plan.stores)
    store.after += store.after >= at;
}

namespace {
/// The RUNs of one window after the other.
class WindowWalk {
public:
  explicit WindowWalk(Plan &plan) : plan(plan) {}

  bool grew = false;     ///< a delay became larger
  size_t tooLong = None; ///< a RUN that would have to wait longer than it can
  static constexpr size_t None = ~size_t(0);

  /// `cold`: the first window, whose times are the predicted ones.
  void walk(bool cold) {
    std::vector<uint64_t> ready(plan.target.laneWords, 0), written = ready;
    // The input of this window loads once that of the one before was read.
    if (!cold)
      clock.next = std::max(clock.next, inputFree + loadLatency +
                                            plan.layers[0].in.loadBeats());
    int current = 0; // layer
    for (size_t r = 0; r < plan.runs.size(); ++r) {
      RunPlan &run = plan.runs[r];
      uint64_t begin = clock.next;
      clock.next += run.part.run.delay;
      if (run.layer < 0) {
        ++clock.next; // its one step
        continue;
      }
      LayerPlan &layer = plan.layers[size_t(run.layer)];
      bool first = run.layer != current || r == 0;
      if (run.layer != current) {
        ready = written;
        std::fill(written.begin(), written.end(), 0);
        current = run.layer;
      }
      uint64_t start = std::max(clock.next, earliestStart(run.part, ready));
      if (start - begin > mostDelay) {
        tooLong = r;
        return;
      }
      grew |= start != clock.next;
      run.part.run.delay = uint32_t(start - begin);
      clock.next = start;
      RunTimes times = walkRun(run.part, clock, plan.target.laneWords);
      if (run.freesForLoad)
        inputFree = clock.next;
      for (size_t word = 0; word < written.size(); ++word)
        written[word] = std::max(written[word], times.ready[word]);
      if (!cold)
        continue;
      run.cycles = clock.next - begin;
      if (first) {
        layer.first = times.first;
        layer.run.delay = run.part.run.delay;
      }
      layer.last = times.last;
      layer.retired = times.retired;
    }
  }

private:
  static constexpr uint64_t loadLatency = 8;
  Plan &plan;
  Clock clock;
  uint64_t inputFree = 0;
};
} // namespace

/// A window begins while the value path and the writer may still be at work for
/// the one before, so delays that do for the first window may be too short in a
/// stream: they grow until they do for three windows.
bool schedule(Plan &plan, const Network &network, std::string &error) {
  plan.routines.clear();
  plan.microcode.clear();
  if (!placeRoutines(network, plan, error))
    return false;
  for (RunPlan &run : plan.runs)
    if (run.layer >= 0)
      run.part.run.delay = 0;
  while (true) {
    WindowWalk walk(plan);
    walk.walk(/*cold=*/true);
    walk.grew = false;
    for (int window = 0; window < 2 && walk.tooLong == walk.None; ++window)
      walk.walk(/*cold=*/false);
    if (walk.tooLong != walk.None) {
      insertWait(plan, walk.tooLong, mostDelay);
      return schedule(plan, network, error);
    }
    if (!walk.grew)
      return true;
  }
}

uint64_t steadyCycles(const Plan &plan) {
  constexpr uint64_t latency = 8;
  uint64_t loadFree = 0, now = 0, freed = 0, before = 0;
  for (int window = 0; window < 4; ++window) {
    before = now;
    std::vector<uint64_t> ready(plan.runs.size(), 0);
    auto load = [&](const LoadPlan &item, uint64_t token) {
      uint64_t beats =
          plan.layers[0].in.groups * plan.layers[0].in.groupBytes / 8;
      if (item.chunk >= 0) {
        const WeightChunk &chunk = plan.chunks[size_t(item.chunk)];
        beats = uint64_t(chunk.rows * 4) << plan.layers[chunk.layer].split;
      } else if (item.stripe >= 0) {
        beats = plan.stripes[size_t(item.stripe)].beats;
      }
      loadFree = std::max(loadFree, token) + latency + beats;
      ready[item.user] = loadFree;
    };
    load(plan.loads[0], freed);
    size_t next = 1;
    for (size_t r = 0; r < plan.runs.size(); ++r) {
      now = std::max(now, ready[r]) + plan.runs[r].cycles;
      if (plan.runs[r].freesForLoad)
        freed = now;
      while (next < plan.loads.size() && plan.loads[next].after == r)
        load(plan.loads[next++], now);
    }
  }
  return now - before;
}

/// Plans with the fastest splits, or with `sparing` those that take the fewest
/// rows.
static bool planOnce(const Network &network, bool sparing, Means means,
                     Plan &plan, std::string &error) {
  isa::Target target = plan.target;
  plan = Plan();
  plan.target = target;
  plan.layers.resize(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer &layer = network.layers[i];
    MapLayout next;
    bool last = i + 1 == network.layers.size();
    if (!last)
      next = layoutInput(network.layers[i + 1]);
    if (!chooseSplit(layer, last ? nullptr : &next, target, sparing,
                     plan.layers[i], error))
      return false;
  }
  if (!allocate(network, plan, means, error) || !schedule(plan, network, error))
    return false;
  size_t code = emitCode(network, plan).warm.size();
  if (code <= isa::isaInstructionMemory)
    return true;
  size_t most = 0;
  std::vector<size_t> runs(network.layers.size(), 0);
  for (const RunPlan &run : plan.runs)
    if (run.layer >= 0 && ++runs[size_t(run.layer)] > runs[most])
      most = size_t(run.layer);
  bool output = plan.pieceWords && most + 1 == runs.size();
  std::string remedy = fmt::format("use fewer layers, or {}",
                                   network.layers[most].differsByPosition()
                                       ? "constants that differ by channel only"
                                       : "pad with -1 or +1 instead of 0");
  if (output)
    remedy = fmt::format("{} of its {} RUNs give the output, make that smaller",
                         runs[most], plan.runs.size());
  error = fmt::format("{}: the network takes {} instructions, the "
                      "instruction memory holds {}; {}",
                      network.layers[most].place(), code,
                      isa::isaInstructionMemory, remedy);
  return false;
}

static bool planWith(const Network &network, bool sparing, Means means,
                     Plan &plan, std::string &error) {
  if (planOnce(network, sparing, means, plan, error))
    return true;
  if (!plan.pieceWords)
    return false;
  // Half as many pieces of the output, each of which waits for the one before.
  means.outputBuffers = 1;
  return planOnce(network, sparing, means, plan, error);
}

bool planNetwork(const Network &network, const isa::Target &target, Plan &plan,
                 std::string &error) {
  for (bool stream : {false, true})
    for (bool sparing : {false, true}) {
      plan.target = target;
      bool whole = planWith(network, sparing, {stream, false}, plan, error);
      if (whole && plan.inputFreeAfter == 0)
        return true;
      // The next input waits, or has no place: perhaps stripes are faster.
      Plan striped;
      striped.target = target;
      std::string unused;
      bool cut = planWith(network, sparing, {stream, true}, striped, unused);
      if (cut && (!whole || steadyCycles(striped) < steadyCycles(plan)))
        plan = striped;
      if (whole || cut)
        return true;
    }
  return false;
}

} // namespace bnncc::lower
