// bnn_array against the golden model's Array and Lanes: random steps with every
// operation, split, held pixel and shift, random writes to all memories in the same
// cycles, captures and their reads, STORE's reads, addresses outside.
#include "EngineState.h"
#include "Varray_bench.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>

using namespace bnn::isa;

namespace {

constexpr uint32_t kSigns = 6;    ///< cycles from step_i to sign_o: t+2 to t+8
constexpr uint32_t kRange = 2;    ///< cycles from step_i to range_o

/// What leaves the array for one step.
struct Result {
  bool known = false; ///< the threshold row is inside
  std::vector<uint8_t> signs, polarity;
  std::vector<int32_t> values;     ///< [cluster * 64 + pixel * 8 + channel]
  std::vector<int32_t> thresholds; ///< [cluster * 8 + channel]
};

class Bench {
public:
  Bench(const Target &target, uint32_t seed)
      : target(target), lanes(target.laneWords), array(target), random(seed),
        top(std::make_unique<Varray_bench>()) {
    // Memories and accumulators are X at first: fill them, then set acc.
    for (uint32_t pair = 0; pair < target.laneWords / 2; ++pair) {
      quiet();
      driveLaneWrite(0xff, pair, true);
      finishCycle();
    }
    for (uint32_t row = 0;
         row < std::max(target.weightRows, target.thresholdRows); ++row) {
      quiet();
      if (row < target.weightRows)
        driveWeightWrite(all(), row);
      if (row < target.thresholdRows)
        driveThresholdWrite(all(), row);
      finishCycle();
    }
    quiet();
    current = {};
    current.valid = true;
    current.step.op = AccOp::Zero;
    current.step.pixelGroups = target.clusters;
    current.step.heldFrom = ~0u;
    driveStep();
    finishCycle();
    for (int i = 0; i < 16; ++i) {
      quiet();
      finishCycle();
    }
    for (uint32_t k = 0; k < 2; ++k) {
      quiet();
      top->capture_i = 1 << k;
      finishCycle();
    }
    checking = true;
  }

  bool run(uint64_t cycles) {
    for (uint64_t i = 0; i < cycles && !failed; ++i) {
      quiet();
      if (pick(5000) == 0) // a new mixture: dense, sparse, writes, ...
        for (uint32_t &chance : chances)
          chance = 1 + pick(100);
      randomStep();
      if (hit(0))
        driveLaneWrite(pick(256), pick(4) ? ~0u : nearPair(), false);
      if (hit(1))
        driveWeightWrite(bits() & all(), nearRow(last.step.weight, target.weightRows));
      if (hit(2))
        driveThresholdWrite(bits() & all(), nearRow(last.step.threshold, target.thresholdRows));
      if (hit(3))
        top->capture_i = pick(4);
      top->capture_read_i = pick(2);
      top->read_cluster_i = pick(target.clusters);
      top->read_pixel_i = pick(8);
      if (!(last.valid && last.step.mac) && pick(2)) {
        top->store_read_i = 1;
        top->store_pair_i = pick(target.laneWords / 2);
      }
      finishCycle();
    }
    return !failed;
  }

  uint64_t steps = 0, reads = 0, outside = 0;

private:
  struct Issue {
    bool valid = false, outside = false, rowInside = true;
    Array::Step step{};
  };

  uint32_t bits() { return random(); }
  uint32_t pick(uint32_t n) { return random() % n; }
  bool hit(uint32_t kind) { return pick(100) < chances[kind]; }
  uint32_t all() const { return (1u << target.clusters) - 1; }
  /// Rows that the step at the memories reads: hazards are likely.
  uint32_t nearRow(uint32_t row, uint32_t rows) {
    return pick(2) && row < rows ? row : pick(rows);
  }
  uint32_t nearPair() {
    return last.step.act / 2 < target.laneWords / 2 ? last.step.act / 2 : 0;
  }

  /// Inputs of a cycle in which nothing happens, with noise on what must not matter.
  void quiet() {
    last = current;
    current = {};
    top->valid_i = 0;
    top->mac_i = 0;
    top->lane_valid_i = 0;
    top->weight_we_i = 0;
    top->threshold_we_i = 0;
    top->capture_i = 0;
    top->store_read_i = 0;
    loader = {};
    weightsDue = thresholdsDue = 0;
  }

  void driveLaneWrite(uint32_t valid, uint32_t pair, bool whole) {
    top->lane_valid_i = valid;
    for (uint32_t p = 0; p < kPixels; ++p) {
      uint32_t at = pair == ~0u ? pick(target.laneWords / 2) : pair;
      uint64_t data = uint64_t(bits()) << 32 | bits();
      uint8_t enables = whole || pick(2) ? 0xff : uint8_t(bits());
      top->lane_pair_i[p] = at;
      top->lane_data_i[p] = data;
      top->lane_bytes_i[p] = enables;
      uint64_t mask = 0;
      for (uint32_t b = 0; b < 8; ++b)
        if (enables >> b & 1)
          mask |= 0xffull << (8 * b);
      loader.held[p] = {bool(valid >> p & 1), 2 * at, data, mask};
    }
  }

  void driveWeightWrite(uint32_t clusters, uint32_t row) {
    weightsDue = top->weight_we_i = clusters;
    top->weight_row_i = row;
    for (uint32_t ch = 0; ch < kChannels; ++ch)
      top->weight_data_i[ch] = weightRow[ch] = bits();
  }

  void driveThresholdWrite(uint32_t clusters, uint32_t row) {
    thresholdsDue = top->threshold_we_i = clusters;
    top->threshold_row_i = row;
    for (uint32_t ch = 0; ch < kChannels; ++ch) {
      int32_t t = int32_t(bits()) >> (8 + pick(20)); // all sizes, both signs
      top->threshold_data_i[ch] = thresholdRow[ch] =
          thresholdEntry(t, pick(2)) | (bits() & 0x7f000000); // bits that are not kept
    }
  }

  void randomStep() {
    Array::Step &step = current.step;
    current.valid = hit(4);
    step.op = AccOp(pick(6));
    if (pick(4) == 0)
      step.op = AccOp::Add;
    step.mac = step.op != AccOp::Hold && pick(8) != 0;
    step.quad = pick(2);
    step.mask = pick(3) ? ~0u : pick(2) ? bits() : (1u << pick(32)) - 1;
    uint32_t split = pick(target.clusters >= 4 ? 3 : target.clusters == 2 ? 2 : 1);
    step.pixelGroups = target.clusters >> split;
    step.act = pick(target.laneWords);
    uint32_t room = step.pixelGroups > 1
                        ? (target.laneWords - 1 - step.act) / (step.pixelGroups - 1)
                        : 0x3fff;
    step.clusterStride = pick(4) ? pick(room + 1) : room;
    step.weight = pick(target.weightRows);
    step.threshold = pick(target.thresholdRows);
    step.shifts = pick(16);
    step.shiftIndex = pick(step.shifts + 3);
    step.heldFrom = pick(2) ? 255 : pick(8 * step.pixelGroups + 1);
    uint32_t shamt = step.op == AccOp::Shift ? step.shifts - step.shiftIndex
                     : step.op == AccOp::Init ? step.shifts
                                              : pick(16);
    bool inject = step.op == AccOp::Shift ? step.shiftIndex <= step.shifts : pick(2);

    // Sometimes an address is outside: nothing is kept, the model would trap.
    if (current.valid && pick(16) == 0) {
      step.heldFrom = 0;
      uint32_t way = pick(4);
      if (way == 0) {
        step.weight = target.weightRows + pick(0x2000 - target.weightRows);
        current.outside = true;
      } else if (way == 1) {
        step.threshold = target.thresholdRows + pick(0x800 - target.thresholdRows);
        current.outside = true;
        current.rowInside = false;
      } else {
        step.act = way == 2 ? bits() & 0xffff : step.act;
        step.clusterStride = pick(2) ? bits() & 0x3fff : room + 1;
        if (step.clusterStride > 0x3fff)
          step.clusterStride = 0x3fff;
      }
      current.outside |=
          step.mac && step.act + (step.pixelGroups - 1) * step.clusterStride >=
                          target.laneWords;
      outside += current.outside;
    }
    driveStep(shamt, inject, split);
    steps += current.valid;
  }

  void driveStep(uint32_t shamt = 0, bool inject = false, uint32_t split = 0) {
    const Array::Step &step = current.step;
    top->valid_i = current.valid;
    top->op_i = uint8_t(step.op);
    top->mac_i = step.mac;
    top->quad_i = step.quad;
    top->mask_i = step.mask;
    top->act_i = step.act;
    top->weight_i = step.weight;
    top->threshold_i = step.threshold;
    top->cluster_stride_i = step.clusterStride;
    top->split_i = split;
    top->shamt_i = shamt & 15;
    top->inject_i = inject;
    top->held_from_i = step.heldFrom > 255 ? 255 : step.heldFrom;
  }

  /// The model's step of the cycle before, now at the memories, and its results.
  Result apply(const Issue &issue) {
    if (issue.valid && !issue.outside)
      array.step(issue.step, lanes);
    Result result;
    uint32_t clusters = target.clusters;
    result.known = issue.rowInside;
    result.signs.resize(clusters * kPixels);
    array.signs(0, clusters, result.signs.data());
    for (uint32_t c = 0; c < clusters; ++c) {
      for (uint32_t p = 0; p < kPixels; ++p)
        for (uint32_t ch = 0; ch < kChannels; ++ch)
          result.values.push_back(array.value(c, p, ch));
      if (!result.known)
        continue;
      result.polarity.push_back(array.polarity(c, issue.step.threshold));
      for (uint32_t ch = 0; ch < kChannels; ++ch)
        result.thresholds.push_back(array.threshold(c, issue.step.threshold, ch));
    }
    return result;
  }

  void finishCycle() {
    // The model: the read at the memories before this cycle's writes.
    results.push_back(apply(last));
    ranges.push_back(current.valid && current.outside);
    storeDue.reset();
    if (top->store_read_i) {
      const uint32_t *word = lanes.lane(0) + 2 * top->store_pair_i;
      storeDue = std::make_unique<uint64_t>(uint64_t(word[1]) << 32 | word[0]);
    }
    lanes.flush(loader);
    for (uint32_t c = 0; c < target.clusters; ++c) {
      if (weightsDue >> c & 1)
        array.weights[c * target.weightRows + top->weight_row_i] = weightRow;
      if (thresholdsDue >> c & 1)
        array.thresholds[c * target.thresholdRows + top->threshold_row_i] = thresholdRow;
    }

    top->clk_i = 0;
    top->eval();
    checkStep();

    // Reads of captures see what was there before this cycle's capture.
    uint32_t k = top->capture_read_i, c = top->read_cluster_i, p = top->read_pixel_i;
    Result read;
    if (captured[k].known) {
      read.known = true;
      for (uint32_t ch = 0; ch < kChannels; ++ch) {
        read.values.push_back(captured[k].values[c * 64 + p * 8 + ch]);
        read.thresholds.push_back(captured[k].thresholds[c * 8 + ch]);
      }
      read.polarity.push_back(captured[k].polarity[c]);
    }
    for (uint32_t i = 0; i < 2; ++i)
      if ((top->capture_i >> i & 1) && results.size() >= kSigns)
        captured[i] = results.front();

    top->clk_i = 1;
    top->eval();
    if (checking && read.known)
      checkRead(read);
    if (checking && storeDue)
      expect("store_data_o", top->store_data_o, *storeDue);
    if (results.size() >= kSigns)
      results.pop_front();
    ++cycle;
  }

  void checkStep() {
    if (ranges.size() > kRange) {
      if (checking)
        expect("range_o", top->range_o, ranges.front());
      ranges.pop_front();
    }
    if (!checking || results.size() < kSigns)
      return;
    const Result &due = results.front();
    for (uint32_t c = 0; c < target.clusters; ++c) {
      for (uint32_t p = 0; p < kPixels; ++p)
        expect("sign_o", top->sign_o[c][p], due.signs[c * kPixels + p]);
      if (due.known)
        expect("polarity_o", top->polarity_o[c], due.polarity[c]);
    }
  }

  void checkRead(const Result &due) {
    ++reads;
    for (uint32_t ch = 0; ch < kChannels; ++ch) {
      expect("value_o", top->value_o[ch], uint32_t(due.values[ch]));
      expect("threshold_o", top->read_threshold_o[ch], due.thresholds[ch] & 0xffffff);
    }
    expect("value_polarity_o", top->read_polarity_o, due.polarity[0]);
  }

  void expect(const char *what, uint64_t got, uint64_t want) {
    if (got == want || failed)
      return;
    std::printf("cycle %llu: %s is %llx, must be %llx\n", (unsigned long long)cycle,
                what, (unsigned long long)got, (unsigned long long)want);
    failed = true;
  }

  const Target target;
  Lanes lanes;
  Array array;
  std::mt19937 random;
  std::unique_ptr<Varray_bench> top;
  std::array<uint32_t, 5> chances{30, 30, 30, 20, 90};
  Issue current, last;
  Lanes::Loader loader;
  uint32_t weightsDue = 0, thresholdsDue = 0;
  Array::Row weightRow{}, thresholdRow{};
  std::deque<Result> results; ///< front: of the step six cycles ago
  std::deque<bool> ranges;
  std::array<Result, 2> captured;
  std::unique_ptr<uint64_t> storeDue;
  uint64_t cycle = 0;
  bool checking = false, failed = false;
};

} // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  uint32_t seed = argc > 1 ? std::strtoul(argv[1], nullptr, 0) : std::random_device()();
  Target target;
  target.clusters = BENCH_CLUSTERS;
  target.laneWords = BENCH_LANE_WORDS;
  target.weightRows = 16;
  target.thresholdRows = 8;
  target.accumulatorBits = BENCH_ACCUMULATOR_BITS;
  std::printf("seed %u\n", seed);
  Bench bench(target, seed);
  bool equal = bench.run(BENCH_CYCLES);
  std::printf("%s: %u clusters, %llu steps, %llu captures read, %llu addresses outside\n",
              equal ? "equal" : "DIFFERENT", target.clusters,
              (unsigned long long)bench.steps, (unsigned long long)bench.reads,
              (unsigned long long)bench.outside);
  return equal ? 0 : 1;
}
