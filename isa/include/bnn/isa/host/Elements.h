// Elements of the graph's inputs and outputs in their own types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bnn::host {

/// Element types of a graph's inputs and outputs. The numbers are bnn_type's of
/// the C API.
enum class Type {
  Float32,
  Float64,
  Int8,
  UInt8,
  Int32,
  Int64,
  Float16,
  Bool,
  Int16,
  UInt16,
  UInt32,
  UInt64
};
inline constexpr int typeCount = 12;
/// "float32", "int64", ...
const char *typeName(Type type);
/// Bytes of one element.
size_t typeSize(Type type);
/// False if there is no such type.
bool typeNamed(std::string_view name, Type &type);

/// The number that the bits of a float16 are, and the bits of the float16 nearest
/// to a number (ties to even).
double halfToDouble(uint16_t bits);
uint16_t doubleToHalf(double value);

/// Writes `values` as elements of `type`; reals round to nearest. Returns false
/// if the type is one of integers and cannot hold a value; `error` then says
/// which.
bool storeElements(Type type, const std::vector<double> &values, void *to,
                   std::string &error);
/// The values of `count` elements; exact but for integers beyond 2^53.
std::vector<double> loadElements(Type type, const void *from, size_t count);

} // namespace bnn::host
