//===- GoldenRun.h - Final bytes on the golden engine -----------*- C++ -*-===//
//
// Runs a program's bytes on one window, reads the last layer's values or a
// hidden map back.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_GOLDENRUN_H
#define BNNCC_COMPILER_LOWER_GOLDENRUN_H

#include "Emit.h"

#include "bnn/isa/Engine.h"

#include <optional>

namespace bnncc::lower {

/// Codes (bits as -1 and +1) in the order C x H x W.
using Codes = std::vector<int32_t>;

/// Runs a program's bytes. A window is the inputBytes of region Input, as the
/// loader's prologue makes them.
class GoldenRun {
public:
  GoldenRun(const Network &network, const Plan &plan,
            const isa::Program &program);

  /// Runs one window; false and one line in `error` if the engine traps.
  bool run(const std::vector<uint8_t> &window, std::vector<uint8_t> &output,
           std::string &error);
  /// The last layer's true integers (Split: sums >= 0, then sums < 0) in a
  /// window's output.
  std::vector<int64_t> integersOf(const std::vector<uint8_t> &output) const;
  /// The same of codes that are packed first.
  std::optional<std::vector<int64_t>> values(const Codes &codes,
                                             std::string &error);
  /// The map that `layer` hands on, as -1 and +1.
  std::optional<Codes> hiddenMap(const std::vector<uint8_t> &window,
                                 size_t layer, std::string &error);

private:
  bool execute(const std::vector<uint8_t> &code,
               const std::vector<uint8_t> &window,
               std::vector<uint8_t> &output, std::string &error);

  const Network &network;
  const Plan &plan;
  const isa::Program &program;
  isa::Engine engine;
  std::vector<uint8_t> image;
  bool loaded = false;
};

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_GOLDENRUN_H
