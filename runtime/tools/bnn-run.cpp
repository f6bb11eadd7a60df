// bnn-run: runs a compiled program on arrays of windows, through the C API.
#include "Compare.h"
#include "Options.h"
#include "ReadFile.h"
#include "Report.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <new>

using namespace bnn::run; // NOLINT: the tool's own parts
namespace runtime = bnn::runtime;
using runtime::NpyArray;

namespace {

/// One line, already with the file it concerns; empty is success.
using Error = std::string;

using Program = std::unique_ptr<bnn_program, decltype(&bnn_program_close)>;
using Device = std::unique_ptr<bnn_device, decltype(&bnn_device_close)>;

Error readArray(const std::string &path, NpyArray &array) {
  std::vector<uint8_t> data;
  std::string error;
  if (!runtime::readFile(path, data, error) ||
      !runtime::parseNpy(data.data(), data.size(), array, error))
    return fmt::format("{}: {}", path, error);
  return {};
}

std::vector<int64_t> shapeOf(const bnn_tensor &t) {
  return {t.shape, t.shape + t.rank};
}

// The shape of N windows: N takes the place of a leading batch axis 1.
std::vector<int64_t> batchShape(const bnn_tensor &t, int64_t windows) {
  std::vector<int64_t> shape = shapeOf(t);
  if (!shape.empty() && shape[0] == 1)
    shape[0] = windows;
  else
    shape.insert(shape.begin(), windows);
  return shape;
}

// Finds the number of windows and makes the array the graph's type.
Error fitInput(const bnn_tensor &graph, NpyArray &array, int64_t &windows,
               std::vector<int64_t> &outputShape, const bnn_tensor &output) {
  std::string error;
  std::vector<int64_t> shape = shapeOf(graph);
  if (array.shape == shape) {
    windows = 1;
    outputShape = shapeOf(output);
  } else {
    windows = array.shape.empty() ? 0 : array.shape[0];
    outputShape = batchShape(output, windows);
    std::vector<int64_t> batch = batchShape(graph, windows), more = shape;
    more.insert(more.begin(), windows);
    if (array.shape != batch && array.shape != more) {
      std::string expected = runtime::shapeText(batchShape(graph, -1));
      expected.replace(expected.find("-1"), 2, "N");
      return fmt::format("has shape {}, input '{}' takes {}",
                         runtime::shapeText(array.shape), graph.name, expected);
    }
  }
  if (windows == 0)
    return "has no windows";
  if (!runtime::convertNpy(array, graph.type, error))
    return error;
  return {};
}

// Which file an error of bnn_run is about.
Error runError(const Options &options, bnn_status status, const char *text) {
  const std::string &file =
      status == BNN_ERROR_INPUT ? options.input : options.program;
  return fmt::format("{}: {}", file, text);
}

Error run(const Options &options, std::string &printed) {
  auto start = std::chrono::steady_clock::now();
  char text[512];
  bnn_program *opened = nullptr;
  if (bnn_program_open(options.program.c_str(), &opened, text, sizeof text))
    return fmt::format("{}: {}", options.program, text);
  Program program(opened, bnn_program_close);
  bnn_device *openedDevice = nullptr;
  if (bnn_device_open(options.device.c_str(),
                      options.target.empty() ? nullptr : options.target.c_str(),
                      &openedDevice, text, sizeof text))
    return text;
  Device device(openedDevice, bnn_device_close);

  // All files are read before the engine starts: a wrong name costs no time.
  bnn_tensor in = bnn_program_input(program.get()),
             out = bnn_program_output(program.get());
  NpyArray input, output, expected, labels;
  if (Error error = readArray(options.input, input); !error.empty())
    return error;
  if (!options.expect.empty())
    if (Error error = readArray(options.expect, expected); !error.empty())
      return error;
  if (!options.labels.empty())
    if (Error error = readArray(options.labels, labels); !error.empty())
      return error;
  int64_t windows = 0;
  if (Error error = fitInput(in, input, windows, output.shape, out);
      !error.empty())
    return fmt::format("{}: {}", options.input, error);

  Report report{options, program.get(), device.get(), {}, 0, {}, {}, {}};
  output.type = out.type;
  output.data.resize(size_t(windows) * out.bytes);
  if (bnn_status status = bnn_run(program.get(), device.get(), size_t(windows),
                                  input.data.data(), output.data.data(),
                                  &report.stats, text, sizeof text))
    return runError(options, status, text);

  std::string error;
  report.found = classesOf(output, windows);
  if (!options.expect.empty()) {
    Comparison &c = report.comparison.emplace();
    if (!compare(output, expected, windows, c, error))
      return fmt::format("{}: {}", options.expect, error);
    if (!c.difference.empty()) {
      Error line = fmt::format("{}: {} ({} of {} windows equal", options.expect,
                               c.difference, c.equalWindows, c.windows);
      return line + (c.hasArgMax ? fmt::format(", argmax in {})", c.equalArgMax)
                                 : ")");
    }
  }
  if (!options.labels.empty()) {
    int64_t classes = out.elements > 1 ? int64_t(out.elements) : 1;
    if (report.found.empty())
      return fmt::format("{}: output '{}' is no class", options.labels,
                         out.name);
    if (!countClasses(report.found, labels, classes, report.confusion.emplace(),
                      error))
      return fmt::format("{}: {}", options.labels, error);
  }
  if (!options.output.empty() &&
      !runtime::writeFile(options.output, formatNpy(output), error))
    return fmt::format("{}: {}", options.output, error);
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  printed = options.json ? summaryJson(report) : summaryText(report);
  return {};
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  std::string error, printed;
  if (!parseOptions(argc, argv, options, error)) {
    fmt::print(stderr, "error: {}\n", error);
    return 2;
  }
  if (options.help || options.version) {
    std::fputs(options.help ? helpText() : "bnn-run " BNNCC_VERSION "\n",
               stdout);
    return 0;
  }
  try {
    error = run(options, printed);
  } catch (const std::bad_alloc &) {
    error = "out of memory";
  }
  if (error.empty() &&
      (std::fputs(printed.c_str(), stdout) < 0 || std::fflush(stdout) != 0))
    error = "standard output cannot be written";
  if (error.empty())
    return 0;
  fmt::print(stderr, "error: {}\n", error);
  return 1;
}
