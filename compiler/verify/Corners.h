// Inputs that are constructed, not sampled: extremes, ties of the quantiser,
// the first layer's own kernels.

#ifndef BNNCC_COMPILER_VERIFY_CORNERS_H
#define BNNCC_COMPILER_VERIFY_CORNERS_H

#include "bnn/BnnDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <vector>

namespace bnncc {

/// `count` inputs (C x H x W values in C order) for the argument of `function`:
/// 0 pieces of lowest, highest and alternating codes and ramps; 1 kernels of the
/// first layer and their opposites end to end; the others pseudo-random codes of
/// growing amplitude. Every value is a float32 that meets the quantiser exactly
/// at a boundary where it has one.
std::vector<std::vector<double>> cornerInputs(mlir::func::FuncOp function,
                                              unsigned count, uint64_t seed);

} // namespace bnncc

#endif // BNNCC_COMPILER_VERIFY_CORNERS_H
