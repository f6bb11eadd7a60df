//===- NodeBuilder.cpp - One ONNX node on its way into the module ---------===//
//
// Attribute access with checks, and the emission of canonical operations.
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "Elements.h"
#include "Fold.h"
#include "bnn/support/Text.h"
#include "llvm/ADT/STLExtras.h"
#include <functional>
#include <numeric>

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {

DenseElementsAttr constantOf(Value value) {
  Operation *op = value ? value.getDefiningOp() : nullptr;
  if (!op || op->getName().getStringRef() != "onnx.Constant")
    return {};
  return op->getAttrOfType<DenseElementsAttr>("value");
}

std::optional<Shape> broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Shape result(a);
  size_t offset = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &dim = result[offset + i];
    if (dim == 1)
      dim = b[i];
    else if (b[i] != 1 && b[i] != dim)
      return std::nullopt;
  }
  return result;
}

std::string toString(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : shape)
    text.append(text.empty() ? "" : "x").append(std::to_string(dim));
  return text;
}

int64_t product(ArrayRef<int64_t> values) {
  return std::accumulate(values.begin(), values.end(), int64_t(1),
                         std::multiplies<>());
}

Shape iota(int64_t first, int64_t end) {
  Shape numbers(std::max<int64_t>(end - first, 0));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

bool isSmallEnough(ArrayRef<int64_t> shape) {
  constexpr int64_t MaxElements = int64_t(1) << 33;
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim != 0 && count > MaxElements / dim)
      return false;
    count *= dim;
  }
  return true;
}

void NodeBuilder::fail(const Twine &message) {
  if (error.empty())
    error = ::bnn::support::printable(message.str());
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

int64_t NodeBuilder::getInt(StringRef name, int64_t byDefault) {
  Attribute attr = attrs.get(name);
  if (!attr)
    return byDefault;
  if (auto value = dyn_cast<IntegerAttr>(attr))
    return value.getInt();
  fail("attribute '" + name +
       "' must be an integer, found another type; export the model again");
  return byDefault;
}

float NodeBuilder::getFloat(StringRef name, float byDefault) {
  Attribute attr = attrs.get(name);
  if (!attr)
    return byDefault;
  if (auto value = dyn_cast<FloatAttr>(attr))
    return value.getValue().convertToFloat();
  fail("attribute '" + name +
       "' must be a float, found another type; export the model again");
  return byDefault;
}

std::string NodeBuilder::getString(StringRef name, StringRef byDefault) {
  Attribute attr = attrs.get(name);
  if (!attr)
    return byDefault.str();
  if (auto value = dyn_cast<StringAttr>(attr))
    return value.getValue().str();
  fail("attribute '" + name +
       "' must be a string, found another type; export the model again");
  return byDefault.str();
}

std::optional<Shape> NodeBuilder::getInts(StringRef name) {
  Attribute attr = attrs.get(name);
  if (!attr)
    return std::nullopt;
  if (auto value = dyn_cast<DenseI64ArrayAttr>(attr))
    return Shape(value.asArrayRef());
  fail("attribute '" + name +
       "' must be a list of integers, found another type; export the model "
       "again");
  return std::nullopt;
}

std::optional<int64_t> NodeBuilder::getAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  fail("axis must be in [-" + Twine(rank) + ", " + Twine(rank - 1) +
       "], found " + Twine(axis) + "; correct the axis");
  return std::nullopt;
}

std::optional<Shape> NodeBuilder::getAxes(ArrayRef<int64_t> axes,
                                          int64_t rank) {
  Shape result;
  for (int64_t axis : axes) {
    std::optional<int64_t> normalised = getAxis(axis, rank);
    if (!normalised)
      return std::nullopt;
    result.push_back(*normalised);
  }
  llvm::sort(result);
  auto twice = std::adjacent_find(result.begin(), result.end());
  if (twice == result.end())
    return result;
  fail("axes must differ, found axis " + Twine(*twice) +
       " twice; correct the axes");
  return std::nullopt;
}

std::optional<Shape> NodeBuilder::getConstantInts(unsigned i, StringRef what) {
  DenseElementsAttr constant = constantOf(in(i));
  if (!constant) {
    fail(what + " must be constant, found a value computed from the data; "
                "export with static shapes");
    return std::nullopt;
  }
  if (!isa<IntegerType>(constant.getElementType())) {
    fail(what + " must be integers, found another type; export the model "
                "again");
    return std::nullopt;
  }
  std::vector<int64_t> values = toInts(constant);
  return Shape(values.begin(), values.end());
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

NamedAttribute NodeBuilder::attr(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}

NamedAttribute NodeBuilder::attr(StringRef name, ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}

NamedAttribute NodeBuilder::attr(StringRef name, Attribute value) {
  return builder.getNamedAttr(name, value);
}

void NodeBuilder::checkNotEmpty(RankedTensorType type) {
  if (type.getNumElements() == 0)
    fail("a value must have elements, found shape " +
         toString(type.getShape()) +
         "; remove what is empty (a layer pruned away) before the export");
}

bool NodeBuilder::takeFoldBudget(StringRef op, ValueRange operands,
                                 RankedTensorType type) {
  if (!foldBudget || !llvm::all_of(operands, [](Value v) {
        return isa<NoneType>(v.getType()) || constantOf(v);
      }))
    return true;
  *foldBudget -= type.getNumElements();
  if (*foldBudget < 0)
    fail("constants must not be blown up by the graph, found shape " +
         toString(type.getShape()) + " computed by " + op +
         "; fold constants before the export");
  return *foldBudget >= 0;
}

Value NodeBuilder::emit(StringRef op, ValueRange operands,
                        RankedTensorType type,
                        ArrayRef<NamedAttribute> opAttrs) {
  constexpr int64_t MaxAxes = 64; // a Gather by its own result doubles them
  if (type.getRank() > MaxAxes) {
    fail("a value must have at most " + Twine(MaxAxes) + " axes, found " +
         Twine(type.getRank()) + "; correct the shapes");
  } else if (!isSmallEnough(type.getShape())) {
    fail("a value must have at most 2^33 elements, found shape " +
         toString(type.getShape()) + "; correct the shapes");
  } else if (takeFoldBudget(op, operands, type)) {
    if (DenseElementsAttr folded = fold(op, operands, type, opAttrs))
      return emitConstant(folded);
    // Empty constants are shapes of scalars and the like; anything else that is
    // empty is a mistake of a tool.
    checkNotEmpty(type);
    for (Value operand : operands)
      if (auto in = dyn_cast<RankedTensorType>(operand.getType()))
        checkNotEmpty(in);
  }
  OperationState state(loc, ("onnx." + op).str());
  state.addOperands(operands);
  state.addAttributes(opAttrs);
  state.addTypes(type);
  return builder.create(state)->getResult(0);
}

Value NodeBuilder::emitConstant(DenseElementsAttr value) {
  OperationState state(loc, "onnx.Constant");
  state.addAttribute("value", value);
  state.addTypes(value.getType());
  return builder.create(state)->getResult(0);
}

Value NodeBuilder::emitNone() {
  OperationState state(loc, "onnx.None");
  state.addTypes(builder.getNoneType());
  return builder.create(state)->getResult(0);
}

Value NodeBuilder::emitScalar(Type element, double value) {
  Elements scalar(RankedTensorType::get({}, element));
  scalar.setDouble(0, value);
  return emitConstant(scalar.toAttr());
}

Value NodeBuilder::emitReshape(Value value, ArrayRef<int64_t> shape) {
  RankedTensorType type = typeOf(value);
  if (type.getShape() == shape)
    return value;
  return emit("Reshape", value, type.clone(shape));
}

Value NodeBuilder::emitTranspose(Value value, ArrayRef<int64_t> perm) {
  RankedTensorType type = typeOf(value);
  if (llvm::is_sorted(perm))
    return value;
  Shape shape;
  for (int64_t axis : perm)
    shape.push_back(type.getDimSize(axis));
  return emit("Transpose", value, type.clone(shape), attr("perm", perm));
}

Value NodeBuilder::emitCast(Value value, Type element) {
  RankedTensorType type = typeOf(value);
  if (type.getElementType() == element)
    return value;
  return emit("Cast", value, RankedTensorType::get(type.getShape(), element));
}

Value NodeBuilder::emitWide() {
  Type element = type(0).getElementType();
  bool isHalf = isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32;
  return isHalf ? emitCast(in(0), builder.getF32Type()) : in(0);
}

void NodeBuilder::resultAsInput(Value value) {
  result(emitCast(value, type(0).getElementType()));
}

Value NodeBuilder::emitBinary(StringRef opName, Value a, Value b,
                              Type element) {
  RankedTensorType left = typeOf(a), right = typeOf(b);
  std::optional<Shape> shape = broadcast(left.getShape(), right.getShape());
  if (!shape) {
    fail("operand shapes must broadcast, found " + toString(left.getShape()) +
         " and " + toString(right.getShape()) + "; correct the shapes");
    return {};
  }
  if (left.getElementType() != right.getElementType() && opName != "Pow") {
    fail("operands must have one element type, found two; add a Cast");
    return {};
  }
  return emit(
      opName, {a, b},
      RankedTensorType::get(*shape, element ? element : left.getElementType()));
}

} // namespace bnncc::importer
