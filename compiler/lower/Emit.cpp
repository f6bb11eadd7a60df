//===- Emit.cpp - A plan as instructions, image and program ---------------===//
//
// Image: cold code, warm code, microcode, weights that stay, weights in chunks,
// thresholds; each part starts at a beat. Tokens: the engine starts with one
// token from RUN to LOAD and one from STORE to RUN ("there is room"), so the
// first window waits for nothing. LOADs and RUNs of a window hand theirs on as
// Transfers.cpp and Pieces.cpp dealt them out.
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "Pack.h"

#include <algorithm>

namespace bnncc::lower {

uint32_t inputBytes(const Plan &plan) {
  return plan.layers[0].in.hostBeats() * 8;
}

namespace {
/// Beats of the image's parts, in order.
struct ImageLayout {
  uint32_t microcode = 0, weights = 0, chunks = 0, thresholds = 0;
};

uint32_t chunkBeats(const Plan &plan, const WeightChunk &chunk) {
  return (chunk.rows << plan.layers[chunk.layer].split) * 4;
}

ImageLayout layoutImage(const Plan &plan, size_t instructions) {
  ImageLayout layout;
  layout.microcode = uint32_t(instructions * 2);
  layout.weights = layout.microcode + uint32_t(plan.microcode.size());
  layout.chunks = layout.weights;
  for (const RowBlock &block : plan.weightBlocks)
    layout.chunks += (block.rows << block.split) * 4;
  layout.thresholds = layout.chunks;
  for (const WeightChunk &chunk : plan.chunks)
    layout.thresholds += chunkBeats(plan, chunk);
  return layout;
}

isa::Load programLoad(isa::LoadDest dest, uint32_t source, uint32_t beats,
                      uint32_t address, uint32_t split) {
  isa::Load load;
  load.dest = dest;
  load.region = isa::Region::Program;
  load.source = source;
  load.beats = beats;
  load.address = address;
  load.split = split;
  return load;
}

std::vector<MachineInstruction> coldCode(const Plan &plan,
                                         const ImageLayout &layout) {
  std::vector<MachineInstruction> code;
  code.push_back({programLoad(isa::LoadDest::Control, layout.microcode,
                              uint32_t(plan.microcode.size()), 0, 0)});
  auto rows = [&](const std::vector<RowBlock> &blocks, isa::LoadDest dest,
                  uint32_t source) {
    for (const RowBlock &block : blocks) {
      uint32_t beats = (block.rows * isa::isaRowBeats) << block.split;
      int layer = block.layers.size() == 1 ? int(block.layers[0]) : -1;
      code.push_back(
          {programLoad(dest, source, beats, block.firstRow, block.split),
           layer});
      source += beats;
    }
  };
  rows(plan.weightBlocks, isa::LoadDest::Weights, layout.weights);
  rows(plan.thresholdBlocks, isa::LoadDest::Thresholds, layout.thresholds);
  code.push_back({isa::End()});
  return code;
}

/// LOOP words for the loops that run more than once, two at a time.
void emitLoops(const LayerPlan &layer, int index,
               std::vector<MachineInstruction> &code) {
  isa::Loop loop;
  bool half = false;
  for (uint32_t j = 0; j < layer.loops.size(); ++j) {
    const Nest &nest = layer.loops[j];
    if (nest.limit == 1)
      continue;
    if (!half) {
      loop = isa::Loop();
      loop.index0 = j;
      loop.limit0 = nest.limit;
      loop.act_stride0 = nest.act;
      loop.weight_stride0 = nest.weight;
      loop.threshold_stride0 = nest.threshold;
    } else {
      loop.index1 = j;
      loop.limit1 = nest.limit;
      loop.act_stride1 = nest.act;
      loop.weight_stride1 = nest.weight;
      loop.threshold_stride1 = nest.threshold;
      code.push_back({loop, index});
    }
    half = !half;
  }
  if (half)
    code.push_back({loop, index});
}

isa::Load inputLoad(const Plan &plan, int stripe) {
  const MapLayout &in = plan.layers[0].in;
  isa::Load load;
  load.dest = isa::LoadDest::Lanes;
  load.region = isa::Region::Input;
  load.address = in.base;
  uint32_t begin = 0, end = in.loadBeats();
  if (stripe >= 0) {
    begin = plan.stripes[size_t(stripe)].source;
    end = begin + plan.stripes[size_t(stripe)].beats;
    load.address += uint32_t(stripe % 2) * in.groupPitch / 2;
  }
  // The host's part of these beats, between pads.
  uint32_t from = std::max(begin, in.padLead);
  uint32_t to = std::min(end, in.padLead + in.hostBeats());
  load.lead = from - begin;
  load.source = from - in.padLead;
  load.beats = to - from;
  load.trail = end - to;
  load.pad = load.lead + load.trail ? in.padByte : 0;
  load.format = in.quad ? isa::Format::Quad : isa::Format::Bits;
  load.phase = in.phase;
  load.period = in.period;
  load.keep = in.keep;
  return load;
}

/// What of `item` the host reads: the output ends with its last value.
isa::Store outputStore(const StorePlan &item, uint32_t outputBeats) {
  isa::Store store;
  store.source = isa::StoreSource::Output;
  store.region = isa::Region::Output;
  store.address = item.address;
  store.dest = item.dest;
  store.beats = std::min(item.words, outputBeats - item.dest);
  store.pop_prev = 1;
  store.push_prev = item.frees;
  return store;
}

std::vector<MachineInstruction> warmCode(const Plan &plan,
                                         uint32_t outputBeats,
                                         const ImageLayout &layout) {
  std::vector<MachineInstruction> code;
  std::vector<uint32_t> sources;
  uint32_t source = layout.chunks;
  for (const WeightChunk &chunk : plan.chunks) {
    sources.push_back(source);
    source += chunkBeats(plan, chunk);
  }
  auto emitLoad = [&](const LoadPlan &item) {
    isa::Load load;
    int layer = 0;
    if (item.chunk < 0) {
      load = inputLoad(plan, item.stripe);
    } else {
      const WeightChunk &chunk = plan.chunks[size_t(item.chunk)];
      layer = int(chunk.layer);
      load = programLoad(isa::LoadDest::Weights, sources[size_t(item.chunk)],
                         chunkBeats(plan, chunk), chunk.row,
                         plan.layers[chunk.layer].split);
    }
    load.pop_next = 1;
    load.push_next = item.signals;
    code.push_back({load, layer});
  };
  emitLoad(plan.loads[0]);
  size_t nextLoad = 1, nextStore = 0;
  for (size_t r = 0; r < plan.runs.size(); ++r) {
    const RunPlan &item = plan.runs[r];
    isa::Run run = item.part.run;
    if (item.layer >= 0) {
      emitLoops(item.part, item.layer, code);
      code.push_back({item.part.out, item.layer});
    }
    run.pop_prev = item.waitsForLoad;
    run.push_prev = item.freesForLoad;
    run.pop_next = item.waitsForStore;
    run.push_next = item.freesForStore;
    code.push_back({run, item.layer});
    while (nextLoad < plan.loads.size() && plan.loads[nextLoad].after == r)
      emitLoad(plan.loads[nextLoad++]);
    if (nextStore < plan.stores.size() && plan.stores[nextStore].after == r)
      code.push_back({outputStore(plan.stores[nextStore++], outputBeats),
                      item.layer});
  }
  code.push_back({isa::End()});
  return code;
}
} // namespace

MachineCode emitCode(const Network &network, const Plan &plan) {
  // Addresses depend on the length of the code only.
  uint32_t beats = outputBytes(network, plan) / 8;
  MachineCode code{coldCode(plan, {}), warmCode(plan, beats, {})};
  ImageLayout layout = layoutImage(plan, code.cold.size() + code.warm.size());
  return {coldCode(plan, layout), warmCode(plan, beats, layout)};
}

isa::Program buildProgram(const Network &network, const Plan &plan,
                          const MachineCode &code) {
  isa::Program program;
  program.target = plan.target;
  auto append = [&](const std::vector<MachineInstruction> &part) {
    for (const MachineInstruction &item : part) {
      size_t at = program.image.size();
      program.image.resize(at + isa::instructionBytes);
      isa::storeBits(isa::encode(item.instruction), &program.image[at]);
    }
    return uint32_t(program.image.size());
  };
  program.coldEnd = append(code.cold);
  program.warmBegin = program.coldEnd;
  program.warmEnd = append(code.warm);
  program.codeBytes = program.warmEnd;
  for (const isa::Microword &word : plan.microcode)
    for (uint64_t bits = isa::encode(word), i = 0; i < 8; ++i)
      program.image.push_back(uint8_t(bits >> (8 * i)));
  program.microcodeBytes =
      uint32_t(plan.microcode.size() * isa::microwordBytes);

  auto rows = [&](const std::vector<RowBlock> &blocks, auto pack) {
    size_t before = program.image.size();
    for (const RowBlock &block : blocks)
      for (uint32_t m = 0; m < 1u << block.split; ++m)
        for (size_t layer : block.layers) {
          std::vector<uint8_t> bytes = pack(layer, m);
          program.image.insert(program.image.end(), bytes.begin(), bytes.end());
        }
    return uint32_t(program.image.size() - before);
  };
  program.weightBytes = rows(plan.weightBlocks, [&](size_t layer, uint32_t m) {
    return packWeights(network.layers[layer], plan.layers[layer], m);
  });
  size_t streamed = program.image.size();
  for (const WeightChunk &chunk : plan.chunks)
    for (uint32_t m = 0; m < plan.layers[chunk.layer].gm; ++m) {
      std::vector<uint8_t> bytes =
          packWeightsOf(network.layers[chunk.layer], plan.layers[chunk.layer],
                        m, chunk.firstGroup, chunk.groups);
      program.image.insert(program.image.end(), bytes.begin(), bytes.end());
    }
  program.weightBytes += uint32_t(program.image.size() - streamed);
  program.thresholdBytes =
      rows(plan.thresholdBlocks, [&](size_t layer, uint32_t m) {
        bool last = layer + 1 == network.layers.size();
        return packThresholds(network.layers[layer], plan.layers[layer],
                              last ? nullptr : &network.layers[layer + 1], m);
      });
  program.inputBytes = inputBytes(plan);
  program.outputBytes = outputBytes(network, plan);
  return program;
}

host::InputLayout inputLayout(const Layer &first, const MapLayout &map) {
  host::InputLayout layout;
  layout.bits = !map.quad;
  if (layout.bits) {
    layout.record = map.record;
    layout.groups = map.groups;
    layout.groupBytes = map.groupBytes;
    layout.padCode = map.padOne ? 1 : 0;
  } else {
    layout.mask = first.isSigned ? 128 : 0;
    layout.padCode = int32_t(first.padValue);
  }
  layout.rowBytes = map.rowBytes;
  layout.padLeft = map.lead;
  layout.padRight = map.trail;
  layout.padTop = uint32_t(first.padTop);
  layout.padBottom = uint32_t(first.padBottom);
  layout.lead = 8 * uint64_t(map.padLead);
  layout.trail = 8 * uint64_t(map.padTrail);
  return layout;
}

uint32_t outputBytes(const Network &network, const Plan &plan) {
  std::vector<uint32_t> words = outputOrder(network, plan);
  return (*std::max_element(words.begin(), words.end()) / 2 + 1) * 8;
}

std::vector<uint32_t> outputOrder(const Network &network, const Plan &plan) {
  const LayerPlan &last = plan.layers.back();
  const Layer &layer = network.layers.back();
  bool raw = layer.output == OutputKind::Raw;
  uint32_t parts = layer.output == OutputKind::Split ? 2 : 1;
  uint32_t height = uint32_t(layer.conv.h);
  uint32_t width = raw ? uint32_t(layer.out.w) : 1;
  std::vector<uint32_t> words;
  for (uint32_t part = 0; part < parts; ++part)
    for (uint32_t c = 0; c < layer.conv.c; ++c)
      for (uint32_t y = 0; y < height; ++y)
        for (uint32_t x = 0; x < width; ++x) {
          uint32_t perGroup = 8 * last.gm, group = c / perGroup;
          uint32_t m = c % perGroup / 8;
          uint32_t pixel = (group * height + y) * width + x;
          words.push_back(((pixel * last.gm + m) * parts + part) * 8 + c % 8);
        }
  return words;
}

} // namespace bnncc::lower
