//===- Corners.h - Constructed inputs for the verification ------*- C++ -*-===//
//
// Windows of codes that reach the ends of the sums and the quantiser's switch
// points, with float inputs chosen at and just below its boundaries.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_CORNERS_H
#define BNNCC_COMPILER_LOWER_CORNERS_H

#include "Legalise.h"

#include "bnn/Interpreter.h"

namespace bnncc::lower {

struct Corner {
  std::string name;
  bool real = true;           ///< the graph's input is a float
  std::vector<double> values; ///< for the ONNX graph
  bnn::Tensor tensor;         ///< the same for the bnn function
};

/// Windows of random codes beside the constructed ones.
inline constexpr unsigned randomCorners = 3;

/// Seven constructed windows and `randomCorners` that `seed` makes.
std::vector<Corner> makeCorners(mlir::func::FuncOp func,
                                const Legalised &legalised, uint32_t seed);

/// `a` with the first `count` elements of `b`.
Corner mixed(const Corner &a, const Corner &b, size_t count);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_CORNERS_H
