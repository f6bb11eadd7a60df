//===- Legalise.h - From bnn operations to layers ---------------*- C++ -*-===//
//
// Groups a function of bnn operations into the layers that the engine runs and
// what the loader does before and after them. Whatever the engine cannot run
// exactly is an error that names the node.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_LEGALISE_H
#define BNNCC_COMPILER_LOWER_LEGALISE_H

#include "Layer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <nlohmann/json.hpp>

namespace bnncc::lower {

using Json = nlohmann::ordered_json;

struct Legalised {
  Network network;
  /// `input.quantise` of the program file, and the operation that it is.
  Json quantise;
  mlir::Operation *quantiseOp = nullptr;
  /// `epilogue` of the program file: from the values of the last layer on.
  Json epilogue = Json::array();
  /// The operation whose result the first `coveredOps` entries of the epilogue
  /// compute, if the engine took a reduction over; else null.
  mlir::Operation *covered = nullptr;
  size_t coveredOps = 0;
  /// Per layer the operation whose result the layer hands on; of the last layer
  /// the integers before the epilogue (before the sum that Split takes over).
  std::vector<mlir::Operation *> ends;
};

/// ONNX node names of an operation, in order, without repetition.
std::vector<std::string> nodeNames(mlir::Location loc);

/// On failure returns false and sets `error` to "node 'N': ...".
bool legalise(mlir::func::FuncOp func, Legalised &result, std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_LEGALISE_H
