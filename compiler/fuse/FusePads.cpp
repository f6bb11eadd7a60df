// Pads on edges: one is pending until a layer reads it; what lies inside
// another becomes part of the map.

#include "fuse/ChannelGrid.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <cmath>
#include <limits>

using bnncc::exact::Radical;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::DenseElementsAttr;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

bool equalNumbers(const Radical &x, const Radical &y) {
  auto difference = exact::add(x, y.negated());
  return difference && difference->sign() == 0;
}

std::optional<ChannelGrid> gridOf(const Edge &edge, bool hasBorder) {
  ChannelGrid grid;
  for (int64_t c = 0; c < edge.channels(); ++c) {
    if (c > 0 && edge.chains.size() == 1) {
      grid.turns.push_back(grid.turns.front());
      grid.shifts.push_back(grid.shifts.front());
      continue;
    }
    auto next = edge.isBipolar() ? affineOnBipolar(edge.chain(c))
                                 : affineOf(edge.chain(c));
    if (!next)
      return std::nullopt;
    if (c == 0)
      grid.scale = next->scale;
    bool same = equalNumbers(grid.scale, next->scale);
    if (!same &&
        !(edge.isBipolar() && equalNumbers(grid.scale, next->scale.negated())))
      return std::nullopt;
    if (c > 0 && hasBorder && !edge.isBipolar() &&
        !equalNumbers(grid.shifts[0], next->shift))
      return std::nullopt;
    grid.turns.push_back(same ? 1 : -1);
    grid.shifts.push_back(next->shift);
  }
  return grid;
}

std::optional<Radical> padValueOf(const Edge &edge) {
  return exact::exactValue(
      exact::ChainView(edge.chains.front()).subspan(edge.pad->from),
      Radical(edge.pad->value));
}

std::optional<int64_t> padCode(const Edge &edge, const ChannelGrid &grid,
                               const Radical &value) {
  if (grid.scale.sign() == 0)
    return std::nullopt;
  auto [low, high] = bnn::integerRange(edge.type().getElementType());
  std::optional<int64_t> result;
  for (auto [turn, shift] : llvm::zip(grid.turns, grid.shifts)) {
    auto difference = exact::add(value, shift.negated());
    auto code = difference ? exact::multiply(*difference, grid.scale.inverse())
                           : std::nullopt;
    if (!code || !code->isRational() || code->rationalPart().get_den() != 1)
      return std::nullopt;
    const mpz_class &number = code->rationalPart().get_num();
    if (number < long(low) || number > long(high))
      return std::nullopt;
    int64_t next = turn * number.get_si();
    if (result && *result != next)
      return std::nullopt;
    result = next;
  }
  return result;
}

namespace {

llvm::ArrayRef<int64_t> ones() {
  static const int64_t pair[2] = {1, 1};
  return pair;
}

RankedTensorType paddedType(const Edge &edge, mlir::Type element) {
  llvm::SmallVector<int64_t> shape(edge.type().getShape());
  shape[1] += edge.pad->pads[0] + edge.pad->pads[2];
  shape[2] += edge.pad->pads[1] + edge.pad->pads[3];
  return RankedTensorType::get(shape, element);
}

/// O x C x 1 x 1 weights that take each channel as it is.
template <typename T>
DenseElementsAttr identity(Value map, mlir::Type element) {
  int64_t channels = tensorType(map).getDimSize(0);
  std::vector<T> weights(size_t(channels * channels), T(0));
  for (int64_t c = 0; c < channels; ++c)
    weights[size_t(c * channels + c)] = T(1);
  return DenseElementsAttr::get(
      RankedTensorType::get({channels, channels, 1, 1}, element),
      llvm::ArrayRef(weights));
}

/// A layer that keeps all bits and pads them.
Value padBits(mlir::OpBuilder &builder, mlir::Location loc, const Edge &edge,
              int64_t code) {
  int64_t channels = edge.channels();
  Value sums = bnn::ConvOp::create(
      builder, loc, paddedType(edge, builder.getI32Type()), edge.base,
      identity<int8_t>(edge.base, builder.getI8Type()), ones(), edge.pad->pads,
      code, /*weight_bits=*/2);
  auto points = RankedTensorType::get({channels, 1}, builder.getI32Type());
  auto first = RankedTensorType::get({channels}, builder.getI1Type());
  auto bits = bnn::ThresholdOp::create(
      builder, loc, paddedType(edge, builder.getI1Type()), sums,
      DenseElementsAttr::get(points, int32_t(0)),
      DenseElementsAttr::get(first, false), mlir::IntegerAttr(), nullptr,
      nullptr);
  bits->setAttr("bnn.partial", builder.getUnitAttr()); // no node's bits
  return bits;
}

/// The host pads its codes: as numbers less `code`, whose pads are 0.
Value padCodes(mlir::OpBuilder &builder, mlir::Location loc, const Edge &edge,
               int64_t code) {
  using Reals = llvm::ArrayRef<double>;
  mlir::Type real = builder.getF64Type();
  auto number = double(code);
  Value map = bnn::ToRealOp::create(
      builder, loc, RankedTensorType::get(edge.type().getShape(), real),
      edge.base, Reals{1.0}, Reals{-number}, nullptr, nullptr);
  auto type = paddedType(edge, real);
  map = bnn::RealConvOp::create(builder, loc, type, map,
                                identity<double>(map, real), ones(),
                                edge.pad->pads);
  mlir::Type element = edge.type().getElementType();
  auto [low, high] = bnn::integerRange(element);
  std::vector<double> cuts;
  for (int64_t next = low + 1; next <= high; ++next)
    cuts.push_back(double(next - code) - 0.5);
  return bnn::DecideOp::create(
      builder, loc, type.clone(element), map,
      DenseElementsAttr::get(
          RankedTensorType::get({1, int64_t(cuts.size())}, real),
          llvm::ArrayRef(cuts)),
      llvm::SmallVector<int64_t>(cuts.size(), 1), low, /*step=*/1);
}

} // namespace

LogicalResult Fuser::layPad(Operation *op, Edge &edge) {
  auto grid = gridOf(edge, /*hasBorder=*/true);
  auto value = padValueOf(edge);
  auto code = grid && value && !grid->isTurned() ? padCode(edge, *grid, *value)
                                                 : std::nullopt;
  if (!code || (edge.isBipolar() && *code == 0))
    return op->emitOpError("must pad around a Pad by values that the map has, "
                           "but found a Pad by ")
           << (value ? value->toDouble() : edge.pad->value.get_d())
           << "; pad by one value, or put the Pad by 0 outside";
  mlir::Location loc = edge.locs.empty() ? op->getLoc() : edge.locs.back();
  edge.base = edge.isBipolar() ? padBits(builder, loc, edge, *code)
                               : padCodes(builder, loc, edge, *code);
  edge.reach.unite(exact::Reach(*code, *code));
  edge.pad.reset();
  return success();
}

LogicalResult Fuser::fusePad(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  double number = realOf(op, "value", 0);
  bool isLowest = number == -std::numeric_limits<double>::infinity();
  if (!std::isfinite(number) && !isLowest)
    return op->emitOpError("must pad by a number or by minus infinity, but "
                           "found ")
           << number << "; correct the value";
  mpq_class value = isLowest ? mpq_class(0) : exact::rational(number);
  llvm::SmallVector<int64_t> pads(intsOf(op, "pads"));
  bool isAlike = edge.pad && edge.pad->from == edge.chains.front().size() &&
                 edge.pad->value == value && edge.pad->isLowest == isLowest;
  if (edge.pad && !isAlike) {
    bool isCode = edge.kind == Edge::Kind::Integer && !edge.pool &&
                  edge.type().getElementTypeBitWidth() <= 8;
    if (!isCode || edge.pad->isLowest || isLowest)
      return op->emitOpError("must pad by the value of the Pad before it, but "
                             "found ")
             << value.get_d() << "; merge the two, or pad behind the quantiser";
    if (failed(layPad(op, edge)))
      return failure();
  }
  if (edge.pad)
    for (int i = 0; i < 4; ++i)
      edge.pad->pads[i] += pads[i];
  else
    edge.pad = Edge::Pad{pads, value, edge.chains.front().size(), isLowest};
  edge.locs.insert(op->getLoc());
  return define(op, std::move(edge));
}

} // namespace bnncc
