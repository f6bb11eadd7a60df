// Exact input quantisation and the byte and bit layouts of the input region.
#include "bnn/isa/host/Prologue.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

namespace bnn::host {

namespace {

// Position in a flat C-order tensor -> "[0, 0, 17]".
std::string indexText(const std::vector<int64_t> &shape, int64_t flat) {
  std::string text;
  for (size_t axis = shape.size(); axis-- > 0;) {
    text = fmt::format("{}{}{}", flat % shape[axis], text.empty() ? "" : ", ",
                       text);
    flat /= shape[axis];
  }
  return fmt::format("[{}]", text);
}

template <typename T> bool isNan(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value);
  else
    return false;
}

// #{b : x >= b} in an ascending list. All types are compared as doubles, which
// is exact up to 2^53.
//
// Most quantisers are uniform: a straight line through the ends then guesses
// the count to within one, and comparisons decide. Others are searched.
class Counter {
public:
  Counter(const double *begin, size_t size)
      : begin(begin), size(int32_t(size)) {
    if (size < 2)
      return;
    perUnit = double(size - 1) / (begin[size - 1] - begin[0]);
    uniform = std::isfinite(perUnit) && perUnit > 0 &&
              std::isfinite(begin[0]) && std::isfinite(begin[size - 1]);
    for (int32_t i = 0; uniform && i < this->size; ++i)
      uniform = std::abs(guess(begin[i]) - i) <= 1;
  }

  template <typename T> int32_t count(T value) const {
    double x = double(value);
    if (!uniform)
      return int32_t(std::upper_bound(begin, begin + size, x) - begin);
    int32_t n = guess(x);
    while (n < size && x >= begin[n])
      ++n;
    while (n > 0 && x < begin[n - 1])
      --n;
    return n;
  }

private:
  int32_t guess(double x) const {
    return int32_t(std::clamp((x - begin[0]) * perUnit, 0.0, double(size)));
  }

  const double *begin;
  int32_t size;
  double perUnit = 0;
  bool uniform = false;
};

// The mask of group g's channels in byte `byte` of its record.
uint8_t channelMask(int64_t channels, int64_t group, int64_t byte) {
  int64_t left = channels - group * 32 - byte * 8;
  return left >= 8 ? 0xff : left <= 0 ? 0 : uint8_t((1 << left) - 1);
}

} // namespace

Prologue::Prologue(const Part &part, uint64_t inputBytes)
    : part(part), operations(part.before), blank(inputBytes, 0) {
  const InputLayout &l = part.layout;
  int64_t pixels = part.packed().w * (l.bits ? int64_t(l.record) : part.packed().c);
  int64_t rows = l.padTop + part.packed().h + l.padBottom;
  uint8_t byteValue = uint8_t((uint32_t(l.padCode) & 255) ^ l.mask);
  // A pad is a pixel of its own: bits that are no channel stay 0 in it, too.
  auto pad = [&](int64_t group, int64_t fromPixels) -> uint8_t {
    if (!l.bits)
      return byteValue;
    int64_t record = l.record;
    int64_t byte = (fromPixels % record + record) % record;
    return l.padCode ? channelMask(part.packed().c, group, byte) : 0;
  };
  for (int64_t g = 0; g < int64_t(l.groups); ++g)
    for (int64_t y = 0; y < rows; ++y) {
      int64_t row = g * int64_t(l.groupBytes) + y * int64_t(l.rowBytes) +
                    int64_t(l.padLeft) - int64_t(l.lead);
      bool whole = y < l.padTop || y >= l.padTop + part.packed().h;
      for (int64_t i = -int64_t(l.padLeft); i < pixels + l.padRight; ++i)
        if ((whole || i < 0 || i >= pixels) && row + i >= 0 &&
            row + i < int64_t(inputBytes))
          blank[size_t(row + i)] = pad(g, i);
    }
}

template <typename T>
bool Prologue::quantise(const T *input, int16_t *codes,
                        std::string &error) const {
  const Quantiser &q = part.quantiser;
  auto place = [&](int64_t i) {
    return part.from.empty() ? i : int64_t(part.from[size_t(i)]);
  };
  auto refuse = [&](int64_t i, const std::string &text) {
    error = fmt::format("{} {}", indexText(part.input.shape, place(i)), text);
    return false;
  };
  int64_t count = part.map.size();
  switch (q.kind) {
  case Quantiser::Kind::Boundaries: {
    int64_t part = count / q.rows;
    for (uint32_t row = 0; row < q.rows; ++row) {
      Counter counter(q.boundaries.data() + row * q.width(), q.width());
      for (int64_t i = row * part; i < (row + 1) * part; ++i) {
        if (isNan(input[place(i)]))
          return refuse(i, "is NaN, which has no code");
        codes[i] =
            int16_t(q.codeAt(row, size_t(counter.count(input[place(i)]))));
      }
    }
    return true;
  }
  case Quantiser::Kind::Cast:
    for (int64_t i = 0; i < count; ++i) {
      // NaN fails every comparison; infinities are out of range.
      double x = double(input[place(i)]);
      if (!(x >= q.min && x <= q.max && std::trunc(x) == x))
        return refuse(i,
                      fmt::format("is {}; this input takes integers in {}..{}",
                                  input[place(i)], q.min, q.max));
      codes[i] = int16_t(x);
    }
    return true;
  case Quantiser::Kind::Bipolar:
    for (int64_t i = 0; i < count; ++i) {
      double x = double(input[place(i)]);
      if (x != 1 && x != -1)
        return refuse(
            i, fmt::format("is {}; this input takes -1 and 1", input[place(i)]));
      codes[i] = int16_t(part.layout.bits && part.before.empty() ? x > 0 : x);
    }
    return true;
  case Quantiser::Kind::None:
    break;
  }
  return false;
}

void Prologue::packBytes(const int16_t *codes, uint8_t *window) const {
  const auto &[c, h, w] = part.packed();
  const InputLayout &l = part.layout;
  for (int64_t channel = 0; channel < c; ++channel)
    for (int64_t y = 0; y < h; ++y) {
      uint8_t *out = window + ((l.padTop + y) * l.rowBytes + l.padLeft +
                               channel - l.lead);
      for (int64_t x = 0; x < w; ++x)
        out[x * c] = uint8_t((uint32_t(*codes++) & 255) ^ l.mask);
    }
}

void Prologue::packBits(const int16_t *codes, uint8_t *window) const {
  const auto &[c, h, w] = part.packed();
  const InputLayout &l = part.layout;
  for (int64_t channel = 0; channel < c; ++channel)
    for (int64_t y = 0; y < h; ++y) {
      uint8_t *out = window + (channel / 32 * l.groupBytes +
                               (l.padTop + y) * l.rowBytes + l.padLeft +
                               channel % 32 / 8 - l.lead);
      for (int64_t x = 0; x < w; ++x)
        out[x * l.record] |= uint8_t(*codes++ << (channel % 8));
    }
}

bool Prologue::quantise(const void *input, int16_t *codes,
                        std::string &error) const {
  auto quantised = [&]<typename T>(const T *values) {
    return quantise(values, codes, error);
  };
  switch (part.input.type) {
  case Type::Float32:
    return quantised(static_cast<const float *>(input));
  case Type::Float64:
    return quantised(static_cast<const double *>(input));
  case Type::Int8:
    return quantised(static_cast<const int8_t *>(input));
  case Type::UInt8:
    return quantised(static_cast<const uint8_t *>(input));
  case Type::Int32:
    return quantised(static_cast<const int32_t *>(input));
  case Type::Int64:
    return quantised(static_cast<const int64_t *>(input));
  default: // exact as doubles, but for integers beyond 2^53 that no code has
    return quantised(
        loadElements(part.input.type, input, size_t(part.input.elements()))
            .data());
  }
}

// The operations on the codes, or on the values themselves.
bool Prologue::compute(const void *input, std::vector<int16_t> &codes,
                       std::string &error,
                       std::vector<CloseDecision> *close) const {
  std::vector<Tensor> values(1);
  values[0].shape = part.map;
  if (part.quantiser.kind == Quantiser::Kind::None) {
    std::vector<double> all = loadElements(part.input.type, input,
                                           size_t(part.input.elements()));
    for (size_t i = 0; i < all.size(); ++i)
      if (!std::isfinite(all[i])) {
        error = fmt::format("{} is {}, expected a finite number",
                            indexText(part.input.shape, int64_t(i)), all[i]);
        return false;
      }
    for (uint32_t place : part.from)
      values[0].data.push_back(all[place]);
    if (part.from.empty())
      values[0].data = std::move(all);
  } else {
    codes.resize(size_t(part.map.size()));
    if (!quantise(input, codes.data(), error))
      return false;
    values[0].data.assign(codes.begin(), codes.end());
  }
  if (close ? !operations.run(values, graphUnit(part), *close, error)
            : !operations.run(values, error))
    return false;
  const std::vector<double> &last = values.back().data;
  codes.resize(last.size());
  for (size_t i = 0; i < last.size(); ++i) {
    if (part.layout.bits && last[i] == 0) {
      const Shape &map = part.packed();
      error = fmt::format(
          "makes a Sign of exactly 0 in channel {}, row {}, position {}; compile "
          "with --sign-zero=plus or minus",
          int64_t(i) / (map.h * map.w), int64_t(i) / map.w % map.h,
          int64_t(i) % map.w);
      return false;
    }
    codes[i] = int16_t(part.layout.bits ? last[i] > 0 : last[i]);
  }
  return true;
}

void Prologue::pack(std::span<const int16_t> codes, uint8_t *window) const {
  std::memcpy(window, blank.data(), blank.size());
  if (part.layout.bits)
    packBits(codes.data(), window);
  else
    packBytes(codes.data(), window);
}

bool Prologue::run(const void *input, uint8_t *window, std::string &error,
                   std::vector<CloseDecision> *close) const {
  std::vector<int16_t> codes(size_t(part.map.size()));
  bool done = part.before.empty() ? quantise(input, codes.data(), error)
                                  : compute(input, codes, error, close);
  if (done)
    pack(codes, window);
  return done;
}

} // namespace bnn::host
