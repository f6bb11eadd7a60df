//===- BitLayers.h - Layers that the compiler adds --------------*- C++ -*-===//
//
// Small layers on bits for what the output unit has not: the bits as numbers, an
// OR over windows, the parity of several switch points. Their weights are -1, 0
// and 1, which the back end makes of sets of -1 and +1.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_BITLAYERS_H
#define BNNCC_COMPILER_LOWER_BITLAYERS_H

#include "Complements.h"

namespace bnncc::lower {

/// Marks thresholds and pools whose bits are no node's of the graph: a later
/// layer makes these of them.
inline constexpr const char *PartialBits = "bnn.partial";

using Numbers = llvm::ArrayRef<int64_t>;

/// A convolution that gives each bit as the number -1 or 1.
mlir::Value identitySums(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value bits);

/// [some bit of the window is +1]: with weight 1 for its channel the sum over
/// the n bits of a window is at least 2 - n iff one of them is +1; pads of -1
/// change nothing. A channel that `falls` is inverted.
bnn::ThresholdOp orLayer(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value bits, Numbers kernel, Numbers strides,
                         Numbers pads, llvm::ArrayRef<bool> falls);

/// Whether the output unit pools so, behind a convolution.
bool outputUnitPools(bnn::MaxPoolOp pool);

/// Makes a pool of bits a layer, or two. Erases `pool`.
void poolByLayer(bnn::MaxPoolOp pool);

/// The most switch points that a channel has.
int64_t pointsUsed(bnn::ThresholdOp threshold);

/// The bits [x >= p] for each of `used` points p: point i of channel c is channel
/// i * channels + c. The convolution behind `threshold` gives its channels as
/// often.
bnn::ThresholdOp separatePoints(mlir::OpBuilder &builder,
                                bnn::ThresholdOp threshold, int64_t used);

/// Such bits put together: with alternating signs they add up to one of two
/// numbers, -1 and 1 or 0 and 2, one for each parity. Inverted by `first`.
bnn::ThresholdOp joinPoints(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value bits, int64_t used,
                            llvm::ArrayRef<bool> first);

/// The convolution whose (pooled, added) sums these are, or null.
bnn::ConvOp convBehind(mlir::Value integers);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_BITLAYERS_H
