//===- EngineDialect.cpp - Instructions as operations ---------------------===//
//
// Attributes to fields and back by the tables of the ISA description.
//
//===----------------------------------------------------------------------===//

#include "engine/EngineDialect.h"

#include <fmt/format.h>

namespace isa = ::bnn::isa;

namespace bnncc::engine {

void EngineDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "engine/EngineOps.cpp.inc"
      >();
}

/// Index of the layout whose mnemonic `name` is, or -1.
static int layoutIndex(llvm::StringRef name) {
  auto layouts = isa::instructionLayouts();
  for (size_t i = 0; i < layouts.size(); ++i)
    if (name.equals_insensitive(layouts[i].mnemonic))
      return int(i);
  return -1;
}

mlir::Operation *buildInstruction(mlir::OpBuilder &builder, mlir::Location loc,
                                  const isa::Instruction &instruction) {
  const isa::LayoutInfo &layout =
      isa::instructionLayouts()[instruction.index()];
  isa::Values values = isa::values(instruction);
  mlir::OperationState state(loc, "engine." +
                                      llvm::StringRef(layout.mnemonic).lower());
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const isa::FieldInfo &field = layout.fields[i];
    if (values[i] == field.defaultValue && field.show != isa::Show::Suffix)
      continue;
    if (!field.enumeration) {
      state.addAttribute(field.name, builder.getI64IntegerAttr(values[i]));
      continue;
    }
    for (const isa::CaseInfo &c : field.enumeration->cases)
      if (c.value == values[i])
        state.addAttribute(field.name, builder.getStringAttr(c.name));
  }
  return builder.create(state);
}

static bool readField(const isa::FieldInfo &field, mlir::Attribute attr,
                      int64_t &value, std::string &error) {
  if (auto integer = mlir::dyn_cast<mlir::IntegerAttr>(attr);
      integer && !field.enumeration) {
    value = integer.getValue().getSExtValue();
    return true;
  }
  auto text = mlir::dyn_cast<mlir::StringAttr>(attr);
  if (text && field.enumeration)
    for (const isa::CaseInfo &c : field.enumeration->cases)
      if (text.getValue() == c.name) {
        value = c.value;
        return true;
      }
  error = fmt::format(
      "field '{}' must be {}", field.name,
      field.enumeration ? fmt::format("a value of {}", field.enumeration->name)
                        : "an integer");
  return false;
}

bool readInstruction(mlir::Operation *op, isa::Instruction &instruction,
                     std::string &error) {
  int index = layoutIndex(op->getName().stripDialect());
  if (index < 0) {
    error = "must be an instruction";
    return false;
  }
  const isa::LayoutInfo &layout = isa::instructionLayouts()[size_t(index)];
  isa::Values values;
  for (const isa::FieldInfo &field : layout.fields)
    values.push_back(field.defaultValue);
  for (mlir::NamedAttribute named : op->getAttrs()) {
    if (named.getName() == "layer")
      continue;
    bool known = false;
    for (size_t i = 0; i < layout.fields.size(); ++i) {
      if (named.getName() != layout.fields[i].name)
        continue;
      known = true;
      if (!readField(layout.fields[i], named.getValue(), values[i], error))
        return false;
    }
    if (!known) {
      error = fmt::format("attribute '{}' must be a field of {}",
                          named.getName().str(), layout.mnemonic);
      return false;
    }
  }
  instruction = isa::makeInstruction(size_t(index), values);
  return isa::verify(instruction, error);
}

static llvm::LogicalResult verifyInstruction(mlir::Operation *op) {
  isa::Instruction instruction;
  std::string error;
  if (readInstruction(op, instruction, error))
    return mlir::success();
  return op->emitOpError(error);
}

llvm::LogicalResult LoadOp::verify() { return verifyInstruction(*this); }
llvm::LogicalResult LoopOp::verify() { return verifyInstruction(*this); }
llvm::LogicalResult OutOp::verify() { return verifyInstruction(*this); }
llvm::LogicalResult RunOp::verify() { return verifyInstruction(*this); }
llvm::LogicalResult StoreOp::verify() { return verifyInstruction(*this); }
llvm::LogicalResult EndOp::verify() { return verifyInstruction(*this); }

llvm::LogicalResult BufferOp::verify() {
  static constexpr llvm::StringLiteral memories[] = {
      "lanes", "weights", "thresholds", "control", "output"};
  if (!llvm::is_contained(memories, getMemory()))
    return emitOpError("memory must be lanes, weights, thresholds, control or "
                       "output, but found ")
           << getMemory();
  if (int64_t(getAddress()) < 0 || int64_t(getSize()) < 0)
    return emitOpError("address and size must not be negative");
  return mlir::success();
}

} // namespace bnncc::engine

#include "engine/EngineDialect.cpp.inc"

#define GET_OP_CLASSES
#include "engine/EngineOps.cpp.inc"
