// The engine's RTL as a device: the Verilated bnn_top with a memory model behind
// it, driven through its registers as a driver on the board would.
#include "Device.h"

#include "RtlModel.h"
#include "bnn/isa/Engine.h"
#include "bnn/isa/host/Part.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace bnn::runtime {

namespace {

using sim::AxiMemory;
using sim::AxiTiming;
using sim::RtlModel;
namespace reg = sim::reg;

/// What stands behind "rtl:" in the device's name.
struct Choice {
  AxiTiming timing = AxiTiming::ideal();
  uint64_t seed = 1;
  std::string trace;
  bool scoreboard = false;
};

class RtlDevice : public Device {
public:
  RtlDevice(std::string name, Choice choice, std::optional<isa::Target> target)
      : deviceName(std::move(name)), choice(std::move(choice)),
        fixed(std::move(target)) {}

  Result open() { return fixed ? setTarget(*fixed) : Result(); }

  const std::string &name() const override { return deviceName; }
  const std::string &targetFields() const override { return fields; }

  Result load(const isa::Program &next, bnn_stats &stats) override;
  Result run(std::span<uint8_t> input, std::span<uint8_t> output,
             uint64_t windows, bnn_stats &stats) override;

private:
  /// One execution, by registers.
  struct Done {
    isa::Trap trap = isa::Trap::None;
    uint32_t index = 0;
    uint64_t windows = 0;
    uint64_t codeBeats = 0, readBeats = 0, writeBeats = 0; ///< on the bus
  };

  Result setTarget(const isa::Target &target);
  Result place(std::span<uint8_t> input, std::span<uint8_t> output);
  Result execute(uint32_t begin, uint32_t end, bool reuse, uint64_t windows,
                 uint64_t inputStride, uint64_t outputStride, Done &done);
  uint64_t read64(uint32_t address) {
    uint64_t low = rtl->read(address);
    return low | uint64_t(rtl->read(address + 4)) << 32;
  }
  /// Runs the golden model on copies of the same bytes.
  struct Golden {
    isa::Outcome outcome;
    std::vector<uint8_t> output;
  };
  Golden golden(uint32_t begin, uint32_t end, std::span<const uint8_t> input,
                std::span<const uint8_t> output, uint64_t windows,
                uint64_t inputStride, uint64_t outputStride);
  Result compare(const Golden &want, const Done &done,
                 std::span<const uint8_t> output);
  Result checkBound(uint64_t windows);

  std::string deviceName;
  const Choice choice;
  std::optional<isa::Target> fixed; ///< as opened; otherwise the program's own
  std::string fields;
  std::unique_ptr<AxiMemory> memory;
  std::unique_ptr<RtlModel> rtl;
  std::unique_ptr<isa::Engine> model; ///< the scoreboard
  const isa::Program *program = nullptr;
  host::Part io; ///< of the program, for its bounds
  std::vector<uint8_t> image, scratch;
  std::vector<uint8_t> modelImage, modelScratch;
  bool warmResident = false; ///< the instruction memory holds the warm code
};

Result RtlDevice::setTarget(const isa::Target &target) {
  rtl = nullptr;
  memory = std::make_unique<AxiMemory>(choice.timing, choice.seed);
  rtl = sim::makeRtlModel(target.fingerprint(), *memory, choice.trace);
  if (!rtl) {
    if (!choice.trace.empty() && !sim::rtlTraces())
      return {BNN_ERROR_DEVICE,
              "this build has no waveforms: configure with -DBNNCC_RTL_TRACE=ON"};
    return {BNN_ERROR_TARGET,
            fmt::format("no RTL of target {} in this build; built: {}", target.name,
                        fmt::join(sim::rtlTargets(), ", "))};
  }
  if (rtl->read(reg::Id) != reg::kMagic ||
      rtl->read(reg::Fingerprint) != target.fingerprint())
    return {BNN_ERROR_DEVICE, "the RTL's registers name another engine"};
  rtl->write(reg::IrqEnable, 1);
  if (choice.scoreboard)
    model = std::make_unique<isa::Engine>(target);
  fields = target.describe();
  return {};
}

/// The regions at their addresses, in the memory and in the registers.
Result RtlDevice::place(std::span<uint8_t> input, std::span<uint8_t> output) {
  const std::span<uint8_t> regions[4] = {image, input, output, scratch};
  std::array<uint32_t, 4> addresses;
  if (Result result = placeRegions(
          {image.size(), input.size(), output.size(), scratch.size()}, addresses);
      !result)
    return result;
  memory->unmapAll();
  for (uint32_t r = 0; r < 4; ++r) {
    memory->map(addresses[r], regions[r], r >= 2);
    rtl->write(reg::RegionBase + 8 * r, addresses[r]);
    rtl->write(reg::RegionSize + 8 * r, uint32_t(regions[r].size()));
  }
  return {};
}

Result RtlDevice::execute(uint32_t begin, uint32_t end, bool reuse,
                          uint64_t windows, uint64_t inputStride,
                          uint64_t outputStride, Done &done) {
  rtl->write(reg::CodeBegin, begin);
  rtl->write(reg::CodeEnd, end);
  rtl->write(reg::Windows, uint32_t(windows));
  rtl->write(reg::InputStride, uint32_t(inputStride));
  rtl->write(reg::OutputStride, uint32_t(outputStride));
  done.codeBeats = reuse ? 0 : (end - begin) / 8;
  memory->readBeats = memory->writeBeats = 0;
  rtl->write(reg::Control, reuse ? 3 : 1);
  // The engine has watchdogs for RUNs and for the bus; this one is for itself.
  constexpr uint64_t patience = uint64_t(1) << 26;
  for (uint64_t cycle = 0; !rtl->interrupt(); ++cycle) {
    if (cycle == patience * (windows + 1))
      return {BNN_ERROR_TRAP, "the RTL never finishes"};
    rtl->clock();
  }
  rtl->write(reg::IrqStatus, 1);
  uint32_t status = rtl->read(reg::Status);
  done.trap = isa::Trap(status >> 4 & 15);
  done.index = status >> 16 & 1023;
  done.windows = rtl->read(reg::WindowsDone);
  done.readBeats = memory->readBeats;
  done.writeBeats = memory->writeBeats;
  if (!memory->violation().empty())
    return {BNN_ERROR_TRAP, "the RTL broke the bus protocol: " + memory->violation()};
  return {};
}

RtlDevice::Golden RtlDevice::golden(uint32_t begin, uint32_t end,
                                    std::span<const uint8_t> input,
                                    std::span<const uint8_t> output,
                                    uint64_t windows, uint64_t inputStride,
                                    uint64_t outputStride) {
  Golden want;
  std::vector<uint8_t> in(input.begin(), input.end());
  want.output.assign(output.begin(), output.end());
  isa::Memory regions;
  regions.region = {std::span(modelImage), std::span(in), std::span(want.output),
                    std::span(modelScratch)};
  want.outcome = model->run(std::span(modelImage).subspan(begin, end - begin),
                            regions, windows, inputStride, outputStride);
  return want;
}

/// The first difference from the golden model as an error.
Result RtlDevice::compare(const Golden &want, const Done &done,
                          std::span<const uint8_t> output) {
  auto differ = [](std::string text) {
    return Result{BNN_ERROR_TRAP, "the RTL differs from the model: " + std::move(text)};
  };
  const isa::Outcome &o = want.outcome;
  if (done.trap != o.trap || (o.trap != isa::Trap::None && done.index != o.trapInstruction))
    return differ(fmt::format("trap {} at instruction {}, model {} at {} ({})",
                              isa::name(done.trap), done.index, isa::name(o.trap),
                              o.trapInstruction, o.trapText));
  if (o.trap != isa::Trap::None)
    return {};
  for (size_t i = 0; i < output.size(); ++i)
    if (output[i] != want.output[i])
      return differ(fmt::format("output byte {} is {:#04x}, model {:#04x}", i,
                                output[i], want.output[i]));
  if (scratch != modelScratch)
    return differ("contents of region Scratch");
  if (done.windows != o.windowEnd.size())
    return differ(fmt::format("{} windows ended, model {}", done.windows, o.windowEnd.size()));
  if (choice.timing.name != "ideal")
    return {};
  const isa::Counters &c = model->counters();
  const struct {
    const char *what;
    uint64_t got, want;
  } counts[] = {
      {"first END in cycle", rtl->read(reg::FirstEnd), o.windowEnd.front()},
      {"last END in cycle", read64(reg::LastEnd), o.windowEnd.back()},
      {"cycles", read64(reg::Cycles), o.cycles},
      {"steps", rtl->read(reg::Steps), c.steps},
      {"idle cycles", rtl->read(reg::Idle), c.idle},
      {"writer stalls", rtl->read(reg::WriterStall), c.writerStall},
      {"value stalls", rtl->read(reg::ValueStall), c.valueStall},
      {"waits for LOAD", rtl->read(reg::LoadWait), c.loadWait},
      {"waits for STORE", rtl->read(reg::StoreWait), c.storeWait},
      {"beats read", rtl->read(reg::BeatsRead), c.loadBeats},
      {"beats written", rtl->read(reg::BeatsWritten), c.storeBeats},
      {"beats that the memory gave", done.readBeats,
       c.loadBeats + done.codeBeats},
      {"beats that it took", done.writeBeats, c.storeBeats},
      {"lane beats", rtl->read(reg::LaneBeats), c.laneBeats},
  };
  for (const auto &count : counts)
    if (count.got != count.want)
      return differ(fmt::format("{} {}, model {}", count.what, count.got, count.want));
  return {};
}

/// Behind an HP port a stream ends within the compiler's bound.
Result RtlDevice::checkBound(uint64_t windows) {
  if (choice.timing.name != "hp" || !io.hpLatency)
    return {};
  uint64_t most = io.hpLatency + (windows - 1) * io.hpCycles;
  uint64_t end = read64(reg::LastEnd);
  if (end <= most)
    return {};
  return {BNN_ERROR_TRAP,
          fmt::format("{} windows took {} cycles behind the HP port, more than "
                      "the compiler's bound of {}", windows, end, most)};
}

Result trapped(isa::Trap trap, uint32_t index, const std::string &where) {
  return {BNN_ERROR_TRAP, fmt::format("{}: trap {} at instruction {}", where,
                                      isa::name(trap), index)};
}

Result RtlDevice::load(const isa::Program &next, bnn_stats &stats) {
  program = nullptr; // nothing is loaded if this fails
  std::string error;
  if (!host::readPart(next.io, next.inputBytes, next.outputBytes, io, error))
    return {BNN_ERROR_PROGRAM, error};
  warmResident = false;
  if (Result result = checkCode(next); !result)
    return result;
  if (fixed) {
    if (!isa::checkTarget(next, *fixed, error))
      return {BNN_ERROR_TARGET, error};
    // As on the board, programs follow each other without a reset in between,
    // unless the one before never finished.
    if (rtl->read(reg::Status) & 1) {
      rtl->reset();
      rtl->write(reg::IrqEnable, 1);
    }
  } else if (Result result = setTarget(next.target); !result) {
    return result;
  }
  image = next.image;
  image.resize(windowStride(image.size()));
  scratch.assign(windowStride(next.scratchBytes), 0);
  modelImage = image;
  modelScratch = scratch;
  program = &next;
  if (next.coldBegin == next.coldEnd)
    return {};
  Golden want;
  if (model)
    want = golden(next.coldBegin, next.coldEnd, {}, {}, 1, 0, 0);
  Done done;
  Result result = place({}, {});
  if (result)
    result = execute(next.coldBegin, next.coldEnd, false, 1, 0, 0, done);
  if (result && model)
    result = compare(want, done, {});
  if (result && done.trap != isa::Trap::None)
    result = trapped(done.trap, done.index, "loading");
  if (!result) {
    program = nullptr;
    return result;
  }
  stats.cold_cycles = read64(reg::Cycles);
  stats.cold_bytes = 8 * (uint64_t(rtl->read(reg::BeatsRead)) + rtl->read(reg::BeatsWritten));
  return {};
}

Result RtlDevice::run(std::span<uint8_t> input, std::span<uint8_t> output,
                      uint64_t windows, bnn_stats &stats) {
  if (!program)
    return {BNN_ERROR_DEVICE, "no program is loaded"};
  uint64_t inStride = windowStride(program->inputBytes),
           outStride = windowStride(program->outputBytes);
  if (Result result = place(input, output); !result)
    return result;
  Golden want;
  if (model)
    want = golden(program->warmBegin, program->warmEnd, input, output, windows,
                  inStride, outStride);
  Done done;
  if (Result result = execute(program->warmBegin, program->warmEnd, warmResident,
                              windows, inStride, outStride, done);
      !result)
    return result;
  if (model) {
    if (Result result = compare(want, done, output); !result)
      return result;
    if (Result result = checkBound(done.windows); !result)
      return result;
  }
  if (done.trap != isa::Trap::None)
    return trapped(done.trap, done.index,
                   fmt::format("after {} whole windows", stats.windows + done.windows));
  if (done.windows != windows)
    return {BNN_ERROR_TRAP, fmt::format("{} of {} windows ended", done.windows, windows)};
  warmResident = true;
  // The first batch is the longest: it has the latency and the best mean.
  if (stats.windows == 0) {
    stats.latency = rtl->read(reg::FirstEnd);
    if (windows > 1)
      stats.cycles_per_window =
          double(read64(reg::LastEnd) - stats.latency) / double(windows - 1);
  }
  stats.windows += windows;
  stats.cycles += read64(reg::Cycles);
  stats.load_bytes += 8 * uint64_t(rtl->read(reg::BeatsRead));
  stats.store_bytes += 8 * uint64_t(rtl->read(reg::BeatsWritten));
  stats.steps += rtl->read(reg::Steps);
  stats.idle += rtl->read(reg::Idle);
  stats.writer_stall += rtl->read(reg::WriterStall);
  stats.value_stall += rtl->read(reg::ValueStall);
  stats.load_wait += rtl->read(reg::LoadWait);
  stats.store_wait += rtl->read(reg::StoreWait);
  stats.lane_beats += rtl->read(reg::LaneBeats);
  return {};
}

/// Parses "", ":ideal", ":hp", ":random=7", then ",trace=FILE", ",scoreboard".
Result parseChoice(const std::string &name, Choice &choice) {
  std::string_view rest = std::string_view(name).substr(3);
  if (!rest.empty())
    rest.remove_prefix(1);
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    size_t equals = item.find('=');
    std::string_view key = item.substr(0, equals), value;
    if (equals != std::string_view::npos)
      value = item.substr(equals + 1);
    bool known = AxiTiming::byName(std::string(key), choice.timing);
    if (known && equals != std::string_view::npos) {
      auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), choice.seed);
      known = code == std::errc() && end == value.data() + value.size();
    } else if (key == "trace" && !value.empty()) {
      choice.trace = value;
      known = true;
    } else if (item == "scoreboard") {
      known = choice.scoreboard = true;
    }
    if (!known)
      return {BNN_ERROR_DEVICE,
              fmt::format("device '{}': '{}' is none of ideal, hp, random=SEED, "
                          "trace=FILE, scoreboard",
                          name, item)};
  }
  return {};
}

} // namespace

Result openRtlDevice(const std::string &name, const char *target,
                     std::unique_ptr<Device> &device) {
  Choice choice;
  if (Result result = parseChoice(name, choice); !result)
    return result;
  std::optional<isa::Target> fixed;
  if (target) {
    std::string error;
    if (!isa::loadTarget(target, fixed.emplace(), error))
      return {BNN_ERROR_TARGET, error};
  }
  auto opened = std::make_unique<RtlDevice>(name, std::move(choice), std::move(fixed));
  if (Result result = opened->open(); !result)
    return result;
  device = std::move(opened);
  return {};
}

} // namespace bnn::runtime
