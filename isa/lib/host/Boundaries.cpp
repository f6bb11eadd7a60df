// Finds the line by its step: the mean distance is within some floats of it.
#include "Boundaries.h"

#include <bit>
#include <cmath>
#include <limits>

namespace bnn::host {

/// Floats in order, as integers: neighbours differ by 1, both zeros are 0.
static int64_t placeOf(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  int64_t magnitude = bits & 0x7fffffff;
  return bits >> 31 ? -magnitude : magnitude;
}

static float floatAt(int64_t place) {
  constexpr int64_t infinity = 0x7f800000;
  if (std::abs(place) > infinity)
    return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(uint32_t(std::abs(place)) |
                              (place < 0 ? 0x80000000u : 0u));
}

static float onLine(double start, double step, size_t j) {
  double offset = double(j) * step;
  return float(start + offset);
}

float boundaryAt(const BoundaryLine &line, size_t j) {
  float x = onLine(line.start, line.step, j);
  if (std::isnan(x))
    return x;
  return floatAt(placeOf(x) + line.ulps[j]);
}

/// The sum of all ulps' magnitudes: what is written, roughly.
static int64_t sizeOf(const BoundaryLine &line) {
  int64_t size = 0;
  for (int64_t ulps : line.ulps)
    size += std::abs(ulps);
  return size;
}

static BoundaryLine along(const std::vector<float> &boundaries, double start,
                          double step) {
  BoundaryLine line{start, step, {}};
  for (size_t j = 0; j != boundaries.size(); ++j)
    line.ulps.push_back(placeOf(boundaries[j]) - placeOf(onLine(start, step, j)));
  return line;
}

std::optional<BoundaryLine> lineOf(const std::vector<float> &boundaries) {
  size_t count = boundaries.size();
  if (count < 3 || !std::isfinite(boundaries.front()) ||
      !std::isfinite(boundaries.back()))
    return std::nullopt;
  double first = boundaries.front(), last = boundaries.back();
  float mean = float((last - first) / double(count - 1));
  if (!(mean > 0) || !std::isfinite(mean))
    return std::nullopt;
  std::optional<BoundaryLine> best;
  for (int64_t near = -2; near <= 2; ++near) {
    double step = floatAt(placeOf(mean) + near);
    // A boundary lies half-way between two codes, or on one.
    double start = std::nearbyint(2 * first / step) * step / 2;
    if (!(step > 0) || !std::isfinite(start))
      continue;
    BoundaryLine line = along(boundaries, start, step);
    if (!best || sizeOf(line) < sizeOf(*best))
      best = std::move(line);
  }
  // A pattern of float32 takes ten digits, an element of `ulps` as a rule one.
  if (!best || sizeOf(*best) > int64_t(4 * count))
    return std::nullopt;
  return best;
}

} // namespace bnn::host
