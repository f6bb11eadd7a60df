//===- Obstacles.cpp - What else stops a network --------------------------===//
//
// See Obstacles.h. Where it is not known how a node could be mended the search
// ends: an obstacle that is named is one.
//
//===----------------------------------------------------------------------===//

#include "Obstacles.h"
#include "Legalise.h"
#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSet.h"
#include <fmt/format.h>

namespace bnncc::lower {

using llvm::StringRef;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace {

using Values = llvm::DenseSet<Value>;

Values constantsIn(mlir::ModuleOp module) {
  return constantsOf((*module.getOps<mlir::func::FuncOp>().begin()).front());
}

/// "NAME" of "node 'NAME': ..." or "node 'NAME' of module 'M': ...".
StringRef nodeOf(StringRef error) {
  if (!error.consume_front("node '"))
    return {};
  size_t end = std::min(error.find("': "), error.find("' of module '"));
  return end == StringRef::npos ? StringRef() : error.take_front(end);
}

/// The operations made of a node, in order.
std::vector<Operation *> operationsOf(mlir::ModuleOp module, StringRef node) {
  std::vector<Operation *> found;
  module.walk([&](Operation *op) {
    auto name = mlir::dyn_cast<mlir::NameLoc>(op->getLoc());
    if (name && name.getName() == node && op->getNumResults() == 1 &&
        op->getName().getDialectNamespace() == "onnx")
      found.push_back(op);
  });
  return found;
}

/// The sign of an operand, made before `op`; null if it is no float.
Value signOf(Operation *op, Value input) {
  auto type = mlir::cast<RankedTensorType>(input.getType());
  if (!mlir::isa<mlir::FloatType>(type.getElementType()))
    return {};
  mlir::OpBuilder builder(op);
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value one = createOnnx(
      builder, op->getLoc(), "Constant", scalar, {},
      builder.getNamedAttr(
          "value",
          mlir::DenseElementsAttr::get(
              scalar, builder.getFloatAttr(type.getElementType(), 1))));
  return createOnnx(
      builder, op->getLoc(), "BipolarQuant", type, {input, one},
      builder.getNamedAttr("domain",
                           builder.getStringAttr("qonnx.custom_op.general")));
}

/// The signs of constant weights as a constant: what exact evaluation of their
/// quantisers takes, it takes once.
Value signsOf(Operation *op, Value weights) {
  auto type = mlir::cast<RankedTensorType>(weights.getType());
  auto element = mlir::dyn_cast<mlir::FloatType>(type.getElementType());
  auto values = element ? evaluateRounded(weights) : std::nullopt;
  auto doubles = values ? values->exactDoubles() : std::nullopt;
  if (!doubles)
    return signOf(op, weights);
  const llvm::APFloat one(element.getFloatSemantics(), 1);
  std::vector<llvm::APFloat> signs;
  for (double x : *doubles)
    signs.push_back(x < 0 ? -one : one);
  mlir::OpBuilder builder(op);
  return createOnnx(
      builder, op->getLoc(), "Constant", type, {},
      builder.getNamedAttr("value", mlir::DenseElementsAttr::get(type, signs)));
}

/// Weights -> their signs, as if the layer had been trained as a binary one.
bool binarizeWeights(Operation *op, const Values &constants) {
  if (opType(op) != "Conv" && opType(op) != "MatMul")
    return false;
  for (unsigned i : {1u, 0u}) {
    Value weights = op->getOperand(i);
    Value sign = constants.contains(weights) ? signsOf(op, weights) : Value();
    if (sign) {
      op->setOperand(i, sign);
      return true;
    }
  }
  return false;
}

bool binarizeAllWeights(mlir::ModuleOp module) {
  std::vector<Operation *> layers;
  module.walk([&](Operation *op) { layers.push_back(op); });
  Values constants = constantsIn(module);
  return llvm::count_if(layers, [&](Operation *op) {
           return binarizeWeights(op, constants);
         }) > 0;
}

/// x -> sign(x) before a layer.
bool quantiseInput(Operation *op) {
  if (opType(op) != "Conv" && opType(op) != "MatMul")
    return false;
  Value sign = signOf(op, op->getOperand(0));
  if (sign)
    op->setOperand(0, sign);
  return bool(sign);
}

/// A quantiser that cannot be -> sign, with what makes real values of its
/// codes.
bool binarizeQuantiser(Operation *op) {
  Operation *last = op;
  if (opType(op) == "QuantizeLinear" && op->hasOneUse())
    last = *op->user_begin();
  bool isQuantiser = opType(op) == "Quant" || opType(op) == "MultiThreshold" ||
                     opType(op) == "Trunc" || isOnnx(last, "DequantizeLinear");
  Value sign =
      isQuantiser && op->getOperand(0).getType() == last->getResult(0).getType()
          ? signOf(op, op->getOperand(0))
          : Value();
  if (!sign)
    return false;
  last->getResult(0).replaceAllUsesWith(sign);
  last->erase();
  if (last != op)
    op->erase();
  return true;
}

/// Leaves an operation out that keeps the type of what it computes on. Without
/// its quantiser a layer would meet what the network does not have.
bool leaveOut(Operation *op) {
  static const llvm::StringSet<> quantisers = {
      "Sign",           "BipolarQuant", "QuantizeLinear", "Greater",
      "GreaterOrEqual", "Less",         "LessOrEqual"};
  if (quantisers.contains(opType(op)))
    return false;
  for (Value operand : op->getOperands())
    if (operand.getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(operand);
      op->erase();
      return true;
    }
  return false;
}

/// A node of one shape to another -> sign(layer(sign(x))), a layer of ones that
/// gives that shape.
bool putLayer(llvm::ArrayRef<Operation *> ops, const Values &constants) {
  auto first = llvm::find_if(ops, [&](Operation *op) {
    return op->getNumOperands() > 0 && !constants.contains(op->getOperand(0));
  });
  if (first == ops.end())
    return false;
  Value input = (*first)->getOperand(0), result = ops.back()->getResult(0);
  auto from = mlir::dyn_cast<RankedTensorType>(input.getType());
  auto to = mlir::dyn_cast<RankedTensorType>(result.getType());
  bool fits = from && to && from.getElementType() == to.getElementType() &&
              from.getRank() == to.getRank() && to.getRank() > 2 &&
              from.getDimSize(0) == to.getDimSize(0);
  Value bits = fits ? signOf(ops.back(), input) : Value();
  if (!bits)
    return false;
  llvm::SmallVector<int64_t> shape = {to.getDimSize(1), from.getDimSize(1)},
                             begins, ends;
  for (int64_t axis = 2; axis < to.getRank(); ++axis) {
    int64_t less = from.getDimSize(axis) - to.getDimSize(axis);
    shape.push_back(1 + std::max<int64_t>(less, 0));
    begins.push_back(0);
    ends.push_back(std::max<int64_t>(-less, 0));
  }
  mlir::OpBuilder builder(ops.back());
  mlir::Location loc = ops.back()->getLoc();
  auto list = [&](llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
  };
  llvm::SmallVector<int64_t> ones(begins.size(), 1);
  auto type = RankedTensorType::get(shape, to.getElementType());
  Value weights = createOnnx(
      builder, loc, "Constant", type, {},
      builder.getNamedAttr(
          "value", mlir::DenseElementsAttr::get(
                       type, builder.getFloatAttr(to.getElementType(), 1))));
  begins.append(ends);
  Value layer =
      createOnnx(builder, loc, "Conv", to, {bits, weights},
                 {list("dilations", ones),
                  list("kernel_shape", llvm::ArrayRef(shape).drop_front(2)),
                  list("pads", begins), list("strides", ones),
                  builder.getNamedAttr("group", builder.getI64IntegerAttr(1))});
  result.replaceAllUsesWith(signOf(ops.back(), layer));
  ops.back()->erase();
  return true;
}

/// A copy of the imported graph, mended step by step.
struct Patient {
  mlir::ModuleOp module;
  AssumedOptions options;
  llvm::StringSet<> replaced; ///< nodes that are other layers now

  bool mend(StringRef error);
};

bool Patient::mend(StringRef error) {
  if (error.contains("--input-type") && !options.int8Input)
    return options.int8Input = true;
  if (error.contains("--sign-zero") && !options.signZeroPlus)
    return options.signZeroPlus = true;
  if (error.contains("no binary layer among"))
    return binarizeAllWeights(module);
  // Without a layer that is too large the others are no longer what they were.
  if (error.contains(", target '"))
    return false;
  std::vector<Operation *> ops = operationsOf(module, nodeOf(error));
  Values constants = constantsIn(module);
  for (Operation *op : llvm::reverse(ops)) {
    if (error.contains("weights") && binarizeWeights(op, constants))
      return true;
    if (error.contains("input must be quantised") && quantiseInput(op))
      return true;
    if (binarizeQuantiser(op))
      return true;
  }
  if (ops.empty() || constants.contains(ops.back()->getResult(0)))
    return false;
  if (leaveOut(ops.back()))
    return true;
  replaced.insert(nodeOf(error));
  return putLayer(ops, constants);
}

} // namespace

void addFurtherObstacles(
    mlir::ModuleOp module, std::string &error,
    llvm::function_ref<std::string(const AssumedOptions &)> attempt) {
  Patient patient{module, {}, {}};
  std::vector<std::string> found = {error};
  while (found.size() < mostObstacles && patient.mend(found.back())) {
    std::string next = attempt(patient.options);
    // What is not named by a node of the graph is about the network as mended.
    StringRef node = nodeOf(next);
    if (operationsOf(module, node).empty() || patient.replaced.contains(node) ||
        llvm::is_contained(found, next))
      break;
    found.push_back(std::move(next));
  }
  if (found.size() == 1)
    return;
  error += fmt::format("; further obstacles ({}{}):",
                       found.size() == mostObstacles ? "at least " : "",
                       found.size() - 1);
  for (size_t i = 1; i < found.size(); ++i)
    error += (i == 1 ? " " : "; ") + found[i];
}

} // namespace bnncc::lower
