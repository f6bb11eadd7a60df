// What every device can do: take a program, then run windows of its bytes.
#pragma once

#include "bnn/isa/Program.h"
#include "bnn/runtime.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace bnn::runtime {

/// A status with its one line of text.
struct Result {
  bnn_status status = BNN_OK;
  std::string text;

  explicit operator bool() const { return status == BNN_OK; }
};

/// Distance in bytes between the windows of a batch: regions are read and
/// written in beats of 8 bytes.
inline uint64_t windowStride(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

class Device {
public:
  virtual ~Device() = default;

  virtual const std::string &name() const = 0;
  /// isa::Target::describe() of the engine; "" until it has a target.
  virtual const std::string &targetFields() const = 0;

  /// Puts the program's image in place and runs its cold code. `program` must
  /// outlive its use. Fills cold_cycles and cold_bytes.
  virtual Result load(const isa::Program &program, bnn_stats &stats) = 0;

  /// Runs the loaded program's warm code once per window. The spans hold
  /// `windows` windows at windowStride of their bytes. Adds to the counters of
  /// `stats`, sets latency and cycles_per_window.
  virtual Result run(std::span<uint8_t> input, std::span<uint8_t> output,
                     uint64_t windows, bnn_stats &stats) = 0;
};

/// Refuses a program whose code ranges leave its image.
Result checkCode(const isa::Program &program);

/// Bus addresses of the four regions of a program, one behind the other from 1 MiB
/// on and a page and more apart. Refuses what leaves the 32-bit address space, whose
/// last 8 bytes the engine does not use.
Result placeRegions(const std::array<uint64_t, 4> &bytes,
                    std::array<uint32_t, 4> &addresses);

/// Opens a device by its name on the command line; see bnn_device_open.
Result openDevice(const std::string &name, const char *target,
                  std::unique_ptr<Device> &device);

/// The golden engine model as a device (SimDevice.cpp).
Result openSimDevice(const char *target, std::unique_ptr<Device> &device);

/// The Verilated engine as a device (RtlDevice.cpp): "rtl", "rtl:hp", ...
Result openRtlDevice(const std::string &name, const char *target,
                     std::unique_ptr<Device> &device);

} // namespace bnn::runtime
