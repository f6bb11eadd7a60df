//===- ProgramJson.h - The JSON sections of a program -----------*- C++ -*-===//
//
// The `io` section, from which the loader knows what to do around the engine,
// and the `debug` section, which says which ONNX nodes an instruction serves.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PROGRAMJSON_H
#define BNNCC_COMPILER_LOWER_PROGRAMJSON_H

#include "CheckBinary.h"
#include "Emit.h"
#include "Legalise.h"

namespace bnncc::lower {

/// A graph input or output as ONNX has it.
struct GraphValue {
  std::string name, type;
  std::vector<int64_t> shape;
};
GraphValue graphInput(mlir::func::FuncOp func);
GraphValue graphOutput(mlir::func::FuncOp func);

Json ioJson(mlir::func::FuncOp func, const Legalised &legalised,
            const Plan &plan);
Json debugJson(const Network &network, const MachineCode &code,
               llvm::StringRef model);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_PROGRAMJSON_H
