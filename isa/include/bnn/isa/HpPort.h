// A high-performance port of the Zynq-7000 as the engine's memory: the one set of
// figures that the simulated memory (hw/sim) and the compiler's bound share.
#pragma once

#include <cstdint>

namespace bnn::isa {

/// In cycles of the engine's clock, at 100 MHz. A port carries 1,200 MB/s at 150 MHz
/// (UG585), more than the 800 MB/s of a beat a cycle; latencies are estimates (docs/rtl.md).
struct HpPort {
  static constexpr uint32_t readLatency = 28; ///< AR accepted to first R, at least
  static constexpr uint32_t readJitter = 8;   ///< up to so many more, per burst
  static constexpr uint32_t writeLatency = 20; ///< last W accepted to B
  static constexpr uint32_t outstanding = 8;   ///< bursts under way in each direction
  static constexpr uint32_t refreshPeriod = 780; ///< DDR3: every 7.8 us ...
  static constexpr uint32_t refreshPause = 26;   ///< ... nothing moves for 260 ns
};

} // namespace bnn::isa
