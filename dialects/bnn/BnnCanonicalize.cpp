// Folds and canonicalises bnn ops.

#include "bnn/BnnDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/PatternMatch.h"

using llvm::LogicalResult;
using mlir::DenseElementsAttr;
using mlir::MLIRContext;
using mlir::OpFoldResult;
using mlir::PatternRewriter;
using mlir::RankedTensorType;
using mlir::RewritePatternSet;
using mlir::Value;

namespace bnncc::bnn {
namespace {

bool allAre(llvm::ArrayRef<int64_t> values, int64_t n) {
  return llvm::all_of(values, [n](int64_t value) { return value == n; });
}

// A dense layer on a flattened map -> a conv whose kernel is the whole map:
// conv(reshape(x : CxHxW), w : OxCHWx1x1) -> conv(x, w : OxCxHxW)
LogicalResult absorbFlatten(ConvOp op, PatternRewriter &rewriter) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  auto weight = llvm::dyn_cast<DenseElementsAttr>(op.getWeight());
  if (!reshape || !weight || !allAre(op.getPads(), 0) ||
      !allAre(weight.getType().getShape().drop_front(2), 1))
    return mlir::failure();
  auto flat = llvm::cast<RankedTensorType>(op.getInput().getType());
  if (flat.getDimSize(1) != 1 || flat.getDimSize(2) != 1)
    return mlir::failure();
  auto map = llvm::cast<RankedTensorType>(reshape.getInput().getType());
  auto type =
      RankedTensorType::get({weight.getType().getDimSize(0), map.getDimSize(0),
                             map.getDimSize(1), map.getDimSize(2)},
                            weight.getElementType());
  rewriter.modifyOpInPlace(op, [&] {
    op.getInputMutable().assign(reshape.getInput());
    op.setWeightAttr(weight.reshape(type));
    op.setStrides({1, 1});
  });
  return llvm::success();
}

// Reshape after the input conversion, where its consumer can absorb it:
// quantize(reshape(x)) -> reshape(quantize(x)), the same for cast_input
template <typename Op>
LogicalResult sinkReshape(Op op, PatternRewriter &rewriter) {
  auto reshape = op.getInput().template getDefiningOp<ReshapeOp>();
  if (!reshape)
    return mlir::failure();
  auto from = llvm::cast<RankedTensorType>(reshape.getInput().getType());
  auto to = llvm::cast<RankedTensorType>(op.getOutput().getType());
  if constexpr (std::is_same_v<Op, QuantizeOp>)
    if (op.isPerChannel() && from.getDimSize(0) != to.getDimSize(0))
      return mlir::failure();
  auto type = RankedTensorType::get(from.getShape(), to.getElementType());
  auto moved = Op::create(rewriter, op.getLoc(), mlir::TypeRange{type},
                          mlir::ValueRange{reshape.getInput()}, op->getAttrs());
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, to, moved.getOutput());
  return llvm::success();
}

} // namespace

void ConvOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *) {
  patterns.add(absorbFlatten);
}

void QuantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *) {
  patterns.add(sinkReshape<QuantizeOp>);
}

void CastInputOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *) {
  patterns.add(sinkReshape<CastInputOp>);
}

// max_pool 1x1, stride 1 -> its input; max_pool of max_pool stays: two small
// windows are cheaper than one large one.
OpFoldResult MaxPoolOp::fold(FoldAdaptor) {
  if (allAre(getKernel(), 1) && allAre(getStrides(), 1) && allAre(getPads(), 0))
    return getInput();
  return {};
}

OpFoldResult SumOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return {};
}

// reshape(reshape(x)) -> reshape(x); a reshape to the same type -> its input
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto previous = getInput().getDefiningOp<ReshapeOp>()) {
    if (previous.getInput().getType() == getType())
      return previous.getInput();
    setOperand(previous.getInput());
    return getResult();
  }
  return {};
}

// gather(gather(x)), gather(reshape(x)) -> gather(x); all in order -> x
OpFoldResult GatherOp::fold(FoldAdaptor) {
  mlir::Operation *before = getInput().getDefiningOp();
  if (auto first = llvm::dyn_cast_or_null<GatherOp>(before)) {
    llvm::SmallVector<int32_t> from;
    for (int32_t at : getFrom())
      from.push_back(first.getFrom()[at]);
    setFrom(from);
    setOperand(first.getInput());
    return getResult();
  }
  if (auto reshape = llvm::dyn_cast_or_null<ReshapeOp>(before)) {
    setOperand(reshape.getInput());
    return getResult();
  }
  if (getInput().getType() != getType())
    return {};
  for (auto [i, at] : llvm::enumerate(getFrom()))
    if (at != int32_t(i))
      return {};
  return getInput();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? OpFoldResult(getInputs().front())
                                 : OpFoldResult();
}

OpFoldResult AffineOp::fold(FoldAdaptor) {
  auto is = [](llvm::ArrayRef<double> values, double n) {
    return llvm::all_of(values, [n](double value) { return value == n; });
  };
  bool isExact = !getExactScale() && !getExactShift();
  return isExact && is(getScale(), 1) && is(getShift(), 0) ? OpFoldResult(getInput())
                                                : OpFoldResult();
}

} // namespace bnncc::bnn
