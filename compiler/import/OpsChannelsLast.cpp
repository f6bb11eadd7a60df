//===- OpsChannelsLast.cpp - QONNX operators with channels last -----------===//
//
// N x positions x C data -> transposition, the standard operator, transposition
// back. Weights of Conv have their input channels last, too.
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace bnncc::importer {

void runChannelsLast(const Handler &standard, NodeBuilder &n) {
  int64_t rank = n.rank(0);
  if (rank < 2)
    return n.fail("data with channels last must have a batch axis and "
                  "channels, found " +
                  toString(n.shape(0)) + "; correct the shape");
  Shape first{0, rank - 1}, last{0};
  llvm::append_range(first, iota(1, rank - 1));
  llvm::append_range(last, iota(2, rank));
  last.push_back(1);
  n.inputs[0] = n.emitTranspose(n.in(0), first);
  if (n.op == "Conv" && n.rank(1) == rank)
    n.inputs[1] = n.emitTranspose(n.in(1), first);
  standard.run(n);
  for (Value &result : n.results)
    if (result && NodeBuilder::typeOf(result).getRank() == rank)
      result = n.emitTranspose(result, last);
}

void addChannelsLastHandlers(HandlerTable &table,
                             const HandlerTable &standard) {
  for (const char *op : {"Conv", "MaxPool", "BatchNormalization"}) {
    Handler &handler = table[op] = standard.find(op)->second;
    handler.isChannelsLast = true;
  }
}

} // namespace bnncc::importer
