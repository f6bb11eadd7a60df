// bnn-run: runs a compiled program on arrays of windows, through the C API.
#include "Compare.h"
#include "Options.h"
#include "Report.h"

#include "bnn/support/Files.h"
#include "bnn/support/Text.h"
#include "bnn/support/Tool.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

using namespace bnn::run; // NOLINT: the tool's own parts
namespace runtime = bnn::runtime;
namespace support = bnn::support;
using runtime::NpyArray;

namespace {

/// One line, already with the file it concerns; empty is success.
using Error = std::string;

/// "FILE: TEXT".
Error errorIn(const std::string &file, std::string_view text) {
  return fmt::format("{}: {}", support::inputName(file), text);
}

using Program = std::unique_ptr<bnn_program, decltype(&bnn_program_close)>;
using Device = std::unique_ptr<bnn_device, decltype(&bnn_device_close)>;

Error readArray(const std::string &path, NpyArray &array) {
  std::vector<uint8_t> data;
  std::string error;
  if (!support::readInput(path, data, error) ||
      !runtime::parseNpy(data.data(), data.size(), array, error))
    return errorIn(path, error);
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

// One window without the graph's leading batch axis 1.
bool isBareWindow(const std::vector<int64_t> &array,
                  const std::vector<int64_t> &graph) {
  return graph.size() == array.size() + 1 && graph[0] == 1 &&
         std::equal(array.begin(), array.end(), graph.begin() + 1);
}

// Finds the number of windows and makes the array the graph's type.
Error fitInput(const bnn_tensor &graph, NpyArray &array, int64_t &windows,
               std::vector<int64_t> &outputShape, const bnn_tensor &output) {
  std::string error;
  std::vector<int64_t> shape = shapeOf(graph);
  if (array.shape == shape || isBareWindow(array.shape, shape)) {
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
                         runtime::shapeText(array.shape),
                         support::printableName(graph.name), expected);
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
  return errorIn(file, text);
}

/// Room for the results of all windows; an error where the product leaves the
/// machine's address space.
Error makeRoom(const bnn_tensor &out, int64_t windows, NpyArray &output) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(uint64_t(windows), uint64_t(out.bytes), &bytes) ||
      bytes > output.data.max_size())
    return fmt::format("has {} windows, whose outputs of {} bytes each do not "
                       "fit into this machine's memory; split it",
                       windows, out.bytes);
  output.type = out.type;
  output.data.resize(size_t(bytes));
  return {};
}

Error openProgram(const Options &options, Program &program) {
  std::vector<uint8_t> data;
  char text[512];
  bnn_program *opened = nullptr;
  if (Error error; !support::readInput(options.program, data, error))
    return errorIn(options.program, error);
  if (bnn_program_open_memory(data.data(), data.size(), &opened, text,
                              sizeof text))
    return errorIn(options.program, text);
  program.reset(opened);
  return {};
}

/// Prints the summary and writes the results, both or neither. With the results
/// on standard output the summary goes to standard error.
Error deliver(const Options &options, const std::string &printed,
              std::string_view results) {
  Error error;
  support::OutputFile file;
  bool writes = !options.output.empty();
  std::string where =
      options.output == "-" ? "standard output " : options.output + ": ";
  if (writes && !file.stage(options.output, results, error))
    return where + error;
  if (!file.isStandardOutput() && !support::print(printed, error))
    return error;
  if (writes && !file.commit(error))
    return where + error;
  if (file.isStandardOutput())
    support::writeAll(STDERR_FILENO, printed);
  return {};
}

Error run(const Options &options) {
  auto start = std::chrono::steady_clock::now();
  char text[512];
  Program program(nullptr, bnn_program_close);
  if (Error error = openProgram(options, program); !error.empty())
    return error;
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
    return errorIn(options.input, error);

  Report report{options, program.get(), device.get(), {}, 0, {}, {}, {}};
  if (Error error = makeRoom(out, windows, output); !error.empty())
    return errorIn(options.input, error);
  if (bnn_status status = bnn_run(program.get(), device.get(), size_t(windows),
                                  input.data.data(), output.data.data(),
                                  &report.stats, text, sizeof text))
    return runError(options, status, text);

  std::string error;
  report.found = classesOf(output, windows);
  if (!options.expect.empty()) {
    Comparison &c = report.comparison.emplace();
    if (!compare(output, expected, windows, c, error))
      return errorIn(options.expect, error);
    if (!c.difference.empty()) {
      Error line = fmt::format("{}: {} ({} of {} windows equal",
                               support::inputName(options.expect), c.difference,
                               c.equalWindows, c.windows);
      return line + (c.hasArgMax ? fmt::format(", argmax in {})", c.equalArgMax)
                                 : ")");
    }
  }
  if (!options.labels.empty()) {
    int64_t classes = out.elements > 1 ? int64_t(out.elements) : 1;
    if (report.found.empty())
      return errorIn(options.labels,
                     fmt::format("output '{}' is no class",
                                 support::printableName(out.name)));
    if (!countClasses(report.found, labels, classes, report.confusion.emplace(),
                      error))
      return errorIn(options.labels, error);
  }
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  std::string printed =
      options.json ? summaryJson(report) : summaryText(report);
  std::vector<uint8_t> file = formatNpy(output);
  return deliver(options, printed,
                 {reinterpret_cast<const char *>(file.data()), file.size()});
}

/// The options that name one file which is read, with what it is.
std::vector<std::pair<const char *, std::string>> inputs(const Options &o) {
  std::vector<std::pair<const char *, std::string>> files;
  auto add = [&](const char *what, const std::string &path) {
    if (!path.empty())
      files.emplace_back(what, path);
  };
  add("the program", o.program);
  add("--input", o.input);
  add("--expect", o.expect);
  add("--labels", o.labels);
  add("--target", o.target);
  return files;
}

/// Wrong combinations of files: one that is read and written, standard input
/// read twice.
Error checkFiles(const Options &options) {
  const char *standard = nullptr;
  for (const auto &[what, path] : inputs(options)) {
    if (path == "-" && standard)
      return fmt::format("{} and {} are both standard input; it can be read "
                         "once",
                         standard, what);
    if (path == "-")
      standard = what;
    for (const std::string &output : {options.output, options.trace})
      if (!output.empty() && support::sameFile(path, output))
        return fmt::format("output '{}' is {} too; name another file", output,
                           what);
  }
  return {};
}

} // namespace

int main(int argc, char **argv) {
  support::startTool();
  Options options;
  std::string error;
  if (!parseOptions(argc, argv, options, error))
    return support::reportError(error, support::wrongUsage);
  if (options.help || options.version)
    return support::printAndExit(options.help ? helpText()
                                              : "bnn-run " BNNCC_VERSION "\n");
  if (error = checkFiles(options); !error.empty())
    return support::reportError(error, support::wrongUsage);
  if (error = run(options); !error.empty())
    return support::reportError(error);
  return support::success;
}
