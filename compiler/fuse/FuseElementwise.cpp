// Turns elementwise onnx operations into steps of a chain.

#include "fuse/ConstTensor.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <cmath>

using bnncc::exact::Radical;
using bnncc::exact::Step;
using llvm::failure;
using llvm::LogicalResult;
using mlir::Operation;

namespace bnncc {

// Whether a step makes integers of integers.
static bool keepsIntegers(const Step &step) {
  auto isWhole = [](const Radical &x) {
    return x.isRational() && x.rationalPart().get_den() == 1;
  };
  auto isBound = [](double x) { return std::isinf(x) || x == std::floor(x); };
  switch (step.kind) {
  case Step::Kind::Add:
  case Step::Kind::Subtract:
    return isWhole(step.term);
  case Step::Kind::Multiply:
    return isWhole(step.factor);
  case Step::Kind::Clip:
    return isBound(step.low) && isBound(step.high);
  default:
    return step.kind == Step::Kind::Round;
  }
}

LogicalResult Fuser::append(Operation *op, Edge edge,
                            const std::vector<Step> &steps) {
  if (steps.size() != 1 && steps.size() != size_t(edge.channels()))
    return op->emitOpError("must have 1 or ")
           << edge.channels() << " constants, but found " << steps.size();
  // Every edge holds its steps, so that long chains would take quadratic memory.
  constexpr size_t mostSteps = 100;
  if (edge.chains.front().size() >= mostSteps)
    return op->emitOpError("must be one of at most ")
           << mostSteps
           << " elementwise operations between two quantisers, but found more; "
              "fold their constants at export";
  if (edge.pool) {
    for (const Step &step : steps)
      if (!exact::directionOf(exact::ChainView(&step, 1)).rises)
        return op->emitOpError("must not fall after a MaxPool whose operand "
                               "falls or bends, but found a negative factor; "
                               "put the pool before the activation");
  }
  edge.append(steps);
  edge.isWhole &= llvm::all_of(steps, keepsIntegers);
  edge.locs.insert(op->getLoc());
  return define(op, std::move(edge));
}

static std::vector<Step> stepsOf(const ConstTensor &constant,
                                 Step (*make)(Radical)) {
  std::vector<Step> steps;
  for (int64_t i = 0; i < constant.size(); ++i)
    steps.push_back(make(constant[i]));
  return steps;
}

LogicalResult Fuser::fuseArithmetic(Operation *op) {
  llvm::StringRef name = opType(op);
  auto constant = evaluateConstant(op->getOperand(1));
  if (!constant)
    return failure();
  auto make = name == "Add"   ? Step::add
              : name == "Sub" ? Step::subtract
              : name == "Mul" ? Step::multiply
                              : Step::divide;
  for (int64_t i = 0; name == "Div" && i < constant->size(); ++i)
    if ((*constant)[i].sign() == 0)
      return op->emitOpError(
                 "must not divide by zero, but found 0 for channel ")
             << i << "; train or export again";
  return append(op, edgeOf(op->getOperand(0)), stepsOf(*constant, make));
}

LogicalResult Fuser::fuseNormalization(Operation *op) {
  std::vector<std::vector<double>> parameters;
  for (mlir::Value operand : op->getOperands().drop_front()) {
    auto constant = evaluateConstant(operand);
    auto doubles = constant ? constant->exactDoubles() : std::nullopt;
    if (!doubles)
      return op->emitOpError("must have constant parameters that are exact "
                             "float64 numbers, but found others");
    parameters.push_back(std::move(*doubles));
  }
  double epsilon = realOf(op, "epsilon", 1e-5f);
  std::vector<Step> steps;
  for (size_t c = 0; c < parameters[0].size(); ++c) {
    double variance = parameters[3][c];
    if (exact::rational(variance) + exact::rational(epsilon) <= 0)
      return op->emitOpError("must have var + epsilon above 0, but found ")
             << variance << " + " << epsilon << " in channel " << c;
    steps.push_back(Step::normalize(parameters[0][c], parameters[1][c],
                                    parameters[2][c], variance, epsilon));
  }
  return append(op, edgeOf(op->getOperand(0)), steps);
}

LogicalResult Fuser::fusePRelu(Operation *op) {
  auto constant = evaluateConstant(op->getOperand(1));
  auto slopes = constant ? constant->exactDoubles() : std::nullopt;
  if (!slopes)
    return op->emitOpError("must have slopes that are exact float64 numbers");
  std::vector<Step> steps;
  for (double slope : *slopes)
    steps.push_back(Step::prelu(slope));
  return append(op, edgeOf(op->getOperand(0)), steps);
}

LogicalResult Fuser::fuseClip(Operation *op) {
  double bounds[2] = {-INFINITY, INFINITY};
  for (int i : {0, 1}) {
    if (op->getNumOperands() < unsigned(i + 2) ||
        llvm::isa<mlir::NoneType>(op->getOperand(i + 1).getType()))
      continue;
    auto dense = op->getOperand(i + 1)
                     .getDefiningOp()
                     ->getAttrOfType<mlir::DenseFPElementsAttr>("value");
    if (dense && dense.getNumElements() == 1 &&
        (*dense.begin()).isInfinity()) {
      bounds[i] = (*dense.begin()).isNegative() ? -INFINITY : INFINITY;
      continue;
    }
    auto constant = evaluateConstant(op->getOperand(i + 1));
    auto values = constant ? constant->exactDoubles() : std::nullopt;
    if (!values || values->size() != 1)
      return op->emitOpError("must have one exact float64 number for each "
                             "bound, but found another; let the exporter fold "
                             "the constants");
    bounds[i] = values->front();
  }
  if (bounds[0] > bounds[1])
    return op->emitOpError("must have min below max, but found ")
           << bounds[0] << " and " << bounds[1];
  return append(op, edgeOf(op->getOperand(0)),
                {Step::clip(bounds[0], bounds[1])});
}

// cond of {0, 1} ? a : b -> cond * (a - b) + b
LogicalResult Fuser::fuseWhere(Operation *op) {
  const Edge &condition = edgeOf(op->getOperand(0));
  auto high = evaluateConstant(op->getOperand(1));
  auto low = evaluateConstant(op->getOperand(2));
  if (!high || !low)
    return failure();
  std::vector<Step> factors, terms;
  int64_t count = std::max(high->size(), low->size());
  for (int64_t i = 0; i < count; ++i) {
    Radical a = (*high)[high->size() == 1 ? 0 : i];
    Radical b = (*low)[low->size() == 1 ? 0 : i];
    auto difference = exact::add(a, b.negated());
    if (!difference)
      return op->emitOpError("must choose between numbers with one radical, "
                             "but found two; let the exporter fold the "
                             "constants");
    factors.push_back(Step::multiply(*difference));
    terms.push_back(Step::add(b));
  }
  if (llvm::failed(append(op, condition, factors)))
    return failure();
  return append(op, edgeOf(op->getResult(0)), terms);
}

// (x - zero_point) * scale
LogicalResult Fuser::fuseDequantize(Operation *op) {
  auto scale = evaluateConstant(op->getOperand(1));
  auto zero = evaluateConstant(op->getOperand(2));
  if (!scale || !zero)
    return failure();
  if (llvm::failed(append(op, edgeOf(op->getOperand(0)),
                          stepsOf(*zero, Step::subtract))))
    return failure();
  return append(op, edgeOf(op->getResult(0)), stepsOf(*scale, Step::multiply));
}

} // namespace bnncc
