// Helpers to read and write operations of the open onnx dialect.

#ifndef BNNCC_COMPILER_FUSE_GRAPH_H
#define BNNCC_COMPILER_FUSE_GRAPH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace bnncc {

/// The operation type without its dialect: "Conv".
inline llvm::StringRef opType(mlir::Operation *op) {
  return op->getName().stripDialect();
}

/// Whether `op` is onnx's `type`.
inline bool isOnnx(mlir::Operation *op, llvm::StringRef type) {
  return op && op->getName().getDialectNamespace() == "onnx" &&
         opType(op) == type;
}

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

inline llvm::ArrayRef<int64_t> intsOf(mlir::Operation *op,
                                      llvm::StringRef name) {
  auto attr = op->getAttrOfType<mlir::DenseI64ArrayAttr>(name);
  return attr ? attr.asArrayRef() : llvm::ArrayRef<int64_t>();
}

inline int64_t intOf(mlir::Operation *op, llvm::StringRef name,
                     int64_t absent) {
  auto attr = op->getAttrOfType<mlir::IntegerAttr>(name);
  return attr ? attr.getInt() : absent;
}

inline double realOf(mlir::Operation *op, llvm::StringRef name, double absent) {
  auto attr = op->getAttrOfType<mlir::FloatAttr>(name);
  return attr ? attr.getValueAsDouble() : absent;
}

/// Creates onnx's `type` with one result.
inline mlir::Value createOnnx(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef type, mlir::Type result,
                              mlir::ValueRange operands,
                              llvm::ArrayRef<mlir::NamedAttribute> attrs = {}) {
  mlir::OperationState state(loc, ("onnx." + type).str());
  state.addOperands(operands);
  state.addTypes(result);
  state.addAttributes(attrs);
  return builder.create(state)->getResult(0);
}

/// A one-element onnx.Constant.
inline mlir::Value createScalar(mlir::OpBuilder &builder, mlir::Location loc,
                                double value) {
  auto type = mlir::RankedTensorType::get({1}, builder.getF64Type());
  return createOnnx(
      builder, loc, "Constant", type, {},
      builder.getNamedAttr("value", mlir::DenseElementsAttr::get(type, value)));
}

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_GRAPH_H
