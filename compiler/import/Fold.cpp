//===- Fold.cpp - Exact folding of constants ------------------------------===//
//
// Folds what cannot round: data movement (any element, moved by its bytes),
// integer arithmetic, and comparisons, signs, casts and roundings whose result
// the element type holds. Float sums and products stay in the graph, where the
// fusion evaluates them exactly.
//
//===----------------------------------------------------------------------===//

#include "Fold.h"
#include "Elements.h"
#include "NodeBuilder.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <cstring>
#include <functional>

using namespace mlir;

namespace bnncc::importer {
namespace {

using Attrs = ArrayRef<NamedAttribute>;

Attribute findAttr(Attrs attrs, StringRef name) {
  for (NamedAttribute attr : attrs)
    if (attr.getName() == name)
      return attr.getValue();
  return {};
}

ArrayRef<int64_t> findInts(Attrs attrs, StringRef name) {
  return cast<DenseI64ArrayAttr>(findAttr(attrs, name)).asArrayRef();
}

Shape stridesOf(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// Calls `visit(i, offset)` for each element i of `shape` in order, where
/// offset moves from `start` by `step[axis]` along each axis.
template <typename Visit>
void walk(ArrayRef<int64_t> shape, ArrayRef<int64_t> step, int64_t start,
          Visit visit) {
  Shape index(shape.size(), 0);
  int64_t offset = start, count = product(shape);
  for (int64_t i = 0; i < count; ++i) {
    visit(i, offset);
    for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0;
         --axis) {
      offset += step[axis];
      if (++index[axis] < shape[axis])
        break;
      offset -= step[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/// Steps that read `from` as if it were expanded to `to`.
Shape broadcastSteps(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  Shape strides = stridesOf(from), steps(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1)
      steps[to.size() - from.size() + i] = strides[i];
  return steps;
}

std::optional<Elements> moveElements(StringRef op, ArrayRef<Elements> in,
                                     RankedTensorType type, Attrs attrs) {
  Elements out(type);
  unsigned width = out.elementBytes();
  auto copy = [&](const Elements &from, ArrayRef<int64_t> steps,
                  int64_t start) {
    walk(type.getShape(), steps, start, [&](int64_t i, int64_t offset) {
      std::memcpy(out.data() + i * width, from.data() + offset * width, width);
    });
  };
  Shape strides = stridesOf(in[0].getShape());
  if (op == "Reshape") {
    std::memcpy(out.data(), in[0].data(), out.size() * width);
  } else if (op == "Expand") {
    copy(in[0], broadcastSteps(in[0].getShape(), type.getShape()), 0);
  } else if (op == "Transpose") {
    Shape steps;
    for (int64_t axis : findInts(attrs, "perm"))
      steps.push_back(strides[axis]);
    copy(in[0], steps, 0);
  } else if (op == "Slice") {
    Shape steps;
    int64_t start = 0;
    for (auto [stride, from, step] : llvm::zip(
             strides, findInts(attrs, "starts"), findInts(attrs, "steps"))) {
      steps.push_back(stride * step);
      start += stride * from;
    }
    copy(in[0], steps, start);
  } else if (op == "Concat") {
    int64_t axis = cast<IntegerAttr>(findAttr(attrs, "axis")).getInt();
    Shape outStrides = stridesOf(type.getShape());
    int64_t start = 0;
    for (const Elements &part : in) {
      walk(part.getShape(), outStrides, start, [&](int64_t i, int64_t offset) {
        std::memcpy(out.data() + offset * width, part.data() + i * width,
                    width);
      });
      start += part.getShape()[axis] * outStrides[axis];
    }
  } else if (op == "Gather") {
    int64_t axis = cast<IntegerAttr>(findAttr(attrs, "axis")).getInt();
    ArrayRef<int64_t> shape = in[0].getShape();
    int64_t outer = product(shape.take_front(axis));
    int64_t inner = product(shape.drop_front(axis + 1)) * width;
    char *to = out.data();
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < in[1].size(); ++i, to += inner)
        std::memcpy(to,
                    in[0].data() + (o * shape[axis] + in[1].getInt(i)) * inner,
                    inner);
  } else if (op == "Pad") {
    ArrayRef<int64_t> pads = findInts(attrs, "pads");
    Attribute value = findAttr(attrs, "value");
    for (int64_t i = 0; i < out.size(); ++i) {
      if (auto real = dyn_cast<FloatAttr>(value))
        out.setDouble(i, real.getValueAsDouble());
      else
        out.setInt(i, cast<IntegerAttr>(value).getValue().getSExtValue());
    }
    Shape outStrides = stridesOf(type.getShape());
    int64_t start = 0;
    for (size_t axis = 0; axis < outStrides.size(); ++axis)
      start += pads[axis] * outStrides[axis];
    walk(in[0].getShape(), outStrides, start, [&](int64_t i, int64_t offset) {
      std::memcpy(out.data() + offset * width, in[0].data() + i * width, width);
    });
  } else if (op == "Where") {
    Shape choose = broadcastSteps(in[0].getShape(), type.getShape());
    std::vector<bool> yes(out.size());
    walk(type.getShape(), choose, 0, [&](int64_t i, int64_t offset) {
      yes[i] = in[0].getInt(offset) != 0;
    });
    for (bool branch : {true, false}) {
      const Elements &from = in[branch ? 1 : 2];
      walk(type.getShape(), broadcastSteps(from.getShape(), type.getShape()), 0,
           [&](int64_t i, int64_t offset) {
             if (yes[i] == branch)
               std::memcpy(out.data() + i * width, from.data() + offset * width,
                           width);
           });
    }
  } else {
    return std::nullopt;
  }
  return out;
}

using IntFunction = std::function<std::optional<int64_t>(int64_t, int64_t)>;

/// Floor division is for Mod with fmod = 0; ONNX's integer Div truncates.
IntFunction integerFunction(StringRef op) {
  using Result = std::optional<int64_t>;
  auto checked = [](auto builtin) -> IntFunction {
    return [builtin](int64_t a, int64_t b) -> Result {
      int64_t value;
      return builtin(a, b, &value) ? Result() : Result(value);
    };
  };
  if (op == "Add")
    return checked([](int64_t a, int64_t b, int64_t *r) {
      return __builtin_add_overflow(a, b, r);
    });
  if (op == "Sub")
    return checked([](int64_t a, int64_t b, int64_t *r) {
      return __builtin_sub_overflow(a, b, r);
    });
  if (op == "Mul")
    return checked([](int64_t a, int64_t b, int64_t *r) {
      return __builtin_mul_overflow(a, b, r);
    });
  if (op == "Div")
    return [](int64_t a, int64_t b) {
      return b == 0 || b == -1 ? (b ? Result(-a) : Result()) : Result(a / b);
    };
  if (op == "Mod")
    return [](int64_t a, int64_t b) {
      return b == 0 || b == -1 ? (b ? Result(0) : Result())
                               : Result(((a % b) + b) % b);
    };
  if (op == "Min")
    return [](int64_t a, int64_t b) { return Result(std::min(a, b)); };
  if (op == "Max")
    return [](int64_t a, int64_t b) { return Result(std::max(a, b)); };
  if (op == "And")
    return [](int64_t a, int64_t b) { return Result(a && b); };
  if (op == "Or")
    return [](int64_t a, int64_t b) { return Result(a || b); };
  if (op == "Xor")
    return [](int64_t a, int64_t b) { return Result(a != b); };
  return nullptr;
}

using Compare = std::function<bool(double, double)>;

Compare comparison(StringRef op) {
  return llvm::StringSwitch<Compare>(op)
      .Case("Greater", std::greater<>())
      .Case("GreaterOrEqual", std::greater_equal<>())
      .Case("Less", std::less<>())
      .Case("LessOrEqual", std::less_equal<>())
      .Case("Equal", std::equal_to<>())
      .Default(nullptr);
}

std::optional<Elements> foldBinary(StringRef op, const Elements &a,
                                   const Elements &b, RankedTensorType type) {
  IntFunction arithmetic = integerFunction(op);
  Compare compare = comparison(op);
  bool isInteger = !a.isFloat() && !b.isFloat();
  // 64-bit integers compare by their difference's sign only below 2^53.
  if (!compare && !(arithmetic && isInteger))
    return std::nullopt;
  Elements out(type);
  std::vector<int64_t> left(out.size()), right(out.size());
  walk(type.getShape(), broadcastSteps(a.getShape(), type.getShape()), 0,
       [&](int64_t i, int64_t offset) { left[i] = offset; });
  walk(type.getShape(), broadcastSteps(b.getShape(), type.getShape()), 0,
       [&](int64_t i, int64_t offset) { right[i] = offset; });
  for (int64_t i = 0; i < out.size(); ++i) {
    if (compare) {
      out.setInt(i, compare(a.getDouble(left[i]), b.getDouble(right[i])));
      continue;
    }
    std::optional<int64_t> value =
        arithmetic(a.getInt(left[i]), b.getInt(right[i]));
    if (!value || !out.setInt(i, *value))
      return std::nullopt;
  }
  return out;
}

using Function = std::function<double(double)>;

Function exactFunction(StringRef op, bool toInteger) {
  return llvm::StringSwitch<Function>(op)
      .Case("Neg", [](double x) { return -x; })
      .Case("Abs", [](double x) { return std::abs(x); })
      .Case("Sign", [](double x) { return (x > 0) - (x < 0); })
      .Case("Not", [](double x) { return x == 0; })
      .Case("Relu", [](double x) { return x > 0 ? x : 0; })
      .Case("Floor", [](double x) { return std::floor(x); })
      .Case("Ceil", [](double x) { return std::ceil(x); })
      .Case("Round", [](double x) { return std::nearbyint(x); })
      .Case("Cast", [=](double x) { return toInteger ? std::trunc(x) : x; })
      .Default(nullptr);
}

std::optional<Elements> foldUnary(StringRef op, const Elements &in,
                                  RankedTensorType type) {
  Elements out(type);
  bool toInteger = !out.isFloat();
  // Integers stay integers: beyond 2^53 a double would round them.
  if (op == "Cast" && toInteger && !in.isFloat()) {
    bool toBool = out.getElementType().isInteger(1);
    for (int64_t i = 0; i < out.size(); ++i)
      if (!out.setInt(i, toBool ? in.getInt(i) != 0 : in.getInt(i)))
        return std::nullopt;
    return out;
  }
  Function function = exactFunction(op, toInteger);
  if (!function)
    return std::nullopt;
  bool toBool = op == "Cast" && out.getElementType().isInteger(1);
  for (int64_t i = 0; i < out.size(); ++i) {
    double value = in.getDouble(i);
    if (!out.setDouble(i, toBool ? value != 0 : function(value)))
      return std::nullopt;
  }
  return out;
}

/// +scale or -scale; QONNX counts zero as positive.
std::optional<Elements> foldBipolar(const Elements &in, const Elements &scale,
                                    RankedTensorType type) {
  Elements out(type);
  bool done = true;
  walk(type.getShape(), broadcastSteps(scale.getShape(), type.getShape()), 0,
       [&](int64_t i, int64_t offset) {
         double unit = scale.getDouble(offset);
         done &= out.setDouble(i, in.getDouble(i) >= 0 ? unit : -unit);
       });
  return done ? std::optional(out) : std::nullopt;
}

/// Selects among given values, so it is exact on floats too.
Elements foldClip(ValueRange operands) {
  Elements out = Elements::get(constantOf(operands[0]));
  for (unsigned bound : {1, 2}) {
    if (isa<NoneType>(operands[bound].getType()))
      continue;
    double limit = Elements::get(constantOf(operands[bound])).getDouble(0);
    for (int64_t i = 0; i < out.size(); ++i) {
      double value = out.getDouble(i);
      if (bound == 1 ? value < limit : value > limit)
        out.setDouble(i, limit);
    }
  }
  return out;
}

} // namespace

DenseElementsAttr fold(StringRef op, ValueRange operands, RankedTensorType type,
                       Attrs attrs) {
  std::vector<Elements> in;
  for (Value operand : operands)
    if (!constantOf(operand) && !isa<NoneType>(operand.getType()))
      return {};
  if (op == "Clip")
    return foldClip(operands).toAttr();
  for (Value operand : operands)
    if (!constantOf(operand))
      return {};
  // Decoded only now: most nodes have some operand that is not constant.
  for (Value operand : operands)
    in.push_back(Elements::get(constantOf(operand)));
  if (in.empty())
    return {};
  std::optional<Elements> out = moveElements(op, in, type, attrs);
  if (!out && in.size() == 1)
    out = foldUnary(op, in[0], type);
  if (!out && op == "BipolarQuant")
    out = foldBipolar(in[0], in[1], type);
  if (!out && in.size() == 2)
    out = foldBinary(op, in[0], in[1], type);
  return out ? out->toAttr() : DenseElementsAttr();
}

} // namespace bnncc::importer
