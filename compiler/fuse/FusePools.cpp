// Pools and reductions on edges.

#include "fuse/Fuser.h"
#include "fuse/Graph.h"

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

LogicalResult Fuser::poolEdge(Operation *op, Edge edge, Edge::Pool pool) {
  if (edge.kind == Edge::Kind::Input)
    return op->emitOpError("must pool integers, but found the float graph "
                           "input; quantise it first");
  if (edge.kind == Edge::Kind::Host || edge.pool) {
    auto host = toHost(builder, op, edge);
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
    if (!edge.rises() || !llvm::all_of(edge.chains, least))
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
      return op->emitOpError("pads must be smaller than the kernel [")
             << pool.kernel << "], but found [" << pool.pads << "]";
  if (edge.kind == Edge::Kind::Integer && !edge.rises())
    turnFallingChannels(edge);
  edge.locs.insert(op->getLoc());
  if (edge.kind == Edge::Kind::Integer && !edge.rises()) {
    edge.pool = std::move(pool);
    return define(op, std::move(edge));
  }
  auto type =
      RankedTensorType::get(pool.type.getShape(), edge.type().getElementType());
  edge.base = bnn::MaxPoolOp::create(builder, op->getLoc(), type, edge.base,
                                     pool.kernel, pool.strides, pool.pads);
  return define(op, std::move(edge));
}

LogicalResult Fuser::fuseMaxPool(Operation *op) {
  return poolEdge(op, edgeOf(op->getOperand(0)),
                  {llvm::SmallVector<int64_t>(intsOf(op, "kernel_shape")),
                   llvm::SmallVector<int64_t>(intsOf(op, "strides")),
                   llvm::SmallVector<int64_t>(intsOf(op, "pads")),
                   tensorType(op->getResult(0))});
}

// Sums of affine functions are affine functions of the sum.
LogicalResult Fuser::fuseReduction(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  auto map = edge.pool ? edge.pool->type : edge.type();
  int64_t rows = map.getDimSize(1), columns = map.getDimSize(2);
  if (opType(op) == "ReduceMax" && edge.kind == Edge::Kind::Integer)
    return poolEdge(
        op, edge,
        {{rows, columns}, {1, 1}, {0, 0, 0, 0}, tensorType(op->getResult(0))});
  if (opType(op) == "ReduceMean" && rows * columns == 1)
    return define(op, std::move(edge));

  bool affine = edge.kind == Edge::Kind::Integer && !edge.pool && !edge.pad;
  std::vector<std::optional<Affine>> functions;
  for (const exact::Chain &chain : edge.chains) {
    functions.push_back(edge.isBipolar() ? affineOnBipolar(chain)
                                         : affineOf(chain));
    affine &= functions.back().has_value();
  }
  if (!affine) {
    auto host = toHost(builder, op, edge);
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
  if (!sum.reach.fitsInt32())
    return op->emitOpError("sums must fit into 32 bits, but found ")
           << sum.reach.low() << ".." << sum.reach.high();
  // sum of (s x + t) = s * sum + n t; the mean divides that by n.
  std::vector<Step> factors, terms;
  Radical number(mpq_class(mean ? 1 : count));
  Radical part(mean ? mpq_class(1, count) : mpq_class(1));
  for (auto &function : functions) {
    factors.push_back(Step::multiply(*exact::multiply(function->scale, part)));
    terms.push_back(Step::add(*exact::multiply(function->shift, number)));
  }
  sum.append(factors);
  sum.append(terms);
  return define(op, std::move(sum));
}

} // namespace bnncc
