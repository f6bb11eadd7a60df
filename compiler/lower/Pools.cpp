//===- Pools.cpp - Pools that the output unit has not ---------------------===//
//
// The output unit pools along x, without pads, once a layer, by up to 15. Every
// other pool of bits becomes a layer of its own (BitLayers.h). A pool of integers
// moves behind its threshold first: [max x >= p] = OR [x >= p]. Of a channel with
// several switch points each gives a bit that is pooled, and a last layer puts
// them together.
//
//===----------------------------------------------------------------------===//

#include "BitLayers.h"
#include "PrepareLayers.h"

namespace bnncc::lower {

using mlir::Value;

namespace {
bool isPadded(bnn::MaxPoolOp pool) {
  return llvm::any_of(pool.getPads(), [](int64_t pad) { return pad != 0; });
}

bool isAlongRows(Numbers kernel, Numbers strides, Numbers pads) {
  return kernel[0] == 1 && strides[0] == 1 && kernel[1] <= 15 &&
         strides[1] <= 15 && llvm::all_of(pads, [](int64_t p) { return !p; });
}

/// Whether these are a convolution's sums, or bits of those: no pool came before.
bool isUnpooled(Value value) {
  mlir::Operation *op = value.getDefiningOp();
  if (mlir::isa_and_nonnull<bnn::ThresholdOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return mlir::isa_and_nonnull<bnn::ConvOp>(op);
}

} // namespace

/// Whether these are bits that are decided by their position, too.
static bool hasOwnPoints(Value bits) {
  auto threshold = bits.getDefiningOp<bnn::ThresholdOp>();
  return threshold && threshold.isPerElement();
}

bool outputUnitPools(bnn::MaxPoolOp pool) {
  return isAlongRows(pool.getKernel(), pool.getStrides(), pool.getPads());
}

/// By the output unit along the rows and a layer across them, if it can.
static bnn::ThresholdOp poolBits(mlir::OpBuilder &builder, bnn::MaxPoolOp pool,
                                 llvm::ArrayRef<bool> falls) {
  mlir::Location loc = pool.getLoc();
  Value bits = pool.getInput();
  auto kernel = pool.getKernel(), strides = pool.getStrides(),
       pads = pool.getPads();
  bool across = kernel[0] != 1 || strides[0] != 1;
  bool along = kernel[1] != 1 || strides[1] != 1;
  llvm::SmallVector<int64_t> rows = {kernel[0], 1}, rowStep = {strides[0], 1},
                             rowPads = {pads[0], 0, pads[2], 0},
                             columns = {1, kernel[1]}, step = {1, strides[1]},
                             columnPads = {0, pads[1], 0, pads[3]};
  bool byUnit = isUnpooled(bits) && !hasOwnPoints(bits) && isAlongRows(columns, step, columnPads);
  // A kernel of several rows has its sets of weights within 32 channels.
  bool many = mapTypeOf(bits).getDimSize(0) > 32;
  if (!across || !along || !(byUnit || many))
    return orLayer(builder, loc, bits, kernel, strides, pads, falls);
  mlir::Operation *first;
  if (byUnit)
    first = bnn::MaxPoolOp::create(
        builder, loc,
        bnn::windowType(mapTypeOf(bits), mapTypeOf(bits).getDimSize(0),
                        builder.getI1Type(), columns, step, columnPads),
        bits, columns, step, columnPads);
  else
    first = orLayer(builder, loc, bits, columns, step, columnPads,
                    llvm::SmallVector<bool>(falls.size(), false));
  first->setAttr(PartialBits, builder.getUnitAttr());
  return orLayer(builder, loc, first->getResult(0), rows, rowStep, rowPads,
                 falls);
}

void poolByLayer(bnn::MaxPoolOp pool) {
  mlir::OpBuilder builder(pool);
  llvm::SmallVector<bool> rises(
      size_t(mapTypeOf(pool.getInput()).getDimSize(0)), false);
  Value bits = poolBits(builder, pool, rises).getOutput();
  pool.getOutput().replaceAllUsesWith(bits);
  pool.erase();
}

namespace {
/// Moves a pool of integers behind its threshold.
void poolBehindThreshold(bnn::MaxPoolOp pool, bnn::ThresholdOp threshold) {
  mlir::OpBuilder builder(threshold);
  mlir::Location loc = threshold.getLoc();
  auto first = valuesOf<bool>(threshold.getFirst());
  llvm::SmallVector<bool> falls(first.begin(), first.end());
  int64_t used = std::max<int64_t>(pointsUsed(threshold), 1);
  bnn::ThresholdOp bits = separatePoints(builder, threshold, used);
  bits.getInputMutable().assign(pool.getInput());
  bits.getOutput().setType(mlir::cast<mlir::RankedTensorType>(
      mapTypeOf(pool.getInput()).clone(builder.getI1Type())));
  pool.getInputMutable().assign(bits.getOutput());
  llvm::SmallVector<bool> rises(first.size() * size_t(used), false);
  bits = poolBits(builder, pool, used > 1 ? rises : falls);
  if (used > 1) {
    bits->setAttr(PartialBits, builder.getUnitAttr());
    bits = joinPoints(builder, loc, bits.getOutput(), used, falls);
  }
  bits->setLoc(loc);
  threshold.getOutput().replaceAllUsesWith(bits.getOutput());
  threshold.erase();
  pool.erase();
}

/// Two pools as one, where the windows of the first leave no gap.
void joinPools(bnn::MaxPoolOp pool) {
  auto inner = pool.getInput().getDefiningOp<bnn::MaxPoolOp>();
  if (!inner || !inner->hasOneUse() || isPadded(pool) || isPadded(inner))
    return;
  llvm::SmallVector<int64_t> kernel, strides;
  for (int axis : {0, 1}) {
    int64_t k = inner.getKernel()[axis], s = inner.getStrides()[axis];
    if (s > k && pool.getKernel()[axis] > 1)
      return;
    kernel.push_back(k + (pool.getKernel()[axis] - 1) * s);
    strides.push_back(s * pool.getStrides()[axis]);
  }
  mlir::OpBuilder builder(pool);
  auto joined = bnn::MaxPoolOp::create(
      builder, builder.getFusedLoc({inner.getLoc(), pool.getLoc()}),
      pool.getOutput().getType(), inner.getInput(), kernel, strides,
      pool.getPads());
  pool.getOutput().replaceAllUsesWith(joined.getOutput());
  pool.erase();
  inner.erase();
}

llvm::SmallVector<bnn::MaxPoolOp> enginePools(mlir::func::FuncOp func) {
  llvm::SmallVector<bnn::MaxPoolOp> pools;
  for (auto pool : func.front().getOps<bnn::MaxPoolOp>())
    if (!mapTypeOf(pool.getInput()).getElementType().isF64())
      pools.push_back(pool);
  return pools;
}
} // namespace

void poolByLayers(mlir::func::FuncOp func) {
  for (bnn::MaxPoolOp pool : enginePools(func))
    joinPools(pool);
  // From the last: the one before it then meets the threshold.
  auto pools = enginePools(func);
  for (bnn::MaxPoolOp pool : llvm::reverse(pools)) {
    if (isUnpooled(pool.getInput()) && outputUnitPools(pool) &&
        !hasOwnPoints(pool.getInput()))
      continue;
    if (mapTypeOf(pool.getInput()).getElementType().isInteger(1)) {
      poolByLayer(pool);
      continue;
    }
    auto threshold =
        mlir::dyn_cast_or_null<bnn::ThresholdOp>(onlyUser(pool.getOutput()));
    if (threshold && !threshold.isPerElement() && convBehind(pool.getInput()))
      poolBehindThreshold(pool, threshold);
  }
}

} // namespace bnncc::lower
