// Canonical forms of elementwise operations: data first, constants per channel.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"
#include "llvm/ADT/StringSwitch.h"

using llvm::failed;
using llvm::LogicalResult;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

// Whether an operation's constants are lists along its channel axis.
static bool isAlongAxis(llvm::StringRef name) {
  return name == "BatchNormalization" || name == "MultiThreshold" ||
         name == "QuantizeLinear" || name == "DequantizeLinear";
}

// A constant must broadcast along the channel axis alone.
LogicalResult Normalizer::checkPerChannel(Operation *op, Value constant,
                                          RankedTensorType data) {
  if (!llvm::isa<RankedTensorType>(constant.getType()))
    return llvm::success(); // an absent operand
  auto shape = tensorType(constant).getShape();
  int64_t rank = data.getRank();
  llvm::StringRef name = opType(op);
  if (tensorType(constant).getNumElements() == 1)
    return llvm::success();
  if (isAlongAxis(name)) {
    int64_t axis = intOf(op, "axis", 1);
    if (axis == 1 || axis == 1 - rank)
      return llvm::success();
    return op->emitOpError("must have one constant for each channel (axis 1), "
                           "but found axis ")
           << axis;
  }
  for (size_t k = 0; k < shape.size(); ++k) {
    int64_t axis = rank - int64_t(shape.size()) + int64_t(k);
    int64_t channelAxis = rank > 1 ? 1 : 0;
    if (shape[k] != 1 && axis != channelAxis)
      return op->emitOpError("must have a constant with one value or one for "
                             "each channel, but found ")
             << constant.getType() << " on " << data;
  }
  return llvm::success();
}

// Constant filled with one value, as ones_like exports it -> that value.
static Value shrinkSplat(mlir::OpBuilder &builder, Value constant) {
  Operation *op = constant.getDefiningOp();
  auto dense = op ? op->getAttrOfType<mlir::DenseElementsAttr>("value")
                  : mlir::DenseElementsAttr();
  if (!dense || !dense.isSplat() || dense.getNumElements() == 1)
    return constant;
  auto type = RankedTensorType::get({1}, dense.getElementType());
  Value one = createOnnx(builder, op->getLoc(), "Constant", type, {});
  one.getDefiningOp()->setAttr("value", dense.resizeSplat(type));
  return one;
}

LogicalResult Normalizer::rewriteElementwise(Operation *op) {
  llvm::StringRef name = opType(op);
  auto operands = llvm::to_vector(op->getOperands());
  unsigned data = maps.count(operands[0]) ? 0 : 1;
  if (!maps.count(operands[data]))
    return op->emitOpError("must have a computed operand in front, but found "
                           "a constant");
  RankedTensorType type = onnxTypeOf(operands[data]);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (i == data)
      continue;
    if (maps.count(operand))
      return op->emitOpError("must have one computed operand, but found two; "
                             "joining two branches has no exact integer form");
    // Lists along the channel axis keep their length.
    if (!isAlongAxis(name))
      operands[i] = shrinkSplat(builder, operand);
    if (failed(checkPerChannel(op, operands[i], type)))
      return llvm::failure();
  }
  if (tensorType(op->getResult(0)).getNumElements() != type.getNumElements())
    return op->emitOpError("must keep the number of elements, but found ")
           << type << " -> " << op->getResult(0).getType();

  operands[data] = maps.lookup(operands[data]);
  llvm::SmallVector<mlir::NamedAttribute> attrs(op->getAttrs());
  if (data == 1) {
    if (name == "Div" || name == "PRelu" || name == "Where" || name == "Mod" ||
        name == "BitShift")
      return op->emitOpError("must not divide by or choose by a computed "
                             "value, but found one as its second operand");
    if (name == "Sub") { // c - x -> -x + c
      Value minus =
          createOnnx(builder, op->getLoc(), "Mul", operands[1].getType(),
                     {operands[1], createScalar(builder, op->getLoc(), -1)});
      return replace(op, "Add", {minus, operands[0]});
    }
    name = llvm::StringSwitch<llvm::StringRef>(name)
               .Case("Greater", "Less")
               .Case("GreaterOrEqual", "LessOrEqual")
               .Case("Less", "Greater")
               .Case("LessOrEqual", "GreaterOrEqual")
               .Default(name);
    std::swap(operands[0], operands[1]);
  }
  if (name == "Min" || name == "Max") {
    auto bound = evaluateConstant(operands[1]);
    if (!bound || bound->size() != 1)
      return op->emitOpError("must have one bound for all channels, but found ")
             << operands[1].getType();
    Value none =
        createOnnx(builder, op->getLoc(), "None", builder.getNoneType(), {});
    return replace(op, "Clip",
                   {operands[0], name == "Max" ? operands[1] : none,
                    name == "Max" ? none : operands[1]});
  }
  return replace(op, name, operands, attrs);
}

// What a cast does to values, the fusion knows.
LogicalResult Normalizer::rewriteCast(Operation *op) {
  auto type = mapOf(tensorType(op->getResult(0)), op->getLoc());
  if (!type)
    return llvm::failure();
  maps[op->getResult(0)] = createOnnx(builder, op->getLoc(), "Cast", *type,
                                      maps.lookup(op->getOperand(0)));
  return llvm::success();
}

} // namespace bnncc
