// The summary of a run, as text and as JSON.
#include "Report.h"

#include "bnn/support/Text.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bnn::run {

namespace {

// 1234567 -> "1,234,567".
std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, ",");
  return digits;
}

std::string cyclesText(double cycles, uint32_t mhz) {
  return fmt::format("{} cycles ({:.2f} us)", grouped(uint64_t(cycles + 0.5)),
                     cycles / std::max<uint32_t>(mhz, 1));
}

// "ecg float32 [1, 1, 3600]".
std::string tensorText(const bnn_tensor &t) {
  return fmt::format("{} {} [{}]", support::printableName(t.name),
                     bnn_type_name(t.type),
                     fmt::join(t.shape, t.shape + t.rank, ", "));
}

std::string modelText(const Report &r) {
  bnn_program_info info = bnn_program_describe(r.program);
  return support::printableName(
      *info.model
          ? info.model
          : std::filesystem::path(r.options.program).filename().string());
}

std::string className(const Options &options, size_t index) {
  return index < options.classes.size() ? options.classes[index]
                                        : std::to_string(index);
}

std::string confusionText(const Report &r) {
  const Confusion &c = *r.confusion;
  auto total = double(r.stats.windows);
  std::string text =
      fmt::format("labels     {} of {} right, accuracy {:.4f}\n", c.right,
                  r.stats.windows, double(c.right) / total);
  if (c.counts.size() > 20)
    return text;
  text += "           label   windows     right   found as";
  for (size_t k = 0; k < c.counts.size(); ++k)
    text += fmt::format(" {:>6}", className(r.options, k));
  for (size_t label = 0; label < c.counts.size(); ++label) {
    int64_t windows = 0;
    for (int64_t count : c.counts[label])
      windows += count;
    text += fmt::format("\n           {:<5} {:>9} {:>9}           ",
                        className(r.options, label), windows,
                        c.counts[label][label]);
    for (int64_t count : c.counts[label])
      text += fmt::format(" {:>6}", count);
  }
  return text + "\n";
}

std::string countersText(const bnn_stats &s) {
  return fmt::format(
      "counters   {} steps, {} idle (writer {}, value path {}, load {}, "
      "store {}), {} lane beats\n"
      "host       prologue {:.3f} s, device {:.3f} s, epilogue {:.3f} s\n",
      grouped(s.steps), grouped(s.idle), grouped(s.writer_stall),
      grouped(s.value_stall), grouped(s.load_wait), grouped(s.store_wait),
      grouped(s.lane_beats), s.prologue_seconds, s.device_seconds, s.epilogue_seconds);
}

} // namespace

std::string summaryText(const Report &r) {
  const bnn_stats &s = r.stats;
  bnn_program_info info = bnn_program_describe(r.program);
  std::string text = fmt::format(
      "model      {}: {} -> {}\n"
      "device     {} {} at {} MHz\n"
      "windows    {} in {:.2f} s\n",
      modelText(r), tensorText(bnn_program_input(r.program)),
      tensorText(bnn_program_output(r.program)), bnn_device_name(r.device),
      support::printableName(info.target), s.clock_mhz, grouped(s.windows),
      r.seconds);
  if (r.options.verbose)
    text += fmt::format("engine     {}\n", bnn_device_target_fields(r.device));
  if (s.windows > 1)
    text += fmt::format("steady     {} per window\n",
                        cyclesText(s.cycles_per_window, s.clock_mhz));
  text += fmt::format("latency    {}\n",
                      cyclesText(double(s.latency), s.clock_mhz));
  if (info.predicted_cycles || info.predicted_latency)
    text += fmt::format("predicted  steady {}, latency {}\n",
                        grouped(info.predicted_cycles),
                        grouped(info.predicted_latency));
  if (info.hp_cycles || info.hp_latency)
    text += fmt::format("HP port    steady at most {}, latency at most {}\n",
                        grouped(info.hp_cycles), grouped(info.hp_latency));
  if (s.cold_cycles)
    text += fmt::format("loading    {}, {} bytes, once\n",
                        cyclesText(double(s.cold_cycles), s.clock_mhz),
                        grouped(s.cold_bytes));
  text += fmt::format("bytes      {} in, {} out per window\n",
                      grouped(s.load_bytes / s.windows),
                      grouped(s.store_bytes / s.windows));
  if (s.hazards)
    text += fmt::format(
        "hazards    {} reads before their write: the program is wrong\n",
        grouped(s.hazards));
  if (r.options.verbose)
    text += countersText(s);
  if (!r.found.empty()) {
    size_t shown = std::min<size_t>(r.found.size(), 8);
    text += "classes   ";
    for (size_t i = 0; i < shown; ++i)
      text += " " + (r.found[i] >= 0 ? className(r.options, size_t(r.found[i]))
                                     : std::to_string(r.found[i]));
    text += shown < r.found.size() ? " ...\n" : "\n";
  }
  if (r.comparison) {
    text += fmt::format("expect     {} of {} windows equal",
                        r.comparison->equalWindows, r.comparison->windows);
    if (r.comparison->hasArgMax)
      text += fmt::format(", argmax equal in {}, largest deviation {:.1e}",
                          r.comparison->equalArgMax, r.comparison->worst);
    text += "\n";
  }
  if (r.close && r.close->count)
    text += fmt::format("float32    may decide {} otherwise: {}\n",
                        grouped(r.close->count), closeText(*r.close));
  if (r.confusion)
    text += confusionText(r);
  return text;
}

std::string summaryJson(const Report &r) {
  const bnn_stats &s = r.stats;
  bnn_program_info info = bnn_program_describe(r.program);
  nlohmann::ordered_json json = {
      {"model", modelText(r)},
      {"device", bnn_device_name(r.device)},
      {"target", support::printableName(info.target)},
      {"engine", bnn_device_target_fields(r.device)},
      {"clock_mhz", s.clock_mhz},
      {"windows", s.windows},
      {"cycles", s.cycles},
      {"latency", s.latency},
      {"cycles_per_window", s.cycles_per_window},
      {"predicted_cycles", info.predicted_cycles},
      {"predicted_latency", info.predicted_latency},
      {"hp_cycles", info.hp_cycles},
      {"hp_latency", info.hp_latency},
      {"cold_cycles", s.cold_cycles},
      {"cold_bytes", s.cold_bytes},
      {"load_bytes", s.load_bytes},
      {"store_bytes", s.store_bytes},
      {"steps", s.steps},
      {"idle", s.idle},
      {"writer_stall", s.writer_stall},
      {"value_stall", s.value_stall},
      {"load_wait", s.load_wait},
      {"store_wait", s.store_wait},
      {"lane_beats", s.lane_beats},
      {"hazards", s.hazards},
      {"prologue_seconds", s.prologue_seconds},
      {"device_seconds", s.device_seconds},
      {"epilogue_seconds", s.epilogue_seconds},
      {"seconds", r.seconds},
  };
  if (r.comparison) {
    json["expect"] = {{"windows", r.comparison->windows},
                      {"equal", r.comparison->equalWindows},
                      {"worst", r.comparison->worst}};
    if (r.comparison->hasArgMax)
      json["expect"]["argmax_equal"] = r.comparison->equalArgMax;
  }
  if (r.close)
    json["float32_close_decisions"] = closeJson(*r.close);
  if (r.confusion) {
    json["right"] = r.confusion->right;
    json["accuracy"] = double(r.confusion->right) / double(s.windows);
    json["confusion"] = r.confusion->counts;
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

} // namespace bnn::run
