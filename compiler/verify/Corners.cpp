// Builds the corner inputs of the exact verification.

#include "verify/Corners.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace bnncc {

namespace {

/// The integers that the network's input can carry, and a float for each.
struct Alphabet {
  std::vector<double> values; ///< ascending by code
  double at(int64_t i) const {
    return values[std::clamp<int64_t>(i, 0, int64_t(values.size()) - 1)];
  }
  int64_t size() const { return int64_t(values.size()); }
};

/// All integers of a type of at most 8 bits, the ends of a wider one.
void addIntegers(mlir::IntegerType type, Alphabet &alphabet) {
  unsigned width = type.getWidth();
  if (width == 1) {
    alphabet.values = {-1, 1};
    return;
  }
  int64_t low = type.isUnsigned() ? 0 : -(int64_t(1) << (width - 1));
  for (int64_t i = 0; i < int64_t(1) << std::min(width, 8u); ++i)
    alphabet.values.push_back(double(low + i));
}

Alphabet alphabetOf(mlir::func::FuncOp function) {
  Alphabet alphabet;
  function.walk([&](mlir::Operation *op) {
    if (auto quantize = mlir::dyn_cast<bnn::QuantizeOp>(op)) {
      // A code's smallest input is its boundary: the tie itself.
      std::vector<double> boundaries;
      for (llvm::APFloat b :
           quantize.getBoundaries().getValues<llvm::APFloat>())
        boundaries.push_back(b.convertToFloat());
      if (boundaries.empty())
        return mlir::WalkResult::interrupt();
      alphabet.values.push_back(std::nextafterf(
          float(boundaries.front()), -std::numeric_limits<float>::infinity()));
      alphabet.values.insert(alphabet.values.end(), boundaries.begin(),
                             boundaries.end());
      return mlir::WalkResult::interrupt();
    }
    if (auto cast = mlir::dyn_cast<bnn::CastInputOp>(op)) {
      auto map = mlir::cast<mlir::ShapedType>(cast.getType());
      addIntegers(mlir::cast<mlir::IntegerType>(map.getElementType()), alphabet);
      return mlir::WalkResult::interrupt();
    }
    return mlir::WalkResult::advance();
  });
  if (alphabet.values.empty()) {
    // No quantiser: the graph's own input carries the integers.
    auto type = mlir::cast<mlir::ShapedType>(function.getArgumentTypes().front());
    if (auto integer = mlir::dyn_cast<mlir::IntegerType>(type.getElementType()))
      addIntegers(integer, alphabet);
  }
  if (alphabet.values.empty())
    alphabet.values = {0};
  return alphabet;
}

} // namespace

std::vector<std::vector<double>> cornerInputs(mlir::func::FuncOp function,
                                              unsigned count, uint64_t seed) {
  Alphabet alphabet = alphabetOf(function);
  auto type = mlir::cast<mlir::ShapedType>(function.getArgumentTypes().front());
  int64_t size = type.getNumElements();
  int64_t top = alphabet.size() - 1;
  std::vector<std::vector<double>> inputs;

  for (unsigned n = 0; n < count; ++n) {
    std::vector<double> input(size);
    std::mt19937_64 random(seed * 1000003 + n);
    if (n == 0) {
      // Six pieces: lowest, highest, alternating by one, by 32, ramp up, down.
      int64_t piece = std::max<int64_t>(1, size / 6);
      for (int64_t i = 0; i < size; ++i) {
        int64_t in = i % piece;
        int64_t codes[] = {0,
                           top,
                           in % 2 * top,
                           in / 32 % 2 * top,
                           in * top / piece,
                           top - in * top / piece};
        input[i] = alphabet.at(codes[std::min<int64_t>(i / piece, 5)]);
      }
    } else if (n == 1) {
      // Along the first convolution's kernels, so that its sums are extreme.
      std::vector<int> pattern;
      function.walk([&](bnn::ConvOp conv) {
        for (llvm::APInt w : conv.getWeight().getValues<llvm::APInt>())
          pattern.push_back(w.isNegative() ? -1 : 1);
        return mlir::WalkResult::interrupt();
      });
      for (int64_t i = 0; i < size; ++i) {
        int sign = pattern.empty() ? 1 : pattern[i % pattern.size()];
        if (!pattern.empty() && i / int64_t(pattern.size()) % 2)
          sign = -sign;
        input[i] = alphabet.at(sign > 0 ? top : 0);
      }
    } else {
      // A walk whose steps grow with n: like a signal, at every amplitude.
      double position = double(top) / 2, width = double(top) / double(2 << (count - n));
      std::uniform_real_distribution<double> step(-width, width);
      for (int64_t i = 0; i < size; ++i) {
        position += step(random) - (position - double(top) / 2) / 16;
        input[i] = alphabet.at(std::llround(position));
      }
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

} // namespace bnncc
