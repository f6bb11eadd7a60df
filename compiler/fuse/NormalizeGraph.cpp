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
  layouts = findInputLayouts(func);
  constants = constantsOf(block);
  for (Operation &op : block.without_terminator()) {
    bool onConstants = op.getNumResults() == 1 &&
                       (constants.contains(op.getResult(0)) || isOnnx(&op, "None"));
    if (!onConstants)
      replaced.push_back(&op);
  }
  builder.setInsertionPointToStart(&block);
  for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
    RankedTensorType type = tensorType(argument);
    func.setArgAttr(i, "onnx.type", mlir::TypeAttr::get(type));
    onnxTypes[argument] = type;
    argument.setType(type.clone(defaultDims(type.getShape())));
    auto layout = layouts.find(argument);
    maps[argument] = argument;
    if (layout == layouts.end())
      continue;
    maps[argument] = pick(argument.getLoc(), argument, layout->second.from,
                          layout->second.dims);
    orders[argument] = Order(inverse(layout->second.from));
  }
  for (Operation *op : replaced) {
    builder.setInsertionPoint(op);
    if (failed(rewrite(op)))
      return failure();
  }
  return rewriteReturn(func);
}

// Results leave in the order that ONNX has.
LogicalResult Normalizer::rewriteReturn(mlir::func::FuncOp func) {
  mlir::Block &block = func.front();
  Operation *end = block.getTerminator();
  builder.setInsertionPoint(end);
  llvm::SmallVector<mlir::Type> results;
  for (auto [i, operand] : llvm::enumerate(end->getOpOperands())) {
    Value value = operand.get();
    if (!maps.lookup(value))
      return end->emitError("a result must depend on an input, but found a "
                            "constant");
    RankedTensorType type = onnxTypeOf(value);
    func.setResultAttr(i, "onnx.type", mlir::TypeAttr::get(type));
    Value map = maps.lookup(value);
    if (!orderOf(value).isIdentity())
      map = arrange(value.getDefiningOp() ? value.getDefiningOp() : end, value,
                    walk(type.getShape(), stepsOf(type.getShape())),
                    defaultDims(type.getShape()));
    operand.set(map);
    results.push_back(map.getType());
  }
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  if (!moved.empty())
    func->setAttr("bnn.moved", moved.getDictionary(func.getContext()));
  func.setType(mlir::FunctionType::get(func.getContext(),
                                       block.getArgumentTypes(), results));
  return success();
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
                                                "And",
                                                "Or",
                                                "Xor",
                                                "Equal",
                                                "BipolarQuant",
                                                "Quant",
                                                "QuantizeLinear",
                                                "DequantizeLinear",
                                                "MultiThreshold"};
  static const llvm::StringSet<> unary = {
      "Sign",  "Not",  "Sigmoid", "Tanh", "Erf", "Exp",
      "Round", "Ceil", "Floor",   "Abs",  "Log", "Sqrt"};
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
  if (name == "Pow")
    return rewritePower(op);
  if (name == "Cast")
    return rewriteCast(op);
  if (name == "Transpose")
    return rewriteTranspose(op);
  if (name == "Slice" || name == "Gather" || name == "Expand")
    return rewriteSelection(op);
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
  if (name == "Softmax" || name == "LogSoftmax" || name == "ArgMax" ||
      name == "ArgMin")
    return rewriteClassifier(op);
  return op->emitOpError("must be an operation that has an exact integer form, "
                         "but found ")
         << name << "; replace it by others (bnncc --operators lists them)";
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
