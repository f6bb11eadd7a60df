//===- Stream.cpp - Weights that do not stay ------------------------------===//
//
// When the weight memories cannot hold a network, the layers with the most rows
// are streamed: their output groups are cut into chunks, and the chunks pass
// through equal slots of rows, one after the other and round about. Every other
// layer stays resident. All slots but the one in use are loaded or loading, so
// that more slots bridge longer stretches in which weights are used faster than
// the bus brings them.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace bnncc::lower {

namespace {
uint32_t rowsPerGroup(const LayerPlan &layer) {
  return layer.weightRows / layer.outputGroups;
}

/// Slots of equal size behind the resident rows.
struct Slots {
  uint32_t first = 0, count = 0, rows = 0;
};

std::vector<WeightChunk>
cut(const Plan &plan, const std::vector<bool> &streamed, const Slots &slots) {
  std::vector<WeightChunk> chunks;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (!streamed[i])
      continue;
    const LayerPlan &layer = plan.layers[i];
    uint32_t perGroup = rowsPerGroup(layer), most = slots.rows / perGroup;
    // As equal as they can be.
    uint32_t parts = (layer.outputGroups + most - 1) / most;
    for (uint32_t part = 0; part < parts; ++part) {
      WeightChunk chunk;
      chunk.layer = i;
      chunk.firstGroup = layer.outputGroups * part / parts;
      chunk.groups = layer.outputGroups * (part + 1) / parts - chunk.firstGroup;
      chunk.row =
          slots.first + uint32_t(chunks.size() % slots.count) * slots.rows;
      chunk.rows = chunk.groups * perGroup;
      chunks.push_back(chunk);
    }
  }
  return chunks;
}

/// Instructions that `chunks` take at most: LOAD, 4 LOOP, OUT, RUN.
size_t instructions(const Network &network, const Plan &plan,
                    const std::vector<WeightChunk> &chunks) {
  size_t count = 16 + 7 * (plan.layers.size() + plan.stripes.size());
  for (const WeightChunk &chunk : chunks)
    count += 1 + 6 * borderRanges(network.layers[chunk.layer]).size();
  return count;
}
} // namespace

bool streamWeights(const Network &network, Plan &plan, std::string &error) {
  size_t count = plan.layers.size();
  std::vector<size_t> bySize(count);
  std::iota(bySize.begin(), bySize.end(), 0);
  // Stripes pass once: all weights of the first layer must be there.
  if (!plan.stripes.empty() && count > 1)
    bySize.erase(bySize.begin());
  std::stable_sort(bySize.begin(), bySize.end(), [&](size_t a, size_t b) {
    return plan.layers[a].weightRows > plan.layers[b].weightRows;
  });
  uint32_t capacity = plan.target.weightRows;
  size_t largest = bySize[0]; // by the rows of one group
  for (size_t i = 0; i < count; ++i)
    if (rowsPerGroup(plan.layers[i]) > rowsPerGroup(plan.layers[largest]))
      largest = i;
  size_t least = 0;
  for (uint32_t wanted : {2u, 1u}) {
    std::vector<bool> streamed(count, false);
    uint32_t resident = 0, group = 0;
    for (const LayerPlan &layer : plan.layers)
      resident += layer.weightRows;
    for (size_t i : bySize) {
      streamed[i] = true;
      resident -= plan.layers[i].weightRows;
      group = std::max(group, rowsPerGroup(plan.layers[i]));
      if (resident + wanted * group > capacity)
        continue;
      for (uint32_t slots = (capacity - resident) / group; slots >= wanted;
           --slots) {
        plan.chunks = cut(plan, streamed,
                          {resident, slots, (capacity - resident) / slots});
        size_t needed = instructions(network, plan, plan.chunks);
        least = least ? std::min(least, needed) : needed;
        if (needed <= isa::isaInstructionMemory)
          return true;
      }
    }
  }
  plan.chunks.clear();
  const std::string place = network.layers[largest].place();
  if (least)
    error = fmt::format("{}: streaming the network's weights takes {} "
                        "instructions, the instruction memory holds {}",
                        network.layers[bySize[0]].place(), least,
                        isa::isaInstructionMemory);
  else
    error = fmt::format(
        "{}: the weights of {} output channels need {} rows per "
        "cluster, target '{}' has weight_rows = {}",
        place, plan.layers[largest].channelTiles * 8 * plan.layers[largest].gm,
        rowsPerGroup(plan.layers[largest]), plan.target.name, capacity);
  return false;
}

} // namespace bnncc::lower
