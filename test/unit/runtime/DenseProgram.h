// A program made by hand: one dense layer, 40 bipolar inputs -> 8 integers.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Microassembler.h"
#include "bnn/isa/Program.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

namespace bnn::test {

inline constexpr int denseInputs = 40, denseOutputs = 8;

/// The layer's weights, +1 and -1.
using DenseWeights = std::array<std::array<int, denseInputs>, denseOutputs>;

inline DenseWeights denseWeights(unsigned seed = 1) {
  std::mt19937 random(seed);
  DenseWeights weights;
  for (auto &row : weights)
    for (int &w : row)
      w = random() & 1 ? 1 : -1;
  return weights;
}

/// The `io` section: bits in, dot products out as they are.
inline nlohmann::json denseIo() {
  return nlohmann::json::parse(R"({
    "input": {"name": "x", "type": "float32", "shape": [1, 40],
              "map": {"C": 40, "H": 1, "W": 1}, "quantise": {"kind": "bipolar"},
              "layout": {"format": "bits", "record": 4, "groups": 2, "group_bytes": 8,
                         "row_bytes": 8}},
    "raw": {"words": [0, 1, 2, 3, 4, 5, 6, 7], "shape": [8, 1, 1]},
    "epilogue": [{"op": "to_real", "scale": [1], "shift": [0]}],
    "outputs": [{"name": "y", "type": "float32", "shape": [1, 8]}]})");
}

/// Two groups of channels (32 and 8 of them), one weight row each; the layer is
/// one RUN of the `binary_value` routine: dot = 2*H - N is done by INIT with
/// T = -N/2 and doubling in the epilogue.
inline isa::Program denseProgram(const DenseWeights &weights,
                                 nlohmann::json io) {
  using namespace isa;
  Program program;
  if (std::string error; !loadTarget("z010", program.target, error))
    std::abort();
  std::vector<uint8_t> &image = program.image;
  auto word = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      image.push_back(uint8_t(value >> (8 * i)));
  };
  auto code = [&](std::initializer_list<Instruction> instructions) {
    for (const Instruction &instruction : instructions) {
      Bits128 bits = encode(instruction);
      word(bits.lo, 8);
      word(bits.hi, 8);
    }
  };

  // Data first: control word, two weight rows, one threshold row.
  word(encode(placeRoutine(*findRoutine("binary_value"), 0)[0]), 8);
  for (int group = 0; group < 2; ++group)
    for (const auto &row : weights) {
      uint32_t bits = 0;
      for (int i = 0; i < 32; ++i) {
        int channel = group * 32 + i;
        bits |= uint32_t(channel >= denseInputs || row[size_t(channel)] > 0)
                << i;
      }
      word(bits, 4);
    }
  for (int channel = 0; channel < denseOutputs; ++channel)
    word(thresholdEntry(-denseInputs / 2, false), 4);

  Load control, rows, points;
  control.dest = LoadDest::Control, control.region = Region::Program;
  rows.dest = LoadDest::Weights, rows.region = Region::Program;
  rows.source = 1, rows.beats = 8;
  points.dest = LoadDest::Thresholds, points.region = Region::Program;
  points.source = 9, points.beats = isaRowBeats;
  program.coldBegin = uint32_t(image.size());
  code({control, rows, points, End{}});
  program.coldEnd = program.warmBegin = uint32_t(image.size());

  Load input;
  input.dest = LoadDest::Lanes, input.region = Region::Input, input.beats = 2;
  input.pop_next = input.push_next = 1;
  Loop loops;
  loops.index0 = 0, loops.limit0 = 1;
  loops.index1 = 2, loops.limit1 = 2;
  loops.act_stride1 = 2, loops.weight_stride1 = 1;
  Out out;
  out.mode = OutMode::Raw;
  out.pixels = 1;
  Run run;
  run.pop_prev = run.push_prev = run.pop_next = run.push_next = 1;
  Store store;
  store.pop_prev = store.push_prev = 1;
  store.source = StoreSource::Output, store.region = Region::Output,
  store.beats = 4;
  code({input, loops, out, run, store, End{}});
  program.warmEnd = uint32_t(image.size());

  program.inputBytes = 16;
  program.outputBytes = 32;
  program.codeBytes = program.warmEnd - program.coldBegin;
  program.microcodeBytes = 8;
  program.weightBytes = 64;
  program.thresholdBytes = 32;
  for (auto &op : io["epilogue"])
    if (op["op"] == "to_real")
      op["scale"] = {2};
  program.io = io.dump();
  program.debug = R"({"model": "dense.onnx", "instructions": []})";
  return program;
}

} // namespace bnn::test
