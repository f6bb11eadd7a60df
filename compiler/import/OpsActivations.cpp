//===- OpsActivations.cpp - Activations as sums and products --------------===//
//
// Writes the activations that are formulas of simpler operations in these, so
// that nothing behind the importer needs to know them.
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include <cmath>

using namespace mlir;

namespace bnncc::importer {
namespace {

/// The operations of one formula on the node's input.
struct Formula {
  NodeBuilder &n;
  Value x = n.emitWide();

  Value number(double value) {
    return n.emitScalar(NodeBuilder::typeOf(x).getElementType(), value);
  }
  Value binary(StringRef op, Value a, Value b) {
    return n.emitBinary(op, a, b);
  }
  Value unary(StringRef op, Value a) {
    return n.emit(op, {a}, NodeBuilder::typeOf(a));
  }
  Value clip(Value a, double low, double high) {
    return n.emit("Clip", {a, number(low), number(high)},
                  NodeBuilder::typeOf(a));
  }
  /// log(1 + exp(x))
  Value softplus() {
    return unary("Log", binary("Add", unary("Exp", x), number(1)));
  }
  /// exp(x) - 1
  Value exponentialLessOne(Value a) {
    return binary("Sub", unary("Exp", a), number(1));
  }
};

/// x * clip(x / 6 + 1 / 2, 0, 1)
void buildHardSwish(NodeBuilder &n) {
  Formula f{n};
  Value line =
      f.binary("Add", f.binary("Div", f.x, f.number(6)), f.number(0.5));
  n.resultAsInput(f.binary("Mul", f.x, f.clip(line, 0, 1)));
}

/// x / 2 * (1 + erf(x / sqrt(2))), or x / 2 * (1 + tanh(sqrt(2 / pi) * (x +
/// 0.044715 x^3))) with the floats 2 / pi and 0.044715 of ONNX's definition
void buildGelu(NodeBuilder &n) {
  std::string approximate = n.getString("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.fail("Gelu must have approximate = 'none' or 'tanh', found '" +
                  approximate + "'; export with one of them");
  Formula f{n};
  Value curve;
  if (approximate == "none") {
    curve = f.unary("Erf", f.binary("Div", f.x, f.unary("Sqrt", f.number(2))));
  } else {
    Value cube = f.binary("Mul", f.binary("Mul", f.x, f.x), f.x);
    Value inner = f.binary("Add", f.x,
                           f.binary("Mul", cube, f.number(double(0.044715f))));
    Value root = f.unary("Sqrt", f.number(double(float(M_2_PI))));
    curve = f.unary("Tanh", f.binary("Mul", inner, root));
  }
  Value half = f.binary("Mul", f.x, f.number(0.5));
  n.resultAsInput(f.binary("Mul", half, f.binary("Add", curve, f.number(1))));
}

/// x / (1 + |x|)
void buildSoftsign(NodeBuilder &n) {
  Formula f{n};
  n.resultAsInput(
      f.binary("Div", f.x, f.binary("Add", f.unary("Abs", f.x), f.number(1))));
}

void buildSoftplus(NodeBuilder &n) { n.resultAsInput(Formula{n}.softplus()); }

/// x * tanh(softplus(x))
void buildMish(NodeBuilder &n) {
  Formula f{n};
  n.resultAsInput(f.binary("Mul", f.x, f.unary("Tanh", f.softplus())));
}

/// gamma * (x > 0 ? x : alpha * (exp(x) - 1)); Elu has no gamma
void buildElu(NodeBuilder &n) {
  bool isSelu = n.op == "Selu";
  Formula f{n};
  Value bent = f.binary(
      "Mul", f.exponentialLessOne(f.x),
      f.number(n.getFloat("alpha", isSelu ? 1.67326319217681884765625f : 1)));
  Value positive =
      n.emitBinary("Greater", f.x, f.number(0), n.builder.getI1Type());
  Value result =
      n.emit("Where", {positive, f.x, bent}, NodeBuilder::typeOf(f.x));
  if (isSelu)
    result =
        f.binary("Mul", result,
                 f.number(n.getFloat("gamma", 1.05070102214813232421875f)));
  n.resultAsInput(result);
}

/// x > 0 ? x : alpha * (exp(x / alpha) - 1)
void buildCelu(NodeBuilder &n) {
  Formula f{n};
  Value alpha = f.number(n.getFloat("alpha", 1));
  Value bent =
      f.binary("Mul", f.exponentialLessOne(f.binary("Div", f.x, alpha)), alpha);
  Value positive =
      n.emitBinary("Greater", f.x, f.number(0), n.builder.getI1Type());
  n.resultAsInput(
      n.emit("Where", {positive, f.x, bent}, NodeBuilder::typeOf(f.x)));
}

/// x > alpha ? x : 0
void buildThresholdedRelu(NodeBuilder &n) {
  Formula f{n};
  Value above = n.emitBinary("Greater", f.x, f.number(n.getFloat("alpha", 1)),
                             n.builder.getI1Type());
  n.resultAsInput(
      n.emit("Where", {above, f.x, f.number(0)}, NodeBuilder::typeOf(f.x)));
}

} // namespace

void addActivationHandlers(HandlerTable &table) {
  table["HardSwish"] = {1, 1, buildHardSwish};
  table["Gelu"] = {1, 1, buildGelu};
  table["Softsign"] = {1, 1, buildSoftsign};
  table["Softplus"] = {1, 1, buildSoftplus};
  table["Mish"] = {1, 1, buildMish};
  table["Elu"] = {1, 1, buildElu};
  table["Selu"] = {1, 1, buildElu};
  table["Celu"] = {1, 1, buildCelu};
  table["ThresholdedRelu"] = {1, 1, buildThresholdedRelu};
}

} // namespace bnncc::importer
