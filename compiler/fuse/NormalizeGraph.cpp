// bnn-normalize-graph: one canonical spelling, C x H x W, no batch axis.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"
#include "fuse/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using llvm::ArrayRef;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

#define GEN_PASS_DEF_NORMALIZEGRAPH
#include "fuse/Passes.h.inc"

LogicalResult Normalizer::run(mlir::func::FuncOp func) {
  mlir::Block &block = func.front();
  for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
    auto type = mapOf(tensorType(argument), func.getLoc());
    if (!type)
      return failure();
    func.setArgAttr(i, "onnx.type", mlir::TypeAttr::get(argument.getType()));
    onnxTypes[argument] = tensorType(argument);
    argument.setType(*type);
    maps[argument] = argument;
  }
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    bool onConstants = op.getNumResults() == 1 &&
                       (isConstant(op.getResult(0)) || isOnnx(&op, "None"));
    if (onConstants)
      continue;
    builder.setInsertionPoint(&op);
    if (failed(rewrite(&op)))
      return failure();
    replaced.push_back(&op);
  }
  Operation *end = block.getTerminator();
  llvm::SmallVector<mlir::Type> results;
  for (auto [i, operand] : llvm::enumerate(end->getOpOperands())) {
    Value map = maps.lookup(operand.get());
    if (!map)
      return end->emitError("a result must depend on an input, but found a "
                            "constant");
    func.setResultAttr(i, "onnx.type",
                       mlir::TypeAttr::get(operand.get().getType()));
    operand.set(map);
    results.push_back(map.getType());
  }
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  func.setType(mlir::FunctionType::get(func.getContext(),
                                       block.getArgumentTypes(), results));
  return success();
}

std::optional<RankedTensorType> Normalizer::mapOf(RankedTensorType type,
                                                  mlir::Location loc) {
  auto shape = type.getShape();
  if (shape.size() >= 2 && shape.front() == 1)
    shape = shape.drop_front();
  else if (shape.size() >= 2) {
    mlir::emitError(loc) << "batch axis must be 1, but found " << type;
    return std::nullopt;
  }
  llvm::SmallVector<int64_t> map(shape);
  if (map.empty())
    map.push_back(1);
  if (map.size() == 1)
    map.append({1, 1});
  if (map.size() == 2)
    map.insert(map.begin() + 1, 1);
  if (map.size() != 3) {
    mlir::emitError(loc) << "values must have at most two axes of positions, "
                            "but found "
                         << type;
    return std::nullopt;
  }
  return RankedTensorType::get(map, type.getElementType());
}

LogicalResult Normalizer::replace(Operation *op, Value map) {
  auto type = mapOf(tensorType(op->getResult(0)), op->getLoc());
  if (!type)
    return failure();
  maps[op->getResult(0)] = reshaped(op->getLoc(), map, *type);
  return success();
}

LogicalResult Normalizer::replace(Operation *op, llvm::StringRef name,
                                  mlir::ValueRange operands,
                                  ArrayRef<mlir::NamedAttribute> attrs) {
  auto type = mapOf(tensorType(op->getResult(0)), op->getLoc());
  if (!type)
    return failure();
  maps[op->getResult(0)] =
      createOnnx(builder, op->getLoc(), name, *type, operands, attrs);
  return success();
}

Value Normalizer::reshaped(mlir::Location loc, Value map,
                           RankedTensorType type) {
  if (tensorType(map).getShape() == type.getShape())
    return map;
  auto result =
      RankedTensorType::get(type.getShape(), tensorType(map).getElementType());
  return createOnnx(builder, loc, "Reshape", result, map);
}

// A transposition that moves axes of size 1 only keeps the elements' order.
LogicalResult Normalizer::rewriteTranspose(Operation *op) {
  auto shape = onnxTypeOf(op->getOperand(0)).getShape();
  int64_t last = -1;
  for (int64_t axis : intsOf(op, "perm")) {
    if (shape[axis] == 1)
      continue;
    if (axis < last)
      return op->emitOpError("must not reorder channels and positions, but "
                             "found perm = [")
             << intsOf(op, "perm") << "] on " << op->getOperand(0).getType()
             << "; export the model with channels first";
    last = axis;
  }
  return replace(op, maps.lookup(op->getOperand(0)));
}

LogicalResult Normalizer::rewriteConcat(Operation *op) {
  if (intOf(op, "axis", 1) != 1)
    return op->emitOpError("must join channels (axis 1), but found axis ")
           << intOf(op, "axis", 1);
  llvm::SmallVector<Value> inputs;
  for (Value operand : op->getOperands()) {
    Value map = maps.lookup(operand);
    if (!map)
      return op->emitOpError("must join computed maps, but found a constant");
    inputs.push_back(map);
  }
  return replace(op, "Concat", inputs);
}

LogicalResult Normalizer::rewrite(Operation *op) {
  static const llvm::StringSet<> elementwise = {"Add",
                                                "Sub",
                                                "Mul",
                                                "Div",
                                                "Greater",
                                                "GreaterOrEqual",
                                                "Less",
                                                "Mod",
                                                "BitShift",
                                                "BitwiseAnd",
                                                "BitwiseOr",
                                                "BitwiseXor",
                                                "LessOrEqual",
                                                "Min",
                                                "Max",
                                                "PRelu",
                                                "BatchNormalization",
                                                "Clip",
                                                "Where",
                                                "BipolarQuant",
                                                "Quant",
                                                "QuantizeLinear",
                                                "DequantizeLinear",
                                                "MultiThreshold"};
  static const llvm::StringSet<> unary = {"Sign",  "Not", "Sigmoid", "Tanh", "Round",
                                          "Floor", "Ceil", "Abs",    "Sqrt"};
  llvm::StringRef name = opType(op);
  if (op->getName().getDialectNamespace() != "onnx")
    return op->emitOpError("must be an onnx operation");
  if (elementwise.contains(name))
    return rewriteElementwise(op);
  if (unary.contains(name))
    return replace(op, name, maps.lookup(op->getOperand(0)));
  if (name == "Relu" || name == "LeakyRelu" || name == "Neg") {
    double factor = name == "Relu"  ? 0
                    : name == "Neg" ? -1
                                    : realOf(op, "alpha", 0.01f);
    return replace(op, name == "Neg" ? "Mul" : "PRelu",
                   {maps.lookup(op->getOperand(0)),
                    createScalar(builder, op->getLoc(), factor)});
  }
  if (name == "Identity" || name == "Dropout" || name == "Reshape" ||
      name == "Flatten" || name == "Squeeze" || name == "Unsqueeze")
    return replace(op, maps.lookup(op->getOperand(0)));
  if (name == "Cast")
    return rewriteCast(op);
  if (name == "Transpose")
    return rewriteTranspose(op);
  if (name == "Concat")
    return rewriteConcat(op);
  if (name == "Conv")
    return rewriteConv(op);
  if (name == "MatMul")
    return rewriteMatMul(op);
  if (name == "MaxPool" || name == "AveragePool")
    return rewritePool(op);
  if (name == "Pad")
    return rewritePad(op);
  if (name == "ReduceSum" || name == "ReduceMean" || name == "ReduceMax")
    return rewriteReduction(op);
  if (name == "Softmax" || name == "LogSoftmax" || name == "ArgMax")
    return rewriteClassifier(op);
  return op->emitOpError("must be an operation that has an exact integer form, "
                         "but found ")
         << name << "; see docs/thresholds.md for the list";
}

namespace {
struct NormalizeGraphPass : impl::NormalizeGraphBase<NormalizeGraphPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<mlir::func::FuncOp>())
      if (failed(Normalizer(func.getContext()).run(func)))
        return signalPassFailure();
  }
};
} // namespace

} // namespace bnncc
