//===- bnn-opt.cpp - Run single passes on MLIR text -----------------------===//
//
// mlir-opt with this project's dialects and passes, for lit tests and for
// looking at one phase at a time.
//
//===----------------------------------------------------------------------===//

#include "bnn/BnnDialect.h"
#include "engine/EngineDialect.h"
#include "fuse/Passes.h"
#include "lower/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "onnx/OnnxDialect.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::func::FuncDialect, bnncc::onnx::OnnxDialect,
                  bnncc::bnn::BnnDialect, bnncc::engine::EngineDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  bnncc::registerBnnFusePasses();
  bnncc::registerBnnLowerPasses();
  return mlir::failed(
      mlir::MlirOptMain(argc, argv, "bnncc's passes on MLIR\n", registry));
}
