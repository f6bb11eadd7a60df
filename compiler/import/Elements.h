//===- Elements.h - Constant tensors as plain bytes -------------*- C++ -*-===//
//
// A constant tensor with one stored element per 1, 2, 4 or 8 bytes, for
// decoding and folding; MLIR's own storage packs i1 and collapses splats.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_ELEMENTS_H
#define BNNCC_COMPILER_IMPORT_ELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <vector>

namespace bnncc::importer {

/// Bytes that one element of type `type` takes here (i1, i2 and i4 take one).
unsigned storageBytes(mlir::Type type);

class Elements {
public:
  explicit Elements(mlir::RankedTensorType type);
  static Elements get(mlir::DenseElementsAttr attr);

  mlir::DenseElementsAttr toAttr() const;

  mlir::RankedTensorType getType() const { return type; }
  mlir::Type getElementType() const { return type.getElementType(); }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t size() const { return type.getNumElements(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(getElementType()); }

  /// An integer or boolean element; ui64 above 2^63 wraps.
  int64_t getInt(int64_t index) const;
  /// Any element; exact but for 64-bit integers above 2^53.
  double getDouble(int64_t index) const;
  /// Stores a value; false if the element type cannot hold exactly that one.
  bool setInt(int64_t index, int64_t value);
  bool setDouble(int64_t index, double value);

  char *data() { return bytes.data(); }
  const char *data() const { return bytes.data(); }
  unsigned elementBytes() const { return width; }

private:
  mlir::RankedTensorType type;
  unsigned width;
  std::vector<char> bytes;
};

/// The values of an integer constant.
std::vector<int64_t> toInts(mlir::DenseElementsAttr attr);

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_ELEMENTS_H
