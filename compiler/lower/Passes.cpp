//===- Passes.cpp - The back end as a pass --------------------------------===//
//
// See Passes.h.
//
//===----------------------------------------------------------------------===//

#include "Passes.h"
#include "EngineModule.h"
#include "Legalise.h"
#include "PrepareLayers.h"

#include "bnn/BnnDialect.h"
#include "engine/EngineDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace bnncc {

namespace {
/// bnn functions -> engine.program
class LowerProgram
    : public mlir::PassWrapper<LowerProgram,
                               mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerProgram)
  LowerProgram() = default;
  LowerProgram(const LowerProgram &other) : PassWrapper(other) {}
  explicit LowerProgram(const std::string &name) { target = name; }

  llvm::StringRef getArgument() const final { return "bnn-lower-program"; }
  llvm::StringRef getDescription() const final {
    return "Plan, pack and emit a bnn function as an engine program";
  }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<engine::EngineDialect>();
  }

  void runOnOperation() final {
    mlir::ModuleOp module = getOperation();
    auto functions = module.getOps<mlir::func::FuncOp>();
    ::bnn::isa::Target sizes;
    lower::Legalised legalised;
    lower::Plan plan;
    std::string error;
    if (functions.empty()) {
      module.emitError("must hold a function of bnn operations");
      return signalPassFailure();
    }
    lower::prepareLayers(*functions.begin());
    if (!::bnn::isa::loadTarget(target, sizes, error) ||
        !lower::legalise(*functions.begin(), legalised, error) ||
        !lower::planOrAdvise(legalised.network, sizes, plan, error)) {
      module.emitError(error);
      return signalPassFailure();
    }
    auto machine =
        lower::engineModule(getContext(), legalised.network, plan,
                            lower::emitCode(legalised.network, plan));
    module.getBodyRegion().takeBody(machine->getBodyRegion());
  }

private:
  Option<std::string> target{*this, "target",
                             llvm::cl::desc("z010, z020, z035 or a file"),
                             llvm::cl::init("z020")};
};

/// bnn functions -> bnn functions in the forms that the engine has
class PrepareLayers
    : public mlir::PassWrapper<PrepareLayers,
                               mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrepareLayers)

  llvm::StringRef getArgument() const final { return "bnn-prepare-layers"; }
  llvm::StringRef getDescription() const final {
    return "Signs at the end go to the host; zero padding of bits that cannot "
           "be corrected by thresholds becomes padding of complements";
  }
  void runOnOperation() final { lower::prepareLayers(getOperation()); }
};
} // namespace

std::unique_ptr<mlir::Pass> createLowerProgram(std::string target) {
  return std::make_unique<LowerProgram>(target);
}

void registerBnnLowerPasses() {
  mlir::PassRegistration<LowerProgram>(
      [] { return std::make_unique<LowerProgram>(); });
  mlir::PassRegistration<PrepareLayers>();
}

} // namespace bnncc
