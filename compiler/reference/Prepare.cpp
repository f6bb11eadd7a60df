//===- Prepare.cpp - Translating a module to steps ------------------------===//
//
// Numbers the values, reads the constants and translates each operation.
//
//===----------------------------------------------------------------------===//

#include "Prepare.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace bnncc::reference {

ArrayRef<int64_t> Translation::ints(StringRef attr) {
  if (auto list = op->getAttrOfType<DenseI64ArrayAttr>(attr))
    return list.asArrayRef();
  fail("attribute '" + attr + "' must be a list of integers, found none");
  return {};
}

int64_t Translation::integer(StringRef attr, int64_t byDefault) {
  auto value = op->getAttrOfType<IntegerAttr>(attr);
  return value ? value.getInt() : byDefault;
}

std::optional<double> Translation::constant(unsigned operand) {
  int number = step.operands[operand];
  if (number < 0 || !program.isConstant[number] ||
      program.values[number].values.empty())
    return std::nullopt;
  return program.values[number].values[0];
}

Shape stridesOf(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Shape broadcastSteps(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  Shape strides = stridesOf(from), steps(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1)
      steps[to.size() - from.size() + i] = strides[i];
  return steps;
}

std::vector<int32_t> offsets(ArrayRef<int64_t> shape, ArrayRef<int64_t> steps,
                             int64_t start) {
  std::vector<int32_t> result{static_cast<int32_t>(start)};
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<int32_t> finer;
    finer.reserve(result.size() * shape[axis]);
    for (int32_t offset : result)
      for (int64_t i = 0; i < shape[axis]; ++i)
        finer.push_back(static_cast<int32_t>(offset + i * steps[axis]));
    result = std::move(finer);
  }
  return result;
}

namespace {

ElementKind kindOf(Type type) {
  Type element = cast<RankedTensorType>(type).getElementType();
  return isa<FloatType>(element) ? ElementKind::Real
         : element.isInteger(1)  ? ElementKind::Bool
                                 : ElementKind::Integer;
}

std::vector<double> valuesOf(DenseElementsAttr attr) {
  std::vector<double> values;
  values.reserve(attr.getNumElements());
  Type element = attr.getElementType();
  if (element.isF32()) {
    for (float value : attr.getValues<float>())
      values.push_back(value);
  } else if (isa<FloatType>(element)) {
    for (APFloat value : attr.getValues<APFloat>()) {
      bool losesInfo;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      values.push_back(value.convertToDouble());
    }
  } else {
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    for (const APInt &value : attr.getValues<APInt>())
      values.push_back(isUnsigned ? static_cast<double>(value.getZExtValue())
                                  : static_cast<double>(value.getSExtValue()));
  }
  return values;
}

std::string nameOf(Operation *op) {
  Location loc = op->getLoc();
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  return op->getName().getStringRef().str();
}

class Preparer {
public:
  explicit Preparer(Program &program) : program(program) {}

  std::string run(func::FuncOp function) {
    for (Value argument : function.getArguments()) {
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!type || !type.hasStaticShape())
        return "an argument must be a static tensor";
      program.arguments.push_back(number(argument));
      program.argumentShapes.emplace_back(type.getShape());
    }
    program.steps.reserve(function.getBody().front().getOperations().size());
    for (Operation &op : function.getBody().front())
      if (std::string problem = add(&op); !problem.empty())
        return "node '" + nameOf(&op) + "': " + problem;
    return "";
  }

private:
  int number(Value value) {
    auto [entry, isNew] =
        numbers.try_emplace(value, static_cast<int>(program.values.size()));
    if (isNew) {
      program.values.emplace_back();
      program.isConstant.push_back(false);
    }
    return entry->second;
  }

  std::string add(Operation *op) {
    StringRef name = op->getName().getStringRef();
    if (isa<func::ReturnOp>(op)) {
      for (Value value : op->getOperands()) {
        program.results.push_back(number(value));
        program.resultKinds.push_back(kindOf(value.getType()));
        program.resultShapes.emplace_back(
            cast<RankedTensorType>(value.getType()).getShape());
      }
      return "";
    }
    if (name == "onnx.None")
      return "";
    if (name == "onnx.Constant") {
      auto value = op->getAttrOfType<DenseElementsAttr>("value");
      if (!value)
        return "a constant must be dense";
      int constant = number(op->getResult(0));
      program.values[constant].values = valuesOf(value);
      program.isConstant[constant] = true;
      return "";
    }
    if (!name.consume_front("onnx.") || op->getNumResults() != 1)
      return "the operation must be of the onnx dialect, found '" +
             op->getName().getStringRef().str() + "'";
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape() ||
        type.getNumElements() > (int64_t(1) << 30))
      return "a result must be a static tensor of at most 2^30 elements";
    Step step(op->getLoc());
    step.name = nameOf(op);
    step.shape = Shape(type.getShape());
    step.element = kindOf(type);
    step.count = type.getNumElements();
    for (Value operand : op->getOperands())
      step.operands.push_back(
          isa<NoneType>(operand.getType()) ? -1 : number(operand));
    step.once = llvm::all_of(step.operands, [&](int operand) {
      return operand < 0 || program.isConstant[operand] ||
             made.contains(operand);
    });
    step.result = number(op->getResult(0));
    if (step.once)
      made.insert(step.result);
    Translation t{op, name, step, program, {}};
    if (!translateElementwise(t) && !translateMove(t) && !translateWindow(t) &&
        !translateLinear(t))
      return "no exact meaning is known for the operation '" + name.str() + "'";
    program.steps.push_back(std::move(step));
    return t.problem;
  }

  Program &program;
  llvm::DenseMap<Value, int> numbers;
  llvm::DenseSet<int> made; ///< values of constants
};

} // namespace

llvm::Expected<Program> prepare(ModuleOp module, bool floats) {
  Program program;
  auto function = module.lookupSymbol<func::FuncOp>("main");
  std::string problem = "the module must have a function @main";
  if (function && !function.empty())
    problem = Preparer(program).run(function);
  if (!problem.empty())
    return llvm::createStringError(problem);
  if (floats)
    markFloats(program);
  return program;
}

} // namespace bnncc::reference
