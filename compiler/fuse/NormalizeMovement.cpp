// What moves elements: transpositions move none, cuts are Picks, and
// concatenations join channels.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"

using llvm::ArrayRef;
using llvm::LogicalResult;
using llvm::SmallVector;
using mlir::Operation;
using mlir::Value;

namespace bnncc {

// The map stays; its elements are read in another order.
LogicalResult Normalizer::rewriteTranspose(Operation *op) {
  Value data = op->getOperand(0);
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  return replace(
      op, maps.lookup(data),
      Order(orderOf(data).select(transposed(shape, intsOf(op, "perm")))));
}

LogicalResult Normalizer::rewriteSelection(Operation *op) {
  Value data = op->getOperand(0), result = op->getResult(0);
  Indices from;
  if (maps.count(data))
    from = selectionOf(op, onnxTypeOf(data).getShape());
  if (from.empty())
    return op->emitOpError("must choose elements by constant indices, but "
                           "found computed ones; make them constants of the "
                           "graph");
  from = orderOf(data).select(from);
  auto layout = layouts.find(result);
  Shape dims = defaultDims(tensorType(result).getShape());
  Order order;
  if (layout != layouts.end()) {
    dims = layout->second.dims;
    Indices chosen;
    for (int32_t i : layout->second.from)
      chosen.push_back(from[i]);
    from = std::move(chosen);
    order = Order(inverse(layout->second.from));
  }
  return replace(op, pick(op->getLoc(), maps.lookup(data), std::move(from), dims),
                 std::move(order));
}

LogicalResult Normalizer::rewriteConcat(Operation *op) {
  if (asPad(op))
    return rewritePad(op);
  int64_t axis = intOf(op, "axis", 1);
  for (Value operand : op->getOperands())
    if (!maps.count(operand))
      return op->emitOpError("must join computed maps, but found a constant "
                             "that is no border of one value; join them before "
                             "export");
  // All operands get the order of positions that the first has.
  Value first = op->getOperand(0);
  ArrayRef<int64_t> shape = onnxTypeOf(first).getShape();
  Shape steps = stepsOf(shape), others, otherSteps, dims(dimsOf(first));
  for (size_t k = 0; k < shape.size(); ++k)
    if (int64_t(k) != axis) {
      others.push_back(shape[k]);
      otherSteps.push_back(steps[k]);
    }
  int64_t count = elementCount(others);
  Indices rank(count), rest = walk(others, otherSteps);
  if (hasChannels(first, axis)) {
    for (int64_t p = 0; p < count; ++p)
      rank[p] = int32_t(orderOf(first).at(rest[p]) % count);
  } else {
    std::iota(rank.begin(), rank.end(), 0);
    Shape default_ = defaultDims(shape);
    dims = axis == 1 && shape.size() > 2 ? default_ : Shape{1, 1, count};
  }
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands()) {
    ArrayRef<int64_t> own = onnxTypeOf(operand).getShape();
    Shape ownSteps = stepsOf(own), ownOtherSteps;
    for (size_t k = 0; k < own.size(); ++k)
      if (int64_t(k) != axis)
        ownOtherSteps.push_back(ownSteps[k]);
    Indices places = walk(others, ownOtherSteps), wanted(elementCount(own));
    for (int64_t c = 0; c < own[axis]; ++c)
      for (int64_t p = 0; p < count; ++p)
        wanted[c * count + rank[p]] = int32_t(places[p] + c * ownSteps[axis]);
    dims[0] = own[axis];
    inputs.push_back(arrange(op, operand, wanted, dims));
  }
  auto result = tensorType(op->getResult(0));
  dims[0] = result.getDimSize(axis);
  Shape all = stepsOf(result.getShape()), resultOtherSteps;
  for (size_t k = 0; k < all.size(); ++k)
    if (int64_t(k) != axis)
      resultOtherSteps.push_back(all[k]);
  Indices order(result.getNumElements());
  Indices places = walk(others, resultOtherSteps);
  for (int64_t c = 0; c < dims[0]; ++c)
    for (int64_t p = 0; p < count; ++p)
      order[places[p] + c * all[axis]] = int32_t(c * count + rank[p]);
  return replace(op,
                 createOnnx(builder, op->getLoc(), "Concat",
                            result.clone(dims), inputs),
                 Order(std::move(order)));
}

static double numberOf(mlir::Attribute value) {
  if (auto real = llvm::dyn_cast_or_null<mlir::FloatAttr>(value))
    return real.getValueAsDouble();
  auto integer = llvm::dyn_cast_or_null<mlir::IntegerAttr>(value);
  if (!integer)
    return 0;
  bool isSigned = !integer.getType().isUnsignedInteger() &&
                  !integer.getType().isInteger(1);
  return isSigned ? double(integer.getValue().getSExtValue())
                  : double(integer.getValue().getZExtValue());
}

LogicalResult Normalizer::rewritePad(Operation *op) {
  Value data = op->getOperand(0);
  Shape pads(intsOf(op, "pads"));
  mlir::Attribute value = op->getAttr("value");
  if (auto join = asPad(op)) {
    data = join->data;
    int64_t rank = onnxTypeOf(data).getRank();
    pads.assign(2 * rank, 0);
    pads[join->axis] = join->before;
    pads[rank + join->axis] = join->after;
    value = join->value.getDefiningOp()
                ->getAttrOfType<mlir::DenseElementsAttr>("value")
                .getSplatValue<mlir::Attribute>();
  }
  ArrayRef<int64_t> shape = onnxTypeOf(data).getShape();
  size_t rank = shape.size();
  auto isPadded = [&](size_t k) { return pads[k] != 0 || pads[rank + k] != 0; };

  // The axes of the map, after a move where an ONNX axis runs along none.
  Value map = maps.lookup(data);
  auto along = alongAxes(data);
  bool fits = along.has_value();
  for (size_t k = 0; fits && k < rank; ++k)
    fits = !isPadded(k) || (*along)[k] != 0;
  if (!fits) {
    auto placed = place(op, data);
    if (llvm::failed(placed))
      return llvm::failure();
    map = placed->map;
    along = {shape[0] == 1 ? -1 : 0, shape[1] == 1 ? -1 : 0};
    along->append(placed->axes.begin(), placed->axes.end());
  }
  // A padded axis of size 1 becomes an axis of positions.
  for (size_t k = rank; k-- > 0;) {
    if (!isPadded(k) || (*along)[k] >= 0)
      continue;
    int free = !llvm::is_contained(*along, 2)   ? 2
               : !llvm::is_contained(*along, 1) ? 1
                                                : 0;
    bool isChannel = k == 0 || (k == 1 && rank > 2) || free == 0 ||
                     tensorType(map).getDimSize(free) != 1;
    (*along)[k] = isChannel ? 0 : free;
  }
  Shape dims(tensorType(map).getShape()), sides = {0, 0, 0, 0};
  for (size_t k = 0; k < rank; ++k) {
    if (!isPadded(k))
      continue;
    int axis = (*along)[k];
    if (axis == 0)
      return op->emitOpError("must pad positions by a constant, but found pads "
                             "[")
             << ArrayRef(pads) << "] on " << shapeText(shape)
             << "; pad no batches and no channels";
    sides[axis - 1] = pads[k];
    sides[axis + 1] = pads[rank + k];
    dims[axis] += pads[k] + pads[rank + k];
  }
  Shape mapSteps = stepsOf(dims), steps;
  for (int axis : *along)
    steps.push_back(axis < 0 ? 0 : mapSteps[axis]);
  auto result = tensorType(op->getResult(0));
  return replace(
      op,
      createOnnx(builder, op->getLoc(), "Pad", result.clone(dims), map,
                 {builder.getNamedAttr("pads",
                                       builder.getDenseI64ArrayAttr(sides)),
                  builder.getNamedAttr(
                      "value", builder.getF64FloatAttr(numberOf(value)))}),
      Order(walk(result.getShape(), steps)));
}

} // namespace bnncc
