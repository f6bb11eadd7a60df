//===- Batch.h - A batch of windows in the graph becomes one ----*- C++ -*-===//
//
// A model exported with a batch of N treats N windows alike. Here it becomes
// the model of one window; the loader runs any number of them.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_BATCH_H
#define BNNCC_COMPILER_IMPORT_BATCH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace bnncc::importer {

/// Where all inputs of two axes or more begin with one and the same N > 1, and
/// every operation keeps the N windows apart, sets that axis to 1 throughout.
/// A graph whose first axis is no batch (a convolution meets it on another
/// axis) stays as it is. On failure returns false and sets `error` to "node
/// 'NAME' (Op): rule, value found; remedy".
bool removeBatch(mlir::func::FuncOp function, std::string &error);

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_BATCH_H
