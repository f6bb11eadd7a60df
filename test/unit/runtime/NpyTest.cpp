// .npy files: what NumPy writes is read, all else is refused by name.
#include "Npy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

using namespace bnn::runtime;

namespace {

std::vector<uint8_t> file(const std::string &header, size_t dataBytes,
                          int version = 1) {
  std::string text = "\x93NUMPY";
  text += char(version);
  text += '\0';
  uint32_t length = uint32_t(header.size());
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    text += char(length >> (8 * i));
  text += header + std::string(dataBytes, '\1');
  return {text.begin(), text.end()};
}

std::string header(const std::string &descr, const std::string &shape,
                   const std::string &fortran = "False") {
  return fmt::format(
      "{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}   \n", descr,
      fortran, shape);
}

std::string errorOf(const std::vector<uint8_t> &bytes) {
  NpyArray array;
  std::string error;
  EXPECT_FALSE(parseNpy(bytes.data(), bytes.size(), array, error));
  return error;
}

template <typename T> NpyArray arrayOf(bnn_type type, std::vector<T> values) {
  NpyArray array{type, {int64_t(values.size())}, {}};
  array.data.resize(values.size() * sizeof(T));
  std::memcpy(array.data.data(), values.data(), array.data.size());
  return array;
}

TEST(Npy, EveryTypeRoundTrips) {
  for (bnn_type type :
       {BNN_FLOAT32, BNN_FLOAT64, BNN_INT8, BNN_UINT8, BNN_INT32, BNN_INT64})
    for (std::vector<int64_t> shape :
         {std::vector<int64_t>{2, 3}, {5}, {}, {0, 4}, {1, 1, 1, 1}}) {
      NpyArray array{type, shape, {}};
      array.data.resize(size_t(array.elements()) * bnn_type_size(type));
      for (size_t i = 0; i < array.data.size(); ++i)
        array.data[i] = uint8_t(i * 7);
      auto bytes = formatNpy(array);
      EXPECT_EQ((bytes.size() - array.data.size()) % 64, 0u);
      NpyArray back;
      std::string error;
      ASSERT_TRUE(parseNpy(bytes.data(), bytes.size(), back, error)) << error;
      EXPECT_EQ(back.type, type);
      EXPECT_EQ(back.shape, shape);
      EXPECT_EQ(back.data, array.data);
    }
}

TEST(Npy, TypesThatAreReadAsOthersAreWrittenAsThemselves) {
  for (auto [type, code] : {std::pair{BNN_FLOAT16, "'<f2'"},
                            {BNN_BOOL, "'|b1'"},
                            {BNN_INT16, "'<i2'"},
                            {BNN_UINT16, "'<u2'"},
                            {BNN_UINT32, "'<u4'"},
                            {BNN_UINT64, "'<u8'"}}) {
    NpyArray array{type, {2}, {}};
    array.data.resize(2 * bnn_type_size(type));
    auto bytes = formatNpy(array);
    EXPECT_NE(std::string(bytes.begin(), bytes.end()).find(code),
              std::string::npos)
        << code;
  }
}

TEST(Npy, VersionsAndSpellings) {
  NpyArray array;
  std::string error;
  for (int version : {1, 2, 3}) {
    auto bytes = file(header("<f4", "(2, 3)"), 24, version);
    ASSERT_TRUE(parseNpy(bytes.data(), bytes.size(), array, error)) << error;
    EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  }
  auto bytes =
      file("{\"shape\":(3L,),\"fortran_order\":False,\"descr\":\"|i1\"}", 3);
  ASSERT_TRUE(parseNpy(bytes.data(), bytes.size(), array, error)) << error;
  EXPECT_EQ(array.type, BNN_INT8);
}

/// The array that a file of these bytes of data is.
NpyArray arrayIn(const std::string &descr, std::vector<uint8_t> data) {
  auto bytes = file(header(descr, "(2,)"), 0);
  bytes.insert(bytes.end(), data.begin(), data.end());
  NpyArray array;
  std::string error;
  EXPECT_TRUE(parseNpy(bytes.data(), bytes.size(), array, error)) << error;
  return array;
}

TEST(Npy, NarrowTypesAreWidened) {
  NpyArray a = arrayIn("<i2", {0xfe, 0xff, 0x2c, 0x01});
  ASSERT_EQ(a.type, BNN_INT32);
  EXPECT_EQ(a.as<int32_t>()[0], -2);
  EXPECT_EQ(a.as<int32_t>()[1], 300);
  a = arrayIn("<u2", {0xfe, 0xff, 0x2c, 0x01});
  ASSERT_EQ(a.type, BNN_INT32);
  EXPECT_EQ(a.as<int32_t>()[0], 65534);
  a = arrayIn("<u4", {0, 0, 0, 0x80, 1, 0, 0, 0});
  ASSERT_EQ(a.type, BNN_INT64);
  EXPECT_EQ(a.as<int64_t>()[0], int64_t(1) << 31);
  a = arrayIn("<u8", {1, 0, 0, 0, 0, 0, 0, 0x7f, 2, 0, 0, 0, 0, 0, 0, 0});
  ASSERT_EQ(a.type, BNN_INT64);
  EXPECT_EQ(a.as<int64_t>()[0], (int64_t(0x7f) << 56) + 1);
  a = arrayIn("|b1", {0, 7});
  ASSERT_EQ(a.type, BNN_UINT8);
  EXPECT_EQ(a.as<uint8_t>()[0], 0);
  EXPECT_EQ(a.as<uint8_t>()[1], 1);
  EXPECT_EQ(arrayIn("?", {0, 1}).type, BNN_UINT8);
}

TEST(Npy, EveryHalfIsItsNumber) {
  struct Case {
    uint16_t bits;
    float value;
  };
  for (auto [bits, value] :
       {Case{0x0000, 0.f}, Case{0x3c00, 1.f}, Case{0xc000, -2.f},
        Case{0x7bff, 65504.f}, Case{0x0001, 0x1p-24f}, Case{0x03ff, 0x3ffp-24f},
        Case{0x0400, 0x1p-14f}, Case{0x3555, 0x1.554p-2f},
        Case{0x7c00, INFINITY}, Case{0xfc00, -INFINITY}}) {
    NpyArray a = arrayIn("<f2", {uint8_t(bits), uint8_t(bits >> 8), 0, 0});
    ASSERT_EQ(a.type, BNN_FLOAT32);
    EXPECT_EQ(a.as<float>()[0], value) << bits;
  }
  EXPECT_TRUE(std::isnan(arrayIn("<f2", {1, 0x7e, 0, 0}).as<float>()[0]));
  EXPECT_TRUE(std::signbit(arrayIn("<f2", {0, 0x80, 0, 0}).as<float>()[0]));
}

TEST(Npy, BigEndianIsTurned) {
  EXPECT_EQ(arrayIn(">i2", {0xff, 0xfe, 0x01, 0x2c}).as<int32_t>()[1], 300);
  EXPECT_EQ(arrayIn(">f4", {0x3f, 0x80, 0, 0, 0, 0, 0, 0}).as<float>()[0], 1.f);
  EXPECT_EQ(arrayIn(">i8", {0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0})
                .as<int64_t>()[0],
            258);
}

TEST(Npy, OtherTypesAreNamed) {
  constexpr const char *expected =
      ", expected float16, float32, float64, bool or an integer type";
  EXPECT_EQ(errorOf(file(header("<c8", "(1,)"), 8)),
            std::string("holds '<c8'") + expected);
  EXPECT_EQ(errorOf(file(header("<U\x1b[31m", "(1,)"), 4)),
            std::string("holds '<U\\x1b[31m'") + expected);
  EXPECT_EQ(
      errorOf(file(
          "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
          4)),
      std::string("holds 'a structured type'") + expected);
  auto large = file(header("<u8", "(1,)"), 8);
  large.back() = 0x80;
  EXPECT_EQ(errorOf(large), "holds a uint64 of 2^63 or more, expected int64");
  EXPECT_EQ(errorOf(file(header("<f4", "(2, 3)", "True"), 24)),
            "is in Fortran order, expected C order (numpy.ascontiguousarray)");
}

TEST(Npy, SizesAreChecked) {
  EXPECT_EQ(errorOf(file(header("<f4", "(2, 3)"), 23)),
            "is cut off: 23 bytes of data for shape (2, 3) of float32");
  EXPECT_EQ(errorOf(file(header("<f4", "(2,)"), 9)),
            "has 9 bytes of data, shape (2,) of float32 needs 8");
  // Products beyond 64 bits.
  EXPECT_EQ(
      errorOf(file(header("<f4", "(4294967296, 4294967296)"), 4)).substr(0, 10),
      "is cut off");
  EXPECT_EQ(errorOf(file(header("<f4", "(99999999999999999999999,)"), 4)),
            "malformed .npy header");
}

TEST(Npy, HeadersThatAreCutOff) {
  auto bytes = file(header("<f4", "(2,)"), 0);
  bytes.resize(bytes.size() - 1);
  EXPECT_EQ(errorOf(bytes), "is cut off in its .npy header");
  bytes = file(header("<f4", "(2,)"), 0, 2);
  bytes.resize(11);
  EXPECT_EQ(errorOf(bytes), "is cut off in its .npy header");
}

TEST(Npy, NotNpy) {
  EXPECT_EQ(errorOf({}), "is not a .npy file");
  EXPECT_EQ(
      errorOf({'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0}),
      "is a .npz archive, expected one array in .npy format (numpy.save)");
  EXPECT_EQ(errorOf(file(header("<f4", "(1,)"), 4, 4)),
            "has .npy version 4, expected 1, 2 or 3");
  for (const char *bad :
       {"", "{", "{}", "{'descr': '<f4'}", "{'shape': (-1,)}", "{'x': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}"})
    EXPECT_EQ(errorOf(file(bad, 4)), "malformed .npy header") << bad;
}

// Under a sanitizer this also shows that nothing is read out of bounds.
TEST(Npy, DamagedFilesNeverCrash) {
  auto whole = file(header("<i4", "(2, 3)"), 24);
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<uint8_t> cut(whole.begin(), whole.begin() + long(size));
    errorOf(cut);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto bytes = whole;
    for (int k = 0; k < 3; ++k)
      bytes[random() % bytes.size()] = uint8_t(random());
    NpyArray array;
    std::string error;
    if (parseNpy(bytes.data(), bytes.size(), array, error))
      EXPECT_EQ(size_t(array.elements()) * bnn_type_size(array.type),
                array.data.size());
    else
      EXPECT_FALSE(error.empty());
  }
}

TEST(Npy, ConvertsOnlyWhatStaysTheSame) {
  std::string error;
  NpyArray a = arrayOf<double>(BNN_FLOAT64, {0.5, -3, 1e30f, -0.0});
  ASSERT_TRUE(convertNpy(a, BNN_FLOAT32, error)) << error;
  EXPECT_EQ(a.as<float>()[1], -3);
  a = arrayOf<double>(BNN_FLOAT64, {0.5, 0.1});
  EXPECT_FALSE(convertNpy(a, BNN_FLOAT32, error));
  EXPECT_EQ(
      error,
      "is float64, expected float32: element 1 is 0.1, which is no float32");
  a = arrayOf<float>(BNN_FLOAT32, {1, 127});
  EXPECT_TRUE(convertNpy(a, BNN_INT8, error));
  a = arrayOf<float>(BNN_FLOAT32, {128});
  EXPECT_FALSE(convertNpy(a, BNN_INT8, error));
  a = arrayOf<float>(BNN_FLOAT32, {std::nanf("")});
  EXPECT_FALSE(convertNpy(a, BNN_INT64, error));
  ASSERT_TRUE(convertNpy(a, BNN_FLOAT64, error));
  EXPECT_TRUE(std::isnan(a.as<double>()[0]));
  a = arrayOf<int64_t>(BNN_INT64, {INT64_MAX});
  EXPECT_FALSE(convertNpy(a, BNN_FLOAT64, error));
  a = arrayOf<int8_t>(BNN_INT8, {-1});
  EXPECT_FALSE(convertNpy(a, BNN_UINT8, error));
  EXPECT_TRUE(convertNpy(a, BNN_INT64, error));
  EXPECT_EQ(a.as<int64_t>()[0], -1);
}

TEST(Npy, TypesThatCppDoesNotHaveTakeTheirNumbersOnly) {
  std::string error;
  for (auto [type, name, value] : {std::tuple{BNN_FLOAT16, "float16", 0.1},
                                   {BNN_INT16, "int16", 32768.0},
                                   {BNN_BOOL, "bool", 2.0}}) {
    NpyArray a = arrayOf<double>(BNN_FLOAT64, {1, value});
    EXPECT_FALSE(convertNpy(a, type, error));
    EXPECT_EQ(error, fmt::format("holds {} as element 1, which is no {}", value,
                                 name));
    a = arrayOf<double>(BNN_FLOAT64, {1, 0});
    EXPECT_TRUE(convertNpy(a, type, error)) << error;
  }
}

TEST(Npy, ShapesPrintAsNumPyDoes) {
  EXPECT_EQ(shapeText({}), "()");
  EXPECT_EQ(shapeText({3}), "(3,)");
  EXPECT_EQ(shapeText({3, 1, 5}), "(3, 1, 5)");
}

} // namespace
