// Options of bnn-run: --name=value or --name value.
#include "Options.h"

#include <array>
#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace bnn::run {

namespace {

std::vector<std::string> splitNames(std::string_view list) {
  std::vector<std::string> names;
  while (true) {
    size_t comma = list.find(',');
    names.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos)
      return names;
    list.remove_prefix(comma + 1);
  }
}

NamedFile namedFile(const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || text.find('/') < equals)
    return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

} // namespace

bool parseOptions(int argc, char **argv, Options &options, std::string &error) {
  std::string stats, classes, output, expect;
  const std::array<std::pair<std::string_view, std::string *>, 9> valued{{
      {"--input", &options.input},
      {"--output", &output},
      {"--expect", &expect},
      {"--labels", &options.labels},
      {"--classes", &classes},
      {"--target", &options.target},
      {"--device", &options.device},
      {"--stats", &stats},
      {"--trace", &options.trace},
  }};
  auto fail = [&](std::string text) {
    error = std::move(text);
    return false;
  };
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      options.help = true;
      return true;
    }
    if (argument == "--version") {
      options.version = true;
      return true;
    }
    if (argument == "-v" || argument == "--verbose") {
      options.verbose = true;
      continue;
    }
    if (argument == "--scoreboard") {
      options.scoreboard = true;
      continue;
    }
    if (argument == "-" || !argument.starts_with('-')) {
      if (!options.program.empty())
        return fail(fmt::format("more than one program: '{}' and '{}'",
                                options.program, argument));
      options.program = argument;
      continue;
    }
    size_t equals = argument.find('=');
    std::string_view name = argument.substr(0, equals);
    std::string *place = nullptr;
    for (const auto &[known, to] : valued)
      if (name == known)
        place = to;
    if (!place)
      return fail(
          fmt::format("unknown option '{}'; see bnn-run --help", argument));
    if (equals != std::string_view::npos)
      *place = argument.substr(equals + 1);
    else if (++i < argc)
      *place = argv[i];
    if (place->empty())
      return fail(fmt::format("option '{}' needs a value", name));
    if (place == &output)
      options.outputs.push_back(namedFile(output));
    if (place == &expect)
      options.expects.push_back(namedFile(expect));
  }
  if (options.program.empty())
    return fail("no program file given; see bnn-run --help");
  if (options.input.empty())
    return fail("no --input=X.npy given; see bnn-run --help");
  if (!stats.empty() && stats != "json")
    return fail(fmt::format("unknown --stats={}; known is json", stats));
  options.json = stats == "json";
  if (!options.trace.empty() || options.scoreboard) {
    if (!options.device.starts_with("rtl"))
      return fail("--trace and --scoreboard need --device=rtl");
    options.device += options.device == "rtl" ? ":" : ",";
    if (options.scoreboard)
      options.device += options.trace.empty() ? "scoreboard" : "scoreboard,";
    if (!options.trace.empty())
      options.device += "trace=" + options.trace;
  }
  if (!classes.empty())
    options.classes = splitNames(classes);
  return true;
}

const char *helpText() {
  return R"(usage: bnn-run PROGRAM.bnn --input=X.npy [options]

Runs a compiled network on windows of input and gives the ONNX graph's own output.

  --input=X.npy      N windows [N, ...] or one; the ONNX graph's input type and shape;
                     - reads standard input (also for PROGRAM.bnn and the files below)
  --output=Y.npy     write the results [N, ...] there; - writes standard output, and
                     the summary then goes to standard error
  --expect=Y.npy     compare: integers exactly, floats to 1e-5; exit 1 if any differs
                     of a graph with several outputs both mean the first; NAME=Y.npy
                     names one, and either option may be given again
  --labels=L.npy     true classes, N integers: accuracy and counts per class
  --classes=A,B,...  names of the classes for the report
  --device=NAME      sim (default): the golden engine model, cycle for cycle;
                     rtl, rtl:hp, rtl:random=SEED: the Verilated engine on an ideal
                     memory, a Zynq HP port, a memory with random stalls
  --scoreboard       rtl: compare with the model: outputs, traps, on ideal memory cycles
  --trace=FILE.vcd   rtl: write the waveform (builds with BNNCC_RTL_TRACE)
  --target=NAME      which engine the sim is: z010, z020, z035 or FILE.json
                     (default: the one the program was compiled for)
  --stats=json       print one JSON object instead of the summary
  -v                 print the engine's counters too
  --version          print the version

Example: bnn-run ecg.bnn --input=windows.npy --output=scores.npy --labels=classes.npy

Exit code: 0 success, 1 error (one line on standard error, nothing written),
2 wrong usage.
)";
}

} // namespace bnn::run
