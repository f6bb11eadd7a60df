// Where float32 puts the values of two classes in another order than the exact
// numbers are in.

#ifndef BNNCC_COMPILER_FUSE_CLASSORDER_H
#define BNNCC_COMPILER_FUSE_CLASSORDER_H

#include "fuse/Switches.h"

namespace bnncc::exact {

/// Which class ArgMax or ArgMin takes; of equals the first or the last.
struct ClassRule {
  bool smallest = false, last = false;
};

/// Two classes that float32 decides otherwise at some of their integers.
struct OtherOrder {
  size_t first, second;
  uint64_t count; ///< of pairs of integers
  int64_t a, b;   ///< one of them
};

/// All pairs of `classes` that float32, in ONNX Runtime's order of operations,
/// decides otherwise at integers in `reach`: an exhaustive comparison, whose
/// cost is the number of integers, as both orders rise. `chains` is one for all
/// or one for each class. None where a chain has a function or turns, or where
/// there are too many integers.
std::optional<std::vector<OtherOrder>>
findOtherOrders(const std::vector<Chain> &chains, size_t classes,
                const Reach &reach, const ClassRule &rule);

} // namespace bnncc::exact

#endif // BNNCC_COMPILER_FUSE_CLASSORDER_H
