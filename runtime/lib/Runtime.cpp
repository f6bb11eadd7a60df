// The C API: argument checks, error text, and the loop over a batch.
#include "bnn/runtime.h"

#include "Device.h"
#include "bnn/isa/host/Epilogue.h"
#include "bnn/isa/host/Prologue.h"
#include "bnn/support/Files.h"
#include "bnn/support/Text.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>

using namespace bnn; // NOLINT: the C API has no namespace of its own
using runtime::Result;

namespace {

/// An open program: shared with the devices it is loaded on.
struct OpenProgram {
  isa::Program program;
  host::Part part;
  std::string model, targetFields;
  std::optional<host::Prologue> prologue;
  std::optional<host::Epilogue> epilogue;
};

// Windows are converted and run in pieces of about this many bytes, so that the
// memory a batch needs does not grow with it.
constexpr uint64_t pieceBytes = uint64_t(64) << 20;

void writeError(const std::string &text, char *error, size_t size) {
  if (!error || size == 0)
    return;
  std::string line = support::printable(text);
  size_t length = std::min(line.size(), size - 1);
  std::memcpy(error, line.data(), length);
  error[length] = 0;
}

// Runs `body`, which returns a Result, behind the C boundary.
template <typename Body>
bnn_status guarded(char *error, size_t size, Body body) {
  Result result;
  try {
    result = body();
  } catch (const std::bad_alloc &) {
    result.status = BNN_ERROR_MEMORY; // the text must not allocate much
    result.text = "out of memory";
  } catch (const std::exception &e) {
    result = {BNN_ERROR_PROGRAM, e.what()};
  }
  writeError(result.text, error, size);
  return result.status;
}

// The debug section names the model; a stripped program has none.
std::string modelName(const std::string &debug) {
  auto json = nlohmann::json::parse(debug, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("model") && json["model"].is_string())
    return json["model"].get<std::string>();
  return {};
}

class Timer {
public:
  double lap() {
    auto now = std::chrono::steady_clock::now();
    double seconds = std::chrono::duration<double>(now - last).count();
    last = now;
    return seconds;
  }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

bnn_tensor describe(const host::TensorSpec &spec) {
  auto elements = size_t(spec.elements());
  return {spec.name.c_str(), bnn_type(spec.type), spec.shape.size(),
          spec.shape.data(), elements,
          elements * host::typeSize(spec.type)};
}

bnn_tensor outputOf(const OpenProgram &open, size_t index) {
  return describe(open.part.outputs[index].tensor);
}

} // namespace

struct bnn_program {
  std::shared_ptr<const OpenProgram> open;
};

struct bnn_device {
  std::unique_ptr<runtime::Device> device;
  std::shared_ptr<const OpenProgram> loaded;
  std::mutex mutex;
};

namespace {

Result openProgram(const uint8_t *data, size_t size, bnn_program **program) {
  auto open = std::make_shared<OpenProgram>();
  std::string error;
  if (!isa::readProgram(data, size, open->program, error))
    return {BNN_ERROR_PROGRAM, error};
  const isa::Program &p = open->program;
  // What LOAD and STORE can reach: 2^26 beats.
  constexpr uint32_t most = uint32_t(1) << 29;
  if (p.inputBytes > most || p.outputBytes > most || p.scratchBytes > most)
    return {BNN_ERROR_PROGRAM,
            fmt::format("a region is larger than {} bytes", most)};
  if (!host::readPart(p.io, p.inputBytes, p.outputBytes, open->part, error))
    return {BNN_ERROR_PROGRAM, error};
  open->model = modelName(p.debug);
  open->targetFields = p.target.describe();
  open->prologue.emplace(open->part, p.inputBytes);
  open->epilogue.emplace(open->part);
  *program = new bnn_program{std::move(open)};
  return {};
}

Result load(bnn_device &device, const bnn_program &program, bnn_stats &stats) {
  if (device.loaded == program.open)
    return {};
  device.loaded = nullptr;
  Result result = device.device->load(program.open->program, stats);
  if (result)
    device.loaded = program.open;
  return result;
}

/// Who hears of close decisions; nobody by default.
struct Listener {
  void (*found)(void *, const bnn_close_decision *) = nullptr;
  void *context = nullptr;

  void tell(size_t window, bool before,
            const std::vector<host::CloseDecision> &close) const {
    for (const host::CloseDecision &c : close) {
      auto element = int64_t(c.element), row = element / c.shape.w;
      bnn_close_decision decision = {
          window,    before,       c.decision, row / c.shape.h,
          row % c.shape.h, element % c.shape.w, c.best,
          c.other,   c.value,      c.threshold, c.bound};
      found(context, &decision);
    }
  }
};

// One piece of a batch: convert in, run, convert out.
Result runPiece(const OpenProgram &open, runtime::Device &device,
                uint64_t first, uint64_t windows, const uint8_t *input,
                void *const *outputs, std::vector<uint8_t> &in,
                std::vector<uint8_t> &out, bnn_stats &stats,
                const Listener &listener) {
  uint64_t inStride = runtime::windowStride(open.program.inputBytes);
  uint64_t outStride = runtime::windowStride(open.program.outputBytes);
  size_t inBytes = describe(open.part.input).bytes;
  std::string error;
  std::vector<host::CloseDecision> close, *wanted =
                                              listener.found ? &close : nullptr;
  Timer timer;
  for (uint64_t i = 0; i < windows; ++i) {
    close.clear();
    if (!open.prologue->run(input + (first + i) * inBytes,
                            in.data() + i * inStride, error, wanted))
      return {BNN_ERROR_INPUT,
              fmt::format("input '{}' of window {}: {}",
                          support::printableName(open.part.input.name),
                          first + i, error)};
    listener.tell(first + i, true, close);
  }
  stats.prologue_seconds += timer.lap();
  std::fill(out.begin(), out.end(), 0);
  Result result = device.run({in.data(), windows * inStride},
                             {out.data(), windows * outStride}, windows, stats);
  stats.device_seconds += timer.lap();
  if (!result)
    return result;
  std::vector<void *> results(open.part.outputs.size());
  for (uint64_t i = 0; i < windows; ++i) {
    for (size_t o = 0; o < results.size(); ++o)
      results[o] = outputs[o] ? static_cast<uint8_t *>(outputs[o]) +
                                    (first + i) * outputOf(open, o).bytes
                              : nullptr;
    close.clear();
    if (!open.epilogue->run(out.data() + i * outStride, results, error, wanted))
      return {BNN_ERROR_OUTPUT, fmt::format("window {}: {}", first + i, error)};
    listener.tell(first + i, false, close);
  }
  stats.epilogue_seconds += timer.lap();
  return {};
}

Result runBatch(const bnn_program &program, bnn_device &device,
                uint64_t windows, const uint8_t *input, void *const *outputs,
                bnn_stats &stats, const Listener &listener) {
  const OpenProgram &open = *program.open;
  std::lock_guard lock(device.mutex);
  stats.clock_mhz = open.program.target.clockMHz;
  if (Result result = load(device, program, stats); !result)
    return result;
  uint64_t inStride = runtime::windowStride(open.program.inputBytes);
  uint64_t outStride = runtime::windowStride(open.program.outputBytes);
  uint64_t piece = std::clamp<uint64_t>(
      pieceBytes / std::max<uint64_t>(inStride + outStride, 1), 1, windows);
  std::vector<uint8_t> in(piece * inStride), out(piece * outStride);
  for (uint64_t first = 0; first < windows; first += piece)
    if (Result result = runPiece(open, *device.device, first,
                                 std::min(piece, windows - first), input,
                                 outputs, in, out, stats, listener);
        !result)
      return result;
  return {};
}

Result run(const bnn_program &program, bnn_device &device, size_t windows,
           const void *input, void *const *outputs, bnn_stats *stats,
           const char *function, const Listener &listener = {}) {
  if (windows == 0)
    return {BNN_ERROR_ARGUMENT,
            fmt::format("{}: a batch of no windows", function)};
  bnn_stats local{};
  bnn_stats &used = stats ? *stats : local;
  used = {};
  return runBatch(program, device, windows, static_cast<const uint8_t *>(input),
                  outputs, used, listener);
}

} // namespace

int bnn_api_version(void) { return BNN_API_VERSION; }

// One numbering of types, the library's and the API's.
static_assert(int(host::Type::Float32) == BNN_FLOAT32 &&
              int(host::Type::Int64) == BNN_INT64 &&
              int(host::Type::Bool) == BNN_BOOL &&
              host::typeCount == BNN_UINT64 + 1);

const char *bnn_type_name(bnn_type type) {
  return unsigned(type) < host::typeCount ? host::typeName(host::Type(type))
                                          : "?";
}

size_t bnn_type_size(bnn_type type) {
  return unsigned(type) < host::typeCount ? host::typeSize(host::Type(type))
                                          : 0;
}

bnn_status bnn_program_open(const char *path, bnn_program **program,
                            char *error, size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!path || !program)
      return {BNN_ERROR_ARGUMENT, "bnn_program_open: null argument"};
    *program = nullptr;
    std::vector<uint8_t> data;
    std::string text;
    if (!support::readFile(path, data, text))
      return {BNN_ERROR_FILE, text};
    return openProgram(data.data(), data.size(), program);
  });
}

bnn_status bnn_program_open_memory(const void *data, size_t size,
                                   bnn_program **program, char *error,
                                   size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!data || !program)
      return {BNN_ERROR_ARGUMENT, "bnn_program_open_memory: null argument"};
    *program = nullptr;
    return openProgram(static_cast<const uint8_t *>(data), size, program);
  });
}

void bnn_program_close(bnn_program *program) { delete program; }

bnn_tensor bnn_program_input(const bnn_program *program) {
  return describe(program->open->part.input);
}

bnn_tensor bnn_program_output(const bnn_program *program) {
  return outputOf(*program->open, 0);
}

size_t bnn_program_output_count(const bnn_program *program) {
  return program->open->part.outputs.size();
}

bnn_tensor bnn_program_output_at(const bnn_program *program, size_t index) {
  if (index >= program->open->part.outputs.size())
    return {};
  return outputOf(*program->open, index);
}

bnn_program_info bnn_program_describe(const bnn_program *program) {
  const OpenProgram &open = *program->open;
  const isa::Program &p = open.program;
  return {open.model.c_str(),
          p.target.name.c_str(),
          open.targetFields.c_str(),
          p.target.clockMHz,
          p.inputBytes,
          p.outputBytes,
          p.image.size(),
          open.part.predictedCycles,
          open.part.predictedLatency,
          open.part.hpCycles,
          open.part.hpLatency};
}

bnn_status bnn_device_open(const char *name, const char *target,
                           bnn_device **device, char *error,
                           size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!name || !device)
      return {BNN_ERROR_ARGUMENT, "bnn_device_open: null argument"};
    *device = nullptr;
    auto opened = std::make_unique<bnn_device>();
    Result result = runtime::openDevice(name, target, opened->device);
    if (result)
      *device = opened.release();
    return result;
  });
}

void bnn_device_close(bnn_device *device) { delete device; }

const char *bnn_device_name(const bnn_device *device) {
  return device->device->name().c_str();
}

const char *bnn_device_target_fields(const bnn_device *device) {
  return device->device->targetFields().c_str();
}

bnn_status bnn_device_load(bnn_device *device, const bnn_program *program,
                           char *error, size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!device || !program)
      return {BNN_ERROR_ARGUMENT, "bnn_device_load: null argument"};
    std::lock_guard lock(device->mutex);
    bnn_stats stats{};
    return load(*device, *program, stats);
  });
}

bnn_status bnn_run(const bnn_program *program, bnn_device *device,
                   size_t windows, const void *input, void *output,
                   bnn_stats *stats, char *error, size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!program || !device || !input || !output)
      return {BNN_ERROR_ARGUMENT, "bnn_run: null argument"};
    std::vector<void *> outputs(program->open->part.outputs.size());
    outputs[0] = output;
    return run(*program, *device, windows, input, outputs.data(), stats,
               "bnn_run");
  });
}

bnn_status bnn_run_outputs(const bnn_program *program, bnn_device *device,
                           size_t windows, const void *input,
                           void *const *outputs, bnn_stats *stats, char *error,
                           size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!program || !device || !input || !outputs)
      return {BNN_ERROR_ARGUMENT, "bnn_run_outputs: null argument"};
    return run(*program, *device, windows, input, outputs, stats,
               "bnn_run_outputs");
  });
}

int bnn_program_decides(const bnn_program *program) {
  const host::Part &part = program->open->part;
  return host::Operations(part.before).decides() ||
         host::Operations(part.ops).decides();
}

bnn_status bnn_run_examined(const bnn_program *program, bnn_device *device,
                            size_t windows, const void *input,
                            void *const *outputs, bnn_stats *stats,
                            void (*found)(void *context,
                                          const bnn_close_decision *decision),
                            void *context, char *error, size_t error_size) {
  return guarded(error, error_size, [&]() -> Result {
    if (!program || !device || !input || !outputs || !found)
      return {BNN_ERROR_ARGUMENT, "bnn_run_examined: null argument"};
    return run(*program, *device, windows, input, outputs, stats,
               "bnn_run_examined", {found, context});
  });
}
