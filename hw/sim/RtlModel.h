// The Verilated engine of one built-in target, seen as a driver sees it: 32-bit
// registers, an interrupt line, a memory behind its bus.
#pragma once

#include "AxiMemory.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bnn::sim {

/// Byte addresses of the registers (docs/rtl.md).
namespace reg {
enum : uint32_t {
  Id = 0x00,
  Fingerprint = 0x08,
  Control = 0x40, ///< bit 0 start, 1 reuse, 2 stop
  Status = 0x44,  ///< bit 0 busy, 1 done, 2 trapped, 3 stopped, 7:4 trap, 25:16 index
  IrqEnable = 0x48,
  IrqStatus = 0x4c,
  CodeBegin = 0x50,
  CodeEnd = 0x54,
  Windows = 0x58,
  InputStride = 0x5c,
  OutputStride = 0x60,
  RegionBase = 0x80, ///< + 8 * region
  RegionSize = 0x84, ///< + 8 * region
  Cycles = 0x100,    ///< low word; high word follows
  BusyCycles = 0x108,
  Idle = 0x10c,
  WriterStall = 0x110,
  ValueStall = 0x114,
  LoadWait = 0x118,
  StoreWait = 0x11c,
  Steps = 0x120,
  BeatsRead = 0x124,
  BeatsWritten = 0x128,
  Starved = 0x12c,
  WriteStall = 0x130,
  LaneBeats = 0x134,
  WindowsDone = 0x138,
  FirstEnd = 0x13c,
  LastEnd = 0x140, ///< low word; high word follows
};
inline constexpr uint32_t kMagic = 0x314e4e42;
} // namespace reg

class RtlModel {
public:
  virtual ~RtlModel() = default;
  virtual void reset() = 0;
  virtual void write(uint32_t address, uint32_t value) = 0;
  virtual uint32_t read(uint32_t address) = 0;
  /// One clock cycle.
  virtual void clock() = 0;
  virtual bool interrupt() const = 0;
};

/// Names of the targets that were Verilated into this build.
const std::vector<std::string> &rtlTargets();

/// The engine with this fingerprint; null if none was built. `trace` is the
/// path of a waveform (VCD), "" for none; null too if tracing is not compiled in.
std::unique_ptr<RtlModel> makeRtlModel(uint32_t fingerprint, AxiMemory &memory,
                                       const std::string &trace);

/// Whether waveforms can be written (CMake option BNNCC_RTL_TRACE).
bool rtlTraces();

} // namespace bnn::sim
