// Convolutions, pools, pads and reductions on edges.

#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <set>

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
namespace {

bool equal(const Radical &x, const Radical &y) {
  auto difference = exact::add(x, y.negated());
  return difference && difference->sign() == 0;
}

// The one affine function that all channels of a quantised edge share.
std::optional<Affine> gridOf(const Edge &edge) {
  std::optional<Affine> grid;
  for (const exact::Chain &chain : edge.chains) {
    auto next = edge.isBipolar() ? affineOnBipolar(chain) : affineOf(chain);
    if (!next || (grid && !(equal(grid->scale, next->scale) &&
                            equal(grid->shift, next->shift))))
      return std::nullopt;
    grid = next;
  }
  return grid;
}

// The numbers of taps inside the map that the windows of one axis can have.
std::set<int64_t> tapCounts(int64_t size, int64_t kernel, int64_t stride,
                            int64_t before, int64_t windows) {
  std::set<int64_t> counts;
  for (int64_t i = 0; i < windows; ++i) {
    int64_t start = i * stride - before;
    counts.insert(std::min(start + kernel, size) -
                  std::max<int64_t>(start, 0));
  }
  return counts;
}

// The accumulators of binary weights: +/-1 inputs give every sum of the parity
// of the number of taps; other inputs are bounded for each channel's signs.
Reach convReach(const Edge &edge, bnn::ConvOp conv) {
  auto weight = llvm::cast<mlir::ShapedType>(conv.getWeight().getType());
  auto input = edge.type();
  auto output = llvm::cast<RankedTensorType>(conv.getOutput().getType());
  bool padded =
      llvm::any_of(conv.getPads(), [](int64_t pad) { return pad > 0; });
  int64_t taps = weight.getNumElements() / weight.getDimSize(0);
  if (edge.isBipolar()) {
    if (!padded || conv.getPadValue() != 0)
      return Reach(-taps, taps, 2);
    Reach reach;
    auto rows = tapCounts(input.getDimSize(1), weight.getDimSize(2),
                          conv.getStrides()[0], conv.getPads()[0],
                          output.getDimSize(1));
    auto columns = tapCounts(input.getDimSize(2), weight.getDimSize(3),
                             conv.getStrides()[1], conv.getPads()[1],
                             output.getDimSize(2));
    for (int64_t row : rows)
      for (int64_t column : columns) {
        int64_t count = row < 0 || column < 0
                            ? 0
                            : weight.getDimSize(1) * row * column;
        reach.unite(Reach(-count, count, 2));
      }
    return reach;
  }
  int64_t low = edge.reach.low(), high = edge.reach.high();
  if (padded) {
    low = std::min(low, int64_t(conv.getPadValue()));
    high = std::max(high, int64_t(conv.getPadValue()));
  }
  int64_t least = 0, most = 0, i = 0, plus = 0;
  for (int8_t value : conv.getWeight().getValues<int8_t>()) {
    plus += value > 0;
    if (++i % taps)
      continue;
    int64_t minus = taps - plus;
    int64_t from = plus * low - minus * high, to = plus * high - minus * low;
    least = i == taps ? from : std::min(least, from);
    most = i == taps ? to : std::max(most, to);
    plus = 0;
  }
  return Reach(least, most);
}

bool fitsInt32(const Reach &reach) {
  return reach.low() > INT32_MIN && reach.high() < INT32_MAX;
}

// The pad's value in base units, if it is an integer that the base can hold.
std::optional<int64_t> padCode(const Edge &edge, const Affine &grid,
                               const Radical &value) {
  if (grid.scale.sign() == 0)
    return std::nullopt;
  auto difference = exact::add(value, grid.shift.negated());
  auto code = difference ? exact::multiply(*difference, grid.scale.inverse())
                         : std::nullopt;
  if (!code || !code->isRational() || code->rationalPart().get_den() != 1)
    return std::nullopt;
  auto [low, high] = bnn::integerRange(edge.type().getElementType());
  const mpz_class &number = code->rationalPart().get_num();
  if (number < long(low) || number > long(high))
    return std::nullopt;
  return number.get_si();
}

} // namespace

LogicalResult Fuser::fuseConv(Operation *op) {
  Edge &input = edgeOf(op->getOperand(0));
  bool isCode = input.kind == Edge::Kind::Integer && !input.pool &&
                input.type().getElementTypeBitWidth() <= 8;
  if (!isCode)
    return op->emitOpError("input must be a quantised map, but found ")
           << (input.kind == Edge::Kind::Host ? "a real value of the host"
               : input.pool                   ? "a pool of real values"
                                              : "an unquantised value")
           << "; put a quantiser (Sign, BipolarQuant) before it";
  auto grid = gridOf(input);
  if (!grid)
    return op->emitOpError("input must have one scale and zero point for all "
                           "channels, but found several");

  // Explicit padding by a value, then the convolution's own padding by 0.
  llvm::SmallVector<int64_t> pads(intsOf(op, "pads"));
  Radical padValue;
  bool ownPads = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
  if (input.pad) {
    auto value = exact::exactValue(
        exact::ChainView(input.chains.front()).subspan(input.pad->from),
        Radical(input.pad->value));
    if (!value || (ownPads && value->sign() != 0))
      return op->emitOpError("must pad by one value, but found its own pads of "
                             "0 around a Pad by another value; merge them");
    padValue = *value;
    for (int i = 0; i < 4; ++i)
      pads[i] += input.pad->pads[i];
  }
  int64_t padNumber = 0; // no one reads it where there is no border
  bool padded = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
  if (padded) {
    auto code = padCode(input, *grid, padValue);
    if (!code)
      return op->emitOpError("must pad by a value on its input's integer grid, "
                             "but found ")
             << padValue.toDouble() << " with scale " << grid->scale.toDouble()
             << " and shift " << grid->shift.toDouble();
    padNumber = *code;
  }

  auto weight = op->getOperand(1)
                    .getDefiningOp()
                    ->getAttrOfType<mlir::DenseElementsAttr>("value");
  auto shape = weight.getType().getShape();
  auto type = bnn::windowType(input.type(), shape[0], builder.getI32Type(),
                              shape.drop_front(2), intsOf(op, "strides"), pads);
  if (!type)
    return op->emitOpError("kernel must fit into the padded map, but found ")
           << input.type();
  auto conv = bnn::ConvOp::create(
      builder, input.fusedLoc(op->getLoc()), type, input.base, weight,
      intsOf(op, "strides"), pads, padNumber, /*weight_bits=*/1);

  // sum of w (s x + t) = s * accumulator + t * sum of w
  Edge output;
  output.kind = Edge::Kind::Integer;
  output.base = conv.getOutput();
  output.reach = convReach(input, conv);
  output.locs.insert(op->getLoc());
  if (!fitsInt32(output.reach))
    return op->emitOpError("sums must fit into 32 bits, but found ")
           << output.reach.low() << ".." << output.reach.high();
  if (!equal(grid->scale, Radical(mpq_class(1))))
    output.append({Step::multiply(grid->scale)});
  if (grid->shift.sign() != 0) {
    std::vector<Step> shifts;
    int64_t taps = weight.getNumElements() / shape[0];
    auto values = llvm::to_vector(weight.getValues<int8_t>());
    for (int64_t o = 0; o < shape[0]; ++o) {
      long sum = 0;
      for (int64_t i = 0; i < taps; ++i)
        sum += values[o * taps + i];
      shifts.push_back(Step::add(
          *exact::multiply(grid->shift, Radical(mpq_class(sum)))));
    }
    output.append(shifts);
  }
  return define(op, std::move(output));
}

LogicalResult Fuser::fusePad(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  mpq_class value = exact::rational(realOf(op, "value", 0));
  llvm::SmallVector<int64_t> pads(intsOf(op, "pads"));
  if (edge.pad) {
    if (edge.pad->from != edge.chains.front().size() ||
        edge.pad->value != value)
      return op->emitOpError("must pad by the value of the Pad before it, but "
                             "found ")
             << value.get_d() << "; merge the two";
    for (int i = 0; i < 4; ++i)
      edge.pad->pads[i] += pads[i];
  } else {
    edge.pad = Edge::Pad{pads, value, edge.chains.front().size()};
  }
  edge.locs.insert(op->getLoc());
  return define(op, std::move(edge));
}

// max f(x) = f(min x) where f falls: turn the channel's weights, so that it
// rises with the turned accumulator.
void Fuser::turnFallingChannels(Edge &edge) {
  auto conv = edge.base.getDefiningOp<bnn::ConvOp>();
  if (!conv)
    return;
  auto weight = llvm::cast<mlir::DenseElementsAttr>(conv.getWeight());
  auto values = llvm::to_vector(weight.getValues<int8_t>());
  int64_t channels = edge.channels(), taps = values.size() / channels;
  if (edge.chains.size() == 1)
    edge.chains.assign(channels, exact::Chain(edge.chains.front()));
  for (int64_t c = 0; c < channels; ++c) {
    auto direction = exact::directionOf(edge.chains[c], edge.reach.low(),
                                        edge.reach.high());
    if (direction.rises || !direction.falls)
      continue;
    for (int64_t i = c * taps; i < (c + 1) * taps; ++i)
      values[i] = int8_t(-values[i]);
    edge.chains[c].insert(edge.chains[c].begin(),
                          Step::multiply(Radical(mpq_class(-1))));
  }
  // Chains of one edge have equal lengths: the others get a factor of 1.
  size_t length = 0;
  for (const exact::Chain &chain : edge.chains)
    length = std::max(length, chain.size());
  for (exact::Chain &chain : edge.chains)
    if (chain.size() < length)
      chain.insert(chain.begin(), Step::multiply(Radical(mpq_class(1))));
  Reach turned;
  for (auto [low, high, step] : edge.reach.lattices)
    turned.unite(Reach(-high, -low, step));
  edge.reach.unite(turned);
  auto clone = llvm::cast<bnn::ConvOp>(builder.clone(*conv));
  clone.setWeightAttr(
      mlir::DenseElementsAttr::get(weight.getType(), ArrayRef(values)));
  edge.base = clone.getOutput();
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
      auto bottom = exact::exactValue(
          chain, Radical(mpq_class(long(edge.reach.low()))));
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
  auto type = RankedTensorType::get(pool.type.getShape(),
                                    edge.type().getElementType());
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
    return poolEdge(op, edge,
                    {{rows, columns}, {1, 1}, {0, 0, 0, 0},
                     tensorType(op->getResult(0))});
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
    return define(op, hostEdge(bnn::ReduceOp::create(
                          builder, op->getLoc(),
                          bnn::perChannelType(tensorType(*host),
                                              builder.getF64Type()),
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
  if (!fitsInt32(sum.reach))
    return op->emitOpError("sums must fit into 32 bits, but found ")
           << sum.reach.low() << ".." << sum.reach.high();
  // sum of (s x + t) = s * sum + n t; the mean divides that by n.
  std::vector<Step> factors, terms;
  Radical number(mpq_class(mean ? 1 : count));
  Radical part(mean ? mpq_class(1, count) : mpq_class(1));
  for (auto &function : functions) {
    factors.push_back(
        Step::multiply(*exact::multiply(function->scale, part)));
    terms.push_back(Step::add(*exact::multiply(function->shift, number)));
  }
  sum.append(factors);
  sum.append(terms);
  return define(op, std::move(sum));
}

} // namespace bnncc
