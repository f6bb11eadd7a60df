//===- Transfers.cpp - The RUNs and LOADs of a window and their tokens ----===//
//
// A LOAD must come after the RUNs that used its place before, and before the
// RUN that needs it. LOADs and RUNs each keep their order, so one kind of token
// in each direction does: the n-th LOAD that takes a token gets that of the
// n-1st RUN that gives one, for the engine starts with one ("the input is
// free"). So the tokens that RUNs give are dealt out one after the other, each
// by the first RUN, behind the giver of the one before, after which the LOAD's
// place is free; that the place's last RUN was in the window before, every RUN
// of this one can say. The window's last token is for the next window's input.
//
// One token more at the window's start lets every later LOAD begin a RUN
// earlier: RUNs that do nothing, a cycle each, give as many as help.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace bnncc::lower {

/// `pass` for the output groups of `chunk` only.
static LayerPlan partOf(const LayerPlan &layer, const LayerPlan &pass,
                        const WeightChunk &chunk) {
  LayerPlan part = pass;
  part.run.weight = chunk.row + (pass.run.weight - layer.weightBase);
  part.weightRows = chunk.rows;
  if (pass.kind == LayerPlan::Pass::Constants)
    return part; // one group, whatever the chunk
  bool lanes = part.out.mode == isa::OutMode::Bits ||
               part.out.mode == isa::OutMode::SumBits;
  if (lanes)
    part.out.base += chunk.firstGroup * part.out.group_pitch;
  part.run.threshold += chunk.firstGroup * uint32_t(part.loops[7].threshold);
  part.outputGroups = chunk.groups;
  part.loops[7].limit = chunk.groups;
  return part;
}

static void listRuns(Plan &plan, size_t idle) {
  plan.runs.assign(idle, {});
  for (RunPlan &run : plan.runs) {
    run.part.routine = Routine::Idle;
    run.part.pixelTiles = run.part.outputGroups = 0;
  }
  size_t next = 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan &layer = plan.layers[i];
    size_t begin = next;
    while (next < plan.chunks.size() && plan.chunks[next].layer == i)
      ++next;
    for (size_t chunk = begin; chunk < std::max(next, begin + 1); ++chunk)
      for (const LayerPlan *pass : passesOf(layer)) {
        if (pass->kind == LayerPlan::Pass::Constants && chunk > begin)
          continue; // they are there
        RunPlan run;
        run.layer = int(i);
        run.part = *pass;
        run.part.passes.clear();
        if (next > begin) {
          run.chunk = int(chunk);
          run.part = partOf(layer, run.part, plan.chunks[chunk]);
        }
        bool striped = i == 0 && pass->kind == LayerPlan::Pass::Sums;
        for (size_t s = 0; s < (striped ? plan.stripes.size() : 0); ++s) {
          run.stripe = int(s);
          run.part = stripeOf(*pass, plan.stripes, s);
          run.part.passes.clear();
          plan.runs.push_back(run);
        }
        if (run.stripe >= 0)
          continue;
        bool last = i + 1 == plan.layers.size();
        for (const LayerPlan &piece :
             cutOutput(run.part, last ? plan.pieceWords : 0)) {
          run.part = piece;
          plan.runs.push_back(run);
        }
      }
  }
}

/// Deals out the tokens. By how many RUNs in all LOADs begin later than their
/// places are free; nothing if a LOAD's token would come after its user.
static std::optional<size_t> dealTokens(Plan &plan) {
  size_t late = 0;
  size_t none = plan.runs.size();
  auto lastOf = [&](auto matches) {
    size_t last = none;
    for (size_t r = 0; r < plan.runs.size(); ++r)
      if (matches(plan.runs[r]))
        last = r;
    return last;
  };
  auto firstOf = [&](auto matches) {
    return size_t(std::find_if(plan.runs.begin(), plan.runs.end(), matches) -
                  plan.runs.begin());
  };
  plan.loads.clear();
  size_t given = none; // the RUN that gave the last token
  auto give = [&](size_t least) {
    given = given == none ? least : std::max(least, given + 1);
    if (given < none)
      plan.runs[given].freesForLoad = true;
    return given;
  };
  // `before`: the place's last RUN, if there is one in this window.
  auto wait = [&](LoadPlan &load, size_t before) {
    load.after = give(before == none ? 0 : before);
    // Without a RUN in between nothing hides the LOAD.
    late += before == none ? load.after + 1 == load.user : load.after - before;
    plan.loads.push_back(load);
    return load.after < load.user;
  };
  LoadPlan input;
  input.user = firstOf([](const RunPlan &r) { return r.layer == 0; });
  input.stripe = plan.stripes.empty() ? -1 : 0;
  plan.loads.push_back(input);
  for (int s = 1; s < int(plan.stripes.size()); ++s) {
    LoadPlan load;
    load.stripe = s;
    load.user = firstOf([&](const RunPlan &r) { return r.stripe == s; });
    if (!wait(load, lastOf([&](const RunPlan &r) {
                return r.stripe >= 0 && r.stripe == s - 2;
              })))
      return std::nullopt;
  }
  for (size_t c = 0; c < plan.chunks.size(); ++c) {
    const WeightChunk &chunk = plan.chunks[c];
    LoadPlan load;
    load.chunk = int(c);
    load.user = firstOf([&](const RunPlan &r) { return r.chunk == int(c); });
    // The chunk before it in the same rows; if none, the window before.
    size_t before = lastOf([&](const RunPlan &r) {
      if (r.chunk < 0 || r.chunk >= int(c))
        return false;
      const WeightChunk &other = plan.chunks[size_t(r.chunk)];
      return other.row < chunk.row + chunk.rows &&
             chunk.row < other.row + other.rows;
    });
    if (!wait(load, before))
      return std::nullopt;
  }
  if (give(lastOf([&](const RunPlan &r) {
        return r.layer == int(plan.inputFreeAfter);
      })) >= none)
    return std::nullopt;
  // LOADs end in order: the last one before a RUN speaks for all.
  for (size_t l = 0; l < plan.loads.size(); ++l) {
    LoadPlan &load = plan.loads[l];
    load.signals =
        l + 1 == plan.loads.size() || plan.loads[l + 1].user != load.user;
    plan.runs[load.user].waitsForLoad = true;
  }
  return late;
}

bool orderTransfers(Plan &plan, std::string &error) {
  std::optional<size_t> least;
  size_t best = 0;
  for (size_t idle = 0;
       idle <= plan.chunks.size() + plan.stripes.size() && least != 0u;
       ++idle) {
    listRuns(plan, idle);
    std::optional<size_t> late = dealTokens(plan);
    if (late && (!least || *late < *least)) {
      least = late;
      best = idle;
    }
  }
  if (least) {
    listRuns(plan, best);
    dealTokens(plan);
    orderStores(plan);
    return true;
  }
  error = fmt::format("internal error: no order of {} LOADs of weights",
                      plan.chunks.size());
  return false;
}

} // namespace bnncc::lower
