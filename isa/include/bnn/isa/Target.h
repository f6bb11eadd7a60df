// The sizes of one engine: read from a target file that the compiler, the
// runtime, the golden model and the RTL share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::isa {

struct Target {
  std::string name;
  uint32_t clusters = 1;         ///< power of two, 1..16
  uint32_t laneWords = 2048;     ///< 32-bit words per lane memory
  uint32_t weightRows = 1024;    ///< 256-bit rows per cluster
  uint32_t thresholdRows = 256;  ///< rows of 8 entries per cluster
  uint32_t controlWords = 64;    ///< 64-bit microcode words
  uint32_t outputWords = 1024;   ///< 64-bit words of the output buffer
  uint32_t accumulatorBits = 24; ///< 8..24
  uint32_t clockMHz = 100;       ///< for microseconds in reports only

  uint32_t lanes() const { return clusters * 2048; }
  /// CRC-32 of describe() without name and clock: what a program is stamped with.
  uint32_t fingerprint() const;
  /// "isa=2 clusters=4 lane_words=1024 ...": one canonical line.
  std::string describe() const;
};

/// A built-in name (z010, z020, z035) or the path of a JSON target file.
/// On failure returns false and sets `error` to one line.
bool loadTarget(const std::string &nameOrPath, Target &target, std::string &error);

/// The built-in targets, by name.
const std::vector<Target> &builtinTargets();
/// Every size as large as a target file may make it.
Target largestTarget();

} // namespace bnn::isa
