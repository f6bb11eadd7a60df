//===- NaiveNetwork.cpp - Layers evaluated one by one, for tests ----------===//
//
// See NaiveNetwork.h.
//
//===----------------------------------------------------------------------===//

#include "NaiveNetwork.h"

#include "lower/Border.h"
#include "lower/GoldenRun.h"

#include <algorithm>

namespace bnncc::test {
using namespace lower;

static Values convolve(const Layer &l, const Values &x) {
  Values y;
  for (int64_t o = 0; o < l.conv.c; ++o)
    for (int64_t i = 0; i < l.conv.h; ++i)
      for (int64_t j = 0; j < l.conv.w; ++j) {
        int64_t sum = 0;
        for (int64_t c = 0; c < l.in.c; ++c)
          for (int64_t a = 0; a < l.kernelH; ++a)
            for (int64_t b = 0; b < l.kernelW; ++b) {
              int64_t h = i * l.strideH + a - l.padTop;
              int64_t w = j * l.strideW + b - l.padLeft;
              bool inside = h >= 0 && h < l.in.h && w >= 0 && w < l.in.w;
              for (int64_t set = 0; set < l.sets; ++set)
                sum += l.weight(o, c, a, b, set) *
                       (inside ? x[(c * l.in.h + h) * l.in.w + w] : l.padValue);
            }
        y.push_back(sum);
      }
  return y;
}

static Values poolMax(const Layer &l, const Values &x) {
  Values y;
  int64_t width = (l.conv.w - l.pool.window) / l.pool.stride + 1;
  for (int64_t row = 0; row < l.conv.c * l.conv.h; ++row)
    for (int64_t j = 0; j < width; ++j) {
      auto from = x.begin() + row * l.conv.w + j * l.pool.stride;
      y.push_back(*std::max_element(from, from + l.pool.window));
    }
  return y;
}

static Values binarize(const Layer &l, Values x) {
  int64_t per = int64_t(x.size()) / l.conv.c;
  for (int64_t i = 0; i < int64_t(x.size()); ++i) {
    const SwitchPoints &s = l.thresholds[i / per];
    bool bit = s.first;
    for (int64_t p : s.points)
      bit ^= x[i] >= p;
    x[i] = bit ? 1 : -1;
  }
  return x;
}

Values evaluate(const Network &network, Values x) {
  for (const Layer &l : network.layers) {
    x = convolve(l, x);
    bool bits = l.output == OutputKind::Bits;
    if (bits && !l.pool.beforeThreshold) {
      x = poolMax(l, binarize(l, x));
      continue;
    }
    x = poolMax(l, x);
    if (bits) {
      x = binarize(l, x);
      continue;
    }
    if (l.output == OutputKind::Raw)
      return x;
    int64_t per = int64_t(x.size()) / l.conv.c;
    Values sums(l.conv.c), negative(l.conv.c);
    for (int64_t i = 0; i < int64_t(x.size()); ++i)
      (l.output == OutputKind::Split && x[i] < 0 ? negative : sums)[i / per] +=
          x[i];
    if (l.output == OutputKind::Split)
      sums.insert(sums.end(), negative.begin(), negative.end());
    if (l.output != OutputKind::SumBits)
      return sums;
    x = binarize(l, sums);
  }
  return x;
}

Network randomNetwork(std::mt19937 &random, MapKind kind, Shape shape,
                      const std::vector<LayerSpec> &specs) {
  Network network;
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (const LayerSpec &spec : specs) {
    Layer l;
    l.nodes = {"layer" + std::to_string(network.layers.size())};
    l.in = shape;
    l.fromHost = network.layers.empty();
    l.kind = network.layers.empty() ? kind : MapKind::Bits;
    l.kernelW = spec.kernel == 0 ? shape.w : spec.kernel;
    l.strideW = spec.stride;
    l.sets = spec.sets;
    l.padLeft = l.padRight = spec.pad;
    l.padValue = spec.padValue;
    l.conv = {spec.channels, shape.h,
              (shape.w + 2 * spec.pad - l.kernelW) / spec.stride + 1};
    l.pool = {spec.poolWindow, spec.poolStride, spec.poolFirst};
    l.output = spec.output;
    l.out = {spec.channels, shape.h,
             (l.conv.w - spec.poolWindow) / spec.poolStride + 1};
    if (spec.output == OutputKind::SumBits)
      l.out.h = l.out.w = 1;
    for (int64_t i = 0; i < spec.channels * l.taps(); ++i)
      l.weights.push_back(pick(0, 1) ? 1 : -1);
    // A pool of zero-padded bits needs constants that tell the border.
    l.borderGroup = l.kind == MapKind::Bits && !l.fromHost &&
                    spec.poolWindow > 1 && borderRanges(l).size() > 1 &&
                    fitsBorderGroup(l);
    bool sums = spec.output == OutputKind::SumBits;
    int64_t reach = l.taps() * (l.kind == MapKind::Bytes ? 60 : 1) / 2 *
                    (sums ? std::max<int64_t>(l.conv.w / 4, 1) : 1);
    if (spec.output == OutputKind::Bits || sums)
      for (int64_t o = 0; o < spec.channels; ++o) {
        SwitchPoints s;
        s.first = pick(0, 3) == 0;
        for (int i = 0; i < spec.points; ++i)
          s.points.push_back(pick(-reach, reach));
        if (pick(0, 9) == 0)
          s.points.back() = 2147483647;
        std::sort(s.points.begin(), s.points.end());
        l.thresholds.push_back(s);
      }
    shape = l.out;
    network.layers.push_back(std::move(l));
  }
  return network;
}

Network fourLayers() {
  std::mt19937 random(1);
  return randomNetwork(
      random, MapKind::Bytes, {1, 1, 400},
      {{.channels = 32, .kernel = 3, .pad = 1},
       {.channels = 256,
        .kernel = 3,
        .pad = 1,
        .poolWindow = 2,
        .poolStride = 2},
       {.channels = 8, .kernel = 3, .pad = 1},
       {.channels = 4, .kernel = 1, .output = OutputKind::Sum}});
}

Values randomInput(std::mt19937 &random, const Network &network) {
  const Layer &first = network.layers[0];
  Values x(first.in.size());
  int64_t low = first.isSigned ? -128 : 0;
  for (int64_t &v : x)
    v = first.kind == MapKind::Bytes
            ? std::uniform_int_distribution<int64_t>(low, low + 255)(random)
        : random() & 1 ? 1
                       : -1;
  return x;
}

Values runProgram(const Network &network, const Plan &plan,
                  const ::bnn::isa::Program &program, const Values &x) {
  std::string error;
  auto values = GoldenRun(network, plan, program)
                    .values(Codes(x.begin(), x.end()), error);
  return values.value_or(Values());
}

} // namespace bnncc::test
