// A memory behind an AXI4 port of 64 bits, cycle by cycle, that checks what the
// master does against the protocol and against what the engine promises (INCR
// bursts of at most 16 beats, none across 4 KiB, only mapped addresses).
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace bnn::sim {

/// What the master drives in one cycle.
struct AxiMaster {
  bool arvalid = false, rready = false;
  uint32_t araddr = 0, arlen = 0;
  bool awvalid = false, wvalid = false, wlast = false, bready = false;
  uint32_t awaddr = 0, awlen = 0, wstrb = 0;
  uint64_t wdata = 0;
};

/// What the memory drives in one cycle.
struct AxiSlave {
  bool arready = false, rvalid = false, rlast = false;
  uint32_t rresp = 0;
  uint64_t rdata = 0;
  bool awready = false, wready = false, bvalid = false;
  uint32_t bresp = 0;
};

/// How the memory answers. All numbers are cycles of the engine's clock.
struct AxiTiming {
  std::string name;
  uint32_t readLatency = 1;   ///< AR accepted to first R valid
  uint32_t readJitter = 0;    ///< up to so many more, per burst
  uint32_t writeLatency = 1;  ///< last W accepted to B valid
  uint32_t outstanding = 64;  ///< bursts under way in each direction
  uint32_t period = 0;        ///< every so many cycles ...
  uint32_t pause = 0;         ///< ... nothing moves for so many (refresh, others)
  double ready = 1;           ///< chance that a ready is up in a cycle
  double valid = 1;           ///< chance that a beat or response that is due comes

  /// Never late: the engine's cycles are the golden model's.
  static AxiTiming ideal();
  /// A Zynq-7000 HP port at a PL clock of 100 MHz; see docs/rtl.md.
  static AxiTiming hp();
  /// Random stalls on all five channels.
  static AxiTiming random();
  /// By name: ideal, hp, random. Returns false for another one.
  static bool byName(const std::string &name, AxiTiming &timing);
};

class AxiMemory {
public:
  explicit AxiMemory(AxiTiming timing, uint64_t seed = 1);

  /// Bytes [address, address + data.size()) of the bus; `data` must live on.
  void map(uint32_t address, std::span<uint8_t> data, bool writable);
  void unmapAll() { segments.clear(); }

  /// The memory's outputs of the present cycle: they do not depend on the
  /// master's of the same cycle.
  const AxiSlave &drive();
  /// The clock edge that ends the cycle.
  void clock(const AxiMaster &master);

  /// The first broken rule; "" if none.
  const std::string &violation() const { return broken; }
  /// Bursts without their last response.
  size_t underWay() const { return reads.size() + writes.size(); }

  uint64_t readBeats = 0, writeBeats = 0, bursts = 0;
  /// For tests: error responses from this address on, and silence.
  uint64_t errorFrom = ~0ull;
  bool silent = false;

private:
  struct Segment {
    uint32_t address;
    std::span<uint8_t> data;
    bool writable;
  };
  struct Burst {
    uint64_t due = 0; ///< cycle of the first beat, or of the response
    uint32_t address = 0, beats = 0, done = 0;
    bool complete = false, error = false;
  };
  const Segment *find(uint32_t address) const;
  void fail(const std::string &text);
  void checkBurst(const char *channel, uint32_t address, uint32_t length,
                  bool write);
  void checkStable(const AxiMaster &master);
  bool chance(double p);

  const AxiTiming timing;
  std::mt19937_64 random;
  std::vector<Segment> segments;
  std::deque<Burst> reads, writes;
  uint64_t cycle = 0;
  AxiSlave out;
  AxiMaster before; ///< of the cycle before, for stability
  bool arWaited = false, awWaited = false, wWaited = false;
  bool rHeld = false, bHeld = false;
  std::string broken;
};

} // namespace bnn::sim
