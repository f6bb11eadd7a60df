//===- OpsMatrix.cpp - Matrix products and batch normalisation ------------===//
//
// Reduces the matrix operators to MatMul, and checks BatchNormalization.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

/// NumPy's matmul: leading axes broadcast, a vector is a row or a column.
Value emitMatMul(NodeBuilder &n, Value a, Value b) {
  ArrayRef<int64_t> left = NodeBuilder::typeOf(a).getShape();
  ArrayRef<int64_t> right = NodeBuilder::typeOf(b).getShape();
  bool row = left.size() == 1, column = right.size() == 1;
  bool fits = !left.empty() && !right.empty() &&
              left.back() == right[column ? 0 : right.size() - 2];
  std::optional<Shape> shape;
  if (fits)
    shape =
        broadcast(left.drop_back(row ? 1 : 2), right.drop_back(column ? 1 : 2));
  if (!shape) {
    n.fail("a matrix product must have columns of the left as rows of the "
           "right, found " +
           toString(left) + " by " + toString(right) + "; correct the shapes");
    return {};
  }
  if (!row)
    shape->push_back(left[left.size() - 2]);
  if (!column)
    shape->push_back(right.back());
  if (NodeBuilder::typeOf(a).getElementType() !=
      NodeBuilder::typeOf(b).getElementType()) {
    n.fail("operands must have one element type, found two; add a Cast");
    return {};
  }
  if (Value conv = emitLoweredConv(n, a, b))
    return conv;
  return n.emit("MatMul", {a, b}, NodeBuilder::typeOf(a).clone(*shape));
}

void buildMatMul(NodeBuilder &n) { n.result(emitMatMul(n, n.in(0), n.in(1))); }

/// Gemm(a, b, c) -> Add(Mul(MatMul(a', b'), alpha), Mul(c, beta)), where a' and
/// b' are transposed if asked and a factor of 1 is left out.
void buildGemm(NodeBuilder &n) {
  if (n.rank(0) != 2 || n.rank(1) != 2)
    return n.fail("Gemm must have matrices, found " + toString(n.shape(0)) +
                  " and " + toString(n.shape(1)) + "; use MatMul");
  auto transposed = [&](unsigned i, StringRef flag) {
    return n.getInt(flag, 0) ? n.emitTranspose(n.in(i), {1, 0}) : n.in(i);
  };
  Type element = n.type(0).getElementType();
  auto scaled = [&](Value value, StringRef name) {
    float factor = n.getFloat(name, 1);
    return factor == 1
               ? value
               : n.emitBinary("Mul", value, n.emitScalar(element, factor));
  };
  Value product =
      emitMatMul(n, transposed(0, "transA"), transposed(1, "transB"));
  if (!product)
    return;
  product = scaled(product, "alpha");
  if (!n.has(2) || n.getFloat("beta", 1) == 0)
    return n.result(product);
  ArrayRef<int64_t> shape = NodeBuilder::typeOf(product).getShape();
  std::optional<Shape> sum = broadcast(shape, n.shape(2));
  if (!sum || ArrayRef<int64_t>(*sum) != shape)
    return n.fail("Gemm's C must broadcast to the product, found " +
                  toString(n.shape(2)) + " for " + toString(shape) +
                  "; correct the bias");
  Value bias = scaled(n.in(2), "beta");
  n.result(bias ? n.emitBinary("Add", product, bias) : bias);
}

/// MatMulInteger(a, b, az, bz) -> MatMul(Sub(Cast(a), az), Sub(Cast(b), bz))
void buildMatMulInteger(NodeBuilder &n) {
  Type i32 = n.builder.getI32Type();
  auto operand = [&](unsigned i) -> Value {
    Value value = n.emitCast(n.in(i), i32);
    if (!n.has(i + 2))
      return value;
    Value zero = n.emitCast(n.in(i + 2), i32);
    int64_t count = n.type(i + 2).getNumElements();
    // Zero points go with the rows of a and the columns of b.
    Shape shape;
    if (count != 1)
      shape = i == 0 ? Shape{count, 1} : Shape{1, count};
    if (n.rank(i + 2) > 1)
      shape = Shape(n.shape(i + 2));
    return n.emitBinary("Sub", value, n.emitReshape(zero, shape));
  };
  Value a = operand(0), b = operand(1);
  if (a && b)
    n.result(emitMatMul(n, a, b));
}

/// QLinearMatMul -> QuantizeLinear(MatMul(Dequantize, Dequantize))
void buildQLinearMatMul(NodeBuilder &n) {
  auto dequantize = [&](unsigned first, int64_t axis) {
    Type element = n.type(first + 1).getElementType();
    return n.emit("DequantizeLinear",
                  {n.in(first), n.in(first + 1), n.in(first + 2)},
                  RankedTensorType::get(n.shape(first), element),
                  {n.attr("axis", axis), n.attr("block_size", 0)});
  };
  if (n.rank(0) < 2 || n.rank(3) < 2)
    return n.fail("QLinearMatMul must have matrices, found " +
                  toString(n.shape(0)) + " and " + toString(n.shape(3)) +
                  "; add an axis");
  Value product =
      emitMatMul(n, dequantize(0, n.rank(0) - 2), dequantize(3, n.rank(3) - 1));
  if (!product)
    return;
  ArrayRef<int64_t> shape = NodeBuilder::typeOf(product).getShape();
  n.result(n.emit("QuantizeLinear", {product, n.in(6), n.in(7)},
                  RankedTensorType::get(shape, n.type(7).getElementType()),
                  {n.attr("axis", static_cast<int64_t>(shape.size()) - 2),
                   n.attr("block_size", 0)}));
}

void buildBatchNormalization(NodeBuilder &n) {
  const char *remedy = "; export with model.eval()";
  if (n.getInt("training_mode", 0))
    return n.fail(Twine("BatchNormalization must be in inference mode, found "
                        "training_mode = 1") +
                  remedy);
  if (llvm::any_of(llvm::drop_begin(n.wantedOutputs),
                   [](bool wanted) { return wanted; }))
    return n.fail(Twine("BatchNormalization must have one used output, found "
                        "statistics in use") +
                  remedy);
  if (n.opset < 9 && n.getInt("spatial", 1) != 1)
    return n.fail("BatchNormalization must be per channel, found spatial = 0; "
                  "export with opset 9 or newer");
  if (n.rank(0) < 2)
    return n.fail("BatchNormalization must have N x C data, found " +
                  toString(n.shape(0)) + "; add the batch axis");
  const char *names[] = {"", "scale", "bias", "mean", "variance"};
  for (unsigned i = 1; i < 5; ++i)
    if (n.shape(i) != ArrayRef<int64_t>{n.shape(0)[1]})
      return n.fail("BatchNormalization's " + Twine(names[i]) +
                    " must have one value per channel, found " +
                    toString(n.shape(i)) + " for " + Twine(n.shape(0)[1]) +
                    "; correct it");
  float epsilon = n.getFloat("epsilon", 1e-5f);
  if (DenseElementsAttr constant = constantOf(n.in(4))) {
    Elements variance = Elements::get(constant);
    for (int64_t i = 0; i < variance.size(); ++i)
      if (variance.getDouble(i) + epsilon <= 0)
        return n.fail("variance + epsilon must be positive, found " +
                      Twine(std::to_string(variance.getDouble(i) + epsilon)) +
                      " on channel " + Twine(i) + "; train or export again");
  }
  n.result(n.emit("BatchNormalization", n.inputs, n.type(0),
                  n.attr("epsilon", n.builder.getF32FloatAttr(epsilon))));
}

} // namespace

void addMatrixHandlers(HandlerTable &table) {
  table["MatMul"] = {2, 2, buildMatMul};
  table["Gemm"] = {2, 3, buildGemm};
  table["MatMulInteger"] = {2, 4, buildMatMulInteger};
  table["QLinearMatMul"] = {8, 8, buildQLinearMatMul};
  table["BatchNormalization"] = {5, 5, buildBatchNormalization};
}

} // namespace bnncc::importer
