// Pools and reductions on edges.

#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "fuse/Order.h"

using bnncc::exact::Radical;
using bnncc::exact::Reach;
using bnncc::exact::Step;
using llvm::ArrayRef;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using mlir::Operation;
using mlir::RankedTensorType;

namespace bnncc {

// A list of one number, or of one at each end, for each axis of positions as
// the model has it: one axis where the map has one row.
static std::string listText(ArrayRef<int64_t> values, RankedTensorType map) {
  std::string text;
  for (auto [i, value] : llvm::enumerate(values))
    if (map.getDimSize(1) != 1 || i % 2 == 1)
      text += (text.empty() ? "[" : ", ") + std::to_string(value);
  return text + "]";
}

// max f(x) = f(min x) where f falls: turn the channel's weights, so that it
// rises with the turned accumulator. Bits are turned in their threshold.
void Fuser::turnFallingChannels(Edge &edge) {
  auto conv = edge.base.getDefiningOp<bnn::ConvOp>();
  bool isBits = edge.isBipolar();
  if (!conv && !isBits)
    return;
  int64_t channels = edge.channels();
  if (edge.chains.size() == 1)
    edge.chains.assign(channels, exact::Chain(edge.chains.front()));
  std::vector<bool> falls(channels);
  for (int64_t c = 0; c < channels; ++c) {
    auto direction = edge.directionOf(edge.chains[c]);
    falls[c] = direction.falls && !direction.rises;
  }
  if (isBits) {
    std::vector<BitMap> maps;
    for (bool turn : falls)
      maps.push_back(turn ? BitMap::Turn : BitMap::Keep);
    mlir::Value turned = remapBits(
        edge.locs.empty() ? edge.base.getLoc() : edge.locs.back(), edge.base,
        maps);
    if (!turned)
      return;
    edge.base = turned;
  } else {
    auto weight = llvm::cast<mlir::DenseElementsAttr>(conv.getWeight());
    auto values = llvm::to_vector(weight.getValues<int8_t>());
    int64_t taps = values.size() / channels;
    for (int64_t i = 0; i < channels * taps; ++i)
      if (falls[i / taps])
        values[i] = int8_t(-values[i]);
    Reach turned;
    for (auto [low, high, step] : edge.reach.lattices)
      turned.unite(Reach(-high, -low, step));
    edge.reach.unite(turned);
    auto clone = llvm::cast<bnn::ConvOp>(builder.clone(*conv));
    clone.setWeightAttr(
        mlir::DenseElementsAttr::get(weight.getType(), ArrayRef(values)));
    edge.base = clone.getOutput();
  }
  // Chains of one edge have equal lengths: the others get a factor of 1.
  for (int64_t c = 0; c < channels; ++c)
    edge.chains[c].insert(edge.chains[c].begin(),
                          Step::multiply(Radical(mpq_class(falls[c] ? -1 : 1))));
  if (edge.pad)
    ++edge.pad->from;
}

// The maximum of maxima is the maximum of all that their windows hold, where
// these leave no gaps, and the first pool leaves no position out that a window
// of the second would then reach.
static std::optional<Edge::Pool> compose(bnn::MaxPoolOp first,
                                         const Edge::Pool &second) {
  Edge::Pool whole = second;
  auto in = llvm::cast<RankedTensorType>(first.getInput().getType());
  auto between = llvm::cast<RankedTensorType>(first.getOutput().getType());
  for (int axis : {0, 1}) {
    int64_t kernel = first.getKernel()[axis], stride = first.getStrides()[axis];
    int64_t before = first.getPads()[axis], size = in.getDimSize(axis + 1);
    int64_t count = between.getDimSize(axis + 1);
    bool gaps = stride > kernel && second.kernel[axis] > 1;
    int64_t reached = (count - 1) * stride - before + kernel;
    if (gaps || (second.pads[axis + 2] > 0 && reached < size))
      return std::nullopt;
    whole.kernel[axis] = kernel + (second.kernel[axis] - 1) * stride;
    whole.strides[axis] = stride * second.strides[axis];
    whole.pads[axis] = before + second.pads[axis] * stride;
    int64_t end = (second.type.getDimSize(axis + 1) - 1) * whole.strides[axis] +
                  whole.kernel[axis] - whole.pads[axis];
    whole.pads[axis + 2] = std::max<int64_t>(0, end - size);
    if (std::max(whole.pads[axis], whole.pads[axis + 2]) >= whole.kernel[axis])
      return std::nullopt;
  }
  return whole;
}

LogicalResult Fuser::poolEdge(Operation *op, Edge edge, Edge::Pool pool) {
  auto bits = settledFunctions(op, edge);
  if (failed(bits))
    return failure();
  edge = std::move(*bits);
  if (edge.kind == Edge::Kind::Input)
    return op->emitOpError("must pool integers, but found the float graph "
                           "input; quantise it first");
  if (edge.kind == Edge::Kind::Host || edge.pool) {
    auto host = hostValue(op, edge);
    if (failed(host))
      return failure();
    edge = hostEdge(*host);
  }
  // A border that is never above a value of the map is no border to a pool.
  if (edge.pad) {
    auto least = [&](const exact::Chain &chain) {
      auto bottom =
          exact::exactValue(chain, Radical(mpq_class(long(edge.reach.low()))));
      auto border =
          exact::exactValue(exact::ChainView(chain).subspan(edge.pad->from),
                            Radical(edge.pad->value));
      auto gap = bottom && border ? exact::add(*bottom, border->negated())
                                  : std::nullopt;
      return gap && gap->sign() >= 0;
    };
    bool isBelow = edge.pad->isLowest
                       ? edge.pad->from == edge.chains.front().size()
                       : edge.rises() && llvm::all_of(edge.chains, least);
    if (!isBelow)
      return op->emitOpError("must not see a Pad above the least value of its "
                             "operand, but found ")
             << edge.pad->value.get_d() << "; pad after the pool";
    for (int i = 0; i < 4; ++i)
      pool.pads[i] += edge.pad->pads[i];
    edge.pad.reset();
  }
  for (int axis : {0, 1})
    if (pool.pads[axis] >= pool.kernel[axis] ||
        pool.pads[axis + 2] >= pool.kernel[axis])
      return op->emitOpError("pads must be smaller than the kernel ")
             << listText(pool.kernel, edge.type()) << ", but found "
             << listText(pool.pads, edge.type())
             << "; a window must hold a position of the map";
  if (edge.kind == Edge::Kind::Integer && !edge.rises())
    turnFallingChannels(edge);
  edge.locs.insert(op->getLoc());
  if (edge.kind == Edge::Kind::Integer && !edge.rises()) {
    edge.pool = std::move(pool);
    return define(op, std::move(edge));
  }
  auto type =
      RankedTensorType::get(pool.type.getShape(), edge.type().getElementType());
  mlir::Location loc = op->getLoc();
  if (auto before = edge.base.getDefiningOp<bnn::MaxPoolOp>())
    if (auto whole = compose(before, pool)) {
      pool = std::move(*whole);
      edge.base = before.getInput();
      loc = edge.fusedLoc(before.getLoc());
    }
  edge.base = bnn::MaxPoolOp::create(builder, loc, type, edge.base, pool.kernel,
                                     pool.strides, pool.pads);
  return define(op, std::move(edge));
}

LogicalResult Fuser::fuseMaxPool(Operation *op) {
  return poolEdge(op, edgeOf(op->getOperand(0)),
                  {llvm::SmallVector<int64_t>(intsOf(op, "kernel_shape")),
                   llvm::SmallVector<int64_t>(intsOf(op, "strides")),
                   llvm::SmallVector<int64_t>(intsOf(op, "pads")),
                   tensorType(op->getResult(0))});
}

// The affine functions of an edge's channels, if all its steps are that.
static std::optional<std::vector<Affine>> affineFunctions(const Edge &edge) {
  if (edge.kind != Edge::Kind::Integer || edge.pool || edge.pad)
    return std::nullopt;
  std::vector<Affine> functions;
  for (const exact::Chain &chain : edge.chains) {
    auto function =
        edge.isBipolar() ? affineOnBipolar(chain) : affineOf(chain);
    if (!function)
      return std::nullopt;
    functions.push_back(std::move(*function));
  }
  return functions;
}

// sum of (s x + t) = s * sum + n t; the mean divides that by n.
LogicalResult Fuser::scaleSum(Operation *op, Edge sum,
                              const std::vector<Affine> &functions, long count,
                              bool mean) {
  if (!sum.reach.fitsInt32())
    return op->emitOpError("sums must fit into 32 bits, but found ")
           << sum.reach.low() << ".." << sum.reach.high()
           << "; sum fewer positions";
  std::vector<Step> factors, terms;
  Radical number(mpq_class(mean ? 1 : count));
  Radical part(mean ? mpq_class(1, count) : mpq_class(1));
  for (const Affine &function : functions) {
    factors.push_back(Step::multiply(*exact::multiply(function.scale, part)));
    terms.push_back(Step::add(*exact::multiply(function.shift, number)));
  }
  sum.append(factors);
  sum.append(terms);
  return define(op, std::move(sum));
}

// The sums of a convolution (or of bits) over windows, as one convolution; null
// if its weights exceed a byte.
mlir::Value Fuser::sumOfWindows(Operation *op, const Edge &edge) {
  auto kernel = intsOf(op, "kernel_shape"), strides = intsOf(op, "strides");
  auto result = tensorType(op->getResult(0)).getShape();
  auto conv = edge.base.getDefiningOp<bnn::ConvOp>();
  int64_t channels = edge.channels();
  Shape shape = {channels, channels, 1, 1}, steps = {1, 1};
  mlir::Value input = edge.base;
  std::vector<int64_t> own(channels * channels, 0);
  Shape pads(4, 0);
  int64_t padValue = 0;
  if (conv) {
    shape = Shape(
        llvm::cast<mlir::ShapedType>(conv.getWeight().getType()).getShape());
    auto values = conv.getWeight().getValues<int8_t>();
    own.assign(values.begin(), values.end());
    steps = Shape(conv.getStrides());
    pads = Shape(conv.getPads());
    padValue = int64_t(conv.getPadValue());
    input = conv.getInput();
  } else {
    for (int64_t c = 0; c < channels; ++c)
      own[c * channels + c] = 1;
  }
  Shape whole = {shape[0], shape[1], shape[2] + (kernel[0] - 1) * steps[0],
                 shape[3] + (kernel[1] - 1) * steps[1]};
  Shape wholeSteps = stepsOf(whole), ownSteps = stepsOf(shape);
  std::vector<int8_t> weights(elementCount(whole), 0);
  Indices taps = walk({kernel[0], kernel[1]},
                      {steps[0] * wholeSteps[2], steps[1] * wholeSteps[3]});
  int64_t i = 0;
  for (int32_t at : walk(shape, wholeSteps)) {
    for (int32_t tap : taps) {
      int64_t sum = weights[at + tap] + own[i];
      if (sum < -127 || sum > 127)
        return nullptr;
      weights[at + tap] = int8_t(sum);
    }
    ++i;
  }
  auto in = tensorType(input).getShape();
  Shape wholeStrides = {steps[0] * strides[0], steps[1] * strides[1]};
  for (int axis : {0, 1})
    pads[axis + 2] = std::max<int64_t>(
        0, (result[axis + 1] - 1) * wholeStrides[axis] + whole[axis + 2] -
               in[axis + 1] - pads[axis]);
  auto weight = mlir::DenseElementsAttr::get(
      RankedTensorType::get(whole, builder.getI8Type()), ArrayRef(weights));
  mlir::Location loc =
      conv ? edge.fusedLoc(conv.getLoc()) : edge.fusedLoc(op->getLoc());
  return bnn::ConvOp::create(
      builder, loc, RankedTensorType::get(result, builder.getI32Type()), input,
      weight, wholeStrides, pads, padValue, /*weight_bits=*/8);
}

// The mean of a window is the sum of one more convolution; behind the last
// integer the host takes it.
LogicalResult Fuser::fuseAveragePool(Operation *op) {
  auto bits = settledFunctions(op, edgeOf(op->getOperand(0)));
  if (failed(bits))
    return failure();
  Edge edge = std::move(*bits);
  auto kernel = intsOf(op, "kernel_shape"), strides = intsOf(op, "strides"),
       pads = intsOf(op, "pads");
  long area = long(kernel[0] * kernel[1]);
  if (llvm::any_of(pads, [](int64_t pad) { return pad != 0; }))
    return op->emitOpError("must average windows inside the map, but found "
                           "pads ")
           << listText(pads, edge.type())
           << "; pad with a Pad node before the convolution, or leave the pads "
              "out";
  if (feedsLayer(op->getResult(0))) {
    auto functions = affineFunctions(edge);
    bool isSum = edge.base.getDefiningOp<bnn::ConvOp>() || edge.isBipolar();
    mlir::Value sum = functions && isSum ? sumOfWindows(op, edge) : nullptr;
    if (!sum)
      return op->emitOpError("must average a convolution's sums or bits between "
                             "layers, but found ")
             << (functions ? "other values"
                           : "values that an activation has bent, or a pool")
             << "; put the average pool right behind the convolution, or take "
                "a max pool";
    Edge mean;
    mean.kind = Edge::Kind::Integer;
    mean.base = sum;
    mean.reach = edge.reach.times(area);
    for (double spread : edge.spread)
      mean.spread.push_back(spread * area * (1 + 0x1p-40));
    mean.locs.insert(op->getLoc());
    return scaleSum(op, std::move(mean), *functions, area, /*mean=*/true);
  }
  auto host = hostValue(op, edge);
  if (failed(host))
    return failure();
  // Every window becomes a channel of its own, and its mean a value.
  auto result = tensorType(op->getResult(0)).getShape();
  Shape map(tensorType(*host).getShape()), steps = stepsOf(map);
  Indices from =
      walk({result[0], result[1], result[2], kernel[0], kernel[1]},
           {steps[0], strides[0] * steps[1], strides[1] * steps[2], steps[1],
            steps[2]});
  mlir::Type real = builder.getF64Type();
  int64_t windows = elementCount(result);
  mlir::Value value = bnn::GatherOp::create(
      builder, op->getLoc(), RankedTensorType::get({windows, 1, area}, real),
      *host, from);
  value = bnn::ReduceOp::create(builder, op->getLoc(),
                                RankedTensorType::get({windows, 1, 1}, real),
                                value, "mean");
  return define(op, hostEdge(bnn::ReshapeOp::create(
                        builder, op->getLoc(),
                        RankedTensorType::get(result, real), value)));
}

LogicalResult Fuser::fuseReduction(Operation *op) {
  auto bits = settledFunctions(op, edgeOf(op->getOperand(0)));
  if (failed(bits))
    return failure();
  Edge edge = std::move(*bits);
  auto map = edge.pool ? edge.pool->type : edge.type();
  int64_t rows = map.getDimSize(1), columns = map.getDimSize(2);
  if (opType(op) == "ReduceMax" && edge.kind == Edge::Kind::Integer)
    return poolEdge(
        op, edge,
        {{rows, columns}, {1, 1}, {0, 0, 0, 0}, tensorType(op->getResult(0))});
  if (opType(op) == "ReduceMean" && rows * columns == 1)
    return define(op, std::move(edge));

  auto functions = affineFunctions(edge);
  if (!functions) {
    auto host = hostValue(op, edge);
    if (failed(host))
      return failure();
    llvm::StringRef kind = opType(op) == "ReduceMean"  ? "mean"
                           : opType(op) == "ReduceSum" ? "sum"
                                                       : "max";
    return define(
        op, hostEdge(bnn::ReduceOp::create(
                builder, op->getLoc(),
                bnn::perChannelType(tensorType(*host), builder.getF64Type()),
                *host, kind)));
  }

  long count = rows * columns;
  bool mean = opType(op) == "ReduceMean";
  Edge sum;
  sum.kind = Edge::Kind::Integer;
  sum.locs = edge.locs;
  sum.locs.insert(op->getLoc());
  sum.base = bnn::SumOp::create(
      builder, sum.fusedLoc(op->getLoc()),
      bnn::perChannelType(edge.type(), builder.getI32Type()), edge.base);
  sum.reach = edge.reach.times(count);
  for (double spread : edge.spread)
    sum.spread.push_back(spread * count * (1 + 0x1p-40));
  return scaleSum(op, std::move(sum), *functions, count, mean);
}

} // namespace bnncc
