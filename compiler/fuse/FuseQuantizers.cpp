// Turns an edge and a quantiser into bnn.quantize or bnn.threshold.

#include "fuse/Function.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <cmath>
#include <set>

using bnncc::exact::Cut;
using bnncc::exact::Quantizer;
using bnncc::exact::Radical;
using bnncc::exact::Step;
using bnncc::exact::SwitchError;
using bnncc::exact::SwitchResult;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::DenseElementsAttr;
using mlir::FailureOr;
using mlir::Operation;
using mlir::RankedTensorType;

namespace bnncc {

std::optional<int> countCuts(const Quantizer &quantizer, const Radical &value) {
  int count = 0;
  for (const Cut &cut : quantizer.cuts) {
    auto difference = exact::add(value, Radical(-cut.at));
    if (!difference)
      return std::nullopt;
    int sign = difference->sign();
    count += sign > 0 || (sign == 0 && cut.inclusive);
  }
  return count;
}

mlir::InFlightDiagnostic emitSignOfZero(Operation *op) {
  return op->emitOpError("must not see exactly 0, which ONNX's Sign keeps as "
                         "0, but found ");
}

LogicalResult reportSwitchError(Operation *op, const SwitchError &error,
                                int64_t channel) {
  if (error.kind == SwitchError::Kind::SignOfZero)
    return emitSignOfZero(op) << "it at accumulator value " << error.at
                              << " of channel " << channel << signZeroRemedy;
  return op->emitOpError("must be decided exactly, but found a tie of several "
                         "square roots at accumulator value ")
         << error.at << " of channel " << channel
         << "; fold one of the normalisations at export";
}

Edge Fuser::codeEdge(mlir::Value base, const Grid &grid) {
  Edge edge;
  edge.kind = Edge::Kind::Integer;
  edge.base = base;
  if (edge.isBipolar()) {
    edge.reach = exact::Reach(-1, 1, 2);
    bool isIdentity = grid.first == -1 && grid.step == 2;
    if (!isIdentity) { // -1 -> first, 1 -> first + step
      mpq_class half = mpq_class(grid.step) / 2;
      edge.append({Step::multiply(Radical(half))});
      edge.append({Step::add(Radical(mpq_class(grid.first + half)))});
    }
  } else {
    edge.reach = exact::Reach(
        grid.first, grid.first + grid.step * (grid.levels() - 1), grid.step);
  }
  return edge;
}

// A pad before a quantiser -> a pad by a code. Sign keeps a border of 0, which
// contributes nothing.
LogicalResult Fuser::movePad(Operation *op, const Edge &from, const Grid &grid,
                             Edge &codes) {
  if (!from.pad)
    return success();
  if (from.pad->isLowest)
    return op->emitOpError("must not see a Pad by minus infinity, but found "
                           "one; put the pool that it is for before this");
  std::optional<mpq_class> code;
  int64_t kinds = std::max(from.chains.size(), grid.quantizers.size());
  for (int64_t c = 0; c < kinds; ++c) {
    auto value = exact::exactValue(
        exact::ChainView(from.chain(c)).subspan(from.pad->from),
        Radical(from.pad->value));
    auto count = value ? countCuts(grid.of(c), *value) : std::nullopt;
    if (!count)
      return op->emitOpError("must quantise the pad before it exactly, but "
                             "found several square roots; pad after the "
                             "quantiser");
    mpq_class next = grid.of(c).isSign
                         ? mpq_class(*count - 1)
                         : mpq_class(grid.first + grid.step * *count);
    if (code && *code != next)
      return op->emitOpError("must pad all channels alike, but found ")
             << code->get_d() << " and " << next.get_d() << " in channel " << c
             << "; pad after the quantiser";
    code = next;
  }
  // Steps that the code edge has already turn base codes into grid codes.
  codes.pad = Edge::Pad{from.pad->pads, *code, codes.chains.front().size()};
  return success();
}

// One row for the elements of a channel that all have the same.
static void mergeRows(llvm::SmallVector<exact::Switches> &rows,
                      int64_t positions) {
  auto same = [](const exact::Switches &a, const exact::Switches &b) {
    auto at = [](const exact::Switch &x, const exact::Switch &y) {
      return x.at == y.at;
    };
    return a.first == b.first && std::equal(a.points.begin(), a.points.end(),
                                            b.points.begin(), b.points.end(), at);
  };
  auto count = int64_t(rows.size());
  for (int64_t i = 0; i < count; ++i)
    if (!same(rows[i], rows[i / positions * positions]))
      return;
  for (int64_t c = 0; c < count / positions; ++c)
    rows[c] = rows[c * positions];
  rows.resize(count / positions);
}

FailureOr<Edge> Fuser::threshold(Operation *op, mlir::Location last,
                                 const Edge &edge, const Grid &grid,
                                 std::optional<Edge::Zero> *zero) {
  if (grid.levels() != 2)
    return op->emitOpError("must have 2 levels between layers, but found ")
           << grid.levels()
           << "; activations of more than one bit are not supported yet";
  int64_t channels = edge.channels();
  bool uniform = edge.chains.size() == 1 && grid.quantizers.size() == 1 &&
                 edge.spread.empty();
  llvm::SmallVector<exact::Switches> switches;
  size_t width = 1;
  int64_t witnesses = 0;
  llvm::SmallVector<int64_t> nearTies, floatDiffers;
  int64_t uneven = 0;
  for (int64_t c = 0; c < channels; ++c) {
    if (c == 0 || !uniform) {
      SwitchResult result =
          exact::findSwitches(edge.chain(c), grid.of(c), edge.reach);
      if (result.error && zero &&
          result.error->kind == SwitchError::Kind::SignOfZero) {
        *zero = Edge::Zero{op, c, result.error->at};
        return failure();
      }
      if (result.error)
        return reportSwitchError(op, *result.error, c);
      switches.push_back(std::move(result.switches));
      if (double spread = edge.spreadOf(c))
        if (auto at = exact::firstUnsure(edge.chain(c), grid.of(c), edge.reach,
                                         spread))
          return op->emitOpError("must be decided by weights of one magnitude, "
                                 "but found that the small differences between "
                                 "those of channel ")
                 << c << " decide it at accumulator value " << *at
                 << "; export weights of one magnitude (sign times scale, the "
                    "scale behind the convolution)";
    } else {
      switches.push_back(switches.front());
    }
    width = std::max(width, switches.back().points.size());
    witnesses += switches.back().witnesses;
    uneven += edge.spreadOf(c) != 0;
    if (switches.back().nearTie)
      nearTies.push_back(c);
    if (switches.back().floatDiffers)
      floatDiffers.push_back(c);
  }
  // Constants that differ by position came with a map of single elements.
  mlir::Value integers = edge.base;
  int64_t positions = 1;
  auto reshape = integers.getDefiningOp<bnn::ReshapeOp>();
  if (reshape && edge.type().getNumElements() == channels) {
    integers = reshape.getInput();
    positions = channels / tensorType(integers).getDimSize(0);
    mergeRows(switches, positions);
    for (auto *list : {&nearTies, &floatDiffers}) {
      for (int64_t &row : *list)
        row /= positions;
      list->erase(llvm::unique(*list), list->end());
    }
  }
  std::vector<int32_t> points;
  llvm::SmallVector<bool> first;
  for (const exact::Switches &channel : switches) {
    first.push_back(channel.first);
    for (size_t j = 0; j < width; ++j)
      points.push_back(j < channel.points.size() ? int32_t(channel.points[j].at)
                                                 : bnn::unusedPoint);
  }
  auto rows = int64_t(first.size());
  auto pointsType =
      RankedTensorType::get({rows, int64_t(width)}, builder.getI32Type());
  auto firstType = RankedTensorType::get({rows}, builder.getI1Type());
  mlir::Location loc = edge.fusedLoc(last);
  known[edge.base] = {edge.reach, edge.spread};
  auto list = [&](llvm::ArrayRef<int64_t> channels) {
    return channels.empty() ? nullptr : builder.getDenseI64ArrayAttr(channels);
  };
  mlir::Value bits = bnn::ThresholdOp::create(
      builder, loc,
      RankedTensorType::get(tensorType(integers).getShape(),
                            builder.getI1Type()),
      integers, DenseElementsAttr::get(pointsType, llvm::ArrayRef(points)),
      DenseElementsAttr::get(firstType, llvm::ArrayRef(first)),
      builder.getI64IntegerAttr(witnesses), list(nearTies), list(floatDiffers));
  if (uneven)
    bits.getDefiningOp()->setAttr(bnn::unevenChannels,
                                  builder.getI64IntegerAttr(uneven));
  if (integers != edge.base)
    bits = bnn::ReshapeOp::create(
        builder, loc,
        RankedTensorType::get(edge.type().getShape(), builder.getI1Type()),
        bits);
  // The quantiser rises, so the maximum of values is the maximum of bits.
  if (edge.pool)
    bits = bnn::MaxPoolOp::create(
        builder, loc,
        RankedTensorType::get(edge.pool->type.getShape(), builder.getI1Type()),
        bits, edge.pool->kernel, edge.pool->strides, edge.pool->pads);
  return codeEdge(bits, grid);
}

mlir::Value Fuser::remapBits(mlir::Location loc, mlir::Value bits,
                             llvm::ArrayRef<BitMap> maps) {
  auto is = [](BitMap kind) {
    return [kind](BitMap map) { return map == kind; };
  };
  if (llvm::all_of(maps, is(BitMap::Keep)))
    return bits;
  llvm::SmallVector<bnn::MaxPoolOp> pools;
  while (auto pool = bits.getDefiningOp<bnn::MaxPoolOp>()) {
    pools.push_back(pool);
    bits = pool.getInput();
  }
  auto threshold = bits.getDefiningOp<bnn::ThresholdOp>();
  if (!threshold || (!pools.empty() && llvm::any_of(maps, is(BitMap::Turn))))
    return {};
  auto points = llvm::cast<DenseElementsAttr>(threshold.getPoints());
  auto first = llvm::cast<DenseElementsAttr>(threshold.getFirst());
  auto at = llvm::to_vector(points.getValues<int32_t>());
  auto start = llvm::to_vector(first.getValues<bool>());
  size_t width = at.size() / maps.size();
  for (auto [c, map] : llvm::enumerate(maps)) {
    if (map == BitMap::Turn)
      start[c] = !start[c];
    if (map != BitMap::Minus && map != BitMap::Plus)
      continue;
    start[c] = map == BitMap::Plus;
    std::fill_n(at.begin() + c * width, width, bnn::unusedPoint);
  }
  auto clone = llvm::cast<bnn::ThresholdOp>(builder.clone(*threshold));
  clone.setPointsAttr(
      DenseElementsAttr::get(points.getType(), llvm::ArrayRef(at)));
  clone.setFirstAttr(
      DenseElementsAttr::get(first.getType(), llvm::ArrayRef(start)));
  mlir::Value result = clone.getOutput();
  for (bnn::MaxPoolOp pool : llvm::reverse(pools)) {
    auto copy = llvm::cast<bnn::MaxPoolOp>(builder.clone(*pool));
    copy.getInputMutable().assign(result);
    result = copy.getOutput();
  }
  // Its bits are those of the node at `loc` now.
  Operation *last = result.getDefiningOp();
  last->setLoc(mlir::FusedLoc::get(loc.getContext(), {last->getLoc(), loc}));
  return result;
}

// A quantiser of bits keeps them, turns them or makes them constant, channel by
// channel: sign(batch_norm(max_pool(sign(x)))).
FailureOr<Edge> Fuser::requantizeBits(Operation *op, const Edge &edge,
                                      const Grid &grid) {
  if (edge.pool)
    return op->emitOpError("must see a pool of bits that rise with their "
                           "values, but found one of bits that a pool before it "
                           "has joined and a negative factor has turned; put "
                           "the two pools together");
  int64_t channels = edge.channels();
  std::vector<std::pair<int64_t, int64_t>> codes; // of -1 and of +1
  for (int64_t c = 0; c < channels; ++c) {
    int64_t pair[2];
    for (int bit : {0, 1}) {
      auto value =
          exact::exactValue(edge.chain(c), Radical(mpq_class(2 * bit - 1)));
      auto count = value ? countCuts(grid.of(c), *value) : std::nullopt;
      if (!count)
        return op->emitOpError("must be decided exactly, but found a value of "
                               "several square roots in channel ")
               << c << "; fold one of the normalisations at export";
      int code = *count;
      bool isZero = grid.of(c).isSign && code == 1;
      if (isZero && signZero == exact::SignZero::Error) {
        // 0 may be one of two values, as of bits 0 and 1.
        Edge result = edge;
        result.append({exact::applied({.kind = exact::Function::Kind::Sign})});
        result.zero = Edge::Zero{op, c, 2 * bit - 1};
        result.locs.insert(op->getLoc());
        return result;
      }
      if (grid.of(c).isSign)
        code = isZero ? signZero == exact::SignZero::Plus : code / 2;
      pair[bit] = code;
    }
    codes.push_back({pair[0], pair[1]});
  }
  // The codes that occur, at most two; a grid of two has them whether or not
  // they occur.
  std::set<int64_t> levels;
  if (grid.levels() == 2)
    levels = {0, 1};
  else
    for (auto [minus, plus] : codes)
      levels.insert({minus, plus});
  if (levels.size() > 2)
    return op->emitOpError("must have 2 levels between layers, but found ")
           << levels.size()
           << "; activations of more than one bit are not supported yet";
  int64_t low = *levels.begin(), high = *levels.rbegin();
  std::vector<BitMap> maps;
  for (auto [minus, plus] : codes)
    maps.push_back(minus == plus  ? plus == high ? BitMap::Plus : BitMap::Minus
                   : minus < plus ? BitMap::Keep
                                  : BitMap::Turn);
  Grid two;
  two.first = grid.first + grid.step * low;
  two.step = std::max<int64_t>(grid.step * (high - low), 1);
  if (mlir::Value bits = remapBits(op->getLoc(), edge.base, maps)) {
    Edge result = codeEdge(bits, two);
    result.locs = edge.locs;
    return result;
  }
  // Behind a pool the next layer's weights turn instead of the bits.
  std::vector<BitMap> constants = maps;
  std::vector<Step> turns;
  for (BitMap &map : constants) {
    turns.push_back(
        Step::multiply(Radical(mpq_class(map == BitMap::Turn ? -1 : 1))));
    map = map == BitMap::Turn ? BitMap::Keep : map;
  }
  mlir::Value bits = remapBits(op->getLoc(), edge.base, constants);
  if (!bits)
    return op->emitOpError("must not make bits of the graph's input constant, "
                           "but found a channel that it does; remove the "
                           "channel or the quantiser");
  Edge plain = codeEdge(bits, two), result = plain;
  result.chains = {{}};
  result.append(turns);
  for (const Step &step : plain.chains.front())
    result.append({step});
  result.locs = edge.locs;
  return result;
}

LogicalResult Fuser::fuseQuantizer(Operation *op) {
  auto quantization = readQuantizer(op);
  if (failed(quantization))
    return failure();
  Edge edge = edgeOf(op->getOperand(0));
  for (const auto &steps : quantization->before) {
    if (failed(append(op, edge, steps)))
      return failure();
    edge = edgeOf(op->getResult(0));
  }
  const Grid &grid = quantization->grid;
  if (grid.quantizers.size() != 1 &&
      grid.quantizers.size() != size_t(edge.channels()))
    return op->emitOpError("must have 1 or ")
           << edge.channels() << " rows of constants, but found "
           << grid.quantizers.size();
  // Integers that the user says a float input carries are still floats here.
  if (edge.kind == Edge::Kind::Integer && !edge.isBipolar())
    if (auto cast = edge.base.getDefiningOp<bnn::CastInputOp>()) {
      edge.kind = Edge::Kind::Input;
      edge.base = cast.getInput();
    }

  FailureOr<Edge> codes = failure();
  bool onInput = isInput(edge);
  // Behind the last layer the host quantises, to any number of levels.
  bool isLast = edge.kind == Edge::Kind::Integer && !edge.isBipolar() &&
                grid.levels() != 2 && !feedsLayer(op->getResult(0));
  if (edge.kind == Edge::Kind::Host || (isLast && !onInput))
    codes = decideOnHost(op, edge, grid);
  else if (onInput)
    codes = quantizeInput(op, op->getOperand(0), edge, *quantization);
  else if (edge.isBipolar())
    codes = requantizeBits(op, edge, grid);
  else if (edge.type().getElementType().isInteger(32)) {
    std::optional<Edge::Zero> zero;
    codes = threshold(op, op->getLoc(), edge, grid, &zero);
    if (zero) { // three values, until what follows tells two apart
      edge.append({exact::applied({.kind = exact::Function::Kind::Sign})});
      edge.zero = zero;
      edge.locs.insert(op->getLoc());
      return define(op, std::move(edge));
    }
  } else
    return op->emitOpError(
        "must see exact integers of a layer, but found codes "
        "that a quantiser before it has made; leave one of "
        "the two out");
  if (failed(codes))
    return failure();
  if (codes->zero)
    return define(op, std::move(*codes));
  if (!onInput && failed(movePad(op, edge, grid, *codes)))
    return failure();
  if (failed(define(op, std::move(*codes))))
    return failure();
  for (const auto &steps : quantization->after)
    if (failed(append(op, edgeOf(op->getResult(0)), steps)))
      return failure();
  return success();
}

} // namespace bnncc
