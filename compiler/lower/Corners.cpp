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
/// The largest value of `type` below `x`, which is one of its values.
double below(double x, mlir::Type type) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (mlir::isa<mlir::IntegerType>(type))
    return x - 1;
  if (type.isF32())
    return std::nextafter(float(x), -float(infinity));
  if (type.isF64())
    return std::nextafter(x, -infinity);
  llvm::APFloat number(x);
  bool lost;
  number.convert(mlir::cast<mlir::FloatType>(type).getFloatSemantics(),
                 llvm::APFloat::rmNearestTiesToEven, &lost);
  number.next(/*nextDown=*/true);
  return number.convertToDouble();
}

/// Code index 0..levels-1 -> input value; `upper` asks for the other end of the
/// interval of values with this code.
struct Levels {
  const host::Quantiser &quantiser;
  mlir::Type type; ///< of the input
  int64_t count = 2, first = -1, step = 2;

  double value(int64_t index, bool upper, int64_t row) const {
    if (quantiser.kind == host::Quantiser::Kind::None) // no number of theirs is 0
      return float(2 * index - 255) * 0.01f;
    if (quantiser.kind != host::Quantiser::Kind::Boundaries)
      return double(first + step * index);
    auto last = int64_t(quantiser.width());
    if (last == 0)
      return 0;
    const double *own = &quantiser.boundaries[size_t(row * last)];
    // Boundaries that only infinities reach have no finite value.
    while (last > 1 && std::isinf(own[last - 1]))
      --last;
    index = std::min(index, last);
    double x = upper && index < last ? below(own[index], type)
               : index == 0          ? below(own[0], type)
                                     : own[index - 1];
    return std::isinf(x) ? 0 : x;
  }
};

Levels levelsOf(const host::Quantiser &q, mlir::Type type) {
  using Kind = host::Quantiser::Kind;
  Levels levels{q, type};
  if (q.kind == Kind::Boundaries) {
    levels.count = int64_t(q.width()) + 1;
  } else if (q.kind == Kind::Cast) {
    levels.first = q.min;
    levels.step = 1;
    levels.count = int64_t(q.max) - q.min + 1;
  } else if (q.kind == Kind::None) {
    levels.count = 256;
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

Corner mixed(const Corner &a, const Corner &b, size_t count) {
  Corner result = a;
  result.name = fmt::format("{} elements of {}, then {}", count, b.name, a.name);
  std::copy_n(b.values.begin(), count, result.values.begin());
  if (a.real)
    result.tensor.data = result.values;
  else
    result.tensor.data =
        bnn::Tensor::Integers(result.values.begin(), result.values.end());
  return result;
}

std::vector<Corner> makeCorners(mlir::func::FuncOp func,
                                const Legalised &legalised, uint32_t seed) {
  auto type = mlir::cast<mlir::RankedTensorType>(func.getArgumentTypes()[0]);
  Levels levels = levelsOf(legalised.quantiser, type.getElementType());
  int64_t size = type.getNumElements();
  // Elements of the map that the quantiser reads.
  int64_t count =
      legalised.gather.empty() ? size : int64_t(legalised.gather.size());
  std::vector<Corner> corners;
  auto add = [&](std::string name, auto index) {
    Corner corner;
    corner.name = std::move(name);
    corner.real = mlir::isa<mlir::FloatType>(type.getElementType());
    auto valueOf = [&](int64_t i, int64_t level, bool upper) {
      int64_t row = i / (count / int64_t(legalised.quantiser.rows));
      return levels.value(level, upper, row);
    };
    if (legalised.gather.empty()) {
      for (int64_t i = 0; i < size; ++i)
        corner.values.push_back(valueOf(i, index(i), (i / 3) % 2));
    } else {
      // What the map does not take is anything.
      for (int64_t i = 0; i < size; ++i)
        corner.values.push_back(
            levels.value(i * 7 % levels.count, i % 2, /*row=*/0));
      for (int64_t i = 0; i < count; ++i)
        corner.values[legalised.gather[i]] =
            valueOf(i, index(i), (i / 3) % 2);
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
