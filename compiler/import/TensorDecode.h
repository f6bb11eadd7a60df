//===- TensorDecode.h - TensorProto to constants ----------------*- C++ -*-===//
//
// Decodes stored tensors, wherever the format keeps their bytes.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_TENSORDECODE_H
#define BNNCC_COMPILER_IMPORT_TENSORDECODE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace bnncc::onnxpb {
class SparseTensorProto;
class TensorProto;
} // namespace bnncc::onnxpb

namespace bnncc::importer {

/// The element type for ONNX data type number `type`; null if it has none here.
mlir::Type elementType(int64_t type, mlir::MLIRContext &context);
/// "FLOAT16" for 10; the number itself where ONNX has no such type.
std::string dataTypeName(int64_t type);

/// Decodes `tensor`; `folder` is the only place where external data may lie. On
/// failure returns null and sets `error` to "rule, value found; remedy". Adds
/// the data file that was read to `files`.
mlir::DenseElementsAttr decodeTensor(const onnxpb::TensorProto &tensor,
                                     llvm::StringRef folder,
                                     mlir::MLIRContext &context,
                                     std::string &error,
                                     std::vector<std::string> *files = nullptr);

/// The same for a tensor that lists its elements other than zero.
mlir::DenseElementsAttr decodeSparse(const onnxpb::SparseTensorProto &tensor,
                                     llvm::StringRef folder,
                                     mlir::MLIRContext &context,
                                     std::string &error);

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_TENSORDECODE_H
