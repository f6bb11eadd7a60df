#include "RandomProgram.h"

#include "bnn/isa/Microassembler.h"
#include "bnn/isa/Verifier.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>

namespace bnn::bench {

using namespace isa;

namespace {

class Generator {
public:
  Generator(const Target &target, uint64_t seed) : target(target), random(seed) {}

  /// `bends`: now and then with bent routines.
  RandomProgram program(bool bends);

private:
  uint32_t upTo(uint32_t n) { return uint32_t(random() % (n + 1)); }
  uint32_t between(uint32_t low, uint32_t high) { return low + upTo(high - low); }
  bool coin(uint32_t n = 2) { return random() % n == 0; }

  template <typename Make>
  void layer(std::vector<Instruction> &code, uint32_t split, Make adjust);
  void addLoop(std::vector<Instruction> &code, uint32_t index, uint32_t limit,
               int32_t act, int32_t weight, int32_t threshold);
  std::vector<Instruction> warmCode();
  std::vector<Instruction> coldCode(uint32_t constants);
  void place(const Routine &routine);
  Routine bend(Routine routine);

  static constexpr uint32_t kRows = 48, kThresholdRows = 24, kScratch = 256;
  const Target target;
  std::mt19937_64 random;
  std::vector<uint8_t> microcode;
  std::vector<std::pair<Routine, uint32_t>> routines; ///< and their entries
  size_t bent = 0; ///< the first bent one; 0: there is none
  uint32_t inputBeats = 0, outputBeats = 0;
  uint32_t inputEnd = 0; ///< the lane word behind the input
  bool ordered = false; ///< of the program to come
};

void append(std::vector<uint8_t> &bytes, const std::vector<Instruction> &code) {
  for (const Instruction &instruction : code) {
    bytes.resize(bytes.size() + instructionBytes);
    storeBits(encode(instruction), bytes.data() + bytes.size() - instructionBytes);
  }
}

void Generator::addLoop(std::vector<Instruction> &code, uint32_t index,
                        uint32_t limit, int32_t act, int32_t weight,
                        int32_t threshold) {
  // Two loops share an instruction now and then, as compiled code does.
  if (!code.empty() && coin())
    if (auto *last = std::get_if<Loop>(&code.back()); last && !last->limit1) {
      last->index1 = index;
      last->limit1 = limit;
      last->act_stride1 = act;
      last->weight_stride1 = weight;
      last->threshold_stride1 = threshold;
      return;
    }
  Loop loop;
  loop.index0 = index;
  loop.limit0 = limit;
  loop.act_stride0 = act;
  loop.weight_stride0 = weight;
  loop.threshold_stride0 = threshold;
  code.push_back(loop);
}

/// LOOPs, OUT and RUN of one layer; `adjust(out, run)` sets tokens and places.
template <typename Make>
void Generator::layer(std::vector<Instruction> &code, uint32_t split,
                      Make adjust) {
  // Half of the layers of a program that has bent routines use one.
  size_t first = coin() ? 0 : bent;
  const auto &[routine, entry] = routines[first + random() % (routines.size() - first)];
  bool value = false, multi = false, sums = false, quad = routine.name.starts_with("quad");
  for (const Microword &word : routine.words) {
    value |= word.sample == Sample::Value;
    sums |= word.reduce >> 5 & 1;
    multi |= word.first == AccOp::Bias;
  }
  uint32_t groups = target.clusters >> split;
  uint32_t perTile = 8 * groups;

  isa::Run run;
  Out out;
  run.entry = entry;
  run.split = split;
  run.quad = quad;
  run.shifts = coin(8) ? upTo(15) : routine.shifts;
  run.act = upTo(64);
  run.weight = upTo(8);
  run.threshold = upTo(4);
  run.cluster_stride = upTo(8);
  run.act_plane_stride = quad ? 1 : upTo(4);
  run.weight_plane_stride = quad ? 0 : upTo(2);
  run.tail = coin() ? 0 : upTo(quad ? 7 : 31);
  run.delay = coin(3) ? upTo(20) : 0;

  uint32_t words = between(1, 6), tiles = between(1, 5);
  addLoop(code, 0, words, quad ? 2 : int(between(0, 2)), 1, 0);
  if (coin(3))
    addLoop(code, 1, between(1, 3), upTo(9), upTo(2), 0);
  if (coin(3))
    addLoop(code, 2, between(1, 3), upTo(9), upTo(2), 0);
  if (multi)
    addLoop(code, 3, between(1, 4), 0, 0, upTo(2));
  uint32_t channelTiles = sums || coin() ? 1 : between(1, 4);
  if (channelTiles > 1)
    addLoop(code, 4, channelTiles, 0, upTo(3), upTo(2));
  addLoop(code, 5, tiles, int(upTo(12)), 0, 0);
  uint32_t rows = 1, outputs = 1;
  if (coin(3))
    addLoop(code, 6, rows = between(1, 3), upTo(9), 0, 0);
  if (coin(3))
    addLoop(code, 7, outputs = between(1, 3), 0, upTo(3), upTo(2));

  out.pixels = coin(4) ? between(1, tiles * perTile) : (tiles - 1) * perTile + between(1, perTile);
  run.last_pixels = coin() ? 0 : between(1, std::min(perTile, 128u));
  out.pool_window = coin() ? 1 : between(1, 15);
  out.pool_stride = coin() ? 1 : between(1, 15);
  out.pool_first = coin();
  out.pad = coin();
  out.phase = upTo(12);
  out.lead = upTo(12);
  out.trail = upTo(12);
  out.record = between(1, 4);
  out.row_pitch = 2 * upTo(20);
  out.group_pitch = 2 * upTo(40);
  static constexpr OutMode modes[] = {OutMode::Raw, OutMode::Sum, OutMode::Split,
                                      OutMode::SumBits};
  out.mode = value ? modes[random() % 4] : OutMode::Bits;
  if (out.mode == OutMode::SumBits && coin()) { // streams that are sooner made than sent
    out.pixels = between(1, 4);
    out.trail = upTo(255);
  }
  bool toBuffer = value && out.mode != OutMode::SumBits;
  if (toBuffer) {
    out.base = upTo(8);
    out.group_pitch = out.row_pitch = 0;
  } else {
    // Behind the input, which the next window's LOAD overwrites; or anywhere.
    uint32_t low = ordered ? inputEnd : 0;
    out.base = low + 2 * upTo(target.laneWords / 4 - low / 2);
  }
  adjust(out, run);
  code.push_back(out);
  code.push_back(run);
}

std::vector<Instruction> Generator::coldCode(uint32_t constants) {
  std::vector<Instruction> code;
  Load load;
  load.dest = LoadDest::Control;
  load.source = constants;
  load.beats = uint32_t(microcode.size() / 8);
  code.push_back(load);
  uint32_t at = constants + load.beats;
  auto rows = [&](LoadDest dest, uint32_t count) {
    uint32_t split = upTo(std::min(2, std::countr_zero(target.clusters)));
    Load rows;
    rows.dest = dest;
    rows.split = split;
    rows.source = at;
    rows.beats = (count * isaRowBeats) << split;
    at += rows.beats;
    code.push_back(rows);
  };
  rows(LoadDest::Weights, std::min(kRows, target.weightRows));
  rows(LoadDest::Thresholds, std::min(kThresholdRows, target.thresholdRows));
  code.push_back(End{});
  return code;
}

std::vector<Instruction> Generator::warmCode() {
  std::vector<Instruction> code;
  Load load;
  load.pop_next = load.push_next = 1;
  load.region = Region::Input;
  load.beats = inputBeats = between(1, 60);
  load.address = 2 * upTo(16);
  load.phase = coin(4) ? upTo(255) : upTo(16);
  load.format = coin() ? Format::Quad : Format::Bits;
  if (coin(3)) {
    load.period = between(1, 6);
    load.keep = between(1, load.period);
  }
  if (coin()) {
    load.lead = coin(4) ? upTo(63) : upTo(5);
    load.trail = coin(4) ? upTo(63) : upTo(5);
    load.pad = coin() ? 0x80 : upTo(255);
  }
  inputEnd = load.address + uint32_t(wordsInLanes(load));
  code.push_back(load);
  uint32_t maxSplit = std::min(2, std::countr_zero(target.clusters));
  uint32_t layers = between(1, 4), lastReader = ordered ? layers - 1 : upTo(layers - 1);
  uint32_t firstWriter = ordered ? 0 : layers - 1; // of the output buffer
  for (uint32_t i = 0; i != layers; ++i)
    layer(code, upTo(maxSplit), [&](Out &, isa::Run &run) {
      run.pop_prev = i == 0;
      run.push_prev = i == lastReader;
      run.pop_next = i == firstWriter;
      run.push_next = i + 1 == layers;
    });
  Store store;
  store.pop_prev = store.push_prev = 1;
  store.region = Region::Output;
  store.beats = between(1, std::min(target.outputWords, 40u));
  outputBeats = store.beats;
  code.push_back(store);
  if (!ordered && coin(3)) { // the lanes themselves, while the next window may already run
    Store lanes;
    lanes.source = StoreSource::Lanes;
    lanes.region = Region::Scratch;
    lanes.address = 2 * upTo(target.laneWords / 4);
    lanes.beats = between(1, kScratch / 8);
    code.push_back(lanes);
  }
  code.push_back(End{});
  return code;
}

/// Puts a routine behind the others if there is room.
void Generator::place(const Routine &routine) {
  if (microcode.size() / 8 + routine.words.size() > target.controlWords)
    return;
  uint32_t base = uint32_t(microcode.size() / 8);
  routines.push_back({routine, base});
  for (const Microword &word : placeRoutine(routine, base)) {
    uint64_t bits = encode(word);
    const auto *bytes = reinterpret_cast<const uint8_t *>(&bits);
    microcode.insert(microcode.end(), bytes, bytes + 8);
  }
}

/// The routine with other nests, jumps and samples. Many a one has no defined
/// result: which is for the verifier to say.
Routine Generator::bend(Routine routine) {
  uint32_t last = uint32_t(routine.words.size()) - 1;
  for (uint32_t changes = between(1, 3); changes != 0; --changes) {
    Microword &word = routine.words[upTo(last)];
    switch (upTo(11)) {
    case 0: word.near = upTo(last); break;
    case 1: word.far = upTo(last); break;
    case 2: word.mid = upTo(7); break;
    case 3: word.lo = upTo(word.hi); break;
    case 4: word.hi = between(word.lo, 7); break;
    case 5: word.reduce ^= 1u << upTo(7); break;
    case 6: word.plane = upTo(7); break;
    case 7: word.done ^= 1; break;
    case 8: word.sample = Sample(upTo(2)); break;
    case 9: word.first = AccOp(upTo(5)); break;
    case 10: word.rest = AccOp(upTo(5)); break;
    default: { // the nest in two: what is behind goes round in a word of its own
      Microword outer = word;
      if (word.lo == word.hi || !word.halt || &word != &routine.words[last])
        break;
      word.hi = between(word.lo, word.hi - 1);
      outer.lo = word.hi + 1;
      word.halt = 0;
      outer.mac = 0;
      outer.first = outer.rest = AccOp::Hold;
      outer.sample = Sample::None;
      outer.near = outer.far = upTo(last);
      routine.words.push_back(outer);
    }
    }
  }
  return routine;
}

RandomProgram Generator::program(bool bends) {
  // All written routines, behind them in every third program bent ones, else
  // generated ones while there is room.
  std::vector<const Routine *> generated;
  for (const Routine *routine : allRoutines())
    if (routine->name.starts_with("planes"))
      generated.push_back(routine);
    else
      place(*routine);
  const size_t written = routines.size();
  if (bends && coin(3)) {
    bent = written;
    for (uint32_t count = between(4, 12); count != 0; --count)
      place(bend(Routine(routines[upTo(uint32_t(written) - 1)].first)));
  } else {
    std::shuffle(generated.begin(), generated.end(), random);
    for (const Routine *routine : generated)
      place(*routine);
  }
  RandomProgram p;
  p.ordered = ordered = coin(3);
  for (;;) { // until the verifier is content
    std::vector<Instruction> warm = warmCode();
    uint32_t coldBytes = 4 * instructionBytes;
    uint32_t constants = uint32_t(coldBytes + warm.size() * instructionBytes) / 8;
    std::vector<Instruction> cold = coldCode(constants);
    p.image.clear();
    append(p.image, cold);
    p.coldEnd = p.warmBegin = uint32_t(p.image.size());
    append(p.image, warm);
    p.warmEnd = uint32_t(p.image.size());
    p.image.insert(p.image.end(), microcode.begin(), microcode.end());
    const auto &weights = std::get<Load>(cold[1]), &thresholds = std::get<Load>(cold[2]);
    size_t weightEnd = weights.source * 8 + weights.beats * 8;
    while (p.image.size() < weightEnd)
      p.image.push_back(uint8_t(random()));
    // Thresholds near the sums, so that signs differ; polarity either way.
    for (uint32_t i = 0; i != thresholds.beats * 2; ++i) {
      int32_t t = coin(8) ? int32_t(random()) : int32_t(upTo(120)) - 110;
      uint32_t entry = thresholdEntry(t, coin());
      for (int byte = 0; byte != 4; ++byte)
        p.image.push_back(uint8_t(entry >> (8 * byte)));
    }
    p.inputBytes = inputBeats * 8;
    p.outputBytes = outputBeats * 8;
    p.scratchBytes = kScratch;
    Limits limits;
    limits.regionBytes = {p.image.size(), p.inputBytes, p.outputBytes, p.scratchBytes};
    limits.image = p.image;
    std::span all(p.image);
    std::string error;
    // As verifyProgram does: the warm code finds what the cold code loaded.
    std::vector<uint8_t> both(all.begin(), all.begin() + p.coldEnd - instructionBytes);
    both.insert(both.end(), all.begin() + p.warmBegin, all.begin() + p.warmEnd);
    if (!verifyCode(both, target, limits, error))
      continue;
    for (const auto *code : {&cold, &warm})
      for (const Instruction &instruction : *code)
        p.text += print(instruction) + "\n";
    return p;
  }
}

} // namespace

RandomProgram legalProgram(const Target &target, uint64_t seed) {
  return Generator(target, seed).program(true);
}

RandomProgram damagedProgram(const Target &target, uint64_t seed) {
  constexpr uint32_t kDamagedWords = 25; // of the control store: the shipped routines
  // Changed a little, a bent routine often samples in an order without a result.
  RandomProgram p = Generator(target, seed).program(false);
  const std::vector<uint8_t> before = p.image;
  std::mt19937_64 random(seed ^ 0x9e3779b97f4a7c15ull);
  uint8_t *warm = p.image.data() + p.warmBegin;
  uint32_t bytes = p.warmEnd - p.warmBegin, count = bytes / instructionBytes;
  for (uint64_t changes = 1 + random() % 3; changes != 0; --changes)
    switch (random() % 4) {
    case 0: // a bit of the code
      warm[random() % bytes] ^= uint8_t(1u << random() % 8);
      break;
    case 1: // a bit of the microcode
      p.image[p.warmEnd + random() % (kDamagedWords * 8)] ^= uint8_t(1u << random() % 8);
      break;
    case 2: // one instruction over another
      std::memcpy(warm + random() % count * instructionBytes,
                  warm + random() % count * instructionBytes, instructionBytes);
      break;
    default: // noise
      for (size_t i = 0; i != 8; ++i)
        warm[random() % count * instructionBytes + i] = uint8_t(random());
    }
  // What is changed, as text.
  p.text.clear();
  for (uint32_t at = p.coldBegin; at != p.warmEnd; at += instructionBytes) {
    Instruction instruction;
    std::string error;
    Bits128 bits = loadBits(&p.image[at]);
    p.text += decode(bits, instruction, error) ? print(instruction)
                                               : fmt::format("{:016x}_{:016x}: {}", bits.hi, bits.lo, error);
    p.text += "\n";
  }
  for (size_t at = p.warmEnd; at < p.image.size() && at != p.warmEnd + kDamagedWords * 8; at += 8)
    if (std::memcmp(&p.image[at], &before[at], 8)) {
      uint64_t bits = 0;
      std::memcpy(&bits, &p.image[at], 8);
      Microword word;
      std::string error;
      p.text += fmt::format("control word {}: {}\n", (at - p.warmEnd) / 8,
                            decode(bits, word, error) ? print(word) : error);
    }
  return p;
}

} // namespace bnn::bench
