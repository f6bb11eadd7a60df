// Boundaries of a uniform quantiser are places on a line, rounded to float32.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace bnn::host {

/// Boundary j lies ulps[j] floats above float32(start + j * step), the sum and
/// the product in doubles, each rounded once. Zero is one float, not two.
struct BoundaryLine {
  double start = 0, step = 0;
  std::vector<int64_t> ulps;
};

/// The ulps of ascending boundaries around the line of a quantiser that rounds
/// to multiples of a float32 step; none if the line would not save anything.
std::optional<BoundaryLine> lineOf(const std::vector<float> &boundaries);

/// The boundary that the line gives; NaN where its ulps lead past infinity.
float boundaryAt(const BoundaryLine &line, size_t j);

} // namespace bnn::host
