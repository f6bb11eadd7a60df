// Readings of a map: which of its axes an ONNX axis is, and Picks where it is
// none.

#include "fuse/Graph.h"
#include "fuse/Normalizer.h"

using llvm::ArrayRef;
using llvm::LogicalResult;
using llvm::SmallVector;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

// The batch axis goes, a lonely axis of positions lies along x.
Shape defaultDims(ArrayRef<int64_t> shape) {
  if (shape.size() >= 2 && shape.front() == 1)
    shape = shape.drop_front();
  Shape dims = {1, 1, 1};
  if (shape.empty())
    return dims;
  dims[0] = shape.front();
  Shape positions(shape.drop_front());
  if (positions.size() != 2)
    llvm::erase(positions, 1);
  if (positions.size() == 2 && positions[1] == 1)
    std::swap(positions[0], positions[1]);
  if (positions.size() == 2)
    dims[1] = positions[0];
  dims[2] = elementCount(positions) / dims[1];
  return dims;
}

ArrayRef<int64_t> Normalizer::dimsOf(Value value) const {
  return tensorType(maps.lookup(value)).getShape();
}

std::optional<SmallVector<int>> Normalizer::alongAxes(Value value) const {
  ArrayRef<int64_t> shape = onnxTypeOf(value).getShape(), dims = dimsOf(value);
  const Order order = orderOf(value);
  Shape steps = stepsOf(shape), mapSteps = stepsOf(dims), taken;
  SmallVector<int> axes;
  for (size_t k = 0; k < shape.size(); ++k) {
    int along = -1;
    for (int m : {2, 1, 0})
      if (shape[k] > 1 && dims[m] == shape[k] && !llvm::is_contained(axes, m) &&
          order.at(steps[k]) == mapSteps[m])
        along = m;
    if (shape[k] > 1 && along < 0)
      return std::nullopt;
    axes.push_back(along);
    taken.push_back(along < 0 ? 0 : mapSteps[along]);
  }
  if (!order.isIdentity()) {
    Indices places = walk(shape, taken);
    for (size_t i = 0; i < places.size(); ++i)
      if (order.at(int64_t(i)) != places[i])
        return std::nullopt;
  }
  return axes;
}

bool Normalizer::hasChannels(Value value, int64_t axis) const {
  ArrayRef<int64_t> shape = onnxTypeOf(value).getShape(), dims = dimsOf(value);
  if (shape[axis] != dims[0])
    return false;
  Order order = orderOf(value);
  int64_t step = stepsOf(shape)[axis], positions = dims[1] * dims[2];
  for (int64_t i = 0, e = elementCount(shape); i < e; ++i)
    if (order.at(i) / positions != i / step % shape[axis])
      return false;
  return true;
}

Value Normalizer::pick(mlir::Location loc, Value x, Indices from,
                       ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, tensorType(x).getElementType());
  bool moves = int64_t(from.size()) != tensorType(x).getNumElements() ||
               !Order(from).isIdentity();
  if (!moves)
    return reshaped(loc, x, shape);
  return createOnnx(
      builder, loc, "Pick", type, x,
      builder.getNamedAttr("from", builder.getDenseI32ArrayAttr(from)));
}

// The node that moved the elements which `op` reads: the user's Transpose, not
// the layer behind it.
static mlir::Location whereMoved(Operation *op, Value value) {
  for (Operation *from = value.getDefiningOp(); from;
       from = from->getOperand(0).getDefiningOp()) {
    if (isOnnx(from, "Transpose") || isOnnx(from, "Reshape"))
      return from->getLoc();
    bool isUnary =
        from->getNumOperands() > 0 && isOnnx(from, opType(from)) &&
        from->getOperand(0).getType() == from->getResult(0).getType();
    if (!isUnary)
      break;
  }
  return op->getLoc();
}

Value Normalizer::arrange(Operation *op, Value value, ArrayRef<int32_t> wanted,
                          ArrayRef<int64_t> dims) {
  return pick(whereMoved(op, value), maps.lookup(value),
              orderOf(value).select(wanted), dims);
}

mlir::FailureOr<Normalizer::Placed> Normalizer::place(Operation *op,
                                                      Value value) {
  ArrayRef<int64_t> shape = onnxTypeOf(value).getShape();
  if (shape.size() < 3 || shape.size() > 4 || shape[0] != 1)
    return op->emitOpError("must have data of one window with channels and one "
                           "or two axes of positions, but found ")
           << shapeText(shape) << "; squeeze the other axes";
  auto along = alongAxes(value);
  auto mayBe = [&](size_t k, std::initializer_list<int> allowed) {
    return (*along)[k] < 0 || llvm::is_contained(allowed, (*along)[k]);
  };
  bool fits = along && mayBe(1, {0}) && (shape[1] > 1 || dimsOf(value)[0] == 1);
  for (size_t k = 2; fits && k < shape.size(); ++k)
    fits = mayBe(k, {1, 2});
  Placed placed{maps.lookup(value), {}};
  if (fits) {
    for (size_t k = 2; k < shape.size(); ++k)
      placed.axes.push_back((*along)[k]);
  } else {
    Shape dims = defaultDims(shape);
    placed.map =
        arrange(op, value, walk(shape, stepsOf(shape)), dims);
    bool lies = shape.size() == 3 || shape[3] == 1;
    placed.axes = {lies ? 2 : 1, lies ? 1 : 2};
    placed.axes.resize(shape.size() - 2);
  }
  // Axes of size 1 take what is left.
  SmallVector<int> &axes = placed.axes;
  if (axes.size() == 1)
    axes[0] = axes[0] < 0 ? 2 : axes[0];
  else if (axes[0] < 0)
    axes[0] = axes[1] == 1 ? 2 : 1;
  if (axes.size() == 2 && axes[1] < 0)
    axes[1] = 3 - axes[0];
  return placed;
}

LogicalResult Normalizer::replaceWindow(Operation *op, const Placed &placed,
                                        llvm::StringRef name,
                                        mlir::ValueRange operands,
                                        ArrayRef<mlir::NamedAttribute> attrs) {
  RankedTensorType result = tensorType(op->getResult(0));
  Shape dims = {result.getDimSize(1), 1, 1};
  for (auto [k, axis] : llvm::enumerate(placed.axes))
    dims[axis] = result.getDimSize(int64_t(k) + 2);
  Shape all = stepsOf(dims), steps = {0, all[0]};
  for (int axis : placed.axes)
    steps.push_back(all[axis]);
  bool ascends = llvm::is_sorted(placed.axes);
  return replace(op,
                 createOnnx(builder, op->getLoc(), name,
                            RankedTensorType::get(dims,
                                                  result.getElementType()),
                            operands, attrs),
                 ascends ? Order() : Order(walk(result.getShape(), steps)));
}

Value Normalizer::reshaped(mlir::Location loc, Value map,
                           ArrayRef<int64_t> shape) {
  if (tensorType(map).getShape() == shape)
    return map;
  auto result = RankedTensorType::get(shape, tensorType(map).getElementType());
  return createOnnx(builder, loc, "Reshape", result, map);
}

LogicalResult Normalizer::replace(Operation *op, Value map, Order order) {
  Value result = op->getResult(0);
  maps[result] = map;
  // Of operations that one node became, the last counts.
  auto name = llvm::dyn_cast<mlir::NameLoc>(op->getLoc());
  if (name)
    moved.erase(name.getName());
  if (!order.isIdentity()) {
    if (name) {
      Indices places(tensorType(map).getNumElements());
      for (size_t i = 0; i < places.size(); ++i)
        places[i] = int32_t(order.at(int64_t(i)));
      moved.set(name.getName(), builder.getDenseI32ArrayAttr(places));
    }
    orders[result] = std::move(order);
  }
  return llvm::success();
}

LogicalResult Normalizer::replace(Operation *op, Value map) {
  for (Value operand : op->getOperands())
    if (maps.count(operand))
      return replace(op, map, orderOf(operand));
  return replace(op, map, Order());
}

LogicalResult Normalizer::replace(Operation *op, llvm::StringRef name,
                                  mlir::ValueRange operands,
                                  ArrayRef<mlir::NamedAttribute> attrs) {
  auto type =
      RankedTensorType::get(tensorType(operands.front()).getShape(),
                            tensorType(op->getResult(0)).getElementType());
  return replace(
      op, createOnnx(builder, op->getLoc(), name, type, operands, attrs));
}

} // namespace bnncc
