// Finds where a quantised elementwise chain changes its code, exactly.

#ifndef BNNCC_COMPILER_FUSE_SWITCHES_H
#define BNNCC_COMPILER_FUSE_SWITCHES_H

#include "fuse/Chain.h"

namespace bnncc::exact {

/// The values low, low + step, ..., high.
struct Lattice {
  int64_t low, high, step;
  bool operator==(const Lattice &) const = default;
};

/// The accumulator values that can occur: a union of lattices (border positions
/// of a zero-padded binary map have a parity of their own).
class Reach {
public:
  Reach() = default;
  Reach(int64_t low, int64_t high, int64_t step = 1)
      : lattices{{low, high, step}} {}

  void unite(const Reach &other);
  int64_t low() const;
  int64_t high() const;
  /// Whether 32 bits hold all values, and one more for an unused point.
  bool fitsInt32() const { return low() > INT32_MIN && high() < INT32_MAX; }
  /// The smallest member in [from, to].
  std::optional<int64_t> firstIn(int64_t from, int64_t to) const;
  std::optional<int64_t> lastIn(int64_t from, int64_t to) const;
  /// What the sum of `count` members, each drawn freely, can be.
  Reach times(int64_t count) const;

  std::vector<Lattice> lattices;
};

/// A boundary of the quantiser on the chain's value: reached at `at`, or only
/// above it.
struct Cut {
  double at;
  bool inclusive;
};

/// What an exactly reachable Sign(0) shall mean.
enum class SignZero { Error, Plus, Minus };

/// code = the number of cuts reached. `signZero` is asked when the cuts are
/// those of ONNX's Sign, which is 0 at 0: (0, inclusive) then (0, exclusive).
struct Quantizer {
  std::vector<Cut> cuts;
  bool isSign = false;
  SignZero signZero = SignZero::Error;

  static Quantizer atLeastZero() { return {{{0, true}}}; }
  static Quantizer aboveZero() { return {{{0, false}}}; }
  static Quantizer sign(SignZero zero) {
    return {{{0, true}, {0, false}}, true, zero};
  }
};

struct Switch {
  int64_t at; ///< the first integer with the new code
  int before, after;
};

struct Switches {
  int first = 0; ///< the code of the smallest reachable value
  std::vector<Switch> points;
  int witnesses = 0;    ///< points proved by exact evaluation on both sides
  bool nearTie = false; ///< float32 decides within rounding of a reachable one
  bool floatDiffers = false; ///< or otherwise
};

/// Why there is no answer, and at which accumulator value.
struct SwitchError {
  enum class Kind { SignOfZero, Undecided } kind;
  int64_t at;
};

/// A code's change points over the smallest interval that holds `reach`.
/// Points that no reachable value can tell from none are left out.
struct SwitchResult {
  Switches switches;
  std::optional<SwitchError> error;
};
SwitchResult findSwitches(const Chain &chain, const Quantizer &quantizer,
                          const Reach &reach);

/// How a chain runs over an interval; a constant counts as both.
struct Direction {
  bool rises, falls;
};
Direction directionOf(ChainView chain, int64_t low, int64_t high);
/// The direction over all real numbers.
Direction directionOf(ChainView chain);

/// The smallest float32 x at which `cut` is reached by a chain that rises over
/// all reals; infinity if no finite x reaches it. None if undecided.
std::optional<float> firstFloatAt(const Chain &chain, const Cut &cut);

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_SWITCHES_H
