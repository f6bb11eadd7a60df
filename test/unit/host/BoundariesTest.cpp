// Boundaries as a line: what is read is what was written, float by float.
#include "Boundaries.h"
#include "bnn/isa/host/Part.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace bnn::host;

namespace {

/// The least float at or above `x`.
float notBelow(double x) {
  float near = float(x);
  return double(near) < x
             ? std::nextafter(near, std::numeric_limits<float>::infinity())
             : near;
}

/// round(x / scale) + zero, ties to even: a tie to the code below moves one up.
std::vector<float> uniform(float scale, int first, int zero, size_t count) {
  std::vector<float> boundaries;
  for (size_t j = 0; j != count; ++j) {
    int code = first + int(j) + 1;
    double tie = (code - zero - 0.5) * double(scale);
    float b = notBelow(tie);
    if (double(b) == tie && (code - zero) % 2 != 0)
      b = std::nextafter(b, std::numeric_limits<float>::infinity());
    boundaries.push_back(b);
  }
  return boundaries;
}

void expectSame(const std::vector<float> &boundaries, const BoundaryLine &line) {
  ASSERT_EQ(line.ulps.size(), boundaries.size());
  for (size_t j = 0; j != boundaries.size(); ++j)
    ASSERT_EQ(boundaryAt(line, j), boundaries[j]) << j;
}

TEST(Boundaries, UniformQuantisersAreLines) {
  std::mt19937 random(3);
  for (int n = 0; n != 2000; ++n) {
    float scale = std::ldexp(float(1 + random() % (1u << 24)),
                             int(random() % 40) - 44);
    int bits = 2 + int(random() % 7), first = -(1 << (bits - 1));
    int zero = random() % 2 ? 0 : int(random() % (1u << bits)) + first;
    auto boundaries = uniform(scale, first, zero, (size_t(1) << bits) - 1);
    auto line = lineOf(boundaries);
    ASSERT_TRUE(line) << scale << " " << zero;
    expectSame(boundaries, *line);
    for (int64_t ulps : line->ulps)
      EXPECT_LE(std::abs(ulps), 2) << scale << " " << zero;
  }
}

TEST(Boundaries, AnyListIsEitherExactOrNoLine) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  int lines = 0;
  for (int n = 0; n != 500; ++n) {
    auto boundaries = uniform(0.01f, -8, 3, 15);
    for (float &b : boundaries)
      if (random() % 8 == 0)
        b = random() % 2 ? b * (1 + normal(random) * 1e-6f) : normal(random);
    std::sort(boundaries.begin(), boundaries.end());
    if (auto line = lineOf(boundaries)) {
      expectSame(boundaries, *line);
      ++lines;
    }
  }
  EXPECT_GT(lines, 0);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(lineOf({-infinity, 0, infinity}));
  EXPECT_FALSE(lineOf({1, 1, 1}));
  EXPECT_FALSE(lineOf({}));
}

TEST(Boundaries, UlpsPastInfinityAreNoNumber) {
  EXPECT_TRUE(std::isnan(boundaryAt({0, 1, {int64_t(1) << 32}}, 0)));
  EXPECT_TRUE(std::isnan(boundaryAt({std::nan(""), 1, {0}}, 0)));
  EXPECT_EQ(boundaryAt({0, 1, {-1}}, 0),
            -std::numeric_limits<float>::denorm_min());
}

} // namespace
