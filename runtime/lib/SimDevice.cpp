// The golden engine model as a device: memories stay loaded between batches.
#include "Device.h"

#include "bnn/isa/Engine.h"

#include <fmt/format.h>
#include <optional>

namespace bnn::runtime {

namespace {

class SimDevice : public Device {
public:
  explicit SimDevice(std::optional<isa::Target> target)
      : fixed(std::move(target)) {
    if (fixed)
      setTarget(*fixed);
  }

  const std::string &name() const override { return deviceName; }
  const std::string &targetFields() const override { return fields; }

  Result load(const isa::Program &next, bnn_stats &stats) override;
  Result run(std::span<uint8_t> input, std::span<uint8_t> output,
             uint64_t windows, bnn_stats &stats) override;

private:
  void setTarget(const isa::Target &target);
  std::span<const uint8_t> code(uint32_t begin, uint32_t end) const;
  static Result trapped(const isa::Outcome &outcome, const std::string &where);

  std::optional<isa::Target> fixed; ///< as opened; otherwise the program's own
  std::string deviceName = "sim", fields;
  std::unique_ptr<isa::Engine> engine;
  const isa::Program *program = nullptr;
  std::vector<uint8_t> image, scratch; ///< regions of their own: code may write
};

void SimDevice::setTarget(const isa::Target &target) {
  engine = std::make_unique<isa::Engine>(target);
  fields = target.describe();
}

std::span<const uint8_t> SimDevice::code(uint32_t begin, uint32_t end) const {
  return std::span(program->image).subspan(begin, end - begin);
}

Result SimDevice::trapped(const isa::Outcome &outcome,
                          const std::string &where) {
  return {BNN_ERROR_TRAP,
          fmt::format("{}: trap {} at instruction {}: {}", where,
                      isa::name(outcome.trap), outcome.trapInstruction,
                      outcome.trapText)};
}

Result SimDevice::load(const isa::Program &next, bnn_stats &stats) {
  program = nullptr; // nothing is loaded if this fails
  if (Result result = checkCode(next); !result)
    return result;
  if (fixed) {
    std::string error;
    if (!isa::checkTarget(next, *fixed, error))
      return {BNN_ERROR_TARGET, error};
    engine->reset();
  } else {
    setTarget(next.target);
  }
  // Whole beats, as on the bus.
  image = next.image;
  image.resize(windowStride(image.size()));
  scratch.assign(windowStride(next.scratchBytes), 0);
  program = &next;
  if (next.coldBegin == next.coldEnd)
    return {};
  isa::Memory memory;
  memory.region = {std::span(image), {}, {}, std::span(scratch)};
  isa::Outcome outcome =
      engine->run(code(next.coldBegin, next.coldEnd), memory);
  if (outcome.trap != isa::Trap::None) {
    program = nullptr;
    return trapped(outcome, "loading");
  }
  const isa::Counters &count = engine->counters();
  stats.cold_cycles = outcome.cycles;
  stats.cold_bytes = 8 * (count.loadBeats + count.storeBeats);
  return {};
}

Result SimDevice::run(std::span<uint8_t> input, std::span<uint8_t> output,
                      uint64_t windows, bnn_stats &stats) {
  if (!program)
    return {BNN_ERROR_DEVICE, "no program is loaded"};
  isa::Memory memory;
  memory.region = {std::span(image), input, output, std::span(scratch)};
  isa::Outcome outcome = engine->run(
      code(program->warmBegin, program->warmEnd), memory, windows,
      windowStride(program->inputBytes), windowStride(program->outputBytes));
  // Windows overlap: what trapped may belong to one after the next.
  if (outcome.trap != isa::Trap::None)
    return trapped(outcome,
                   fmt::format("after {} whole windows",
                               stats.windows + outcome.windowEnd.size()));
  if (outcome.windowEnd.size() != windows)
    return {BNN_ERROR_TRAP, fmt::format("{} of {} windows ended",
                                        outcome.windowEnd.size(), windows)};
  // The first batch is the longest: it has the latency and the best mean.
  if (stats.windows == 0) {
    stats.latency = outcome.windowEnd.front();
    if (windows > 1)
      stats.cycles_per_window =
          double(outcome.windowEnd.back() - outcome.windowEnd.front()) /
          double(windows - 1);
  }
  const isa::Counters &count = engine->counters();
  stats.windows += windows;
  stats.cycles += outcome.cycles;
  stats.load_bytes += 8 * count.loadBeats;
  stats.store_bytes += 8 * count.storeBeats;
  stats.steps += count.steps;
  stats.idle += count.idle;
  stats.writer_stall += count.writerStall;
  stats.value_stall += count.valueStall;
  stats.load_wait += count.loadWait;
  stats.store_wait += count.storeWait;
  stats.lane_beats += count.laneBeats;
  stats.hazards += engine->hazards();
  return {};
}

} // namespace

Result openSimDevice(const char *target, std::unique_ptr<Device> &device) {
  std::optional<isa::Target> fixed;
  if (target) {
    std::string error;
    if (!isa::loadTarget(target, fixed.emplace(), error))
      return {BNN_ERROR_TARGET, error};
  }
  device = std::make_unique<SimDevice>(std::move(fixed));
  return {};
}

} // namespace bnn::runtime
