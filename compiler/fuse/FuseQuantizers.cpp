// Turns an edge and a quantiser into bnn.quantize or bnn.threshold.

#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <cmath>

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
namespace {

mlir::InFlightDiagnostic emitSignOfZero(Operation *op) {
  return op->emitOpError("must not see exactly 0, which ONNX's Sign keeps as "
                         "0, but found ");
}

constexpr llvm::StringLiteral signZeroRemedy =
    "; say what it means with --sign-zero=plus or --sign-zero=minus, or export "
    "x >= 0";

LogicalResult report(Operation *op, const SwitchError &error, int64_t channel) {
  if (error.kind == SwitchError::Kind::SignOfZero)
    return emitSignOfZero(op) << "it at accumulator value " << error.at
                              << " of channel " << channel << signZeroRemedy;
  return op->emitOpError("must be decided exactly, but found a tie of several "
                         "square roots at accumulator value ")
         << error.at << " of channel " << channel
         << "; fold one of the normalisations at export";
}

// The number of cuts that an exact value reaches; none if undecided.
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

} // namespace

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
                             "found several square roots");
    mpq_class next = grid.of(c).isSign
                         ? mpq_class(*count - 1)
                         : mpq_class(grid.first + grid.step * *count);
    if (code && *code != next)
      return op->emitOpError("must pad all channels alike, but found ")
             << code->get_d() << " and " << next.get_d() << " in channel " << c;
    code = next;
  }
  // Steps that the code edge has already turn base codes into grid codes.
  codes.pad = Edge::Pad{from.pad->pads, *code, codes.chains.front().size()};
  return success();
}

FailureOr<Edge> Fuser::quantizeInput(Operation *op, const Edge &edge,
                                     const Grid &grid) {
  std::optional<std::vector<float>> boundaries;
  int64_t kinds = std::max(edge.chains.size(), grid.quantizers.size());
  for (int64_t c = 0; c < kinds; ++c) {
    const exact::Chain &chain = edge.chain(c);
    if (!exact::directionOf(chain).rises)
      return op->emitOpError("must see a rising function of the graph input, "
                             "but found one that falls or bends in channel ")
             << c;
    std::vector<float> next;
    for (const Cut &cut : grid.of(c).cuts) {
      auto boundary = exact::firstFloatAt(chain, cut);
      if (!boundary)
        return op->emitOpError("must be decided exactly, but found a tie of "
                               "several square roots in channel ")
               << c;
      next.push_back(*boundary);
    }
    if (grid.of(c).isSign) {
      if (next[0] != next[1] && signZero == exact::SignZero::Error)
        return emitSignOfZero(op)
               << "it at input value " << next[0] << signZeroRemedy;
      next = {next[signZero == exact::SignZero::Minus ? 1 : 0]};
    }
    if (boundaries && *boundaries != next)
      return op->emitOpError("must quantise all channels of the graph input "
                             "alike, but found others in channel ")
             << c << "; normalise the input before the graph";
    boundaries = std::move(next);
  }

  int64_t last = grid.first + grid.step * (grid.levels() - 1);
  bool isBit = grid.levels() == 2;
  mlir::Type element = builder.getI8Type();
  if (isBit)
    element = builder.getI1Type();
  else if (last > 127)
    element = builder.getIntegerType(8, /*isSigned=*/false);
  auto [low, high] = bnn::integerRange(element);
  if (!isBit && (grid.first < low || last > high))
    return op->emitOpError("must have codes of 8 bits, but found ")
           << grid.first << ".." << last;
  auto boundaryType = RankedTensorType::get({int64_t(boundaries->size())},
                                            builder.getF32Type());
  auto quantize = bnn::QuantizeOp::create(
      builder, edge.fusedLoc(op->getLoc()),
      RankedTensorType::get(edge.type().getShape(), element), edge.base,
      DenseElementsAttr::get(boundaryType, llvm::ArrayRef(*boundaries)),
      isBit ? -1 : grid.first, isBit ? 2 : grid.step);
  return codeEdge(quantize.getOutput(), grid);
}

FailureOr<Edge> Fuser::threshold(Operation *op, const Edge &edge,
                                 const Grid &grid) {
  if (grid.levels() != 2)
    return op->emitOpError("must have 2 levels between layers, but found ")
           << grid.levels()
           << "; activations of more than one bit are not supported yet";
  int64_t channels = edge.channels();
  bool uniform = edge.chains.size() == 1 && grid.quantizers.size() == 1;
  llvm::SmallVector<exact::Switches> switches;
  size_t width = 1;
  int64_t witnesses = 0;
  llvm::SmallVector<int64_t> nearTies, floatDiffers;
  for (int64_t c = 0; c < channels; ++c) {
    if (c == 0 || !uniform) {
      SwitchResult result =
          exact::findSwitches(edge.chain(c), grid.of(c), edge.reach);
      if (result.error)
        return report(op, *result.error, c);
      switches.push_back(std::move(result.switches));
    } else {
      switches.push_back(switches.front());
    }
    width = std::max(width, switches.back().points.size());
    witnesses += switches.back().witnesses;
    if (switches.back().nearTie)
      nearTies.push_back(c);
    if (switches.back().floatDiffers)
      floatDiffers.push_back(c);
  }
  std::vector<int32_t> points;
  llvm::SmallVector<bool> first;
  for (const exact::Switches &channel : switches) {
    first.push_back(channel.first);
    for (size_t j = 0; j < width; ++j)
      points.push_back(j < channel.points.size() ? int32_t(channel.points[j].at)
                                                 : bnn::unusedPoint);
  }
  auto pointsType =
      RankedTensorType::get({channels, int64_t(width)}, builder.getI32Type());
  auto firstType = RankedTensorType::get({channels}, builder.getI1Type());
  mlir::Location loc = edge.fusedLoc(op->getLoc());
  auto list = [&](llvm::ArrayRef<int64_t> channels) {
    return channels.empty() ? nullptr : builder.getDenseI64ArrayAttr(channels);
  };
  mlir::Value bits = bnn::ThresholdOp::create(
      builder, loc,
      RankedTensorType::get(edge.type().getShape(), builder.getI1Type()),
      edge.base, DenseElementsAttr::get(pointsType, llvm::ArrayRef(points)),
      DenseElementsAttr::get(firstType, llvm::ArrayRef(first)),
      builder.getI64IntegerAttr(witnesses), list(nearTies), list(floatDiffers));
  // The quantiser rises, so the maximum of values is the maximum of bits.
  if (edge.pool)
    bits = bnn::MaxPoolOp::create(
        builder, loc,
        RankedTensorType::get(edge.pool->type.getShape(), builder.getI1Type()),
        bits, edge.pool->kernel, edge.pool->strides, edge.pool->pads);
  return codeEdge(bits, grid);
}

// A quantiser of bits must give them back: sign(max_pool(sign(x))).
FailureOr<Edge> Fuser::requantizeBits(Operation *op, const Edge &edge,
                                      const Grid &grid) {
  int64_t kinds = std::max(edge.chains.size(), grid.quantizers.size());
  for (int64_t c = 0; c < kinds; ++c)
    for (int bit : {0, 1}) {
      auto value =
          exact::exactValue(edge.chain(c), Radical(mpq_class(2 * bit - 1)));
      auto count = value ? countCuts(grid.of(c), *value) : std::nullopt;
      int code = count.value_or(-1);
      bool isZero = grid.of(c).isSign && code == 1;
      if (isZero && signZero == exact::SignZero::Error)
        return emitSignOfZero(op) << "it in channel " << c << signZeroRemedy;
      if (grid.of(c).isSign)
        code = isZero ? signZero == exact::SignZero::Plus : code / 2;
      if (grid.levels() != 2 || code != bit)
        return op->emitOpError("must keep the bits of the quantiser before it, "
                               "but found one that changes them in channel ")
               << c << "; remove one of the two";
    }
  return codeEdge(edge.base, grid);
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
  if (edge.kind == Edge::Kind::Host)
    return op->emitOpError("must see an integer or its scaled value, but found "
                           "a real value of the host");
  if (edge.kind == Edge::Kind::Input)
    codes = quantizeInput(op, edge, grid);
  else if (edge.isBipolar())
    codes = requantizeBits(op, edge, grid);
  else if (edge.type().getElementType().isInteger(32))
    codes = threshold(op, edge, grid);
  else
    return op->emitOpError("must see exact integers of a layer, but found ")
           << edge.type();
  if (failed(codes) || failed(movePad(op, edge, grid, *codes)))
    return failure();
  if (failed(define(op, std::move(*codes))))
    return failure();
  for (const auto &steps : quantization->after)
    if (failed(append(op, edgeOf(op->getResult(0)), steps)))
      return failure();
  return success();
}

} // namespace bnncc
