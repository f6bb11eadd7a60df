//===- ProgramJson.cpp - The JSON sections of a program -------------------===//
//
// Fields in the order of docs/program-file.md, so that equal programs have
// equal bytes.
//
//===----------------------------------------------------------------------===//

#include "ProgramJson.h"

#include "llvm/Support/Path.h"

namespace bnncc::lower {

static std::string typeName(mlir::Type type) {
  if (type.isF32())
    return "float32";
  if (type.isF64())
    return "float64";
  if (type.isInteger(1))
    return "bool";
  std::string bits = std::to_string(type.getIntOrFloatBitWidth());
  return (type.isUnsignedInteger() ? "uint" : "int") + bits;
}

static GraphValue graphValue(mlir::Type type, mlir::DictionaryAttr attrs) {
  GraphValue value;
  if (attrs) {
    if (auto name = attrs.getAs<mlir::StringAttr>("onnx.name"))
      value.name = name.str();
    if (auto original = attrs.getAs<mlir::TypeAttr>("onnx.type"))
      type = original.getValue();
  }
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  value.type = typeName(tensor.getElementType());
  value.shape = tensor.getShape().vec();
  return value;
}

GraphValue graphInput(mlir::func::FuncOp func) {
  return graphValue(func.getArgumentTypes()[0], func.getArgAttrDict(0));
}

GraphValue graphOutput(mlir::func::FuncOp func) {
  return graphValue(func.getResultTypes()[0], func.getResultAttrDict(0));
}

static Json layoutJson(const Layer &first, const MapLayout &map) {
  Json layout;
  layout["format"] = map.quad ? "bytes" : "bits";
  if (map.quad) {
    layout["xor"] = first.isSigned ? 128 : 0;
  } else {
    layout["record"] = map.record;
    layout["groups"] = map.groups;
    layout["group_bytes"] = map.groupBytes;
  }
  layout["row_bytes"] = map.rowBytes;
  layout["pad_left"] = map.lead;
  layout["pad_right"] = map.trail;
  if (map.quad)
    layout["pad_code"] = first.padValue;
  else
    layout["pad_bit"] = map.padOne ? 1 : 0;
  layout["pad_top"] = first.padTop;
  layout["pad_bottom"] = first.padBottom;
  layout["lead"] = 8 * map.padLead;
  layout["trail"] = 8 * map.padTrail;
  return layout;
}

Json ioJson(mlir::func::FuncOp func, const Legalised &legalised,
            const Plan &plan) {
  const Layer &first = legalised.network.layers.front();
  const Layer &last = legalised.network.layers.back();
  Json io;
  GraphValue in = graphInput(func), out = graphOutput(func);
  Json &input = io["input"];
  input["name"] = in.name;
  input["type"] = in.type;
  input["shape"] = in.shape;
  input["map"] = {{"C", first.in.c}, {"H", first.in.h}, {"W", first.in.w}};
  input["quantise"] = legalised.quantise;
  if (input["quantise"].is_null()) // an integer input needs no quantiser
    input["quantise"] = {{"kind", "cast"},
                         {"min", first.isSigned ? -128 : 0},
                         {"max", first.isSigned ? 127 : 255}};
  input["layout"] = layoutJson(first, plan.layers[0].in);

  bool raw = last.output == OutputKind::Raw;
  int64_t parts = last.output == OutputKind::Split ? 2 : 1;
  io["raw"]["words"] = outputOrder(legalised.network, plan);
  io["raw"]["shape"] = {parts * last.conv.c, raw ? last.out.h : 1,
                        raw ? last.out.w : 1};
  if (parts == 2)
    io["raw"]["parts"] = 2;
  io["epilogue"] = legalised.epilogue;
  io["output"] = {{"name", out.name}, {"type", out.type}, {"shape", out.shape}};
  return io;
}

Json debugJson(const Network &network, const MachineCode &code,
               llvm::StringRef model) {
  Json list = Json::array();
  size_t index = 0;
  for (const auto *part : {&code.cold, &code.warm})
    for (const MachineInstruction &item : *part) {
      if (item.layer >= 0)
        list.push_back({{"index", index},
                        {"nodes", network.layers[size_t(item.layer)].nodes},
                        {"pass", "bnn-assemble"}});
      ++index;
    }
  Json debug;
  debug["instructions"] = std::move(list);
  debug["model"] = llvm::sys::path::filename(model).str();
  return debug;
}

} // namespace bnncc::lower
