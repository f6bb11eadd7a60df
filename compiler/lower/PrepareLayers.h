//===- PrepareLayers.h - Forms that the engine has --------------*- C++ -*-===//
//
// Rewrites of a bnn function before its operations become layers. Each keeps
// the function's results; none knows a target.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PREPARELAYERS_H
#define BNNCC_COMPILER_LOWER_PREPARELAYERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace bnncc::lower {

/// A graph that ends in bits ends in the numbers -1 and 1.
void endInNumbers(mlir::func::FuncOp func);

/// Signs at the end of a graph. Bits that no layer reads leave the engine as
/// the integers before their threshold; the host takes the sign. Moves the last
/// threshold, with pools, sums and reshapes of its bits, behind bnn.to_real. A
/// channel with more than two switch points stays.
void signsOnHost(mlir::func::FuncOp func);

/// Reshapes and maxima of a convolution's integers that the engine has not move
/// behind the bnn.to_real that reads them.
void valuesOnHost(mlir::func::FuncOp func);

/// Bits that are added up, or become values of the host, become numbers by a
/// layer. Of a thresholded sum the engine compares each channel with one point:
/// those with several have a bit for each, and a layer that puts them together.
void bitsAsNumbers(mlir::func::FuncOp func);

/// Pools that the output unit has not (over rows, with pads, second ones, wide
/// ones, those of the graph's own bits) become layers (Pools.cpp). Pools of
/// integers that no threshold follows stay.
void poolByLayers(mlir::func::FuncOp func);

/// Weights that are small integers (an average pool behind a convolution, the
/// gaps of a dilated kernel) are sets of -1 and +1 (Layer::sets), which need a
/// loop of the array. Where none is free they become binary weights over copies
/// of the input's channels: the layer before gives each channel as often, or the
/// host packs it so. Convolutions whose input comes from elsewhere stay.
void splitWeights(mlir::func::FuncOp func);

/// Zero padding of bits. The array pads with -1 or +1 only. Where neither
/// thresholds of the border's own nor constants (Border.h) make up for that,
/// the layer before gives every channel twice, x and -x, and the convolution
/// weighs them w and -w: inside the map that is 2 * w * x, at a pad of either
/// value w - w = 0. All numbers behind it are twice what they were.
/// Convolutions whose input has no complement (the graph's own input, a pool on
/// bits with two switch points) stay.
void mirrorPads(mlir::func::FuncOp func);

/// All of them, in the order in which they prepare each other.
inline void prepareLayers(mlir::func::FuncOp func) {
  endInNumbers(func);
  signsOnHost(func);
  valuesOnHost(func);
  bitsAsNumbers(func);
  poolByLayers(func);
  splitWeights(func);
  mirrorPads(func);
}

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_PREPARELAYERS_H
