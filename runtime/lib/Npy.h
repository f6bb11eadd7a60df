// Arrays in NumPy's .npy format, versions 1 to 3, C order, either byte order.
#pragma once

#include "bnn/runtime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::runtime {

struct NpyArray {
  bnn_type type = BNN_FLOAT32;
  std::vector<int64_t> shape;
  std::vector<uint8_t> data; ///< elements() of the type, C order
  /// The file's type where `type` is the wider one that it is kept in ("int16",
  /// kept as int32); empty if the array is from no file.
  std::string stored;

  int64_t elements() const;
  /// Element i as it is in `type`; the array must be of that type.
  template <typename T> const T *as() const {
    return reinterpret_cast<const T *>(data.data());
  }
};

/// Parses a file's bytes; float16, bool and the integers that the C API has no
/// type for become the next wider type that has their values. Never reads out of bounds on any input. On failure
/// returns false and sets `error` to one line naming what was found and what is
/// expected.
bool parseNpy(const uint8_t *data, size_t size, NpyArray &array,
              std::string &error);

/// Bytes that numpy.load reads back.
std::vector<uint8_t> formatNpy(const NpyArray &array);

/// "(256, 1, 3600)", as NumPy prints a shape.
std::string shapeText(const std::vector<int64_t> &shape);

/// Converts to another type if every value stays what it is; otherwise returns
/// false and `error` names the first value that would not.
bool convertNpy(NpyArray &array, bnn_type type, std::string &error);

} // namespace bnn::runtime
