// One element of a value as an exact number, from the elements that it is made
// of. Each is worked out once a window.
#include "Evaluation.h"

#include <cmath>

namespace bnn::host {

namespace {
using Kind = Op::Kind;
using Exact = std::optional<Number>;

Exact sum(Exact a, const Exact &b) {
  if (!a || !b)
    return std::nullopt;
  return *a + *b;
}
} // namespace

Exact Evaluation::exact(uint32_t value, size_t i) {
  const Tensor &t = values[value];
  if (value == 0 || (!t.errors.empty() && t.errors[i] == 0))
    return Number(t.data[i]);
  uint64_t key = uint64_t(value) << 32 | i;
  if (auto it = memo.find(key); it != memo.end())
    return it->second;
  Exact number = exactOf(program.ops[value - 1], i);
  if (number)
    memo.emplace(key, *number);
  return number;
}

// Elements of what rises are in the order of what it is taken of, within one
// line of a softmax, too; those scaled and shifted alike as well, or turned.
std::optional<int> Evaluation::exactOrder(uint32_t value, size_t i, size_t j) {
  auto difference = [&]() -> std::optional<int> {
    Exact a = exact(value, i), b = exact(value, j);
    return a && b ? (*a - *b).sign() : std::nullopt;
  };
  if (value == 0)
    return difference();
  const Op &op = program.ops[value - 1];
  uint32_t operand = op.operands[0];
  auto channel = [&](size_t element) {
    return int64_t(element / size_t(op.out.h * op.out.w));
  };
  auto line = [&](size_t element) {
    int64_t sizes[3] = {op.out.c, op.out.h, op.out.w};
    size_t steps[3] = {size_t(op.out.h * op.out.w), size_t(op.out.w), 1};
    size_t step = steps[op.axis];
    return std::pair(element / (step * size_t(sizes[op.axis])), element % step);
  };
  switch (op.kind) {
  case Kind::Sigmoid:
  case Kind::Tanh:
  case Kind::Reshape:
    return exactOrder(operand, i, j);
  case Kind::Gather:
    return exactOrder(operand, op.from[i], op.from[j]);
  case Kind::Softmax:
  case Kind::LogSoftmax:
    if (line(i) == line(j))
      return exactOrder(operand, i, j);
    break;
  case Kind::ToReal:
  case Kind::Affine: {
    int64_t a = channel(i), b = channel(j);
    Number scale = op.scale.exactAt(a);
    std::optional<int> sign = scale.sign();
    bool alike = (scale - op.scale.exactAt(b)).isZero() &&
                 (op.shift.exactAt(a) - op.shift.exactAt(b)).isZero();
    auto order = alike && sign ? exactOrder(operand, i, j) : std::nullopt;
    if (order)
      return *order * *sign;
    break;
  }
  default:
    break;
  }
  return difference();
}

// A sigmoid reaches 1/2, and a tanh 0, where its operand reaches 0.
std::optional<int> Evaluation::exactSide(uint32_t value, size_t i, double cut) {
  const Op *op = value == 0 ? nullptr : &program.ops[value - 1];
  if (op && ((op->kind == Kind::Sigmoid && cut == 0.5) ||
             (op->kind == Kind::Tanh && cut == 0)))
    return exactSide(op->operands[0], i, 0);
  if (op && (op->kind == Kind::Reshape || op->kind == Kind::Gather))
    return exactSide(op->operands[0],
                     op->kind == Kind::Gather ? op->from[i] : i, cut);
  Exact element = exact(value, i);
  return element ? (*element - Number(cut)).sign() : std::nullopt;
}

Exact Evaluation::exactConv(const Op &op, size_t i) {
  int64_t x0 = int64_t(i) % op.out.w * op.strideW - op.padLeft;
  int64_t row = int64_t(i) / op.out.w;
  int64_t y0 = row % op.out.h * op.strideH - op.padTop, o = row / op.out.h;
  Exact result = Number();
  const double *weight =
      op.weights.data() + o * op.in.c * op.kernelH * op.kernelW;
  for (int64_t c = 0; c < op.in.c; ++c)
    for (int64_t y = y0; y < y0 + op.kernelH; ++y)
      for (int64_t x = x0; x < x0 + op.kernelW; ++x, ++weight) {
        if (x < 0 || x >= op.in.w || y < 0 || y >= op.in.h || *weight == 0)
          continue;
        Exact element =
            exact(op.operands[0], size_t((c * op.in.h + y) * op.in.w + x));
        if (!element)
          return std::nullopt;
        result = sum(result, *element * Number(*weight));
      }
  return result;
}

Exact Evaluation::exactLargest(const Op &op,
                               const std::vector<size_t> &members) {
  const Tensor &in = values[op.operands[0]];
  double bar = -INFINITY; // no largest is below it
  for (size_t member : members)
    bar = std::max(bar, in.data[member] - in.error(member) * slack);
  Exact best;
  for (size_t member : members) {
    if (in.data[member] + in.error(member) * slack < bar)
      continue;
    Exact next = exact(op.operands[0], member);
    if (!next)
      return std::nullopt;
    std::optional<int> sign = best ? (*next - *best).sign() : 1;
    if (!sign)
      return std::nullopt;
    if (*sign > 0)
      best = next;
  }
  return best;
}

Exact Evaluation::exactOf(const Op &op, size_t i) {
  uint32_t operand = op.operands[0];
  size_t plane = size_t(op.in.h * op.in.w);
  auto channel = int64_t(i / size_t(op.out.h * op.out.w));
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine: {
    Exact x = exact(operand, i);
    if (!x)
      return std::nullopt;
    return op.scale.exactAt(channel) * *x + op.shift.exactAt(channel);
  }
  case Kind::SplitPRelu: {
    Exact above = exact(operand, i),
          below = exact(operand, i + size_t(op.out.size()));
    if (!above || !below)
      return std::nullopt;
    return op.scale.exactAt(channel) * *above +
           op.scaleNeg.exactAt(channel) * *below + op.shift.exactAt(channel);
  }
  case Kind::PRelu: {
    Exact x = exact(operand, i);
    std::optional<int> sign = x ? x->sign() : std::nullopt;
    if (!sign)
      return std::nullopt;
    return *sign < 0 ? op.scale.exactAt(channel) * *x : *x;
  }
  case Kind::Clip: {
    Exact x = exact(operand, i);
    for (double bound : {op.min, op.max}) {
      if (!x || !std::isfinite(bound))
        continue;
      std::optional<int> sign = (*x - Number(bound)).sign();
      if (!sign)
        return std::nullopt;
      if (bound == op.min ? *sign < 0 : *sign > 0)
        x = Number(bound);
    }
    return x;
  }
  case Kind::Conv:
    return exactConv(op, i);
  case Kind::MaxPool:
    return exactLargest(op, poolMembers(op, i));
  case Kind::Max: {
    std::vector<size_t> members(plane);
    for (size_t k = 0; k < plane; ++k)
      members[k] = i * plane + k;
    return exactLargest(op, members);
  }
  case Kind::Sum:
  case Kind::Mean: {
    Exact total = Number();
    for (size_t k = 0; k < plane && total; ++k)
      total = sum(std::move(total), exact(operand, i * plane + k));
    if (total && op.kind == Kind::Mean)
      total = *total * Number(Rational(1, int64_t(plane)));
    return total;
  }
  case Kind::Add:
    return sum(exact(operand, i), exact(op.operands[1], i));
  case Kind::Concat:
    for (uint32_t part : op.operands) {
      if (i < values[part].data.size())
        return exact(part, i);
      i -= values[part].data.size();
    }
    return std::nullopt;
  case Kind::Softmax:
  case Kind::LogSoftmax:
  case Kind::Sigmoid:
  case Kind::Tanh:
    return std::nullopt;
  case Kind::Quantise:
  case Kind::ArgMax:
    return Number(values[size_t(&op - program.ops.data()) + 1].data[i]);
  case Kind::Reshape:
    return exact(operand, i);
  case Kind::Gather:
    return exact(operand, op.from[i]);
  }
  return std::nullopt;
}

} // namespace bnn::host
