//===- Obstacles.h - What else stops a network ------------------*- C++ -*-===//
//
// A network that cannot be compiled often has several reasons for it; a user
// wants to know them all before the next training. Each that is found is mended
// in a copy of the imported graph as the user might mend it, and the copy tried
// again.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_OBSTACLES_H
#define BNNCC_COMPILER_LOWER_OBSTACLES_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <string>

namespace bnncc::lower {

/// What the options are taken to be once they were asked for.
struct AssumedOptions {
  bool int8Input = false, signZeroPlus = false;
};

/// At most so many obstacles are looked for.
inline constexpr unsigned mostObstacles = 12;

/// Adds to `error`, "node 'NAME': RULE ...", what else stops the network:
/// "ERROR; further obstacles (2): node 'A': ...; node 'B': ...". `module` is the
/// imported graph, which is changed; `attempt` compiles a copy of it and gives
/// its error, or nothing.
void addFurtherObstacles(
    mlir::ModuleOp module, std::string &error,
    llvm::function_ref<std::string(const AssumedOptions &)> attempt);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_OBSTACLES_H
