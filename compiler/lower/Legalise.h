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

#include "bnn/isa/host/Part.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace bnncc::lower {
namespace host = ::bnn::host;

struct Legalised {
  Network network;
  /// What makes the first layer's codes, and the operation that it is, if any.
  host::Quantiser quantiser;
  mlir::Operation *quantiseOp = nullptr;
  /// Which element of the graph's input each element of the first layer's map
  /// is, in channel-major order; empty where that is the input's own order.
  std::vector<int32_t> gather;
  /// What the host does to the codes before the first layer.
  std::vector<host::Op> before;
  /// What the host does to the values of the last layer, and which of its
  /// values the graph's outputs are (host::Op says how they are numbered).
  std::vector<host::Op> ops;
  std::vector<uint32_t> outputs;
  /// Per layer the operation whose result the layer hands on; of the last layer
  /// the integers before the epilogue (before the sum that Split takes over).
  std::vector<mlir::Operation *> ends;
};

/// ONNX node names of an operation, in order, without repetition.
std::vector<std::string> nodeNames(mlir::Location loc);

/// The user's own module that the last of them comes from ("features.0"); empty
/// where the exporter left none.
std::string moduleName(mlir::Location loc);

/// "node 'NAME' of module 'features.0'" of the last of fused nodes, which is
/// the operation's own; empty without a name.
std::string nodeText(mlir::Location loc);

/// On failure returns false and sets `error` to "node 'N': ...".
bool legalise(mlir::func::FuncOp func, Legalised &result, std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_LEGALISE_H
