//===- Corners.cpp - Constructed inputs for the verification --------------===//
//
// See Corners.h.
//
//===----------------------------------------------------------------------===//

#include "Corners.h"

#include <cmath>
#include <fmt/format.h>

namespace bnncc::lower {

namespace {
/// Code index 0..levels-1 -> input value; `low` asks for the other end of the
/// interval of values with this code.
struct Levels {
  std::vector<float> boundaries; ///< empty: the value is first + step * index
  int64_t count = 2, first = -1, step = 2;

  double value(int64_t index, bool upper) const {
    if (boundaries.empty())
      return double(first + step * index);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    int64_t last = int64_t(boundaries.size());
    if (upper && index < last)
      return std::nextafter(boundaries[index], -infinity);
    return index == 0 ? std::nextafter(boundaries[0], -infinity)
                      : boundaries[index - 1];
  }
};

Levels levelsOf(const host::Quantiser &q) {
  using Kind = host::Quantiser::Kind;
  Levels levels;
  if (q.kind == Kind::Boundaries) {
    levels.boundaries = q.boundaries;
    levels.count = int64_t(levels.boundaries.size()) + 1;
  } else if (q.kind == Kind::Cast) {
    levels.first = q.min;
    levels.step = 1;
    levels.count = int64_t(q.max) - q.min + 1;
  }
  return levels;
}

/// A small generator, the same on every platform.
uint32_t next(uint32_t &state) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/// Spreads neighbouring seeds over all states (the finaliser of MurmurHash3).
uint32_t spread(uint32_t seed) {
  seed = (seed ^ seed >> 16) * 0x85ebca6bu;
  seed = (seed ^ seed >> 13) * 0xc2b2ae35u;
  return seed ^ seed >> 16;
}
} // namespace

std::vector<Corner> makeCorners(mlir::func::FuncOp func,
                                const Legalised &legalised, uint32_t seed) {
  Levels levels = levelsOf(legalised.quantiser);
  auto type = mlir::cast<mlir::RankedTensorType>(func.getArgumentTypes()[0]);
  int64_t size = type.getNumElements();
  std::vector<Corner> corners;
  auto add = [&](std::string name, auto index) {
    Corner corner;
    corner.name = std::move(name);
    corner.real = mlir::isa<mlir::FloatType>(type.getElementType());
    if (legalised.gather.empty()) {
      for (int64_t i = 0; i < size; ++i)
        corner.values.push_back(levels.value(index(i), (i / 3) % 2));
    } else {
      // What the map does not take is anything.
      for (int64_t i = 0; i < size; ++i)
        corner.values.push_back(levels.value(i * 7 % levels.count, i % 2));
      for (int64_t i = 0, e = int64_t(legalised.gather.size()); i < e; ++i)
        corner.values[legalised.gather[i]] =
            levels.value(index(i), (i / 3) % 2);
    }
    for (size_t d = 0; d < 3; ++d)
      corner.tensor.shape[d] = type.getDimSize(unsigned(d));
    if (corner.real)
      corner.tensor.data = corner.values;
    else
      corner.tensor.data =
          bnn::Tensor::Integers(corner.values.begin(), corner.values.end());
    corners.push_back(std::move(corner));
  };
  const Layer &first = legalised.network.layers.front();
  int64_t top = levels.count - 1;
  uint32_t state = 1;
  add("all smallest", [&](int64_t) { return int64_t(0); });
  add("all largest", [&](int64_t) { return top; });
  add("alternating", [&](int64_t i) { return i % 2 ? top : 0; });
  add("ramp", [&](int64_t i) { return i % (top + 1); });
  // Channel 0 of the first layer at its largest sum, again and again.
  add("first weights", [&](int64_t i) {
    return first.weights[size_t(i % first.taps())] > 0 ? top : 0;
  });
  add("random", [&](int64_t) { return int64_t(next(state) % (top + 1)); });
  // A slow walk, as signals are.
  int64_t level = top / 2;
  add("random walk", [&](int64_t) {
    int64_t step = std::max<int64_t>(top / 8, 1);
    level += int64_t(next(state) % (2 * step + 1)) - step;
    return level = std::clamp<int64_t>(level, 0, top);
  });
  for (unsigned i = 1; i <= randomCorners; ++i) {
    state = spread(seed * randomCorners + i);
    add(fmt::format("random {} of seed {}", i, seed),
        [&](int64_t) { return int64_t(next(state) % uint32_t(top + 1)); });
  }
  return corners;
}

} // namespace bnncc::lower
