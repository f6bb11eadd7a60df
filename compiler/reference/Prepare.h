//===- Prepare.h - Translating operations to steps --------------*- C++ -*-===//
//
// What the translation of single operations shares.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REFERENCE_PREPARE_H
#define BNNCC_COMPILER_REFERENCE_PREPARE_H

#include "Program.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace bnncc::reference {

/// One operation under translation; `problem` says why it cannot be.
struct Translation {
  mlir::Operation *op;
  llvm::StringRef name;
  Step &step;
  const Program &program;
  std::string problem;

  Shape shapeOf(unsigned operand) const {
    auto type =
        mlir::cast<mlir::RankedTensorType>(op->getOperand(operand).getType());
    return Shape(type.getShape());
  }
  llvm::ArrayRef<int64_t> ints(llvm::StringRef attr);
  int64_t integer(llvm::StringRef attr, int64_t byDefault = 0);
  /// The one value of a constant operand.
  std::optional<double> constant(unsigned operand);
  void fail(const llvm::Twine &text) {
    if (problem.empty())
      problem = text.str();
  }
};

/// Row-major steps of a shape.
Shape stridesOf(llvm::ArrayRef<int64_t> shape);
/// Steps that read `from` as if it were expanded to `to`.
Shape broadcastSteps(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);
/// For each element of `shape` in order, the offset that `steps` give.
std::vector<int32_t> offsets(llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<int64_t> steps, int64_t start = 0);

/// Marks what precedes the first quantisers (MarkFloats.cpp).
void markFloats(Program &program);

/// Each translates the operations it knows, and returns false for others.
bool translateElementwise(Translation &t);
bool translateMove(Translation &t);
bool translateWindow(Translation &t);
bool translateLinear(Translation &t);

} // namespace bnncc::reference

#endif // BNNCC_COMPILER_REFERENCE_PREPARE_H
