// Packs codes, gathers integers and runs the epilogue from the io section.

#include "verify/HostModel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace bnncc {

namespace {

int64_t number(const llvm::json::Object &object, llvm::StringRef key,
               int64_t otherwise = 0) {
  return object.getInteger(key).value_or(otherwise);
}

std::vector<double> list(const llvm::json::Object &object, llvm::StringRef key) {
  std::vector<double> values;
  if (const llvm::json::Array *array = object.getArray(key))
    for (const llvm::json::Value &v : *array)
      values.push_back(v.getAsNumber().value_or(0));
  return values;
}

/// Per channel, or one for all.
double of(const std::vector<double> &values, int64_t c, double otherwise) {
  if (values.empty())
    return otherwise;
  return values.size() == 1 ? values[0] : values[c];
}

} // namespace

llvm::Expected<HostModel> HostModel::parse(const std::string &io) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(io);
  if (!value)
    return value.takeError();
  HostModel model;
  if (const llvm::json::Object *object = value->getAsObject())
    model.io = *object;
  return model;
}

std::vector<uint8_t> HostModel::pack(const std::vector<int32_t> &codes,
                                     uint32_t bytes) const {
  std::vector<uint8_t> packed(bytes);
  const llvm::json::Object &input = *io.getObject("input");
  const llvm::json::Object &map = *input.getObject("map");
  const llvm::json::Object &layout = *input.getObject("layout");
  int64_t channels = number(map, "C"), height = number(map, "H"),
          width = number(map, "W");
  int64_t rowBytes = number(layout, "row_bytes"),
          groupBytes = number(layout, "group_bytes");
  int64_t left = number(layout, "pad_left"), right = number(layout, "pad_right");
  int64_t top = number(layout, "pad_top"), bottom = number(layout, "pad_bottom");
  auto code = [&](int64_t c, int64_t y, int64_t x) {
    return codes[(c * height + y) * width + x];
  };
  auto put = [&](int64_t at, int64_t byte) {
    if (at >= 0 && at < int64_t(bytes))
      packed[at] |= uint8_t(byte);
  };
  if (layout.getString("format") == "bytes") {
    int64_t mask = number(layout, "xor");
    int64_t pad = (number(layout, "pad_code") & 255) ^ mask;
    int64_t string = left + width * channels + right;
    for (int64_t row = 0; row < top + height + bottom; ++row)
      for (int64_t i = 0; i < string; ++i) {
        int64_t y = row - top, x = (i - left) / channels;
        bool inside = y >= 0 && y < height && i >= left && x < width;
        put(row * rowBytes + i,
            inside ? (code((i - left) % channels, y, x) & 255) ^ mask : pad);
      }
    return packed;
  }
  int64_t record = number(layout, "record", 1);
  bool padBit = number(layout, "pad_bit") != 0;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t row = 0; row < top + height + bottom; ++row)
      for (int64_t x = -left / record; x < width + right / record; ++x) {
        int64_t y = row - top;
        bool inside = y >= 0 && y < height && x >= 0 && x < width;
        if (inside ? code(c, y, x) > 0 : padBit)
          put(c / 32 * groupBytes + row * rowBytes + left + x * record +
                  c % 32 / 8,
              1 << c % 8);
      }
  return packed;
}

std::vector<int32_t>
HostModel::gather(const std::vector<uint8_t> &output) const {
  std::vector<int32_t> raw;
  for (double word : list(*io.getObject("raw"), "words")) {
    int32_t v = 0;
    if (size_t at = size_t(word) * 4; at + 4 <= output.size())
      std::memcpy(&v, &output[at], 4);
    raw.push_back(v);
  }
  return raw;
}

bool HostModel::split() const {
  return number(*io.getObject("raw"), "parts", 1) == 2;
}

llvm::Expected<std::vector<double>>
HostModel::finish(std::vector<int32_t> raw) const {
  std::vector<double> shape = list(*io.getObject("raw"), "shape");
  int64_t channels = int64_t(shape[0]), positions = int64_t(shape[1] * shape[2]);
  std::vector<double> v(raw.begin(), raw.end());
  const llvm::json::Array *epilogue = io.getArray("epilogue");
  if (!epilogue)
    return v;
  for (const llvm::json::Value &item : *epilogue) {
    const llvm::json::Object &op = *item.getAsObject();
    llvm::StringRef name = op.getString("op").value_or("");
    auto scale = list(op, "scale"), shift = list(op, "shift");
    auto each = [&](auto &&function) {
      for (int64_t i = 0; i < int64_t(v.size()); ++i)
        v[i] = function(v[i], i / std::max<int64_t>(positions, 1));
    };
    if (name == "to_real" || name == "affine") {
      each([&](double x, int64_t c) {
        return x * of(scale, c, 1) + of(shift, c, 0);
      });
    } else if (name == "split_prelu") {
      auto up = list(op, "scale_pos"), down = list(op, "scale_neg");
      channels /= 2;
      size_t half = v.size() / 2;
      for (size_t i = 0; i < half; ++i) {
        int64_t c = int64_t(i) / positions;
        v[i] = v[i] * of(up, c, 1) + v[half + i] * of(down, c, 1) +
               of(shift, c, 0);
      }
      v.resize(half);
    } else if (name == "prelu") {
      auto slope = list(op, "slope");
      each([&](double x, int64_t c) { return x < 0 ? x * of(slope, c, 1) : x; });
    } else if (name == "clip") {
      each([&](double x, int64_t) {
        x = std::max(x, op.getNumber("min").value_or(-HUGE_VAL));
        return std::min(x, op.getNumber("max").value_or(HUGE_VAL));
      });
    } else if (name == "reduce") {
      llvm::StringRef kind = op.getString("kind").value_or("sum");
      std::vector<double> sums(channels);
      for (int64_t c = 0; c < channels; ++c) {
        auto begin = v.begin() + c * positions;
        sums[c] = kind == "max" ? *std::max_element(begin, begin + positions)
                                : std::accumulate(begin, begin + positions, 0.0);
        if (kind == "mean")
          sums[c] /= double(positions);
      }
      v = std::move(sums);
      positions = 1;
    } else if (name == "sigmoid") {
      each([](double x, int64_t) { return 1 / (1 + std::exp(-x)); });
    } else if (name == "tanh") {
      each([](double x, int64_t) { return std::tanh(x); });
    } else if (name == "softmax" || name == "log_softmax") {
      double top = *std::max_element(v.begin(), v.end()), sum = 0;
      for (double x : v)
        sum += std::exp(x - top);
      each([&](double x, int64_t) {
        return name == "softmax" ? std::exp(x - top) / sum
                                 : x - top - std::log(sum);
      });
    } else if (name == "argmax") {
      v = {double(std::max_element(v.begin(), v.end()) - v.begin())};
    } else if (name == "reshape") {
      auto to = list(op, "shape");
      channels = int64_t(to[0]);
      positions = int64_t(to[1] * to[2]);
    } else {
      // The verifier compares the integers, and leaves what it does not know.
      return std::vector<double>();
    }
  }
  return v;
}

} // namespace bnncc
