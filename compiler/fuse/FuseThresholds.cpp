// bnn-fuse-thresholds: one walk from onnx operations to bnn operations.

#include "fuse/ConstTensor.h"
#include "fuse/Crop.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "fuse/Order.h"
#include "fuse/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

#define GEN_PASS_DEF_FUSETHRESHOLDS
#include "fuse/Passes.h.inc"

LogicalResult Fuser::run(mlir::func::FuncOp func) {
  mlir::Block &block = func.front();
  Operation *end = block.getTerminator();
  builder.setInsertionPoint(end);
  for (mlir::BlockArgument argument : block.getArguments()) {
    Edge edge;
    edge.base = argument;
    mlir::Type element = tensorType(argument).getElementType();
    if (element.isInteger(1)) { // bool: 0 and 1, where bnn's i1 is -1 and 1
      auto unsignedBit = builder.getIntegerType(1, /*isSigned=*/false);
      argument.setType(RankedTensorType::get(tensorType(argument).getShape(),
                                             unsignedBit));
      element = unsignedBit;
    }
    if (llvm::isa<mlir::IntegerType>(element)) {
      auto [low, high] = bnn::integerRange(element);
      edge.kind = Edge::Kind::Integer;
      edge.reach = exact::Reach(low, high);
    }
    edges[argument] = std::move(edge);
    if (element.isUnsignedInteger(1)) {
      Grid grid;
      grid.quantizers = {{{{1, true}}}};
      auto bits = createQuantize(end, edges[argument],
                                 {{{1}, {0, 1}}}, grid);
      if (failed(bits))
        return failure();
      edges[argument] = codeEdge(*bits, grid);
    }
  }
  llvm::DenseSet<Value> constants = constantsOf(block);
  llvm::SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);
  for (Operation *op : old) {
    bool onConstants = op->getNumResults() == 1 &&
                       (constants.contains(op->getResult(0)) || isOnnx(op, "None"));
    if (!onConstants && failed(fuse(op)))
      return failure();
  }
  llvm::SmallVector<mlir::Type> results;
  for (mlir::OpOperand &operand : end->getOpOperands()) {
    auto it = edges.find(operand.get());
    Value result = operand.get();
    bool isIndex = llvm::isa<mlir::IntegerType>(
        tensorType(operand.get()).getElementType());
    if (it != edges.end() && it->second.kind == Edge::Kind::Host && isIndex &&
        it->second.base.getDefiningOp<bnn::ArgmaxOp>()) {
      result = it->second.base;
    } else if (it != edges.end()) {
      Operation *producer = operand.get().getDefiningOp();
      auto host = hostValue(producer ? producer : end, it->second);
      if (failed(host))
        return failure();
      result = *host;
    }
    operand.set(result);
    results.push_back(result.getType());
  }
  for (Operation *op : llvm::reverse(old))
    op->erase();
  func.setType(mlir::FunctionType::get(func.getContext(),
                                       block.getArgumentTypes(), results));
  return success();
}

Fuser::Method Fuser::methodFor(Operation *op) {
  return llvm::StringSwitch<Method>(opType(op))
          .Cases({"Add", "Sub", "Mul", "Div"}, &Fuser::fuseArithmetic)
          .Case("BatchNormalization", &Fuser::fuseNormalization)
          .Case("PRelu", &Fuser::fusePRelu)
          .Case("Clip", &Fuser::fuseClip)
          .Case("Where", &Fuser::fuseWhere)
          .Case("DequantizeLinear", &Fuser::fuseDequantize)
          .Cases({"Sign", "BipolarQuant", "Greater", "GreaterOrEqual", "Less"},
                 &Fuser::fuseQuantizer)
          .Cases({"LessOrEqual", "Quant", "QuantizeLinear", "MultiThreshold"},
                 &Fuser::fuseQuantizer)
          .Case("Conv", &Fuser::fuseConv)
          .Case("MaxPool", &Fuser::fuseMaxPool)
          .Case("AveragePool", &Fuser::fuseAveragePool)
          .Case("Pad", &Fuser::fusePad)
          .Cases({"ReduceSum", "ReduceMean", "ReduceMax"},
                 &Fuser::fuseReduction)
          .Case("Reshape", &Fuser::fuseReshape)
          .Case("Pick", &Fuser::fusePick)
          .Case("Concat", &Fuser::fuseConcat)
          .Cases({"Softmax", "LogSoftmax"}, &Fuser::fuseHostOp)
          .Cases({"ArgMax", "ArgMin"}, &Fuser::fuseArgMax)
          .Cases({"Round", "Floor", "Ceil"}, &Fuser::fuseRound)
          .Cases({"Min", "Max", "And", "Or", "Xor", "Equal"},
                 &Fuser::fuseCombination)
          .Cases({"Abs", "Reciprocal", "Sqrt", "Sigmoid"}, &Fuser::fuseFunction)
          .Cases({"Tanh", "Erf", "Exp", "Log"}, &Fuser::fuseFunction)
          .Default(nullptr);
}

// Elementwise operations that compute with integers where their type is one.
static bool isIntegerArithmetic(Operation *op) {
  static const llvm::StringSet<> names = {
      "Add",        "Sub",       "Mul",        "Div",      "Mod", "Clip",
      "PRelu",      "Cast",      "Abs",        "BitShift", "BitwiseAnd",
      "BitwiseOr", "BitwiseXor"};
  return names.contains(opType(op)) &&
         llvm::isa<mlir::IntegerType>(
             tensorType(op->getResult(0)).getElementType());
}

LogicalResult Fuser::fuse(Operation *op) {
  static const llvm::StringSet<> binary = {
      "Add",  "Sub",         "Mul",   "Div", "Greater", "GreaterOrEqual",
      "Less", "LessOrEqual", "Where"};
  auto computed = llvm::count_if(op->getOperands(), [this](Value operand) {
    return edges.count(operand) != 0;
  });
  auto isChoice = [&] { // by more than one comparison with a constant
    auto it = edges.find(op->getOperand(0));
    return it == edges.end() || !it->second.isBipolar();
  };
  if (isIntegerArithmetic(op) && computed > 1)
    return op->emitOpError("must have one computed operand, but found two; sums "
                           "and products of computed integers are not supported "
                           "yet");
  if (isIntegerArithmetic(op))
    return fuseInteger(op);
  if (binary.contains(opType(op)) &&
      (computed > 1 || (opType(op) == "Where" && isChoice())))
    return fuseCombination(op);
  static const llvm::StringSet<> layers = {"Conv",       "MaxPool",   "Concat",
                                           "ReduceSum",  "ReduceMean",
                                           "ReduceMax"};
  if (layers.contains(opType(op)))
    for (Value operand : op->getOperands())
      if (auto it = edges.find(operand);
          it != edges.end() && it->second.isOpaque)
        return op->emitOpError("must see a quantised graph input, but found a "
                               "real function of it; put a quantiser before");
  if (Method method = methodFor(op)) {
    if (failed((this->*method)(op)))
      return failure();
    return settle(op);
  }
  Edge edge = edgeOf(op->getOperand(0));
  if (opType(op) == "Cast") // the values stay
    return define(op, std::move(edge));
  if (opType(op) == "Not") // {0, 1} -> {1, 0}
    return append(op, std::move(edge),
                  {exact::Step::multiply(exact::Radical(mpq_class(-1)))})
                   .succeeded()
               ? append(op, edgeOf(op->getResult(0)),
                        {exact::Step::add(exact::Radical(mpq_class(1)))})
               : failure();
  if (opType(op) == "CastInput") {
    auto type = tensorType(op->getResult(0));
    auto [low, high] = bnn::integerRange(type.getElementType());
    Edge cast;
    cast.kind = Edge::Kind::Integer;
    cast.base =
        bnn::CastInputOp::create(builder, op->getLoc(), type, edge.base);
    cast.reach =
        exact::Reach(low, high, type.getElementType().isInteger(1) ? 2 : 1);
    return define(op, std::move(cast));
  }
  return op->emitOpError("must be in the form that bnn-infer-quantization "
                         "makes, but found ")
         << opType(op);
}

bool Fuser::feedsLayer(Value value, bool onEngine) {
  llvm::SetVector<Operation *> readers;
  readers.insert(value.user_begin(), value.user_end());
  for (size_t i = 0; i < readers.size(); ++i) {
    if (isOnnx(readers[i], "Conv") &&
        !(onEngine && readers[i]->hasAttr("host")))
      return true;
    for (Value result : readers[i]->getResults())
      readers.insert(result.user_begin(), result.user_end());
  }
  return false;
}

LogicalResult Fuser::fuseReshape(Operation *op) {
  auto bits = settledFunctions(op, edgeOf(op->getOperand(0)));
  if (failed(bits))
    return failure();
  Edge edge = std::move(*bits);
  if (edge.pool || edge.pad)
    return op->emitOpError("must not come between pooling or padding of real "
                           "values and its quantiser, but found one pending; "
                           "put the reshape after the quantiser");
  auto from = edge.type();
  auto to = RankedTensorType::get(tensorType(op->getResult(0)).getShape(),
                                  from.getElementType());
  // Each new channel must lie within one old channel, else the constants of the
  // channels come first: on the host.
  int64_t inOld = from.getDimSize(1) * from.getDimSize(2);
  int64_t inNew = to.getDimSize(1) * to.getDimSize(2);
  if (edge.chains.size() > 1 && inOld % inNew != 0) {
    auto host = hostValue(op, edge);
    if (failed(host))
      return failure();
    edge = hostEdge(*host);
    to = RankedTensorType::get(to.getShape(), builder.getF64Type());
  }
  if (edge.chains.size() > 1) {
    std::vector<exact::Chain> chains;
    for (int64_t c = 0; c < to.getDimSize(0); ++c)
      chains.push_back(edge.chain(c * inNew / inOld));
    edge.chains = std::move(chains);
  }
  edge.base = bnn::ReshapeOp::create(builder, op->getLoc(), to, edge.base);
  return define(op, std::move(edge));
}

// The host moves what it packs or reads; between layers nothing can.
LogicalResult Fuser::fusePick(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  auto from = op->getAttrOfType<mlir::DenseI32ArrayAttr>("from").asArrayRef();
  auto to = tensorType(op->getResult(0)).getShape();
  auto gather = [&](Value value, llvm::ArrayRef<int32_t> from) -> Value {
    auto type = RankedTensorType::get(to, tensorType(value).getElementType());
    return bnn::GatherOp::create(builder, op->getLoc(), type, value, from);
  };
  // The graph's input, or what makes codes of it, and the elements of that.
  Value root = edge.base;
  Indices places(from.begin(), from.end());
  while (Operation *op = root.getDefiningOp()) {
    auto before = llvm::dyn_cast<bnn::GatherOp>(op);
    if (!before && !llvm::isa<bnn::ReshapeOp>(op))
      break;
    for (int32_t &place : places)
      place = before ? before.getFrom()[place] : place;
    root = op->getOperand(0);
  }
  Operation *source = root.getDefiningOp();
  bool isCode =
      llvm::isa_and_nonnull<bnn::QuantizeOp, bnn::CastInputOp>(source);
  bool isInput = !source || isCode;
  if (!isInput && edge.kind == Edge::Kind::Integer && !edge.pool && !edge.pad)
    if (auto crop = asCrop(from, edge.type().getShape(), to))
      if (Value cut = cropped(builder, edge.base, *crop)) {
        edge.base = cut;
        edge.locs.insert(op->getLoc());
        return define(op, std::move(edge));
      }
  if (!isInput || edge.pool || edge.pad) {
    if (feedsLayer(op->getResult(0)))
      return op->emitOpError("must not move elements between layers, but found "
                             "channels or positions that are reordered or cut; "
                             "let every layer read the whole map of the layer "
                             "before it, channels as channels");
    auto host = hostValue(op, edge);
    return failed(host) ? failure() : define(op, hostEdge(gather(*host, from)));
  }
  // The channel of `value` that the elements of each new one come from.
  auto channelsOf = [&](Value value, llvm::ArrayRef<int32_t> from) {
    int64_t positions = elementCount(to.drop_front());
    int64_t before = elementCount(tensorType(value).getShape().drop_front());
    Shape channels;
    for (size_t i = 0; i < from.size(); ++i) {
      if (i % positions == 0)
        channels.push_back(from[i] / before);
      if (from[i] / before != channels.back())
        return Shape();
    }
    return channels;
  };
  auto quantize = llvm::dyn_cast_or_null<bnn::QuantizeOp>(source);
  Shape rows = quantize && quantize.isPerChannel() ? channelsOf(root, places)
                                                   : Shape{0};
  Shape sources =
      edge.chains.size() > 1 ? channelsOf(edge.base, from) : Shape{0};
  if (rows.empty() || sources.empty())
    return op->emitOpError("must not mix channels that are scaled apart, but "
                           "found such channels of the input; scale them "
                           "behind it");
  if (edge.chains.size() > 1) {
    std::vector<exact::Chain> chains;
    for (int64_t channel : sources)
      chains.push_back(edge.chain(channel));
    edge.chains = std::move(chains);
  }
  if (isCode) {
    auto type = RankedTensorType::get(to, edge.type().getElementType());
    Value moved = gather(source->getOperand(0), places);
    edge.base = builder
                    .create(source->getLoc(), source->getName().getIdentifier(),
                            {moved}, {type}, source->getAttrs())
                    ->getResult(0);
    if (quantize)
      edge.base.getDefiningOp<bnn::QuantizeOp>().takeChannels(rows);
  } else {
    edge.base = gather(root, places);
  }
  return define(op, std::move(edge));
}

LogicalResult Fuser::fuseConcat(Operation *op) {
  // Beside a real value all are real. Parts of one map, of which the engine has
  // no copies, are joined behind it.
  const Edge &first = edgeOf(op->getOperand(0));
  bool isOneMap =
      op->getNumOperands() > 1 && first.kind == Edge::Kind::Integer &&
      !first.isBipolar() && llvm::all_of(op->getOperands(), [&](Value operand) {
        return edgeOf(operand).base == first.base;
      });
  if (isOneMap || llvm::any_of(op->getOperands(), [&](Value operand) {
        return edgeOf(operand).kind == Edge::Kind::Host;
      }))
    return concatOnHost(op);
  Edge joined;
  bool spreads = false;
  llvm::SmallVector<Value> bases;
  int64_t channels = 0;
  for (Value operand : op->getOperands()) {
    auto bits = settledFunctions(op, edgeOf(operand));
    if (failed(bits))
      return failure();
    Edge &edge = *bits;
    bool fits =
        !edge.pool && !edge.pad &&
        (bases.empty() || (edge.kind == joined.kind &&
                           edge.type().getElementType() ==
                               tensorType(bases.front()).getElementType()));
    if (!fits)
      return op->emitOpError("must join maps of one kind, but found one whose "
                             "pool or pad waits for its quantiser, or another "
                             "element type; quantise before the join");
    if (bases.empty()) {
      joined = edge;
      joined.chains.clear();
      joined.spread.clear();
    }
    joined.isOpaque |= edge.isOpaque;
    joined.isWhole &= edge.isWhole;
    if (!joined.zero)
      joined.zero = edge.zero;
    spreads |= !edge.spread.empty();
    bases.push_back(edge.base);
    joined.reach.unite(edge.reach);
    for (int64_t c = 0; c < edge.channels(); ++c) {
      joined.chains.push_back(edge.chain(c));
      joined.spread.push_back(edge.spreadOf(c));
    }
    joined.locs.insert(edge.locs.begin(), edge.locs.end());
    channels += edge.channels();
  }
  auto part = tensorType(bases.front());
  auto type = RankedTensorType::get(
      {channels, part.getDimSize(1), part.getDimSize(2)},
      part.getElementType());
  joined.base = bnn::ConcatOp::create(builder, op->getLoc(), type, bases);
  joined.alignChains();
  if (!spreads)
    joined.spread.clear();
  return define(op, std::move(joined));
}

LogicalResult Fuser::fuseHostOp(Operation *op) {
  auto input = hostValue(op, edgeOf(op->getOperand(0)));
  if (failed(input))
    return failure();
  auto type = tensorType(*input);
  mlir::Location loc = op->getLoc();
  llvm::StringRef name = opType(op);
  Value result;
  if (name == "Softmax")
    result = bnn::SoftmaxOp::create(builder, loc, type, *input);
  else if (name == "LogSoftmax")
    result = bnn::LogSoftmaxOp::create(builder, loc, type, *input);
  else if (name == "Sigmoid")
    result = bnn::SigmoidOp::create(builder, loc, type, *input);
  else
    result = bnn::TanhOp::create(builder, loc, type, *input);
  return define(op, hostEdge(result));
}

namespace {
struct FuseThresholdsPass : impl::FuseThresholdsBase<FuseThresholdsPass> {
  using FuseThresholdsBase::FuseThresholdsBase;
  void runOnOperation() override {
    using exact::SignZero;
    auto choice = llvm::StringSwitch<std::optional<SignZero>>(signZero)
                      .Case("error", SignZero::Error)
                      .Case("plus", SignZero::Plus)
                      .Case("minus", SignZero::Minus)
                      .Default(std::nullopt);
    if (!choice) {
      getOperation().emitError("--sign-zero must be error, plus or minus, but "
                               "found '")
          << signZero << "'";
      return signalPassFailure();
    }
    if (inputArithmetic != "float" && inputArithmetic != "real") {
      getOperation().emitError("--input-arithmetic must be float or real, but "
                               "found '")
          << inputArithmetic << "'";
      return signalPassFailure();
    }
    auto arithmetic = inputArithmetic == "real" ? InputArithmetic::Real
                                                : InputArithmetic::Float;
    for (auto func : getOperation().getOps<mlir::func::FuncOp>())
      if (failed(Fuser(&getContext(), *choice, arithmetic).run(func)))
        return signalPassFailure();
  }
};
} // namespace

} // namespace bnncc
