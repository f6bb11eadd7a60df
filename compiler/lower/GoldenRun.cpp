//===- GoldenRun.cpp - Final bytes on the golden engine -------------------===//
//
// See GoldenRun.h.
//
//===----------------------------------------------------------------------===//

#include "GoldenRun.h"
#include "Arithmetic.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnncc::lower {

std::vector<uint8_t> packInput(const Layer &first, const MapLayout &map,
                               const Codes &codes) {
  std::vector<uint8_t> bytes(map.loadBeats() * 8);
  for (int64_t c = 0; c < first.in.c; ++c)
    for (int64_t row = 0; row < map.rows; ++row)
      for (int64_t w = -first.padLeft; w < first.in.w + first.padRight; ++w) {
        int64_t y = row - map.padTop;
        bool inside = y >= 0 && y < first.in.h && w >= 0 && w < first.in.w;
        int64_t v = inside ? codes[(c * first.in.h + y) * first.in.w + w]
                           : first.padValue;
        size_t at = map.groupOf(c) * map.groupBytes + row * map.rowBytes +
                    size_t(w + first.padLeft) * map.record;
        uint32_t bit = map.bitOf(c);
        if (map.quad)
          bytes[at + bit] = uint8_t(v ^ (first.isSigned ? 0x80 : 0));
        else if (v > 0)
          bytes[at + bit / 8] |= uint8_t(1 << (bit % 8));
      }
  bytes.erase(bytes.begin() + (map.padLead + map.hostBeats()) * 8, bytes.end());
  bytes.erase(bytes.begin(), bytes.begin() + map.padLead * 8);
  return bytes;
}

GoldenRun::GoldenRun(const Network &network, const Plan &plan,
                     const isa::Program &program)
    : network(network), plan(plan), program(program), engine(program.target),
      image(program.image) {
  engine.reset();
}

bool GoldenRun::execute(const std::vector<uint8_t> &code, const Codes &codes,
                        std::vector<uint8_t> &output, std::string &error) {
  std::vector<uint8_t> input =
      packInput(network.layers[0], plan.layers[0].in, codes);
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

std::optional<std::vector<int64_t>> GoldenRun::values(const Codes &codes,
                                                      std::string &error) {
  std::vector<uint8_t> output(program.outputBytes);
  std::vector<uint8_t> code(image.begin() + program.warmBegin,
                            image.begin() + program.warmEnd);
  if (!execute(code, codes, output, error))
    return std::nullopt;
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

std::optional<Codes> GoldenRun::hiddenMap(const Codes &codes, size_t layer,
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
    wanted += run.layer <= int(layer);
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
  if (!execute(code, codes, output, error))
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
