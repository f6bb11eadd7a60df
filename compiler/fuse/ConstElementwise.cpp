// Decisions and functions on constants: exact where a number is, by enclosures
// where it is not.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using bnncc::exact::Interval;
using bnncc::exact::Number;
using bnncc::exact::Radical;
using llvm::ArrayRef;
using llvm::StringRef;
using mlir::Operation;

namespace bnncc {
namespace {

using MaybeNumber = std::optional<Number>;

MaybeNumber truth(std::optional<bool> holds) {
  return holds ? MaybeNumber(Number::whole(*holds)) : std::nullopt;
}

MaybeNumber compared(StringRef name, const Number &x, const Number &y) {
  auto sign = signOf(sum(x, negated(y)));
  if (!sign)
    return std::nullopt;
  return truth(llvm::StringSwitch<bool>(name)
                   .Case("Greater", *sign > 0)
                   .Case("GreaterOrEqual", *sign >= 0)
                   .Case("Less", *sign < 0)
                   .Case("LessOrEqual", *sign <= 0)
                   .Default(*sign == 0));
}

MaybeNumber power(const Number &x, const Number &y) {
  if (x.isExact() && y.isExact() && y.exact.isRational() &&
      y.exact.rationalPart().get_den() == 1) {
    const mpz_class &n = y.exact.rationalPart().get_num();
    bool inverts = n < 0;
    if (abs(n) <= 64 && !(inverts && x.exact.sign() == 0)) {
      std::optional<Radical> result = Radical(mpq_class(1));
      for (mpz_class i = 0; result && i < abs(n); ++i)
        result = exact::multiply(*result, x.exact);
      if (result)
        return Number(inverts ? result->inverse() : *result);
    }
  }
  Interval base = x.interval(), exponent = y.interval();
  if (!(base.low > 0))
    return std::nullopt;
  return Number(exact::rising::exp(exponent * exact::rising::log(base)));
}

MaybeNumber unary(Operation *op, StringRef name, const Number &x) {
  using exact::Smooth;
  auto integer = [](const std::optional<mpz_class> &n) {
    return n ? MaybeNumber(Radical(mpq_class(*n))) : std::nullopt;
  };
  if (name == "Neg")
    return negated(x);
  if (name == "Abs")
    return magnitude(x);
  if (name == "Sign") {
    auto sign = signOf(x);
    return sign ? MaybeNumber(Number::whole(*sign)) : std::nullopt;
  }
  if (name == "Relu")
    return larger(x, Number::whole(0));
  if (name == "Round")
    return integer(exact::roundHalfEven(x));
  if (name == "Floor")
    return integer(floorOf(x));
  if (name == "Ceil") {
    auto floor = integer(floorOf(negated(x)));
    return floor ? MaybeNumber(negated(*floor)) : std::nullopt;
  }
  if (name == "Not") {
    auto sign = signOf(x);
    return sign ? truth(*sign == 0) : std::nullopt;
  }
  if (auto function = llvm::StringSwitch<std::optional<Smooth>>(name)
                          .Case("Sqrt", Smooth::Sqrt)
                          .Case("Tanh", Smooth::Tanh)
                          .Case("Erf", Smooth::Erf)
                          .Case("Sigmoid", Smooth::Sigmoid)
                          .Case("Exp", Smooth::Exp)
                          .Case("Log", Smooth::Log)
                          .Default(std::nullopt))
    return smooth(*function, x);
  if (name == "Cast") {
    mlir::Type to = mlir::getElementTypeOrSelf(op->getResult(0).getType());
    if (llvm::isa<mlir::FloatType>(to))
      return x;
    auto sign = signOf(x);
    if (!sign)
      return std::nullopt;
    if (to.isInteger(1))
      return truth(*sign != 0);
    auto floor = floorOf(*sign < 0 ? negated(x) : x); // towards zero
    if (!floor)
      return std::nullopt;
    return Number(Radical(mpq_class(*sign < 0 ? mpz_class(-*floor) : *floor)));
  }
  return std::nullopt;
}

MaybeNumber binary(StringRef name, const Number &x, const Number &y) {
  if (name == "Add")
    return sum(x, y);
  if (name == "Sub")
    return sum(x, negated(y));
  if (name == "Mul")
    return product(x, y);
  if (name == "Div")
    return quotient(x, y);
  if (name == "Pow")
    return power(x, y);
  if (name == "Max")
    return larger(x, y);
  if (name == "Min")
    return smaller(x, y);
  auto a = signOf(x), b = signOf(y);
  if (name == "PRelu")
    return a ? MaybeNumber(*a < 0 ? product(x, y) : x) : std::nullopt;
  if (name == "BipolarQuant")
    return a ? MaybeNumber(*a < 0 ? negated(y) : y) : std::nullopt;
  if (name == "And" || name == "Or" || name == "Xor") {
    if (!a || !b)
      return std::nullopt;
    return truth(name == "And"  ? *a && *b
                 : name == "Or" ? *a || *b
                                : (*a != 0) != (*b != 0));
  }
  if (name == "Equal" || name.starts_with("Greater") ||
      name.starts_with("Less"))
    return compared(name, x, y);
  return std::nullopt;
}

std::optional<ConstTensor> reduced(Operation *op, StringRef name,
                                   const ConstTensor &x) {
  auto axes = op->getAttrOfType<mlir::DenseI64ArrayAttr>("axes");
  if (!axes)
    return std::nullopt;
  llvm::SmallVector<int64_t> kept(x.shape);
  int64_t count = 1;
  for (int64_t axis : axes.asArrayRef()) {
    if (axis < 0 || axis >= int64_t(kept.size()))
      return std::nullopt;
    count *= kept[axis];
    kept[axis] = 1;
  }
  std::vector<MaybeNumber> totals(x.size() / count);
  for (int64_t i = 0; i < x.size(); ++i) {
    MaybeNumber &total = totals[broadcastIndex(i, x.shape, kept)];
    Number next = x.number(i);
    total = !total                ? next
            : name == "ReduceMax" ? larger(*total, next)
            : name == "ReduceMin" ? smaller(*total, next)
                                  : sum(*total, next);
  }
  std::vector<Number> values;
  for (MaybeNumber &total : totals)
    values.push_back(name == "ReduceMean"
                         ? product(*total, Radical(mpq_class(1, count)))
                         : *total);
  return ConstTensor(
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape(),
      std::move(values));
}

} // namespace

std::optional<ConstTensor> evaluateElementwise(Operation *op,
                                               ArrayRef<ConstTensor> in) {
  StringRef name = opType(op);
  auto shape =
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape();
  if (name.starts_with("Reduce"))
    return name == "ReduceMax" || name == "ReduceMin" || name == "ReduceSum" ||
                   name == "ReduceMean"
               ? reduced(op, name, in[0])
               : std::nullopt;
  auto isNone = [op](unsigned i) {
    return i >= op->getNumOperands() ||
           llvm::isa<mlir::NoneType>(op->getOperand(i).getType());
  };
  std::vector<Number> values;
  int64_t count = mlir::ShapedType::getNumElements(shape);
  for (int64_t i = 0; i < count; ++i) {
    auto at = [&](size_t k) {
      return in[k].number(broadcastIndex(i, shape, in[k].shape));
    };
    MaybeNumber value;
    if (name == "Clip") {
      value = at(0);
      size_t next = 1;
      if (!isNone(1))
        value = larger(*value, at(next++));
      if (!isNone(2))
        value = smaller(*value, at(next));
    } else if (name == "Where") {
      auto sign = signOf(at(0));
      value = sign ? MaybeNumber(*sign ? at(1) : at(2)) : std::nullopt;
    } else if (in.size() == 1) {
      value = unary(op, name, at(0));
    } else if (in.size() == 2) {
      value = binary(name, at(0), at(1));
    }
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
  }
  return ConstTensor(shape, std::move(values)).inDoubles();
}

} // namespace bnncc
