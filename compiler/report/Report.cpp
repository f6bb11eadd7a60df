//===- Report.cpp - What a compilation came to ----------------------------===//
//
// Figures come from the plan and from the stream that the checker ran on the
// golden engine. Utilisation is binary multiply-accumulates (activation bits x
// weight bits) per lane and cycle.
//
//===----------------------------------------------------------------------===//

#include "FloatReport.h"

#include "bnn/support/Text.h"
#include "lower/Arithmetic.h"
#include <algorithm>
#include <fmt/format.h>

namespace bnncc {

using Json = nlohmann::ordered_json;
using lower::Layer;
using lower::LayerPlan;

namespace {
/// Sums over the layers.
struct Totals {
  int64_t bitMacs = 0, weightBits = 0, thresholdBits = 0, channels = 0,
          witnesses = 0;
};

int64_t bitMacs(const Layer &layer) {
  return layer.macs() * (layer.kind == lower::MapKind::Bytes ? 8 : 1);
}

/// Bits that the thresholds of a layer take at the least: its accumulator.
int64_t thresholdBits(const Layer &layer) {
  unsigned needed = 0;
  lower::fitsAccumulator(layer, 64, 1, needed);
  int64_t points = 0;
  for (size_t o = 0; o < layer.thresholds.size(); ++o)
    points += layer.differsByPosition()
                  ? int64_t(layer.thresholds[o].points.size())
                  : int64_t(lower::channelThresholds(layer, int64_t(o)).t.size());
  return points * needed;
}

Totals totalsOf(const lower::Network &network) {
  Totals totals;
  for (const Layer &layer : network.layers) {
    totals.bitMacs += bitMacs(layer);
    totals.weightBits += int64_t(layer.weights.size());
    totals.thresholdBits += thresholdBits(layer);
    totals.channels += layer.thresholds.empty() ? 0 : layer.conv.c;
    totals.witnesses += layer.witnesses;
  }
  return totals;
}

double percent(double part, double whole) {
  return whole == 0 ? 0 : 100 * part / whole;
}

double utilisation(const ReportData &data) {
  return percent(double(totalsOf(data.network).bitMacs),
                 double(data.check.cycles) * data.plan.target.lanes());
}

std::string microseconds(const ReportData &data, uint64_t cycles) {
  return fmt::format("{:.2f} us at {} MHz",
                     double(cycles) / data.plan.target.clockMHz,
                     data.plan.target.clockMHz);
}

/// What the RUNs of layer `i` did in the stream's last window.
struct LayerTimes {
  uint64_t cycles = 0; ///< each to the next RUN's first step
  uint64_t stalls = 0;
};

LayerTimes timesOf(const ReportData &data, size_t i) {
  LayerTimes times;
  const auto &trace = data.check.trace;
  for (size_t r = 0; r < std::min(trace.size(), data.plan.runs.size()); ++r) {
    if (data.plan.runs[r].layer != int(i))
      continue;
    times.cycles +=
        (r + 1 < trace.size() ? trace[r + 1].first : trace[r].last + 1) -
        trace[r].first;
    times.stalls += trace[r].stalls;
  }
  return times;
}

std::string shapeText(const lower::Shape &shape) {
  return fmt::format("{}x{}x{}", shape.c, shape.h, shape.w);
}

/// What the user calls the layer: the module, or the convolution's node, the end
/// of it where it is long.
std::string shownName(const Layer &layer) {
  constexpr size_t most = 32;
  std::string name = layer.module.empty() ? layer.name() : layer.module;
  size_t begin = name.size() > most ? name.size() - most + 3 : 0;
  while (begin && begin < name.size() && (uint8_t(name[begin]) & 0xc0) == 0x80)
    ++begin; // not within a character
  return begin ? "..." + name.substr(begin) : name;
}

double layerUtilisation(const ReportData &data, size_t i) {
  return percent(double(bitMacs(data.network.layers[i])),
                 double(timesOf(data, i).cycles) * data.plan.target.lanes());
}

/// One row for each layer, and which of them takes the most cycles.
std::string layerTable(const ReportData &data) {
  std::string text = fmt::format(
      "\n{:<32} {:>12} {:>12} {:>9} {:>7} {:>11} {:>11} {:>9} {:>6}\n", "layer",
      "input", "output", "kernel", "stride", "MAC", "weight bits", "cycles",
      "util.");
  size_t slowest = 0;
  uint64_t all = 0;
  for (size_t i = 0; i < data.plan.layers.size(); ++i) {
    const Layer &layer = data.network.layers[i];
    uint64_t cycles = timesOf(data, i).cycles;
    all += cycles;
    if (cycles > timesOf(data, slowest).cycles)
      slowest = i;
    text += fmt::format(
        "{:<32} {:>12} {:>12} {:>9} {:>7} {:>11} {:>11} {:>9} {:>4.1f} %\n",
        shownName(layer), shapeText(layer.in), shapeText(layer.out),
        fmt::format("{}x{}", layer.kernelH, layer.kernelW),
        fmt::format("{}x{}", layer.strideH, layer.strideW), layer.macs(),
        layer.weights.size(), cycles, layerUtilisation(data, i));
  }
  return text + fmt::format("{:<12} {}: {} of {} cycles\n", "slowest",
                            shownName(data.network.layers[slowest]),
                            timesOf(data, slowest).cycles, all);
}

/// Bytes of weights that a window brings in anew.
uint64_t streamedBytes(const lower::Plan &plan) {
  uint64_t bytes = 0;
  for (const lower::WeightChunk &chunk : plan.chunks)
    bytes += uint64_t(chunk.rows) * 32 * plan.layers[chunk.layer].gm;
  return bytes;
}

/// Pixels of the first layer that two stripes compute.
int64_t pixelsTwice(const ReportData &data) {
  int64_t pixels = -data.network.layers[0].conv.w;
  for (const lower::InputStripe &stripe : data.plan.stripes)
    pixels += stripe.pixels;
  return pixels;
}

size_t chunksOf(const lower::Plan &plan, size_t layer) {
  return size_t(
      std::count_if(plan.chunks.begin(), plan.chunks.end(),
                    [&](const auto &chunk) { return chunk.layer == layer; }));
}
} // namespace

/// Multiplications of one window on the host, before the engine and after it.
static std::pair<int64_t, int64_t> hostWork(const ReportData &data) {
  ::bnn::host::Part part;
  std::string error;
  const ::bnn::isa::Program &program = data.program;
  if (!::bnn::host::readPart(program.io, program.inputBytes,
                             program.outputBytes, part, error))
    return {};
  int64_t all = part.multiplications();
  part.ops.clear();
  int64_t before = part.multiplications();
  return {before, all - before};
}

static std::string hostText(const ReportData &data) {
  auto [before, after] = hostWork(data);
  std::string text = fmt::format("{} multiplications a window", before + after);
  if (before == 0)
    return text + ", after the engine";
  return text + fmt::format(", {} of them before the engine: the first layer has "
                            "float weights, or its input scales by channel; -1 "
                            "and +1 put it on the engine, and eight-bit weights "
                            "will, which are not supported yet",
                            before);
}

std::string textReport(const ReportData &data) {
  const lower::Plan &plan = data.plan;
  const ::bnn::isa::Target &target = plan.target;
  const ::bnn::isa::Program &program = data.program;
  Totals totals = totalsOf(data.network);
  std::string text;
  auto line = [&](const char *label, const std::string &value) {
    text += fmt::format("{:<12} {}\n", label, value);
  };
  auto used = [](const char *what, uint64_t have, uint64_t of) {
    return fmt::format("{} {}/{}", what, have, of);
  };
  line("target", fmt::format("{}: {} lanes",
                             ::bnn::support::printableName(target.name),
                             target.lanes()));
  line("layers", fmt::format("{}", data.network.layers.size()));
  line("exactness",
       fmt::format("{}; {} channels with {} witnesses",
                   data.verified
                       ? fmt::format("verified on {} windows ({}{} integers, "
                                     "seed {})",
                                     data.verify.inputs,
                                     data.verify.ties ? "2 between two classes, "
                                                      : "",
                                     data.verify.values, data.seed)
                       : "not verified",
                   totals.channels, totals.witnesses));
  for (const auto &[label, value] : floatLines(data))
    line(label, value);
  if (data.inputChanges)
    line("input", fmt::format("float32 and real arithmetic differ at {} of {} "
                              "boundaries of the quantiser",
                              data.inputChanges->second,
                              data.inputChanges->first));
  if (hostWork(data) != std::pair<int64_t, int64_t>())
    line("host", hostText(data));
  line("cycles",
       fmt::format("{} per window ({}), latency {}, {} to load",
                   data.check.cycles, microseconds(data, data.check.cycles),
                   data.check.latency, data.check.coldCycles));
  line("HP port", fmt::format("at most {} per window, latency {}",
                              data.check.hpCycles, data.check.hpLatency));
  line("utilisation", fmt::format("{:.1f} %", utilisation(data)));
  line("buffers",
       fmt::format(
           "{}, {}, {}, {}, {}",
           used("lanes", plan.usage.laneWords, target.laneWords),
           used("weights", plan.usage.weightRows, target.weightRows),
           used("thresholds", plan.usage.thresholdRows, target.thresholdRows),
           used("control", plan.usage.controlWords, target.controlWords),
           used("output", plan.usage.outputWords, target.outputWords)));
  line("lanes",
       fmt::format(
           "{} words, at least {} ({:+.1f} %){}", plan.usage.laneWords,
           plan.usage.laneLowerBound,
           percent(plan.usage.laneWords, plan.usage.laneLowerBound) - 100,
           plan.inputFreeAfter == 0
               ? ""
               : fmt::format("; the next input loads behind '{}'",
                             data.network.layers[plan.inputFreeAfter].name())));
  line("code", fmt::format("{} bytes: {} instructions, {} microcode",
                           program.codeBytes + program.microcodeBytes,
                           program.codeBytes / 16, program.microcodeBytes / 8));
  line("weights", fmt::format("{} bytes for {} bits ({:+.1f} %)",
                              program.weightBytes, totals.weightBits,
                              percent(program.weightBytes * 8.0,
                                      double(totals.weightBits)) -
                                  100));
  if (!plan.stripes.empty())
    line("stripes", fmt::format("{} of the input, {} of {} pixels twice",
                                plan.stripes.size(), pixelsTwice(data),
                                data.network.layers[0].conv.w));
  if (!plan.chunks.empty()) {
    std::string names;
    for (size_t i = 0; i < plan.layers.size(); ++i)
      if (chunksOf(plan, i))
        names += (names.empty() ? "" : ", ") + data.network.layers[i].name();
    line("streamed",
         fmt::format("{} bytes of weights per window in {} chunks: {}",
                     streamedBytes(plan), plan.chunks.size(), names));
  }
  line("thresholds", fmt::format("{} bytes for {} bits", program.thresholdBytes,
                                 totals.thresholdBits));
  line("checked", fmt::format("{} instructions, {} hazards",
                              data.check.instructions, data.check.hazards));
  line("compiled", fmt::format("{:.1f} ms", data.milliseconds));
  return text + layerTable(data);
}

nlohmann::ordered_json jsonReport(const ReportData &data) {
  const lower::Plan &plan = data.plan;
  const ::bnn::isa::Target &target = plan.target;
  const ::bnn::isa::Program &program = data.program;
  Totals totals = totalsOf(data.network);
  FloatTotals floats = floatTotals(data.network);
  Json json;
  json["model"] = data.model;
  json["target"] = target.name;
  json["lanes"] = target.lanes();
  json["clock_mhz"] = target.clockMHz;
  json["cycles"] = data.check.cycles;
  json["latency"] = data.check.latency;
  json["hp_port"] = {{"cycles", data.check.hpCycles},
                     {"latency", data.check.hpLatency}};
  json["cold_cycles"] = data.check.coldCycles;
  json["microseconds"] = double(data.check.cycles) / target.clockMHz;
  json["utilisation"] = utilisation(data) / 100;
  json["exactness"] = {{"verified", data.verified},
                       {"windows", data.verify.inputs},
                       {"windows_between_classes", data.verify.ties},
                       {"windows_float32_may_decide_otherwise",
                        data.verify.closeWindows},
                       {"seed", data.seed},
                       {"integers", data.verify.values},
                       {"channels", totals.channels},
                       {"witnesses", totals.witnesses},
                       {"near_ties", floats.nearTies},
                       {"float32_differs", floats.differs},
                       {"rounded_magnitudes", floats.uneven}};
  if (!data.network.classes.empty())
    json["classes"] = classesJson(data.network);
  json["classes_not_compared"] = data.network.uncompared;
  if (data.inputChanges)
    json["input_quantiser"] = {{"boundaries", data.inputChanges->first},
                               {"real_differs", data.inputChanges->second}};
  auto [before, after] = hostWork(data);
  json["host_multiplications"] = {{"before", before}, {"after", after}};
  auto buffer = [](uint32_t used, uint32_t available) {
    return Json{{"used", used}, {"available", available}};
  };
  json["buffers"] = {
      {"lane_words", buffer(plan.usage.laneWords, target.laneWords)},
      {"weight_rows", buffer(plan.usage.weightRows, target.weightRows)},
      {"threshold_rows",
       buffer(plan.usage.thresholdRows, target.thresholdRows)},
      {"control_words", buffer(plan.usage.controlWords, target.controlWords)},
      {"output_words", buffer(plan.usage.outputWords, target.outputWords)}};
  json["buffers"]["lane_words"]["lower_bound"] = plan.usage.laneLowerBound;
  json["input_free_after"] = plan.inputFreeAfter;
  json["input_stripes"] = plan.stripes.size();
  json["bytes"] = {{"instructions", program.codeBytes},
                   {"microcode", program.microcodeBytes},
                   {"weights", program.weightBytes},
                   {"weights_minimum", (totals.weightBits + 7) / 8},
                   {"thresholds", program.thresholdBytes},
                   {"thresholds_minimum", (totals.thresholdBits + 7) / 8},
                   {"input", program.inputBytes},
                   {"output", program.outputBytes},
                   {"weights_streamed_per_window", streamedBytes(plan)}};
  json["checked"] = {{"instructions", data.check.instructions},
                     {"hazards", data.check.hazards}};
  json["milliseconds"] = data.milliseconds;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Layer &layer = data.network.layers[i];
    const LayerPlan &p = plan.layers[i];
    LayerTimes trace = timesOf(data, i);
    json["layers"].push_back(
        {{"name", layer.name()},
         {"module", layer.module},
         {"nodes", layer.nodes},
         {"routine", lower::routineName(p.routine)},
         {"input", {layer.in.c, layer.in.h, layer.in.w}},
         {"output", {layer.out.c, layer.out.h, layer.out.w}},
         {"kernel", {layer.kernelH, layer.kernelW}},
         {"strides", {layer.strideH, layer.strideW}},
         {"macs", layer.macs()},
         {"weight_bits", layer.weights.size()},
         {"cycles", trace.cycles},
         {"runs", passesOf(p).size()},
         {"steps", p.steps},
         {"stalls", trace.stalls},
         {"delay", p.run.delay},
         {"utilisation", layerUtilisation(data, i) / 100},
         {"channel_groups", p.gm},
         {"pixel_groups", p.gp},
         {"weight_rows", p.weightRows},
         {"weight_chunks", chunksOf(plan, i)},
         {"threshold_rows", p.thresholdRows},
         {"lane_word", p.in.base},
         {"lane_words", p.in.words()},
         {"witnesses", layer.witnesses},
         {"mirrored", layer.mirrored},
         {"rounded_magnitudes", layer.uneven},
         {"near_ties", nearTiesJson(layer)}});
  }
  return json;
}

} // namespace bnncc
