//===- Linear.cpp - Convolutions and matrix products ----------------------===//
//
// Sums of products. Where all partial sums fit a float's or a double's mantissa
// in units of the operands' last bits, plain arithmetic is exact in any order;
// else a second pass over absolute values gives the bound.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Vector.h"

namespace bnncc::reference {
namespace {

/// The exponent of the last set bit of `value`, which is not zero.
int lastBit(double value) {
  int exponent;
  double mantissa = std::frexp(value, &exponent);
  auto bits = static_cast<uint64_t>(std::abs(std::ldexp(mantissa, 53)));
  return exponent - 53 + __builtin_ctzll(bits);
}

VECTOR_CLONES Summary summarise(const std::vector<double> &values) {
  Summary grid;
  // Whole numbers are by far the most common; this test vectorises.
  constexpr double Shift = 0x1.8p52;
  double largest = 0;
  int fractions = 0;
  for (double value : values) {
    largest = std::max(largest, std::abs(value));
    fractions += (value + Shift) - Shift != value;
  }
  grid.largest = largest;
  if (fractions == 0 && largest < 0x1p50)
    return grid;
  grid.unit = 1023;
  for (double value : values)
    if (value != 0)
      grid.unit = std::min(grid.unit, lastBit(value));
  return grid;
}

const std::vector<float> &singlesOf(const Data &data) {
  std::vector<float> &single = data.summary->single;
  if (single.empty())
    single.assign(data.values.begin(), data.values.end());
  return single;
}

/// sums[i] += weights of `N` channels times their taps, `map` apart.
template <int N, typename T>
inline __attribute__((always_inline)) void
addTaps(T *__restrict sums, const T *__restrict taps, const T *weights,
        int64_t apart, int64_t map, int64_t from, int64_t to, int64_t stride) {
  T weight[N];
  for (int k = 0; k < N; ++k)
    weight[k] = weights[k * apart];
  auto sum = [&](int64_t at) {
    T result = 0;
    for (int k = 0; k < N; ++k)
      result += weight[k] * taps[at + k * map];
    return result;
  };
  if (stride == 1)
    for (int64_t ox = from; ox < to; ++ox)
      sums[ox] += sum(ox);
  else
    for (int64_t ox = from; ox < to; ++ox)
      sums[ox] += sum(ox * stride);
}

/// `N` input channels of output channel `o` from channel `c` of its group on:
/// together, so that a sum is loaded and stored once for all of them.
template <int N, typename T>
inline __attribute__((always_inline)) void
addChannels(const Geometry &g, int64_t o, int64_t c, const T *x, const T *w,
            T *map) {
  int64_t inGroup = g.inChannels / g.group, outGroup = g.outChannels / g.group;
  int64_t inMap = g.inH * g.inW, kernelMap = g.kernelH * g.kernelW;
  const T *in = x + (o / outGroup * inGroup + c) * inMap;
  const T *kernel = w + (o * inGroup + c) * kernelMap;
  for (int64_t ky = 0; ky < g.kernelH; ++ky)
    for (int64_t kx = 0; kx < g.kernelW; ++kx, ++kernel) {
      // Outputs whose window has this tap inside of the map.
      int64_t dx = kx * g.dilationW - g.padW;
      int64_t from = dx >= 0 ? 0 : (-dx + g.strideW - 1) / g.strideW;
      int64_t to = g.inW - dx <= 0
                       ? 0
                       : std::min(g.outW, (g.inW - dx - 1) / g.strideW + 1);
      for (int64_t oy = 0; oy < g.outH; ++oy) {
        int64_t iy = oy * g.strideH + ky * g.dilationH - g.padH;
        if (iy >= 0 && iy < g.inH)
          addTaps<N>(map + oy * g.outW, in + iy * g.inW + dx, kernel, kernelMap,
                     inMap, from, to, g.strideW);
      }
    }
}

template <typename T>
inline __attribute__((always_inline)) void
convolve(const Geometry &g, const T *x, const T *w, T *out) {
  int64_t inGroup = g.inChannels / g.group;
  for (int64_t o = 0; o < g.outChannels; ++o) {
    T *map = out + o * g.outH * g.outW;
    int64_t c = 0;
    for (; c + 4 <= inGroup; c += 4)
      addChannels<4>(g, o, c, x, w, map);
    for (; c < inGroup; ++c)
      addChannels<1>(g, o, c, x, w, map);
  }
}

template <typename T>
inline __attribute__((always_inline)) void
multiply(const Product &p, const T *a, const T *b, T *out) {
  for (size_t matrix = 0; matrix < p.left.size(); ++matrix) {
    const T *left = a + p.left[matrix] * p.rows * p.inner;
    const T *right = b + p.right[matrix] * p.inner * p.columns;
    for (int64_t row = 0; row < p.rows; ++row, out += p.columns)
      for (int64_t k = 0; k < p.inner; ++k) {
        T factor = left[row * p.inner + k];
        const T *__restrict from = right + k * p.columns;
        T *__restrict to = out;
        if (factor != 0)
          for (int64_t column = 0; column < p.columns; ++column)
            to[column] += factor * from[column];
      }
  }
}

template <typename T>
inline __attribute__((always_inline)) void
runAs(const Step &step, const std::vector<T> &x, const std::vector<T> &w,
      std::vector<T> &out) {
  const Geometry &g = step.geometry;
  if (step.kind == Kind::MatrixProduct)
    return multiply(step.product, x.data(), w.data(), out.data());
  for (int64_t n = 0; n < g.batch; ++n)
    convolve(g, x.data() + n * g.inChannels * g.inH * g.inW, w.data(),
             out.data() + n * g.outChannels * g.outH * g.outW);
}

VECTOR_CLONES void run(const Step &step, const std::vector<float> &x,
                       const std::vector<float> &w, std::vector<float> &out) {
  runAs(step, x, w, out);
}
VECTOR_CLONES void run(const Step &step, const std::vector<double> &x,
                       const std::vector<double> &w,
                       std::vector<double> &out) {
  runAs(step, x, w, out);
}

int64_t termsOf(const Step &step) {
  const Geometry &g = step.geometry;
  return step.kind == Kind::Convolution
             ? g.inChannels / g.group * g.kernelH * g.kernelW
             : step.product.inner;
}

std::vector<double> magnitudes(const Data &data) {
  std::vector<double> result(data.values);
  for (double &value : result)
    value = std::abs(value);
  return result;
}

} // namespace

const Summary &summaryOf(const Data &data) {
  if (!data.summary)
    data.summary = std::make_shared<Summary>(summarise(data.values));
  return *data.summary;
}

Data runLinear(const Step &step, const Data &x, const Data &w,
               const Data *bias) {
  Data out;
  out.values.assign(step.count, 0);
  auto terms = static_cast<double>(termsOf(step));
  bool exact = x.isExact() && w.isExact();
  double room = 0; // partial sums in units, at most
  if (exact) {
    const Summary &xs = summaryOf(x), &ws = summaryOf(w);
    room = std::ldexp(xs.largest, -xs.unit) * std::ldexp(ws.largest, -ws.unit) *
           terms;
  }
  if (exact && room <= 0x1p24) {
    std::vector<float> sums(step.count, 0);
    run(step, singlesOf(x), singlesOf(w), sums);
    out.values.assign(sums.begin(), sums.end());
  } else {
    run(step, x.values, w.values, out.values);
    if (!exact || !(room <= 0x1p53)) {
      // |error| <= sum |w| (|x| gamma + ex) + ew (|x| + ex), gamma = n u
      std::vector<double> ax = magnitudes(x), aw = magnitudes(w);
      std::vector<double> spread(ax);
      double gamma = (terms + 4) * Unit;
      for (int64_t i = 0; i < x.size(); ++i)
        spread[i] = ax[i] * gamma + x.get(i).error;
      out.errors.assign(step.count, 0);
      run(step, spread, aw, out.errors);
      if (!w.isExact()) {
        for (int64_t i = 0; i < x.size(); ++i)
          ax[i] += x.get(i).error;
        run(step, ax, w.errors, out.errors);
      }
      for (double &error : out.errors)
        error = error * (1 + 2 * gamma) * Slack + Tiny;
    }
  }
  if (!bias)
    return out;
  // A convolution's bias goes by channel.
  int64_t map = step.geometry.outH * step.geometry.outW;
  for (int64_t i = 0; i < step.count; ++i) {
    Bounded sum = out.get(i) + bias->get(i / map % step.geometry.outChannels);
    out.values[i] = sum.value;
    if (sum.error != 0 && out.errors.empty())
      out.errors.assign(step.count, 0);
    if (!out.errors.empty())
      out.errors[i] = sum.error;
  }
  return out;
}

void forEachTerm(const Step &step, int64_t i,
                 llvm::function_ref<void(int64_t, int64_t)> visit) {
  if (step.kind == Kind::MatrixProduct) {
    const Product &p = step.product;
    int64_t matrix = i / (p.rows * p.columns), row = i / p.columns % p.rows;
    for (int64_t k = 0; k < p.inner; ++k)
      visit((p.left[matrix] * p.rows + row) * p.inner + k,
            (p.right[matrix] * p.inner + k) * p.columns + i % p.columns);
    return;
  }
  const Geometry &g = step.geometry;
  int64_t inGroup = g.inChannels / g.group, outGroup = g.outChannels / g.group;
  int64_t ox = i % g.outW, oy = i / g.outW % g.outH;
  int64_t o = i / (g.outW * g.outH) % g.outChannels;
  int64_t first = i / (g.outW * g.outH * g.outChannels) * g.inChannels;
  for (int64_t c = 0; c < inGroup; ++c)
    for (int64_t ky = 0; ky < g.kernelH; ++ky)
      for (int64_t kx = 0; kx < g.kernelW; ++kx) {
        int64_t iy = oy * g.strideH + ky * g.dilationH - g.padH;
        int64_t ix = ox * g.strideW + kx * g.dilationW - g.padW;
        if (iy >= 0 && iy < g.inH && ix >= 0 && ix < g.inW)
          visit(((first + o / outGroup * inGroup + c) * g.inH + iy) * g.inW +
                    ix,
                ((o * inGroup + c) * g.kernelH + ky) * g.kernelW + kx);
      }
}

} // namespace bnncc::reference
