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
constexpr TypeFacts types[] = {
    {"float32", 4}, {"float64", 8}, {"int8", 1},   {"uint8", 1},
    {"int32", 4},   {"int64", 8},   {"float16", 2}, {"bool", 1},
    {"int16", 2},   {"uint16", 2},  {"uint32", 4}, {"uint64", 8}};
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
/// A float16, and a bool of one byte: 0 or 1.
struct Half {
  uint16_t bits;
};
struct Bool {
  uint8_t bits;
};

template <typename T> T elementOf(double x) { return T(x); }
template <> Half elementOf(double x) { return {doubleToHalf(x)}; }
template <> Bool elementOf(double x) { return {uint8_t(x)}; }
template <typename T> double valueOf(T x) { return double(x); }
double valueOf(Half x) { return halfToDouble(x.bits); }
double valueOf(Bool x) { return x.bits != 0; }

// Whether a type of integers has x; every other type rounds.
template <typename T> bool holds(double x) {
  if constexpr (std::is_integral_v<T>) {
    double low = double(std::numeric_limits<T>::min());
    // 2^k - 1 may round up as a double: compare with 2^k instead.
    double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
    return x >= low && x < end && std::trunc(x) == x;
  }
  return !std::is_same_v<T, Bool> || x == 0 || x == 1;
}

template <typename T>
bool store(const std::vector<double> &values, void *to, std::string &error) {
  T *out = static_cast<T *>(to);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!holds<T>(values[i])) {
      error = fmt::format("output element {} is {}, which its type cannot hold",
                          i, values[i]);
      return false;
    }
    out[i] = elementOf<T>(values[i]);
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
    return fn(int64_t());
  case Type::Float16:
    return fn(Half());
  case Type::Bool:
    return fn(Bool());
  case Type::Int16:
    return fn(int16_t());
  case Type::UInt16:
    return fn(uint16_t());
  case Type::UInt32:
    return fn(uint32_t());
  case Type::UInt64:
    break;
  }
  return fn(uint64_t());
}
} // namespace

double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent == 0
                         ? std::ldexp(fraction, -24)
                         : std::ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

uint16_t doubleToHalf(double value) {
  auto sign = uint16_t(std::signbit(value) ? 0x8000 : 0);
  double x = std::abs(value);
  if (std::isnan(x))
    return uint16_t(sign | 0x7e00);
  if (x >= 65520) // what rounds beyond the largest
    return uint16_t(sign | 0x7c00);
  int exponent;
  std::frexp(x, &exponent); // x < 2^exponent
  int scale = x == 0 ? -24 : std::max(exponent - 11, -24);
  // Half to even: nearbyint in the default mode. 1024 and up carries over.
  auto digits = int(std::nearbyint(std::ldexp(x, -scale)));
  return uint16_t(sign | (((scale + 24) << 10) + digits));
}

bool storeElements(Type type, const std::vector<double> &values, void *to,
                   std::string &error) {
  return dispatch(
      type, [&](auto t) { return store<decltype(t)>(values, to, error); });
}

std::vector<double> loadElements(Type type, const void *from, size_t count) {
  return dispatch(type, [&](auto t) {
    auto *elements = static_cast<const decltype(t) *>(from);
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = valueOf(elements[i]);
    return values;
  });
}

} // namespace bnn::host
