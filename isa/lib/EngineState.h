// The parts of the golden engine model: memories, the phased lane writer, the
// array, the output unit. Private to the model; docs/engine.md is the text that
// every function here follows.
#pragma once

#include "bnn/isa/Engine.h"

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

namespace bnn::isa {

inline constexpr uint32_t kPixels = 8;   ///< pixel lanes per cluster
inline constexpr uint32_t kChannels = 8; ///< channels per cluster
inline constexpr uint32_t kMaxTiles = 4; ///< channel tiles in an output group

/// Sums of values wrap at so many bits; only SUM_BITS shows the highest.
inline constexpr uint32_t kSumBits = 33;

/// Cycles from a sampling step to its first lane write and to its first value.
inline constexpr uint64_t kWriteDelay = 8, kValueDelay = 12;
/// Cycles from a LOAD's start to its first beat on ideal memory; from a STORE's
/// start to its first read, the rest of the eight from its last read to the end.
inline constexpr uint64_t kBusLatency = 8, kStoreRead = 2;
/// Cycles from a LOAD's start to the trap if it reaches out of its region.
inline constexpr uint64_t kRegionCheck = 3;

/// Stops the model with a trap; caught in Engine::run.
struct Stop {
  Trap trap;
  std::string text;
};

/// The eight lane memories (one copy: all clusters hold the same).
class Lanes {
public:
  explicit Lanes(uint32_t words);
  void clear();
  uint32_t size() const { return words; }
  const uint32_t *lane(uint32_t p) const { return &data[size_t(p) * words]; }

  /// Writes beat `k` of a byte string to all lanes at their phases: `current`
  /// is bytes 8k..8k+7, of which `currentValid` exist; `previous` the beat before.
  struct Beat {
    uint64_t cycle = 0;
    uint64_t current = 0, previous = 0;
    uint32_t k = 0, base = 0, phase = 0;
    uint8_t currentValid = 8, previousValid = 8;
    bool quad = false;
  };
  void write(const Beat &beat);

  /// A LOAD's way into the lanes: each lane holds one complete 8-byte word
  /// back, so that lanes that complete theirs on different beats share a write
  /// cycle. Only the first `keep` of every `period` words are stored.
  struct Loader {
    Beat beat; ///< the beat at hand
    uint32_t period = 0, keep = 0;
    bool fetched = false; ///< `beat` is from the bus and not yet taken
    struct Held {
      bool full = false;
      uint32_t address = 0;
      uint64_t bytes = 0, mask = 0;
    };
    std::array<Held, kPixels> held;
  };
  /// True when taking `loader.beat` needs a write cycle first.
  bool mustFlush(const Loader &loader) const;
  /// Writes what the lanes hold back (one write cycle).
  void flush(Loader &loader);
  /// Completed words of `loader.beat` go to the holding registers.
  void take(Loader &loader);

  /// Marks the words that `beat` of the `run`-th RUN will change, for the
  /// hazard count.
  void expect(const Beat &beat, uint64_t run);
  /// Forgets expected writes, when time starts at zero again.
  void forgetPending();
  /// True when a write to `word` of lane p is due at or after `cycle`.
  bool pending(uint32_t p, uint32_t word, uint64_t cycle) const {
    uint64_t until = pendingUntil[size_t(p) * words + word];
    return until != 0 && until >= cycle;
  }

  /// True when the `run`-th RUN was the last one that wrote, or is to.
  bool writtenBy(uint32_t p, uint32_t word, uint64_t run) const {
    return lastRun[size_t(p) * words + word] == run;
  }

private:
  template <typename Visit>
  void forEachWord(const Beat &beat, Visit visit, uint32_t period = 0,
                   uint32_t keep = 0) const;
  /// Traps if the pair of words at `address` is outside.
  void require(uint32_t address) const;
  void store(uint32_t p, uint32_t address, uint64_t bytes, uint64_t mask,
             bool quad);
  uint32_t words;
  std::vector<uint32_t> data;
  std::vector<uint64_t> pendingUntil; ///< [lane * words + word]
  std::vector<uint64_t> lastRun;      ///< the same
};

/// Everything that a RUN needs while it issues.
struct RunConfig {
  Run run;
  Out out;
  struct Nest {
    uint32_t limit = 1;
    int32_t act = 0, weight = 0, threshold = 0;
  };
  std::array<Nest, 8> loops;
  uint32_t instruction = 0;
  uint64_t window = 0;

  uint32_t groups(uint32_t clusters) const { return clusters >> run.split; }
  uint32_t channelGroups() const { return 1u << run.split; }
};

/// Accumulators, weights, thresholds: what one step changes.
class Array {
public:
  explicit Array(const Target &target);
  void clear();

  using Row = std::array<uint32_t, kChannels>;
  std::vector<Row> weights;    ///< [cluster * weightRows + row]
  std::vector<Row> thresholds; ///< [cluster * thresholdRows + row]

  struct Step {
    AccOp op;
    bool mac, quad;
    uint32_t mask;        ///< activation bits that count
    uint32_t act;         ///< lane word address of pixel group 0
    uint32_t weight, threshold;
    uint32_t clusterStride, pixelGroups;
    uint32_t shifts, shiftIndex; ///< SHIFT injects bit shifts - shiftIndex of T
    uint32_t heldFrom;    ///< pixels at or past this keep their accumulator
  };
  void step(const Step &step, const Lanes &lanes);

  /// Sign samples of all pixels of `clusters` clusters from `cluster` on: bit
  /// ch of each byte is acc >= 0.
  void signs(uint32_t cluster, uint32_t clusters, uint8_t *out) const;
  int32_t value(uint32_t cluster, uint32_t pixel, uint32_t channel) const;
  int32_t threshold(uint32_t cluster, uint32_t row, uint32_t channel) const;
  /// Bit ch is the polarity of channel ch.
  uint8_t polarity(uint32_t cluster, uint32_t row) const;

private:
  friend struct ArrayProbe; // test benches set accumulators
  const Target target;
  std::vector<std::array<int32_t, kChannels>> acc; ///< [cluster * 8 + pixel]
};

/// Position of a sample in its RUN.
struct SamplePoint {
  uint64_t cycle = 0;
  uint32_t plane = 0;
  uint32_t thresholdRow = 0;
  std::array<uint32_t, 8> counter{};
  std::array<bool, 8> atLimit{};
  bool pixelsReduced = false; ///< loop 5 is among the reductions
};

/// What happened in one cycle, for whoever is held to the model (the RTL's
/// test benches). Of a cycle that trapped, what came before the trap.
struct CycleRecord {
  uint64_t cycle = 0;
  bool begins = false; ///< a RUN started, with these:
  Out out;
  uint32_t split = 0;
  bool present = false; ///< `step`'s sample is known: a step issued or stalled
  bool issued = false;  ///< and `step` is whole
  Array::Step step{};
  SamplePoint at;
  bool sign = false, value = false, done = false; ///< the step's sample
  /// Of the output unit before the cycle, and after its sample.
  uint64_t writerFree = 0, captureFree = 0;
  uint64_t writerFreeAfter = 0, valueFreeAfter = 0;
  bool loadActive = false, storeActive = false; ///< before the cycle
  bool loadDone = false, storeDone = false, end = false;
  /// Instruction and window of a transfer that started.
  struct Start {
    bool valid = false;
    uint32_t index = 0;
    uint64_t window = 0;
  } load, store;
  /// Control word written.
  bool control = false;
  uint32_t controlRow = 0;
  uint64_t controlWord = 0;
};

/// Thresholded bits and values on their way to the lanes and the output buffer.
class OutputUnit {
public:
  OutputUnit(const Target &target, Lanes &lanes);
  void clear();
  /// Time starts at zero again: drops what was on its way, keeps the buffer.
  void restart();
  void begin(const RunConfig &config);

  void sampleSigns(const SamplePoint &at, const Array &array, bool done);
  void sampleValues(const SamplePoint &at, const Array &array);

  /// Does what is due at `cycle`; true if a lane write took the port.
  bool tick(uint64_t cycle);
  bool idle() const { return beats.empty() && words.empty(); }

  uint64_t writerFree = 0, valueFree = 0;
  uint64_t captureFree = 0; ///< when one of the two captures is free again
  std::vector<uint64_t> buffer; ///< the output buffer
  uint64_t laneBeats = 0;
  uint64_t runs = 0; ///< begun so far
  uint64_t runBeats = 0, lastBeats = 0; ///< of the present RUN; as in RunTrace

private:
  void appendRecords(const SamplePoint &at, bool last);
  void startStream(const SamplePoint &at);
  void finishBits(const SamplePoint &at, const Array &array);
  void send(uint64_t earliest, bool last);
  void emit(uint64_t cycle, const int32_t *values);
  uint8_t tileOf(const SamplePoint &at) const;
  std::pair<uint32_t, uint32_t> pixelRange(const SamplePoint &at) const;
  void finishTile(const SamplePoint &at, uint32_t firstX);

  const Target target;
  Lanes &lanes;
  RunConfig config;
  uint32_t pixelGroups = 1, channelGroups = 1, maxPixels = 8;

  // Bits: sampled planes of the present tile, pool history, staged records.
  using PixelBytes = std::array<uint8_t, 128>;
  std::array<std::array<PixelBytes, 4>, 8> planes{}; ///< [plane][m in split]
  uint32_t planeMask = 0;
  uint32_t polarityRow = 0; ///< of the tile's first sample
  struct History {
    std::array<std::array<uint8_t, 16>, 8> bytes{}; ///< [plane][newest first]
  };
  std::array<History, 16> history{}; ///< [tile * 4 + m]
  std::vector<std::array<uint8_t, 4>> records;
  uint32_t nextX = 0; ///< first pixel of the stream's next tile
  // The present stream's bytes that have not been sent.
  std::vector<uint8_t> stream;
  uint32_t sentBeats = 0, streamBase = 0;
  uint64_t previousBeat = 0;

  // Values: pool history and sums per tile and m.
  struct ValueState {
    std::array<std::array<int32_t, 8>, 16> window{};
    std::array<int64_t, 8> positive{}, negative{};
  };
  std::array<ValueState, 16> values{};
  uint32_t bufferAddress = 0;

  struct Word {
    uint64_t cycle;
    uint32_t address;
    uint64_t data;
  };
  std::deque<Lanes::Beat> beats;
  std::deque<Word> words;

  void queueStream(uint64_t cycle);
  std::deque<uint64_t> waiting; ///< when SUM_BITS streams go to the writer
  bool anySent = false;         ///< one has gone since the start
  uint64_t crowded = ~0ull;     ///< when one too many waits
};

} // namespace bnn::isa
