// The values that a graph's input can have, in order, and the arithmetic of the
// element types on them.

#ifndef BNNCC_COMPILER_FUSE_INPUTVALUES_H
#define BNNCC_COMPILER_FUSE_INPUTVALUES_H

#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace bnncc {

/// How the elements of a tensor compute: IEEE floats that round, or integers of
/// a fixed width that wrap. Values are doubles, which hold every element but
/// 64-bit integers beyond 2^53.
struct ElementType {
  enum class Kind { Float, BFloat, Signed, Unsigned } kind;
  unsigned bits;

  static ElementType of(mlir::Type element);
  bool isFloat() const { return kind == Kind::Float || kind == Kind::BFloat; }
  /// The smallest and largest integer; those of 64 bits end at 2^53.
  double low() const, high() const;
  /// The element nearest to `exact` (a float, ties to even) or congruent to it
  /// (an integer, which `exact` must be). The one rounding of a sum, product,
  /// quotient or root of two elements, worked out in double, is innocuous: 53
  /// bits are more than 2 * 24 + 2.
  double keep(double exact) const;
};

/// All values of an element type, by rank: ascending, -0 left out, floats with
/// their infinities.
class Domain {
public:
  explicit Domain(mlir::Type element);

  double value(int64_t rank) const;
  bool isFloat() const { return type.isFloat(); }
  /// Whether it is worth while to look at every value.
  bool isSmall() const { return !isFloat() && high - low < (1 << 16); }

  ElementType type;
  int64_t low, high; ///< ranks
};

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_INPUTVALUES_H
