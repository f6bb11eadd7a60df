// What the elementwise operations behind the graph's input do to one value, in
// the arithmetic that their types say.

#ifndef BNNCC_COMPILER_FUSE_INPUTFUNCTION_H
#define BNNCC_COMPILER_FUSE_INPUTFUNCTION_H

#include "fuse/Chain.h"
#include "fuse/InputValues.h"
#include "mlir/IR/Operation.h"
#include <vector>

namespace bnncc {

using exact::RoundMode;
std::optional<RoundMode> roundModeNamed(llvm::StringRef name);
/// `x` rounded; a half that is added to it on the way is added in `type`, as
/// QONNX's executor does.
double roundBy(RoundMode mode, double x, const ElementType &type);
/// The type in which a quantiser divides values of `type`: float32 also for
/// narrower ones and integers.
inline ElementType quotientType(const ElementType &type) {
  bool isWide = type.kind == ElementType::Kind::Float && type.bits == 64;
  return {ElementType::Kind::Float, isWide ? 64u : 32u};
}

/// One operation with its constants: one value, or one for each channel.
struct InputStep {
  enum class Kind {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Normalize, ///< x * a + b, both products and sums rounded
    PRelu,
    Clip, ///< min(max(x, a), b)
    Convert,
    Round,
    Abs,
    Sqrt,
    Quantize ///< clamp(round(x / a) + b), of the result's type
  };
  Kind kind;
  ElementType from, to; ///< of the operand and the result
  std::vector<double> a = {}, b = {};
  RoundMode mode = RoundMode::HalfEven;

  double operator()(double x, int64_t channel) const;
  /// The exact value that an integer type cannot hold, where there is one.
  std::optional<double> leavesRange(double x, int64_t channel) const;
  /// Whether it falls on one side of 0 and rises on the other.
  bool bendsAtZero(int64_t channel) const;
  /// Whether it rises, falls or bends: not so remainders and bits.
  bool isOrderly() const;
};

/// The composition of the operations on the path from the graph's input to a
/// value. A pad on the path is a border of the value so far.
class InputFunction {
public:
  /// Walks from `value` up to the graph's input. On failure says in `problem`
  /// what is in the way ("must ..., but found ...").
  static std::optional<InputFunction> trace(mlir::Value value,
                                            std::string &problem);

  /// One operation alone, on values of its operand's type.
  static std::optional<InputFunction> ofOne(mlir::Operation *op,
                                            int64_t channels,
                                            std::string &problem);

  double operator()(double x, int64_t channel) const {
    return run(x, channel, 0, steps.size());
  }
  double run(double x, int64_t channel, size_t from, size_t to) const;
  /// The first value beyond an integer type on the way, where there is one.
  std::optional<double> wraps(double x, int64_t channel) const;
  /// Whether all of it is meant as its types say: floats behind a quantiser are
  /// real numbers.
  bool isTyped() const;
  /// Whether the channels differ.
  bool isPerChannel() const;
  ElementType resultType() const {
    return steps.empty() ? domain.type : steps.back().to;
  }

  explicit InputFunction(mlir::Type element) : domain(element) {}

  Domain domain;
  std::vector<InputStep> steps;
  size_t padFrom = 0; ///< the step that follows a pad, where there is one
};

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_INPUTFUNCTION_H
