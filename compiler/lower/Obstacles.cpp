//===- Obstacles.cpp - What else stops a network --------------------------===//
//
// See Obstacles.h. Where it is not known how a node could be mended the search
// ends: an obstacle that is named is one.
//
//===----------------------------------------------------------------------===//

#include "Obstacles.h"
#include "Legalise.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <fmt/format.h>

namespace bnncc::lower {

using llvm::StringRef;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace {

/// "NAME" of "node 'NAME': ..." or "node 'NAME' of module 'M': ...".
StringRef nodeOf(StringRef error) {
  if (!error.consume_front("node '"))
    return {};
  size_t end = std::min(error.find("': "), error.find("' of module '"));
  return end == StringRef::npos ? StringRef() : error.take_front(end);
}

StringRef typeOf(Operation *op) { return op->getName().stripDialect(); }

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

/// The signs of a float constant, +1 for 0; null if it is none.
mlir::DenseElementsAttr signsOf(Value weights) {
  Operation *op = weights.getDefiningOp();
  auto value = op && typeOf(op) == "Constant"
                   ? op->getAttrOfType<mlir::DenseFPElementsAttr>("value")
                   : nullptr;
  if (!value)
    return {};
  auto element = mlir::cast<mlir::FloatType>(value.getElementType());
  const llvm::APFloat one(element.getFloatSemantics(), 1);
  std::vector<llvm::APFloat> signs;
  for (const llvm::APFloat &x : value.getValues<llvm::APFloat>())
    signs.push_back(x.isNegative() && !x.isZero() ? -one : one);
  return mlir::DenseElementsAttr::get(value.getType(), signs);
}

/// Weights -> their signs, as if the layer had been trained as a binary one.
bool binarizeWeights(Operation *op) {
  if (typeOf(op) != "Conv" && typeOf(op) != "MatMul")
    return false;
  for (unsigned i : {1u, 0u})
    if (mlir::DenseElementsAttr signs = signsOf(op->getOperand(i))) {
      mlir::OpBuilder builder(op);
      mlir::OperationState state(op->getLoc(), "onnx.Constant");
      state.addTypes(signs.getType());
      state.addAttribute("value", signs);
      op->setOperand(i, builder.create(state)->getResult(0));
      return true;
    }
  return false;
}

/// The sign of an operand, made before `op`; null if it is no float.
Value signOf(Operation *op, Value input) {
  auto type = mlir::cast<RankedTensorType>(input.getType());
  if (!mlir::isa<mlir::FloatType>(type.getElementType()))
    return {};
  mlir::OpBuilder builder(op);
  auto scalar = RankedTensorType::get({}, type.getElementType());
  mlir::OperationState one(op->getLoc(), "onnx.Constant");
  one.addTypes(scalar);
  one.addAttribute("value",
                   mlir::DenseElementsAttr::get(
                       scalar, builder.getFloatAttr(type.getElementType(), 1)));
  mlir::OperationState sign(op->getLoc(), "onnx.BipolarQuant");
  sign.addOperands({input, builder.create(one)->getResult(0)});
  sign.addTypes(type);
  sign.addAttribute("domain", builder.getStringAttr("qonnx.custom_op.general"));
  return builder.create(sign)->getResult(0);
}

/// x -> sign(x) before a layer.
bool quantiseInput(Operation *op) {
  if (typeOf(op) != "Conv" && typeOf(op) != "MatMul")
    return false;
  Value sign = signOf(op, op->getOperand(0));
  if (sign)
    op->setOperand(0, sign);
  return bool(sign);
}

/// A quantiser that cannot be -> sign.
bool binarizeQuantiser(Operation *op) {
  bool isQuantiser = typeOf(op) == "Quant" || typeOf(op) == "MultiThreshold" ||
                     typeOf(op) == "Trunc";
  Value sign = isQuantiser && op->getOperand(0).getType() ==
                                  op->getResult(0).getType()
                   ? signOf(op, op->getOperand(0))
                   : Value();
  if (!sign)
    return false;
  op->getResult(0).replaceAllUsesWith(sign);
  op->erase();
  return true;
}

/// Leaves an operation out that keeps the type of what it computes on.
bool leaveOut(Operation *op) {
  for (Value operand : op->getOperands())
    if (operand.getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(operand);
      op->erase();
      return true;
    }
  return false;
}

bool mend(mlir::ModuleOp module, StringRef error, AssumedOptions &options) {
  if (error.contains("--input-type") && !options.int8Input)
    return options.int8Input = true;
  if (error.contains("--sign-zero") && !options.signZeroPlus)
    return options.signZeroPlus = true;
  // Without a layer that is too large the others are no longer what they were.
  if (error.contains(", target '"))
    return false;
  std::vector<Operation *> ops = operationsOf(module, nodeOf(error));
  for (Operation *op : llvm::reverse(ops)) {
    if (error.contains("weights") && binarizeWeights(op))
      return true;
    if (error.contains("input must be quantised") && quantiseInput(op))
      return true;
    if (binarizeQuantiser(op))
      return true;
  }
  return !ops.empty() && leaveOut(ops.back());
}

} // namespace

void addFurtherObstacles(
    mlir::ModuleOp module, std::string &error,
    llvm::function_ref<std::string(const AssumedOptions &)> attempt) {
  AssumedOptions options;
  std::vector<std::string> found = {error};
  while (found.size() < mostObstacles && mend(module, found.back(), options)) {
    std::string next = attempt(options);
    // What is not named by its node is about the network as mended here.
    if (operationsOf(module, nodeOf(next)).empty() ||
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
