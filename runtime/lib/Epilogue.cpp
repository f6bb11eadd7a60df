// The host operations, one function each, and the conversion to the output
// type.
#include "Epilogue.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace bnn::runtime {

namespace {

// value[c, i] -> fn(value, c) over all channels.
template <typename Fn> void perElement(HostTensor &t, Fn fn) {
  int64_t plane = t.shape.h * t.shape.w;
  for (int64_t c = 0; c < t.shape.c; ++c)
    for (int64_t i = 0; i < plane; ++i) {
      double &value = t.data[size_t(c * plane + i)];
      value = fn(value, size_t(c));
    }
}

void applySplitPRelu(const HostOp &op, HostTensor &t) {
  int64_t plane = t.shape.h * t.shape.w;
  for (int64_t c = 0; c < op.out.c; ++c)
    for (int64_t i = 0; i < plane; ++i) {
      double positive = t.data[size_t(c * plane + i)];
      double negative = t.data[size_t((c + op.out.c) * plane + i)];
      t.data[size_t(c * plane + i)] = op.scale[size_t(c)] * positive +
                                      op.scaleNeg[size_t(c)] * negative +
                                      op.shift[size_t(c)];
    }
  t.data.resize(size_t(op.out.size()));
}

void applyMaxPool(const HostOp &op, HostTensor &t) {
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

void applyReduce(const HostOp &op, HostTensor &t) {
  int64_t plane = op.in.h * op.in.w;
  for (int64_t c = 0; c < op.in.c; ++c) {
    const double *row = t.data.data() + c * plane;
    double result = row[0];
    for (int64_t i = 1; i < plane; ++i)
      result = op.kind == HostOp::Kind::Max ? std::max(result, row[i])
                                            : result + row[i];
    t.data[size_t(c)] =
        op.kind == HostOp::Kind::Mean ? result / double(plane) : result;
  }
  t.data.resize(size_t(op.in.c));
}

// Calls fn(first, step, count) for each line of elements along `axis`.
template <typename Fn> void perLine(const MapShape &shape, int axis, Fn fn) {
  int64_t sizes[3] = {shape.c, shape.h, shape.w};
  int64_t steps[3] = {shape.h * shape.w, shape.w, 1};
  int64_t count = sizes[axis], step = steps[axis];
  for (int64_t outer = 0; outer < shape.size() / (count * step); ++outer)
    for (int64_t inner = 0; inner < step; ++inner)
      fn(size_t(outer * count * step + inner), size_t(step), size_t(count));
}

// The largest is subtracted first, so that exp cannot overflow.
void applySoftmax(const HostOp &op, HostTensor &t) {
  bool log = op.kind == HostOp::Kind::LogSoftmax;
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

void applyArgMax(const HostOp &op, HostTensor &t) {
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

template <typename T>
bool store(const std::vector<double> &values, void *result,
           std::string &error) {
  T *out = static_cast<T *>(result);
  for (size_t i = 0; i < values.size(); ++i) {
    if constexpr (std::is_integral_v<T>) {
      double low = double(std::numeric_limits<T>::min());
      // 2^k - 1 may round up as a double: compare with 2^k instead.
      double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
      if (!(values[i] >= low && values[i] < end &&
            std::trunc(values[i]) == values[i])) {
        error =
            fmt::format("output element {} is {}, which its type cannot hold",
                        i, values[i]);
        return false;
      }
    }
    out[i] = T(values[i]);
  }
  return true;
}

} // namespace

void applyHostOp(const HostOp &op, HostTensor &t) {
  using Kind = HostOp::Kind;
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    perElement(
        t, [&](double x, size_t c) { return op.scale[c] * x + op.shift[c]; });
    break;
  case Kind::SplitPRelu:
    applySplitPRelu(op, t);
    break;
  case Kind::PRelu:
    perElement(t,
               [&](double x, size_t c) { return x < 0 ? op.scale[c] * x : x; });
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
  case Kind::Reshape:
    break;
  }
  t.shape = op.out;
}

bool runEpilogue(const Io &io, const uint8_t *output, void *result,
                 std::string &error) {
  HostTensor t{io.raw, {}};
  t.data.reserve(io.words.size());
  for (uint32_t word : io.words) {
    const uint8_t *p = output + size_t(word) * 4;
    uint32_t value = p[0] | uint32_t(p[1]) << 8 | uint32_t(p[2]) << 16 |
                     uint32_t(p[3]) << 24;
    t.data.push_back(double(int32_t(value)));
  }
  for (const HostOp &op : io.epilogue)
    applyHostOp(op, t);

  switch (io.output.type) {
  case BNN_FLOAT32:
    return store<float>(t.data, result, error);
  case BNN_FLOAT64:
    return store<double>(t.data, result, error);
  case BNN_INT8:
    return store<int8_t>(t.data, result, error);
  case BNN_UINT8:
    return store<uint8_t>(t.data, result, error);
  case BNN_INT32:
    return store<int32_t>(t.data, result, error);
  case BNN_INT64:
    return store<int64_t>(t.data, result, error);
  }
  return false;
}

} // namespace bnn::runtime
