// Rewrites onnx operations one by one into canonical C x H x W form.

#ifndef BNNCC_COMPILER_FUSE_NORMALIZER_H
#define BNNCC_COMPILER_FUSE_NORMALIZER_H

#include "fuse/InputLayouts.h"
#include "fuse/Order.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

namespace bnncc {

/// Every computed ONNX value is held by a map, whose elements may lie in
/// another order (`orderOf`): so transpositions and reshapes move nothing. An
/// operation that needs its channels in C and its positions in H and W asks for
/// them, and gets a Pick where no reading of the map has them there.
class Normalizer {
public:
  explicit Normalizer(mlir::MLIRContext *context) : builder(context) {}

  llvm::LogicalResult run(mlir::func::FuncOp func);

private:
  llvm::LogicalResult rewrite(mlir::Operation *op);
  llvm::LogicalResult rewriteReturn(mlir::func::FuncOp func);

  // Layers (NormalizeLayers.cpp)
  llvm::LogicalResult rewriteConv(mlir::Operation *op);
  llvm::LogicalResult rewriteMatMul(mlir::Operation *op);
  llvm::LogicalResult rewritePool(mlir::Operation *op);

  // Reductions (NormalizeReductions.cpp)
  llvm::LogicalResult rewriteReduction(mlir::Operation *op);
  std::optional<llvm::LogicalResult>
  rewriteReductionOfRows(mlir::Operation *op);
  llvm::LogicalResult rewriteClassifier(mlir::Operation *op);

  // Elementwise operations (NormalizeElementwise.cpp)
  llvm::LogicalResult rewriteElementwise(mlir::Operation *op);
  llvm::LogicalResult rewriteCombination(mlir::Operation *op);
  llvm::LogicalResult rewritePower(mlir::Operation *op);
  llvm::LogicalResult rewriteCast(mlir::Operation *op);
  mlir::FailureOr<mlir::Value> perChannel(mlir::Operation *op,
                                          mlir::Value constant,
                                          mlir::Value data);

  // Movement (NormalizeMovement.cpp)
  llvm::LogicalResult rewriteTranspose(mlir::Operation *op);
  llvm::LogicalResult rewriteSelection(mlir::Operation *op);
  llvm::LogicalResult rewriteConcat(mlir::Operation *op);
  llvm::LogicalResult rewritePad(mlir::Operation *op);

  //--- Orders (NormalizeOrder.cpp) --------------------------------------------

  Order orderOf(mlir::Value value) const { return orders.lookup(value); }
  /// The C x H x W shape of the map that holds `value`.
  llvm::ArrayRef<int64_t> dimsOf(mlir::Value value) const;
  /// The axis of the map that each ONNX axis of `value` runs along: 0 for C, 1
  /// for H, 2 for W, -1 for an axis of size 1; none if one runs along several.
  std::optional<llvm::SmallVector<int>> alongAxes(mlir::Value value) const;
  /// Whether the channels of the map are the ONNX axis `axis` of `value`.
  bool hasChannels(mlir::Value value, int64_t axis) const;
  /// The elements of `value` as a map of shape `dims`; `wanted` says which ONNX
  /// element each is. Nothing moves if they lie so already.
  mlir::Value arrange(mlir::Operation *op, mlir::Value value,
                      llvm::ArrayRef<int32_t> wanted,
                      llvm::ArrayRef<int64_t> dims);
  /// A map in which ONNX axis 1 is C, and for each position axis of `value`
  /// whether it is H (1) or W (2).
  struct Placed {
    mlir::Value map;
    llvm::SmallVector<int> axes;
  };
  mlir::FailureOr<Placed> place(mlir::Operation *op, mlir::Value value);
  /// Lets the result of a window over `placed` stand for that of `op`.
  llvm::LogicalResult replaceWindow(mlir::Operation *op, const Placed &placed,
                                    llvm::StringRef name,
                                    mlir::ValueRange operands,
                                    llvm::ArrayRef<mlir::NamedAttribute> attrs);
  /// The elements `from` of `x`, in their order, as a tensor of `shape`.
  mlir::Value pick(mlir::Location loc, mlir::Value x, Indices from,
                   llvm::ArrayRef<int64_t> shape);

  mlir::Value reshaped(mlir::Location loc, mlir::Value map,
                       llvm::ArrayRef<int64_t> shape);
  /// Lets `map`, whose elements lie in `order`, stand for the result of `op`.
  llvm::LogicalResult replace(mlir::Operation *op, mlir::Value map,
                              Order order);
  /// Lets a map of the operand's order stand for the result of `op`.
  llvm::LogicalResult replace(mlir::Operation *op, mlir::Value map);
  /// Lets a new operation on maps, elementwise, stand for the result of `op`.
  llvm::LogicalResult replace(mlir::Operation *op, llvm::StringRef name,
                              mlir::ValueRange operands,
                              llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  /// The ONNX type that an operand of the original graph has.
  mlir::RankedTensorType onnxTypeOf(mlir::Value value) const {
    auto it = onnxTypes.find(value);
    return it == onnxTypes.end()
               ? llvm::cast<mlir::RankedTensorType>(value.getType())
               : it->second;
  }

  mlir::OpBuilder builder;
  InputLayouts layouts;
  llvm::DenseSet<mlir::Value> constants; ///< of the original graph
  llvm::DenseMap<mlir::Value, mlir::Value> maps;
  llvm::DenseMap<mlir::Value, Order> orders;
  llvm::DenseMap<mlir::Value, mlir::RankedTensorType> onnxTypes;
  llvm::SmallVector<mlir::Operation *> replaced;
  /// Where a node's values are not in C x H x W order: ONNX element -> map.
  mlir::NamedAttrList moved;
};

/// The C x H x W shape that holds a tensor of this ONNX shape in its own order.
Shape defaultDims(llvm::ArrayRef<int64_t> shape);

/// "1x12x3600", as users write shapes.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_NORMALIZER_H
