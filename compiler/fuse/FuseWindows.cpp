// Convolutions on edges.

#include "fuse/ChannelGrid.h"
#include "fuse/Dilation.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include <cmath>
#include <limits>
#include <set>

using bnncc::exact::Radical;
using bnncc::exact::Reach;
using bnncc::exact::Step;
using llvm::failure;
using llvm::LogicalResult;
using mlir::Operation;
using mlir::RankedTensorType;

namespace bnncc {
namespace {

// The numbers of taps inside the map that the windows of one axis can have.
std::set<int64_t> tapCounts(int64_t size, int64_t kernel, int64_t dilation,
                            int64_t stride, int64_t before, int64_t windows) {
  std::set<int64_t> counts;
  for (int64_t i = 0; i < windows; ++i) {
    int64_t count = 0;
    for (int64_t j = 0; j < kernel; ++j) {
      int64_t at = i * stride - before + j * dilation;
      count += at >= 0 && at < size;
    }
    counts.insert(count);
  }
  return counts;
}

// The accumulators of binary weights: +/-1 inputs give every sum of the parity
// of the number of taps; other inputs are bounded for each channel's signs.
Reach convReach(const Edge &edge, bnn::ConvOp conv,
                mlir::DenseElementsAttr signs, llvm::ArrayRef<int64_t> dilations) {
  auto weight = llvm::cast<mlir::ShapedType>(signs.getType());
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
                          dilations[0], conv.getStrides()[0], conv.getPads()[0],
                          output.getDimSize(1));
    auto columns = tapCounts(input.getDimSize(2), weight.getDimSize(3),
                             dilations[1], conv.getStrides()[1], conv.getPads()[1],
                             output.getDimSize(2));
    for (int64_t row : rows)
      for (int64_t column : columns) {
        int64_t count = weight.getDimSize(1) * row * column;
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
  for (int8_t value : signs.getValues<int8_t>()) {
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

// A dilated kernel with its gaps filled by weights of 0.
mlir::DenseElementsAttr spread(mlir::DenseElementsAttr weight,
                               llvm::ArrayRef<int64_t> dilations) {
  if (llvm::all_of(dilations, [](int64_t step) { return step == 1; }))
    return weight;
  llvm::SmallVector<int64_t> shape(weight.getType().getShape());
  auto narrow = llvm::to_vector(weight.getValues<int8_t>());
  auto values = dilate(llvm::ArrayRef<int8_t>(narrow), shape, dilations);
  return mlir::DenseElementsAttr::get(weight.getType().clone(shape),
                                      llvm::ArrayRef(values));
}

} // namespace

LogicalResult Fuser::fuseConv(Operation *op) {
  auto bits = settled(op, edgeOf(op->getOperand(0)),
                      /*must=*/!op->hasAttr("host"));
  if (llvm::failed(bits))
    return failure();
  Edge &input = *bits;
  bool isCode = input.kind == Edge::Kind::Integer && !input.pool &&
                input.type().getElementTypeBitWidth() <= 8;
  if (!isCode || op->hasAttr("host"))
    return fuseRealConv(op);
  llvm::SmallVector<int64_t> pads(intsOf(op, "pads"));
  bool ownPads = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
  auto grid = gridOf(input, ownPads || input.pad.has_value());
  if (!grid && input.zero)
    return reportZero(input);
  if (!grid && canPrecedeEngine(op, input))
    return fuseRealConv(op);
  if (!grid)
    return op->emitOpError("input must have one scale and zero point for all "
                           "channels, but found several; scales of activations "
                           "that differ by channel are supported before the "
                           "first binary layer only; scale all channels alike");

  // Explicit padding by a value, then the convolution's own padding by 0.
  Radical padValue;
  if (input.pad && input.pad->isLowest)
    return op->emitOpError("must not see a Pad by minus infinity, but found "
                           "one; pad a pool so, and a convolution by a number");
  auto inner = input.pad && ownPads ? padValueOf(input) : std::nullopt;
  if (inner && inner->sign() != 0 && llvm::failed(layPad(op, input)))
    return failure();
  if (input.pad) {
    auto value = padValueOf(input);
    if (!value)
      return op->emitOpError("must pad by a number of at most one square root, "
                             "but found several; pad after the quantiser");
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
             << (grid->isTurned() ? ", turned in some channels behind a pool,"
                                  : "")
             << " and shift " << grid->shifts.front().toDouble()
             << "; pad by a value that the map has, or by 0 a map of -1 and +1";
    padNumber = *code;
  }

  auto weight =
      op->getOperand(1).getDefiningOp()->getAttrOfType<mlir::DenseElementsAttr>(
          "value");
  auto shape = weight.getType().getShape();
  auto values = llvm::to_vector(weight.getValues<int8_t>());
  int64_t taps = weight.getNumElements() / shape[0];
  auto channelOf = [&](int64_t i) { return i % taps / (taps / shape[1]); };
  // sum of w (turn s x + t) = s * accumulator of the turned weights + sum of w t
  std::vector<Radical> shifts(shape[0], Radical(mpq_class(0)));
  if (grid->isShifted()) {
    for (int64_t o = 0; o < shape[0]; ++o) {
      std::vector<long> sums(shape[1]);
      for (int64_t i = o * taps; i < (o + 1) * taps; ++i)
        sums[channelOf(i)] += values[i];
      for (int64_t c = 0; c < shape[1]; ++c) {
        auto sum = exact::add(
            shifts[o],
            *exact::multiply(grid->shifts[c], Radical(mpq_class(sums[c]))));
        if (!sum)
          return op->emitOpError("input must have shifts with one square root, "
                                 "but found several");
        shifts[o] = *sum;
      }
    }
  }
  if (grid->isTurned()) {
    for (int64_t i = 0; i < int64_t(values.size()); ++i)
      values[i] = int8_t(grid->turns[channelOf(i)] * values[i]);
    weight = mlir::DenseElementsAttr::get(weight.getType(),
                                          llvm::ArrayRef(values));
  }
  llvm::SmallVector<int64_t> dilations(intsOf(op, "dilations"));
  dilations.resize(2, 1);
  auto kernel = spread(weight, dilations);
  auto type = bnn::windowType(input.type(), shape[0], builder.getI32Type(),
                              kernel.getType().getShape().drop_front(2),
                              intsOf(op, "strides"), pads);
  if (!type)
    return op->emitOpError("kernel must fit into the padded map, but found ")
           << input.type();
  auto conv = bnn::ConvOp::create(builder, input.fusedLoc(op->getLoc()), type,
                                  input.base, kernel, intsOf(op, "strides"),
                                  pads, padNumber,
                                  /*weight_bits=*/kernel == weight ? 1 : 2);

  Edge output;
  output.kind = Edge::Kind::Integer;
  output.base = conv.getOutput();
  output.reach = convReach(input, conv, weight, dilations);
  output.locs.insert(op->getLoc());
  if (!output.reach.fitsInt32())
    return op->emitOpError("sums must fit into 32 bits, but found ")
           << output.reach.low() << ".." << output.reach.high()
           << "; use fewer taps";
  // Weights a (s + d) with small d move the accumulator by at most the sum of
  // |d x|, in units of the grid's scale.
  if (auto deviations =
          op->getAttrOfType<mlir::DenseF64ArrayAttr>("deviations")) {
    double largest = padded ? std::abs(padValue.toDouble()) : 0;
    for (const Radical &shift : grid->shifts)
      for (int64_t end : {input.reach.low(), input.reach.high()})
        largest = std::max(largest, std::abs(grid->scale.toDouble() * end) +
                                        std::abs(shift.toDouble()));
    double unit = largest / std::abs(grid->scale.toDouble()) * (1 + 0x1p-40);
    for (double deviation : deviations.asArrayRef()) {
      output.spread.push_back(deviation * unit);
      if (deviation * unit >= 0.25)
        return op->emitOpError("must have weights of one magnitude for each "
                               "output channel, but found differences that "
                               "could move a sum by ")
               << deviation * unit
               << " of a weight; float weights are not supported yet on the "
                  "engine";
    }
  }
  if (!equalNumbers(grid->scale, Radical(mpq_class(1))))
    output.append({Step::multiply(grid->scale)});
  if (grid->isShifted()) {
    std::vector<Step> steps;
    for (const Radical &shift : shifts)
      steps.push_back(Step::add(shift));
    output.append(steps);
  }
  return define(op, std::move(output));
}

} // namespace bnncc
