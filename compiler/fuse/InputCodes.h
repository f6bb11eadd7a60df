// Where a quantiser of the graph's input changes its code.

#ifndef BNNCC_COMPILER_FUSE_INPUTCODES_H
#define BNNCC_COMPILER_FUSE_INPUTCODES_H

#include "fuse/InputFunction.h"
#include "fuse/Switches.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace bnncc {

/// A quantiser in the arithmetic of its operand's type: value -> level, counted
/// from 0.
struct LevelRule {
  enum class Kind {
    Cuts,   ///< the number of cuts reached; a comparison never rounds
    Linear, ///< clamp(round(x / scale) + zero), as QuantizeLinear
    Quant,  ///< round(clamp(x / scale + zero)), as QONNX's Quant
    Sign,   ///< x / scale + zero >= 0: one signed bit of Quant
    Whole   ///< the value less `low`: it is an integer itself
  };
  Kind kind = Kind::Cuts;
  std::vector<exact::Quantizer> quantizers; ///< of Cuts
  std::vector<double> scale, zero;
  double low = 0, high = 0; ///< codes; level 0 is low
  RoundMode mode = RoundMode::HalfEven;

  /// `type` is the operand's; none for NaN and, of Whole, for a value that is
  /// no integer.
  std::optional<int64_t> level(double x, int64_t channel,
                               const ElementType &type) const;
  bool isPerChannel() const {
    return quantizers.size() > 1 || scale.size() > 1 || zero.size() > 1;
  }
};

/// Level levels[j] where boundaries[0..j-1] are reached and no further one is;
/// boundaries ascend, neighbouring levels differ.
struct InputLevels {
  std::vector<double> boundaries;
  std::vector<int64_t> levels;
  bool operator==(const InputLevels &) const = default;
};

using LevelAt = llvm::function_ref<std::optional<int64_t>(double x)>;

/// The changes of a function over `domain` that is monotone between
/// neighbouring `starts` (ranks, the first is the domain's lowest). Both sides
/// of every change are evaluated. On failure says in `problem` where.
std::optional<InputLevels> findLevels(const Domain &domain,
                                      std::vector<int64_t> starts,
                                      LevelAt levelAt, std::string &problem);

/// The same for a quantiser behind the traced operations.
std::optional<InputLevels> findLevels(const InputFunction &function,
                                      const LevelRule &rule, int64_t channel,
                                      std::string &problem);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_INPUTCODES_H
