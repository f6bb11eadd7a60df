//===- Complements.h - Bits and their complements ---------------*- C++ -*-===//
//
// A layer that gives every channel twice, x and -x, lets the next layer leave
// channels out (weights 1 and 1), take them twice (1 and -1), and pad with 0.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_COMPLEMENTS_H
#define BNNCC_COMPILER_LOWER_COMPLEMENTS_H

#include "bnn/BnnDialect.h"

namespace bnncc::lower {

inline mlir::RankedTensorType mapTypeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// The only operation that reads `value`, or null.
inline mlir::Operation *onlyUser(mlir::Value value) {
  return value.hasOneUse() ? *value.user_begin() : nullptr;
}

template <typename T> std::vector<T> valuesOf(mlir::ElementsAttr attr) {
  auto values = attr.getValues<T>();
  return {values.begin(), values.end()};
}

/// O x C x KH x KW of a convolution's weights.
llvm::ArrayRef<int64_t> weightShape(bnn::ConvOp conv);
void setWeights(bnn::ConvOp conv, llvm::ArrayRef<int64_t> shape,
                const std::vector<int8_t> &weights);
void setThreshold(bnn::ThresholdOp op, const std::vector<int32_t> &points,
                  const std::vector<bool> &first);

/// The operations that make a map of bits: conv {pool | sum} threshold {pool}.
struct Producer {
  bnn::ConvOp conv;
  mlir::Operation *between = nullptr; ///< pool or sum of the integers
  bnn::ThresholdOp threshold;
  bnn::MaxPoolOp bitPool;

  explicit operator bool() const { return bool(conv); }
};

/// None if the bits come from the host or have another reader.
Producer producerOf(mlir::Value bits);

/// OR over a window of [x >= p] is [max x >= p]; of [x < p] it is
/// [max(-x) >= 1 - p]: the pool of bits moves before the threshold, where bits
/// and their complements share it. False if it cannot: a channel has two switch
/// points, or the integers are pooled already.
bool hoistPool(Producer &p);

/// Appends the complement of every channel; not behind a pool of bits.
void addComplements(Producer &p);

/// Whether `conv` pads bits with 0 and something behind it sees its border beside
/// its inner pixels, so that neither thresholds nor constants make up for it.
bool needsMirror(bnn::ConvOp conv);

/// Whether no convolution comes before these bits: the host makes them.
bool isFromHost(mlir::Value bits);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_COMPLEMENTS_H
