//===- ProgramJson.cpp - The JSON sections of a program -------------------===//
//
// See ProgramJson.h; the `io` section itself is written by isa/lib/host.
//
//===----------------------------------------------------------------------===//

#include "ProgramJson.h"
#include "HostOps.h"

#include "llvm/Support/Path.h"
#include <fmt/format.h>

namespace bnncc::lower {

static std::string typeName(mlir::Type type) {
  if (type.isF32())
    return "float32";
  if (type.isF64())
    return "float64";
  if (type.isF16())
    return "float16";
  if (type.isBF16())
    return "bfloat16";
  if (type.isInteger(1))
    return "bool";
  std::string bits = std::to_string(type.getIntOrFloatBitWidth());
  return (type.isUnsignedInteger() ? "uint" : "int") + bits;
}

/// A graph input or output as ONNX has it.
static bool graphValue(mlir::Type type, mlir::DictionaryAttr attrs,
                       const char *role, host::TensorSpec &spec,
                       std::string &error) {
  if (attrs) {
    if (auto name = attrs.getAs<mlir::StringAttr>("onnx.name"))
      spec.name = name.str();
    if (auto original = attrs.getAs<mlir::TypeAttr>("onnx.type"))
      type = original.getValue();
  }
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  spec.shape = tensor.getShape().vec();
  std::string name = typeName(tensor.getElementType());
  if (host::typeNamed(name, spec.type))
    return true;
  error = fmt::format("{} '{}' has type {}, which the loader does not have; "
                      "cast it to float32 or int64 in the graph",
                      role, spec.name, name);
  return false;
}

bool hostPart(mlir::func::FuncOp func, const Legalised &legalised,
              const Plan &plan, host::Part &part, std::string &error) {
  const Layer &first = legalised.network.layers.front();
  const Layer &last = legalised.network.layers.back();
  part = {};
  if (!graphValue(func.getArgumentTypes()[0], func.getArgAttrDict(0), "input",
                  part.input, error))
    return false;
  part.map = {first.in.c, first.in.h, first.in.w};
  part.from.assign(legalised.gather.begin(), legalised.gather.end());
  part.before = legalised.before;
  if (!part.before.empty()) {
    host::Shape packed = part.map;
    part.map = part.before.front().in;
    // The engine's layer reads the same elements as another map.
    if (part.before.back().out != packed) {
      host::Op reshape;
      reshape.kind = host::Op::Kind::Reshape;
      reshape.operands = {uint32_t(part.before.size())};
      reshape.in = part.before.back().out;
      reshape.out = packed;
      part.before.push_back(reshape);
    }
  }
  part.quantiser = legalised.quantiser;
  part.layout = inputLayout(first, plan.layers[0].in);
  part.words = outputOrder(legalised.network, plan);
  if (last.output == OutputKind::Raw)
    part.raw = {last.conv.c, last.out.h, last.out.w};
  else
    part.raw = {last.conv.c * (last.output == OutputKind::Split ? 2 : 1), 1, 1};
  part.ops = legalised.ops;
  for (unsigned i = 0; i < func.getNumResults(); ++i) {
    host::Output &output = part.outputs.emplace_back();
    output.value = legalised.outputs[i];
    if (!graphValue(func.getResultTypes()[i], func.getResultAttrDict(i),
                    "output", output.tensor, error))
      return false;
  }
  return true;
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

std::string textOf(const Json &json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace bnncc::lower
