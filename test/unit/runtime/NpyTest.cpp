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

TEST(Npy, OtherTypesAreNamed) {
  EXPECT_EQ(
      errorOf(file(header("<f2", "(1,)"), 2)),
      "holds '<f2', expected float32, float64, int8, uint8, int32 or int64");
  EXPECT_EQ(errorOf(file(header(">f4", "(1,)"), 4)),
            "is big-endian ('>f4'), expected little-endian ('<f4')");
  EXPECT_EQ(
      errorOf(file(
          "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
          4)),
      "holds 'a structured type', expected float32, float64, int8, uint8, "
      "int32 or int64");
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

TEST(Npy, ShapesPrintAsNumPyDoes) {
  EXPECT_EQ(shapeText({}), "()");
  EXPECT_EQ(shapeText({3}), "(3,)");
  EXPECT_EQ(shapeText({3, 1, 5}), "(3, 1, 5)");
}

} // namespace
