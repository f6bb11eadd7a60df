// Elementwise functions of one channel, evaluated exactly, fast or in float32.

#ifndef BNNCC_COMPILER_FUSE_CHAIN_H
#define BNNCC_COMPILER_FUSE_CHAIN_H

#include "fuse/Radical.h"
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace bnncc::exact {

/// How a real number becomes an integer. Half modes differ on ties: to even,
/// away from zero, towards zero; Up and Down are away from and towards zero.
enum class RoundMode { HalfEven, HalfUp, HalfDown, Up, Down, Ceil, Floor };

struct Function;

/// One elementwise step. Its exact meaning is multiply, then add, then the
/// bends; the float32 meaning keeps ONNX Runtime's own order of operations.
struct Step {
  enum class Kind {
    Multiply,
    Divide,
    Add,
    Subtract,
    Normalize,
    PRelu,
    Clip,
    Round,
    Apply ///< `function`, of the value and of the integer that the chain starts from
  };

  static Step multiply(Radical factor);
  static Step divide(Radical divisor);
  static Step add(Radical term);
  static Step subtract(Radical term);
  /// scale * (x - mean) / sqrt(variance + epsilon) + bias
  static Step normalize(double scale, double bias, double mean, double variance,
                        double epsilon);
  /// x >= 0 ? x : slope * x; a slope of 0 is Relu.
  static Step prelu(double slope);
  /// min(max(x, low), high); infinite where there is no bound.
  static Step clip(double low, double high);
  static Step round(RoundMode mode);

  Kind kind = Kind::Add;
  Radical pre;    ///< Normalize: the term added first
  Radical factor; ///< Multiply, Divide, Normalize: factor; PRelu: slope
  Radical term;   ///< Add, Subtract, Normalize: term added last
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  RoundMode mode = RoundMode::HalfEven;

  std::shared_ptr<const Function> function;

  // The same constants as doubles with a relative error of at most 2^-50.
  double preDouble = 0, factorDouble = 0, termDouble = 0;
  // What ONNX Runtime computes with.
  float factorFloat = 0, termFloat = 0;
};

double roundDouble(RoundMode mode, double x);
mpz_class roundExactly(RoundMode mode, const Radical &x);

using Chain = std::vector<Step>;
using ChainView = std::span<const Step>;

/// -1, 0 or 1 for chain(x) - offset; none if it mixes radicals and no precision
/// up to `maximumBits` tells it from zero.
std::optional<int> exactSign(ChainView chain, const mpq_class &x,
                             const mpq_class &offset);
inline constexpr unsigned maximumBits = 8192;

/// The value itself, where it has at most one radical.
std::optional<Radical> exactValue(ChainView chain, const Radical &x);

/// -1 or 1 for chain(x) - offset by double arithmetic with a rigorous error
/// bound; 0 if the bound does not decide. `x` and `offset` must be exact.
int filteredSign(ChainView chain, double x, double offset);

/// The sign of a(x) - b(y), for chains without functions; none if undecided.
std::optional<int> exactOrder(ChainView a, const mpq_class &x, ChainView b,
                              const mpq_class &y);

/// chain(x) in double with a rigorous bound of its error, infinite where that is
/// not known; for chains without functions.
struct Approximate {
  double value, error;
};
Approximate approximateValue(ChainView chain, double x);

/// chain(x) in float32 in ONNX Runtime's order, and the largest magnitude that
/// took part in the last addition.
struct FloatValue {
  float value, magnitude;
};
FloatValue floatValue(ChainView chain, float x);

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_CHAIN_H
