// Element types: names, sizes, and values in and out.
#include "bnn/isa/host/Elements.h"

#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <type_traits>

namespace bnn::host {

namespace {
struct TypeFacts {
  const char *name;
  size_t bytes;
};
constexpr TypeFacts types[] = {{"float32", 4}, {"float64", 8}, {"int8", 1},
                               {"uint8", 1},   {"int32", 4},   {"int64", 8}};
static_assert(std::size(types) == typeCount);
} // namespace

const char *typeName(Type type) { return types[size_t(type)].name; }

size_t typeSize(Type type) { return types[size_t(type)].bytes; }

bool typeNamed(std::string_view name, Type &type) {
  for (int i = 0; i < typeCount; ++i)
    if (name == types[i].name) {
      type = Type(i);
      return true;
    }
  return false;
}

namespace {
template <typename T>
bool store(const std::vector<double> &values, void *to,
           std::string &error) {
  T *out = static_cast<T *>(to);
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

// Calls fn with a value of the C++ type that `type` is.
template <typename Fn> auto dispatch(Type type, Fn fn) {
  switch (type) {
  case Type::Float32:
    return fn(float());
  case Type::Float64:
    return fn(double());
  case Type::Int8:
    return fn(int8_t());
  case Type::UInt8:
    return fn(uint8_t());
  case Type::Int32:
    return fn(int32_t());
  case Type::Int64:
    break;
  }
  return fn(int64_t());
}
} // namespace

bool storeElements(Type type, const std::vector<double> &values, void *to,
                   std::string &error) {
  return dispatch(
      type, [&](auto t) { return store<decltype(t)>(values, to, error); });
}

std::vector<double> loadElements(Type type, const void *from, size_t count) {
  return dispatch(type, [&](auto t) {
    auto *elements = static_cast<const decltype(t) *>(from);
    return std::vector<double>(elements, elements + count);
  });
}

} // namespace bnn::host
