// Cuts of maps between layers.

#include "fuse/Crop.h"
#include "bnn/BnnDialect.h"
#include "fuse/Graph.h"

using llvm::ArrayRef;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

std::optional<Crop> asCrop(ArrayRef<int32_t> from, ArrayRef<int64_t> dims,
                           ArrayRef<int64_t> to) {
  if (dims[0] != to[0] || from.empty())
    return std::nullopt;
  Crop crop{{from[0] / dims[2], from[0] % dims[2]}, {1, 1}, {to[1], to[2]}};
  if (to[2] > 1)
    crop.step[1] = from[1] - from[0];
  if (to[1] > 1)
    crop.step[0] = (from[to[2]] - from[0]) / dims[2];
  for (int axis : {0, 1})
    if (crop.step[axis] < 1 ||
        crop.start[axis] + (to[axis + 1] - 1) * crop.step[axis] >=
            dims[axis + 1])
      return std::nullopt;
  Indices places = walk(to, {dims[1] * dims[2], crop.step[0] * dims[2],
                             crop.step[1]},
                        from[0]);
  return llvm::equal(places, from) ? std::optional(crop) : std::nullopt;
}

namespace {

RankedTensorType withPositions(Value value, const Crop &crop) {
  RankedTensorType type = tensorType(value);
  return type.clone({type.getDimSize(0), crop.size[0], crop.size[1]});
}

/// A window that computes `crop` of what it did, and the cut of its input.
struct CroppedWindow {
  Shape strides, pads;
  Value input;
};

std::optional<CroppedWindow> cropWindow(mlir::OpBuilder &builder, Value input,
                                        ArrayRef<int64_t> kernel,
                                        ArrayRef<int64_t> strides,
                                        ArrayRef<int64_t> pads,
                                        const Crop &crop) {
  CroppedWindow window{Shape(strides), Shape(pads), input};
  Crop read{{0, 0}, {1, 1}, {0, 0}};
  bool reads = false;
  for (int axis : {0, 1}) {
    int64_t size = tensorType(input).getDimSize(axis + 1);
    int64_t first = crop.start[axis] * strides[axis] - pads[axis];
    window.strides[axis] = strides[axis] * crop.step[axis];
    int64_t end =
        first + (crop.size[axis] - 1) * window.strides[axis] + kernel[axis];
    // A part of the input, with pads where the windows reach beyond it.
    read.start[axis] = std::max<int64_t>(first, 0);
    read.size[axis] = std::min(end, size) - read.start[axis];
    window.pads[axis] = std::max<int64_t>(-first, 0);
    window.pads[axis + 2] = std::max<int64_t>(end - size, 0);
    if (read.size[axis] < 1)
      return std::nullopt;
    // What is left over at the end need not be cut, if it gives no window.
    bool leaves = read.start[axis] == 0 && size - read.size[axis] > 0 &&
                  size - read.size[axis] < window.strides[axis];
    if (leaves)
      read.size[axis] = size;
    reads |= read.size[axis] != size;
  }
  if (reads)
    window.input = cropped(builder, input, read);
  return window.input ? std::optional(window) : std::nullopt;
}

} // namespace

Value cropped(mlir::OpBuilder &builder, Value value, const Crop &crop) {
  mlir::Operation *op = value.getDefiningOp();
  RankedTensorType type = withPositions(value, crop);
  if (!op || llvm::isa<bnn::GatherOp, bnn::ReshapeOp>(op)) {
    // The graph's input, however packed.
    Value root = value;
    while (root.getDefiningOp() &&
           llvm::isa<bnn::GatherOp, bnn::ReshapeOp>(root.getDefiningOp()))
      root = root.getDefiningOp()->getOperand(0);
    if (root.getDefiningOp())
      return nullptr;
    auto dims = tensorType(value).getShape();
    Indices from =
        walk(type.getShape(),
             {dims[1] * dims[2], crop.step[0] * dims[2], crop.step[1]},
             crop.start[0] * dims[2] + crop.start[1]);
    return bnn::GatherOp::create(builder, value.getLoc(), type, value, from);
  }
  if (auto conv = llvm::dyn_cast<bnn::ConvOp>(op)) {
    auto kernel = llvm::cast<mlir::ShapedType>(conv.getWeight().getType())
                      .getShape()
                      .drop_front(2);
    auto window = cropWindow(builder, conv.getInput(), kernel,
                             conv.getStrides(), conv.getPads(), crop);
    if (!window)
      return nullptr;
    return bnn::ConvOp::create(builder, op->getLoc(), type, window->input,
                               conv.getWeight(), window->strides, window->pads,
                               conv.getPadValue(), conv.getWeightBits());
  }
  if (auto pool = llvm::dyn_cast<bnn::MaxPoolOp>(op)) {
    auto window = cropWindow(builder, pool.getInput(), pool.getKernel(),
                             pool.getStrides(), pool.getPads(), crop);
    if (!window)
      return nullptr;
    return bnn::MaxPoolOp::create(builder, op->getLoc(), type, window->input,
                                  pool.getKernel(), window->strides,
                                  window->pads);
  }
  if (!llvm::isa<bnn::ThresholdOp, bnn::QuantizeOp, bnn::CastInputOp>(op))
    return nullptr;
  Value input = cropped(builder, op->getOperand(0), crop);
  if (!input)
    return nullptr;
  mlir::Operation *clone = builder.clone(*op);
  clone->setOperand(0, input);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

} // namespace bnncc
