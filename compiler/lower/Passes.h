//===- Passes.h - The back end as a pass ------------------------*- C++ -*-===//
//
// Lets bnn-opt enter the back end from text.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PASSES_H
#define BNNCC_COMPILER_LOWER_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace bnncc {

/// Takes a module with one function of bnn operations to one engine.program for
/// `target` (a name or a file). What does not fit is an error at its node.
std::unique_ptr<mlir::Pass> createLowerProgram(std::string target = "z020");

/// Registers `bnn-lower-program`.
void registerBnnLowerPasses();

} // namespace bnncc

#endif // BNNCC_COMPILER_LOWER_PASSES_H
