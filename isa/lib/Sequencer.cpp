// The RUN engine: loop nests, microcode and stalls, to the cycle.
#include "Sequencer.h"

#include <algorithm>

namespace bnn::isa {

static constexpr uint64_t kMaxSteps = 1 << 24;

Sequencer::Sequencer(const Target &target, Lanes &lanes, Array &array,
                     OutputUnit &output)
    : control(target.controlWords), target(target), lanes(lanes), array(array),
      output(output) {}

void Sequencer::clear() {
  queue.clear();
  retiring.clear();
  next.reset();
  gathering = RunConfig();
  active = ranBefore = freed = false;
  lastIndex = shiftIndex = 0;
  trace.clear();
  hazards = 0;
}

/// Takes one word of the queue into the RUN that is being gathered.
void Sequencer::pull() {
  if (next || queue.empty())
    return;
  Queued word = std::move(queue.front());
  queue.pop_front();
  lastIndex = word.index;
  if (auto *loop = std::get_if<Loop>(&word.instruction)) {
    if (loop->limit0)
      gathering.loops[loop->index0] = {loop->limit0, loop->act_stride0,
                                       loop->weight_stride0,
                                       loop->threshold_stride0};
    if (loop->limit1)
      gathering.loops[loop->index1] = {loop->limit1, loop->act_stride1,
                                       loop->weight_stride1,
                                       loop->threshold_stride1};
  } else if (auto *out = std::get_if<Out>(&word.instruction)) {
    gathering.out = *out;
  } else {
    gathering.run = std::get<Run>(word.instruction);
    gathering.instruction = word.index;
    gathering.window = word.window;
    next = gathering;
    gathering = RunConfig();
  }
}

bool Sequencer::start(uint64_t cycle, Tokens &tokens, Counters &counters) {
  const Run &run = next->run;
  if (ranBefore && cycle < lastStep + 1 + run.delay)
    return false;
  if (std::count_if(retiring.begin(), retiring.end(),
                    [](const Retire &r) { return r.toStore; }) >=
      ptrdiff_t(kRetireDepth))
    return false;
  if (run.pop_prev && !tokens.loadToRun) {
    ++counters.loadWait;
    return false;
  }
  if (run.pop_next && !tokens.storeToRun) {
    ++counters.storeWait;
    return false;
  }
  tokens.loadToRun -= run.pop_prev;
  tokens.storeToRun -= run.pop_next;
  if (next->channelGroups() > target.clusters)
    throw Stop{Trap::IllegalField, "split is larger than the engine's clusters"};
  current = *next;
  next.reset();
  output.begin(current);
  inPlace = writesInPlace();
  counter.fill(0);
  pc = current.run.entry;
  steps = stalls = 0;
  firstStep = cycle;
  active = ranBefore = true;
  if (record) {
    record->begins = true;
    record->out = current.out;
    record->split = current.run.split;
  }
  return true;
}

/// The low `bits` bits: the width of an address sum.
static int64_t wrap(int64_t sum, unsigned bits) {
  return sum & ((int64_t(1) << bits) - 1);
}

/// Advances the nest of `word` and the program counter.
void Sequencer::advance(const Microword &word) {
  bool fell = true;
  if (word.ends) {
    for (uint32_t j = word.lo; j <= word.hi; ++j) {
      if (counter[j] + 1 < current.loops[j].limit) {
        ++counter[j];
        pc = j == word.lo || j <= word.mid ? word.near : word.far;
        fell = false;
        break;
      }
      counter[j] = 0;
    }
  }
  if (!fell)
    return;
  ++pc;
  if (word.halt)
    active = false;
}

/// Whether the RUN may write words that it reads, by the bounds of both.
bool Sequencer::writesInPlace() const {
  const Out &out = current.out;
  if (out.mode != OutMode::Bits && out.mode != OutMode::SumBits)
    return false;
  int64_t low = current.run.act, high = low;
  for (const RunConfig::Nest &loop : current.loops) {
    int64_t reach = int64_t(loop.limit - 1) * loop.act;
    (reach < 0 ? low : high) += reach;
  }
  high += 7 * int64_t(current.run.act_plane_stride) +
          int64_t(current.groups(target.clusters)) * current.run.cluster_stride;
  int64_t end = out.base +
                int64_t(current.loops[7].limit - 1) * out.group_pitch +
                int64_t(current.loops[6].limit - 1) * out.row_pitch +
                (out.lead + int64_t(out.pixels) * out.record + out.trail) / 4 + 2;
  return out.base <= high && low < end;
}

/// Counts reads, for pixels of the map, of words whose write is still under way
/// or that this RUN writes itself.
void Sequencer::countHazards(const Array::Step &step, const SamplePoint &at,
                             uint64_t cycle) {
  if (cycle > output.writerFree && !inPlace)
    return;
  uint32_t first = at.pixelsReduced ? 0
                                    : at.counter[5] * step.pixelGroups * kPixels;
  uint32_t pixels = at.pixelsReduced ? step.heldFrom : current.out.pixels;
  for (uint32_t q = 0; q < step.pixelGroups; ++q) {
    uint32_t address = step.act + q * step.clusterStride;
    for (uint32_t p = 0; p < kPixels && address < lanes.size(); ++p)
      if (first + q * kPixels + p < pixels)
        hazards += lanes.pending(p, address, cycle) ||
                   (inPlace && lanes.writtenBy(p, address, output.runs));
  }
}

bool Sequencer::issue(uint64_t cycle, Counters &counters) {
  if (pc >= control.size())
    throw Stop{Trap::ControlRange, "microcode runs off the control store"};
  const Microword &word = control[pc];
  const Run &run = current.run;

  SamplePoint at;
  at.cycle = cycle;
  at.counter = counter;
  bool isFirst = true, isLast = true;
  int64_t act = run.act, weight = run.weight, threshold = run.threshold + word.row;
  for (uint32_t j = 0; j < 8; ++j) {
    const auto &loop = current.loops[j];
    at.atLimit[j] = counter[j] + 1 == loop.limit;
    if (word.reduce >> j & 1) {
      isFirst &= counter[j] == 0;
      isLast &= at.atLimit[j];
    }
    act += int64_t(counter[j]) * loop.act;
    weight += int64_t(counter[j]) * loop.weight;
    threshold += int64_t(counter[j]) * loop.threshold;
  }
  act += int64_t(word.plane_a) * run.act_plane_stride;
  weight += int64_t(word.plane_w) * run.weight_plane_stride;
  act = wrap(act, 17);
  weight = wrap(weight, 14);
  threshold = wrap(threshold, 12);
  at.pixelsReduced = word.reduce >> 5 & 1;
  at.plane = word.plane + counter[3];
  at.thresholdRow = uint32_t(threshold);

  bool samples = isLast && word.sample != Sample::None;
  bool done = word.done && at.atLimit[3];
  bool completes =
      samples && word.sample == Sample::Sign && done && at.atLimit[4];
  if (record) {
    record->present = true;
    record->at = at;
    record->sign = samples && word.sample == Sample::Sign;
    record->value = samples && word.sample == Sample::Value;
    record->done = done;
  }
  if (completes && output.writerFree > cycle + kWriteDelay) {
    ++counters.writerStall;
    ++stalls;
    return false;
  }
  if (samples && word.sample == Sample::Value &&
      output.captureFree > cycle + kValueDelay - 1) {
    ++counters.valueStall;
    ++stalls;
    return false;
  }

  Array::Step step;
  step.op = isFirst ? word.first : word.rest;
  step.mac = word.mac && step.op != AccOp::Bias && step.op != AccOp::Hold;
  step.quad = run.quad;
  step.mask = ~0u;
  if (word.tail && at.atLimit[0] && run.tail)
    step.mask = run.quad ? ((1u << run.tail) - 1) * 0x01010101u
                         : (1u << run.tail) - 1;
  if (weight >= target.weightRows || threshold >= target.thresholdRows ||
      act > 0xffff)
    throw Stop{Trap::AddressRange,
               "step reads word " + std::to_string(act) + ", weight row " +
                   std::to_string(weight) + ", threshold row " +
                   std::to_string(threshold)};
  step.act = uint32_t(act);
  step.weight = uint32_t(weight);
  step.threshold = uint32_t(threshold);
  step.clusterStride = run.cluster_stride;
  step.pixelGroups = current.groups(target.clusters);
  step.shifts = run.shifts;
  if (step.op == AccOp::Init || step.op == AccOp::Zero)
    shiftIndex = 0;
  else if (step.op == AccOp::Shift)
    ++shiftIndex;
  step.shiftIndex = shiftIndex;
  step.heldFrom = word.hold_tail && at.atLimit[5] && run.last_pixels
                      ? run.last_pixels
                      : ~0u;
  if (record) {
    record->issued = true;
    record->step = step;
  }
  if (step.mac)
    countHazards(step, at, cycle);
  array.step(step, lanes);
  counters.steps += step.mac;
  readsLanes = step.mac;
  if (++steps > kMaxSteps)
    throw Stop{Trap::Watchdog, "a RUN took more than 2^24 steps"};

  if (samples && word.sample == Sample::Sign)
    output.sampleSigns(at, array, done);
  else if (samples)
    output.sampleValues(at, array);
  if (record) {
    record->writerFreeAfter = output.writerFree;
    record->valueFreeAfter = output.valueFree;
  }
  lastStep = cycle;
  advance(word);

  if (!active) {
    uint64_t retired =
        std::max({cycle + kWriteDelay, output.writerFree, output.valueFree});
    if (!retiring.empty())
      retired = std::max(retired, retiring.back().cycle);
    retiring.push_back({retired, bool(run.push_next)});
    freed = run.push_prev;
    if (tracing)
      trace.push_back({current.instruction, current.window, firstStep, cycle,
                       retired, stalls, output.runBeats, output.lastBeats});
  }
  return true;
}

bool Sequencer::tick(uint64_t cycle, Tokens &tokens, Counters &counters) {
  bool waitsForTime = !retiring.empty() || freed;
  tokens.runToLoad += freed; // its last read was a cycle ago
  freed = false;
  while (!retiring.empty() && retiring.front().cycle <= cycle) {
    tokens.runToStore += retiring.front().toStore;
    retiring.pop_front();
  }
  bool busy = active;
  bool issued = false;
  readsLanes = false;
  if (!active && next) {
    bool delayed = ranBefore && cycle < lastStep + 1 + next->run.delay;
    waitsForTime |= delayed;
    if (start(cycle, tokens, counters))
      busy = true;
  }
  if (active)
    issued = issue(cycle, counters);
  if (!issued)
    ++counters.idle;
  bool pulled = !next && !queue.empty();
  pull();
  return busy || pulled || waitsForTime;
}

} // namespace bnn::isa
