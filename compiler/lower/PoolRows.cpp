//===- PoolRows.cpp - Pools over rows as convolutions ---------------------===//
//
// See PrepareLayers.h. With complements beside the bits, a convolution whose
// weights are 1 and -1 for one channel and 1 and 1 for all others adds up twice
// that channel alone; over n bits, one of them is +1 iff the sum is at least
// 2 * (1 - (n - 1)) = 4 - 2 n.
//
//===----------------------------------------------------------------------===//

#include "Complements.h"
#include "PrepareLayers.h"

namespace bnncc::lower {

using mlir::DenseElementsAttr;
using mlir::RankedTensorType;
using mlir::Value;

namespace {
bool poolsRows(bnn::MaxPoolOp pool) {
  auto pads = pool.getPads();
  return (pool.getKernel()[0] != 1 || pool.getStrides()[0] != 1) &&
         llvm::all_of(pads, [](int64_t pad) { return pad == 0; });
}

/// [max x >= p] = OR [x >= p]: moves a pool of integers behind its threshold,
/// whose falling channels then rise. `falls` tells which; null if a channel has
/// two switch points.
bnn::MaxPoolOp sinkPool(bnn::MaxPoolOp pool, std::vector<bool> &falls) {
  auto threshold =
      mlir::dyn_cast_or_null<bnn::ThresholdOp>(onlyUser(pool.getOutput()));
  if (!threshold)
    return nullptr;
  auto points = valuesOf<int32_t>(threshold.getPoints());
  auto first = valuesOf<bool>(threshold.getFirst());
  size_t width = points.size() / first.size();
  falls.assign(first.size(), false);
  for (size_t c = 0; c < first.size(); ++c) {
    for (size_t j = 1; j < width; ++j)
      if (points[c * width + j] != bnn::unusedPoint)
        return nullptr;
    if (points[c * width] != bnn::unusedPoint && first[c]) {
      falls[c] = true;
      first[c] = false;
    }
  }
  Value bits = threshold.getOutput();
  mlir::Type pooledBits = bits.getType(),
             element = mapTypeOf(bits).getElementType();
  threshold.getInputMutable().assign(pool.getInput());
  setThreshold(threshold, points, first);
  bits.setType(
      RankedTensorType::get(mapTypeOf(pool.getInput()).getShape(), element));
  mlir::OpBuilder builder(threshold);
  builder.setInsertionPointAfter(threshold);
  auto sunk = bnn::MaxPoolOp::create(builder, threshold.getLoc(), pooledBits,
                                     bits, pool.getKernel(), pool.getStrides(),
                                     pool.getPads());
  bits.replaceAllUsesExcept(sunk.getOutput(), sunk);
  pool.erase();
  return sunk;
}

/// The pool of bits as a convolution of their complements and a threshold.
void poolByConvolution(bnn::MaxPoolOp pool, const std::vector<bool> &falls) {
  Producer producer = producerOf(pool.getInput());
  if (!producer || producer.bitPool)
    return;
  mlir::OpBuilder builder(pool);
  int64_t rows = pool.getKernel()[0], columns = pool.getKernel()[1];
  llvm::SmallVector<int64_t> strides(pool.getStrides());
  if (columns != 1 || strides[1] != 1) {
    // Along a row the engine pools what the layer before gives.
    Value bits = pool.getInput();
    llvm::SmallVector<int64_t> kernel = {1, columns}, step = {1, strides[1]};
    auto type = bnn::windowType(mapTypeOf(bits), mapTypeOf(bits).getDimSize(0),
                                mapTypeOf(bits).getElementType(), kernel, step,
                                pool.getPads());
    producer.bitPool = bnn::MaxPoolOp::create(
        builder, pool.getLoc(), type, bits, kernel, step, pool.getPads());
    pool.getInputMutable().assign(producer.bitPool.getOutput());
    if (hoistPool(producer)) {
      columns = strides[1] = 1;
    } else {
      pool.getInputMutable().assign(bits);
      producer.bitPool.erase();
    }
  }
  addComplements(producer);
  Value bits = producer.threshold.getOutput();
  int64_t channels = mapTypeOf(bits).getDimSize(0) / 2, taps = rows * columns;
  std::vector<int8_t> weights(size_t(channels * 2 * channels * taps), 1);
  for (int64_t c = 0; c < channels; ++c)
    std::fill_n(weights.begin() + (c * 2 * channels + channels + c) * taps,
                taps, int8_t(-1));
  auto i32 = builder.getI32Type();
  auto shape = mapTypeOf(pool.getOutput()).getShape();
  mlir::Location loc = pool.getLoc();
  Value sums = bnn::ConvOp::create(
      builder, loc, RankedTensorType::get(shape, i32), bits,
      DenseElementsAttr::get(
          RankedTensorType::get({channels, 2 * channels, rows, columns},
                                builder.getI8Type()),
          llvm::ArrayRef(weights)),
      strides, pool.getPads(), /*pad_value=*/-1, /*weight_bits=*/1);
  llvm::SmallVector<bool> first(falls.begin(), falls.end());
  first.resize(channels);
  Value result = bnn::ThresholdOp::create(
      builder, loc, mlir::cast<RankedTensorType>(pool.getOutput().getType()),
      sums,
      DenseElementsAttr::get(RankedTensorType::get({channels, 1}, i32),
                             int32_t(4 - 2 * taps)),
      DenseElementsAttr::get(
          RankedTensorType::get({channels}, builder.getI1Type()),
          llvm::ArrayRef(first)),
      /*witnesses=*/mlir::IntegerAttr(), nullptr, nullptr);
  pool.getOutput().replaceAllUsesWith(result);
  pool.erase();
}
} // namespace

void poolRows(mlir::func::FuncOp func) {
  llvm::SmallVector<bnn::MaxPoolOp> pools;
  for (auto pool : func.front().getOps<bnn::MaxPoolOp>())
    if (poolsRows(pool))
      pools.push_back(pool);
  for (bnn::MaxPoolOp pool : pools) {
    mlir::Type element = mapTypeOf(pool.getInput()).getElementType();
    std::vector<bool> falls;
    if (element.isInteger(32))
      pool = sinkPool(pool, falls);
    else if (!element.isInteger(1))
      continue; // the host's
    if (pool)
      poolByConvolution(pool, falls);
  }
}

} // namespace bnncc::lower
