// Operations in double, one function each, and the decisions.
#include "Evaluation.h"

#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace bnn::host {

namespace {
using Kind = Op::Kind;

std::atomic<uint64_t> decisions = 0;

// result[c, i] = fn(operand[c, i], c), as Bounded values or, where no bound is
// wanted, as doubles.
template <typename Fn>
Tensor perElement(const Op &op, const Tensor &in, bool bounded, Fn fn) {
  Tensor out{op.out, std::vector<double>(in.data.size()), {}};
  if (bounded)
    out.errors.resize(in.data.size());
  int64_t plane = in.shape.h * in.shape.w;
  size_t at = 0;
  for (int64_t c = 0; c < in.shape.c; ++c)
    for (int64_t i = 0; i < plane; ++i, ++at) {
      if (!bounded) {
        out.data[at] = fn(in.data[at], c);
        continue;
      }
      Bounded value = fn(Bounded{in.data[at], in.error(at)}, c);
      out.data[at] = value.value;
      out.errors[at] = value.error;
    }
  return out;
}

// One meaning for doubles and for bounded doubles.
double constantOf(double, const Constants &list, int64_t c) {
  return list.at(c);
}
Bounded constantOf(Bounded, const Constants &list, int64_t c) {
  return constant(list.at(c), list.exact.empty());
}
double bend(double x, double slope) { return x < 0 ? slope * x : x; }
Bounded bend(const Bounded &x, const Bounded &slope) {
  if (x.value >= 0)
    return carried(x.value, x.error, std::max(1.0, std::abs(slope.value)), 0);
  Bounded y = slope * x;
  y.error = std::max(y.error, x.error * std::max(1.0, std::abs(slope.value)) *
                                  slack);
  return y;
}
double limit(double x, double low, double high) {
  return std::min(std::max(x, low), high);
}
Bounded limit(const Bounded &x, double low, double high) {
  return {limit(x.value, low, high), x.error};
}

// Both forms are exact where they are used: no overflow for large |x|.
double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}
Bounded sigmoid(const Bounded &x) {
  return carried(sigmoid(x.value), x.error, 0.25, 16 * unit);
}
double hyperbolic(double x) { return std::tanh(x); }
Bounded hyperbolic(const Bounded &x) {
  return carried(std::tanh(x.value), x.error, 1, 16 * unit);
}

Tensor splitPRelu(const Op &op, const Tensor &in, bool bounded) {
  Tensor out{op.out, {}, {}};
  int64_t plane = op.out.h * op.out.w, half = op.out.size();
  for (int64_t i = 0; i < half; ++i) {
    int64_t c = i / plane;
    Bounded above{in.data[size_t(i)], in.error(size_t(i))};
    Bounded below{in.data[size_t(i + half)], in.error(size_t(i + half))};
    Bounded y = constantOf(above, op.scale, c) * above +
                constantOf(below, op.scaleNeg, c) * below +
                constantOf(above, op.shift, c);
    out.data.push_back(y.value);
    if (bounded)
      out.errors.push_back(y.error);
  }
  return out;
}

// The bound of a sum of n products: what its operands' errors make of it, and
// n + 1 roundings of partial sums, none above the sum of all magnitudes. Sums of
// integers below 2^53 are exact.
void boundConv(const Op &op, const Tensor &in, Tensor &out) {
  double largest = 0, worst = 0;
  bool integers = true;
  for (size_t i = 0; i < in.data.size(); ++i) {
    largest = std::max(largest, std::abs(in.data[i]));
    worst = std::max(worst, in.error(i));
    integers &= in.data[i] == std::trunc(in.data[i]);
  }
  size_t taps = op.weights.size() / size_t(op.out.c);
  size_t plane = size_t(op.out.h * op.out.w);
  for (size_t o = 0; o < size_t(op.out.c); ++o) {
    double sum = 0;
    bool whole = integers;
    for (size_t t = o * taps; t < (o + 1) * taps; ++t) {
      sum += std::abs(op.weights[t]);
      whole &= op.weights[t] == std::trunc(op.weights[t]);
    }
    bool exact = whole && worst == 0 && sum * largest < 0x1p52;
    double error = exact ? 0
                         : sum * (worst + (double(taps) + 2) * unit * largest) *
                                   slack * slack +
                               tiny * double(taps);
    out.errors.insert(out.errors.end(), plane, error);
  }
}

Tensor maxPool(const Op &op, const Tensor &in, bool bounded) {
  Tensor out{op.out, {}, {}};
  for (size_t i = 0; i < size_t(op.out.size()); ++i) {
    double best = -std::numeric_limits<double>::infinity(), error = 0;
    for (size_t member : poolMembers(op, i)) {
      best = std::max(best, in.data[member]);
      error = std::max(error, in.error(member));
    }
    out.data.push_back(best);
    if (bounded)
      out.errors.push_back(error);
  }
  return out;
}

Tensor reduce(const Op &op, const Tensor &in, bool bounded) {
  Tensor out{op.out, {}, {}};
  size_t plane = size_t(op.in.h * op.in.w);
  for (size_t c = 0; c < size_t(op.in.c); ++c) {
    size_t first = c * plane;
    Bounded total{in.data[first], in.error(first)};
    for (size_t i = first + 1; i < first + plane; ++i) {
      Bounded next{in.data[i], in.error(i)};
      if (op.kind == Kind::Max)
        total = {std::max(total.value, next.value),
                 std::max(total.error, next.error)};
      else
        total = total + next;
    }
    if (op.kind == Kind::Mean) {
      double mean = total.value / double(plane);
      total = {mean, total.error / double(plane) * slack +
                         std::abs(mean) * unit * slack + tiny};
    }
    out.data.push_back(total.value);
    if (bounded)
      out.errors.push_back(total.error);
  }
  return out;
}

Tensor add(const Op &op, const Tensor &a, const Tensor &b, bool bounded) {
  Tensor out{op.out, {}, {}};
  for (size_t i = 0; i < a.data.size(); ++i) {
    Bounded sum = Bounded{a.data[i], a.error(i)} + Bounded{b.data[i], b.error(i)};
    out.data.push_back(sum.value);
    if (bounded)
      out.errors.push_back(sum.error);
  }
  return out;
}

// The largest is subtracted first, so that exp cannot overflow.
Tensor softmax(const Op &op, Tensor t, bool bounded) {
  bool log = op.kind == Kind::LogSoftmax;
  std::vector<double> errors(bounded ? t.data.size() : 0);
  perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
    double *line = t.data.data() + first;
    double largest = line[0], sum = 0, error = 0;
    for (size_t i = 1; i < count; ++i)
      largest = std::max(largest, line[i * step]);
    for (size_t i = 0; i < count; ++i) {
      sum += std::exp(line[i * step] - largest);
      error = std::max(error, t.error(first + i * step));
    }
    for (size_t i = 0; i < count; ++i) {
      double x = line[i * step] - largest;
      double y = log ? x - std::log(sum) : std::exp(x) / sum;
      line[i * step] = y;
      if (!bounded)
        continue;
      // Errors of the operands and roundings act on the exponents.
      double spread =
          2 * error + (std::abs(x) + 32 + double(count)) * 4 * unit;
      errors[first + i * step] =
          ((log ? spread : std::expm1(spread) * y) + std::abs(y) * 16 * unit) *
              slack +
          tiny;
    }
  });
  t.errors = std::move(errors);
  return t;
}

Tensor gather(const Op &op, const Tensor &in) {
  Tensor out{op.out, {}, {}};
  for (size_t i = 0; i < size_t(op.out.size()); ++i) {
    size_t from = op.from[i];
    out.data.push_back(in.data[from]);
    if (!in.errors.empty())
      out.errors.push_back(in.errors[from]);
  }
  return out;
}
} // namespace

Tensor convolve(const Op &op, const Tensor &in, bool bounded) {
  Tensor out{op.out, std::vector<double>(size_t(op.out.size()), 0), {}};
  const Shape &map = op.in;
  const double *weight = op.weights.data();
  for (int64_t o = 0; o < op.out.c; ++o)
    for (int64_t c = 0; c < map.c; ++c)
      for (int64_t i = 0; i < op.kernelH; ++i)
        for (int64_t j = 0; j < op.kernelW; ++j, ++weight) {
          if (*weight == 0)
            continue;
          // Result columns whose tap lies inside the map.
          int64_t shift = j - op.padLeft;
          int64_t begin =
              shift < 0 ? (-shift + op.strideW - 1) / op.strideW : 0;
          int64_t end = std::min(
              op.out.w, shift >= map.w ? 0 : (map.w - 1 - shift) / op.strideW + 1);
          for (int64_t y = 0; y < op.out.h; ++y) {
            int64_t row = y * op.strideH + i - op.padTop;
            if (row < 0 || row >= map.h)
              continue;
            const double *from =
                in.data.data() + (c * map.h + row) * map.w + shift;
            double *to = out.data.data() + (o * op.out.h + y) * op.out.w;
            for (int64_t x = begin; x < end; ++x)
              to[x] += *weight * from[x * op.strideW];
          }
        }
  if (bounded)
    boundConv(op, in, out);
  return out;
}

std::vector<size_t> poolMembers(const Op &op, size_t i) {
  int64_t x0 = int64_t(i) % op.out.w * op.strideW - op.padLeft;
  int64_t row = int64_t(i) / op.out.w;
  int64_t y0 = row % op.out.h * op.strideH - op.padTop, c = row / op.out.h;
  std::vector<size_t> members;
  for (int64_t y = std::max<int64_t>(y0, 0);
       y < std::min(y0 + op.kernelH, op.in.h); ++y)
    for (int64_t x = std::max<int64_t>(x0, 0);
         x < std::min(x0 + op.kernelW, op.in.w); ++x)
      members.push_back(size_t((c * op.in.h + y) * op.in.w + x));
  return members;
}

// A decision depends on its operand, and that on what it is made of.
Operations::Operations(const std::vector<Op> &ops)
    : ops(ops), bounded(ops.size() + 1, false) {
  for (size_t i = ops.size(); i-- > 0;) {
    bool decides = ops[i].kind == Kind::Quantise || ops[i].kind == Kind::ArgMax;
    if (decides || bounded[i + 1])
      for (uint32_t operand : ops[i].operands)
        bounded[operand] = true;
  }
}

bool Operations::decides() const {
  return std::any_of(ops.begin(), ops.end(), [](const Op &op) {
    return op.kind == Kind::Quantise || op.kind == Kind::ArgMax;
  });
}

uint64_t Operations::exactDecisions() { return decisions; }

bool Operations::run(std::vector<Tensor> &values, std::string &error) const {
  return Evaluation(*this, values, error).run();
}

bool Operations::run(std::vector<Tensor> &values, double unit,
                     std::vector<CloseDecision> &close,
                     std::string &error) const {
  Evaluation evaluation(*this, values, error);
  if (!evaluation.run())
    return false;
  close = evaluation.closeDecisions(unit);
  return true;
}

bool Evaluation::run() {
  error.clear();
  values.resize(1);
  values.reserve(program.ops.size() + 1);
  for (size_t i = 0; i < program.ops.size() && error.empty(); ++i)
    values.push_back(apply(program.ops[i], program.bounded[i + 1]));
  return error.empty();
}

Tensor Evaluation::apply(const Op &op, bool bounded) {
  const Tensor &in = values[op.operands[0]];
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    return perElement(op, in, bounded, [&](auto x, int64_t c) {
      return constantOf(x, op.scale, c) * x + constantOf(x, op.shift, c);
    });
  case Kind::SplitPRelu:
    return splitPRelu(op, in, bounded);
  case Kind::PRelu:
    return perElement(op, in, bounded, [&](auto x, int64_t c) {
      return bend(x, constantOf(x, op.scale, c));
    });
  case Kind::Clip:
    return perElement(op, in, bounded, [&](auto x, int64_t) {
      return limit(x, op.min, op.max);
    });
  case Kind::Conv:
    return convolve(op, in, bounded);
  case Kind::MaxPool:
    return maxPool(op, in, bounded);
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    return reduce(op, in, bounded);
  case Kind::Add:
    return add(op, in, values[op.operands[1]], bounded);
  case Kind::Concat: {
    Tensor out{op.out, {}, {}};
    for (uint32_t operand : op.operands) {
      const Tensor &part = values[operand];
      out.data.insert(out.data.end(), part.data.begin(), part.data.end());
      for (size_t i = 0; bounded && i < part.data.size(); ++i)
        out.errors.push_back(part.error(i));
    }
    return out;
  }
  case Kind::Softmax:
  case Kind::LogSoftmax:
    return softmax(op, in, bounded);
  case Kind::Sigmoid:
    return perElement(op, in, bounded,
                      [](auto x, int64_t) { return sigmoid(x); });
  case Kind::Tanh:
    return perElement(op, in, bounded,
                      [](auto x, int64_t) { return hyperbolic(x); });
  case Kind::Quantise:
  case Kind::ArgMax:
    return applyDecision(op);
  case Kind::Reshape: {
    Tensor out = in;
    out.shape = op.out;
    return out;
  }
  case Kind::Gather:
    return gather(op, in);
  }
  return {};
}

Tensor Evaluation::applyDecision(const Op &op) {
  uint32_t operand = op.operands[0];
  const Tensor &in = values[operand];
  Tensor out{op.out, {}, {}};
  if (op.kind == Kind::ArgMax) {
    perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
      size_t best = 0;
      for (size_t i = 1; i < count; ++i) {
        int sign = compare(operand, first + i * step, first + best * step);
        if (sign > 0 || (sign == 0 && op.lastIndex))
          best = i;
      }
      out.data.push_back(double(best));
    });
    return out;
  }
  size_t levels = op.inclusive.size(), plane = size_t(op.in.h * op.in.w);
  bool oneRow = op.cuts.size() == levels;
  for (size_t i = 0; i < in.data.size(); ++i) {
    const double *cuts = op.cuts.data() + (oneRow ? 0 : i / plane * levels);
    double x = in.data[i], error = in.error(i) * slack;
    // Cuts below x - error are reached, those above x + error are not.
    auto count = size_t(std::lower_bound(cuts, cuts + levels, x - error) - cuts);
    while (count < levels && cuts[count] <= x + error) {
      int sign = compare(operand, i, cuts[count]);
      if (sign < 0 || (sign == 0 && !op.inclusive[count]))
        break;
      ++count;
    }
    out.data.push_back(op.first + op.step * double(count));
  }
  return out;
}

int Evaluation::decided(uint32_t value, size_t i, std::optional<int> sign) {
  ++decisions;
  if (!sign && error.empty())
    error = fmt::format("element {} of value {} is too close to a tie, and an "
                        "exponential that it comes from has no exact value",
                        i, value);
  return sign.value_or(0);
}

int Evaluation::compare(uint32_t value, size_t i, size_t j) {
  const Tensor &t = values[value];
  double x = t.data[i], y = t.data[j], error = (t.error(i) + t.error(j)) * slack;
  if (std::abs(x - y) > error || error == 0)
    return x > y ? 1 : x < y ? -1 : 0;
  return decided(value, i, exactOrder(value, i, j));
}

int Evaluation::compare(uint32_t value, size_t i, double cut) {
  const Tensor &t = values[value];
  double x = t.data[i];
  if (std::abs(x - cut) > t.error(i) * slack || t.error(i) == 0)
    return x > cut ? 1 : x < cut ? -1 : 0;
  return decided(value, i, exactSide(value, i, cut));
}

} // namespace bnn::host
