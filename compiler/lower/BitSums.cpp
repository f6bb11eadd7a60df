//===- BitSums.cpp - Sums, values and ends of bits ------------------------===//
//
// See PrepareLayers.h.
//
//===----------------------------------------------------------------------===//

#include "BitLayers.h"
#include "PrepareLayers.h"

#include "llvm/ADT/STLExtras.h"

namespace bnncc::lower {

using mlir::RankedTensorType;
using mlir::Value;

static bool isBits(Value value) {
  return mapTypeOf(value).getElementType().isInteger(1);
}

/// The bits as numbers, made before a reshape: a channel's own weight is one of as
/// many as there are channels.
static Value numbersOf(mlir::OpBuilder &builder, mlir::Location loc,
                       Value bits) {
  auto reshape = bits.getDefiningOp<bnn::ReshapeOp>();
  if (!reshape)
    return identitySums(builder, loc, bits);
  Value numbers = numbersOf(builder, loc, reshape.getInput());
  return bnn::ReshapeOp::create(
      builder, loc,
      RankedTensorType::get(mapTypeOf(bits).getShape(), builder.getI32Type()),
      numbers);
}

void endInNumbers(mlir::func::FuncOp func) {
  mlir::Operation *end = func.front().getTerminator();
  mlir::OpBuilder builder(end);
  for (mlir::OpOperand &operand : end->getOpOperands())
    if (isBits(operand.get()) && operand.get().getDefiningOp())
      operand.set(bnn::ToRealOp::create(
          builder, operand.get().getLoc(),
          RankedTensorType::get(mapTypeOf(operand.get()).getShape(),
                                builder.getF64Type()),
          operand.get(), llvm::ArrayRef<double>{1.0},
          llvm::ArrayRef<double>{0.0}, nullptr, nullptr));
  func.setType(builder.getFunctionType(func.getArgumentTypes(),
                                       end->getOperandTypes()));
}

/// Whether the host has these bits: it decides them, or no layer comes before.
static bool isOnHost(Value bits) {
  mlir::Operation *op = bits.getDefiningOp();
  while (mlir::isa_and_nonnull<bnn::ReshapeOp, bnn::GatherOp, bnn::MaxPoolOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return mlir::isa_and_nonnull<bnn::DecideOp>(op) || isFromHost(bits);
}

void bitsAsNumbers(mlir::func::FuncOp func) {
  for (mlir::Operation &op : llvm::make_early_inc_range(func.front())) {
    mlir::OpBuilder builder(&op);
    if (mlir::isa<bnn::SumOp, bnn::ToRealOp>(op) &&
        isBits(op.getOperand(0)) && !isOnHost(op.getOperand(0)))
      op.setOperand(0, numbersOf(builder, op.getLoc(), op.getOperand(0)));
    auto threshold = mlir::dyn_cast<bnn::ThresholdOp>(op);
    if (!threshold || !threshold.getInput().getDefiningOp<bnn::SumOp>() ||
        !convBehind(threshold.getInput()))
      continue;
    int64_t used = pointsUsed(threshold);
    if (used < 2)
      continue;
    auto first = valuesOf<bool>(threshold.getFirst());
    bnn::ThresholdOp bits = separatePoints(builder, threshold, used);
    bits = joinPoints(builder, op.getLoc(), bits.getOutput(), used,
                      llvm::SmallVector<bool>(first.begin(), first.end()));
    threshold.getOutput().replaceAllUsesWith(bits.getOutput());
    threshold.erase();
  }
  auto reshapes = llvm::to_vector(func.front().getOps<bnn::ReshapeOp>());
  for (bnn::ReshapeOp reshape : llvm::reverse(reshapes))
    if (reshape->use_empty())
      reshape.erase();
  valuesOnHost(func);
}

} // namespace bnncc::lower
