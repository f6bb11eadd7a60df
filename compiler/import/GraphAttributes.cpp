//===- GraphAttributes.cpp - What a node is, and its attributes -----------===//
//
// Finds the handler of a node, or says why there is none, and converts the
// node's attributes.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "TensorDecode.h"
#include "onnx.pb.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using bnncc::onnxpb::AttributeProto;
using llvm::Twine;

namespace bnncc::importer {

/// Why an operator of another domain is refused.
static std::string foreignDomain(StringRef domain, StringRef op) {
  std::string found = "found '" + shown(domain) + "'";
  if (domain.starts_with("finn.custom_op.fpgadataflow"))
    return "a graph must be one of operators, not of FINN's hardware layers, " +
           found +
           "; give the file from before step_convert_to_hw (the streamlined "
           "or the exported model)";
  std::string rule = "an operator's domain must be ai.onnx or one of QONNX's "
                     "(qonnx.custom_op.general, qonnx.custom_op.channels_last, "
                     "qonnx, onnx.brevitas, finn.custom_op.general, finn), ";
  if (domain == "com.microsoft")
    return rule + found + ", whose operator '" + shown(op) +
           "' is not supported yet; export without ONNX Runtime's "
           "optimisations (quantise in the QDQ format)";
  if (domain == "PACTOps")
    return rule + found + ", whose operator '" + shown(op) +
           "' is not supported yet; give the model from before its conversion "
           "to integers";
  return rule + found + " of operator '" + shown(op) +
         "'; spell it with operators of these domains";
}

const Handler *GraphImporter::findHandler(const onnxpb::NodeProto &node,
                                          std::string &problem) const {
  const std::string &domain = node.domain();
  bool isStandard = domain.empty() || domain == "ai.onnx";
  bool isChannelsLast = domain == "qonnx.custom_op.channels_last";
  // One set of operators under the names that it had in the course of time.
  static const char *const CustomDomains[] = {
      "qonnx.custom_op.general", "qonnx", "onnx.brevitas",
      "finn.custom_op.general", "finn"};
  if (!isStandard && !isChannelsLast &&
      !llvm::is_contained(CustomDomains, domain)) {
    problem = foreignDomain(domain, node.op_type());
    return nullptr;
  }
  if (isChannelsLast) {
    auto found = channelsLast.find(node.op_type());
    if (found != channelsLast.end())
      return &found->second;
  }
  if (isStandard) {
    auto found = standard.find(node.op_type());
    if (found != standard.end()) {
      if (opsets.count(""))
        return &found->second;
      problem = "a model must import the operator set of its nodes, found none "
                "for ai.onnx; add it to opset_import";
      return nullptr;
    }
  }
  // Early Brevitas wrote its own operators without a domain.
  auto found = custom.find(node.op_type());
  if (found != custom.end())
    return &found->second;
  if (node.op_type() == "If" || node.op_type() == "Loop" ||
      node.op_type() == "Scan")
    problem = "control flow must be resolved before import, found '" +
              node.op_type() + "'; export by tracing, with fixed conditions";
  else if (node.op_type() == "InstanceNormalization")
    problem = "normalisation must use fixed statistics, found "
              "'InstanceNormalization', which takes them from the data; train "
              "with BatchNormalization";
  else
    problem = "the operator must be one that bnncc knows, found '" +
              shown(node.op_type()) +
              "'; replace it by others (bnncc --operators lists them), or cut "
              "the model before it";
  return nullptr;
}

Attribute GraphImporter::convert(const AttributeProto &attr,
                                 std::string &problem) {
  if (!attr.ref_attr_name().empty()) {
    problem = "must have a value, found a reference to a function's attribute; "
              "inline the function";
    return {};
  }
  int32_t type = attr.type();
  if (type == AttributeProto::UNDEFINED)
    type = attr.has_f()             ? AttributeProto::FLOAT
           : attr.has_i()           ? AttributeProto::INT
           : attr.has_s()           ? AttributeProto::STRING
           : attr.has_t()           ? AttributeProto::TENSOR
           : attr.has_g()           ? AttributeProto::GRAPH
           : attr.floats_size() > 0 ? AttributeProto::FLOATS
                                    : AttributeProto::INTS;
  switch (type) {
  case AttributeProto::FLOAT:
    if (std::isfinite(attr.f()) ||
        (attr.name() == "value" && std::isinf(attr.f()))) // Pad of opset 10
      return builder.getF32FloatAttr(attr.f());
    problem = "must be finite, found NaN or infinity; train or export again";
    return {};
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attr.i());
  case AttributeProto::STRING:
    return builder.getStringAttr(attr.s());
  case AttributeProto::TENSOR:
    if (DenseElementsAttr value =
            decodeTensor(attr.t(), folder, context, problem, &externalFiles))
      return value;
    problem = "does not hold a good tensor: " + problem;
    return {};
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(
        llvm::SmallVector<float>(attr.floats().begin(), attr.floats().end()));
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        Shape(attr.ints().begin(), attr.ints().end()));
  case AttributeProto::STRINGS: {
    llvm::SmallVector<Attribute> strings;
    for (const auto &text : attr.strings())
      strings.push_back(builder.getStringAttr(text));
    return builder.getArrayAttr(strings);
  }
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
    problem = "must not be a subgraph, found one; export by tracing, with "
              "fixed conditions";
    return {};
  default:
    problem = "must be numbers, strings or dense tensors, found type " +
              std::to_string(type) + "; export the model again";
    return {};
  }
}

bool GraphImporter::convertAttributes(const onnxpb::NodeProto &node,
                                      NodeBuilder &to) {
  for (const auto &attr : node.attribute()) {
    // MLIR names must not be empty, nor may two be the same.
    if (attr.name().empty() || to.attrs.get(attr.name())) {
      to.fail("an attribute must have a name of its own, found '" +
              shown(attr.name()) + "'; export the model again");
      return false;
    }
    std::string problem;
    Attribute value = convert(attr, problem);
    if (!value) {
      to.fail("attribute '" + shown(attr.name()) + "' " + problem);
      return false;
    }
    to.attrs.set(attr.name(), value);
  }
  return true;
}

} // namespace bnncc::importer
