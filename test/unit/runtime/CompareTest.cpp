// Comparison with a reference: what counts as equal, and what is said if not.
#include "Compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace bnn::run;
using bnn::runtime::NpyArray;

namespace {

template <typename T>
NpyArray arrayOf(bnn_type type, std::vector<int64_t> shape,
                 std::vector<T> values) {
  NpyArray array{type, std::move(shape), {}};
  array.data.resize(values.size() * sizeof(T));
  std::memcpy(array.data.data(), values.data(), array.data.size());
  return array;
}

NpyArray floats(std::vector<int64_t> shape, std::vector<float> values) {
  return arrayOf(BNN_FLOAT32, std::move(shape), std::move(values));
}

Comparison compared(const NpyArray &got, const NpyArray &expected) {
  Comparison c;
  std::string error;
  EXPECT_TRUE(compare(got, expected, got.shape[0], c, error)) << error;
  return c;
}

TEST(Compare, FloatsHaveATolerance) {
  NpyArray expected = floats({2, 2}, {1000, 0, 1, 2});
  // 5e-4 is far off 0, but below the floor of a window that holds 1000.
  Comparison c = compared(floats({2, 2}, {1000.005f, 0.0005f, 1, 2}), expected);
  EXPECT_EQ(c.equalWindows, 2);
  EXPECT_EQ(c.equalArgMax, 2);
  c = compared(floats({2, 2}, {1000, 0, 1, 2.001f}), expected);
  EXPECT_EQ(c.equalWindows, 1);
  EXPECT_EQ(c.difference,
            "window 1 index [1]: got 2.000999927520752, expected 2");
}

TEST(Compare, NotANumberAndInfinity) {
  float nan = std::nanf(""), inf = INFINITY;
  EXPECT_EQ(compared(floats({1, 2}, {nan, inf}), floats({1, 2}, {nan, inf}))
                .difference,
            "");
  EXPECT_NE(compared(floats({1, 1}, {inf}), floats({1, 1}, {3})).difference,
            "");
  EXPECT_NE(compared(floats({1, 1}, {3}), floats({1, 1}, {inf})).difference,
            "");
  EXPECT_NE(compared(floats({1, 1}, {nan}), floats({1, 1}, {3})).difference,
            "");
  EXPECT_NE(compared(floats({1, 1}, {0}), floats({1, 1}, {nan})).difference,
            "");
}

TEST(Compare, IntegersAreExact) {
  auto got = arrayOf<int64_t>(BNN_INT64, {3}, {1, 1000000, 2});
  auto expected = arrayOf<int64_t>(BNN_INT64, {3, 1}, {1, 1000001, 2});
  Comparison c = compared(got, expected);
  EXPECT_EQ(c.equalWindows, 2);
  EXPECT_EQ(c.difference, "window 1 index []: got 1000000, expected 1000001");
  EXPECT_FALSE(c.hasArgMax);
}

TEST(Compare, ShapesMustAgreeButForOnes) {
  Comparison c;
  std::string error;
  EXPECT_TRUE(compare(floats({2, 1, 2}, {1, 2, 3, 4}),
                      floats({2, 2}, {1, 2, 3, 4}), 2, c, error));
  EXPECT_FALSE(compare(floats({2, 2}, {1, 2, 3, 4}), floats({4}, {1, 2, 3, 4}),
                       2, c, error));
  EXPECT_EQ(error, "has shape (4,), the output has (2, 2)");
}

TEST(Compare, ClassesAreArgMaxOrTheIntegerItself) {
  EXPECT_EQ(classesOf(floats({2, 3}, {1, 3, 3, 9, 0, 1}), 2),
            (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(classesOf(arrayOf<int64_t>(BNN_INT64, {2}, {4, 2}), 2),
            (std::vector<int64_t>{4, 2}));
  EXPECT_TRUE(classesOf(floats({2, 1}, {1, 3}), 2).empty());
}

TEST(Compare, ConfusionCountsLabelsAgainstClasses) {
  Confusion confusion;
  std::string error;
  auto labels = arrayOf<int64_t>(BNN_INT64, {4, 1}, {0, 1, 1, 2});
  ASSERT_TRUE(countClasses({0, 1, 0, 1}, labels, 2, confusion, error)) << error;
  EXPECT_EQ(confusion.right, 2);
  EXPECT_EQ(confusion.counts, (std::vector<std::vector<int64_t>>{
                                  {1, 0, 0}, {1, 1, 0}, {0, 1, 0}}));
  EXPECT_FALSE(countClasses({0, 1}, labels, 2, confusion, error));
  EXPECT_EQ(error,
            "has shape (4, 1), expected one label for each of 2 windows");
  labels = arrayOf<int64_t>(BNN_INT64, {1}, {-1});
  EXPECT_FALSE(countClasses({0}, labels, 2, confusion, error));
  EXPECT_EQ(error, "label 0 is -1, expected a class in 0..999");
  labels = arrayOf<int64_t>(BNN_INT64, {2}, {0, 1});
  EXPECT_FALSE(countClasses({0, 1000}, labels, 2, confusion, error));
  EXPECT_EQ(error, "cannot be compared: the output of window 1 is 1000, "
                   "expected a class in 0..999");
}

} // namespace
