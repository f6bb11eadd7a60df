// Declares the bnn dialect, its ops and the shape rules they share.

#ifndef BNNCC_DIALECTS_BNN_BNNDIALECT_H
#define BNNCC_DIALECTS_BNN_BNNDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <limits>

#include "bnn/BnnDialect.h.inc"

#define GET_OP_CLASSES
#include "bnn/BnnOps.h.inc"

namespace bnncc::bnn {

/// The switch point that is never counted.
inline constexpr int32_t unusedPoint = std::numeric_limits<int32_t>::max();

// What the fusion found out for the report and for `bnn-run --expect`:
/// f64 of to_real and affine, the largest constant that others cancelled in a
/// shift.
inline constexpr const char *floatTerms = "bnn.terms";
/// i64 of a threshold: channels whose weights differ by their roundings and
/// count as one magnitude.
inline constexpr const char *unevenChannels = "bnn.uneven";
/// i64 of argmax: pairs of classes that were compared in float32 and exactly at
/// all of their integers; and for each pair that float32 decides otherwise
/// (first, second, how many pairs of integers, one of them).
inline constexpr const char *classPairs = "bnn.class_pairs";
inline constexpr const char *classOrders = "bnn.class_orders";

/// The number of window positions along one axis; negative or zero if none.
int64_t windowCount(int64_t size, int64_t kernel, int64_t stride,
                    int64_t padBefore, int64_t padAfter);

/// The map that a window of `kernel` makes of `input` with `channels` channels;
/// null if no window fits. Pads are top, left, bottom, right.
mlir::RankedTensorType windowType(mlir::RankedTensorType input,
                                  int64_t channels, mlir::Type element,
                                  llvm::ArrayRef<int64_t> kernel,
                                  llvm::ArrayRef<int64_t> strides,
                                  llvm::ArrayRef<int64_t> pads);

/// `input` with each channel reduced to one position.
mlir::RankedTensorType perChannelType(mlir::RankedTensorType input,
                                      mlir::Type element);

/// The smallest and largest integer of an element type (bipolar i1: -1, 1).
std::pair<int64_t, int64_t> integerRange(mlir::Type element);

} // namespace bnncc::bnn

#endif // BNNCC_DIALECTS_BNN_BNNDIALECT_H
