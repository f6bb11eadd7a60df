// Real values: layers with real weights, decisions, and what needs none.

#include "fuse/ClassOrder.h"
#include "fuse/ConstTensor.h"
#include "fuse/Dilation.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using bnncc::exact::Radical;
using bnncc::exact::Step;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using mlir::DenseElementsAttr;
using mlir::FailureOr;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

bool Fuser::canPrecedeEngine(Operation *op, const Edge &input) {
  if (op->hasAttr("deviations") || !feedsLayer(op->getResult(0), true))
    return false;
  llvm::SetVector<Value> values;
  values.insert(input.base);
  for (size_t i = 0; i < values.size(); ++i)
    if (Operation *producer = values[i].getDefiningOp()) {
      if (llvm::isa<bnn::ConvOp>(producer))
        return false;
      values.insert(producer->operand_begin(), producer->operand_end());
    }
  return true;
}

// A border of zeros becomes the convolution's own.
LogicalResult Fuser::fuseRealConv(Operation *op) {
  Edge input = edgeOf(op->getOperand(0));
  llvm::SmallVector<int64_t> pads(intsOf(op, "pads"));
  if (input.pad && input.pad->value == 0 &&
      input.pad->from == input.chains.front().size()) {
    for (int i = 0; i < 4; ++i)
      pads[i] += input.pad->pads[i];
    input.pad.reset();
  }
  auto map = hostValue(op, input);
  if (failed(map))
    return failure();
  auto weight = evaluateConstant(op->getOperand(1));
  auto doubles = weight ? weight->exactDoubles() : std::nullopt;
  if (!doubles)
    return weight ? op->emitOpError("must have weights that are exact float64 "
                                    "numbers, but found others; fold them at "
                                    "export")
                  : failure();
  llvm::SmallVector<int64_t> shape(tensorType(op->getOperand(1)).getShape());
  if (auto dilations = intsOf(op, "dilations"); !dilations.empty())
    *doubles = dilate(llvm::ArrayRef(*doubles), shape, dilations);
  auto type = bnn::windowType(tensorType(*map), shape[0], builder.getF64Type(),
                              llvm::ArrayRef<int64_t>(shape).drop_front(2),
                              intsOf(op, "strides"), pads);
  if (!type)
    return op->emitOpError("kernel must fit into the padded map, but found ")
           << map->getType();
  Edge result = hostEdge(bnn::RealConvOp::create(
      builder, input.fusedLoc(op->getLoc()), type, *map,
      DenseElementsAttr::get(RankedTensorType::get(shape, builder.getF64Type()),
                             llvm::ArrayRef(*doubles)),
      intsOf(op, "strides"), pads));
  if (failed(define(op, std::move(result))) || op->getNumOperands() < 3)
    return llvm::success();
  auto bias = evaluateConstant(op->getOperand(2));
  if (!bias)
    return failure();
  std::vector<Step> steps;
  for (int64_t i = 0; i < bias->size(); ++i)
    steps.push_back(Step::add((*bias)[i]));
  return append(op, edgeOf(op->getResult(0)), steps);
}

namespace {
// sigmoid(x) reaches 1/2 where x reaches 0, tanh(x) reaches 0 there: what is
// left is a decision on x itself. Null if there is no such way.
Value operandOfBend(Value value, llvm::ArrayRef<double> cuts) {
  double middle;
  if (value.getDefiningOp<bnn::SigmoidOp>())
    middle = 0.5;
  else if (value.getDefiningOp<bnn::TanhOp>())
    middle = 0;
  else
    return nullptr;
  return llvm::all_of(cuts, [&](double cut) { return cut == middle; })
             ? value.getDefiningOp()->getOperand(0)
             : nullptr;
}
} // namespace

FailureOr<Edge> Fuser::decideOnHost(Operation *op, Edge edge,
                                    const Grid &grid) {
  edge.pad.reset(); // its code is found apart
  auto map = hostValue(op, edge);
  if (failed(map))
    return failure();
  const exact::Quantizer &front = grid.of(0);
  std::vector<double> cuts;
  for (const exact::Quantizer &quantizer : grid.quantizers)
    for (const exact::Cut &cut : quantizer.cuts)
      cuts.push_back(cut.at);
  llvm::SmallVector<int64_t> inclusive;
  for (const exact::Cut &cut : front.cuts)
    inclusive.push_back(cut.inclusive);
  int64_t first = grid.first, step = grid.step;
  bool isBit = grid.levels() == 2;
  if (isBit) {
    first = -1, step = 2;
    // Exactly 0 is one side's, or a code of its own that the loader refuses.
    if (front.isSign && front.signZero == exact::SignZero::Error)
      step = 1;
    else if (front.isSign) {
      bool plus = front.signZero == exact::SignZero::Plus;
      inclusive = {plus};
      std::vector<double> kept;
      for (size_t i = 0; i < cuts.size(); i += 2)
        kept.push_back(cuts[i]);
      cuts = std::move(kept);
    }
  }
  if (Value operand = operandOfBend(*map, cuts)) {
    map = operand;
    cuts.assign(cuts.size(), 0);
  }
  int64_t last = first + step * int64_t(inclusive.size());
  mlir::Type element = isBit ? builder.getI1Type() : builder.getI8Type();
  auto [low, high] = bnn::integerRange(element);
  if (first < low || last > high) {
    element = builder.getIntegerType(8, /*isSigned=*/false);
    if (first < 0 || last > 255)
      element = builder.getI32Type();
  }
  auto cutsType = RankedTensorType::get(
      {int64_t(cuts.size() / inclusive.size()), int64_t(inclusive.size())},
      builder.getF64Type());
  Value codes = bnn::DecideOp::create(
      builder, edge.fusedLoc(op->getLoc()),
      RankedTensorType::get(tensorType(*map).getShape(), element), *map,
      DenseElementsAttr::get(cutsType, llvm::ArrayRef(cuts)), inclusive, first,
      step);
  return codeEdge(codes, grid);
}

bool Fuser::isHosts(const Edge &edge) {
  return edge.kind == Edge::Kind::Host ||
         edge.base.getDefiningOp<bnn::DecideOp>();
}

// -1, 0, 1 -> 0, 1, 0
static Edge equality(Edge codes) {
  codes.append({Step::prelu(-1)});
  codes.append({Step::multiply(Radical(mpq_class(-1)))});
  codes.append({Step::add(Radical(mpq_class(1)))});
  return codes;
}

// a < b is decided by the sign of a - b, logic by sums of 0 and 1.
std::optional<LogicalResult>
Fuser::combineOnHost(Operation *op, llvm::ArrayRef<Edge> operands,
                     llvm::ArrayRef<std::optional<ConstTensor>> constants) {
  static const llvm::StringSet<> names = {
      "Add",         "Sub",   "Min", "Max", "Greater", "GreaterOrEqual", "Less",
      "LessOrEqual", "Equal", "And", "Or",  "Xor"};
  llvm::StringRef name = opType(op);
  if (!names.contains(name))
    return std::nullopt;
  // With constants the cuts are these.
  size_t known = constants[0] ? 0 : 1;
  if (name == "Equal" && constants[known])
    if (auto bounds = constants[known]->exactDoubles()) {
      Grid grid;
      grid.first = -1;
      for (double bound : *bounds)
        grid.quantizers.push_back({{{bound, true}, {bound, false}}});
      auto codes = decideOnHost(op, operands[1 - known], grid);
      return failed(codes) ? failure() : define(op, equality(std::move(*codes)));
    }
  mlir::Location loc = op->getLoc();
  const Radical zero, one(mpq_class(1)), minusOne(mpq_class(-1));
  llvm::SmallVector<Value> values;
  for (auto [edge, constant] : llvm::zip(operands, constants)) {
    auto value = constant ? FailureOr<Value>(Value()) : hostValue(op, edge);
    if (failed(value))
      return failure();
    bool isReal = !*value || tensorType(*value).getElementType().isF64();
    values.push_back(isReal ? *value
                            : createAffine(builder, loc, *value, one, zero));
  }
  for (auto [value, constant] : llvm::zip(values, constants)) {
    std::vector<Radical> entries;
    for (int64_t i = 0; constant && i < constant->size(); ++i)
      entries.push_back((*constant)[i]);
    if (constant) // 0 times the other operand, and the constant
      value = createAffine(builder, loc, values[!constants[1] ? 1 : 0],
                           std::vector<Radical>(entries.size(), zero), entries);
  }
  auto sum = [&](Value a, Value b) -> Value {
    return bnn::AddOp::create(builder, loc, a.getType(), a, b);
  };
  auto minus = [&](Value a, Value b) {
    return sum(a, createAffine(builder, loc, b, minusOne, zero));
  };
  // 0, or 1 from the cut on; with two cuts -1, 0 or 1.
  auto decided = [&](Value value, std::vector<exact::Cut> cuts) {
    Grid grid;
    grid.first = cuts.size() == 2 ? -1 : 0;
    grid.quantizers = {{std::move(cuts)}};
    return decideOnHost(op, hostEdge(value), grid);
  };
  Value a = values[0], b = values[1];
  if (name == "Add" || name == "Sub")
    return define(op, hostEdge(name == "Add" ? sum(a, b) : minus(a, b)));
  if (name == "Max" || name == "Min") { // b + relu(a - b), a - relu(a - b)
    Value above = bnn::PReluOp::create(builder, loc, a.getType(), minus(a, b),
                                       std::vector<double>{0});
    return define(op, hostEdge(name == "Max" ? sum(b, above) : minus(a, above)));
  }
  bool turned = name.starts_with("Less");
  bool onDifference = name != "And" && name != "Or";
  bool isSign = name == "Equal" || name == "Xor";
  std::vector<exact::Cut> cuts = {{name == "And"  ? 1.5
                                   : name == "Or" ? 0.5
                                                  : 0,
                                   name != "Greater" && name != "Less"}};
  if (isSign)
    cuts.push_back({0, false});
  auto codes = decided(!onDifference ? sum(a, b)
                       : turned      ? minus(b, a)
                                     : minus(a, b),
                       std::move(cuts));
  if (failed(codes))
    return failure();
  if (name == "Equal")
    codes = equality(std::move(*codes));
  if (name == "Xor")
    codes->append({Step::prelu(-1)}); // the magnitude: whether they differ
  return define(op, std::move(*codes));
}

// What rises alike in all channels has its largest value where its operand has,
// what falls its smallest.
LogicalResult Fuser::fuseArgMax(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  int64_t axis = intOf(op, "axis", 0);
  bool smallest = opType(op) == "ArgMin";
  Edge scores = edge; // as float32 computes them
  bool smallestScore = smallest;
  for (;;) {
    bool isPlain = !edge.pool && !edge.pad && edge.chains.size() == 1;
    auto affine = isPlain ? affineOf(edge.chains.front()) : std::nullopt;
    if (affine && affine->scale.sign() != 0) {
      smallest ^= affine->scale.sign() < 0;
      edge.chains = {{}};
    }
    if (edge.kind != Edge::Kind::Host || !edge.chains.front().empty() ||
        edge.chains.size() != 1)
      break;
    Operation *producer = edge.base.getDefiningOp();
    bool rises =
        llvm::isa_and_nonnull<bnn::SigmoidOp, bnn::TanhOp>(producer) ||
        (axis == 0 &&
         llvm::isa_and_nonnull<bnn::SoftmaxOp, bnn::LogSoftmaxOp>(producer));
    if (!rises)
      break;
    edge = hostEdge(producer->getOperand(0));
    scores = edge;
    smallestScore = smallest;
  }
  auto input = hostValue(op, edge);
  if (failed(input))
    return failure();
  if (smallest) // the smallest x is the largest -x
    input = createAffine(builder, op->getLoc(), *input,
                         {Radical(mpq_class(-1))}, {Radical()});
  llvm::SmallVector<int64_t> shape(tensorType(*input).getShape());
  shape[axis] = 1;
  bool last = intOf(op, "select_last_index", 0) != 0;
  auto argMax = bnn::ArgmaxOp::create(
      builder, op->getLoc(),
      RankedTensorType::get(shape, builder.getI64Type()), *input, axis, last);
  if (auto origin = origins.find(scores.base); origin != origins.end())
    scores = origin->second;
  if (axis == 0)
    compareClasses(argMax, scores, smallestScore);
  return define(op, hostEdge(argMax));
}

void Fuser::compareClasses(bnn::ArgmaxOp argMax, const Edge &edge,
                           bool smallest) {
  if (edge.kind != Edge::Kind::Integer || edge.pad ||
      !edge.type().getElementType().isInteger(32))
    return;
  auto classes = size_t(edge.channels());
  auto found = exact::findOtherOrders(edge.chains, classes, edge.reach,
                                      {smallest, argMax.getLast()});
  if (!found)
    return;
  llvm::SmallVector<int64_t> orders;
  for (const exact::OtherOrder &order : *found)
    orders.append({int64_t(order.first), int64_t(order.second),
                   int64_t(order.count), order.a, order.b});
  argMax->setAttr(bnn::classPairs,
                  builder.getI64IntegerAttr(
                      int64_t(classes * (classes - 1) / 2)));
  argMax->setAttr(bnn::classOrders, builder.getDenseI64ArrayAttr(orders));
}

LogicalResult Fuser::concatOnHost(Operation *op) {
  llvm::SmallVector<Value> values;
  int64_t channels = 0;
  for (Value operand : op->getOperands()) {
    auto value = hostValue(op, edgeOf(operand));
    if (failed(value))
      return failure();
    values.push_back(*value);
    channels += tensorType(*value).getDimSize(0);
  }
  llvm::SmallVector<int64_t> shape(tensorType(values.front()).getShape());
  shape[0] = channels;
  return define(op, hostEdge(bnn::ConcatOp::create(
                        builder, op->getLoc(),
                        RankedTensorType::get(shape, builder.getF64Type()),
                        values)));
}

} // namespace bnncc
