//===- HostOps.cpp - What the loader does around the engine ---------------===//
//
// See HostOps.h.
//
//===----------------------------------------------------------------------===//

#include "HostOps.h"
#include "Arithmetic.h"

#include "bnn/HostOp.h"
#include "llvm/ADT/DenseMap.h"
#include <algorithm>
#include <optional>

namespace bnncc::lower {

using mlir::Operation;
using Reals = std::vector<double>;

static mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

host::Quantiser hostQuantiser(Operation *op) {
  using Kind = host::Quantiser::Kind;
  host::Quantiser q;
  if (auto quantize = mlir::dyn_cast<bnn::QuantizeOp>(op)) {
    q.kind = Kind::Boundaries;
    // Bits stand for the codes -1 and +1, the loader writes 0 and 1.
    bool bits = elementOf(quantize.getOutput()).isInteger(1);
    auto written = [bits](int64_t code) {
      return int32_t(bits ? (code + 1) / 2 : code);
    };
    int64_t step = quantize.getStep();
    q.first = written(quantize.getFirst());
    q.step = int32_t(bits ? step / 2 : step);
    if (quantize.isPerChannel())
      q.rows = uint32_t(quantize.getOutput().getType().getDimSize(0));
    for (uint32_t row = 0; row < q.rows; ++row)
      for (double b : quantize.boundariesOf(row))
        q.boundaries.push_back(b);
    if (auto codes = quantize.getCodes())
      for (int64_t code : *codes)
        q.codes.push_back(int16_t(written(code)));
    return q;
  }
  auto cast = mlir::cast<bnn::CastInputOp>(op);
  mlir::Type type = elementOf(cast.getOutput());
  q.kind = type.isInteger(1) ? Kind::Bipolar : Kind::Cast;
  auto [low, high] = bnn::integerRange(type);
  q.min = int32_t(low), q.max = int32_t(high);
  return q;
}

host::Quantiser integerInput(const Layer &first) {
  host::Quantiser q;
  q.min = first.isSigned ? -128 : 0;
  q.max = first.isSigned ? 127 : 255;
  return q;
}

namespace {
using Numbers = std::vector<host::Number>;

const host::Number &at(const Numbers &list, size_t c) {
  return list[list.size() == 1 ? 0 : c];
}

/// scale * x + shift per channel, exactly; lists of length 1 are for all
/// channels.
struct Linear {
  Numbers scale = {host::Number(1.0)}, shift = {host::Number(0.0)};
};

Numbers numbersOf(const host::Constants &list) {
  Numbers numbers;
  for (size_t c = 0; c < list.values.size(); ++c)
    numbers.push_back(list.exactAt(int64_t(c)));
  return numbers;
}

Numbers product(const Numbers &a, const Numbers &b) {
  Numbers result;
  for (size_t c = 0; c < std::max(a.size(), b.size()); ++c)
    result.push_back(at(a, c) * at(b, c));
  return result;
}

Linear compose(const Linear &inner, const Linear &outer) {
  Linear result{product(inner.scale, outer.scale), {}};
  Numbers moved = product(inner.shift, outer.scale);
  for (size_t c = 0; c < std::max(moved.size(), outer.shift.size()); ++c)
    result.shift.push_back(at(moved, c) + at(outer.shift, c));
  return result;
}

/// Doubles, with the numbers beside them where they are rounded; none if a number
/// is too long.
std::optional<host::Constants> constantsOf(const Numbers &numbers) {
  host::Constants list;
  bool rounds = false;
  for (const host::Number &number : numbers) {
    std::optional<double> value = number.toDouble();
    if (!value)
      return std::nullopt;
    rounds |= !(number - host::Number(*value)).isZero();
    list.values.push_back(*value);
  }
  if (rounds)
    list.exact = numbers;
  return list;
}

Linear linearOf(Operation *op) {
  host::Op described = bnn::hostOp(op);
  return {numbersOf(described.scale), numbersOf(described.shift)};
}

/// to_real {affine} [prelu {affine}] reduce(sum|mean), each read by the next
/// alone: the operations up to the reduction, as linear functions before and
/// after the PReLU.
struct Reduction {
  Linear before, after;
  bnn::PReluOp prelu;
  size_t count = 0; ///< operations that it covers
  bool mean = false;
};

std::optional<Reduction> matchReduction(mlir::Value integers,
                                        llvm::ArrayRef<Operation *> ops) {
  Reduction r;
  if (ops.empty() || !mlir::isa<bnn::ToRealOp>(ops.front()) ||
      !integers.hasOneUse())
    return std::nullopt;
  r.before = linearOf(ops.front());
  for (size_t i = 1; i < ops.size(); ++i) {
    mlir::Value from = ops[i - 1]->getResult(0);
    if (!from.hasOneUse() || ops[i]->getOperand(0) != from)
      return std::nullopt;
    if (mlir::isa<bnn::AffineOp>(ops[i])) {
      Linear &side = r.prelu ? r.after : r.before;
      side = compose(side, linearOf(ops[i]));
    } else if (auto prelu = mlir::dyn_cast<bnn::PReluOp>(ops[i])) {
      if (r.prelu)
        return std::nullopt;
      r.prelu = prelu;
    } else if (auto reduce = mlir::dyn_cast<bnn::ReduceOp>(ops[i])) {
      r.mean = reduce.getKind() == "mean";
      r.count = i + 1;
      if (r.mean || reduce.getKind() == "sum")
        return r;
      return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

host::Op linearOp(host::Op::Kind kind, host::Constants scale,
                  host::Constants shift) {
  host::Op op;
  op.kind = kind;
  op.scale = std::move(scale);
  op.shift = std::move(shift);
  return op;
}

/// v as the engine gives it -> the true sum.
host::Op integerTerms(int64_t scale, Reals shift) {
  return linearOp(host::Op::Kind::ToReal, {double(scale)}, std::move(shift));
}

/// What the reduction makes of the sums over `count` positions.
std::optional<host::Op> sumOp(const Reduction &r, int64_t count) {
  Linear total = r.before;
  if (r.mean)
    total.scale = product(total.scale, {host::Number(host::Rational(1, count))});
  else
    total.shift = product(total.shift, {host::Number(double(count))});
  auto scale = constantsOf(total.scale), shift = constantsOf(total.shift);
  if (!scale || !shift)
    return std::nullopt;
  return linearOp(host::Op::Kind::Affine, std::move(*scale), std::move(*shift));
}

/// A PReLU's sum from the sums on either side of its bend, in `unit`s.
std::optional<host::Op> splitPRelu(const Reduction &r, int64_t unit,
                                   int64_t count) {
  bnn::PReluOp prelu = r.prelu;
  Linear bend{numbersOf(bnn::hostOp(prelu).scale), {host::Number(0.0)}};
  Numbers share = {r.mean ? host::Number(host::Rational(unit, count))
                          : host::Number(double(unit))};
  Linear positive = compose(r.before, r.after),
         negative = compose(compose(r.before, bend), r.after);
  auto above = constantsOf(product(positive.scale, share)),
       below = constantsOf(product(negative.scale, share)),
       shift = constantsOf(
           product(r.after.shift,
                   {host::Number(r.mean ? 1.0 : double(count))}));
  if (!above || !below || !shift)
    return std::nullopt;
  host::Op op = linearOp(host::Op::Kind::SplitPRelu, std::move(*above),
                         std::move(*shift));
  op.scaleNeg = std::move(*below);
  return op;
}

/// Whether the PReLU bends where the integer is 0: two sums say everything.
bool bendsAtZero(const Reduction &r) {
  return llvm::all_of(r.before.shift,
                      [](const host::Number &x) { return x.isZero(); }) &&
         llvm::all_of(r.before.scale,
                      [](const host::Number &x) { return x.sign() == 1; });
}
} // namespace

std::vector<host::Op> hostOps(llvm::ArrayRef<Operation *> ops,
                              llvm::DenseMap<mlir::Value, uint32_t> &numbers,
                              uint32_t made) {
  std::vector<host::Op> list;
  for (Operation *op : ops) {
    host::Op described = bnn::hostOp(op);
    described.operands.clear();
    for (mlir::Value operand : op->getOperands())
      described.operands.push_back(numbers.find(operand)->second);
    // Only what reads value 0 reads integers.
    if (described.kind == host::Op::Kind::ToReal && described.operands[0] != 0)
      described.kind = host::Op::Kind::Affine;
    list.push_back(std::move(described));
    numbers[op->getResult(0)] = made + uint32_t(list.size());
  }
  return list;
}

HostTail hostTail(const Layer &layer, bool summed, mlir::Value integers,
                  llvm::ArrayRef<Operation *> ops, mlir::ValueRange results) {
  HostTail tail;
  ValueTerms terms = valueTerms(layer, 0);
  int64_t count = summedPositions(layer);
  size_t covered = 0;
  llvm::DenseMap<mlir::Value, uint32_t> numbers;
  auto push = [&](host::Op op, uint32_t operand) {
    op.operands = {operand};
    tail.ops.push_back(std::move(op));
    return uint32_t(tail.ops.size());
  };
  auto sums = [&] {
    tail.output = OutputKind::Sum;
    Reals shift;
    for (int64_t c = 0; c < layer.conv.c; ++c)
      shift.push_back(double(sumShift(layer, c)));
    return push(integerTerms(terms.scale, std::move(shift)), 0);
  };
  std::optional<Reduction> r;
  if (!summed && layer.conv.h == 1)
    r = matchReduction(integers, ops);
  std::optional<host::Op> reduction;
  if (r && !r->prelu)
    reduction = sumOp(*r, count);
  else if (r && terms.shift == 0 && bendsAtZero(*r))
    reduction = splitPRelu(*r, terms.scale, count);
  if (summed) {
    numbers[integers] = sums();
  } else if (reduction) {
    covered = r->count;
    if (r->prelu)
      tail.output = OutputKind::Split;
    uint32_t operand = r->prelu ? 0 : sums();
    numbers[ops[covered - 1]->getResult(0)] =
        push(std::move(*reduction), operand);
  } else if (terms.scale != 1 || terms.shift != 0) {
    numbers[integers] =
        push(integerTerms(terms.scale, {double(terms.shift)}), 0);
  } else {
    numbers[integers] = 0;
  }
  std::vector<host::Op> rest = hostOps(ops.drop_front(covered), numbers,
                                       uint32_t(tail.ops.size()));
  tail.ops.insert(tail.ops.end(), rest.begin(), rest.end());
  for (mlir::Value result : results)
    tail.outputs.push_back(numbers.find(result)->second);
  return tail;
}

} // namespace bnncc::lower
