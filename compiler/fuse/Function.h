// Elementwise functions of an integer that are no chain of monotone steps: what
// a graph makes of one value along several ways.

#ifndef BNNCC_COMPILER_FUSE_FUNCTION_H
#define BNNCC_COMPILER_FUSE_FUNCTION_H

#include "fuse/Chain.h"
#include "fuse/Number.h"
#include "fuse/Switches.h"
#include <functional>

namespace bnncc::exact {

/// What Step::Kind::Apply does with the value x of a chain; the base is the
/// integer that the whole chain starts from.
struct Function {
  enum class Kind {
    Bit, ///< of the base: -1 or +1 by switch points, as bnn.threshold
    Sign,
    Positive,    ///< x > 0 ? 1 : 0
    NotNegative, ///< x >= 0 ? 1 : 0
    Zero,        ///< x == 0 ? 1 : 0
    Round,       ///< to the nearest integer, ties to the even one
    Floor,
    Ceil,
    Abs,
    Inverse, ///< 1 / x
    Smooth,
    // With other functions of the base.
    Add,
    Multiply,
    Max,
    Min,
    Select ///< x != 0 ? the first : the second
  };

  Kind kind = Kind::Sign;
  Smooth smooth = Smooth::Tanh;
  std::vector<Chain> others = {};
  std::vector<int64_t> points = {};
  bool first = false;

  /// Whether it is a function of x alone, and one that rises.
  bool rises() const;
  bool needsBase() const { return kind == Kind::Bit || !others.empty(); }
};

Step applied(Function function);
bool hasFunction(ChainView chain);

/// chain(base) for an exact integer, or an enclosure of all values over an
/// interval of them.
Number evaluate(ChainView chain, const Number &base);

/// The function in float32, where ONNX Runtime computes so.
float applyFloat(const Function &function, float x, float base);

/// Calls `piece(from, to, class)` in ascending order for the largest intervals
/// of [low, high] on which `classify` gives one class: it is asked for intervals
/// and may decline where these have more than one integer. False if `piece`
/// says so, or a single integer has no class.
bool splitPieces(
    int64_t low, int64_t high,
    const std::function<std::optional<int>(int64_t, int64_t)> &classify,
    const std::function<bool(int64_t, int64_t, int)> &piece);

/// A function that takes few values: `values[level]` from `at` on.
struct Levels {
  struct Start {
    int64_t at;
    int level;
  };
  std::vector<Radical> values;
  std::vector<Start> starts;
};
/// The values of a chain over all reachable integers, if they are exact and at
/// most `most`.
std::optional<Levels> findLevels(ChainView chain, const Reach &reach,
                                 size_t most, double spread);

/// The first reachable integer at which the code is not the same for all numbers
/// that are at most `spread` from it.
std::optional<int64_t> firstUnsure(ChainView chain, const Quantizer &quantizer,
                                   const Reach &reach, double spread);

/// The code of all values in an enclosure; none if it is not one.
std::optional<int> codeOf(const Number &value, const Quantizer &quantizer);

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_FUNCTION_H
