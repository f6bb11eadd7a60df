// Registers the bnn dialect and defines the shape rules its ops share.

#include "bnn/BnnDialect.h"
#include "mlir/IR/DialectImplementation.h"

#include "bnn/BnnDialect.cpp.inc"

#define GET_OP_CLASSES
#include "bnn/BnnOps.cpp.inc"

namespace bnncc::bnn {

void BnnDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "bnn/BnnOps.cpp.inc"
      >();
}

int64_t windowCount(int64_t size, int64_t kernel, int64_t stride,
                    int64_t padBefore, int64_t padAfter) {
  int64_t span = size + padBefore + padAfter - kernel;
  return span < 0 ? 0 : span / stride + 1;
}

mlir::RankedTensorType windowType(mlir::RankedTensorType input,
                                  int64_t channels, mlir::Type element,
                                  llvm::ArrayRef<int64_t> kernel,
                                  llvm::ArrayRef<int64_t> strides,
                                  llvm::ArrayRef<int64_t> pads) {
  int64_t rows =
      windowCount(input.getDimSize(1), kernel[0], strides[0], pads[0], pads[2]);
  int64_t columns =
      windowCount(input.getDimSize(2), kernel[1], strides[1], pads[1], pads[3]);
  if (rows <= 0 || columns <= 0)
    return {};
  return mlir::RankedTensorType::get({channels, rows, columns}, element);
}

mlir::RankedTensorType perChannelType(mlir::RankedTensorType input,
                                      mlir::Type element) {
  return mlir::RankedTensorType::get({input.getDimSize(0), 1, 1}, element);
}

std::pair<int64_t, int64_t> integerRange(mlir::Type element) {
  auto type = llvm::cast<mlir::IntegerType>(element);
  unsigned width = type.getWidth();
  if (width == 1)
    return {-1, 1};
  if (type.isUnsigned())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

} // namespace bnncc::bnn
