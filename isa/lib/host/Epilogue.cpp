// The host operations, one function each, and the walk over them.
#include "bnn/isa/host/Epilogue.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace bnn::host {

namespace {

// A list of one value for all channels, or one for each.
double at(const std::vector<double> &list, size_t c) {
  return list[list.size() == 1 ? 0 : c];
}

// value[c, i] -> fn(value, c) over all channels.
template <typename Fn> void perElement(Tensor &t, Fn fn) {
  int64_t plane = t.shape.h * t.shape.w;
  for (int64_t c = 0; c < t.shape.c; ++c)
    for (int64_t i = 0; i < plane; ++i) {
      double &value = t.data[size_t(c * plane + i)];
      value = fn(value, size_t(c));
    }
}

void applySplitPRelu(const Op &op, Tensor &t) {
  int64_t plane = t.shape.h * t.shape.w;
  for (int64_t c = 0; c < op.out.c; ++c)
    for (int64_t i = 0; i < plane; ++i) {
      double positive = t.data[size_t(c * plane + i)];
      double negative = t.data[size_t((c + op.out.c) * plane + i)];
      t.data[size_t(c * plane + i)] = at(op.scale, size_t(c)) * positive +
                                      at(op.scaleNeg, size_t(c)) * negative +
                                      at(op.shift, size_t(c));
    }
  t.data.resize(size_t(op.out.size()));
}

void applyMaxPool(const Op &op, Tensor &t) {
  std::vector<double> result;
  result.reserve(size_t(op.out.size()));
  for (int64_t c = 0; c < op.out.c; ++c)
    for (int64_t y = 0; y < op.out.h; ++y)
      for (int64_t x = 0; x < op.out.w; ++x) {
        int64_t y0 = y * op.strideH - op.padTop,
                x0 = x * op.strideW - op.padLeft;
        double best = -std::numeric_limits<double>::infinity();
        for (int64_t j = std::max<int64_t>(y0, 0);
             j < std::min(y0 + op.kernelH, op.in.h); ++j)
          for (int64_t i = std::max<int64_t>(x0, 0);
               i < std::min(x0 + op.kernelW, op.in.w); ++i)
            best =
                std::max(best, t.data[size_t((c * op.in.h + j) * op.in.w + i)]);
        result.push_back(best);
      }
  t.data = std::move(result);
}

void applyReduce(const Op &op, Tensor &t) {
  int64_t plane = op.in.h * op.in.w;
  for (int64_t c = 0; c < op.in.c; ++c) {
    const double *row = t.data.data() + c * plane;
    double result = row[0];
    for (int64_t i = 1; i < plane; ++i)
      result = op.kind == Op::Kind::Max ? std::max(result, row[i])
                                            : result + row[i];
    t.data[size_t(c)] =
        op.kind == Op::Kind::Mean ? result / double(plane) : result;
  }
  t.data.resize(size_t(op.in.c));
}

// Calls fn(first, step, count) for each line of elements along `axis`.
template <typename Fn> void perLine(const Shape &shape, int axis, Fn fn) {
  int64_t sizes[3] = {shape.c, shape.h, shape.w};
  int64_t steps[3] = {shape.h * shape.w, shape.w, 1};
  int64_t count = sizes[axis], step = steps[axis];
  for (int64_t outer = 0; outer < shape.size() / (count * step); ++outer)
    for (int64_t inner = 0; inner < step; ++inner)
      fn(size_t(outer * count * step + inner), size_t(step), size_t(count));
}

// The largest is subtracted first, so that exp cannot overflow.
void applySoftmax(const Op &op, Tensor &t) {
  bool log = op.kind == Op::Kind::LogSoftmax;
  perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
    double *line = t.data.data() + first;
    double largest = line[0], sum = 0;
    for (size_t i = 1; i < count; ++i)
      largest = std::max(largest, line[i * step]);
    for (size_t i = 0; i < count; ++i)
      sum += std::exp(line[i * step] - largest);
    for (size_t i = 0; i < count; ++i) {
      double x = line[i * step] - largest;
      line[i * step] = log ? x - std::log(sum) : std::exp(x) / sum;
    }
  });
}

void applyArgMax(const Op &op, Tensor &t) {
  std::vector<double> result;
  perLine(op.in, op.axis, [&](size_t first, size_t step, size_t count) {
    const double *line = t.data.data() + first;
    size_t best = 0;
    for (size_t i = 1; i < count; ++i)
      if (line[i * step] > line[best * step] ||
          (op.lastIndex && line[i * step] == line[best * step]))
        best = i;
    result.push_back(double(best));
  });
  t.data = std::move(result);
}

double sigmoid(double x) {
  // Both forms are exact where they are used: no overflow for large |x|.
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

} // namespace

Tensor applyOp(const Op &op, std::span<const Tensor *const> operands) {
  Tensor t = *operands[0];
  using Kind = Op::Kind;
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    perElement(
        t, [&](double x, size_t c) { return at(op.scale, c) * x + at(op.shift, c); });
    break;
  case Kind::SplitPRelu:
    applySplitPRelu(op, t);
    break;
  case Kind::PRelu:
    perElement(t,
               [&](double x, size_t c) { return x < 0 ? at(op.scale, c) * x : x; });
    break;
  case Kind::Clip:
    perElement(t, [&](double x, size_t) {
      return std::min(std::max(x, op.min), op.max);
    });
    break;
  case Kind::MaxPool:
    applyMaxPool(op, t);
    break;
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    applyReduce(op, t);
    break;
  case Kind::Softmax:
  case Kind::LogSoftmax:
    applySoftmax(op, t);
    break;
  case Kind::Sigmoid:
    perElement(t, [](double x, size_t) { return sigmoid(x); });
    break;
  case Kind::Tanh:
    perElement(t, [](double x, size_t) { return std::tanh(x); });
    break;
  case Kind::Sign:
    perElement(t, [&](double x, size_t) {
      return x > 0 ? 1 : x < 0 ? -1 : op.zero;
    });
    break;
  case Kind::ArgMax:
    applyArgMax(op, t);
    break;
  case Kind::Gather:
    t.data.clear();
    for (uint32_t place : op.from)
      t.data.push_back(operands[0]->data[place]);
    break;
  case Kind::Reshape:
    break;
  }
  t.shape = op.out;
  return t;
}

namespace {

Tensor gatherWords(const Part &part, const uint8_t *output) {
  Tensor raw{part.raw, {}};
  raw.data.reserve(part.words.size());
  for (uint32_t word : part.words) {
    const uint8_t *p = output + size_t(word) * 4;
    uint32_t value = p[0] | uint32_t(p[1]) << 8 | uint32_t(p[2]) << 16 |
                     uint32_t(p[3]) << 24;
    raw.data.push_back(double(int32_t(value)));
  }
  return raw;
}

} // namespace

bool runEpilogue(const Part &part, const uint8_t *output,
                 std::span<void *const> results, std::string &error) {
  std::vector<Tensor> values;
  values.reserve(part.ops.size() + 1);
  values.push_back(gatherWords(part, output));
  std::vector<const Tensor *> operands;
  for (const Op &op : part.ops) {
    operands.clear();
    for (uint32_t value : op.operands)
      operands.push_back(&values[value]);
    values.push_back(applyOp(op, operands));
  }
  for (size_t i = 0; i < part.outputs.size(); ++i) {
    const Output &o = part.outputs[i];
    if (!results[i] ||
        storeElements(o.tensor.type, values[o.value].data, results[i], error))
      continue;
    if (part.outputs.size() > 1)
      error = fmt::format("'{}': {}", o.tensor.name, error);
    return false;
  }
  return true;
}

} // namespace bnn::host
