// Quantisers on constants: their codes and real values as exact numbers.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/InputFunction.h"
#include <cmath>

using bnncc::exact::Radical;
using llvm::ArrayRef;
using mlir::Operation;

namespace bnncc {
namespace {

using Maybe = std::optional<Radical>;

Maybe clamp(const Radical &x, double low, double high) {
  for (auto [bound, side] : {std::pair(low, -1), std::pair(high, 1)}) {
    if (!std::isfinite(bound))
      continue;
    auto difference = exact::add(x, Radical(-bound));
    if (!difference)
      return std::nullopt;
    if (difference->sign() == side)
      return Radical(bound);
  }
  return x;
}

// x / scale + zero
Maybe scaled(const Radical &x, const Radical &scale, const Radical &zero) {
  if (scale.sign() == 0)
    return std::nullopt;
  auto ratio = exact::multiply(x, scale.inverse());
  return ratio ? exact::add(*ratio, zero) : std::nullopt;
}

// (code - zero) * scale
Maybe valueOf(const mpz_class &code, const Radical &scale,
              const Radical &zero) {
  auto difference = exact::add(Radical(mpq_class(code)), zero.negated());
  return difference ? exact::multiply(*difference, scale) : std::nullopt;
}

exact::RoundMode modeOf(Operation *op) {
  auto mode = op->getAttrOfType<mlir::StringAttr>("rounding_mode");
  return roundModeNamed(mode ? mode.getValue() : "ROUND")
      .value_or(exact::RoundMode::HalfEven);
}

// QONNX's Quant, as its executor computes it but for the rounding of floats.
Maybe quant(Operation *op, ArrayRef<Radical> in) {
  double bits = in[3].toDouble();
  bool isSigned = intOf(op, "signed", 1), isNarrow = intOf(op, "narrow", 0);
  auto y = scaled(in[0], in[1], in[2]);
  if (!y || bits < 1 || bits > 32)
    return std::nullopt;
  if (bits == 1 && isSigned)
    return valueOf(y->sign() >= 0 ? 1 : -1, in[1], in[2]);
  double half = std::ldexp(1.0, int(bits) - 1);
  auto clamped = isSigned ? clamp(*y, -half + isNarrow, half - 1)
                          : clamp(*y, 0, 2 * half - 1 - isNarrow);
  return clamped ? valueOf(exact::roundExactly(modeOf(op), *clamped), in[1],
                           in[2])
                 : std::nullopt;
}

// QONNX's Trunc, version 1: drops low bits of the integer code.
Maybe trunc(Operation *op, ArrayRef<Radical> in) {
  auto y = scaled(in[0], in[1], in[2]);
  if (!y)
    return std::nullopt;
  mpq_class code = exact::roundExactly(exact::RoundMode::HalfEven, *y);
  double dropped = in[3].toDouble() - in[4].toDouble();
  Radical kept(mpq_class(code * exact::rational(std::ldexp(1.0, -int(dropped)))));
  return valueOf(exact::roundExactly(modeOf(op), kept), in[1], in[2]);
}

// An absent bound bounds nothing.
Maybe clip(Operation *op, ArrayRef<Radical> in) {
  double bounds[2] = {-INFINITY, INFINITY};
  size_t next = 1;
  for (unsigned i : {0, 1}) {
    bool has = op->getNumOperands() > i + 1 &&
               llvm::isa<mlir::RankedTensorType>(op->getOperand(i + 1).getType());
    if (has)
      bounds[i] = in[next++].toDouble();
  }
  return clamp(in[0], bounds[0], bounds[1]);
}

std::optional<ConstTensor> multiThreshold(Operation *op,
                                          ArrayRef<ConstTensor> in) {
  auto thresholds = in[1].exactDoubles();
  if (!thresholds)
    return std::nullopt;
  int64_t rows = in[1].shape[0], count = in[1].shape[1], inner = 1;
  for (size_t axis = 2; axis < in[0].shape.size(); ++axis)
    inner *= in[0].shape[axis];
  Radical scale(realOf(op, "out_scale", 1)), bias(realOf(op, "out_bias", 0));
  std::vector<Radical> values;
  for (int64_t i = 0; i < in[0].size(); ++i) {
    int64_t row = rows == 1 ? 0 : i / inner % rows, reached = 0;
    for (int64_t j = 0; j < count; ++j) {
      auto difference =
          exact::add(in[0][i], Radical(-(*thresholds)[row * count + j]));
      if (!difference)
        return std::nullopt;
      reached += difference->sign() >= 0;
    }
    values.push_back(*exact::add(
        *exact::multiply(scale, Radical(mpq_class(long(reached)))), bias));
  }
  return ConstTensor(in[0].shape, std::move(values));
}

} // namespace

std::optional<ConstTensor> evaluateQuantizer(Operation *op,
                                             ArrayRef<ConstTensor> in) {
  llvm::StringRef name = opType(op);
  for (const ConstTensor &operand : in)
    if (!operand.isExact())
      return std::nullopt;
  if (name == "MultiThreshold")
    return multiThreshold(op, in);
  Maybe (*function)(Operation *, ArrayRef<Radical>) =
      name == "Quant"   ? quant
      : name == "Trunc" ? trunc
      : name == "Clip"  ? clip
                        : nullptr;
  if (!function)
    return std::nullopt;
  auto shape = tensorType(op->getResult(0)).getShape();
  std::vector<Radical> values;
  for (int64_t i = 0; i < in[0].size(); ++i) {
    llvm::SmallVector<Radical> operands;
    for (const ConstTensor &operand : in)
      operands.push_back(operand[broadcastIndex(i, shape, operand.shape)]);
    auto value = function(op, operands);
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
  }
  return ConstTensor(shape, std::move(values)).inDoubles();
}

} // namespace bnncc
