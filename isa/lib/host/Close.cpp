// Decisions that float32 arithmetic could make otherwise: how far the sums of a
// float runtime may be from the exact values, in whatever order it adds.
#include "Evaluation.h"

#include <cmath>

namespace bnn::host {

namespace {
using Kind = Op::Kind;
using Reals = std::vector<double>;

// Roundings of a scale and a shift: BatchNormalization folds its four vectors
// first (var + eps, root, quotient, product), or folds them into the weights of
// the layer before it.
constexpr double foldings = 6;
// An exponential of a float runtime, in units in the last place.
constexpr double smoothUnits = 64;

bool areIntegers(const Reals &values) {
  return std::all_of(values.begin(), values.end(),
                     [](double x) { return x == std::trunc(x); });
}

Reals magnitudes(const Reals &values) {
  Reals result;
  for (double x : values)
    result.push_back(std::abs(x));
  return result;
}

Reals affineRounding(const Op &op, const Tensor &in, const Reals &errors,
                     double unit) {
  Reals result;
  auto plane = size_t(op.in.h * op.in.w);
  for (size_t i = 0; i < in.data.size(); ++i) {
    auto c = int64_t(i / plane);
    double scale = std::abs(op.scale.at(c)),
           shift = std::abs(op.shift.at(c));
    // Nothing, one addition, or more.
    double roundings = scale != 1 ? foldings : shift != 0 || op.terms != 0;
    double size = scale * (std::abs(in.data[i]) + errors[i]) +
                  std::max(shift, op.terms);
    result.push_back(scale * errors[i] + roundings * unit * size);
  }
  return result;
}

// A sum of n products, in any order: n roundings of partial sums, of which none
// is above the sum of all magnitudes. Integers add up exactly while they fit.
Reals convRounding(const Op &op, const Tensor &in, const Reals &errors,
                   double unit) {
  Op sizes = op;
  sizes.weights = magnitudes(op.weights);
  Tensor operand{in.shape, magnitudes(in.data), {}};
  Reals total = convolve(sizes, operand, false).data;
  operand.data = errors;
  Reals carried = convolve(sizes, operand, false).data;
  bool whole = areIntegers(op.weights) && areIntegers(in.data);
  size_t plane = size_t(op.out.h * op.out.w),
         taps = op.weights.size() / size_t(op.out.c);
  for (size_t i = 0; i < total.size(); ++i) {
    auto first = op.weights.begin() + std::ptrdiff_t(i / plane * taps);
    auto products = double(
        std::count_if(first, first + std::ptrdiff_t(taps),
                      [](double weight) { return weight != 0; }));
    bool isExact = whole && carried[i] == 0 && total[i] * unit < 0.5;
    if (!isExact)
      carried[i] += (products + foldings) * unit * (total[i] + carried[i]);
  }
  return carried;
}

Reals poolRounding(const Op &op, const Reals &errors) {
  Reals result;
  for (size_t i = 0; i < size_t(op.out.size()); ++i) {
    double worst = 0;
    for (size_t member : poolMembers(op, i))
      worst = std::max(worst, errors[member]);
    result.push_back(worst);
  }
  return result;
}

Reals reduceRounding(const Op &op, const Tensor &in, const Reals &errors,
                     double unit) {
  Reals result;
  auto plane = size_t(op.in.h * op.in.w);
  bool whole = areIntegers(in.data);
  for (size_t first = 0; first < in.data.size(); first += plane) {
    double worst = 0, carried = 0, total = 0;
    for (size_t i = first; i < first + plane; ++i) {
      worst = std::max(worst, errors[i]);
      carried += errors[i];
      total += std::abs(in.data[i]);
    }
    if (op.kind == Kind::Max) {
      result.push_back(worst);
      continue;
    }
    bool isExact = whole && carried == 0 && total * unit < 0.5;
    double sum = carried + (isExact ? 0 : double(plane) * unit * total);
    result.push_back(op.kind == Kind::Sum
                         ? sum
                         : (sum + 2 * unit * total) / double(plane));
  }
  return result;
}

Reals softmaxRounding(const Op &op, const Tensor &out, const Reals &errors,
                      double unit) {
  Reals result(errors.size());
  perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
    double worst = 0;
    for (size_t k = 0; k < count; ++k)
      worst = std::max(worst, errors[first + k * step]);
    for (size_t k = 0; k < count; ++k) {
      size_t i = first + k * step;
      double y = std::abs(out.data[i]);
      double spread = 2 * worst + (smoothUnits + double(count)) * unit;
      result[i] = op.kind == Kind::Softmax ? std::expm1(spread) * y
                                           : spread * (1 + y);
    }
  });
  return result;
}

/// errors + units * |values|
Reals rounded(Reals errors, const Reals &values, double units) {
  for (size_t i = 0; i < errors.size(); ++i)
    errors[i] += units * std::abs(values[i]);
  return errors;
}
} // namespace

double graphUnit(const Part &part) {
  return part.input.type == Type::Float64 ? 0x1p-53 : 0x1p-24;
}

// Bounds of |what a float runtime computes - true value|, element by element.
// What is decided before is taken as it is.
Reals Evaluation::roundingOf(const Op &op, const Tensor &out,
                             const std::vector<Reals> &bounds,
                             double unit) const {
  uint32_t operand = op.operands[0];
  const Tensor &in = values[operand];
  const Reals &errors = bounds[operand];
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    return affineRounding(op, in, errors, unit);
  case Kind::SplitPRelu:
    return rounded(Reals(out.data.size()), out.data, foldings * unit);
  case Kind::PRelu: {
    Reals result = rounded(errors, out.data, 2 * unit);
    for (size_t i = 0; i < result.size(); ++i) {
      auto c = int64_t(i / size_t(op.out.h * op.out.w));
      result[i] *= std::max(1.0, std::abs(op.scale.at(c)));
    }
    return result;
  }
  case Kind::Conv:
    return convRounding(op, in, errors, unit);
  case Kind::MaxPool:
    return poolRounding(op, errors);
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    return reduceRounding(op, in, errors, unit);
  case Kind::Add: {
    Reals sum = errors;
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += bounds[op.operands[1]][i];
    return rounded(std::move(sum), out.data, unit);
  }
  case Kind::Concat: {
    Reals joined;
    for (uint32_t part : op.operands)
      joined.insert(joined.end(), bounds[part].begin(), bounds[part].end());
    return joined;
  }
  case Kind::Softmax:
  case Kind::LogSoftmax:
    return softmaxRounding(op, out, errors, unit);
  case Kind::Sigmoid:
  case Kind::Tanh:
    return rounded(errors, out.data, smoothUnits * unit);
  case Kind::Gather: {
    Reals moved;
    for (uint32_t from : op.from)
      moved.push_back(errors[from]);
    return moved;
  }
  case Kind::Clip:
  case Kind::Reshape:
    return errors;
  case Kind::Quantise:
  case Kind::ArgMax:
    break;
  }
  return Reals(out.data.size(), 0);
}

void Evaluation::closeCuts(const Op &op, const Reals &bounds,
                           CloseDecision place,
                           std::vector<CloseDecision> &found) {
  const Tensor &in = values[op.operands[0]];
  size_t levels = op.inclusive.size(), plane = size_t(op.in.h * op.in.w);
  for (size_t i = 0; i < in.data.size(); ++i) {
    const double *cuts =
        op.cuts.data() + (op.cuts.size() == levels ? 0 : i / plane * levels);
    double bound = bounds[i] + in.error(i);
    auto cut = std::lower_bound(cuts, cuts + levels, in.data[i] - bound);
    if (bounds[i] == 0 || cut == cuts + levels || *cut > in.data[i] + bound)
      continue;
    place.element = i;
    place.threshold = *cut;
    place.bound = bounds[i];
    place.value = nearest(op.operands[0], i);
    found.push_back(place);
  }
}

void Evaluation::closeClasses(const Op &op, const Tensor &out,
                              const Reals &bounds, CloseDecision place,
                              std::vector<CloseDecision> &found) {
  const Tensor &in = values[op.operands[0]];
  size_t line = 0;
  perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
    auto best = size_t(out.data[line++]);
    size_t top = first + best * step;
    for (size_t k = 0; k < count; ++k) {
      size_t i = first + k * step;
      double bound = bounds[i] + bounds[top];
      bool isClose = std::abs(in.data[i] - in.data[top]) <=
                     bound + in.error(i) + in.error(top);
      if (k == best || bound == 0 || !isClose)
        continue;
      place.element = top;
      place.best = int64_t(best);
      place.other = int64_t(k);
      place.bound = bound;
      place.value = nearest(op.operands[0], top);
      place.threshold = nearest(op.operands[0], i);
      found.push_back(place);
    }
  });
}

double Evaluation::nearest(uint32_t value, size_t i) {
  auto number = exact(value, i);
  auto rounded = number ? number->toDouble() : std::nullopt;
  return rounded.value_or(values[value].data[i]);
}

std::vector<CloseDecision> Evaluation::closeDecisions(double unit) {
  std::vector<CloseDecision> found;
  std::vector<Reals> bounds = {Reals(values[0].data.size(), 0)};
  CloseDecision place;
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Op &op = program.ops[i];
    const Tensor &out = values[i + 1];
    place.shape = op.in;
    const Reals &operand = bounds[op.operands[0]];
    if (op.kind == Kind::Quantise)
      closeCuts(op, operand, place, found);
    if (op.kind == Kind::ArgMax)
      closeClasses(op, out, operand, place, found);
    place.decision += op.kind == Kind::Quantise || op.kind == Kind::ArgMax;
    bounds.push_back(program.bounded[i + 1] ? roundingOf(op, out, bounds, unit)
                                            : Reals(out.data.size(), 0));
  }
  return found;
}

} // namespace bnn::host
