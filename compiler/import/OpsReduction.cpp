//===- OpsReduction.cpp - Reductions, softmax, argmax ---------------------===//
//
// Gives reductions their axes as attributes; global pools are reductions.
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

/// The product along `axes` of a constant, such as the number of elements that
/// exporters take of a shape: products of its slices.
Value emitProduct(NodeBuilder &n, ArrayRef<int64_t> axes, ArrayRef<int64_t> to) {
  Shape order, kept;
  for (int64_t axis = 0; axis < n.rank(0); ++axis)
    if (!llvm::is_contained(axes, axis)) {
      order.push_back(axis);
      kept.push_back(n.shape(0)[axis]);
    }
  order.append(axes.begin(), axes.end());
  int64_t count = product(n.shape(0)) / product(kept);
  if (!constantOf(n.in(0)) || count > 64) {
    n.fail("ReduceProd must multiply at most 64 numbers of a constant, found " +
           Twine(count) + (constantOf(n.in(0)) ? "" : " of a computed value") +
           "; compute it before the export");
    return {};
  }
  Value rows =
      n.emitReshape(n.emitTranspose(n.in(0), order), {product(kept), count});
  Value result;
  for (int64_t i = 0; i < count; ++i) {
    Value column = n.emit("Slice", rows, n.type(0).clone({product(kept), 1}),
                          {n.attr("starts", Shape{0, i}),
                           n.attr("steps", Shape{1, 1})});
    result = i ? n.emitBinary("Mul", result, column) : column;
  }
  return n.emitReshape(result, to);
}

/// A smallest float is the negated largest of the negated.
Value emitReduce(NodeBuilder &n, StringRef op, ArrayRef<int64_t> axes,
                 bool keepDims) {
  Shape shape;
  for (auto [axis, dim] : llvm::enumerate(n.shape(0))) {
    bool reduced = llvm::is_contained(axes, static_cast<int64_t>(axis));
    if (reduced && dim == 0) {
      n.fail("a reduced axis must not be empty, found size 0 on axis " +
             Twine(axis) + "; correct the shapes");
      return {};
    }
    if (!reduced || keepDims)
      shape.push_back(reduced ? 1 : dim);
  }
  if (op == "ReduceProd")
    return emitProduct(n, axes, shape);
  // Norms, of XNOR-Net's magnitudes: ReduceL1(x) -> ReduceSum(Abs(x)).
  Value in = n.in(0);
  bool isSquare = op == "ReduceL2" || op == "ReduceSumSquare";
  if (op == "ReduceL1")
    in = n.emit("Abs", in, n.type(0));
  if (isSquare)
    in = n.emitBinary("Mul", in, in);
  if (op == "ReduceL1" || isSquare) {
    Value sum = n.emit("ReduceSum", in, n.type(0).clone(shape),
                       {n.attr("axes", axes), n.attr("keepdims", keepDims)});
    return op == "ReduceL2" ? n.emit("Sqrt", sum, NodeBuilder::typeOf(sum)) : sum;
  }
  auto negated = [&](Value x) {
    return n.emit("Neg", x, NodeBuilder::typeOf(x));
  };
  bool turns = op == "ReduceMin" && isa<FloatType>(n.type(0).getElementType());
  Value result =
      n.emit(turns ? "ReduceMax" : op, turns ? negated(n.in(0)) : n.in(0),
             n.type(0).clone(shape),
             {n.attr("axes", axes), n.attr("keepdims", keepDims)});
  return turns ? negated(result) : result;
}

void buildReduce(NodeBuilder &n) {
  // ReduceSum took its axes as an input in opset 13, the others in 18.
  bool asInput = n.opset >= (n.op == "ReduceSum" ? 13 : 18);
  std::optional<Shape> axes;
  if (!asInput)
    axes = n.getInts("axes");
  else if (n.has(1))
    axes = n.getConstantInts(1, "axes");
  if (axes)
    axes = n.getAxes(*axes, n.rank(0));
  if (n.hasFailed())
    return;
  if (!axes || axes->empty()) {
    if (n.getInt("noop_with_empty_axes", 0))
      return n.result(n.in(0));
    axes = iota(0, n.rank(0));
  }
  n.result(emitReduce(n, n.op, *axes, n.getInt("keepdims", 1)));
}

/// GlobalAveragePool(x) -> ReduceMean(x) over the spatial axes
void buildGlobalPool(NodeBuilder &n) {
  if (n.rank(0) < 3)
    return n.fail("pooling must have N x C x spatial data, found " +
                  toString(n.shape(0)) + "; add the axes");
  n.result(emitReduce(n, n.op == "GlobalMaxPool" ? "ReduceMax" : "ReduceMean",
                      iota(2, n.rank(0)), true));
}

/// Until opset 12 softmax ran over all axes from `axis` on, as one.
void buildSoftmax(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis =
      n.getAxis(n.getInt("axis", n.opset < 13 ? 1 : -1), rank);
  if (!axis)
    return;
  if (n.opset >= 13 || *axis == rank - 1)
    return n.result(n.emit(n.op, n.in(0), n.type(0), n.attr("axis", *axis)));
  Shape flat{product(n.shape(0).take_front(*axis)),
             product(n.shape(0).drop_front(*axis))};
  Value matrix = n.emitReshape(n.in(0), flat);
  matrix = n.emit(n.op, matrix, NodeBuilder::typeOf(matrix), n.attr("axis", 1));
  n.result(n.emitReshape(matrix, n.shape(0)));
}

Value emitPlace(NodeBuilder &n, StringRef op, int64_t axis, bool keepDims,
                bool last) {
  Shape shape(n.shape(0));
  if (keepDims)
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  return n.emit(op, n.in(0),
                RankedTensorType::get(shape, n.builder.getI64Type()),
                {n.attr("axis", axis), n.attr("keepdims", keepDims),
                 n.attr("select_last_index", last)});
}

/// ArgMax and ArgMin
void buildPlace(NodeBuilder &n) {
  if (std::optional<int64_t> axis = n.getAxis(n.getInt("axis", 0), n.rank(0)))
    n.result(emitPlace(n, n.op, *axis, n.getInt("keepdims", 1),
                       n.getInt("select_last_index", 0)));
}

/// TopK(x, 1) -> ReduceMax(x), ArgMax(x), or the smallest
void buildTopK(NodeBuilder &n) {
  std::optional<int64_t> axis = n.getAxis(n.getInt("axis", -1), n.rank(0));
  // FINN writes the operator of opset 10, with k as an input, into graphs that
  // state an older opset.
  std::optional<Shape> k;
  if (n.has(1))
    k = n.getConstantInts(1, "k");
  else if (n.opset < 10)
    k = Shape{n.getInt("k", 0)};
  if (!axis || n.hasFailed())
    return;
  if (!k || k->size() != 1 || k->front() != 1)
    return n.fail("TopK must ask for one value, found k = " +
                  (k ? toString(*k) : std::string("none")) +
                  "; end the model in the scores and choose from them "
                  "afterwards");
  bool largest = n.getInt("largest", 1);
  n.result(emitReduce(n, largest ? "ReduceMax" : "ReduceMin", *axis, true));
  n.result(emitPlace(n, largest ? "ArgMax" : "ArgMin", *axis, true, false));
}

} // namespace

void addReductionHandlers(HandlerTable &table) {
  for (const char *op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin",
                         "ReduceProd", "ReduceL1", "ReduceL2",
                         "ReduceSumSquare"})
    table[op] = {1, 2, buildReduce};
  table["GlobalAveragePool"] = {1, 1, buildGlobalPool};
  table["GlobalMaxPool"] = {1, 1, buildGlobalPool};
  table["Softmax"] = {1, 1, buildSoftmax};
  table["LogSoftmax"] = {1, 1, buildSoftmax};
  table["ArgMax"] = table["ArgMin"] = {1, 1, buildPlace};
  table["TopK"] = {1, 2, buildTopK};
}

} // namespace bnncc::importer
