// Exact evaluation of constant expressions: what the importer leaves because
// float arithmetic would round.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/InputValues.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <numeric>

using bnncc::exact::Number;
using bnncc::exact::Radical;
using llvm::ArrayRef;
using llvm::StringRef;
using mlir::Operation;

namespace bnncc {

ConstTensor::ConstTensor(ArrayRef<int64_t> shape,
                         std::vector<Number> numbers)
    : shape(shape.begin(), shape.end()) {
  bool all = llvm::all_of(numbers, [](auto &n) { return !n.range; });
  for (Number &number : numbers) {
    radicals.push_back(std::move(number.exact));
    if (!all)
      ranges.push_back(number.range);
  }
}

std::optional<std::vector<double>> ConstTensor::exactDoubles() const {
  if (!isExact())
    return std::nullopt;
  if (isDouble())
    return doubles;
  std::vector<double> result;
  for (const Radical &value : radicals) {
    double rounded = value.toDouble();
    if (!value.isRational() || !std::isfinite(rounded) ||
        exact::rational(rounded) != value.rationalPart())
      return std::nullopt;
    result.push_back(rounded);
  }
  return result;
}

ConstTensor ConstTensor::inDoubles() const {
  auto values = exactDoubles();
  return values ? ConstTensor(shape, std::move(*values)) : *this;
}

ConstTensor
ConstTensor::gather(ArrayRef<int64_t> newShape,
                    const std::function<int64_t(int64_t)> &source) const {
  int64_t count = std::accumulate(newShape.begin(), newShape.end(), int64_t(1),
                                  std::multiplies<>());
  if (isDouble()) {
    std::vector<double> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = doubles[source(i)];
    return {newShape, std::move(values)};
  }
  ConstTensor result(newShape, std::vector<Radical>());
  for (int64_t i = 0; i < count; ++i) {
    result.radicals.push_back(radicals[source(i)]);
    if (!isExact())
      result.ranges.push_back(ranges[source(i)]);
  }
  return result;
}

llvm::DenseSet<mlir::Value> constantsOf(mlir::Block &block) {
  llvm::DenseSet<mlir::Value> constants;
  auto isKnown = [&](mlir::Value value) {
    return llvm::isa<mlir::NoneType>(value.getType()) ||
           constants.contains(value);
  };
  for (Operation &op : block.without_terminator()) {
    StringRef name = op.getName().getStringRef();
    bool isSource = name == "onnx.Constant" || name == "onnx.Exact";
    bool onConstants =
        op.getNumOperands() != 0 && llvm::all_of(op.getOperands(), isKnown);
    if (op.getNumResults() == 1 && (isSource || onConstants))
      constants.insert(op.getResult(0));
  }
  return constants;
}

int64_t broadcastIndex(int64_t i, ArrayRef<int64_t> to,
                       ArrayRef<int64_t> from) {
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

namespace {

using Result = std::optional<ConstTensor>;

bool isSafe(double x) {
  return x == 0 || (std::isfinite(x) && std::abs(x) > 0x1p-900);
}

// The double result if it is exact.
std::optional<double> exactBinary(StringRef name, double a, double b) {
  double r;
  if (name == "Mul") {
    r = a * b;
    return isSafe(r) && (r != 0 || a == 0 || b == 0) && std::fma(a, b, -r) == 0
               ? std::optional(r)
               : std::nullopt;
  }
  if (name == "Div") {
    r = a / b;
    return isSafe(r) && (r != 0 || a == 0) && std::fma(r, b, -a) == 0
               ? std::optional(r)
               : std::nullopt;
  }
  if (name == "Sub")
    b = -b;
  r = a + b;
  double t = r - a;
  return std::isfinite(r) && (a - (r - t)) + (b - t) == 0 ? std::optional(r)
                                                          : std::nullopt;
}

std::optional<Radical> radicalBinary(StringRef name, const Radical &a,
                                     const Radical &b) {
  if (name == "Add")
    return exact::add(a, b);
  if (name == "Sub")
    return exact::add(a, b.negated());
  if (name == "Mul")
    return exact::multiply(a, b);
  if (name == "Div" && b.sign() != 0)
    return exact::multiply(a, b.inverse());
  if (name == "Pow" && b.isRational() && a.isRational()) {
    if (b.rationalPart() == mpq_class(1, 2) && a.sign() >= 0)
      return Radical::root(a.rationalPart());
    if (b.rationalPart() == mpq_class(-1, 2) && a.sign() > 0)
      return Radical::root(1 / a.rationalPart());
    if (b.rationalPart() == 2)
      return exact::multiply(a, a);
    if (b.rationalPart() == 1)
      return a;
  }
  return std::nullopt;
}

Result binary(Operation *op, StringRef name, const ConstTensor &a,
              const ConstTensor &b) {
  auto shape =
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape();
  ConstTensor x = a.gather(
      shape, [&](int64_t i) { return broadcastIndex(i, shape, a.shape); });
  ConstTensor y = b.gather(
      shape, [&](int64_t i) { return broadcastIndex(i, shape, b.shape); });
  if (x.isDouble() && y.isDouble() && name != "Pow") {
    std::vector<double> values, left = *x.exactDoubles(),
                                right = *y.exactDoubles();
    for (size_t i = 0; i < left.size(); ++i)
      if (auto value = exactBinary(name, left[i], right[i]))
        values.push_back(*value);
    if (values.size() == left.size())
      return ConstTensor(shape, std::move(values));
  }
  std::vector<Radical> values;
  for (int64_t i = 0; i < x.size(); ++i) {
    auto value = radicalBinary(name, x[i], y[i]);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return ConstTensor(shape, std::move(values));
}

Result mapElements(const ConstTensor &x,
                   const std::function<std::optional<Radical>(Radical)> &f) {
  std::vector<Radical> values;
  for (int64_t i = 0; i < x.size(); ++i) {
    auto value = f(x[i]);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return ConstTensor(x.shape, std::move(values));
}

ConstTensor transpose(Operation *op, const ConstTensor &x) {
  auto perm = op->getAttrOfType<mlir::DenseI64ArrayAttr>("perm").asArrayRef();
  auto shape =
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape();
  llvm::SmallVector<int64_t> strides(x.shape.size(), 1);
  for (int64_t k = int64_t(x.shape.size()) - 2; k >= 0; --k)
    strides[k] = strides[k + 1] * x.shape[k + 1];
  return x.gather(shape, [&](int64_t i) {
    int64_t index = 0;
    for (int64_t k = int64_t(shape.size()) - 1; k >= 0; --k) {
      index += i % shape[k] * strides[perm[k]];
      i /= shape[k];
    }
    return index;
  });
}

// Mean or sum over axes, in rationals.
Result reduce(Operation *op, StringRef name, const ConstTensor &x) {
  auto axes = op->getAttrOfType<mlir::DenseI64ArrayAttr>("axes").asArrayRef();
  llvm::SmallVector<int64_t> kept(x.shape);
  int64_t count = 1;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= int64_t(kept.size()))
      return std::nullopt;
    count *= kept[axis];
    kept[axis] = 1;
  }
  std::vector<Radical> sums(x.size() / count, Radical(mpq_class(0)));
  for (int64_t i = 0; i < x.size(); ++i) {
    Radical &sum = sums[broadcastIndex(i, x.shape, kept)];
    auto next = exact::add(sum, x[i]);
    if (!next)
      return std::nullopt;
    sum = *next;
  }
  if (name == "ReduceMean")
    for (Radical &sum : sums)
      sum = *exact::multiply(sum, Radical(mpq_class(1, count)));
  return ConstTensor(
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape(),
      std::move(sums));
}

// The parameter of element i where `parameter` is a scalar or lies on `axis`.
int64_t axisIndex(Operation *op, int64_t i, const ConstTensor &x,
                  const ConstTensor &parameter) {
  if (parameter.size() == 1)
    return 0;
  auto axis = op->getAttrOfType<mlir::IntegerAttr>("axis");
  int64_t inner = 1;
  for (size_t k = (axis ? axis.getInt() : 1) + 1; k < x.shape.size(); ++k)
    inner *= x.shape[k];
  return i / inner % parameter.size();
}

// (x - zero) * scale while doubles hold it exactly: weights are many.
Result dequantizeDoubles(Operation *op, const ConstTensor &x,
                         const ConstTensor &scale, const ConstTensor &zero) {
  auto codes = x.exactDoubles(), steps = scale.exactDoubles(),
       zeros = zero.exactDoubles();
  if (!codes || !steps || !zeros)
    return std::nullopt;
  for (int64_t i = 0; i < x.size(); ++i) {
    auto code =
        exactBinary("Sub", (*codes)[i], (*zeros)[axisIndex(op, i, x, zero)]);
    auto value = code ? exactBinary("Mul", *code,
                                    (*steps)[axisIndex(op, i, x, scale)])
                      : std::nullopt;
    if (!value)
      return std::nullopt;
    (*codes)[i] = *value;
  }
  return ConstTensor(x.shape, std::move(*codes));
}

Result dequantize(Operation *op, const ConstTensor &x, const ConstTensor &scale,
                  const ConstTensor &zero) {
  if (Result doubles = dequantizeDoubles(op, x, scale, zero))
    return doubles;
  std::vector<Radical> values;
  for (int64_t i = 0; i < x.size(); ++i) {
    auto code = exact::add(x[i], zero[axisIndex(op, i, x, zero)].negated());
    auto value = code
                     ? exact::multiply(*code, scale[axisIndex(op, i, x, scale)])
                     : std::nullopt;
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return ConstTensor(x.shape, std::move(values)).inDoubles();
}

// clamp(round(x / scale) + zero)
Result quantize(Operation *op, const ConstTensor &x, const ConstTensor &scale,
                const ConstTensor &zero) {
  auto type = llvm::dyn_cast<mlir::IntegerType>(
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType())
          .getElementType());
  if (!type || type.getWidth() > 16)
    return std::nullopt;
  long low = type.isUnsigned() ? 0 : -(1L << (type.getWidth() - 1));
  long high = low + (1L << type.getWidth()) - 1;
  std::vector<double> values;
  for (int64_t i = 0; i < x.size(); ++i) {
    Radical step = scale[axisIndex(op, i, x, scale)];
    if (!x[i].isRational() || !step.isRational() || step.sign() == 0)
      return std::nullopt;
    mpz_class code = exact::roundHalfEven(
                         mpq_class(x[i].rationalPart() / step.rationalPart())) +
                     mpz_class(zero[axisIndex(op, i, x, zero)].rationalPart());
    values.push_back(code < low    ? double(low)
                     : code > high ? double(high)
                                   : code.get_d());
  }
  return ConstTensor(x.shape, std::move(values));
}

Result readConstant(Operation *op) {
  auto value = op->getAttrOfType<mlir::DenseElementsAttr>("value");
  constexpr int64_t most = int64_t(1) << 28; // as many as a file may hold
  if (!value || value.getNumElements() > most)
    return std::nullopt;
  std::vector<double> values;
  values.reserve(value.getNumElements());
  mlir::Type element = value.getElementType();
  if (llvm::isa<mlir::FloatType>(element)) {
    if (element.isF32())
      for (float x : value.getValues<float>())
        values.push_back(x);
    else
      for (const llvm::APFloat &x : value.getValues<llvm::APFloat>()) {
        bool lost;
        llvm::APFloat wide = x;
        wide.convert(llvm::APFloat::IEEEdouble(),
                     llvm::APFloat::rmNearestTiesToEven, &lost);
        values.push_back(wide.convertToDouble());
      }
    if (!llvm::all_of(values, [](double x) { return std::isfinite(x); }))
      return std::nullopt;
  } else {
    bool isSigned = !element.isUnsignedInteger() && !element.isInteger(1);
    for (const llvm::APInt &x : value.getValues<llvm::APInt>()) {
      double number = isSigned ? x.signedRoundToDouble() : x.roundToDouble();
      if (std::abs(number) > 0x1p53)
        return std::nullopt;
      values.push_back(number);
    }
  }
  return ConstTensor(value.getType().getShape(), std::move(values));
}

ConstTensor readExact(Operation *op) {
  std::vector<Radical> values;
  for (auto text : op->getAttrOfType<mlir::ArrayAttr>("value")
                       .getAsValueRange<mlir::StringAttr>()) {
    llvm::SmallVector<StringRef> parts;
    text.split(parts, ' ');
    auto part = [&](size_t i) { return mpq_class(parts[i].str()); };
    values.push_back(parts.size() == 3 ? Radical(part(0), part(1), part(2))
                                       : Radical(part(0)));
  }
  return {int64_t(values.size()), std::move(values)};
}

Result evaluateOp(Operation *op, ArrayRef<ConstTensor> in) {
  StringRef name = op->getName().stripDialect();
  auto shape =
      llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getShape();
  if (name == "Constant")
    return readConstant(op);
  if (name == "Exact")
    return readExact(op);
  if (name == "Reshape")
    return in[0].gather(shape, [](int64_t i) { return i; });
  if (name == "Expand")
    return in[0].gather(shape, [&](int64_t i) {
      return broadcastIndex(i, shape, in[0].shape);
    });
  if (name == "Pick") {
    auto from = op->getAttrOfType<mlir::DenseI32ArrayAttr>("from").asArrayRef();
    return in[0].gather(shape, [&](int64_t i) { return from[i]; });
  }
  if (name == "Transpose")
    return transpose(op, in[0]);
  if (!llvm::all_of(in, [](auto &tensor) { return tensor.isExact(); }))
    return evaluateElementwise(op, in);
  if (name == "Add" || name == "Sub" || name == "Mul" || name == "Div" ||
      name == "Pow")
    if (Result exact = binary(op, name, in[0], in[1]))
      return exact;
  if (name == "Sqrt")
    if (Result exact =
            mapElements(in[0], [](Radical x) -> std::optional<Radical> {
              if (!x.isRational() || x.sign() < 0)
                return std::nullopt;
              return Radical::root(x.rationalPart());
            }))
      return exact;
  if (name == "Neg")
    return mapElements(in[0], [](Radical x) { return x.negated(); });
  if (name == "Abs")
    return mapElements(
        in[0], [](Radical x) { return x.sign() < 0 ? x.negated() : x; });
  if (name == "ReduceMean" || name == "ReduceSum")
    if (Result exact = reduce(op, name, in[0]))
      return exact;
  if (name == "DequantizeLinear")
    return dequantize(op, in[0], in[1], in[2]);
  if (name == "QuantizeLinear")
    return quantize(op, in[0], in[1], in[2]);
  if (name == "Cast") { // the importer folds casts that round
    mlir::Type from = op->getOperand(0).getType(),
               to = op->getResult(0).getType();
    if (llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(to)) ||
        from == to)
      return in[0];
  }
  if (auto quantized = evaluateQuantizer(op, in))
    return quantized;
  return evaluateElementwise(op, in);
}

} // namespace

mlir::Value createExact(mlir::OpBuilder &builder, mlir::Location loc,
                        ArrayRef<Radical> values) {
  auto type = mlir::RankedTensorType::get({int64_t(values.size())},
                                          builder.getF64Type());
  auto doubles = ConstTensor({int64_t(values.size())},
                             std::vector<Radical>(values.begin(), values.end()))
                     .exactDoubles();
  if (doubles)
    return createOnnx(
        builder, loc, "Constant", type, {},
        builder.getNamedAttr(
            "value", mlir::DenseElementsAttr::get(type, ArrayRef(*doubles))));
  llvm::SmallVector<mlir::Attribute> texts;
  for (const Radical &x : values) {
    std::string text = x.rationalPart().get_str();
    if (!x.isRational())
      text += " " + x.rootFactor().get_str() + " " + x.radicand().get_str();
    texts.push_back(builder.getStringAttr(text));
  }
  return createOnnx(builder, loc, "Exact", type, {},
                    builder.getNamedAttr("value", builder.getArrayAttr(texts)));
}

// The element of `type` nearest to x. Rounding the double near x may end on the
// wrong side of a tie, so its neighbours are asked, too.
static double roundTo(const ElementType &type, const Radical &x) {
  double middle = x.toDouble(), best = type.keep(middle);
  if (!type.isFloat() || !std::isfinite(best))
    return best;
  for (double from :
       {std::nextafter(middle, -INFINITY), std::nextafter(middle, INFINITY)}) {
    double other = type.keep(from);
    if (other == best || !std::isfinite(other))
      continue;
    mpq_class tie = (exact::rational(other) + exact::rational(best)) / 2;
    int side = exact::add(x, Radical(mpq_class(-tie)))->sign();
    if (other < best ? side < 0 : side > 0)
      best = other;
  }
  return best;
}

/// Numbers longer than this come from constants that are squared again and
/// again, and double their length each time.
static constexpr size_t mostBits = 16384;

static bool isTooLong(const mpq_class &x) {
  return mpz_sizeinbase(x.get_num_mpz_t(), 2) > mostBits ||
         mpz_sizeinbase(x.get_den_mpz_t(), 2) > mostBits;
}

static bool isTooLong(const ConstTensor &tensor) {
  for (int64_t i = 0; !tensor.isDouble() && i < tensor.size(); ++i) {
    Radical x = tensor[i];
    if (isTooLong(x.rationalPart()) ||
        (!x.isRational() &&
         (isTooLong(x.rootFactor()) || isTooLong(x.radicand()))))
      return true;
  }
  return false;
}

/// The operations behind a constant value, each after its operands, and how
/// often each is used among them.
static std::vector<Operation *>
inOrder(mlir::Value value, llvm::DenseMap<Operation *, unsigned> &uses) {
  std::vector<Operation *> order;
  llvm::SmallVector<std::pair<Operation *, unsigned>> path;
  auto enter = [&](mlir::Value operand) {
    Operation *op = operand.getDefiningOp();
    if (!llvm::isa<mlir::NoneType>(operand.getType()) && uses[op]++ == 0)
      path.push_back({op, 0});
  };
  enter(value);
  while (!path.empty()) {
    auto &[op, next] = path.back();
    if (next < op->getNumOperands()) {
      enter(op->getOperand(next++));
      continue;
    }
    order.push_back(op);
    path.pop_back();
  }
  return order;
}

/// What `step` makes of each operation behind `value` from its operands, in
/// order and without recursion; none where a step gives none.
static std::optional<ConstTensor> evaluateInOrder(
    mlir::Value value,
    llvm::function_ref<std::optional<ConstTensor>(Operation *,
                                                  ArrayRef<ConstTensor>)>
        step) {
  llvm::DenseMap<Operation *, unsigned> uses;
  llvm::DenseMap<Operation *, ConstTensor> values;
  for (Operation *op : inOrder(value, uses)) {
    std::vector<ConstTensor> operands;
    for (mlir::Value operand : op->getOperands())
      if (!llvm::isa<mlir::NoneType>(operand.getType()))
        operands.push_back(values.find(operand.getDefiningOp())->second);
    // A value that is not needed again goes at once.
    for (mlir::Value operand : op->getOperands())
      if (!llvm::isa<mlir::NoneType>(operand.getType()) &&
          --uses[operand.getDefiningOp()] == 0)
        values.erase(operand.getDefiningOp());
    auto result = step(op, operands);
    if (!result)
      return std::nullopt;
    values.try_emplace(op, std::move(*result));
  }
  return std::move(values.find(value.getDefiningOp())->second);
}

std::optional<ConstTensor> evaluateRounded(mlir::Value value) {
  return evaluateInOrder(
      value,
      [](Operation *op, ArrayRef<ConstTensor> operands) -> Result {
        auto result = evaluateOp(op, operands);
        if (!result || op->getNumOperands() == 0)
          return result;
        if (!result->isExact() || isTooLong(*result))
          return std::nullopt;
        auto type = ElementType::of(
            llvm::cast<mlir::ShapedType>(op->getResult(0).getType())
                .getElementType());
        std::vector<double> rounded;
        for (int64_t i = 0; i < result->size(); ++i) {
          rounded.push_back(roundTo(type, (*result)[i]));
          if (!std::isfinite(rounded.back()))
            return std::nullopt;
        }
        return ConstTensor(result->shape, std::move(rounded));
      });
}

static std::optional<ConstTensor> evaluate(mlir::Value value) {
  return evaluateInOrder(
      value,
      [](Operation *op, ArrayRef<ConstTensor> operands) -> Result {
        auto result = evaluateOp(op, operands);
        if (!result)
          op->emitOpError("on constants must have an exact value, but found ")
              << opType(op) << " of numbers for which bnncc knows none; let "
              << "the exporter fold the constants";
        else if (isTooLong(*result)) {
          op->emitOpError("on constants must give numbers of at most ")
              << mostBits << " bits, but found a longer one; let the exporter "
              << "fold the constants";
          return std::nullopt;
        }
        return result;
      });
}

std::optional<ConstTensor> evaluateConstant(mlir::Value value) {
  auto result = evaluate(value);
  if (!result || result->isExact())
    return result;
  for (int64_t i = 0; i < result->size(); ++i)
    if (auto number = result->number(i); number.range) {
      value.getDefiningOp()->emitOpError(
          "must give exact constants, but found one near ")
          << number.range->low << " that is no sum of fractions and roots; let "
          << "the exporter fold the constants";
      break;
    }
  return std::nullopt;
}

} // namespace bnncc
