// The Verilated bus units with a memory model behind them, cycle by cycle, and
// what they write into the engine's memories.
#pragma once

#include "../../sim/AxiMemory.h"
#include "EngineState.h"
#include "Vbnn_bus_tb.h"

#include <array>
#include <memory>
#include <vector>

namespace bnn::tb {

inline constexpr uint32_t kLaneWords = 1536, kWeightRows = 512,
                          kThresholdRows = 256, kControlWords = 64,
                          kOutputWords = 1024, kClusters = 4;

class Bus {
public:
  Bus(const sim::AxiTiming &timing, uint64_t seed);

  /// Bytes of the four regions, and their addresses: far apart, the first 64 KiB
  /// stay empty. A region may reach past the address space.
  std::array<std::vector<uint8_t>, 4> region;
  std::array<uint32_t, 4> base = {0x10000, 0x7f0008, 0x1000ff8, 0x2000000};
  std::vector<uint32_t> lanes;      ///< [lane * kLaneWords + word]
  std::vector<uint64_t> buffer;     ///< output buffer
  std::vector<std::array<uint32_t, 8>> weights, thresholds;
  std::vector<uint64_t> control;
  std::vector<uint64_t> laneWrites; ///< cycles of lane writes

  void setRegions(uint64_t inputStride, uint64_t outputStride);
  void reset();
  void startLoad(const isa::Load &load, uint32_t window);
  void startStore(const isa::Store &store, uint32_t window);
  /// One cycle; the flags below are of this cycle.
  void tick(bool portTaken, bool readsLanes);
  bool loadDone = false, storeDone = false;
  uint32_t loadTrap = 0, storeTrap = 0, errors = 0;
  bool drained() const { return !top->read_busy_o && !top->write_busy_o; }

  uint64_t cycle = 0;
  sim::AxiMemory memory;
  std::unique_ptr<Vbnn_bus_tb> top;

private:
  void writeMemories();
};

} // namespace bnn::tb
