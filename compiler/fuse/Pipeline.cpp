// Puts the fusion passes in order.

#include "fuse/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

namespace bnncc {

void buildFusePipeline(mlir::OpPassManager &manager,
                       const FuseOptions &options) {
  manager.addPass(createCancelTerms());
  manager.addPass(createNormalizeGraph());
  manager.addPass(createInferQuantization({options.inputType}));
  manager.addPass(createFuseThresholds({options.signZero, options.inputArithmetic}));
  manager.addPass(mlir::createCanonicalizerPass());
  manager.addPass(mlir::createCSEPass()); // outputs share what they come from
}

namespace {
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> inputType{*this, "input-type",
                                llvm::cl::desc("See bnn-infer-quantization"),
                                llvm::cl::init("")};
  Option<std::string> signZero{*this, "sign-zero",
                               llvm::cl::desc("See bnn-fuse-thresholds"),
                               llvm::cl::init("error")};
  Option<std::string> inputArithmetic{
      *this, "input-arithmetic", llvm::cl::desc("See bnn-fuse-thresholds"),
      llvm::cl::init("float")};
};
} // namespace

void registerBnnFusePasses() {
  registerBnnFusionPasses();
  mlir::PassPipelineRegistration<PipelineOptions>(
      "bnn-fuse", "Take an imported graph to the bnn level",
      [](mlir::OpPassManager &manager, const PipelineOptions &options) {
        buildFusePipeline(manager, {options.inputType, options.signZero,
                                    options.inputArithmetic});
      });
}

} // namespace bnncc
