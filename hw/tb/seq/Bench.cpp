// The sequencer beside the golden engine: the model runs a program and notes
// every cycle; the RTL then gets the replies that the model's output unit, LOAD
// and STORE gave, and must do the same in every cycle.
#include "EngineState.h"
#include "Programs.h"
#include "Vbnn_sequencer.h"

#include "bnn/isa/Engine.h"
#include "bnn/isa/Microassembler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

using namespace bnn::isa;

namespace {

constexpr size_t kMaxCycles = 200000;
struct TooLong {};

/// Reads fields of a packed struct from its most significant end.
class Packed {
public:
  Packed(const uint32_t *words, unsigned bits) : words(words), at(bits) {}
  uint32_t take(unsigned bits) {
    uint32_t value = 0;
    for (unsigned i = 0; i < bits; ++i) {
      --at;
      value = value << 1 | (words[at / 32] >> (at % 32) & 1);
    }
    return value;
  }

private:
  const uint32_t *words;
  unsigned at;
};

class Bench {
public:
  Bench() : target(makeTarget()) {
    rtl.rst_i = 1;
    tick();
    rtl.rst_i = 0;
  }

  static Target makeTarget() {
    Target target;
    std::string error;
    if (!loadTarget(BENCH_TARGET, target, error))
      std::abort();
    return target;
  }

  /// Runs `program` `starts` times on both; false at the first difference.
  bool compare(const Program &program, int starts) {
    engine = std::make_unique<Engine>(target);
    engine->setObserver([this](const CycleRecord &record) {
      if (records.size() == kMaxCycles)
        throw TooLong();
      records.push_back(record);
    });
    fill(program);
    for (int i = 0; i < starts; ++i) {
      auto regions = program.regions;
      records.clear();
      try {
        outcome = engine->run(
            program.code,
            Memory{{regions[0], regions[1], regions[2], regions[3]}},
            program.windows);
      } catch (const TooLong &) {
        ++tooLong;
        return true;
      }
      ++traps[outcome.trap];
      if (!replay(program))
        return false;
      if (outcome.trap != Trap::None)
        break;
    }
    return true;
  }

  /// Runs a program that issues all the time from its first step on until it
  /// traps, without a look at its cycles: both trap in the same one.
  bool stops(const Program &program) {
    engine = std::make_unique<Engine>(target);
    fill(program);
    auto regions = program.regions;
    outcome = engine->run(program.code,
                          Memory{{regions[0], regions[1], regions[2], regions[3]}});
    quiet();
    rtl.start_i = 1;
    rtl.start_count_i = uint32_t(program.code.size() / 16);
    rtl.start_windows_i = 1;
    tick();
    rtl.start_i = 0;
    tick();
    tick();
    // One LOAD of one control word: starts in cycle 0, beat and token in cycle 8.
    for (now = 0; !rtl.done_o && now < outcome.cycles + 100; ++now) {
      rtl.load_busy_i = now > 0 && now <= kBusLatency;
      rtl.load_done_i = rtl.control_we_i = now == kBusLatency;
      rtl.control_addr_i = 0;
      std::memcpy(&rtl.control_data_i, program.regions[0].data(), 8);
      tick();
    }
    return outcome.trap != Trap::None && !differ("trap", uint64_t(outcome.trap), rtl.trap_o) &&
           !differ("trap index", outcome.trapInstruction, rtl.trap_index_o) &&
           !differ("cycles", outcome.cycles, rtl.cycles_o - 1);
  }

  std::map<Trap, uint64_t> traps;
  uint64_t cycles = 0, stalls[3] = {}, tooLong = 0;
  const Target target;

private:
  void tick() {
    rtl.clk_i = 0;
    rtl.eval();
    rtl.clk_i = 1;
    rtl.eval();
  }

  /// The control store as in a new engine, then the code.
  void fill(const Program &program) {
    rtl.control_we_i = 1;
    rtl.control_data_i = 0;
    for (rtl.control_addr_i = 0; rtl.control_addr_i < target.controlWords; ++rtl.control_addr_i)
      tick();
    rtl.control_we_i = 0;
    for (size_t i = 0; i < program.code.size() / 16 && i < 512; ++i) {
      rtl.code_we_i = 1;
      rtl.code_addr_i = uint32_t(i);
      std::memcpy(&rtl.code_data_i[0], program.code.data() + 16 * i, 16);
      tick();
    }
    rtl.code_we_i = 0;
  }

  bool differ(const char *what, uint64_t model, uint64_t got) {
    if (model == got)
      return false;
    std::printf("cycle %llu: %s is %llu, the model has %llu (trap '%s' at cycle %llu)\n",
                (unsigned long long)now, what, (unsigned long long)got,
                (unsigned long long)model, outcome.trapText.c_str(),
                (unsigned long long)outcome.cycles);
    return true;
  }

  bool sequencerTraps() const {
    for (const char *text : {"split is", "a lane LOAD", "a LOAD's", "a lane STORE", "microcode",
                             "step reads", "a RUN took", "more than 4", "every engine"})
      if (outcome.trapText.starts_with(text))
        return true;
    return false;
  }

  void quiet() {
    rtl.writer_late_i = rtl.capture_late_i = 0;
    rtl.writer_left_i = rtl.value_left_i = 0;
    rtl.load_busy_i = rtl.load_done_i = rtl.store_busy_i = rtl.store_done_i = 0;
    rtl.control_we_i = rtl.array_range_i = rtl.ext_trap_i = 0;
  }

  void drive(const CycleRecord &r) {
    // After the samples of two and three cycles ago.
    auto left = [&](uint64_t CycleRecord::*free, uint64_t ago) {
      uint64_t at = now < ago ? 0 : records[now - ago].*free;
      return uint32_t(at > r.cycle ? at - r.cycle : 0);
    };
    rtl.writer_late_i = r.writerFree > r.cycle + kWriteDelay;
    rtl.capture_late_i = r.captureFree > r.cycle + kValueDelay - 1;
    rtl.writer_left_i = left(&CycleRecord::writerFreeAfter, 3);
    rtl.value_left_i = left(&CycleRecord::valueFreeAfter, 2);
    rtl.load_busy_i = r.loadActive;
    rtl.load_done_i = r.loadDone;
    rtl.store_busy_i = r.storeActive;
    rtl.store_done_i = r.storeDone;
    rtl.control_we_i = r.control;
    rtl.control_addr_i = r.controlRow;
    rtl.control_data_i = r.controlWord;
  }

  bool checkStart(const char *what, const CycleRecord::Start &model, bool got,
                  const uint32_t *inst, uint32_t window, const Program &program) {
    if (differ(what, model.valid, got))
      return false;
    if (!model.valid)
      return true;
    return !differ("its window", model.window, window) &&
           !differ("its instruction",
                   0, uint64_t(std::memcmp(inst, program.code.data() + 16 * model.index, 16)));
  }

  bool checkSample(const CycleRecord &r) {
    uint32_t words[2] = {uint32_t(rtl.sample_o), uint32_t(rtl.sample_o >> 32)};
    Packed s(words, 43);
    bool sign = s.take(1), value = s.take(1), done = s.take(1);
    uint32_t plane = s.take(3), tile = s.take(2), x = s.take(16), begins = s.take(1);
    uint32_t stream = s.take(16), lastTile = s.take(1), lastX = s.take(1);
    if (differ("sign", r.sign, sign) || differ("value", r.value, value))
      return false;
    if (!r.sign && !r.value)
      return true;
    const SamplePoint &at = r.at;
    uint32_t first = at.pixelsReduced ? 0 : at.counter[5] * 8 * (target.clusters >> split);
    return !differ("done", r.done, done) && !differ("plane", at.plane & 7, plane) &&
           !differ("tile", at.counter[4] & 3, tile) &&
           !differ("x", std::min(first, 0xffffu), x) &&
           !differ("begins", at.counter[5] == 0 || at.pixelsReduced, begins) &&
           !differ("stream",
                   uint16_t(at.counter[7] * out.group_pitch + at.counter[6] * out.row_pitch),
                   stream) &&
           !differ("last_tile", at.atLimit[4], lastTile) &&
           !differ("last_x", at.atLimit[5] || at.pixelsReduced, lastX);
  }

  bool checkStep(const CycleRecord &r) {
    Packed s(&rtl.step_o[0], 107);
    bool valid = s.take(1);
    if (differ("step valid", r.issued, valid))
      return false;
    if (!valid)
      return true;
    const Array::Step &m = r.step;
    AccOp op = AccOp(s.take(3));
    uint32_t mac = s.take(1), quad = s.take(1), mask = s.take(32), act = s.take(16);
    uint32_t weight = s.take(13), threshold = s.take(11), clusterStride = s.take(14);
    uint32_t splitBits = s.take(2), shamt = s.take(4), inject = s.take(1), held = s.take(8);
    if (differ("op", uint64_t(m.op), uint64_t(op)) || differ("mac", m.mac, mac) ||
        differ("quad", m.quad, quad) || differ("mask", m.mask, mask) ||
        differ("act", m.act, act) || differ("weight", m.weight, weight) ||
        differ("threshold", m.threshold, threshold) ||
        differ("cluster_stride", m.clusterStride, clusterStride) ||
        differ("pixel groups", m.pixelGroups, target.clusters >> splitBits) ||
        differ("held_from", std::min(m.heldFrom, 255u), held))
      return false;
    if (op == AccOp::Init && differ("shamt", m.shifts, shamt))
      return false;
    if (op == AccOp::Shift) {
      if (differ("inject", m.shiftIndex <= m.shifts, inject))
        return false;
      if (inject && differ("shamt", m.shifts - m.shiftIndex, shamt))
        return false;
    }
    return true;
  }

  /// One start of the RTL with the model's replies.
  bool replay(const Program &program) {
    quiet();
    rtl.start_i = 1;
    rtl.start_count_i = uint32_t(program.code.size() / 16);
    rtl.start_windows_i = uint32_t(program.windows);
    tick();
    rtl.start_i = 0;
    if (!records.empty()) {
      tick(); // the code's check
      tick(); // the first instruction is there
    }
    bool trapped = outcome.trap != Trap::None;
    bool atArray = outcome.trapText.starts_with("lane read");
    uint64_t ends = 0;
    for (now = 0; now < records.size(); ++now) {
      const CycleRecord &r = records[now];
      bool last = now + 1 == records.size();
      drive(r);
      if (trapped && last && !atArray && !sequencerTraps()) {
        rtl.ext_trap_i = 1;
        rtl.ext_code_i = uint32_t(outcome.trap);
        rtl.ext_index_i = outcome.trapInstruction;
      }
      rtl.clk_i = 0;
      rtl.eval();
      if (differ("busy", 1, rtl.busy_o) || differ("windows", ends, rtl.windows_done_o))
        return false;
      if (now >= 2 && !checkStep(records[now - 2]))
        return false;
      if (r.begins) {
        out = r.out;
        split = r.split;
        Bits128 bits = encode(Instruction(out));
        if (differ("OUT", 0, uint64_t(std::memcmp(&rtl.out_o[0], &bits, 16))) ||
            differ("split", split, rtl.out_split_o) || differ("RUN taken", 1, taken) ||
            differ("its OUT", 0, uint64_t(std::memcmp(&takenOut, &bits, 16))) ||
            differ("its split", split, takenSplit))
          return false;
        taken = false;
      }
      if (!(trapped && last)) {
        if (differ("begin", r.begins, rtl.out_begin_o) || differ("issue", r.issued, rtl.issue_o) ||
            differ("reads lanes", r.issued && r.step.mac, rtl.reads_lanes_o) || !checkSample(r) ||
            !checkStart("LOAD", r.load, rtl.load_start_o, &rtl.load_o[0], rtl.load_window_o,
                        program) ||
            !checkStart("STORE", r.store, rtl.store_start_o, &rtl.store_o[0],
                        rtl.store_window_o, program))
          return false;
      }
      if (rtl.out_next_o) { // in the cycle of a start: it has no OUT of its own
        Out none;
        none.pool_window = none.pool_stride = 1;
        takenOut = encode(Instruction(none));
        if (!rtl.out_begin_o)
          std::memcpy(&takenOut, &rtl.out_o[0], 16);
        takenSplit = rtl.out_next_split_o;
        taken = true;
      }
      ends += r.end;
      rtl.clk_i = 1;
      rtl.eval();
    }
    cycles += records.size();
    return finish(trapped, atArray);
  }

  bool finish(bool trapped, bool atArray) {
    quiet();
    uint64_t last = now;
    for (; !rtl.done_o; ++now) {
      if (now > last + 40) {
        std::printf("no end after cycle %llu (trap '%s')\n", (unsigned long long)last,
                    outcome.trapText.c_str());
        return false;
      }
      rtl.array_range_i = trapped && atArray && now == last + 3;
      tick();
    }
    if (differ("trap", uint64_t(outcome.trap), rtl.trap_o) ||
        (trapped && differ("trap index", outcome.trapInstruction, rtl.trap_index_o)))
      return false;
    if (trapped)
      return true;
    const Counters &c = engine->counters();
    stalls[0] += c.writerStall;
    stalls[1] += c.valueStall;
    stalls[2] += c.loadWait + c.storeWait;
    auto &ends = outcome.windowEnd;
    return !differ("cycles", outcome.cycles, rtl.cycles_o) &&
           !differ("idle", c.idle, rtl.idle_cycles_o) &&
           !differ("writer stalls", c.writerStall, rtl.writer_stalls_o) &&
           !differ("value stalls", c.valueStall, rtl.value_stalls_o) &&
           !differ("waits for LOAD", c.loadWait, rtl.load_waits_o) &&
           !differ("waits for STORE", c.storeWait, rtl.store_waits_o) &&
           !differ("steps", c.steps, rtl.steps_o) &&
           !differ("windows", ends.size(), rtl.windows_done_o) &&
           (ends.empty() || (!differ("first end", ends.front(), rtl.first_end_o) &&
                             !differ("last end", ends.back(), rtl.last_end_o)));
  }

  Vbnn_sequencer rtl;
  std::unique_ptr<Engine> engine;
  std::vector<CycleRecord> records;
  Outcome outcome;
  Out out;
  uint32_t split = 0;
  Bits128 takenOut; ///< of the RUN whose word was taken last
  uint32_t takenSplit = 0;
  bool taken = false;
  uint64_t now = 0;
};

} // namespace

/// One RUN of 2 * 4095^2 steps, more than the 2^24 that a RUN may take.
static Program endless(const Target &target) {
  Program program;
  uint64_t word = encode(findRoutine("binary")->words[0]);
  for (auto &region : program.regions)
    region.resize(8);
  std::memcpy(program.regions[0].data(), &word, 8);
  Load control;
  control.dest = LoadDest::Control;
  control.push_next = 1;
  Loop inner, outer;
  inner.index0 = 0;
  inner.index1 = 1;
  inner.limit0 = inner.limit1 = 4095;
  outer.index0 = 2;
  outer.limit0 = 2;
  bnn::isa::Run run;
  run.pop_prev = 1;
  for (const Instruction &inst : {Instruction(control), Instruction(inner), Instruction(outer),
                                  Instruction(run), Instruction(End{})}) {
    program.code.resize(program.code.size() + instructionBytes);
    storeBits(encode(inst), program.code.data() + program.code.size() - instructionBytes);
  }
  return program;
}

// bnn-tb-seq [programs [first seed]], or bnn-tb-seq watchdog
int main(int argc, char **argv) {
  if (argc > 1 && !std::strcmp(argv[1], "watchdog")) {
    Bench bench;
    bool right = bench.stops(endless(bench.target));
    std::printf("watchdog: %s\n", right ? "as the model" : "differs");
    return !right;
  }
  uint64_t programs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2000;
  uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Bench bench;
  for (uint64_t seed = first; seed < first + programs; ++seed) {
    Generator generator(seed, bench.target);
    bool orderly = seed % 2;
    Program program = orderly ? generator.orderly() : generator.damaged();
    if (!bench.compare(program, 2)) {
      std::printf("seed %llu (%s) differs\n", (unsigned long long)seed,
                  orderly ? "orderly" : "damaged");
      return 1;
    }
  }
  std::printf("%llu programs from seed %llu, %llu cycles equal; stalls: writer %llu, value %llu, "
              "token %llu; %llu too long\n",
              (unsigned long long)programs, (unsigned long long)first,
              (unsigned long long)bench.cycles, (unsigned long long)bench.stalls[0],
              (unsigned long long)bench.stalls[1], (unsigned long long)bench.stalls[2],
              (unsigned long long)bench.tooLong);
  for (auto [trap, count] : bench.traps)
    std::printf("  %-20s %llu\n", name(trap), (unsigned long long)count);
  return 0;
}
