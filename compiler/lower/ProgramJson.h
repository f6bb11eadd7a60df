//===- ProgramJson.h - The JSON sections of a program -----------*- C++ -*-===//
//
// What the `io` section says, from which the loader knows what to do around the
// engine, and the `debug` section, which says which ONNX nodes an instruction
// serves.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PROGRAMJSON_H
#define BNNCC_COMPILER_LOWER_PROGRAMJSON_H

#include "CheckBinary.h"
#include "Emit.h"
#include "Legalise.h"

#include <nlohmann/json.hpp>

namespace bnncc::lower {

using Json = nlohmann::ordered_json;

/// The host's part of a program for `plan`, but for the predictions. False and
/// one line in `error` if the loader has no such type as the graph's.
bool hostPart(mlir::func::FuncOp func, const Legalised &legalised,
              const Plan &plan, host::Part &part, std::string &error);

Json debugJson(const Network &network, const MachineCode &code,
               llvm::StringRef model);

/// Its text; bytes of a file's name that are not UTF-8 are replaced.
std::string textOf(const Json &json);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_PROGRAMJSON_H
