//===- OnnxDialect.cpp - The namespace of imported ONNX nodes -------------===//
//
// Registers the `onnx` dialect, whose operations are open.
//
//===----------------------------------------------------------------------===//

#include "onnx/OnnxDialect.h"

using namespace bnncc::onnx;

MLIR_DEFINE_EXPLICIT_TYPE_ID(bnncc::onnx::OnnxDialect)

OnnxDialect::OnnxDialect(mlir::MLIRContext *context)
    : Dialect(getDialectNamespace(), context,
              mlir::TypeID::get<OnnxDialect>()) {
  allowUnknownOperations();
}
