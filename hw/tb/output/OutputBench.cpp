// bnn_output against the golden OutputUnit and Lanes: random RUNs, back to back,
// compared in every cycle: stall conditions, times left, the lane port, the
// lanes' contents three cycles later, the output buffer, traps.
#include "EngineState.h"
#include "Vbnn_output.h"
#include "verilated.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>

using namespace bnn::isa;

namespace bnn::isa {
/// Accumulators of the golden array, to be set at will.
struct ArrayProbe {
  static auto &accumulators(Array &array) { return array.acc; }
};
} // namespace bnn::isa

namespace {

constexpr uint32_t kLaneWords = 512, kOutputWords = 512, kRows = 16;
constexpr uint32_t kClusters = CLUSTERS, kAccumulatorBits = 24;

/// What the array hands over for one step.
struct Seen {
  uint64_t cycle;
  std::array<std::array<uint64_t, kPixels>, kClusters> acc; // 8 bit signs
  std::array<uint8_t, kClusters> polarity;
};
struct Capture {
  int32_t value[kClusters][kPixels][kChannels];
  uint32_t threshold[kClusters][kChannels];
  uint8_t polarity[kClusters];
};

template <typename Port> void setBits(Port &port, uint32_t at, uint32_t width, uint64_t value) {
  auto *words = reinterpret_cast<uint32_t *>(&port);
  for (uint32_t i = 0; i < width; ++i, ++at) {
    uint32_t bit = 1u << at % 32;
    words[at / 32] = value >> i & 1 ? words[at / 32] | bit : words[at / 32] & ~bit;
  }
}
template <typename Port> uint64_t getBits(const Port &port, uint32_t at, uint32_t width) {
  auto *words = reinterpret_cast<const uint32_t *>(&port);
  uint64_t value = 0;
  for (uint32_t i = 0; i < width; ++i, ++at)
    value |= uint64_t(words[at / 32] >> at % 32 & 1) << i;
  return value;
}

class Bench {
public:
  explicit Bench(uint64_t seed) : random(seed) {
    target.clusters = kClusters;
    target.laneWords = kLaneWords;
    target.outputWords = kOutputWords;
    target.thresholdRows = kRows;
    target.accumulatorBits = kAccumulatorBits;
    lanes = std::make_unique<Lanes>(kLaneWords);
    array = std::make_unique<Array>(target);
    unit = std::make_unique<OutputUnit>(target, *lanes);
    memory.resize(8 * kLaneWords);
    dut.rst_i = 1;
    dut.issue_i = dut.out_begin_i = dut.next_i = dut.active_i = 0;
    for (int i = 0; i < 4; ++i)
      clock();
    dut.rst_i = 0;
  }

  /// Some RUNs back to back, then silence; false on a difference.
  bool round() {
    trapped = false;
    uint32_t runs = 1 + random() % 4;
    wild = !coin(30) ? 0 : 1;
    eager = coin(2);
    std::vector<Plan> plans;
    for (uint32_t i = 0; i < runs; ++i)
      plans.push_back(plan(i > 0));
    upcoming = &plans[0];
    for (uint32_t i = 0; i < runs && !trapped && !failed; ++i)
      run(plans[i], i + 1 < runs ? &plans[i + 1] : nullptr);
    for (uint32_t i = 0; !failed && !trapped && (i < 16 || t <= drained + 16); ++i) {
      drained = std::max({drained, unit->writerFree, unit->valueFree});
      cycle(nullptr);
    }
    if (trapped && !failed)
      finishTrap();
    else if (!failed)
      compareBuffer();
    return !failed;
  }

  uint64_t samples = 0, cycles = 0, beats = 0, words = 0, traps = 0, stalls = 0;
  std::string text; ///< of the present RUN

private:
  bool coin(uint32_t n) { return random() % n == 0; }
  uint32_t upTo(uint32_t n) { return uint32_t(random() % (n + 1)); }

  struct Request {
    SamplePoint at;
    bool value, done, lastTile, lastX;
    bool begins;
  };

  struct Plan {
    RunConfig config;
    bool value, reduced;
    uint32_t limits[8], planeBase;
    bool bare; ///< no OUT word: the default of one, and no pixels
    std::string text;
  };

  Plan plan(bool bareToo) {
    RunConfig config;
    Out &out = config.out;
    config.run.split = upTo(kClusters >= 4 ? 2 : kClusters >= 2 ? 1 : 0);
    uint32_t groups = config.groups(kClusters), perTile = groups * 8;
    bool value = coin(2);
    out.mode = value ? OutMode(random() % 5) : OutMode::Bits;
    out.record = 1 + upTo(3);
    out.phase = coin(3) ? 0 : coin(4) ? upTo(255) : upTo(16);
    out.lead = coin(3) ? 0 : coin(12) ? upTo(255) : coin(2) ? 8 + upTo(2) : upTo(20);
    out.trail = coin(2) ? 0 : coin(12) ? upTo(255) : upTo(20);
    out.pad = coin(2);
    out.pool_window = coin(3) ? 1 : 1 + upTo(14);
    out.pool_stride = coin(3) ? 1 : coin(3) ? 1 + upTo(14) : 1 + upTo(3);
    out.pool_first = coin(2);
    uint32_t tiles = 1 + upTo(3), planes = value ? 1 : coin(2) ? 1 : 1 + upTo(7);
    uint32_t planeBase = upTo(8 - planes);
    uint32_t xTiles = 1 + upTo(kClusters == 1 ? 6 : 2);
    out.pixels = (xTiles - 1) * perTile + 1 + upTo(perTile - 1);
    if (value && out.mode == OutMode::Raw) // 4 words an emission
      out.pixels = std::min<uint32_t>(out.pixels, 24), xTiles = (out.pixels + perTile - 1) / perTile;
    bool reduced = value && coin(4);
    if (coin(20) || reduced)
      xTiles = 1;
    uint32_t limits[8] = {1, 1, 1, planes, tiles, xTiles, 1 + upTo(1), 1 + upTo(1)};
    if (reduced)
      limits[4] = 1;
    bool lanesOut = !value || out.mode == OutMode::SumBits;
    if (lanesOut) {
      out.base = 2 * upTo(wild ? 255 : 10);
      out.row_pitch = 2 * upTo(20);
      out.group_pitch = 2 * upTo(20);
      uint32_t bytes = out.lead + out.pixels * out.record + out.trail;
      while (!wild && out.base + out.row_pitch + out.group_pitch + (bytes + 7) / 8 * 2 > kLaneWords) {
        out.pool_stride = out.pool_stride < 15 ? out.pool_stride + 1 : 15;
        bytes = out.lead + (out.pixels / out.pool_stride + 1) * out.record + out.trail;
        if (out.pool_stride == 15)
          out.lead = out.trail = 0;
      }
    } else {
      out.base = upTo(wild ? 511 : 30);
      if (!wild && out.mode == OutMode::Raw && (out.pixels << config.run.split) * 4 * limits[4] * 4 > 480)
        limits[6] = limits[7] = 1, out.pool_stride = 1 + upTo(14), out.pixels = 1 + upTo(6), limits[4] = 1, limits[5] = 1;
    }
    char line[256];
    std::snprintf(line, sizeof line,
                  "mode %u split %u base %u record %u phase %u lead %u trail %u pad %u window %u stride %u "
                  "first %u pixels %u planes %u tiles %u x %u reduced %d",
                  unsigned(out.mode), config.run.split, out.base, out.record, out.phase, out.lead,
                  out.trail, out.pad, out.pool_window, out.pool_stride, out.pool_first, out.pixels, planes,
                  limits[4], xTiles, reduced);
    Plan made{config, value, reduced, {}, planeBase, false, line};
    std::copy_n(limits, 8, made.limits);
    if (bareToo && coin(12)) {
      made.config.out = {};
      made.config.out.pool_window = made.config.out.pool_stride = 1;
      made.bare = true;
      made.text = made.value ? "no OUT, values" : "no OUT";
    }
    return made;
  }

  /// One RUN. The word of the one behind it is taken at any time after this one's begin,
  /// at the latest with its last sample; in that very cycle only if it has no OUT.
  void run(const Plan &now, const Plan *behind) {
    text = now.text;
    while (upcoming)
      cycle(nullptr);
    for (uint32_t i = eager ? 0 : upTo(12); i > 0; --i)
      cycle(nullptr);
    begin = &now.config;
    upcoming = behind;
    const auto &limits = now.limits;
    uint32_t c[8] = {};
    for (c[7] = 0; c[7] < limits[7]; ++c[7])
      for (c[6] = 0; c[6] < limits[6]; ++c[6])
        for (c[5] = 0; c[5] < limits[5]; ++c[5])
          for (c[4] = 0; c[4] < limits[4]; ++c[4])
            for (c[3] = 0; c[3] < limits[3]; ++c[3]) {
              for (uint32_t gap = eager ? coin(8) * upTo(3) : upTo(6); gap > 0; --gap) {
                cycle(nullptr);
                if (trapped || failed)
                  return;
              }
              Request request;
              request.at.plane = now.planeBase + c[3];
              request.at.thresholdRow = upTo(kRows - 1);
              std::copy(c, c + 8, request.at.counter.begin());
              for (int j = 0; j < 8; ++j)
                request.at.atLimit[j] = c[j] + 1 == limits[j];
              request.at.pixelsReduced = now.reduced;
              request.value = now.value;
              request.done = c[3] + 1 == limits[3];
              request.lastTile = c[4] + 1 == limits[4];
              request.lastX = c[5] + 1 == limits[5] || now.reduced;
              request.begins = c[5] == 0 || now.reduced;
              hurry = eager && std::equal(c, c + 8, limits, [](uint32_t i, uint32_t n) { return i + 1 == n; });
              cycle(&request);
              if (trapped || failed)
                return;
            }
    dut.active_i = coin(2);
  }

  /// Fresh accumulators and thresholds for a step.
  void randomise(bool thresholds) {
    auto &acc = ArrayProbe::accumulators(*array);
    uint32_t shape = random() % 4;
    for (auto &row : acc)
      for (auto &v : row)
        v = shape == 0 ? int32_t(random()) >> 8 : shape == 1 ? int16_t(random()) : int32_t(random() % 64) - 32;
    if (!thresholds) // a tile's polarity is read when it is complete
      return;
    for (auto &row : array->thresholds)
      for (auto &v : row)
        v = thresholdEntry(shape == 0 ? int32_t(random()) : int32_t(random() % 512) - 256, random() % 2);
  }

  /// Issues `request` as soon as nothing stalls it; nullptr: an empty cycle.
  void cycle(const Request *request) {
    for (;;) {
      bool issued = step(request);
      if (!request || issued || trapped || failed)
        return;
      ++stalls;
    }
  }

  bool step(const Request *request) {
    ++cycles;
    bool issue = false;
    dut.out_begin_i = dut.next_i = 0;
    dut.issue_i = 0;
    bool begins = begin;
    for (uint32_t i = 0; i < sizeof dut.sample_i / 4; ++i)
      setBits(dut.sample_i, 32 * i, 32, random());
    if (begin) {
      setOut(begin->out);
      dut.split_i = begin->run.split;
      dut.out_begin_i = 1;
      dut.active_i = 0;
      unit->begin(*begin);
      config = *begin;
      begin = nullptr;
    }
    if (upcoming && (begins ? upcoming->bare && coin(2) : hurry || coin(4))) {
      dut.next_i = 1;
      dut.next_split_i = upcoming->config.run.split;
      if (!begins)
        setOut(upcoming->config.out);
      upcoming = nullptr;
    }
    bool writerLate = unit->writerFree > t + kWriteDelay;
    bool captureLate = unit->captureFree > t + kValueDelay - 1;
    if (request) {
      Request now = *request;
      now.at.cycle = t;
      bool completes = now.lastTile && (now.value ? false : now.done);
      bool stall = completes && writerLate || now.value && captureLate;
      // A backlog of SUM_BITS streams: two may wait behind the stream or tile that is sent.
      bool sends = now.value && config.out.mode == OutMode::SumBits && now.lastTile && now.lastX;
      while (!streamEnds.empty() && streamEnds.front() <= t)
        streamEnds.pop_front();
      stall |= sends && streamEnds.size() + (signsEnd > t) >= 3;
      issue = !stall;
      setSample(now);
      dut.issue_i = issue;
      if (issue) {
        ++samples;
        randomise(now.value || now.at.counter[3] == 0);
        remember(now);
        try {
          if (now.value) {
            unit->sampleValues(now.at, *array);
          } else {
            unit->sampleSigns(now.at, *array, now.done);
            signsEnd = unit->writerFree;
          }
        } catch (const Stop &stop) {
          trapped = true;
          trapAt = t;
        }
        if (sends)
          streamEnds.push_back(unit->writerFree);
      }
    }
    present();
    dut.eval();
    if (!trapped) {
      check("writer_late", writerLate, dut.writer_late_o);
      check("capture_late", captureLate, dut.capture_late_o);
      check("writer_left", left(freeAfter[2].first), dut.writer_left_o);
      check("value_left", left(freeAfter[1].second), dut.value_left_o);
      bool port = false;
      std::vector<uint64_t> before = unit->buffer;
      try {
        port = unit->tick(t);
        check("port_taken", port, dut.port_taken_o);
      } catch (const Stop &stop) {
        trapped = true;
        trapAt = t;
      }
      beats += port;
      for (uint32_t i = 0; i < kOutputWords; ++i)
        if (before[i] != unit->buffer[i])
          ++words, newWords.push_back({t, i, unit->buffer[i]});
      if (port || coin(8)) {
        std::vector<uint32_t> image(8 * kLaneWords);
        for (uint32_t p = 0; p < 8; ++p)
          std::memcpy(&image[p * kLaneWords], lanes->lane(p), 4 * kLaneWords);
        expected.push_back({t + 3, std::move(image)});
      }
    }
    if (dut.trap_o && !trapped && !failed)
      fail("trap without reason");
    sawTrap |= dut.trap_o;
    writeLanes();
    while (!expected.empty() && expected.front().cycle == t) {
      if (!trapped && expected.front().image != memory)
        compareLanes(expected.front().image);
      expected.pop_front();
    }
    afterEval();
    clock();
    ++t;
    freeAfter = {{{unit->writerFree, unit->valueFree}, freeAfter[0], freeAfter[1]}};
    if (begins)
      dut.active_i = 1;
    return issue;
  }

  uint32_t left(uint64_t free) const { return free > t ? uint32_t(free - t) : 0; }

  /// The array's answers: signs of t - 8, captured values of the read before.
  void remember(const Request &now) {
    Seen seen;
    seen.cycle = t + 8;
    for (uint32_t c = 0; c < kClusters; ++c) {
      uint8_t bytes[8];
      array->signs(c, 1, bytes);
      for (uint32_t p = 0; p < 8; ++p)
        seen.acc[c][p] = bytes[p];
      seen.polarity[c] = array->polarity(c, now.at.thresholdRow);
    }
    Capture capture;
    for (uint32_t c = 0; c < kClusters; ++c) {
      for (uint32_t ch = 0; ch < 8; ++ch) {
        for (uint32_t p = 0; p < 8; ++p)
          capture.value[c][p][ch] = array->value(c, p, ch);
        capture.threshold[c][ch] = uint32_t(array->threshold(c, now.at.thresholdRow, ch)) & 0xffffff;
      }
      capture.polarity[c] = seen.polarity[c];
    }
    underWay.push_back({seen, capture, now.value});
  }

  void present() {
    bool here = !underWay.empty() && underWay.front().seen.cycle == t;
    for (uint32_t c = 0; c < kClusters; ++c) {
      for (uint32_t p = 0; p < 8; ++p)
        setBits(dut.sign_i, 64 * c + 8 * p, 8, here ? underWay.front().seen.acc[c][p] : random());
      setBits(dut.polarity_i, 8 * c, 8, here ? underWay.front().seen.polarity[c] : random());
    }
    for (uint32_t ch = 0; ch < 8; ++ch) {
      setBits(dut.value_i, kAccumulatorBits * ch, kAccumulatorBits, uint64_t(answer.value[ch]));
      setBits(dut.threshold_i, isaThresholdBits * ch, isaThresholdBits, answer.threshold[ch]);
    }
    dut.value_polarity_i = answer.polarity;
    // The word that the model wrote three cycles ago is there.
    checkWord = false;
    if (!newWords.empty() && newWords.front().cycle + 3 == t) {
      dut.buffer_addr_i = newWords.front().address;
      checkWord = true;
    }
  }

  void afterEval() {
    bool here = !underWay.empty() && underWay.front().seen.cycle == t;
    uint32_t k = dut.capture_read_o, c = dut.read_cluster_o % kClusters, p = dut.read_pixel_o;
    for (uint32_t ch = 0; ch < 8; ++ch) {
      answer.value[ch] = captures[k].value[c][p][ch];
      answer.threshold[ch] = captures[k].threshold[c][ch];
    }
    answer.polarity = captures[k].polarity[c];
    if (here && !trapped)
      check("capture", underWay.front().value ? dut.capture_o == 1 || dut.capture_o == 2 : dut.capture_o == 0, 1);
    if (here) {
      for (uint32_t i = 0; i < 2; ++i)
        if (dut.capture_o >> i & 1)
          captures[i] = underWay.front().capture;
      underWay.pop_front();
    }
  }

  void clock() {
    dut.clk_i = 0;
    dut.eval();
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    if (checkWord) {
      checkWord = false;
      if (!trapped && dut.buffer_data_o != newWords.front().data)
        fail("an output word is late or wrong");
      newWords.pop_front();
    }
  }

  /// lane_write_t, from bit 0: bytes, data, pair, valid.
  void writeLanes() {
    if (!dut.lane_write_valid_o)
      return;
    constexpr uint32_t kData = 64, kPair = kData + 512, kValid = kPair + 120;
    for (uint32_t p = 0; p < 8; ++p) {
      if (!getBits(dut.lane_write_o, kValid + p, 1))
        continue;
      uint32_t pair = uint32_t(getBits(dut.lane_write_o, kPair + 15 * p, 15));
      if (pair >= kLaneWords / 2) {
        fail("a write outside of the lanes");
        return;
      }
      for (uint32_t b = 0; b < 8; ++b)
        if (getBits(dut.lane_write_o, 8 * p + b, 1)) {
          auto *bytes = reinterpret_cast<uint8_t *>(&memory[p * kLaneWords + 2 * pair]);
          bytes[b] = uint8_t(getBits(dut.lane_write_o, kData + 64 * p + 8 * b, 8));
        }
    }
  }

  void setOut(const Out &out) {
    Bits128 bits = encode(Instruction(out));
    setBits(dut.out_i, 0, 64, bits.lo);
    setBits(dut.out_i, 64, 64, bits.hi);
  }

  void setSample(const Request &r) {
    uint32_t at = 0;
    auto put = [&](uint32_t width, uint64_t value) {
      setBits(dut.sample_i, at, width, value);
      at += width;
    };
    const auto &c = r.at.counter;
    put(1, r.lastX);
    put(1, r.lastTile);
    put(16, c[7] * config.out.group_pitch + c[6] * config.out.row_pitch);
    put(1, r.begins);
    put(16, r.at.pixelsReduced ? 0 : c[5] * config.groups(kClusters) * 8);
    put(2, c[4]);
    put(3, r.at.plane);
    put(1, !r.value && r.done);
    put(1, r.value);
    put(1, !r.value);
  }

  void compareBuffer() {
    for (uint32_t i = 0; i < kOutputWords && !failed; ++i) {
      dut.buffer_addr_i = i;
      clock();
      if (unit->buffer[i] && dut.buffer_data_o != unit->buffer[i]) {
        std::printf("output word %u: %016llx, model %016llx\n", i, (unsigned long long)dut.buffer_data_o,
                    (unsigned long long)unit->buffer[i]);
        fail("output buffer");
      }
      ++t;
    }
    drained = t;
  }

  void compareLanes(const std::vector<uint32_t> &image) {
    for (uint32_t p = 0; p < 8 && !failed; ++p)
      for (uint32_t w = 0; w < kLaneWords && !failed; ++w)
        if (image[p * kLaneWords + w] != memory[p * kLaneWords + w]) {
          std::printf("lane %u word %u: %08x, model %08x\n", p, w, memory[p * kLaneWords + w],
                      image[p * kLaneWords + w]);
          fail("lane memory");
        }
  }

  /// The trap must come; then code starts anew.
  void finishTrap() {
    ++traps;
    for (uint32_t i = 0; i < 3000 && !sawTrap && !failed; ++i)
      step(nullptr);
    if (!sawTrap)
      fail("no trap");
    dut.restart_i = 1;
    dut.issue_i = dut.out_begin_i = dut.next_i = 0;
    clock();
    dut.restart_i = 0;
    dut.eval();
    unit->restart();
    lanes->forgetPending();
    t = 0;
    drained = 0;
    sawTrap = trapped = false;
    begin = nullptr;
    upcoming = nullptr;
    freeAfter = {};
    underWay.clear();
    expected.clear();
    newWords.clear();
    streamEnds.clear();
    signsEnd = 0;
    // Both sides go on from the same memories.
    for (uint32_t p = 0; p < 8; ++p)
      for (uint32_t w = 0; w < kLaneWords; ++w)
        memory[p * kLaneWords + w] = lanes->lane(p)[w];
    for (int i = 0; i < 4; ++i) {
      if (dut.lane_write_valid_o)
        fail("a lane write after restart");
      step(nullptr);
    }
    for (uint32_t i = 0; i < kOutputWords; ++i) {
      dut.buffer_addr_i = i;
      clock();
      unit->buffer[i] = dut.buffer_data_o;
      ++t;
    }
  }

  void check(const char *what, uint64_t model, uint64_t rtl) {
    if (model == rtl || failed)
      return;
    std::printf("%s: %llu, model %llu\n", what, (unsigned long long)rtl, (unsigned long long)model);
    fail(what);
  }
  void fail(const char *what) {
    if (!failed)
      std::printf("FAIL %s in cycle %llu\n", what, (unsigned long long)t);
    failed = true;
  }

  std::mt19937_64 random;
  Target target;
  std::unique_ptr<Lanes> lanes;
  std::unique_ptr<Array> array;
  std::unique_ptr<OutputUnit> unit;
  Vbnn_output dut;
  RunConfig config;
  const RunConfig *begin = nullptr;
  const Plan *upcoming = nullptr; ///< its word has not been taken
  bool hurry = false;             ///< it must be in this cycle
  /// When writer and value path are free, after the samples of 1, 2, 3 cycles ago.
  std::array<std::pair<uint64_t, uint64_t>, 3> freeAfter{};
  uint64_t t = 0, drained = 0, trapAt = 0;
  bool failed = false, trapped = false, sawTrap = false, wild = false, eager = false, checkWord = false;
  std::vector<uint32_t> memory;
  struct Image {
    uint64_t cycle;
    std::vector<uint32_t> image;
  };
  std::deque<Image> expected;
  struct NewWord {
    uint64_t cycle;
    uint32_t address;
    uint64_t data;
  };
  std::deque<NewWord> newWords;
  struct UnderWay {
    Seen seen;
    Capture capture;
    bool value;
  };
  std::deque<UnderWay> underWay;
  std::deque<uint64_t> streamEnds;
  uint64_t signsEnd = 0; ///< of a SIGN tile's beats
  Capture captures[2] = {};
  struct {
    int32_t value[8];
    uint32_t threshold[8];
    uint8_t polarity;
  } answer = {};
};

} // namespace

int main(int argc, char **argv) {
  uint64_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : kClusters == 16 ? 400 : 3000;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
  Bench bench(seed);
  for (uint64_t i = 0; i < rounds; ++i)
    if (!bench.round()) {
      std::printf("seed %llu round %llu: %s\n", (unsigned long long)seed, (unsigned long long)i,
                  bench.text.c_str());
      return 1;
    }
  std::printf("output unit, %u clusters, seed %llu: %llu rounds, %llu cycles, %llu samples, %llu stalls, "
              "%llu beats, %llu words, %llu traps: all equal\n",
              kClusters, (unsigned long long)seed, (unsigned long long)rounds,
              (unsigned long long)bench.cycles, (unsigned long long)bench.samples,
              (unsigned long long)bench.stalls, (unsigned long long)bench.beats,
              (unsigned long long)bench.words, (unsigned long long)bench.traps);
  return bench.beats && bench.words && bench.traps ? 0 : 1;
}
