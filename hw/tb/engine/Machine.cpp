#include "Machine.h"

#include "EngineState.h"
#include "bnn/isa/Microassembler.h"

#include <cstring>
#include <fmt/format.h>

namespace bnn::bench {

using namespace isa;
namespace reg = sim::reg;

namespace {
struct TooLong {};
constexpr const char *kRegion[] = {"Program", "Input", "Output", "Scratch"};
} // namespace

Machine::Machine(const Target &target, const sim::AxiTiming &timing, uint64_t seed)
    : target(target), exact(timing.name == "ideal"), memory(timing, seed),
      rtl(sim::makeRtlModel(target.fingerprint(), memory, "")), golden(target) {
  golden.setObserver([this](const CycleRecord &record) {
    watch.see(record);
    if (record.cycle > patience)
      throw TooLong();
  });
  if (rtl)
    rtl->write(reg::IrqEnable, 1);
}

Result Machine::run(Regions &regions, const Start &start) {
  Result result;
  Regions mine = regions;
  const Regions before = regions;
  memory.unmapAll();
  memory.readBeats = memory.writeBeats = 0;
  uint64_t address = 0x100000;
  for (uint32_t r = 0; r != 4; ++r) { // a page and more apart
    memory.map(uint32_t(address), mine[r], r >= 2);
    rtl->write(reg::RegionBase + 8 * r, uint32_t(address));
    rtl->write(reg::RegionSize + 8 * r, uint32_t(mine[r].size()));
    address = (address + mine[r].size() + 8191) / 4096 * 4096;
  }

  Outcome want;
  Memory spans{{regions[0], regions[1], regions[2], regions[3]}};
  try {
    want = golden.run(std::span(regions[0]).subspan(start.begin, start.end - start.begin), spans,
                      start.windows, start.inputStride, start.outputStride);
  } catch (const TooLong &) {
    result.tooLong = result.unknown = true;
    return result;
  }
  result.trap = want.trap;
  // Another memory only makes things later: that changes nothing unless there was
  // a read before its write.
  const bool same = exact || (!start.races && golden.hazards() == 0);
  result.disorder = !watch.good(want.trap == Trap::None);
  result.unknown = !same || result.disorder || want.trap != Trap::None;

  rtl->write(reg::CodeBegin, start.begin);
  rtl->write(reg::CodeEnd, start.end);
  rtl->write(reg::Windows, uint32_t(start.windows));
  rtl->write(reg::InputStride, uint32_t(start.inputStride));
  rtl->write(reg::OutputStride, uint32_t(start.outputStride));
  rtl->write(reg::Control, start.reuse ? 3 : 1);
  const uint64_t bound = 20'000 + (exact ? 1 : 20) * (want.cycles + 2'000);
  while (!rtl->interrupt() && result.cycles != bound) {
    rtl->clock();
    ++result.cycles;
  }
  cycles += result.cycles;
  if (result.cycles == bound)
    result.difference = fmt::format("no end after {} cycles; model: {} after {}", bound,
                                    name(want.trap), want.cycles);
  else if (!result.disorder)
    result.difference = compare(want, same, start.reuse ? 0 : (start.end - start.begin) / 8,
                                mine, regions);
  result.unknown |= (rtl->read(reg::Status) & 4) != 0; // trapped
  if (!memory.violation().empty())
    result.difference = "bus: " + memory.violation();
  for (uint32_t r = 0; r != 2; ++r)
    if (mine[r] != before[r] || regions[r] != before[r])
      result.difference = fmt::format("region {} was written", kRegion[r]);
  rtl->write(reg::IrqStatus, 1);
  return result;
}

/// The differences of an execution that ended; `same`: in all that it did.
std::string Machine::compare(const Outcome &want, bool same, uint64_t codeBeats,
                             const Regions &mine, const Regions &model) {
  uint32_t status = rtl->read(reg::Status);
  auto trap = Trap(status >> 4 & 15);
  uint32_t index = status >> 16 & 1023;
  bool trapped = want.trap != Trap::None;
  // How many SUM_BITS streams wait for the writer depends on when their RUN could start.
  auto crowds = [](Trap t) { return t == Trap::None || t == Trap::Unsupported; };
  if (!exact && trap != want.trap && crowds(trap) && crowds(want.trap))
    return "";
  bool differs = same ? trap != want.trap || (trapped && index != want.trapInstruction)
                      : (trap != Trap::None) != trapped;
  if (differs)
    return fmt::format("trap {} at instruction {} in cycle {}, model {} at {} in cycle {} ({})",
                       name(trap), index, rtl->read(reg::Cycles), name(want.trap),
                       want.trapInstruction, want.cycles, want.trapText);
  if (trapped || !same)
    return "";
  for (uint32_t r = 2; r != 4; ++r)
    for (size_t i = 0; i != mine[r].size(); ++i)
      if (mine[r][i] != model[r][i])
        return fmt::format("byte {} of region {} is {:#04x}, model {:#04x}", i, kRegion[r],
                           mine[r][i], model[r][i]);
  auto read64 = [&](uint32_t address) {
    uint64_t low = rtl->read(address);
    return low | uint64_t(rtl->read(address + 4)) << 32;
  };
  const Counters &c = golden.counters();
  const struct {
    const char *what;
    bool always; ///< on any memory
    uint64_t got, want;
  } figures[] = {
      {"windows", true, rtl->read(reg::WindowsDone), want.windowEnd.size()},
      {"steps", true, rtl->read(reg::Steps), c.steps},
      {"beats read", true, rtl->read(reg::BeatsRead), c.loadBeats},
      {"beats written", true, rtl->read(reg::BeatsWritten), c.storeBeats},
      {"beats that the memory gave", true, memory.readBeats, c.loadBeats + codeBeats},
      {"beats that it took", true, memory.writeBeats, c.storeBeats},
      {"lane beats", true, rtl->read(reg::LaneBeats), c.laneBeats},
      {"cycles", false, read64(reg::Cycles), want.cycles},
      {"first END in cycle", false, rtl->read(reg::FirstEnd), want.windowEnd.front()},
      {"last END in cycle", false, read64(reg::LastEnd), want.windowEnd.back()},
      {"idle cycles", false, rtl->read(reg::Idle), c.idle},
      {"writer stalls", false, rtl->read(reg::WriterStall), c.writerStall},
      {"value stalls", false, rtl->read(reg::ValueStall), c.valueStall},
      {"waits for LOAD", false, rtl->read(reg::LoadWait), c.loadWait},
      {"waits for STORE", false, rtl->read(reg::StoreWait), c.storeWait},
  };
  std::string differences;
  for (const auto &figure : figures)
    if ((figure.always || exact) && figure.got != figure.want)
      differences += fmt::format("{}{} {}, model {}", differences.empty() ? "" : "; ",
                                 figure.what, figure.got, figure.want);
  return differences;
}

std::string Machine::scrub() {
  // Lanes, weights, thresholds and control by LOADs that copy one beat's worth
  // of zeros after the other; accumulators and the output buffer by a RUN.
  std::vector<Microword> words;
  std::map<std::string, uint32_t> labels;
  std::string error;
  if (!assemble("zero: first=zero rest=zero sample=value done ends=0-7 near=zero far=zero halt", words,
                labels, error))
    return error;
  std::vector<Instruction> code;
  auto load = [&](LoadDest dest, uint32_t source, uint32_t beats) {
    Load inst;
    inst.dest = dest;
    inst.source = source;
    inst.beats = beats;
    code.push_back(inst);
    return &std::get<Load>(code.back());
  };
  constexpr uint32_t kCode = 32, kZeros = kCode + 8; // in beats
  const uint32_t longest = std::max({target.laneWords / 2, target.weightRows * 4,
                                     target.thresholdRows * isaRowBeats, target.controlWords});
  load(LoadDest::Lanes, kZeros, target.laneWords / 2);
  load(LoadDest::Weights, kZeros, target.weightRows * 4);
  load(LoadDest::Thresholds, kZeros, target.thresholdRows * isaRowBeats);
  load(LoadDest::Control, kZeros, target.controlWords);
  load(LoadDest::Control, kCode, 1)->push_next = 1;
  Out out;
  out.mode = OutMode::Raw;
  out.pixels = target.outputWords / 4;
  Loop tiles;
  tiles.index0 = 5;
  tiles.limit0 = (out.pixels + target.clusters * kPixels - 1) / (target.clusters * kPixels);
  isa::Run zero;
  zero.pop_prev = 1;
  code.insert(code.end(), {Instruction(tiles), Instruction(out), Instruction(zero), Instruction(End{})});
  Regions regions;
  regions[0].resize((kZeros + longest) * 8);
  for (size_t i = 0; i != code.size(); ++i)
    storeBits(encode(code[i]), &regions[0][i * instructionBytes]);
  uint64_t word = encode(words[0]);
  std::memcpy(&regions[0][kCode * 8], &word, 8);
  Start start;
  start.end = uint32_t(code.size() * instructionBytes);
  Result result = run(regions, start);
  if (result.trap != Trap::None)
    return fmt::format("scrub: {}", name(result.trap));
  return result.difference.empty() ? "" : "scrub: " + result.difference;
}

} // namespace bnn::bench
