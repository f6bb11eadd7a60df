//===- OpsMovement.cpp - Operators that move elements ---------------------===//
//
// Normalises transposition, padding, slicing, splitting, gathering and
// concatenation to operations with static attributes.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

void buildTranspose(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  std::optional<Shape> perm = n.getInts("perm");
  if (!perm) {
    perm = iota(0, rank);
    std::reverse(perm->begin(), perm->end());
  }
  Shape sorted = *perm;
  llvm::sort(sorted);
  if (sorted != iota(0, rank))
    return n.fail("perm must be a permutation of " + Twine(rank) +
                  " axes, found " + toString(*perm) + "; correct perm");
  n.result(n.emitTranspose(n.in(0), *perm));
}

/// The canonical Slice: one start, step and size per axis.
Value emitSlice(NodeBuilder &n, Value value, ArrayRef<int64_t> starts,
                ArrayRef<int64_t> steps, ArrayRef<int64_t> sizes) {
  RankedTensorType type = NodeBuilder::typeOf(value);
  if (type.getShape() == sizes &&
      llvm::all_of(steps, [](int64_t step) { return step == 1; }))
    return value;
  return n.emit("Slice", value, type.clone(sizes),
                {n.attr("starts", starts), n.attr("steps", steps)});
}

/// Cuts [start, start + size) out of one axis.
Value emitSliceOfAxis(NodeBuilder &n, Value value, int64_t axis, int64_t start,
                      int64_t size) {
  Shape sizes(NodeBuilder::typeOf(value).getShape());
  Shape starts(sizes.size(), 0), steps(sizes.size(), 1);
  starts[axis] = start;
  sizes[axis] = size;
  return emitSlice(n, value, starts, steps, sizes);
}

void buildSlice(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  std::optional<Shape> from, to, axes, by;
  if (n.opset < 10) {
    from = n.getInts("starts");
    to = n.getInts("ends");
    axes = n.getInts("axes");
    if (!from || !to)
      return n.fail("Slice must have starts and ends, found none; export the "
                    "model again");
  } else {
    if (!n.has(1) || !n.has(2))
      return n.fail("Slice must have starts and ends, found none; export the "
                    "model again");
    from = n.getConstantInts(1, "starts");
    to = n.getConstantInts(2, "ends");
    if (n.has(3))
      axes = n.getConstantInts(3, "axes");
    if (n.has(4))
      by = n.getConstantInts(4, "steps");
  }
  if (n.hasFailed())
    return;
  if (!axes)
    axes = iota(0, from->size());
  if (!by)
    by.emplace(from->size(), 1);
  if (to->size() != from->size() || axes->size() != from->size() ||
      by->size() != from->size())
    return n.fail("starts, ends, axes and steps must have one length, found " +
                  Twine(from->size()) + ", " + Twine(to->size()) + ", " +
                  Twine(axes->size()) + " and " + Twine(by->size()) +
                  "; export the model again");
  Shape starts(rank, 0), steps(rank, 1), sizes(n.shape(0));
  if (!n.getAxes(*axes, rank))
    return;
  for (size_t i = 0; i < from->size(); ++i) {
    int64_t axis = *n.getAxis((*axes)[i], rank), dim = n.shape(0)[axis];
    int64_t start = (*from)[i], end = (*to)[i], step = (*by)[i];
    if (step == 0 || step == INT64_MIN)
      return n.fail("a step must not be zero, found " + Twine(step) +
                    "; correct steps");
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    start = std::clamp<int64_t>(start, 0, step > 0 ? dim : dim - 1);
    end = std::clamp<int64_t>(end, step > 0 ? 0 : -1, dim);
    int64_t span = step > 0 ? end - start : start - end;
    int64_t stride = std::abs(step);
    starts[axis] = std::max<int64_t>(start, 0);
    steps[axis] = step;
    sizes[axis] = span <= 0 ? 0 : (span - 1) / stride + 1;
  }
  n.result(emitSlice(n, n.in(0), starts, steps, sizes));
}

void buildPad(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  std::string mode = n.getString("mode", "constant");
  if (mode != "constant")
    return n.fail("Pad's mode must be constant, found '" + mode +
                  "'; pad with a constant");
  bool asInputs = n.opset >= 11;
  if (asInputs && !n.has(1))
    return n.fail("Pad must have pads, found none; export the model again");
  std::optional<Shape> given =
      asInputs ? n.getConstantInts(1, "pads") : n.getInts("pads");
  if (!given)
    return n.fail("Pad must have pads, found none; export the model again");
  Shape axes = iota(0, rank);
  if (n.has(3)) {
    std::optional<Shape> chosen = n.getConstantInts(3, "axes");
    if (!chosen || !n.getAxes(*chosen, rank))
      return;
    axes.clear();
    for (int64_t axis : *chosen)
      axes.push_back(*n.getAxis(axis, rank));
  }
  if (given->size() != 2 * axes.size())
    return n.fail("pads must have two values per axis, found " +
                  Twine(given->size()) + " for " + Twine(axes.size()) +
                  " axes; correct pads");
  double value = asInputs ? 0 : n.getFloat("value", 0);
  if (n.has(2)) {
    DenseElementsAttr constant = constantOf(n.in(2));
    if (!constant || constant.getNumElements() != 1)
      return n.fail("Pad's value must be one constant, found another value; "
                    "export the model again");
    value = Elements::get(constant).getDouble(0);
  }
  Shape pads(2 * rank, 0), starts(rank, 0), steps(rank, 1), sizes(n.shape(0));
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i], begin = (*given)[i],
            end = (*given)[axes.size() + i];
    // A cut is a slice before the padding.
    starts[axis] = std::max<int64_t>(-begin, 0);
    sizes[axis] -= starts[axis] + std::max<int64_t>(-end, 0);
    if (sizes[axis] < 0 || std::max(begin, end) > (int64_t(1) << 30))
      return n.fail("pads must leave a map, found " + Twine(begin) + " and " +
                    Twine(end) + " on axis " + Twine(axis) + " of " +
                    toString(n.shape(0)) + "; correct pads");
    pads[axis] = std::max<int64_t>(begin, 0);
    pads[rank + axis] = std::max<int64_t>(end, 0);
  }
  Value cut = emitSlice(n, n.in(0), starts, steps, sizes);
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return n.result(cut);
  for (int64_t axis = 0; axis < rank; ++axis)
    sizes[axis] += pads[axis] + pads[rank + axis];
  Type element = n.type(0).getElementType();
  Attribute valueAttr;
  if (isa<FloatType>(element))
    valueAttr = FloatAttr::get(element, value);
  else
    valueAttr = IntegerAttr::get(
        element, APInt(element.getIntOrFloatBitWidth(),
                       static_cast<uint64_t>(static_cast<int64_t>(value)),
                       /*isSigned=*/true, /*implicitTrunc=*/true));
  n.result(n.emit("Pad", cut, n.type(0).clone(sizes),
                  {n.attr("pads", pads), n.attr("value", valueAttr)}));
}

void buildConcat(NodeBuilder &n) {
  std::optional<int64_t> axis = n.getAxis(n.getInt("axis", 1), n.rank(0));
  if (!axis)
    return;
  Shape shape(n.shape(0));
  shape[*axis] = 0;
  Type element = n.type(0).getElementType();
  for (auto [i, input] : llvm::enumerate(n.inputs)) {
    if (!input)
      return n.fail("every input must be there, found none at position " +
                    Twine(i) + "; export the model again");
    Shape part(n.shape(i));
    int64_t size = part.size() == shape.size() ? part[*axis] : 0;
    if (part.size() == shape.size())
      part[*axis] = shape[*axis];
    if (part != shape || n.type(i).getElementType() != element)
      return n.fail("inputs must agree but for axis " + Twine(*axis) +
                    ", found " + toString(n.shape(0)) + " and " +
                    toString(n.shape(i)) + "; correct the shapes");
    shape[*axis] += size;
  }
  if (n.inputs.size() == 1)
    return n.result(n.in(0));
  n.result(n.emit("Concat", n.inputs, RankedTensorType::get(shape, element),
                  n.attr("axis", *axis)));
}

/// Split(x) -> one Slice per output
void buildSplit(NodeBuilder &n) {
  std::optional<int64_t> axis = n.getAxis(n.getInt("axis", 0), n.rank(0));
  std::optional<Shape> sizes = n.getInts("split");
  if (n.opset >= 13 && n.has(1))
    sizes = n.getConstantInts(1, "split");
  if (!axis || n.hasFailed())
    return;
  int64_t dim = n.shape(0)[*axis];
  if (!sizes) {
    auto parts = static_cast<int64_t>(n.wantedOutputs.size());
    int64_t each = (dim + parts - 1) / parts;
    sizes.emplace();
    for (int64_t left = dim; left > 0; left -= each)
      sizes->push_back(std::min(each, left));
  }
  int64_t sum = 0;
  for (int64_t size : *sizes)
    sum += size < 0 ? dim + 1 : size;
  if (sizes->size() != n.wantedOutputs.size() || sum != dim)
    return n.fail("split must give each output a part of axis " + Twine(*axis) +
                  ", found " + toString(*sizes) + " for " + Twine(dim) +
                  "; correct split");
  int64_t start = 0;
  for (int64_t size : *sizes) {
    n.result(emitSliceOfAxis(n, n.in(0), *axis, start, size));
    start += size;
  }
}

/// Gather by one index, or by neighbours, is a Slice.
void buildGather(NodeBuilder &n) {
  std::optional<int64_t> axis = n.getAxis(n.getInt("axis", 0), n.rank(0));
  if (!axis)
    return;
  int64_t dim = n.shape(0)[*axis];
  ArrayRef<int64_t> data = n.shape(0), indexShape = n.shape(1);
  Shape shape(data.take_front(*axis));
  llvm::append_range(shape, indexShape);
  llvm::append_range(shape, data.drop_front(*axis + 1));
  Value indices = n.in(1);
  if (DenseElementsAttr constant = constantOf(indices)) {
    Elements values = Elements::get(constant);
    bool neighbours = values.size() > 0;
    for (int64_t i = 0; i < values.size(); ++i) {
      int64_t index = values.getInt(i);
      if (index < -dim || index >= dim)
        return n.fail("an index must lie in axis " + Twine(*axis) + " of " +
                      Twine(dim) + ", found " + Twine(index) +
                      "; correct the indices");
      values.setInt(i, index < 0 ? index + dim : index);
      neighbours &= values.getInt(i) == values.getInt(0) + i;
    }
    if (neighbours) {
      Value slice =
          emitSliceOfAxis(n, n.in(0), *axis, values.getInt(0), values.size());
      return n.result(n.emitReshape(slice, shape));
    }
    indices = n.emitConstant(values.toAttr());
  }
  n.result(n.emit("Gather", {n.in(0), indices}, n.type(0).clone(shape),
                  n.attr("axis", *axis)));
}

/// SpaceToDepth and DepthToSpace -> Reshape, Transpose, Reshape
void buildReorg(NodeBuilder &n) {
  int64_t block = n.getInt("blocksize", 0);
  bool toDepth = n.op == "SpaceToDepth";
  ArrayRef<int64_t> s = n.shape(0);
  bool fits = s.size() == 4 && block > 0 && block < (1 << 15) &&
              (toDepth ? s[2] % block == 0 && s[3] % block == 0
                       : s[1] % (block * block) == 0);
  if (!fits)
    return n.fail("blocksize must divide the map, found " + Twine(block) +
                  " for " + toString(s) + "; correct blocksize");
  if (toDepth && n.getString("mode", "DCR") != "DCR")
    return n.fail(
        "SpaceToDepth's mode must be DCR, found another; use a Reshape "
        "and a Transpose");
  if (toDepth) {
    int64_t h = s[2] / block, w = s[3] / block;
    Value v = n.emitReshape(n.in(0), {s[0], s[1], h, block, w, block});
    v = n.emitTranspose(v, {0, 3, 5, 1, 2, 4});
    return n.result(n.emitReshape(v, {s[0], s[1] * block * block, h, w}));
  }
  int64_t c = s[1] / (block * block);
  bool columnFirst = n.getString("mode", "DCR") == "CRD";
  Value v = columnFirst
                ? n.emitReshape(n.in(0), {s[0], c, block, block, s[2], s[3]})
                : n.emitReshape(n.in(0), {s[0], block, block, c, s[2], s[3]});
  v = columnFirst ? n.emitTranspose(v, {0, 1, 4, 2, 5, 3})
                  : n.emitTranspose(v, {0, 3, 4, 1, 5, 2});
  n.result(n.emitReshape(v, {s[0], c, s[2] * block, s[3] * block}));
}

} // namespace

void addMovementHandlers(HandlerTable &table) {
  table["Transpose"] = {1, 1, buildTranspose};
  table["Slice"] = {1, 5, buildSlice};
  table["Pad"] = {1, 4, buildPad};
  table["Concat"] = {1, -1, buildConcat};
  table["Split"] = {1, 2, buildSplit};
  table["Gather"] = {2, 2, buildGather};
  table["SpaceToDepth"] = {1, 1, buildReorg};
  table["DepthToSpace"] = {1, 1, buildReorg};
}

} // namespace bnncc::importer
