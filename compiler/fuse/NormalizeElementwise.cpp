// Canonical forms of elementwise operations: data first, constants per channel.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Normalizer.h"
#include "llvm/ADT/StringSet.h"
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

// For each element of the data, the entry of `constant` that meets it.
static Indices entriesOf(Operation *op, Value constant,
                         llvm::ArrayRef<int64_t> shape) {
  llvm::ArrayRef<int64_t> own = tensorType(constant).getShape();
  Shape steps(shape.size(), 0), ownSteps = stepsOf(own);
  if (isAlongAxis(opType(op))) {
    int64_t axis = intOf(op, "axis", 1);
    axis += axis < 0 ? int64_t(shape.size()) : 0;
    steps[axis] = 1;
    return walk(shape, steps);
  }
  for (size_t k = 0; k < own.size(); ++k)
    if (own[k] != 1)
      steps[shape.size() - own.size() + k] = ownSteps[k];
  return walk(shape, steps);
}

/// Elements that may have a constant each: each becomes a chain of its own.
constexpr size_t mostElements = 65536;

// Whether two entries of a constant are one number.
static bool sameEntry(Value constant, int64_t i, int64_t j) {
  auto dense =
      constant.getDefiningOp()->getAttrOfType<mlir::DenseElementsAttr>("value");
  return i == j || (dense && dense.getValues<mlir::Attribute>()[i] ==
                                 dense.getValues<mlir::Attribute>()[j]);
}

// A constant of an operation on `data` as one value, or one for each channel of
// the map that holds it. Where constants differ by position, the map becomes one
// of as many channels as elements.
mlir::FailureOr<Value> Normalizer::perChannel(Operation *op, Value constant,
                                              Value data) {
  if (!llvm::isa<RankedTensorType>(constant.getType()))
    return constant; // an absent operand
  auto type = tensorType(constant);
  llvm::ArrayRef<int64_t> shape = tensorType(op->getResult(0)).getShape();
  // A row of thresholds counts as one entry.
  int64_t row = opType(op) == "MultiThreshold" ? type.getShape().back() : 1;
  int64_t entries = type.getNumElements() / row;
  if (entries == 1)
    return constant;
  Indices entry = entriesOf(op, constant, shape);
  Order order = orderOf(data);
  for (bool asVector : {false, true}) {
    if (asVector) {
      if (entry.size() > mostElements ||
          dimsOf(data)[0] == int64_t(entry.size()))
        break;
      maps[data] = reshaped(op->getLoc(), maps.lookup(data),
                            {int64_t(entry.size()), 1, 1});
    }
    llvm::ArrayRef<int64_t> dims = dimsOf(data);
    int64_t positions = dims[1] * dims[2];
    std::vector<int64_t> chosen(dims[0], -1);
    bool fits = true;
    for (size_t i = 0; fits && i < entry.size(); ++i) {
      int64_t &own = chosen[order.at(int64_t(i)) / positions];
      fits = own < 0 || sameEntry(constant, own, entry[i]);
      own = own < 0 ? entry[i] : own;
    }
    if (!fits)
      continue;
    Indices from;
    for (int64_t own : chosen)
      for (int64_t j = 0; j < row; ++j)
        from.push_back(int32_t(own * row + j));
    if (int64_t(from.size()) == type.getNumElements() &&
        Order(from).isIdentity())
      return constant;
    Shape result = {dims[0]};
    if (row > 1 || opType(op) == "MultiThreshold")
      result.push_back(row);
    return pick(op->getLoc(), constant, std::move(from), result);
  }
  return op->emitOpError("must have a constant with one value or one for each "
                         "channel, but found ")
         << shapeText(type.getShape()) << " on data of " << shapeText(shape)
         << "; constants that differ by position may meet at most "
         << mostElements << " elements";
}

// f(x) op g(x): the operands that are computed have one shape, and lie in maps
// of one order.
LogicalResult Normalizer::rewriteCombination(Operation *op) {
  auto result = tensorType(op->getResult(0));
  Value data;
  for (Value operand : op->getOperands()) {
    if (!maps.count(operand))
      continue;
    if (onnxTypeOf(operand).getShape() != result.getShape())
      return op->emitOpError("must join computed values of one shape, but found ")
             << shapeText(onnxTypeOf(operand).getShape()) << " for "
             << shapeText(result.getShape())
             << "; products and sums of maps of two shapes are not supported "
                "yet";
    data = data ? data : operand;
  }
  auto operands = llvm::to_vector(op->getOperands());
  for (Value &operand : operands)
    if (!maps.count(operand)) {
      auto constant = perChannel(op, shrinkSplat(builder, operand), data);
      if (failed(constant))
        return llvm::failure();
      operand = *constant;
    }
  Shape dims(dimsOf(data));
  Indices places(result.getNumElements());
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = int32_t(orderOf(data).at(int64_t(i)));
  for (Value &operand : operands)
    if (maps.count(operand)) {
      bool fits = dimsOf(operand) == llvm::ArrayRef(dims) &&
                  orderOf(operand) == orderOf(data);
      operand = fits ? maps.lookup(operand)
                     : arrange(op, operand, inverse(places), dims);
    }
  return replace(op, createOnnx(builder, op->getLoc(), opType(op),
                                RankedTensorType::get(
                                    dims, result.getElementType()),
                                operands));
}

LogicalResult Normalizer::rewriteElementwise(Operation *op) {
  llvm::StringRef name = opType(op);
  auto operands = llvm::to_vector(op->getOperands());
  static const llvm::StringSet<> combinations = {
      "Add",         "Sub",   "Mul", "Div", "Greater", "GreaterOrEqual", "Less",
      "LessOrEqual", "Where", "Min", "Max", "And",     "Or",             "Xor",
      "Equal"};
  bool isLogic = name == "And" || name == "Or" || name == "Xor" ||
                 name == "Equal";
  auto computed = llvm::count_if(
      operands, [this](Value operand) { return maps.count(operand) != 0; });
  if (combinations.contains(name) && (computed > 1 || isLogic))
    return rewriteCombination(op);
  unsigned data = maps.count(operands[0]) ? 0 : 1;
  if (!maps.count(operands[data]))
    return op->emitOpError(
        "must have a computed value as its first or second "
        "operand, but found constants; let the exporter fold "
        "them");
  RankedTensorType type = onnxTypeOf(operands[data]);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (i == data)
      continue;
    if (maps.count(operand))
      return op->emitOpError("must have constant parameters, but found a "
                             "computed one; joining two branches is not "
                             "supported yet");
    // Lists along the channel axis keep their length.
    if (!isAlongAxis(name))
      operands[i] = shrinkSplat(builder, operand);
  }
  auto result = tensorType(op->getResult(0));
  if (result.getNumElements() != type.getNumElements())
    return op->emitOpError("must keep the number of elements, but found ")
           << shapeText(type.getShape()) << " -> "
           << shapeText(result.getShape())
           << "; a constant must not be larger than the data";
  Value value = operands[data];
  const auto original = operands;
  // Again where one of the constants has changed the map.
  for (Value map; map != maps.lookup(value);) {
    map = maps.lookup(value);
    for (auto [i, operand] : llvm::enumerate(operands)) {
      if (i == data)
        continue;
      auto constant = perChannel(op, original[i], value);
      if (failed(constant))
        return llvm::failure();
      operand = *constant;
    }
  }
  operands[data] = maps.lookup(value);
  llvm::SmallVector<mlir::NamedAttribute> attrs(op->getAttrs());
  if (data == 1) {
    if (name == "PRelu" || name == "Where" || name == "Mod" ||
        name == "BitShift")
      return op->emitOpError("must have constant parameters, but found a "
                             "computed one as its second operand");
    if (name == "Div") { // c / x -> (1 / x) * c
      Value inverse = createOnnx(builder, op->getLoc(), "Reciprocal",
                                 operands[1].getType(), operands[1]);
      return replace(op, "Mul", {inverse, operands[0]});
    }
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
             << tensorType(operands[1]).getNumElements() << "; use one number";
    Value none =
        createOnnx(builder, op->getLoc(), "None", builder.getNoneType(), {});
    return replace(op, "Clip",
                   {operands[0], name == "Max" ? operands[1] : none,
                    name == "Max" ? none : operands[1]});
  }
  return replace(op, name, operands, attrs);
}

// x^n -> x * x * ...
LogicalResult Normalizer::rewritePower(Operation *op) {
  Value base = maps.lookup(op->getOperand(0)), exponent = op->getOperand(1);
  auto constant =
      base && constants.contains(exponent) ? evaluateConstant(exponent) : std::nullopt;
  auto values = constant ? constant->exactDoubles() : std::nullopt;
  double n = values && values->size() == 1 ? values->front() : 0;
  if (n == 0.5)
    return replace(op, "Sqrt", base);
  if (n < 1 || n > 8 || n != int(n))
    return op->emitOpError("must raise a computed value to one whole power in "
                           "1..8, or to 0.5, but found another exponent");
  Value power = base;
  for (int i = 1; i < int(n); ++i)
    power = createOnnx(builder, op->getLoc(), "Mul", base.getType(),
                       {power, base});
  return replace(op, power);
}

// What a cast does to values, the fusion knows.
LogicalResult Normalizer::rewriteCast(Operation *op) {
  return replace(op, "Cast", maps.lookup(op->getOperand(0)));
}

} // namespace bnncc
