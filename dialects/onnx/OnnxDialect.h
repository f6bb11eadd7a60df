//===- OnnxDialect.h - The namespace of imported ONNX nodes -----*- C++ -*-===//
//
// The `onnx` dialect holds imported nodes as open operations: the importer has
// checked them, and the canonical form is listed in compiler/import/Import.h.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_DIALECTS_ONNX_ONNXDIALECT_H
#define BNNCC_DIALECTS_ONNX_ONNXDIALECT_H

#include "mlir/IR/Dialect.h"

namespace bnncc::onnx {

/// A dialect without declared operations: ONNX has some 200 operators in 25
/// versions, of which the fusion reads about forty by name.
class OnnxDialect : public mlir::Dialect {
public:
  explicit OnnxDialect(mlir::MLIRContext *context);
  static constexpr llvm::StringLiteral getDialectNamespace() {
    return llvm::StringLiteral("onnx");
  }
};

} // namespace bnncc::onnx

MLIR_DECLARE_EXPLICIT_TYPE_ID(bnncc::onnx::OnnxDialect)

#endif // BNNCC_DIALECTS_ONNX_ONNXDIALECT_H
