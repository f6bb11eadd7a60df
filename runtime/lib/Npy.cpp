// Reads and writes .npy files without trusting a byte of them.
#include "Npy.h"

#include "bnn/isa/host/Elements.h"
#include "bnn/support/Text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bnn::runtime {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::string_view expected =
    "expected float16, float32, float64, bool or an integer type";

/// How a type of NumPy's is kept here: as it is, or in the next wider type that
/// has all of its values.
struct TypeCode {
  std::string_view code; // without the byte order
  std::string_view name;
  size_t bytes;
  bnn_type type;
};
constexpr std::array<TypeCode, 12> typeCodes{{
    {"f4", "float32", 4, BNN_FLOAT32},
    {"f8", "float64", 8, BNN_FLOAT64},
    {"i1", "int8", 1, BNN_INT8},
    {"u1", "uint8", 1, BNN_UINT8},
    {"i4", "int32", 4, BNN_INT32},
    {"i8", "int64", 8, BNN_INT64},
    {"f2", "float16", 2, BNN_FLOAT32},
    {"b1", "bool", 1, BNN_UINT8},
    {"i2", "int16", 2, BNN_INT32},
    {"u2", "uint16", 2, BNN_INT32},
    {"u4", "uint32", 4, BNN_INT64},
    {"u8", "uint64", 8, BNN_INT64},
}};

/// The header: a Python literal {'descr': ..., 'fortran_order': ..., 'shape':
/// ...}.
class Header {
public:
  explicit Header(std::string_view text) : rest(text) {}

  bool parse(std::string &error);

  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;

private:
  void skipSpace() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n'))
      rest.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skipSpace();
    if (!rest.starts_with(token))
      return false;
    rest.remove_prefix(token.size());
    return true;
  }
  bool takeString(std::string &text);
  bool takeShape();
  bool takeEntry();

  std::string_view rest;
  bool hasDescr = false, hasOrder = false, hasShape = false;
};

bool Header::takeString(std::string &text) {
  skipSpace();
  if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
    return false;
  size_t end = rest.find(rest[0], 1);
  if (end == std::string_view::npos)
    return false;
  text = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return true;
}

bool Header::takeShape() {
  shape.clear();
  if (!take("("))
    return false;
  while (!take(")")) {
    skipSpace();
    int64_t size = 0;
    size_t digits = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9';
         ++digits) {
      if (size > (int64_t(1) << 58))
        return false;
      size = size * 10 + (rest[digits] - '0');
    }
    if (digits == 0)
      return false;
    rest.remove_prefix(digits);
    take("L"); // Python 2 wrote long integers so
    shape.push_back(size);
    if (!take(",")) {
      if (!take(")"))
        return false;
      break;
    }
  }
  return shape.size() <= 32;
}

bool Header::takeEntry() {
  std::string key;
  if (!takeString(key) || !take(":"))
    return false;
  if (key == "descr") {
    hasDescr = true;
    if (takeString(descr))
      return true;
    descr = "a structured type"; // a list of fields: refused by its type, below
    return take("[");
  }
  if (key == "fortran_order") {
    hasOrder = true;
    fortran = take("True");
    return fortran || take("False");
  }
  hasShape = key == "shape";
  return hasShape && takeShape();
}

bool Header::parse(std::string &error) {
  bool fine = take("{");
  while (fine && !take("}")) {
    fine = takeEntry();
    if (fine && descr == "a structured type")
      break;
    if (fine && !take(",") && !rest.starts_with("}"))
      fine = false;
  }
  if (!fine || !hasDescr ||
      (descr != "a structured type" && (!hasOrder || !hasShape))) {
    error = "malformed .npy header";
    return false;
  }
  return true;
}

/// The type that '>i2' or '|b1' names, and whether its bytes are big-endian;
/// null and an error if it is none of those above.
const TypeCode *typeOf(const std::string &descr, bool &swap,
                       std::string &error) {
  std::string_view code = descr;
  char order = code.size() > 1 ? code[0] : 0;
  if (order == '<' || order == '|' || order == '>' || order == '=')
    code.remove_prefix(1);
  swap = order == '>';
  if (code == "?")
    code = "b1";
  for (const TypeCode &t : typeCodes)
    if (code == t.code)
      return &t;
  error = fmt::format("holds '{}', {}", support::printableName(descr), expected);
  return nullptr;
}

/// The number that the two bytes of an IEEE half mean: every one is a float.
float halfValue(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  auto fraction = float(bits & 1023);
  float magnitude = exponent == 0 ? std::ldexp(fraction, -24)
                    : exponent < 31
                        ? std::ldexp(1024 + fraction, exponent - 25)
                    : fraction == 0 ? std::numeric_limits<float>::infinity()
                                    : std::numeric_limits<float>::quiet_NaN();
  return bits & 0x8000 ? -magnitude : magnitude;
}

/// Writes each element of `in` as a To; false at the first that it cannot be.
template <typename From, typename To, typename Fn>
bool widen(std::vector<uint8_t> &data, Fn convert) {
  std::vector<uint8_t> wide(data.size() / sizeof(From) * sizeof(To));
  for (size_t i = 0; i < data.size() / sizeof(From); ++i) {
    From x;
    std::memcpy(&x, data.data() + i * sizeof x, sizeof x);
    auto fits = true;
    To to = convert(x, fits);
    if (!fits)
      return false;
    std::memcpy(wide.data() + i * sizeof to, &to, sizeof to);
  }
  data = std::move(wide);
  return true;
}

/// Brings the file's bytes into this machine's order and into `array.type`.
bool readElements(const TypeCode &t, bool swap, NpyArray &array,
                  std::string &error) {
  std::vector<uint8_t> &data = array.data;
  if (swap != (std::endian::native == std::endian::big))
    for (size_t i = 0; i < data.size(); i += t.bytes)
      std::reverse(data.data() + i, data.data() + i + t.bytes);
  if (t.code == "f2")
    return widen<uint16_t, float>(
        data, [](uint16_t x, bool &) { return halfValue(x); });
  if (t.code == "b1")
    return widen<uint8_t, uint8_t>(
        data, [](uint8_t x, bool &) { return uint8_t(x != 0); });
  if (t.code == "i2")
    return widen<int16_t, int32_t>(
        data, [](int16_t x, bool &) { return int32_t(x); });
  if (t.code == "u2")
    return widen<uint16_t, int32_t>(
        data, [](uint16_t x, bool &) { return int32_t(x); });
  if (t.code == "u4")
    return widen<uint32_t, int64_t>(
        data, [](uint32_t x, bool &) { return int64_t(x); });
  if (t.code == "u8" && !widen<uint64_t, int64_t>(data, [](uint64_t x,
                                                           bool &fits) {
        fits = x >> 63 == 0;
        return int64_t(x);
      })) {
    error = "holds a uint64 of 2^63 or more, expected int64";
    return false;
  }
  return true;
}

// Converts x if the result means the same number (NaN stays NaN).
template <typename From, typename To> bool convertOne(From x, To &out) {
  if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (!(x >= From(std::numeric_limits<To>::min()) &&
          x < std::ldexp(From(1), std::numeric_limits<To>::digits)))
      return false;
    out = To(x);
    return From(out) == x;
  } else if constexpr (std::is_integral_v<To>) {
    out = To(x); // NOLINT(bugprone-signed-char-misuse): int8 is a number here
    return std::in_range<To>(x);
  } else if constexpr (std::is_integral_v<From>) {
    out = To(x); // may round up to 2^k, which From cannot hold
    return out < std::ldexp(To(1), std::numeric_limits<From>::digits) &&
           From(out) == x;
  } else {
    out = To(x);
    return From(out) == x || std::isnan(x);
  }
}

template <typename From, typename To>
bool convertAll(const NpyArray &from, NpyArray &to, std::string &error) {
  const From *in = from.as<From>();
  To *out = reinterpret_cast<To *>(to.data.data());
  for (int64_t i = 0; i < from.elements(); ++i)
    if (!convertOne(in[i], out[i])) {
      error =
          fmt::format("is {}, expected {}: element {} is {}, which is no {}",
                      from.stored.empty() ? bnn_type_name(from.type)
                                          : from.stored.c_str(),
                      bnn_type_name(to.type), i, in[i], bnn_type_name(to.type));
      return false;
    }
  return true;
}

// Calls fn with a value of the C++ type that `type` stands for.
template <typename Fn> bool withType(bnn_type type, Fn fn) {
  switch (type) { // NOLINT(bugprone-branch-clone): six types, six calls
  case BNN_FLOAT32:
    return fn(float());
  case BNN_FLOAT64:
    return fn(double());
  case BNN_INT8:
    return fn(int8_t());
  case BNN_UINT8:
    return fn(uint8_t());
  case BNN_INT32:
    return fn(int32_t());
  case BNN_INT64:
    return fn(int64_t());
  default:
    return false;
  }
}

} // namespace

int64_t NpyArray::elements() const {
  int64_t result = 1;
  for (int64_t size : shape)
    result *= size;
  return result;
}

bool parseNpy(const uint8_t *data, size_t size, NpyArray &array,
              std::string &error) {
  std::string_view file(reinterpret_cast<const char *>(data), size);
  if (file.starts_with("PK\x03\x04")) {
    error = "is a .npz archive, expected one array in .npy format (numpy.save)";
    return false;
  }
  if (!file.starts_with(magic) || size < 10) {
    error = "is not a .npy file";
    return false;
  }
  unsigned version = data[6];
  if (version < 1 || version > 3) {
    error = fmt::format("has .npy version {}, expected 1, 2 or 3", version);
    return false;
  }
  size_t begin = version == 1 ? 10 : 12;
  uint64_t length = data[8] | uint64_t(data[9]) << 8;
  if (version > 1 && size >= begin)
    length |= uint64_t(data[10]) << 16 | uint64_t(data[11]) << 24;
  if (size < begin || length > size - begin) {
    error = "is cut off in its .npy header";
    return false;
  }

  Header header(file.substr(begin, length));
  NpyArray result;
  bool swap = false;
  if (!header.parse(error))
    return false;
  const TypeCode *code = typeOf(header.descr, swap, error);
  if (!code)
    return false;
  result.type = code->type;
  result.stored = code->name;
  if (header.fortran) {
    error = "is in Fortran order, expected C order (numpy.ascontiguousarray)";
    return false;
  }
  size_t available = size - begin - length;
  // An empty axis makes the array empty whatever the others say.
  uint64_t bytes = code->bytes;
  for (int64_t axis : header.shape)
    if (axis == 0)
      bytes = 0;
  for (int64_t axis : header.shape) {
    if (bytes != 0 && uint64_t(axis) > available / bytes) {
      error = fmt::format("is cut off: {} bytes of data for shape {} of {}",
                          available, shapeText(header.shape),
                          code->name);
      return false;
    }
    bytes *= uint64_t(axis);
  }
  if (bytes != available) {
    error =
        fmt::format("has {} bytes of data, shape {} of {} needs {}", available,
                    shapeText(header.shape), code->name, bytes);
    return false;
  }
  result.shape = std::move(header.shape);
  result.data.assign(data + begin + length, data + size);
  if (!readElements(*code, swap, result, error))
    return false;
  array = std::move(result);
  return true;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  return shape.size() == 1 ? fmt::format("({},)", shape[0])
                           : fmt::format("({})", fmt::join(shape, ", "));
}

std::vector<uint8_t> formatNpy(const NpyArray &array) {
  std::string_view code;
  for (const TypeCode &t : typeCodes)
    if (t.name == bnn_type_name(array.type))
      code = t.code;
  std::string header = fmt::format(
      "{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
      bnn_type_size(array.type) == 1 ? '|' : '<', code, shapeText(array.shape));
  // The data starts at a multiple of 64, the header ends in a newline.
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::vector<uint8_t> file(magic.begin(), magic.end());
  file.insert(file.end(),
              {1, 0, uint8_t(header.size()), uint8_t(header.size() >> 8)});
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), array.data.begin(), array.data.end());
  return file;
}

namespace {
bool isNative(bnn_type type) {
  return withType(type, [](auto) { return true; });
}

// Numbers as the types that C++ does not have or arrays are not kept in: float16,
// bool, int16 ...
bool narrow(const NpyArray &from, NpyArray &to, std::string &error) {
  auto type = bnn::host::Type(to.type);
  size_t size = bnn_type_size(to.type);
  for (int64_t i = 0; i < from.elements(); ++i) {
    double x = from.as<double>()[i];
    uint64_t bytes = 0;
    std::string ignored;
    bool held = bnn::host::storeElements(type, {x}, &bytes, ignored);
    double back = bnn::host::loadElements(type, &bytes, 1)[0];
    if (!held || !(back == x || (std::isnan(back) && std::isnan(x)))) {
      error = fmt::format("holds {} as element {}, which is no {}", x, i,
                          bnn_type_name(to.type));
      return false;
    }
    std::memcpy(to.data.data() + size_t(i) * size, &bytes, size);
  }
  return true;
}
} // namespace

bool convertNpy(NpyArray &array, bnn_type type, std::string &error) {
  if (array.type == type)
    return true;
  if (!isNative(type) && array.type != BNN_FLOAT64 &&
      !convertNpy(array, BNN_FLOAT64, error))
    return false;
  NpyArray to;
  to.type = type;
  to.shape = array.shape;
  uint64_t bytes = uint64_t(array.elements()) * bnn_type_size(type);
  if (bytes > to.data.max_size()) { // on 32 bits
    error = fmt::format("has {} elements, which as {} do not fit into this "
                        "machine's memory; split it",
                        array.elements(), bnn_type_name(type));
    return false;
  }
  to.data.resize(size_t(bytes));
  bool done = isNative(type) ? withType(array.type,
                                       [&](auto from) {
                                         return withType(type, [&](auto target) {
                                           return convertAll<decltype(from),
                                                             decltype(target)>(
                                               array, to, error);
                                         });
                                       })
                            : narrow(array, to, error);
  if (done)
    array = std::move(to);
  return done;
}

} // namespace bnn::runtime
