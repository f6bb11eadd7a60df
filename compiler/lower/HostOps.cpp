//===- HostOps.cpp - What the loader does around the engine ---------------===//
//
// See HostOps.h.
//
//===----------------------------------------------------------------------===//

#include "HostOps.h"
#include "Arithmetic.h"

#include "bnn/BnnDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <optional>

namespace bnncc::lower {

using mlir::Operation;
using Reals = std::vector<double>;

static mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

static host::Shape shapeOf(mlir::Value value) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  return {type.getDimSize(0), type.getDimSize(1), type.getDimSize(2)};
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
      q.rows = uint32_t(shapeOf(quantize.getOutput()).c);
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
Reals realsOf(llvm::ArrayRef<double> values) {
  return Reals(values.begin(), values.end());
}

/// The operation as the loader's, without its operands.
host::Op describe(Operation *op) {
  using Kind = host::Op::Kind;
  host::Op out;
  out.in = shapeOf(op->getOperand(0));
  out.out = shapeOf(op->getResult(0));
  llvm::TypeSwitch<Operation *>(op)
      .Case<bnn::ToRealOp, bnn::AffineOp>([&](auto x) {
        out.kind = mlir::isa<bnn::ToRealOp>(op) ? Kind::ToReal : Kind::Affine;
        out.scale = realsOf(x.getScale());
        out.shift = realsOf(x.getShift());
      })
      .Case<bnn::PReluOp>([&](bnn::PReluOp x) {
        out.kind = Kind::PRelu;
        out.scale = realsOf(x.getSlope());
      })
      .Case<bnn::ClipOp>([&](bnn::ClipOp x) {
        out.kind = Kind::Clip;
        out.min = x.getMin().convertToDouble();
        out.max = x.getMax().convertToDouble();
      })
      .Case<bnn::MaxPoolOp>([&](bnn::MaxPoolOp x) {
        out.kind = Kind::MaxPool;
        out.kernelH = x.getKernel()[0], out.kernelW = x.getKernel()[1];
        out.strideH = x.getStrides()[0], out.strideW = x.getStrides()[1];
        out.padTop = x.getPads()[0], out.padLeft = x.getPads()[1];
        out.padBottom = x.getPads()[2], out.padRight = x.getPads()[3];
      })
      .Case<bnn::ReduceOp>([&](bnn::ReduceOp x) {
        out.kind = x.getKind() == "sum"    ? Kind::Sum
                   : x.getKind() == "mean" ? Kind::Mean
                                           : Kind::Max;
      })
      .Case<bnn::SoftmaxOp>([&](auto) { out.kind = Kind::Softmax; })
      .Case<bnn::LogSoftmaxOp>([&](auto) { out.kind = Kind::LogSoftmax; })
      .Case<bnn::SigmoidOp>([&](auto) { out.kind = Kind::Sigmoid; })
      .Case<bnn::TanhOp>([&](auto) { out.kind = Kind::Tanh; })
      .Case<bnn::ArgmaxOp>([&](auto) { out.kind = Kind::ArgMax; })
      .Case<bnn::GatherOp>([&](bnn::GatherOp x) {
        out.kind = Kind::Gather;
        out.from.assign(x.getFrom().begin(), x.getFrom().end());
      })
      .Case<bnn::ReshapeOp>([&](auto) { out.kind = Kind::Reshape; });
  return out;
}

/// scale * x + shift per channel; lists of length 1 are for all channels.
struct Linear {
  Reals scale, shift;
};

Linear compose(const Linear &inner, llvm::ArrayRef<double> scale,
               llvm::ArrayRef<double> shift) {
  size_t n = std::max(
      {inner.scale.size(), inner.shift.size(), scale.size(), shift.size()});
  auto at = [](auto &&list, size_t c) {
    return list[list.size() == 1 ? 0 : c];
  };
  Linear out;
  for (size_t c = 0; c < n; ++c) {
    out.scale.push_back(at(inner.scale, c) * at(scale, c));
    out.shift.push_back(at(inner.shift, c) * at(scale, c) + at(shift, c));
  }
  return out;
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
  auto toReal =
      ops.empty() ? nullptr : mlir::dyn_cast<bnn::ToRealOp>(ops.front());
  if (!toReal || !integers.hasOneUse())
    return std::nullopt;
  r.before = {realsOf(toReal.getScale()), realsOf(toReal.getShift())};
  r.after = {{1.0}, {0.0}};
  for (size_t i = 1; i < ops.size(); ++i) {
    mlir::Value from = ops[i - 1]->getResult(0);
    if (!from.hasOneUse() || ops[i]->getOperand(0) != from)
      return std::nullopt;
    if (auto affine = mlir::dyn_cast<bnn::AffineOp>(ops[i])) {
      Linear &side = r.prelu ? r.after : r.before;
      side = compose(side, affine.getScale(), affine.getShift());
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

host::Op linearOp(host::Op::Kind kind, Reals scale, Reals shift) {
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

/// A PReLU's sum from the sums on either side of its bend.
host::Op splitPRelu(const Layer &layer, const Reduction &r, double unit,
                    double count) {
  double share = r.mean ? 1 / count : 1.0;
  Linear positive = compose(r.before, r.after.scale, r.after.shift);
  bnn::PReluOp prelu = r.prelu;
  Linear inner = compose(r.before, prelu.getSlope(), {0.0});
  Linear negative = compose(inner, r.after.scale, r.after.shift);
  auto list = [&](const Reals &values, double factor) {
    Reals full;
    for (int64_t c = 0; c < layer.conv.c; ++c)
      full.push_back(values[values.size() == 1 ? 0 : size_t(c)] * factor);
    return full;
  };
  host::Op op;
  op.kind = host::Op::Kind::SplitPRelu;
  op.scale = list(positive.scale, unit * share);
  op.scaleNeg = list(negative.scale, unit * share);
  op.shift = list(r.after.shift, r.mean ? 1.0 : count);
  return op;
}

/// Whether the PReLU bends where the integer is 0: two sums say everything.
bool bendsAtZero(const Reduction &r) {
  return llvm::all_of(r.before.shift, [](double x) { return x == 0; }) &&
         llvm::all_of(r.before.scale, [](double x) { return x > 0; });
}
} // namespace

HostTail hostTail(const Layer &layer, bool summed, mlir::Value integers,
                  llvm::ArrayRef<Operation *> ops, mlir::ValueRange results) {
  HostTail tail;
  ValueTerms terms = valueTerms(layer, 0);
  double count = double(summedPositions(layer));
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
  std::optional<Reduction> r = matchReduction(integers, ops);
  bool oneRow = layer.conv.h == 1;
  if (summed) {
    numbers[integers] = sums();
  } else if (r && !r->prelu && oneRow) {
    Linear total = compose(r->before, {r->mean ? 1 / count : 1.0}, {0.0});
    if (!r->mean)
      for (double &shift : total.shift)
        shift *= count;
    else
      for (size_t c = 0; c < total.shift.size(); ++c)
        total.shift[c] = r->before.shift[r->before.shift.size() == 1 ? 0 : c];
    covered = r->count;
    numbers[ops[covered - 1]->getResult(0)] = push(
        linearOp(host::Op::Kind::Affine, total.scale, total.shift), sums());
  } else if (r && r->prelu && oneRow && terms.shift == 0 && bendsAtZero(*r)) {
    tail.output = OutputKind::Split;
    covered = r->count;
    numbers[ops[covered - 1]->getResult(0)] =
        push(splitPRelu(layer, *r, double(terms.scale), count), 0);
  } else if (terms.scale != 1 || terms.shift != 0) {
    numbers[integers] =
        push(integerTerms(terms.scale, {double(terms.shift)}), 0);
  } else {
    numbers[integers] = 0;
  }
  for (Operation *op : ops.drop_front(covered)) {
    host::Op described = describe(op);
    // Only what reads the engine's words reads integers.
    uint32_t operand = numbers.find(op->getOperand(0))->second;
    if (described.kind == host::Op::Kind::ToReal && operand != 0)
      described.kind = host::Op::Kind::Affine;
    numbers[op->getResult(0)] = push(std::move(described), operand);
  }
  for (mlir::Value result : results)
    tail.outputs.push_back(numbers.find(result)->second);
  return tail;
}

} // namespace bnncc::lower
