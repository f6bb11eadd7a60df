//===- Schedule.cpp - Splits, delays and the predicted timeline -----------===//
//
// Chooses for each layer the split of the clusters with the fewest cycles and
// sets the least delays with which no word is read before it is written.
//
//===----------------------------------------------------------------------===//

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
        (narrow && layer.output != OutputKind::SumBits))
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

/// Entries of the control store, in order of first use.
static bool placeRoutines(const Network &network, Plan &plan,
                          std::string &error) {
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    LayerPlan &layer = plan.layers[i];
    auto place = [&](Routine routine) {
      uint32_t entry = 0;
      auto known =
          std::find(plan.routines.begin(), plan.routines.end(), routine);
      for (auto it = plan.routines.begin(); it != known; ++it)
        entry += uint32_t(routineWords(*it, 0).size());
      if (known == plan.routines.end()) {
        plan.routines.push_back(routine);
        for (const isa::Microword &word : routineWords(routine, entry))
          plan.microcode.push_back(word);
      }
      return entry;
    };
    layer.run.entry = place(layer.routine);
    if (network.layers[i].borderGroup)
      layer.borderEntry = place(layer.planes > 1 ? Routine::BinaryBorderMulti
                                                 : Routine::BinaryBorder);
    if (plan.microcode.size() > plan.target.controlWords) {
      error = fmt::format("node '{}': its routine '{}' makes the microcode {} "
                          "words, target '{}' has control_words = {}",
                          network.layers[i].name(), routineName(layer.routine),
                          plan.microcode.size(), plan.target.name,
                          plan.target.controlWords);
      return false;
    }
  }
  plan.usage.controlWords = uint32_t(plan.microcode.size());
  return true;
}

bool schedule(Plan &plan, const Network &network, std::string &error) {
  Clock clock;
  std::vector<uint64_t> ready(plan.target.laneWords, 0);
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    LayerPlan &layer = plan.layers[i];
    std::vector<uint64_t> written(plan.target.laneWords, 0);
    std::vector<LayerPlan *> passes;
    for (LayerPlan &pass : layer.passes)
      passes.push_back(&pass);
    if (passes.empty())
      passes.push_back(&layer);
    for (LayerPlan *pass : passes) {
      uint64_t start = std::max(clock.next, earliestStart(*pass, ready));
      uint64_t delay = start - clock.next;
      if (delay > 255) {
        error = fmt::format("node '{}': must wait {} cycles for its input, RUN "
                            "can wait at most 255",
                            network.layers[i].name(), delay);
        return false;
      }
      pass->run.delay = uint32_t(delay);
      clock.next = start;
      RunTimes times = walkRun(*pass, clock, plan.target.laneWords);
      if (pass == passes.front())
        layer.first = times.first;
      layer.last = times.last;
      layer.retired = times.retired;
      for (size_t word = 0; word < written.size(); ++word)
        written[word] = std::max(written[word], times.ready[word]);
    }
    ready = std::move(written);
  }
  return true;
}

bool planNetwork(const Network &network, const isa::Target &target, Plan &plan,
                 std::string &error) {
  for (bool sparing : {false, true}) {
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
    if (!placeRoutines(network, plan, error))
      return false;
    if (allocate(network, plan, error))
      return schedule(plan, network, error);
  }
  return false;
}

} // namespace bnncc::lower
