// Real values: layers with real weights, decisions, and what needs none.

#include "fuse/ConstTensor.h"
#include "fuse/Dilation.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "mlir/IR/BuiltinAttributes.h"

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
  for (const exact::Quantizer &quantizer : grid.quantizers) {
    bool alike = quantizer.cuts.size() == front.cuts.size();
    for (size_t k = 0; alike && k < front.cuts.size(); ++k)
      alike = quantizer.cuts[k].inclusive == front.cuts[k].inclusive;
    if (!alike)
      return op->emitOpError("must quantise the channels of real values alike, "
                             "but found others");
    for (const exact::Cut &cut : quantizer.cuts)
      cuts.push_back(cut.at);
  }
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

// What rises alike in all channels has its largest value where its operand has.
LogicalResult Fuser::fuseArgMax(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  int64_t axis = intOf(op, "axis", 0);
  for (;;) {
    if (!edge.pool && !edge.pad && edge.chains.size() == 1 &&
        risesStrictly(edge.chains.front()))
      edge.chains = {{}};
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
  }
  auto input = hostValue(op, edge);
  if (failed(input))
    return failure();
  llvm::SmallVector<int64_t> shape(tensorType(*input).getShape());
  shape[axis] = 1;
  bool last = intOf(op, "select_last_index", 0) != 0;
  return define(op, hostEdge(bnn::ArgmaxOp::create(
                        builder, op->getLoc(),
                        RankedTensorType::get(shape, builder.getI64Type()),
                        *input, axis, last)));
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
