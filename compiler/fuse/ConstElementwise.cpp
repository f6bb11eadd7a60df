// Decisions and functions on constants: exact where a number is, by enclosures
// where it is not.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using bnncc::exact::Interval;
using bnncc::exact::Radical;
using llvm::ArrayRef;
using llvm::StringRef;
using mlir::Operation;

namespace bnncc {
namespace {

using Number = ConstNumber;
using MaybeNumber = std::optional<ConstNumber>;

Number whole(long n) { return Radical(mpq_class(n)); }

std::optional<int> signOf(const Number &x) {
  if (!x.range)
    return x.exact.sign();
  if (int sign = x.range->sign())
    return sign;
  return std::nullopt;
}

Number negated(const Number &x) {
  return x.range ? Number(-*x.range) : Number(x.exact.negated());
}

Number sum(const Number &x, const Number &y) {
  if (!x.range && !y.range)
    if (auto exact = exact::add(x.exact, y.exact))
      return *exact;
  return x.interval() + y.interval();
}

Number product(const Number &x, const Number &y) {
  if (!x.range && !y.range)
    if (auto exact = exact::multiply(x.exact, y.exact))
      return *exact;
  return x.interval() * y.interval();
}

MaybeNumber quotient(const Number &x, const Number &y) {
  auto sign = signOf(y);
  if (!sign || *sign == 0)
    return std::nullopt;
  if (!y.range)
    return product(x, y.exact.inverse());
  return product(x, inverse(*y.range));
}

// The largest integer below, or none if the enclosure does not decide.
std::optional<mpz_class> floorOf(const Number &x) {
  if (x.range) {
    double low = std::floor(x.range->low);
    if (!std::isfinite(low) || low != std::floor(x.range->high))
      return std::nullopt;
    return mpz_class(low);
  }
  if (x.exact.isRational()) {
    mpz_class result;
    const mpq_class &q = x.exact.rationalPart();
    mpz_fdiv_q(result.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
    return result;
  }
  mpz_class result(std::floor(x.exact.toDouble()));
  auto isBelow = [&](const mpz_class &n) {
    return exact::add(x.exact, Radical(mpq_class(-n)))->sign() < 0;
  };
  while (isBelow(result))
    --result;
  while (!isBelow(result + 1))
    ++result;
  return result;
}

MaybeNumber rounded(const Number &x) {
  if (!x.range && x.exact.isRational())
    return Number(Radical(mpq_class(roundHalfEven(x.exact.rationalPart()))));
  // Neither an irrational number nor what an enclosure decides is a tie.
  auto floor = floorOf(sum(x, Radical(mpq_class(1, 2))));
  return floor ? MaybeNumber(Radical(mpq_class(*floor))) : std::nullopt;
}

MaybeNumber truth(std::optional<bool> holds) {
  return holds ? MaybeNumber(whole(*holds)) : std::nullopt;
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

// max(x, y) is max(0, x - y) + y where the two cannot be told apart.
Number larger(const Number &x, const Number &y) {
  auto sign = signOf(sum(x, negated(y)));
  if (sign)
    return *sign >= 0 ? x : y;
  return maximum(x.interval(), y.interval());
}

Number smaller(const Number &x, const Number &y) {
  return negated(larger(negated(x), negated(y)));
}

MaybeNumber power(const Number &x, const Number &y) {
  if (!x.range && !y.range && y.exact.isRational() &&
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
  return Number(rising(std::exp, exponent * rising(std::log, base)));
}

MaybeNumber unary(Operation *op, StringRef name, const Number &x) {
  auto rising = [&x](double (*function)(double)) {
    return Number(exact::rising(function, x.interval()));
  };
  bool isZero = signOf(x) == 0;
  if (name == "Neg")
    return negated(x);
  if (name == "Abs") {
    if (auto sign = signOf(x))
      return *sign < 0 ? negated(x) : x;
    return Number(magnitude(x.interval()));
  }
  if (name == "Sign") {
    auto sign = signOf(x);
    return sign ? MaybeNumber(whole(*sign)) : std::nullopt;
  }
  if (name == "Relu")
    return larger(x, whole(0));
  if (name == "Round")
    return rounded(x);
  if (name == "Floor" || name == "Ceil") {
    auto floor = floorOf(name == "Floor" ? x : negated(x));
    if (!floor)
      return std::nullopt;
    Number result = Radical(mpq_class(*floor));
    return name == "Floor" ? result : negated(result);
  }
  if (name == "Not") {
    auto sign = signOf(x);
    return sign ? truth(*sign == 0) : std::nullopt;
  }
  if (name == "Sqrt" && x.interval().low >= 0)
    return rising(std::sqrt);
  if (name == "Tanh")
    return isZero ? whole(0) : rising(std::tanh);
  if (name == "Erf")
    return isZero ? whole(0) : rising(std::erf);
  if (name == "Sigmoid")
    return isZero ? Number(Radical(mpq_class(1, 2))) : rising(exact::sigmoid);
  if (name == "Exp")
    return isZero ? whole(1) : rising(std::exp);
  if (name == "Log" && x.interval().low > 0)
    return rising(std::log);
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

// The index of the operand's element that stands at `i` of `to`.
int64_t broadcast(int64_t i, ArrayRef<int64_t> to, ArrayRef<int64_t> from) {
  int64_t index = 0, stride = 1;
  for (size_t k = 0; k < to.size(); ++k) {
    int64_t coordinate = i % to[to.size() - 1 - k];
    i /= to[to.size() - 1 - k];
    if (k >= from.size())
      continue;
    int64_t size = from[from.size() - 1 - k];
    if (size != 1)
      index += coordinate * stride;
    stride *= size;
  }
  return index;
}

std::optional<ConstTensor> reduced(Operation *op, StringRef name,
                                   const ConstTensor &x) {
  auto axes = op->getAttrOfType<mlir::DenseI64ArrayAttr>("axes");
  if (!axes)
    return std::nullopt;
  llvm::SmallVector<int64_t> kept(x.shape);
  int64_t count = 1;
  for (int64_t axis : axes.asArrayRef()) {
    count *= kept[axis];
    kept[axis] = 1;
  }
  std::vector<MaybeNumber> totals(x.size() / count);
  for (int64_t i = 0; i < x.size(); ++i) {
    MaybeNumber &total = totals[broadcast(i, x.shape, kept)];
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
      return in[k].number(broadcast(i, shape, in[k].shape));
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
  ConstTensor result(shape, std::move(values));
  if (auto doubles = result.exactDoubles())
    return ConstTensor(shape, std::move(*doubles));
  return result;
}

} // namespace bnncc
