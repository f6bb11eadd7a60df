//===- Compile.h - All phases, one after the other --------------*- C++ -*-===//
//
// A compilation from an ONNX file to a program, phase by phase; the driver and
// tests stop where they like and look at what stands.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_COMPILE_H
#define BNNCC_COMPILER_LOWER_COMPILE_H

#include "CheckBinary.h"
#include "import/Import.h"
#include "Emit.h"
#include "Legalise.h"
#include "Verify.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>

namespace bnncc::lower {

enum class Phase { Import, Normalize, Infer, Fuse, Lower, Assemble, Check };

struct CompileOptions {
  isa::Target target;
  std::string inputType, signZero = "error";
  std::string inputArithmetic = "float"; ///< or "real"
  InputShapes inputShapes;
  bool verify = true;
  uint32_t seed = 1; ///< of the random windows of the verification
  llvm::raw_ostream *log = nullptr; ///< times of the phases
};

class Compilation {
public:
  explicit Compilation(const CompileOptions &options);
  ~Compilation();

  /// Runs the phases up to `last`. On failure returns false and sets `error` to
  /// "FILE: node 'N': ...".
  bool run(llvm::StringRef path, Phase last, std::string &error);

  /// The module that the last phase left.
  mlir::ModuleOp module();
  std::string assembly() const;
  std::string programBytes() const;
  const Network &network() const { return legalised.network; }

  /// Files with external data that the import read.
  std::vector<std::string> externalFiles;
  Legalised legalised;
  Plan plan;
  MachineCode code;
  isa::Program program;
  CheckResult check;
  VerifyResult verification;

private:
  Compilation(const CompileOptions &options,
              std::shared_ptr<mlir::MLIRContext> context);

  bool fusePhases(Phase last, std::string &error);
  bool backEnd(llvm::StringRef path, Phase last, std::string &error);
  void addObstacles(std::string &error);

  const CompileOptions options;
  std::shared_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> imported, fused, machine;
};

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_COMPILE_H
