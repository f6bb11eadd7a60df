// LOAD and STORE with their AXI masters against the golden model: contents equal
// on every memory, cycles equal on the ideal one; traps, errors, silence, aborts.
#include "Bus.h"

#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <random>

using namespace bnn; // NOLINT
using namespace bnn::isa;
using tb::Bus;

namespace {

std::mt19937_64 rng;
uint64_t seed = 1;

uint32_t upTo(uint64_t most) { return uint32_t(rng() % (most + 1)); }
bool chance(double p) {
  return std::uniform_real_distribution<>(0, 1)(rng) < p;
}

[[noreturn]] void fail(const std::string &text) {
  fmt::print(stderr, "FAIL (seed {}): {}\n", seed, text);
  std::exit(1);
}

/// The model's side: the lanes and Engine::loadLanes's order of things.
struct ModelLoad {
  Lanes &lanes;
  const Load &inst;
  const uint8_t *data;
  Lanes::Loader loader;
  uint32_t done = 0, count; ///< beats: pads, the memory's, pads
  std::vector<bool> wrote; ///< per cycle from the first beat on

  ModelLoad(Lanes &lanes, const Load &inst, const uint8_t *data)
      : lanes(lanes), inst(inst), data(data),
        count(uint32_t(beatsToLanes(inst))) {
    loader.beat.base = inst.address;
    loader.beat.phase = inst.phase;
    loader.beat.quad = inst.format == Format::Quad;
    loader.period = inst.period;
    loader.keep = inst.keep;
  }
  bool anyHeld() const {
    for (const auto &held : loader.held)
      if (held.full)
        return true;
    return false;
  }
  /// One cycle; true in the last.
  bool tick(bool portTaken) {
    wrote.push_back(false);
    if (done > count) {
      if (portTaken)
        return false;
      wrote.back() = anyHeld();
      lanes.flush(loader);
      return true;
    }
    Lanes::Beat &beat = loader.beat;
    if (!loader.fetched) {
      beat.previous = beat.current;
      beat.current = 0;
      beat.k = done;
      beat.currentValid = done < count ? 8 : 0;
      uint32_t fetched = done - inst.lead; // huge for lead pads
      if (fetched < inst.beats)
        std::memcpy(&beat.current, data + 8 * fetched, 8);
      else if (done < count)
        std::memset(&beat.current, int(inst.pad), 8);
      loader.fetched = true;
    }
    if (lanes.mustFlush(loader)) {
      if (portTaken)
        return false;
      wrote.back() = true;
      lanes.flush(loader);
    }
    lanes.take(loader);
    loader.fetched = false;
    ++done;
    return false;
  }
};

struct Strides {
  uint64_t input = 0, output = 0;
};

/// Regions with random bytes and strides; with `atEnd` one of them ends near the end
/// of the address space, or past it.
Strides newRegions(Bus &bus, bool atEnd = false) {
  Strides s{8ull * upTo(40), 8ull * upTo(40)};
  for (auto &r : bus.region) {
    r.resize(8 * (700 + upTo(3000)));
    for (uint8_t &byte : r)
      byte = uint8_t(rng());
  }
  if (atEnd) {
    size_t r = upTo(3), beats = bus.region[r].size() / 8;
    bus.base[r] = 0u - 8 * uint32_t(chance(0.3) ? beats + upTo(2) : 1 + upTo(beats));
  }
  bus.setRegions(s.input, s.output);
  return s;
}

/// The bytes of `beats` beats; null if they reach out of the region or to the last
/// beat of the address space.
uint8_t *place(Bus &bus, Region region, const Strides &s, uint32_t window,
               uint32_t first, uint32_t beats) {
  uint64_t offset = uint64_t(first) * 8;
  if (region == Region::Input)
    offset += window * s.input;
  if (region == Region::Output)
    offset += window * s.output;
  auto &bytes = bus.region[size_t(region)];
  uint64_t ends = offset + 8ull * beats;
  bool fits = ends <= bytes.size() && bus.base[size_t(region)] + ends <= (1ull << 32) - 8;
  return fits ? bytes.data() + offset : nullptr;
}

uint64_t randomWord() {
  Microword word;
  word.mac = rng() & 1;
  word.first = AccOp(upTo(5));
  word.rest = AccOp(upTo(5));
  word.reduce = upTo(255);
  word.sample = Sample(upTo(2));
  word.near = upTo(63);
  word.far = upTo(63);
  word.hi = upTo(7);
  word.mid = upTo(7);
  word.halt = rng() & 1;
  return encode(word);
}

Load randomLoad(uint32_t most) {
  Load load;
  load.dest = LoadDest(upTo(3));
  load.region = Region(upTo(3));
  load.beats = 1 + upTo(chance(0.3) ? 4 : most);
  if (load.dest == LoadDest::Lanes) {
    load.phase = chance(0.3) ? upTo(255) : upTo(24);
    load.format = Format(rng() & 1);
    load.address = 2 * upTo(100);
    if (chance(0.4)) {
      load.period = 1 + upTo(chance(0.2) ? 254 : 14);
      load.keep = upTo(load.period + (chance(0.1) ? 3 : 0));
      if (load.keep > 255)
        load.keep = 255;
      if (load.keep > load.period) // up to four words a beat
        load.beats = std::min(load.beats, 150u);
    }
    if (chance(0.6)) {
      load.lead = upTo(chance(0.3) ? 63 : 3);
      load.trail = upTo(chance(0.3) ? 63 : 3);
      load.pad = upTo(255);
    }
    if (load.address + wordsInLanes(load) > tb::kLaneWords)
      load.period = load.keep = 0; // words farther apart than the lanes are long
  } else {
    load.split = load.dest == LoadDest::Control ? 0 : upTo(2);
    uint32_t unit = load.dest == LoadDest::Control ? 1 : isaRowBeats;
    unit <<= load.split;
    load.beats = std::max(1u, load.beats / unit) * unit;
    if (load.dest == LoadDest::Control)
      load.beats = std::min(load.beats, 40u), load.address = upTo(20);
    else
      load.address = upTo(50);
  }
  load.source = upTo(200);
  return load;
}

void checkProtocol(Bus &bus) {
  if (!bus.memory.violation().empty())
    fail("AXI: " + bus.memory.violation());
}

/// Loads and stores, one after the other or at once; everything is compared.
struct Course {
  Bus &bus;
  bool ideal;
  Lanes lanes{tb::kLaneWords};
  Strides strides;
  uint32_t loadWindow = 0, storeWindow = 0;
  double port = 0, reads = 0;

  /// The same window or the next one; code without a LOAD or STORE in a window
  /// has none in any, so that jumps cost cycles only where nobody counts.
  void nextWindow(uint32_t &window) { window += chance(0.2) ? ideal ? 1 : upTo(2) : 0; }

  void compareLanes(const Load &load) {
    for (uint32_t p = 0; p < 8; ++p)
      for (uint32_t w = 0; w < tb::kLaneWords; ++w)
        if (lanes.lane(p)[w] != bus.lanes[p * tb::kLaneWords + w])
          fail(fmt::format("{}: lane {} word {} is {:08x}, model {:08x}",
                           print(Instruction(load)), p, w,
                           bus.lanes[p * tb::kLaneWords + w], lanes.lane(p)[w]));
  }

  void compareRows(const Load &load, const uint8_t *data) {
    uint32_t groups = tb::kClusters >> load.split;
    uint32_t perChunk = load.beats >> load.split;
    bool weights = load.dest == LoadDest::Weights;
    constexpr uint32_t rowBytes = 8 * isaRowBeats;
    for (uint32_t c = 0; c < tb::kClusters; ++c) {
      const uint8_t *chunk = data + size_t(c / groups) * perChunk * 8;
      for (uint32_t row = 0; row < perChunk * 8 / rowBytes; ++row)
        for (uint32_t ch = 0; ch < 8; ++ch) {
          uint32_t want = 0;
          std::memcpy(&want, chunk + row * rowBytes + ch * rowBytes / 8, rowBytes / 8);
          uint32_t at = load.address + row;
          uint32_t got = weights
                             ? bus.weights[c * tb::kWeightRows + at][ch]
                             : bus.thresholds[c * tb::kThresholdRows + at][ch];
          if (got != want)
            fail(fmt::format("{}: cluster {} row {} channel {} is {:x}, should be {:x}",
                             print(Instruction(load)), c, at, ch, got, want));
        }
    }
  }

  void runLoad() {
    Load load = randomLoad(300);
    nextWindow(loadWindow);
    uint8_t *data = place(bus, load.region, strides, loadWindow, load.source, load.beats);
    if (load.dest == LoadDest::Control && data)
      for (uint32_t i = 0; i < load.beats; ++i) {
        uint64_t word = randomWord();
        std::memcpy(data + 8 * i, &word, 8);
      }
    bool toLanes = load.dest == LoadDest::Lanes;
    ModelLoad model(lanes, load, data);
    bus.laneWrites.clear();
    uint64_t start = bus.cycle, readBefore = bus.memory.readBeats;
    bus.startLoad(load, loadWindow);
    if (!data) {
      expectTrap(Trap::RegionRange, print(Instruction(load)));
      return;
    }
    bool modelDone = false;
    uint64_t modelEnd = 0;
    for (bool done = false; !done;) {
      bool taken = chance(port);
      uint64_t c = bus.cycle - start;
      if (ideal && toLanes && !modelDone && c >= 8) {
        modelDone = model.tick(taken);
        modelEnd = c;
      }
      bus.tick(taken, false);
      done = bus.loadDone;
      if (bus.loadTrap || bus.errors)
        fail(fmt::format("{}: trap {}, bus errors {}", print(Instruction(load)), bus.loadTrap, bus.errors));
      if (c > 100000)
        fail("never done: " + print(Instruction(load)));
      if (!done)
        continue;
      uint64_t want = toLanes ? modelEnd : 8 + load.beats - 1;
      if (ideal && (c != want || (toLanes && !modelDone)))
        fail(fmt::format("{}: done in cycle {}, model {}", print(Instruction(load)), c, want));
    }
    if (bus.memory.readBeats - readBefore != load.beats)
      fail(fmt::format("{}: {} beats on the bus", print(Instruction(load)),
                       bus.memory.readBeats - readBefore));
    for (int i = 0; i < 3; ++i) // what is on its way to the memories
      bus.tick(false, false);
    if (toLanes) {
      if (!ideal)
        while (!model.tick(false))
          ;
      compareLanes(load);
      std::vector<uint64_t> writes;
      for (size_t i = 0; i < model.wrote.size(); ++i)
        if (model.wrote[i])
          writes.push_back(start + 8 + i + 3);
      if (ideal && writes != bus.laneWrites)
        fail(fmt::format("{}: lane writes in other cycles", print(Instruction(load))));
    } else if (load.dest == LoadDest::Control) {
      if (std::memcmp(&bus.control[load.address], data, 8 * load.beats))
        fail("control words differ: " + print(Instruction(load)));
    } else {
      compareRows(load, data);
    }
    checkProtocol(bus);
  }

  void runStore() {
    Store store;
    store.source = StoreSource(rng() & 1);
    store.region = Region(2 + (rng() & 1));
    store.beats = 1 + upTo(chance(0.3) ? 4 : 200);
    store.address = upTo(500);
    if (store.source == StoreSource::Lanes)
      store.address &= ~1u;
    store.dest = upTo(300);
    nextWindow(storeWindow);
    uint8_t *data = place(bus, store.region, strides, storeWindow, store.dest, store.beats);
    auto before = bus.region;
    uint64_t start = bus.cycle, end = 0;
    bus.startStore(store, storeWindow);
    if (!data) {
      expectTrap(Trap::RegionRange, print(Instruction(store)));
      return;
    }
    uint32_t moved = 0;
    for (bool done = false; !done;) {
      bool reading = chance(reads);
      uint64_t c = bus.cycle - start;
      if (c >= 2 && moved < store.beats &&
          !(store.source == StoreSource::Lanes && reading) && ++moved == store.beats)
        end = c + 6;
      bus.tick(false, reading);
      done = bus.storeDone;
      if (bus.storeTrap || bus.errors)
        fail(fmt::format("{}: trap {}, bus errors {}", print(Instruction(store)), bus.storeTrap, bus.errors));
      if (c > 100000)
        fail("never done: " + print(Instruction(store)));
      if (done && ideal && c != end)
        fail(fmt::format("{}: done in cycle {}, model {}", print(Instruction(store)), c, end));
    }
    for (uint32_t i = 0; i < store.beats; ++i) {
      uint64_t want;
      if (store.source == StoreSource::Output)
        want = bus.buffer[store.address + i];
      else
        std::memcpy(&want, &bus.lanes[store.address + 2 * i], 8);
      std::memcpy(before[size_t(store.region)].data() + (data - bus.region[size_t(store.region)].data()) + 8 * i, &want, 8);
    }
    if (before != bus.region)
      fail("memory differs after " + print(Instruction(store)));
    checkProtocol(bus);
  }

  /// The unit at work must trap so, and nothing may move on the bus but what
  /// was under way; then the units start anew.
  void expectTrap(Trap trap, const std::string &text) {
    int late = 0;
    for (int i = 0; i < 2000; ++i) {
      bus.tick(false, false);
      uint32_t got = bus.loadTrap | bus.storeTrap;
      if (got && got != uint32_t(trap))
        fail(fmt::format("{}: trap {}, expected {}", text, got, uint32_t(trap)));
      // A word past the lanes shows READ_LAG cycles later, perhaps after the end.
      late += bus.loadDone || late;
      if (late > 4 || bus.storeDone)
        fail(text + ": done instead of a trap");
      if (got) {
        restart();
        return;
      }
    }
    fail(text + ": no trap");
  }

  void restart() {
    bus.top->abort_i = 1;
    for (int i = 0; i < 3 || !bus.drained(); ++i) {
      bus.tick(false, false);
      if (i > 3000)
        fail("the bus does not drain");
    }
    if (bus.memory.underWay())
      fail("bursts under way after the drain");
    bus.reset();
    loadWindow = storeWindow = 0;
    checkProtocol(bus);
  }
};

void fillMemories(Bus &bus) {
  for (uint64_t &word : bus.buffer)
    word = rng();
}

/// Random transfers on one memory.
void transfers(const sim::AxiTiming &timing, int courses, int each) {
  uint64_t loads = 0;
  for (int i = 0; i < courses; ++i) {
    Bus bus(timing, rng());
    Course course{bus, timing.name == "ideal"};
    course.strides = newRegions(bus, chance(0.5));
    fillMemories(bus);
    course.port = i % 3 ? chance(0.5) ? 0.3 : 0.8 : 0;
    course.reads = i % 3 ? 0.5 : 0;
    bus.reset();
    for (int n = 0; n < each; ++n, ++loads)
      chance(0.7) ? course.runLoad() : course.runStore();
  }
  fmt::print("{}: {} transfers\n", timing.name, loads);
}

/// Wrong fields, addresses and words.
void traps() {
  Bus bus(sim::AxiTiming::ideal(), 7);
  Course course{bus, true};
  course.strides = newRegions(bus);
  bus.reset();
  auto load = [&](Trap trap, Load l) {
    bus.startLoad(l, 0);
    course.expectTrap(trap, print(Instruction(l)));
  };
  auto store = [&](Trap trap, Store s) {
    bus.startStore(s, 0);
    course.expectTrap(trap, print(Instruction(s)));
  };
  Load l;
  l.dest = LoadDest::Thresholds;
  l.beats = 3 * isaRowBeats;
  l.address = tb::kThresholdRows - 2;
  load(Trap::AddressRange, l);
  l.dest = LoadDest::Weights;
  l.beats = 2 * isaRowBeats;
  l.address = tb::kWeightRows - 1;
  load(Trap::AddressRange, l);
  l.address = 65535;
  load(Trap::AddressRange, l);
  l = Load();
  l.address = tb::kLaneWords - 8;
  l.beats = 5;
  load(Trap::AddressRange, l);
  l.address = 65534;
  l.beats = 1;
  load(Trap::AddressRange, l);
  l.address = tb::kLaneWords - 8; // as far as the memory's beats fit
  l.lead = 4;
  load(Trap::AddressRange, l);
  l.lead = 0;
  l.trail = 4;
  load(Trap::AddressRange, l);
  l = Load();
  l.dest = LoadDest::Control;
  l.address = tb::kControlWords;
  uint64_t good = randomWord();
  std::memcpy(bus.region[0].data(), &good, 8);
  load(Trap::AddressRange, l);
  l.address = 0;
  for (uint64_t bad : {1ull << 54, 6ull << 1, 7ull << 4, 3ull << 15}) {
    std::memcpy(bus.region[0].data(), &bad, 8);
    load(Trap::IllegalField, l);
  }
  l = Load();
  l.source = (1u << 26) - 1;
  l.beats = 65535;
  load(Trap::RegionRange, l);
  l.lead = 63;
  load(Trap::RegionRange, l);
  Store s;
  s.region = Region::Output;
  s.source = StoreSource::Lanes;
  s.address = tb::kLaneWords - 2;
  s.beats = 2;
  store(Trap::AddressRange, s);
  s.source = StoreSource::Output;
  s.address = tb::kOutputWords - 1;
  store(Trap::AddressRange, s);
  // A region past the end of the address space: its first beats are there, the
  // next ones would be at low addresses.
  for (int r = 0; r < 4; ++r)
    bus.base[size_t(r)] = uint32_t(-32);
  bus.setRegions(0, 0);
  l = Load();
  s = Store();
  for (uint32_t first : {3u, 4u, 5u, 100u}) {
    l.source = s.dest = first;
    for (Region r : {Region::Program, Region::Input, Region::Output, Region::Scratch}) {
      l.region = s.region = r;
      load(Trap::RegionRange, l);
      if (r >= Region::Output)
        store(Trap::RegionRange, s);
    }
  }
  fmt::print("traps\n");
}

/// Aborts in the middle, error responses, and a memory that falls silent.
void accidents(int count) {
  for (int i = 0; i < count; ++i) {
    sim::AxiTiming timing = i % 2 ? sim::AxiTiming::random() : sim::AxiTiming::hp();
    Bus bus(timing, rng());
    Course course{bus, false};
    course.strides = newRegions(bus);
    fillMemories(bus);
    bus.reset();
    Load load;
    load.beats = 500;
    load.phase = 3;
    Store store;
    store.region = Region::Scratch;
    store.beats = 500;
    bus.startLoad(load, 0);
    bus.startStore(store, 0);
    int kind = i % 3;
    int at = int(upTo(300));
    uint32_t errors = 0;
    for (int n = 0; n < 4000 && !errors; ++n) {
      if (n == at) {
        if (kind == 0)
          break;
        if (kind == 1)
          bus.memory.errorFrom = 0;
        bus.memory.silent = kind == 2;
      }
      bus.tick(false, false);
      errors = bus.errors;
    }
    if (kind && !errors)
      fail(kind == 1 ? "an error response was not reported" : "silence was not noticed");
    if (kind == 1 && errors & 0b1010)
      fail("an error response was taken for silence");
    if (kind == 2 && errors & 0b0101)
      fail("silence was taken for an error response");
    bus.memory.silent = false; // the drain needs answers
    bus.memory.errorFrom = ~0ull;
    bus.top->abort_i = 1;
    bus.tick(false, false);
    auto after = bus.region; // from here on no byte may change ...
    bus.tick(false, false);
    bool waited = after != bus.region; // ... but a beat that was waiting for its ready
    if (waited)
      after = bus.region;
    course.restart();
    size_t changed = 0;
    for (size_t b = 0; b < after[3].size(); ++b)
      changed += after[3][b] != bus.region[3][b];
    if (changed > 8)
      fail("an aborted STORE went on writing");
    std::fill(bus.lanes.begin(), bus.lanes.end(), 0);
    course.lanes.clear();
    course.runLoad(); // the units work again
    course.runStore();
  }
  fmt::print("{} accidents\n", count);
}

} // namespace

int main(int argc, char **argv) {
  if (argc > 1)
    seed = std::strtoull(argv[1], nullptr, 0);
  else if (const char *text = std::getenv("BNNCC_SEED"))
    seed = std::strtoull(text, nullptr, 0);
  rng.seed(seed);
  fmt::print("seed {}\n", seed);
  traps();
  transfers(sim::AxiTiming::ideal(), 30, 100);
  transfers(sim::AxiTiming::random(), 20, 50);
  transfers(sim::AxiTiming::hp(), 20, 50);
  accidents(60);
  return 0;
}
