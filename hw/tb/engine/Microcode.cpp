// bnn-tb-microcode: layer kinds that no shipped routine computes, as text for the
// microassembler, loaded and run on the unchanged Verilated engine; their results
// against plain loops here, and the golden model's on the way.
#include "Machine.h"

#include "bnn/isa/Microassembler.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <functional>

using namespace bnn;
using namespace bnn::bench;
using namespace bnn::isa;

namespace {

/// A map of bits with 32 channels (4 bytes, one word a pixel) and weights for
/// `groups` times 8 output channels.
struct Layer {
  uint32_t pixels, stride, taps, groups;
  std::vector<uint32_t> map;                    ///< [input pixel]
  std::vector<std::array<uint32_t, 8>> weights; ///< [group * taps + tap][channel]

  Layer(uint32_t pixels, uint32_t stride, uint32_t reach, uint32_t taps, uint32_t groups)
      : pixels(pixels), stride(stride), taps(taps), groups(groups),
        map(((pixels - 1) * stride + reach + 1) & ~1u), weights(groups * taps) {
    std::mt19937_64 random(pixels);
    for (uint32_t &word : map)
      word = uint32_t(random());
    for (auto &row : weights)
      for (uint32_t &word : row)
        word = uint32_t(random());
  }
  /// Agreeing bits of input pixel `at` and the weights of `tap`.
  int32_t agree(uint32_t at, uint32_t group, uint32_t tap, uint32_t channel) const {
    return std::popcount(~(map[at] ^ weights[group * taps + tap][channel]));
  }
};

/// What a case gives besides its microcode.
struct Case {
  const char *name, *microcode;
  std::vector<Loop> loops;
  uint32_t weightPlaneStride = 0;
  uint32_t rowPixels = 0; ///< of OUT, if not all
  /// Results in the order in which the engine sends them.
  std::function<std::vector<int32_t>(const Layer &)> expected;
};

void append(std::vector<uint8_t> &bytes, const void *data, size_t size) {
  auto *from = static_cast<const uint8_t *>(data);
  bytes.insert(bytes.end(), from, from + size);
}

/// Runs `test` on the engine; "" or what is wrong.
std::string check(Machine &machine, const Layer &layer, const Case &test) {
  std::vector<Microword> words;
  std::map<std::string, uint32_t> labels;
  std::string error;
  if (!assemble(test.microcode, words, labels, error))
    return error;
  const std::vector<int32_t> expected = test.expected(layer);

  std::vector<uint8_t> constants;
  for (const Microword &word : words) {
    uint64_t bits = encode(word);
    append(constants, &bits, 8);
  }
  append(constants, layer.weights.data(), layer.weights.size() * 32);
  constants.resize(constants.size() + 8 * isaRowBeats); // a row of thresholds: zeros

  const uint32_t count = uint32_t(test.loops.size()) + 8;
  uint32_t at = count * instructionBytes / 8;
  std::vector<Instruction> code;
  auto load = [&](LoadDest dest, size_t beats) {
    Load inst;
    inst.dest = dest;
    inst.source = at;
    inst.beats = uint32_t(beats);
    at += inst.beats;
    code.push_back(inst);
  };
  load(LoadDest::Control, words.size());
  load(LoadDest::Weights, layer.weights.size() * isaRowBeats);
  load(LoadDest::Thresholds, isaRowBeats);
  Load input;
  input.region = Region::Input;
  input.beats = uint32_t(layer.map.size() / 2);
  input.phase = 4 * layer.stride;
  input.push_next = 1;
  code.push_back(input);
  code.insert(code.end(), test.loops.begin(), test.loops.end());
  Out out;
  out.mode = OutMode::Raw;
  out.pixels = test.rowPixels ? test.rowPixels : layer.pixels;
  code.push_back(out);
  isa::Run run;
  run.pop_prev = run.push_next = 1;
  run.cluster_stride = 8 * layer.stride;
  run.weight_plane_stride = test.weightPlaneStride;
  code.push_back(run);
  Store store;
  store.pop_prev = 1;
  store.region = Region::Output;
  store.beats = uint32_t(expected.size() / 2);
  code.push_back(store);
  code.push_back(End{});

  Regions regions;
  for (const Instruction &instruction : code) {
    Bits128 bits = encode(instruction);
    append(regions[0], &bits, instructionBytes);
  }
  append(regions[0], constants.data(), constants.size());
  append(regions[1], layer.map.data(), layer.map.size() * 4);
  regions[2].resize(expected.size() * 4);
  Start start;
  start.end = count * instructionBytes;
  Result result = machine.run(regions, start);
  if (!result.difference.empty())
    return result.difference;
  if (result.trap != Trap::None)
    return isa::name(result.trap);
  for (size_t i = 0; i != expected.size(); ++i) {
    int32_t value;
    std::memcpy(&value, &regions[2][4 * i], 4);
    if (value != expected[i])
      return fmt::format("value {} is {}, not {}", i, value, expected[i]);
  }
  fmt::print("{}: {} values equal, {} microwords\n", test.name, expected.size(), words.size());
  return "";
}

Loop loop(uint32_t index, uint32_t limit, int32_t act, int32_t weight) {
  Loop l;
  l.index0 = index;
  l.limit0 = limit;
  l.act_stride0 = act;
  l.weight_stride0 = weight;
  return l;
}

} // namespace

// bnn-tb-microcode [TARGET]
int main(int argc, char **argv) {
  Target target;
  std::string error;
  if (!loadTarget(argc > 1 ? argv[1] : "z020", target, error))
    return 2;
  Machine machine(target, sim::AxiTiming::ideal(), 1);
  if (!machine.ok())
    return 2;
  const uint32_t perTile = 8 * target.clusters;

  // A recursive average: every tap of the window weighs twice the one before.
  Layer average(75, 2, 6, 6, 2);
  Case recursive;
  recursive.name = "recursive average";
  recursive.microcode = "tap: mac first=zero rest=shift reduce=0 sample=value done ends=0-7 near=tap far=tap halt";
  recursive.loops = {loop(0, 6, 1, 1), loop(5, (75 + perTile - 1) / perTile, int32_t(perTile) * 2, 0),
                     loop(7, 2, 0, 6)};
  recursive.expected = [](const Layer &l) {
    std::vector<int32_t> y;
    for (uint32_t g = 0; g != l.groups; ++g)
      for (uint32_t x = 0; x != l.pixels; ++x)
        for (uint32_t c = 0; c != 8; ++c) {
          int32_t sum = 0;
          for (uint32_t k = 0; k != l.taps; ++k)
            sum = 2 * sum + l.agree(x * l.stride + k, g, k, c);
          y.push_back(sum);
        }
    return y;
  };

  // Two branches in one pass: 5 dense taps that count twice, 3 taps four pixels apart.
  Layer branches(90, 1, 9, 8, 1);
  Case dilated;
  dilated.name = "two branches, one dilated";
  dilated.microcode =
      "dense: mac first=zero rest=add reduce=0 ends=0-0 near=dense far=dense\n"
      "wide:  mac first=shift rest=add reduce=1 plane_w=1 sample=value done ends=1-7 near=wide far=dense halt";
  dilated.weightPlaneStride = 5;
  dilated.loops = {loop(0, 5, 1, 1), loop(1, 3, 4, 1),
                   loop(5, (90 + perTile - 1) / perTile, int32_t(perTile), 0)};
  dilated.expected = [](const Layer &l) {
    std::vector<int32_t> y;
    for (uint32_t x = 0; x != l.pixels; ++x)
      for (uint32_t c = 0; c != 8; ++c) {
        int32_t sum = 0;
        for (uint32_t k = 0; k != 5; ++k)
          sum += 2 * l.agree(x + k, 0, k, c);
        for (uint32_t k = 0; k != 3; ++k)
          sum += l.agree(x + 4 * k, 0, 5 + k, c);
        y.push_back(sum);
      }
    return y;
  };

  // Another order: all output groups of a row before the next row.
  const uint32_t row = std::min(perTile, 32u); // one tile
  Layer groups(2 * row, 1, 4, 4, 3);
  Case inner;
  inner.name = "output groups inside rows";
  inner.microcode = "window: mac first=zero rest=add reduce=0 sample=value done ends=0-0 near=window far=window\n"
                    "group:  ends=7-7 near=window far=window\n"
                    "row:    ends=6-6 near=window far=window halt";
  inner.loops = {loop(0, 4, 1, 1), loop(6, 2, int32_t(row), 0), loop(7, 3, 0, 4)};
  inner.rowPixels = row;
  inner.expected = [row](const Layer &l) {
    std::vector<int32_t> y;
    for (uint32_t first = 0; first < l.pixels; first += row)
      for (uint32_t g = 0; g != l.groups; ++g)
        for (uint32_t x = first; x != first + row; ++x)
          for (uint32_t c = 0; c != 8; ++c) {
            int32_t sum = 0;
            for (uint32_t k = 0; k != l.taps; ++k)
              sum += l.agree(x + k, g, k, c);
            y.push_back(sum);
          }
    return y;
  };

  const std::pair<const Layer *, const Case *> cases[] = {
      {&average, &recursive}, {&branches, &dilated}, {&groups, &inner}, {&average, &recursive}};
  for (auto [layer, test] : cases)
    if (std::string text = check(machine, *layer, *test); !text.empty()) {
      fmt::print("{}: {}\n", test->name, text);
      return 1;
    }
  return 0;
}
