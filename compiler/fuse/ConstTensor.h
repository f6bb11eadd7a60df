// Evaluates onnx operations on constants exactly.

#ifndef BNNCC_COMPILER_FUSE_CONSTTENSOR_H
#define BNNCC_COMPILER_FUSE_CONSTTENSOR_H

#include "fuse/Number.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"
#include <functional>
#include <optional>
#include <vector>

namespace bnncc {

/// A constant of exact numbers: doubles while they are exact, else radicals;
/// inside of a constant expression also enclosures.
class ConstTensor {
public:
  ConstTensor(llvm::ArrayRef<int64_t> shape, std::vector<double> values)
      : shape(shape.begin(), shape.end()), doubles(std::move(values)) {}
  ConstTensor(llvm::ArrayRef<int64_t> shape, std::vector<exact::Radical> values)
      : shape(shape.begin(), shape.end()), radicals(std::move(values)) {}

  ConstTensor(llvm::ArrayRef<int64_t> shape, std::vector<exact::Number> numbers);

  bool isExact() const { return ranges.empty(); }
  exact::Number number(int64_t i) const {
    return isExact() || !ranges[i] ? exact::Number((*this)[i])
                                   : exact::Number(*ranges[i]);
  }
  int64_t size() const { return isDouble() ? doubles.size() : radicals.size(); }
  bool isDouble() const { return radicals.empty(); }
  exact::Radical operator[](int64_t i) const {
    return isDouble() ? exact::Radical(doubles[i]) : radicals[i];
  }
  /// The elements as doubles; none if one is not exactly a double.
  std::optional<std::vector<double>> exactDoubles() const;
  /// The same tensor, kept in doubles if all elements are.
  ConstTensor inDoubles() const;
  /// The element at each index that `source` names.
  ConstTensor gather(llvm::ArrayRef<int64_t> newShape,
                     const std::function<int64_t(int64_t)> &source) const;

  llvm::SmallVector<int64_t> shape;

private:
  std::vector<double> doubles;
  std::vector<exact::Radical> radicals;
  std::vector<std::optional<exact::Interval>> ranges; ///< empty: all are exact
};

/// Evaluates elementwise operations and reductions that ConstTensor.cpp does
/// not, and all of them on enclosures; none if there is no such value.
std::optional<ConstTensor>
evaluateElementwise(mlir::Operation *op, llvm::ArrayRef<ConstTensor> operands);

/// The values of a block that depend on onnx.Constant operations only, found in
/// one walk.
llvm::DenseSet<mlir::Value> constantsOf(mlir::Block &block);

/// The value of a constant expression; emits an error at the operation that has
/// no exact value here.
std::optional<ConstTensor> evaluateConstant(mlir::Value value);

/// The same as ONNX computes it before any data is seen: the result of every
/// operation is rounded once to its own type. None (without an error) where a
/// number is none of its type.
std::optional<ConstTensor> evaluateRounded(mlir::Value value);

/// A vector constant of exact numbers, onnx.Exact: what no float holds is kept
/// as text, "a" or "a b q" for a + b sqrt(q).
mlir::Value createExact(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::ArrayRef<exact::Radical> values);

/// A quantiser (Quant, Trunc, MultiThreshold, Clip) on the constants `in`; none
/// if `op` is another operation, or the result has no exact form.
std::optional<ConstTensor> evaluateQuantizer(mlir::Operation *op,
                                             llvm::ArrayRef<ConstTensor> in);

/// Maps an element of a tensor of shape `to` to the element of one of shape
/// `from` that is broadcast to it.
int64_t broadcastIndex(int64_t i, llvm::ArrayRef<int64_t> to,
                       llvm::ArrayRef<int64_t> from);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_CONSTTENSOR_H
