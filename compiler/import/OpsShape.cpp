//===- OpsShape.cpp - Operators that change or make shapes ----------------===//
//
// Reduces every change of shape to Reshape or Expand with a static result type,
// and every computed shape to a constant.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

constexpr int64_t MaxElements = int64_t(1) << 33;

void buildConstant(NodeBuilder &n) {
  if (auto value = n.attrs.getNamed("value"))
    if (auto elements = dyn_cast<DenseElementsAttr>(value->getValue()))
      return n.result(n.emitConstant(elements));
  if (llvm::hasSingleElement(n.attrs)) {
    Attribute value = n.attrs.begin()->getValue();
    Type i64 = n.builder.getI64Type(), f32 = n.builder.getF32Type();
    if (auto integer = dyn_cast<IntegerAttr>(value))
      return n.result(n.emitConstant(DenseElementsAttr::get(
          RankedTensorType::get({}, i64), integer.getInt())));
    if (auto real = dyn_cast<FloatAttr>(value))
      return n.result(n.emitConstant(DenseElementsAttr::get(
          RankedTensorType::get({}, f32), real.getValue())));
    if (auto integers = dyn_cast<DenseI64ArrayAttr>(value))
      return n.result(n.emitConstant(
          DenseElementsAttr::get(RankedTensorType::get({integers.size()}, i64),
                                 integers.asArrayRef())));
    if (auto reals = dyn_cast<DenseF32ArrayAttr>(value))
      return n.result(n.emitConstant(DenseElementsAttr::get(
          RankedTensorType::get({reals.size()}, f32), reals.asArrayRef())));
  }
  n.fail("Constant must hold one number or tensor, found another value; export "
         "the model again");
}

Value emitInts(NodeBuilder &n, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    n.builder.getI64Type());
  return n.emitConstant(DenseElementsAttr::get(type, values));
}

void buildShape(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(n.getInt("start", 0));
  int64_t end = clamp(n.getInt("end", rank));
  n.result(
      emitInts(n, n.shape(0).slice(start, std::max<int64_t>(end - start, 0))));
}

void buildSize(NodeBuilder &n) {
  n.result(n.emitScalar(n.builder.getI64Type(),
                        static_cast<double>(n.type(0).getNumElements())));
}

void buildReshape(NodeBuilder &n) {
  std::optional<Shape> shape = n.getConstantInts(1, "Reshape's shape");
  if (!shape)
    return;
  bool zeroIsZero = n.getInt("allowzero", 0);
  int64_t known = 1, unknown = -1;
  for (auto [i, dim] : llvm::enumerate(*shape)) {
    if (dim == 0 && !zeroIsZero && static_cast<int64_t>(i) < n.rank(0))
      dim = n.shape(0)[i];
    if (dim == -1 && unknown < 0) {
      unknown = static_cast<int64_t>(i);
      continue;
    }
    // The bound keeps the product far from overflow.
    if (dim < 0 || dim > MaxElements || (dim > 0 && known > MaxElements / dim))
      return n.fail("Reshape's shape must have at most one -1 and 2^33 "
                    "elements, found " +
                    toString(*shape) + "; correct the shape");
    known *= dim;
  }
  int64_t count = n.type(0).getNumElements();
  if (unknown >= 0 && known > 0 && count % known == 0)
    (*shape)[unknown] = count / known;
  if (product(*shape) != count)
    return n.fail("Reshape must keep the number of elements, found " +
                  toString(n.shape(0)) + " to " + toString(*shape) +
                  "; correct the shape, or export with batch size 1");
  n.result(n.emitReshape(n.in(0), *shape));
}

void buildFlatten(NodeBuilder &n) {
  int64_t rank = n.rank(0), axis = n.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    return n.fail("axis must be in [-" + Twine(rank) + ", " + Twine(rank) +
                  "], found " + Twine(axis) + "; correct the axis");
  axis += axis < 0 ? rank : 0;
  n.result(n.emitReshape(n.in(0), {product(n.shape(0).take_front(axis)),
                                   product(n.shape(0).drop_front(axis))}));
}

std::optional<Shape> axesOf(NodeBuilder &n) {
  if (n.opset >= 13)
    return n.has(1) ? n.getConstantInts(1, "axes") : std::nullopt;
  return n.getInts("axes");
}

void buildSqueeze(NodeBuilder &n) {
  std::optional<Shape> axes = axesOf(n);
  if (axes)
    axes = n.getAxes(*axes, n.rank(0));
  if (n.hasFailed())
    return;
  Shape shape;
  for (auto [axis, dim] : llvm::enumerate(n.shape(0))) {
    bool drop =
        axes ? llvm::is_contained(*axes, static_cast<int64_t>(axis)) : dim == 1;
    if (drop && dim != 1)
      return n.fail("a squeezed axis must have size 1, found " + Twine(dim) +
                    " on axis " + Twine(axis) + "; correct axes");
    if (!drop)
      shape.push_back(dim);
  }
  n.result(n.emitReshape(n.in(0), shape));
}

void buildUnsqueeze(NodeBuilder &n) {
  std::optional<Shape> axes = axesOf(n);
  if (!axes)
    return n.fail("Unsqueeze must have axes, found none; export the model "
                  "again");
  auto rank = n.rank(0) + static_cast<int64_t>(axes->size());
  axes = n.getAxes(*axes, rank);
  if (!axes)
    return;
  Shape shape(n.shape(0));
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  n.result(n.emitReshape(n.in(0), shape));
}

/// A shape that is about to be filled: bounded before memory is taken for it.
std::optional<Shape> getFilledShape(NodeBuilder &n, unsigned input) {
  std::optional<Shape> shape = n.getConstantInts(input, "the shape");
  int64_t count = 1;
  for (int64_t dim : shape.value_or(Shape())) {
    if (dim < 0 || (dim > 0 && count > (int64_t(1) << 30) / dim)) {
      n.fail("a shape must have no negative axis and at most 2^30 elements, "
             "found " +
             toString(*shape) + "; correct the shape");
      return std::nullopt;
    }
    count *= dim;
  }
  return shape;
}

void buildConstantOfShape(NodeBuilder &n) {
  std::optional<Shape> shape = getFilledShape(n, 0);
  if (!shape)
    return;
  Attribute given = n.attrs.get("value");
  auto value = dyn_cast_or_null<DenseElementsAttr>(given);
  if (given && (!value || value.getNumElements() != 1))
    return n.fail("ConstantOfShape's value must have one element, found "
                  "another; export the model again");
  if (!value)
    value = DenseElementsAttr::get(
        RankedTensorType::get({1}, n.builder.getF32Type()), 0.0f);
  Value one = n.emitReshape(n.emitConstant(value), {});
  n.result(n.emit("Expand", one,
                  RankedTensorType::get(*shape, value.getElementType())));
}

void buildExpand(NodeBuilder &n) {
  std::optional<Shape> asked = getFilledShape(n, 1);
  if (!asked)
    return;
  std::optional<Shape> shape = broadcast(n.shape(0), *asked);
  if (!shape)
    return n.fail("Expand's shape must broadcast with the input, found " +
                  toString(*asked) + " for " + toString(n.shape(0)) +
                  "; correct the shape");
  if (ArrayRef<int64_t>(*shape) == n.shape(0))
    return n.result(n.in(0));
  n.result(n.emit("Expand", n.in(0), n.type(0).clone(*shape)));
}

/// Tile(x, repeats): along axes of size 1 an Expand, else a Concat of copies.
void buildTile(NodeBuilder &n) {
  std::optional<Shape> repeats = getFilledShape(n, 1);
  if (!repeats)
    return;
  if (static_cast<int64_t>(repeats->size()) != n.rank(0))
    return n.fail("repeats must have one value per axis, found " +
                  Twine(repeats->size()) + " for " + toString(n.shape(0)) +
                  "; correct repeats");
  Value value = n.in(0);
  for (auto [axis, times] : llvm::enumerate(*repeats)) {
    if (times == 1)
      continue;
    Shape shape(NodeBuilder::typeOf(value).getShape());
    bool expands = shape[axis] == 1;
    shape[axis] *= times;
    if (times > 4096 && !expands)
      return n.fail("repeats must be at most 4096, found " + Twine(times) +
                    "; correct repeats");
    llvm::SmallVector<Value> copies(expands ? 1 : times, value);
    value = n.emit(expands ? "Expand" : "Concat", copies,
                   NodeBuilder::typeOf(value).clone(shape),
                   expands ? llvm::SmallVector<NamedAttribute>()
                           : llvm::SmallVector<NamedAttribute>{
                                 n.attr("axis", static_cast<int64_t>(axis))});
  }
  n.result(value);
}

void buildRange(NodeBuilder &n) {
  Shape bounds;
  for (unsigned i : {0, 1, 2}) {
    std::optional<Shape> value = n.getConstantInts(i, "Range's bounds");
    if (!value)
      return;
    bounds.push_back(value->empty() ? 0 : value->front());
  }
  int64_t start = bounds[0], end = bounds[1], step = bounds[2];
  double steps =
      step ? std::ceil((double(end) - double(start)) / double(step)) : 0;
  if (step == 0 || steps > (1 << 24))
    return n.fail("Range must have at most 2^24 values, found step " +
                  Twine(step) + "; correct the bounds");
  Elements values(
      RankedTensorType::get({std::max<int64_t>(static_cast<int64_t>(steps), 0)},
                            n.type(0).getElementType()));
  for (int64_t i = 0; i < values.size(); ++i)
    values.setInt(i, start + i * step);
  n.result(n.emitConstant(values.toAttr()));
}

} // namespace

void addShapeHandlers(HandlerTable &table) {
  table["Constant"] = {0, 0, buildConstant};
  table["Shape"] = {1, 1, buildShape};
  table["Size"] = {1, 1, buildSize};
  table["Reshape"] = {2, 2, buildReshape};
  table["Flatten"] = {1, 1, buildFlatten};
  table["Squeeze"] = {1, 2, buildSqueeze};
  table["Unsqueeze"] = {1, 2, buildUnsqueeze};
  table["ConstantOfShape"] = {1, 1, buildConstantOfShape};
  table["Expand"] = {2, 2, buildExpand};
  table["Tile"] = {2, 2, buildTile};
  table["Range"] = {3, 3, buildRange};
}

} // namespace bnncc::importer
