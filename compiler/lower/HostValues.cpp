//===- HostValues.cpp - Signs at the end of a graph -----------------------===//
//
// For an integer x and a switch point p, clip(2 (x - p) + 1, -1, 1) is -1 or +1
// exactly; an interval [p, q) is the sign of (q - p) - |2 x - (p + q - 1)|.
//
//===----------------------------------------------------------------------===//

#include "Complements.h"
#include "PrepareLayers.h"

#include "bnn/BnnDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace bnncc::lower {

using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;
using Reals = std::vector<double>;

namespace {
/// Whether only the host reads these bits: through pools, sums and reshapes of
/// them, behind to_real.
bool onlyHostReadsBits(Value bits) {
  return llvm::all_of(bits.getUsers(), [](Operation *user) {
    return mlir::isa<bnn::ToRealOp>(user) ||
           (mlir::isa<bnn::MaxPoolOp, bnn::ReshapeOp, bnn::SumOp>(user) &&
            onlyHostReadsBits(user->getResult(0)));
  });
}

/// sign = clip(gain * bend(scale * x + shift) + offset), per channel; bend is
/// |.| where slope is -1.
struct SignTerms {
  std::vector<double> scale, shift, slope, gain, offset;
  bool bends = false;

  void add(double a, double b, double bend, double g, double o) {
    scale.push_back(a), shift.push_back(b), slope.push_back(bend);
    gain.push_back(g), offset.push_back(o);
    bends |= bend != 1;
  }
};

std::optional<SignTerms> signTerms(bnn::ThresholdOp op) {
  SignTerms terms;
  auto points = llvm::to_vector(op.getPoints().getValues<int32_t>());
  auto first = llvm::to_vector(op.getFirst().getValues<bool>());
  size_t width = points.size() / first.size();
  for (size_t c = 0; c < first.size(); ++c) {
    llvm::ArrayRef<int32_t> own(&points[c * width], width);
    own = own.take_until([](int32_t p) { return p == bnn::unusedPoint; });
    double sign = first[c] ? -1 : 1; // of the side above an odd point
    if (own.empty())
      terms.add(0, 0, 1, 0, -sign);
    else if (own.size() == 1)
      terms.add(2, 1 - 2.0 * own[0], 1, sign, 0);
    else if (own.size() == 2)
      terms.add(2, 1 - double(own[0]) - own[1], -1, -sign,
                sign * (double(own[1]) - own[0]));
    else
      return std::nullopt;
  }
  return terms;
}

RankedTensorType realType(Value value) {
  auto type = mlir::cast<RankedTensorType>(value.getType());
  return RankedTensorType::get(type.getShape(),
                               mlir::Float64Type::get(type.getContext()));
}

/// `op`, an operation on bits or integers, on `value`, the same in f64.
Value onReals(mlir::OpBuilder &builder, Operation *op, Value value) {
  RankedTensorType type = realType(op->getResult(0));
  if (auto pool = mlir::dyn_cast<bnn::MaxPoolOp>(op))
    return bnn::MaxPoolOp::create(builder, op->getLoc(), type, value,
                                  pool.getKernel(), pool.getStrides(),
                                  pool.getPads());
  if (auto toReal = mlir::dyn_cast<bnn::ToRealOp>(op))
    return bnn::AffineOp::create(builder, op->getLoc(), type, value,
                                 toReal.getScale(), toReal.getShift(),
                                 toReal.getExactScaleAttr(),
                                 toReal.getExactShiftAttr());
  if (mlir::isa<bnn::SumOp>(op))
    return bnn::ReduceOp::create(builder, op->getLoc(), type, value, "sum");
  return bnn::ReshapeOp::create(builder, op->getLoc(), type, value);
}

/// A reshape, or a pool or sum that the engine has not, between a convolution's
/// integers and to_real: the host does it. So it does where several outputs
/// need the integers.
bool isHosts(Operation *op) {
  auto pool = mlir::dyn_cast_or_null<bnn::MaxPoolOp>(op);
  if (mlir::isa_and_nonnull<bnn::SumOp, bnn::MaxPoolOp>(op) &&
      !op->getOperand(0).hasOneUse())
    return true;
  if (auto sum = mlir::dyn_cast_or_null<bnn::SumOp>(op))
    return realType(sum.getInput()).getDimSize(1) != 1 ||
           isHosts(sum.getInput().getDefiningOp());
  return mlir::isa_and_nonnull<bnn::ReshapeOp>(op) ||
         (pool && (pool.getKernel()[0] != 1 || pool.getStrides()[0] != 1 ||
                   pool.getKernel()[1] > 15 || pool.getStrides()[1] > 15 ||
                   llvm::any_of(pool.getPads(), [](int64_t p) { return p; }) ||
                   !pool.getInput().getDefiningOp<bnn::ConvOp>()));
}
} // namespace

/// Whether only the host reads `value`, through to_real at the end.
static bool onlyHostReads(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return mlir::isa<bnn::ToRealOp>(user) ||
           (isHosts(user) && onlyHostReads(user->getResult(0)));
  });
}

/// What float32 does at a sign that became `from` is said of `to`.
static void takeFindings(Operation *from, Operation *to) {
  for (const char *name : {"near_ties", "float_differs", bnn::unevenChannels})
    if (mlir::Attribute found = from->getAttr(name)) {
      to->setAttr(name, found);
      to->setLoc(from->getLoc());
    }
}

/// Integers that several to_real read become numbers once, so that a layer has
/// one reader whatever the graph's outputs are.
static void shareIntegers(mlir::func::FuncOp func) {
  llvm::SmallSetVector<Value, 4> shared;
  for (auto toReal : func.front().getOps<bnn::ToRealOp>())
    if (mapTypeOf(toReal.getInput()).getElementType().isInteger(32) &&
        !toReal.getInput().hasOneUse() &&
        llvm::all_of(toReal.getInput().getUsers(),
                     llvm::IsaPred<bnn::ToRealOp>))
      shared.insert(toReal.getInput());
  for (Value integers : shared) {
    mlir::OpBuilder builder(integers.getContext());
    builder.setInsertionPointAfterValue(integers);
    auto numbers = bnn::ToRealOp::create(
        builder, integers.getLoc(), realType(integers), integers, Reals{1.0},
        Reals{0.0}, nullptr, nullptr);
    for (Operation *reader : llvm::to_vector(integers.getUsers()))
      if (reader != numbers.getOperation()) {
        takeFindings(reader, numbers);
        builder.setInsertionPoint(reader);
        reader->getResult(0).replaceAllUsesWith(
            onReals(builder, reader, numbers.getOutput()));
        reader->erase();
      }
  }
}

void valuesOnHost(mlir::func::FuncOp func) {
  llvm::SmallSetVector<Operation *, 8> moved;
  for (auto toReal :
       llvm::make_early_inc_range(func.front().getOps<bnn::ToRealOp>())) {
    llvm::SmallVector<Operation *> ops;
    Value integers = toReal.getInput();
    while (isHosts(integers.getDefiningOp()) && onlyHostReads(integers)) {
      ops.push_back(integers.getDefiningOp());
      integers = ops.back()->getOperand(0);
    }
    auto type = mlir::cast<RankedTensorType>(integers.getType());
    if (ops.empty() || !type.getElementType().isInteger(32))
      continue;
    mlir::OpBuilder builder(toReal);
    Value value = bnn::ToRealOp::create(
        builder, toReal.getLoc(), realType(integers), integers, Reals{1.0},
        Reals{0.0}, nullptr, nullptr);
    for (Operation *op : llvm::reverse(ops))
      value = onReals(builder, op, value);
    value = onReals(builder, toReal, value);
    toReal.getOutput().replaceAllUsesWith(value);
    toReal.erase();
    moved.insert(ops.begin(), ops.end());
  }
  // Readers first; what others still read stays.
  for (bool erased = true; erased;) {
    erased = false;
    for (Operation *op : llvm::to_vector(moved))
      if (op->use_empty()) {
        moved.remove(op);
        op->erase();
        erased = true;
      }
  }
  shareIntegers(func);
}

/// What reads `bits` reads `value` instead, the same in f64.
static void readReals(mlir::OpBuilder &builder, Value bits, Value value) {
  for (Operation *user : llvm::make_early_inc_range(bits.getUsers())) {
    builder.setInsertionPoint(user);
    Value next = onReals(builder, user, value);
    if (mlir::isa<bnn::ToRealOp>(user))
      user->getResult(0).replaceAllUsesWith(next);
    else
      readReals(builder, user->getResult(0), next);
    user->erase();
  }
}

static Value scaled(mlir::OpBuilder &builder, bnn::ThresholdOp threshold,
                    const SignTerms &terms) {
  mlir::Location loc = threshold.getLoc();
  RankedTensorType map = realType(threshold.getOutput());
  if (!threshold.isPerElement())
    return bnn::ToRealOp::create(builder, loc, map, threshold.getInput(),
                                 terms.scale, terms.shift, nullptr, nullptr);
  // Numbers for each element: on a map of single elements.
  auto flat =
      RankedTensorType::get({threshold.rows(), 1, 1}, builder.getF64Type());
  Value value = bnn::ToRealOp::create(builder, loc, map, threshold.getInput(),
                                      Reals{1.0}, Reals{0.0}, nullptr, nullptr);
  value = bnn::ReshapeOp::create(builder, loc, flat, value);
  return bnn::AffineOp::create(builder, loc, flat, value, terms.scale,
                               terms.shift, nullptr, nullptr);
}

static void signOnHost(bnn::ThresholdOp threshold, const SignTerms &terms) {
  mlir::OpBuilder builder(threshold);
  mlir::Location loc = threshold.getLoc();
  RankedTensorType map = realType(threshold.getOutput());
  Value value = scaled(builder, threshold, terms);
  mlir::Type type = value.getType();
  takeFindings(threshold, value.getDefiningOp());
  if (terms.bends)
    value = bnn::PReluOp::create(builder, loc, type, value, terms.slope);
  value = bnn::AffineOp::create(builder, loc, type, value, terms.gain,
                                terms.offset, nullptr, nullptr);
  value = bnn::ClipOp::create(builder, loc, type, value,
                              builder.getF64FloatAttr(-1),
                              builder.getF64FloatAttr(1));
  if (type != map)
    value = bnn::ReshapeOp::create(builder, loc, map, value);
  readReals(builder, threshold.getOutput(), value);
  threshold.erase();
}

void signsOnHost(mlir::func::FuncOp func) {
  for (auto threshold :
       llvm::make_early_inc_range(func.front().getOps<bnn::ThresholdOp>()))
    if (onlyHostReadsBits(threshold.getOutput()))
      if (auto terms = signTerms(threshold))
        signOnHost(threshold, *terms);
}

} // namespace bnncc::lower
