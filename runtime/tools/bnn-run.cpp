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
#include <list>
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

// Finds the number of windows and makes the array the graph's type; `single`: it
// is one window without an axis of windows.
Error fitInput(const bnn_tensor &graph, NpyArray &array, int64_t &windows,
               bool &single) {
  std::string error;
  std::vector<int64_t> shape = shapeOf(graph);
  single = array.shape == shape || isBareWindow(array.shape, shape);
  if (single) {
    windows = 1;
  } else {
    windows = array.shape.empty() ? 0 : array.shape[0];
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
Error makeRoom(const bnn_tensor &out, int64_t windows, bool single,
               NpyArray &output) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(uint64_t(windows), uint64_t(out.bytes), &bytes) ||
      bytes > output.data.max_size())
    return fmt::format("has {} windows, whose outputs of {} bytes each do not "
                       "fit into this machine's memory; split it",
                       windows, out.bytes);
  output.type = out.type;
  output.shape = single ? shapeOf(out) : batchShape(out, windows);
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

/// The place of a named output among the program's.
Error findOutput(const Options &options, const bnn_program *program,
                 const std::string &name, size_t &index) {
  std::string known;
  size_t count = bnn_program_output_count(program);
  for (index = 0; index < count; ++index) {
    std::string other = bnn_program_output_at(program, index).name;
    if (name.empty() || name == other)
      return {};
    known += fmt::format("{}'{}'", index ? ", " : "", support::printableName(other));
  }
  return errorIn(options.program,
                 fmt::format("has no output '{}'; its outputs are {}",
                             support::printableName(name), known));
}

/// A result that is written or compared: its file, and which output it is.
struct Result {
  std::string path;
  size_t index = 0;
  NpyArray expected;
};

Error findResults(const Options &options, const bnn_program *program,
                  const std::vector<NamedFile> &files,
                  std::vector<Result> &results) {
  for (const NamedFile &file : files) {
    Result &result = results.emplace_back();
    result.path = file.path;
    if (Error error = findOutput(options, program, file.name, result.index);
        !error.empty())
      return error;
  }
  return {};
}

/// Prints the summary and writes the results, all or nothing. With results on
/// standard output the summary goes to standard error.
Error deliver(const std::vector<Result> &writes,
              const std::vector<NpyArray> &outputs, const std::string &printed) {
  Error error;
  auto where = [](const Result &result) {
    return result.path == "-" ? "standard output " : result.path + ": ";
  };
  std::vector<std::vector<uint8_t>> bytes;
  std::list<support::OutputFile> files;
  bool toStandard = false;
  for (const Result &write : writes)
    bytes.push_back(formatNpy(outputs[write.index]));
  for (size_t i = 0; i < writes.size(); ++i) {
    std::string_view text(reinterpret_cast<const char *>(bytes[i].data()),
                          bytes[i].size());
    if (!files.emplace_back().stage(writes[i].path, text, error))
      return where(writes[i]) + error;
    toStandard |= files.back().isStandardOutput();
  }
  if (!toStandard && !support::print(printed, error))
    return error;
  size_t i = 0;
  for (support::OutputFile &file : files)
    if (!file.commit(error))
      return where(writes[i]) + error;
    else
      ++i;
  if (toStandard)
    support::writeAll(STDERR_FILENO, printed);
  return {};
}

/// What float32 sums have to do with the windows that differ.
std::string causeText(const std::optional<CloseDecisions> &close,
                      const Comparison &c) {
  if (!close)
    return "";
  std::string text = closeText(*close, &c.differing);
  if (text.empty())
    return "; no decision of the host is within float32's rounding there";
  return "; within float32's rounding there: " + text;
}

/// Compares one output; a difference is an error line.
Error compareResult(const Result &result, const NpyArray &output,
                    int64_t windows, const std::optional<CloseDecisions> &close,
                    Comparison &c) {
  Error error;
  if (!compare(output, result.expected, windows, c, error))
    return errorIn(result.path, error);
  if (c.difference.empty())
    return {};
  Error line = fmt::format("{}: {} ({} of {} windows equal",
                           support::inputName(result.path), c.difference,
                           c.equalWindows, c.windows);
  line += c.hasArgMax ? fmt::format(", argmax in {})", c.equalArgMax) : ")";
  return line + causeText(close, c);
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
  std::vector<Result> writes, expects;
  for (auto [files, results] :
       {std::pair{&options.outputs, &writes}, {&options.expects, &expects}})
    if (Error error = findResults(options, program.get(), *files, *results);
        !error.empty())
      return error;
  bnn_tensor in = bnn_program_input(program.get()),
             out = bnn_program_output(program.get());
  NpyArray input, labels;
  if (Error error = readArray(options.input, input); !error.empty())
    return error;
  for (Result &expect : expects)
    if (Error error = readArray(expect.path, expect.expected); !error.empty())
      return error;
  if (!options.labels.empty())
    if (Error error = readArray(options.labels, labels); !error.empty())
      return error;
  int64_t windows = 0;
  bool single = false;
  if (Error error = fitInput(in, input, windows, single); !error.empty())
    return errorIn(options.input, error);

  // The first output says the class; the others are made where they are wanted.
  Report report{options, program.get(), device.get(), {}, 0, {}, {}, {}, {}};
  std::vector<NpyArray> outputs(bnn_program_output_count(program.get()));
  std::vector<void *> places(outputs.size());
  auto wanted = [&](const std::vector<Result> &results, size_t index) {
    return std::any_of(results.begin(), results.end(),
                       [&](const Result &r) { return r.index == index; });
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i != 0 && !wanted(writes, i) && !wanted(expects, i))
      continue;
    if (Error error = makeRoom(bnn_program_output_at(program.get(), i), windows,
                               single, outputs[i]);
        !error.empty())
      return errorIn(options.input, error);
    places[i] = outputs[i].data.data();
  }
  if (!expects.empty() && bnn_program_decides(program.get()))
    report.close.emplace();
  bnn_status status =
      report.close
          ? bnn_run_examined(program.get(), device.get(), size_t(windows),
                             input.data.data(), places.data(), &report.stats,
                             CloseDecisions::collect, &*report.close, text,
                             sizeof text)
          : bnn_run_outputs(program.get(), device.get(), size_t(windows),
                            input.data.data(), places.data(), &report.stats,
                            text, sizeof text);
  if (status)
    return runError(options, status, text);
  if (report.close)
    report.close->sort();

  std::string error;
  report.found = classesOf(outputs[0], windows);
  for (const Result &expect : expects) {
    Comparison comparison;
    if (error = compareResult(expect, outputs[expect.index], windows,
                              report.close, comparison);
        !error.empty())
      return error;
    if (!report.comparison)
      report.comparison = comparison;
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
  return deliver(writes, outputs,
                 options.json ? summaryJson(report) : summaryText(report));
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
  for (const NamedFile &file : o.expects)
    add("--expect", file.path);
  add("--labels", o.labels);
  add("--target", o.target);
  return files;
}

/// Wrong combinations of files: one that is read and written, standard input
/// read twice.
Error checkFiles(const Options &options) {
  const char *standard = nullptr;
  std::vector<std::string> written = {options.trace};
  for (const NamedFile &file : options.outputs) {
    for (const std::string &other : written)
      if (file.path == other || support::sameFile(file.path, other))
        return fmt::format("two outputs go to '{}'; name another file",
                           file.path);
    written.push_back(file.path);
  }
  for (const auto &[what, path] : inputs(options)) {
    if (path == "-" && standard)
      return fmt::format("{} and {} are both standard input; it can be read "
                         "once",
                         standard, what);
    if (path == "-")
      standard = what;
    for (const std::string &output : written)
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
