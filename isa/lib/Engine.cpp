// The golden engine model: front end, LOAD and STORE engines, and the cycle
// loop that ties them to the sequencer.
#include "Sequencer.h"

#include <algorithm>
#include <cstring>

namespace bnn::isa {

namespace {
/// A LOAD or STORE in progress.
template <typename Inst> struct Transfer {
  Inst inst;
  uint32_t index = 0;
  uint64_t window = 0;
  uint64_t firstBeat = 0; ///< cycle from which beats move
  uint32_t done = 0;      ///< beats moved
  bool active = false;
};
} // namespace

struct Engine::Impl {
  explicit Impl(const Target &target)
      : target(target), lanes(target.laneWords), array(target),
        output(target, lanes), run(target, lanes, array, output) {}

  const Target target;
  Lanes lanes;
  Array array;
  OutputUnit output;
  Sequencer run;
  Counters counters;

  static constexpr size_t kSideQueueDepth = 8;
  std::deque<Queued> loadQueue, storeQueue;
  Transfer<Load> load;
  Lanes::Loader loader;
  Transfer<Store> store;
  Tokens tokens;
  Memory memory;
  uint64_t inputStride = 0, outputStride = 0;
  std::array<uint64_t, 4> rowBeats{}; ///< beats of the row being gathered
  uint32_t trapIndex = 0;
  std::vector<std::vector<uint64_t>> delays; ///< empty: ideal memory
  std::function<void(const CycleRecord &)> observer;
  CycleRecord record; ///< of the present cycle, for the observer

  uint64_t delayOf(const Queued &item) const {
    if (delays.empty())
      return 0;
    return delays[std::min<size_t>(item.window, delays.size() - 1)].at(item.index);
  }
  uint8_t *bytes(Region region, uint64_t window, uint64_t beat);
  bool dispatch(const Queued &item);
  bool tickLoad(uint64_t cycle, bool portTaken);
  bool tickStore(uint64_t cycle, Outcome &outcome);
  void loadBeat(uint64_t data);
  uint64_t nextBeat();
  uint64_t laneBeat();
  bool loadLanes(bool portTaken);
  void start();
  void note(uint64_t cycle);
  Outcome execute(std::span<const uint8_t> code, uint64_t windows);
};

uint8_t *Engine::Impl::bytes(Region region, uint64_t window, uint64_t beat) {
  std::span<uint8_t> span = memory.region[uint32_t(region)];
  uint64_t offset = beat * 8;
  if (region == Region::Input)
    offset += window * inputStride;
  if (region == Region::Output)
    offset += window * outputStride;
  if (offset + 8 > span.size())
    throw Stop{Trap::RegionRange, "byte " + std::to_string(offset + 7) +
                                      " of region " +
                                      std::to_string(uint32_t(region)) +
                                      " with " + std::to_string(span.size())};
  return span.data() + offset;
}

/// Hands an instruction to its engine's queue; false when there is no room.
bool Engine::Impl::dispatch(const Queued &item) {
  if (std::holds_alternative<Load>(item.instruction)) {
    if (loadQueue.size() >= kSideQueueDepth)
      return false;
    loadQueue.push_back(item);
  } else if (std::holds_alternative<Store>(item.instruction) ||
             std::holds_alternative<End>(item.instruction)) {
    if (storeQueue.size() >= kSideQueueDepth)
      return false;
    storeQueue.push_back(item);
  } else {
    if (run.queue.size() >= Sequencer::kQueueDepth)
      return false;
    run.queue.push_back(item);
  }
  return true;
}

/// Puts one beat of the present LOAD where it belongs (lanes: elsewhere).
void Engine::Impl::loadBeat(uint64_t data) {
  const Load &inst = load.inst;
  uint32_t beatsPerRow = beatsOfRow(inst.dest);
  uint32_t perChunk = inst.beats >> inst.split;
  uint32_t chunk = load.done / perChunk, inChunk = load.done % perChunk;
  rowBeats[inChunk % beatsPerRow] = data;
  if (inChunk % beatsPerRow != beatsPerRow - 1)
    return;
  uint32_t row = inst.address + inChunk / beatsPerRow;
  auto outside = [&](uint32_t size) {
    if (row >= size)
      throw Stop{Trap::AddressRange, "LOAD to row " + std::to_string(row) +
                                         " of " + std::to_string(size)};
  };
  if (inst.dest == LoadDest::Control) {
    outside(target.controlWords);
    Microword word;
    std::string error;
    if (!decode(data, word, error))
      throw Stop{Trap::IllegalField, error};
    run.control[row] = word;
    record.control = true;
    record.controlRow = row;
    record.controlWord = data;
    return;
  }
  uint32_t pixelGroups = target.clusters >> inst.split;
  for (uint32_t q = 0; q < pixelGroups; ++q) {
    uint32_t cluster = chunk * pixelGroups + q;
    if (inst.dest == LoadDest::Weights) {
      outside(target.weightRows);
      auto &words = array.weights[size_t(cluster) * target.weightRows + row];
      std::memcpy(words.data(), rowBeats.data(), 32);
      continue;
    }
    outside(target.thresholdRows);
    auto &entries =
        array.thresholds[size_t(cluster) * target.thresholdRows + row];
    std::memcpy(entries.data(), rowBeats.data(), 32);
  }
}

bool Engine::Impl::tickLoad(uint64_t cycle, bool portTaken) {
  if (!load.active) {
    if (loadQueue.empty())
      return false;
    const Load &inst = std::get<Load>(loadQueue.front().instruction);
    if (inst.pop_next && !tokens.runToLoad)
      return false;
    tokens.runToLoad -= inst.pop_next;
    trapIndex = loadQueue.front().index;
    if ((1u << inst.split) > target.clusters)
      throw Stop{Trap::IllegalField, "split is larger than the engine's clusters"};
    if (inst.dest == LoadDest::Lanes && inst.address % 2)
      throw Stop{Trap::IllegalField, "a lane LOAD's address must be even"};
    uint32_t unit = beatsOfRow(inst.dest) << inst.split;
    if (inst.beats % unit)
      throw Stop{Trap::IllegalField, "a LOAD's beats must be whole rows"};
    load = {inst, loadQueue.front().index, loadQueue.front().window,
            cycle + kBusLatency + delayOf(loadQueue.front()), 0, true};
    loader = {};
    loader.beat.base = inst.address;
    loader.beat.phase = inst.phase;
    loader.beat.quad = inst.format == Format::Quad;
    loader.period = inst.period;
    loader.keep = inst.keep;
    loadQueue.pop_front();
    record.load = {true, load.index, load.window};
    return true;
  }
  trapIndex = load.index;
  if (cycle == load.firstBeat - kBusLatency + kRegionCheck) // all of it, pads are no part
    bytes(load.inst.region, load.window,
          uint64_t(load.inst.source) + load.inst.beats - 1);
  if (cycle < load.firstBeat)
    return true;
  bool toLanes = load.inst.dest == LoadDest::Lanes;
  bool finished;
  if (toLanes) {
    finished = loadLanes(portTaken && delays.empty());
  } else {
    loadBeat(nextBeat());
    finished = ++load.done == load.inst.beats;
  }
  if (finished) {
    load.active = false;
    record.loadDone = true;
    tokens.loadToRun += load.inst.push_next;
  }
  return true;
}

/// The present LOAD's next beat on the bus.
uint64_t Engine::Impl::nextBeat() {
  ++counters.loadBeats;
  uint64_t beat = uint64_t(load.inst.source) + load.done - load.inst.lead, data;
  std::memcpy(&data, bytes(load.inst.region, load.window, beat), 8);
  return data;
}

/// The present lane LOAD's next beat: lead pads, the region's beats, trail
/// pads, then the flush beat, which is 0.
uint64_t Engine::Impl::laneBeat() {
  const Load &inst = load.inst;
  if (load.done >= beatsToLanes(inst))
    return 0;
  if (load.done < inst.lead || load.done >= inst.lead + inst.beats)
    return inst.pad * 0x0101010101010101ull;
  return nextBeat();
}

/// One cycle of a lane LOAD: a beat, the flush beat after the last one, or the
/// last write. True when all is written.
bool Engine::Impl::loadLanes(bool portTaken) {
  const uint32_t count = uint32_t(beatsToLanes(load.inst));
  if (load.done > count) {
    if (portTaken)
      return false;
    lanes.flush(loader);
    return true;
  }
  Lanes::Beat &beat = loader.beat;
  if (!loader.fetched) {
    beat.previous = beat.current;
    beat.current = laneBeat();
    beat.k = load.done;
    beat.currentValid = load.done < count ? 8 : 0;
    loader.fetched = true;
  }
  if (lanes.mustFlush(loader)) {
    if (portTaken)
      return false;
    lanes.flush(loader);
  }
  lanes.take(loader);
  loader.fetched = false;
  ++load.done;
  return false;
}

bool Engine::Impl::tickStore(uint64_t cycle, Outcome &outcome) {
  if (!store.active) {
    if (storeQueue.empty())
      return false;
    if (std::holds_alternative<End>(storeQueue.front().instruction)) {
      outcome.windowEnd.push_back(cycle);
      record.end = true;
      storeQueue.pop_front();
      return true;
    }
    const Store &inst = std::get<Store>(storeQueue.front().instruction);
    if (inst.pop_prev && !tokens.runToStore)
      return false;
    tokens.runToStore -= inst.pop_prev;
    trapIndex = storeQueue.front().index;
    if (inst.source == StoreSource::Lanes && inst.address % 2)
      throw Stop{Trap::IllegalField, "a lane STORE's address must be even"};
    store = {inst, storeQueue.front().index, storeQueue.front().window,
             cycle + kStoreRead + delayOf(storeQueue.front()), 0, true};
    storeQueue.pop_front();
    record.store = {true, store.index, store.window};
    return true;
  }
  trapIndex = store.index;
  if (cycle < store.firstBeat)
    return true;
  const Store &inst = store.inst;
  if (store.done == inst.beats) { // the memory answers
    store.active = false;
    record.storeDone = true;
    tokens.storeToRun += inst.push_prev;
    return true;
  }
  if (inst.source == StoreSource::Lanes && run.readsLanes && delays.empty())
    return true; // the array has the read port
  uint64_t data;
  if (inst.source == StoreSource::Output) {
    uint32_t address = inst.address + store.done;
    if (address >= output.buffer.size())
      throw Stop{Trap::AddressRange, "STORE reads output word " +
                                         std::to_string(address) + " of " +
                                         std::to_string(output.buffer.size())};
    data = output.buffer[address];
  } else {
    uint32_t address = inst.address + 2 * store.done;
    if (address + 1 >= lanes.size())
      throw Stop{Trap::AddressRange, "STORE reads lane word " +
                                         std::to_string(address + 1) + " of " +
                                         std::to_string(lanes.size())};
    data = lanes.lane(0)[address] | uint64_t(lanes.lane(0)[address + 1]) << 32;
  }
  std::memcpy(bytes(inst.region, store.window, uint64_t(inst.dest) + store.done),
              &data, 8);
  ++counters.storeBeats;
  if (++store.done == inst.beats)
    store.firstBeat = cycle + kBusLatency - kStoreRead;
  return true;
}

/// A fresh start of code: queues empty, the first tokens in place, time zero.
void Engine::Impl::start() {
  loadQueue.clear();
  storeQueue.clear();
  load = {};
  store = {};
  tokens = Tokens();
  trapIndex = 0;
  run.clear();
  output.restart();
  counters = Counters();
}

/// Notes what the engine knows before `cycle`.
void Engine::Impl::note(uint64_t cycle) {
  record = CycleRecord();
  record.cycle = cycle;
  record.writerFree = record.writerFreeAfter = output.writerFree;
  record.captureFree = output.captureFree;
  record.valueFreeAfter = output.valueFree;
  record.loadActive = load.active;
  record.storeActive = store.active;
}

Outcome Engine::Impl::execute(std::span<const uint8_t> code, uint64_t windows) {
  Outcome outcome;
  uint64_t cycle = 0;
  bool started = false;
  start();
  try {
    // Decoded once: what the front end sees is the same every window.
    std::vector<Instruction> instructions(code.size() / 16);
    if (instructions.size() > isaInstructionMemory)
      throw Stop{Trap::AddressRange,
                 "code of " + std::to_string(instructions.size()) +
                     " instructions for an instruction memory of " +
                     std::to_string(isaInstructionMemory)};
    for (size_t i = 0; i < instructions.size(); ++i) {
      trapIndex = uint32_t(i);
      Bits128 bits;
      std::memcpy(&bits.lo, code.data() + 16 * i, 8);
      std::memcpy(&bits.hi, code.data() + 16 * i + 8, 8);
      std::string error;
      if (Trap trap = decodeTrap(bits, instructions[i], error);
          trap != Trap::None)
        throw Stop{trap, error};
      if (auto *out = std::get_if<Out>(&instructions[i])) {
        if (out->mode == OutMode::Quant || out->mode == OutMode::Count)
          throw Stop{Trap::Unsupported, "this engine has no such output mode"};
        bool toLanes = out->mode == OutMode::Bits || out->mode == OutMode::SumBits;
        if (toLanes && (out->base | out->group_pitch | out->row_pitch) % 2)
          throw Stop{Trap::IllegalField,
                     "OUT to the lanes needs even base and pitches"};
      }
    }
    if (instructions.empty() ||
        !std::holds_alternative<End>(instructions.back()))
      throw Stop{Trap::MissingEnd, "the code does not finish with END"};

    started = true;
    size_t next = 0;
    uint64_t window = 0;
    for (;; ++cycle) {
      bool busy = false;
      if (observer) {
        if (cycle)
          observer(record);
        note(cycle);
      }
      if (window < windows &&
          dispatch({instructions[next], uint32_t(next), window})) {
        busy = true;
        if (++next == instructions.size()) {
          next = 0;
          ++window;
        }
      }
      trapIndex = run.instruction();
      busy |= run.tick(cycle, tokens, counters);
      bool port = output.tick(cycle);
      busy |= port || !output.idle();
      busy |= tickLoad(cycle, port);
      busy |= tickStore(cycle, outcome);
      if (busy)
        continue;
      if (window == windows && run.idle() && loadQueue.empty() &&
          storeQueue.empty())
        break;
      throw Stop{Trap::Deadlock, "every engine waits for a token"};
    }
  } catch (const Stop &stop) {
    outcome.trap = stop.trap;
    outcome.trapInstruction = trapIndex;
    outcome.trapText = stop.text;
  }
  if (observer && started)
    observer(record); // of the last cycle
  outcome.cycles = cycle;
  counters.laneBeats = output.laneBeats;
  return outcome;
}

Engine::Engine(const Target &target) : impl(std::make_unique<Impl>(target)) {}
Engine::~Engine() = default;

void Engine::reset() {
  impl->lanes.clear();
  impl->array.clear();
  impl->output.clear();
  impl->start();
}

Outcome Engine::run(std::span<const uint8_t> code, Memory memory,
                    uint64_t windows, uint64_t inputStride,
                    uint64_t outputStride) {
  impl->memory = memory;
  impl->inputStride = inputStride;
  impl->outputStride = outputStride;
  impl->lanes.forgetPending();
  impl->output.restart();
  return impl->execute(code, windows);
}

const Counters &Engine::counters() const { return impl->counters; }
const std::vector<RunTrace> &Engine::trace() const { return impl->run.trace; }
void Engine::setTracing(bool on) { impl->run.tracing = on; }
void Engine::setTransferDelays(std::vector<std::vector<uint64_t>> cycles) {
  impl->delays = std::move(cycles);
}
void Engine::setObserver(std::function<void(const CycleRecord &)> observer) {
  impl->observer = std::move(observer);
  impl->run.record = impl->observer ? &impl->record : nullptr;
}
uint64_t Engine::hazards() const { return impl->run.hazards; }

} // namespace bnn::isa
