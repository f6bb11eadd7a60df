//===- EngineModule.cpp - Machine code as engine operations ---------------===//
//
// See EngineModule.h.
//
//===----------------------------------------------------------------------===//

#include "EngineModule.h"

#include "engine/EngineDialect.h"

namespace bnncc::lower {

static mlir::Location locate(mlir::Builder &builder, const Network &network,
                             int layer) {
  llvm::SmallVector<mlir::Location> parts;
  if (layer >= 0)
    for (const std::string &node : network.layers[size_t(layer)].nodes)
      parts.push_back(mlir::NameLoc::get(builder.getStringAttr(node)));
  return parts.empty() ? builder.getUnknownLoc() : builder.getFusedLoc(parts);
}

mlir::OwningOpRef<mlir::ModuleOp> engineModule(mlir::MLIRContext &context,
                                               const Network &network,
                                               const Plan &plan,
                                               const MachineCode &code) {
  mlir::OpBuilder builder(&context);
  mlir::Location unknown = builder.getUnknownLoc();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(unknown);
  builder.setInsertionPointToEnd(module->getBody());
  auto program = engine::ProgramOp::create(builder, unknown, plan.target.name);
  builder.setInsertionPointToEnd(&program.getBody().emplaceBlock());

  auto buffer = [&](const char *memory, uint32_t address, uint32_t size,
                    int layer) {
    auto op = engine::BufferOp::create(builder, locate(builder, network, layer),
                                       memory, address, size);
    if (layer >= 0) {
      op->setAttr("layer", builder.getI64IntegerAttr(layer));
      op->setAttr("node",
                  builder.getStringAttr(network.layers[size_t(layer)].name()));
    }
  };
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan &layer = plan.layers[i];
    buffer("lanes", layer.in.base, layer.in.words(), int(i));
    buffer("weights", layer.weightBase, layer.weightRows, int(i));
    buffer("thresholds", layer.thresholdBase, layer.thresholdRows, int(i));
  }
  buffer("control", 0, uint32_t(plan.microcode.size()), -1);
  buffer("output", 0, plan.usage.outputWords, int(plan.layers.size()) - 1);

  for (const auto *part : {&code.cold, &code.warm})
    for (const MachineInstruction &item : *part) {
      mlir::Operation *op = engine::buildInstruction(
          builder, locate(builder, network, item.layer), item.instruction);
      if (item.layer >= 0)
        op->setAttr("layer", builder.getI64IntegerAttr(item.layer));
    }
  return module;
}

bool readEngineModule(mlir::ModuleOp module, MachineCode &code,
                      std::string &error) {
  code = MachineCode();
  for (auto program : module.getOps<engine::ProgramOp>()) {
    auto *part = &code.cold;
    for (mlir::Operation &op : program.getBody().front()) {
      if (mlir::isa<engine::BufferOp>(op))
        continue;
      MachineInstruction item;
      if (!engine::readInstruction(&op, item.instruction, error))
        return false;
      if (auto layer = op.getAttrOfType<mlir::IntegerAttr>("layer"))
        item.layer = int(layer.getInt());
      part->push_back(item);
      if (mlir::isa<engine::EndOp>(op))
        part = &code.warm;
    }
  }
  return true;
}

} // namespace bnncc::lower
