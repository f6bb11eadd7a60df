//===- OpsElementwise.cpp - Elementwise operators -------------------------===//
//
// Normalises arithmetic, comparisons, activations, Clip, Where and Cast.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "TensorDecode.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {

/// The formulas of OpsActivations.cpp.
void addActivationHandlers(HandlerTable &table);

namespace {

void buildUnary(NodeBuilder &n) { n.result(n.emit(n.op, n.in(0), n.type(0))); }

void buildBinary(NodeBuilder &n) {
  if (n.op == "Mod" && n.getInt("fmod", 0))
    return n.fail("Mod must have fmod = 0, found 1; compute it outside the "
                  "model");
  n.result(n.emitBinary(n.op, n.in(0), n.in(1)));
}

void buildShift(NodeBuilder &n) {
  std::string direction = n.getString("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.fail("BitShift must have direction LEFT or RIGHT, found '" +
                  direction + "'; export the model again");
  Value shifted = n.emitBinary(n.op, n.in(0), n.in(1));
  if (shifted && shifted.getDefiningOp() && !constantOf(shifted))
    shifted.getDefiningOp()->setAttr("direction",
                                     n.builder.getStringAttr(direction));
  n.result(shifted);
}

void buildComparison(NodeBuilder &n) {
  n.result(n.emitBinary(n.op, n.in(0), n.in(1), n.builder.getI1Type()));
}

/// Sum(a, b, c) -> Add(Add(a, b), c); Min and Max likewise.
void buildVariadic(NodeBuilder &n) {
  StringRef op = n.op == "Sum" ? "Add" : n.op;
  Value value = n.in(0);
  for (unsigned i = 1; i < n.inputs.size() && value; ++i) {
    if (!n.has(i))
      return n.fail("every input must be there, found none at position " +
                    Twine(i) + "; export the model again");
    value = n.emitBinary(op, value, n.in(i));
  }
  n.result(value);
}

/// Identity(x) -> x; Dropout(x) -> x, which it is outside of training.
void buildIdentity(NodeBuilder &n) {
  if (n.op == "Dropout") {
    if (n.has(2)) {
      DenseElementsAttr training = constantOf(n.in(2));
      if (!training || Elements::get(training).getInt(0))
        return n.fail("Dropout must be in inference mode, found "
                      "training_mode; export with model.eval()");
    }
    if (n.wants(1))
      return n.fail("Dropout must have one used output, found the mask in use; "
                    "remove what uses it");
  }
  n.result(n.in(0));
}

/// Reciprocal(x) -> Div(1, x)
void buildReciprocal(NodeBuilder &n) {
  Value one = n.emitScalar(n.type(0).getElementType(), 1);
  n.result(n.emitBinary("Div", one, n.in(0)));
}

void buildPRelu(NodeBuilder &n) {
  std::optional<Shape> shape = broadcast(n.shape(0), n.shape(1));
  if (!shape || ArrayRef<int64_t>(*shape) != n.shape(0))
    return n.fail("PRelu's slope must broadcast to the input, found " +
                  toString(n.shape(1)) + " for " + toString(n.shape(0)) +
                  "; give it one value per channel");
  n.result(n.emit("PRelu", {n.in(0), n.in(1)}, n.type(0)));
}

/// LeakyRelu(x) {alpha} -> PRelu(x, alpha)
void buildLeakyRelu(NodeBuilder &n) {
  Value x = n.emitWide();
  RankedTensorType type = NodeBuilder::typeOf(x);
  Value slope = n.emitScalar(type.getElementType(), n.getFloat("alpha", 0.01f));
  n.resultAsInput(n.emit("PRelu", {x, slope}, type));
}

/// HardSigmoid(x) {alpha, beta} -> Clip(Add(Mul(x, alpha), beta), 0, 1)
void buildHardSigmoid(NodeBuilder &n) {
  Value x = n.emitWide();
  RankedTensorType type = NodeBuilder::typeOf(x);
  Type element = type.getElementType();
  Value alpha = n.emitScalar(element, n.getFloat("alpha", 0.2f));
  Value beta = n.emitScalar(element, n.getFloat("beta", 0.5f));
  Value line = n.emitBinary("Add", n.emitBinary("Mul", x, alpha), beta);
  Value zero = n.emitScalar(element, 0), one = n.emitScalar(element, 1);
  n.resultAsInput(n.emit("Clip", {line, zero, one}, type));
}

/// Clip(x) {min, max} of opset 6 -> Clip(x, min, max)
void buildClip(NodeBuilder &n) {
  Value bounds[2];
  for (unsigned i : {0, 1}) {
    const char *name = i == 0 ? "min" : "max";
    if (n.opset < 11 && n.attrs.get(name))
      bounds[i] = n.emitScalar(n.type(0).getElementType(), n.getFloat(name, 0));
    else if (n.opset >= 11 && n.has(i + 1))
      bounds[i] = n.in(i + 1);
    else
      bounds[i] = n.emitNone();
    auto type = dyn_cast<RankedTensorType>(bounds[i].getType());
    if (type && type.getNumElements() != 1)
      return n.fail("Clip's " + Twine(name) +
                    " must be a scalar, found shape " +
                    toString(type.getShape()) + "; use Min and Max");
  }
  n.result(n.emit("Clip", {n.in(0), bounds[0], bounds[1]}, n.type(0)));
}

void buildWhere(NodeBuilder &n) {
  std::optional<Shape> shape = broadcast(n.shape(1), n.shape(2));
  if (shape)
    shape = broadcast(*shape, n.shape(0));
  if (!shape)
    return n.fail("operand shapes must broadcast, found " +
                  toString(n.shape(0)) + ", " + toString(n.shape(1)) + " and " +
                  toString(n.shape(2)) + "; correct the shapes");
  if (!n.type(0).getElementType().isInteger(1))
    return n.fail("Where's condition must be bool, found another type; compare "
                  "with a constant first");
  if (n.type(1).getElementType() != n.type(2).getElementType())
    return n.fail("operands must have one element type, found two; add a Cast");
  n.result(
      n.emit("Where", {n.in(0), n.in(1), n.in(2)}, n.type(1).clone(*shape)));
}

void buildCast(NodeBuilder &n) {
  if (n.op == "CastLike")
    return n.result(n.emitCast(n.in(0), n.type(1).getElementType()));
  int64_t to = n.getInt("to", 0);
  Type element = elementType(to, *n.builder.getContext());
  if (!element)
    return n.fail("Cast must go to an integer, bool or float of 16, 32 or 64 "
                  "bits, found " +
                  dataTypeName(to) + "; remove the Cast");
  n.result(n.emitCast(n.in(0), element));
}

} // namespace

void addElementwiseHandlers(HandlerTable &table) {
  addActivationHandlers(table);
  for (const char *op : {"Neg", "Abs", "Sqrt", "Relu", "Sign", "Not", "Sigmoid",
                         "Tanh", "Floor", "Ceil", "Round", "Exp", "Log", "Erf"})
    table[op] = {1, 1, buildUnary};
  for (const char *op : {"Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or",
                         "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    table[op] = {2, 2, buildBinary};
  table["BitShift"] = {2, 2, buildShift};
  for (const char *op :
       {"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"})
    table[op] = {2, 2, buildComparison};
  for (const char *op : {"Sum", "Min", "Max"})
    table[op] = {1, -1, buildVariadic};
  table["Identity"] = {1, 1, buildIdentity};
  table["Dropout"] = {1, 3, buildIdentity};
  table["Reciprocal"] = {1, 1, buildReciprocal};
  table["PRelu"] = {2, 2, buildPRelu};
  table["LeakyRelu"] = {1, 1, buildLeakyRelu};
  table["HardSigmoid"] = {1, 1, buildHardSigmoid};
  table["Clip"] = {1, 3, buildClip};
  table["Where"] = {3, 3, buildWhere};
  table["Cast"] = {1, 1, buildCast};
  table["CastLike"] = {2, 2, buildCast};
}

} // namespace bnncc::importer
