// Rewrites onnx operations one by one into canonical C x H x W form.

#ifndef BNNCC_COMPILER_FUSE_NORMALIZER_H
#define BNNCC_COMPILER_FUSE_NORMALIZER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace bnncc {

class Normalizer {
public:
  explicit Normalizer(mlir::MLIRContext *context) : builder(context) {}

  llvm::LogicalResult run(mlir::func::FuncOp func);

private:
  llvm::LogicalResult rewrite(mlir::Operation *op);

  // Layers (NormalizeLayers.cpp)
  llvm::LogicalResult rewriteConv(mlir::Operation *op);
  llvm::LogicalResult rewriteMatMul(mlir::Operation *op);
  llvm::LogicalResult rewritePool(mlir::Operation *op);
  llvm::LogicalResult rewritePad(mlir::Operation *op);
  llvm::LogicalResult rewriteReduction(mlir::Operation *op);
  llvm::LogicalResult rewriteClassifier(mlir::Operation *op);

  // Elementwise operations (NormalizeElementwise.cpp)
  llvm::LogicalResult rewriteElementwise(mlir::Operation *op);
  llvm::LogicalResult rewriteCast(mlir::Operation *op);
  llvm::LogicalResult checkPerChannel(mlir::Operation *op, mlir::Value constant,
                                      mlir::RankedTensorType data);

  // Movement (NormalizeGraph.cpp)
  llvm::LogicalResult rewriteTranspose(mlir::Operation *op);
  llvm::LogicalResult rewriteConcat(mlir::Operation *op);

  /// The C x H x W type of an ONNX type; emits an error if it has none.
  std::optional<mlir::RankedTensorType> mapOf(mlir::RankedTensorType type,
                                              mlir::Location loc);
  mlir::Value reshaped(mlir::Location loc, mlir::Value map,
                       mlir::RankedTensorType type);
  /// Lets `map` stand for the result of `op`.
  llvm::LogicalResult replace(mlir::Operation *op, mlir::Value map);
  /// Lets a new operation stand for the result of `op`.
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
  llvm::DenseMap<mlir::Value, mlir::Value> maps;
  llvm::DenseMap<mlir::Value, mlir::RankedTensorType> onnxTypes;
  llvm::SmallVector<mlir::Operation *> replaced;
};

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_NORMALIZER_H
