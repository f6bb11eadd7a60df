//===- GoldenRun.h - Final bytes on the golden engine -----------*- C++ -*-===//
//
// Runs a program's bytes on integers: packs one window of codes, executes,
// reads the last layer's values or a hidden map back.
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

/// The bytes of region Input for `codes`, as the runtime packs them.
std::vector<uint8_t> packInput(const Layer &first, const MapLayout &map,
                               const Codes &codes);

class GoldenRun {
public:
  GoldenRun(const Network &network, const Plan &plan,
            const isa::Program &program);

  /// The last layer's true integers (Split: sums >= 0, then sums < 0). Nothing
  /// and one line in `error` if the engine traps.
  std::optional<std::vector<int64_t>> values(const Codes &codes,
                                             std::string &error);
  /// The map that `layer` hands on, as -1 and +1.
  std::optional<Codes> hiddenMap(const Codes &codes, size_t layer,
                                 std::string &error);

private:
  bool execute(const std::vector<uint8_t> &code, const Codes &codes,
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
