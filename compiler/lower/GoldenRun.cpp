//===- GoldenRun.cpp - Final bytes on the golden engine -------------------===//
//
// See GoldenRun.h.
//
//===----------------------------------------------------------------------===//

#include "GoldenRun.h"
#include "Arithmetic.h"
#include "bnn/isa/host/Prologue.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnncc::lower {

GoldenRun::GoldenRun(const Network &network, const Plan &plan,
                     const isa::Program &program)
    : network(network), plan(plan), program(program), engine(program.target),
      image(program.image) {
  engine.reset();
}

bool GoldenRun::execute(const std::vector<uint8_t> &code,
                        const std::vector<uint8_t> &window,
                        std::vector<uint8_t> &output, std::string &error) {
  std::vector<uint8_t> input = window;
  std::vector<uint8_t> scratch(program.scratchBytes);
  isa::Memory memory{{image, input, output, scratch}};
  auto run = [&](std::span<const uint8_t> bytes) {
    isa::Outcome outcome = engine.run(bytes, memory);
    if (outcome.trap == isa::Trap::None)
      return true;
    error = fmt::format("the engine traps at instruction {}: {}",
                        outcome.trapInstruction, outcome.trapText);
    return false;
  };
  if (!loaded && !run(std::span(image).subspan(
                     program.coldBegin, program.coldEnd - program.coldBegin)))
    return false;
  loaded = true;
  return run(code);
}

bool GoldenRun::run(const std::vector<uint8_t> &window,
                    std::vector<uint8_t> &output, std::string &error) {
  output.assign(program.outputBytes, 0);
  return execute({image.begin() + program.warmBegin,
                  image.begin() + program.warmEnd},
                 window, output, error);
}

std::vector<int64_t>
GoldenRun::integersOf(const std::vector<uint8_t> &output) const {
  const LayerPlan &last = plan.layers.back();
  const Layer &layer = network.layers.back();
  std::vector<int64_t> values;
  for (uint32_t word : outputOrder(network, plan)) {
    const uint8_t *b = &output[4 * word];
    int32_t v = int32_t(b[0] | b[1] << 8 | b[2] << 16 | uint32_t(b[3]) << 24);
    bool sum = layer.output == OutputKind::Sum;
    int64_t c = int64_t(values.size()) % layer.conv.c; // one sum per channel
    values.push_back(last.valueScale * v +
                     (sum ? sumShift(layer, c) : last.valueShift));
  }
  return values;
}

std::optional<std::vector<int64_t>> GoldenRun::values(const Codes &codes,
                                                      std::string &error) {
  const Layer &first = network.layers.front();
  host::Part part;
  part.map = {first.in.c, first.in.h, first.in.w};
  part.layout = inputLayout(first, plan.layers[0].in);
  std::vector<int16_t> packed;
  for (int32_t code : codes)
    packed.push_back(int16_t(part.layout.bits ? code > 0 : code));
  std::vector<uint8_t> window(program.inputBytes), output;
  host::Prologue(part, program.inputBytes).pack(packed, window.data());
  if (!run(window, output, error))
    return std::nullopt;
  return integersOf(output);
}

std::optional<Codes>
GoldenRun::hiddenMap(const std::vector<uint8_t> &window, size_t layer,
                     std::string &error) {
  const MapLayout &map = plan.layers[layer + 1].in;
  // The warm code up to the layer's RUN, then its map to region Output.
  std::vector<uint8_t> code;
  auto append = [&](const isa::Instruction &instruction) {
    code.resize(code.size() + isa::instructionBytes);
    isa::storeBits(isa::encode(instruction),
                   &code[code.size() - isa::instructionBytes]);
  };
  size_t runs = 0, wanted = 0;
  for (const RunPlan &run : plan.runs)
    if (run.layer >= 0 && run.layer <= int(layer))
      wanted = size_t(&run - plan.runs.data()) + 1;
  for (uint32_t at = program.warmBegin; at < program.warmEnd && runs < wanted;
       at += isa::instructionBytes) {
    isa::Instruction instruction;
    if (!isa::decode(isa::loadBits(&image[at]), instruction, error))
      return std::nullopt;
    if (auto *run = std::get_if<isa::Run>(&instruction))
      if (++runs == wanted)
        run->push_next = 1;
    append(instruction);
  }
  isa::Store store;
  store.source = isa::StoreSource::Lanes;
  store.address = map.base;
  store.region = isa::Region::Output;
  store.beats = map.words() / 2;
  store.pop_prev = 1;
  append(store);
  append(isa::End());
  std::vector<uint8_t> output(store.beats * 8);
  if (!execute(code, window, output, error))
    return std::nullopt;
  Codes bits;
  for (int64_t c = 0; c < map.shape.c; ++c)
    for (int64_t y = 0; y < map.shape.h; ++y)
      for (int64_t x = 0; x < map.shape.w; ++x) {
        size_t at = 4 * (map.channelOffset() + map.groupOf(c) * map.groupPitch +
                         (map.padTop + y) * map.rowPitch) +
                    map.lead + size_t(x) * map.record;
        uint32_t bit = map.bitOf(c);
        bits.push_back(output[at + bit / 8] >> (bit % 8) & 1 ? 1 : -1);
      }
  return bits;
}

} // namespace bnncc::lower
