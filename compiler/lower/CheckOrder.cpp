//===- CheckOrder.cpp - LOADs, RUNs and STOREs in order -------------------===//
//
// The windows of a stream are played in program order. Each instruction has a
// footprint: the words and rows that it reads and writes. Each engine keeps its
// own order, and the n-th token taken is at least the n-th given, so x is over
// before y starts if y and what its engine did before have taken more tokens
// than were there before x gave one.
//
// A window is a chain of maps: LOAD writes map 0, and the RUNs that read map n
// write map n + 1. So the words that a RUN reads tell which map they belong to,
// and a place that a RUN took too early, while another still needs what lay
// there, shows: the other one reads words of two maps, or its own words are
// taken for a map too far and meet the earlier RUN's where both are read.
//
//===----------------------------------------------------------------------===//

#include "CheckOrder.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace isa = ::bnn::isa;

namespace bnncc::lower {

namespace {
using Set = std::vector<bool>;

enum Memory { Lanes, Weights, Thresholds, OutputWords, Memories };
constexpr const char *Names[] = {"lane word", "weight row", "threshold row",
                                 "output word"};

struct Footprint {
  std::array<Set, Memories> reads, writes;
};

enum Engine { Load, Run, Store };

/// Tokens that an instruction takes and gives, by the other engine.
struct Use {
  Engine engine;
  std::array<uint32_t, 3> taken{}, given{};
};

Use useOf(const isa::Instruction &instruction) {
  if (auto *load = std::get_if<isa::Load>(&instruction))
    return {Load, {0, load->pop_next, 0}, {0, load->push_next, 0}};
  if (auto *run = std::get_if<isa::Run>(&instruction))
    return {Run,
            {run->pop_prev, 0, run->pop_next},
            {run->push_prev, 0, run->push_next}};
  auto &store = std::get<isa::Store>(instruction);
  return {Store, {0, store.pop_prev, 0}, {0, store.push_prev, 0}};
}

/// Footprints of the instructions of one code, and the control store that the
/// cold code fills.
class Footprints {
public:
  explicit Footprints(const isa::Program &program)
      : program(program), control(program.target.controlWords) {}

  /// False for instructions that move nothing.
  bool of(const isa::Instruction &instruction, Footprint &f) {
    const isa::Target &t = program.target;
    for (auto *sets : {&f.reads, &f.writes})
      *sets = {Set(t.laneWords), Set(t.weightRows), Set(t.thresholdRows),
               Set(t.outputWords)};
    if (auto *loop = std::get_if<isa::Loop>(&instruction)) {
      if (loop->limit0)
        loops[loop->index0] = {loop->limit0, loop->act_stride0,
                               loop->weight_stride0, loop->threshold_stride0};
      if (loop->limit1)
        loops[loop->index1] = {loop->limit1, loop->act_stride1,
                               loop->weight_stride1, loop->threshold_stride1};
    } else if (auto *o = std::get_if<isa::Out>(&instruction)) {
      out = *o;
    } else if (auto *load = std::get_if<isa::Load>(&instruction)) {
      ofLoad(*load, f);
      return true;
    } else if (auto *store = std::get_if<isa::Store>(&instruction)) {
      bool lanes = store->source == isa::StoreSource::Lanes;
      mark(f.reads[lanes ? Lanes : OutputWords], store->address,
           store->beats * (lanes ? 2 : 1));
      return true;
    } else if (auto *run = std::get_if<isa::Run>(&instruction)) {
      ofRun(*run, f);
      loops.fill({});
      out = {};
      return true;
    }
    return false;
  }

private:
  struct Nest {
    uint32_t limit = 1;
    int64_t act = 0, weight = 0, threshold = 0;
  };

  static void mark(Set &set, int64_t first, int64_t count) {
    for (int64_t i = std::max<int64_t>(first, 0);
         i < std::min<int64_t>(first + count, int64_t(set.size())); ++i)
      set[size_t(i)] = true;
  }

  void ofLoad(const isa::Load &load, Footprint &f) {
    uint32_t chunk = load.beats >> load.split;
    switch (load.dest) {
    case isa::LoadDest::Lanes:
      return mark(f.writes[Lanes], load.address,
                  int64_t(wordsInLanes(load)));
    case isa::LoadDest::Weights:
      return mark(f.writes[Weights], load.address, chunk / isa::isaRowBeats);
    case isa::LoadDest::Thresholds:
      return mark(f.writes[Thresholds], load.address, chunk / isa::isaRowBeats);
    case isa::LoadDest::Control:
      for (uint32_t i = 0; i < load.beats; ++i) {
        uint64_t bits = 0;
        for (uint32_t b = 0; b < 8; ++b)
          bits |= uint64_t(program.image[(size_t(load.source) + i) * 8 + b])
                  << 8 * b;
        std::string error;
        decode(bits, control[load.address + i], error);
      }
    }
  }

  /// All sums of `base` and one multiple below its limit of each stride.
  static Set sums(size_t size, const std::vector<int64_t> &bases,
                  const std::vector<std::pair<uint32_t, int64_t>> &strides) {
    Set set(size);
    for (int64_t base : bases)
      mark(set, base, 1);
    for (auto [limit, stride] : strides) {
      if (stride == 0 || limit == 1)
        continue;
      Set more(size);
      for (size_t i = 0; i < size; ++i)
        for (uint32_t n = 0; set[i] && n < limit; ++n)
          mark(more, int64_t(i) + int64_t(n) * stride, 1);
      set = std::move(more);
    }
    return set;
  }

  void ofRun(const isa::Run &run, Footprint &f) {
    const isa::Target &t = program.target;
    std::vector<int64_t> weights, thresholds, planes;
    uint32_t advanced = 0;
    bool samples = false, pixelsReduced = false;
    for (uint32_t pc = run.entry; pc < control.size(); ++pc) {
      const isa::Microword &word = control[pc];
      for (uint32_t j = word.lo; word.ends && j <= word.hi; ++j)
        advanced |= 1u << j;
      samples |= word.sample != isa::Sample::None;
      pixelsReduced |= word.reduce >> 5 & 1;
      thresholds.push_back(int64_t(run.threshold) + word.row);
      if (word.mac) {
        weights.push_back(int64_t(run.weight) +
                          int64_t(word.plane_w) * run.weight_plane_stride);
        planes.push_back(int64_t(word.plane_a) * run.act_plane_stride);
      }
      if (word.halt)
        break;
    }
    if (!samples)
      return;
    std::array<Nest, 8> nest = loops;
    for (uint32_t j = 0; j < 8; ++j)
      if (!(advanced >> j & 1))
        nest[j] = {};
    auto strides = [&](auto field, uint32_t without) {
      std::vector<std::pair<uint32_t, int64_t>> list;
      for (uint32_t j = 0; j < 8; ++j)
        if (j != without)
          list.push_back({nest[j].limit, nest[j].*field});
      return list;
    };
    f.reads[Weights] = sums(t.weightRows, weights, strides(&Nest::weight, 8));
    f.reads[Thresholds] =
        sums(t.thresholdRows, thresholds, strides(&Nest::threshold, 8));
    // Only what pixels of the map read counts.
    uint32_t groups = t.clusters >> run.split;
    std::vector<int64_t> windows;
    for (uint32_t x = 0; x < nest[5].limit; ++x)
      for (uint32_t q = 0; q < groups; ++q) {
        uint32_t pixel = pixelsReduced ? q * 8 : (x * groups + q) * 8;
        bool partial = x + 1 == nest[5].limit && run.last_pixels;
        uint32_t pixels = !pixelsReduced ? out.pixels
                          : partial      ? run.last_pixels
                                         : groups * 8;
        if (pixel < pixels)
          for (int64_t plane : planes)
            windows.push_back(run.act + x * nest[5].act +
                              q * int64_t(run.cluster_stride) + plane);
      }
    f.reads[Lanes] = sums(t.laneWords, windows, strides(&Nest::act, 5));
    uint64_t pixels =
        out.mode == isa::OutMode::SumBits ? 1
        : out.pixels < out.pool_window
            ? 0
            : (out.pixels - out.pool_window) / out.pool_stride + 1;
    if (out.mode != isa::OutMode::Bits && out.mode != isa::OutMode::SumBits) {
      // 8 numbers of 32 bits for each pixel or sum and group of 8 channels.
      int64_t words = int64_t(nest[7].limit) * nest[6].limit * nest[4].limit
                      * 4 << run.split;
      if (out.mode == isa::OutMode::Raw)
        words *= int64_t(pixels);
      else if (out.mode == isa::OutMode::Split)
        words *= 2;
      mark(f.writes[OutputWords], out.base, words);
      return;
    }
    uint64_t bytes = out.lead + pixels * out.record + out.trail;
    for (uint32_t g = 0; g < nest[7].limit; ++g)
      for (uint32_t y = 0; y < nest[6].limit; ++y)
        mark(f.writes[Lanes],
             int64_t(out.base) + g * out.group_pitch + y * out.row_pitch,
             int64_t((bytes + 7) / 8 * 2));
  }

  const isa::Program &program;
  std::vector<isa::Microword> control;
  std::array<Nest, 8> loops;
  isa::Out out;
};

/// One instruction that moves something, in one window.
struct Item {
  uint32_t instruction = 0, window = 0;
  Use use;
  const Footprint *footprint;
  std::array<uint64_t, 3> takenBefore{}, givenBefore{}; ///< by its engine
};

class OrderCheck {
public:
  OrderCheck(const OrderJob &job, std::string &error)
      : job(job), error(error), footprints(job.program) {}

  bool run() {
    for (auto &memory : writers)
      memory.assign(65536, {});
    Footprint f;
    for (const isa::Instruction &instruction : job.cold)
      if (footprints.of(instruction, f))
        write(f, 0, -1, 0);
    std::map<uint32_t, Footprint> warm;
    for (uint32_t i = 0; i < job.warm.size(); ++i)
      if (footprints.of(job.warm[i], f))
        warm[i] = f;
    std::array<std::array<uint64_t, 3>, 3> taken{}, given{};
    for (uint32_t window = 0; window < 3; ++window)
      for (const auto &[i, footprint] : warm) {
        Item item{i, window, useOf(job.warm[i]), &footprint, {}, {}};
        item.takenBefore = taken[item.use.engine];
        item.givenBefore = given[item.use.engine];
        for (int other = 0; other < 3; ++other) {
          taken[item.use.engine][other] += item.use.taken[other];
          given[item.use.engine][other] += item.use.given[other];
        }
        items.push_back(item);
      }
    return checkWriters() && checkPairs();
  }

private:
  struct Writer {
    int64_t instruction = -2; ///< -2: nobody, -1: cold code
    uint32_t window = 0;
    uint32_t map = 0; ///< lane words: which of the window's maps they belong to
  };

  void write(const Footprint &f, uint32_t window, int64_t instruction,
             uint32_t map) {
    for (int m = 0; m < Memories; ++m)
      for (size_t i = 0; i < f.writes[m].size(); ++i)
        if (f.writes[m][i])
          writers[m][i] = {instruction, window, map};
  }

  /// The map that a RUN writes: the one behind that which it reads. False if it
  /// reads two, or one that is not the last or the last but one so far.
  bool mapOf(const Item &item, uint32_t &newest, uint32_t &map) {
    map = 0;
    const Set &reads = item.footprint->reads[Lanes];
    size_t first = reads.size();
    for (size_t i = 0; i < reads.size(); ++i) {
      if (!reads[i])
        continue;
      if (first == reads.size())
        first = i;
      const Writer &a = writers[Lanes][first], &b = writers[Lanes][i];
      if (a.map == b.map)
        continue;
      error = fmt::format(
          "instruction {} reads two maps at once: lane word {}, which "
          "instruction {} wrote, belongs to map {} of the window, lane word "
          "{}, which instruction {} wrote, to map {}",
          item.instruction, first, a.instruction, a.map, i, b.instruction,
          b.map);
      return false;
    }
    if (first == reads.size() || item.use.engine != Run)
      return true;
    map = writers[Lanes][first].map + 1;
    if (map != newest && map != newest + 1) {
      error = fmt::format("instruction {} reads lane word {} of map {} of its "
                          "window, but map {} is written",
                          item.instruction, first, map - 1, newest);
      return false;
    }
    newest = map;
    return true;
  }

  /// Every word that is read was written in the same window or by cold code,
  /// by the same instruction in every window, and every RUN reads one map.
  bool checkWriters() {
    std::map<uint32_t, std::vector<int64_t>> firstWindow;
    uint32_t newest = 0, map = 0;
    for (const Item &item : items) {
      if (item.instruction == items[0].instruction)
        newest = 0; // a window begins
      std::vector<int64_t> sources;
      for (int m = 0; m < Memories; ++m)
        for (size_t i = 0; i < item.footprint->reads[m].size(); ++i) {
          if (!item.footprint->reads[m][i])
            continue;
          const Writer &writer = writers[m][i];
          if (writer.instruction == -2 ||
              (writer.instruction >= 0 && writer.window != item.window)) {
            error = fmt::format("instruction {} reads {} {}, which nothing "
                                "before it in its window writes",
                                item.instruction, Names[m], i);
            return false;
          }
          sources.push_back(writer.instruction);
        }
      if (item.window == 0)
        firstWindow[item.instruction] = sources;
      else if (firstWindow[item.instruction] != sources) {
        error = fmt::format("instruction {} reads what other instructions "
                            "wrote in the first window than later",
                            item.instruction);
        return false;
      }
      if (!mapOf(item, newest, map))
        return false;
      write(*item.footprint, item.window, item.instruction, map);
    }
    return true;
  }

  static bool meet(const Set &a, const Set &b, size_t &where) {
    for (where = 0; where < a.size(); ++where)
      if (a[where] && b[where])
        return true;
    return false;
  }

  /// Of any two on different engines that share a place, the later one in the
  /// program starts when the earlier one is over.
  bool checkPairs() {
    std::map<std::pair<uint32_t, uint32_t>, std::array<int, 3>> shared;
    for (size_t b = 0; b < items.size(); ++b)
      for (size_t a = 0; a < b; ++a) {
        const Item &x = items[a], &y = items[b];
        if (x.use.engine == y.use.engine)
          continue;
        auto [it, fresh] = shared.try_emplace({x.instruction, y.instruction},
                                              std::array{-1, 0, 0});
        if (fresh)
          it->second = conflict(*x.footprint, *y.footprint);
        auto [memory, word, writes] = it->second;
        if (memory < 0 || (ordered(x, y) && (!writes || written(x, y))))
          continue;
        error = fmt::format(
            "{} {} is used by instruction {} and then by instruction {}{}, and "
            "no token keeps their order",
            Names[memory], word, x.instruction, y.instruction,
            x.window == y.window ? "" : " of a later window");
        return false;
      }
    return true;
  }

  /// Memory and place where one writes what the other uses, or -1; the third
  /// says whether both write.
  static std::array<int, 3> conflict(const Footprint &x, const Footprint &y) {
    std::array<int, 3> found = {-1, 0, 0};
    size_t at = 0;
    for (int m = 0; m < Memories; ++m) {
      if (meet(x.reads[m], y.writes[m], at) ||
          meet(x.writes[m], y.reads[m], at))
        found = {m, int(at), found[2]};
      if (meet(x.writes[m], y.writes[m], at))
        found = {m, int(at), 1};
    }
    return found;
  }

  /// Whether y starts when x has given its token, or one after it.
  static bool ordered(const Item &x, const Item &y) {
    int xs = x.use.engine, ys = y.use.engine;
    if (std::abs(xs - ys) != 1)
      return false;
    // "Room" is there once before anybody gives it.
    uint64_t start = xs > ys;
    uint64_t taken = y.takenBefore[xs] + y.use.taken[xs];
    return taken > x.givenBefore[ys] + start;
  }

  /// A RUN's token for LOAD speaks of its reads. Its last write must be over
  /// when a LOAD that waits for the token writes, 8 cycles after its start at
  /// the earliest.
  bool written(const Item &x, const Item &y) const {
    if (x.use.engine != Run || y.use.engine != Load)
      return true;
    uint64_t token = y.takenBefore[Run] + y.use.taken[Run] - 1;
    const Item *giver = nullptr;
    for (const Item &item : items)
      if (item.use.engine == Run && item.use.given[Load] &&
          item.givenBefore[Load] + 1 == token)
        giver = &item;
    const isa::RunTrace *wrote = traceOf(x),
                        *gave = giver ? traceOf(*giver) : nullptr;
    return wrote && gave && wrote->retired <= gave->last + 1 + 8;
  }

  const isa::RunTrace *traceOf(const Item &item) const {
    for (const isa::RunTrace &trace : job.trace)
      if (trace.instruction == item.instruction && trace.window == item.window)
        return &trace;
    return nullptr;
  }

  const OrderJob &job;
  std::string &error;
  Footprints footprints;
  std::vector<Item> items;
  std::array<std::vector<Writer>, Memories> writers;
};
} // namespace

bool checkOrder(const OrderJob &job, std::string &error) {
  return OrderCheck(job, error).run();
}

} // namespace bnncc::lower
