//===- MaskedAssign.cpp - x[mask] = number --------------------------------===//
//
// PyTorch's newer exporter writes an assignment to what a mask chooses, as many
// binary layers have it (out[x >= 0] = 1), by its places:
//
//   ScatterND(x, Transpose(NonZero(mask)), Reshape(Expand(number, count)))
//
// How many places there are depends on the data. What is meant does not:
// the node gets the mask and the number in their stead, and its handler makes
// Where(mask, number, x) of it.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "NodeBuilder.h"
#include "onnx.pb.h"

using namespace mlir;

namespace bnncc::importer {

void readMaskedAssignments(onnxpb::GraphProto &graph) {
  llvm::StringMap<const onnxpb::NodeProto *> makers;
  for (const auto &node : graph.node())
    if (node.output_size() == 1)
      makers[node.output(0)] = &node;
  // The maker of `name` if it is an `op` that reads something.
  auto makerOf = [&](const std::string &name, llvm::StringRef op) {
    const onnxpb::NodeProto *node = makers.lookup(name);
    bool is = node && node->domain().empty() && node->op_type() == op &&
              node->input_size() > 0;
    return is ? node : nullptr;
  };
  for (auto &node : *graph.mutable_node()) {
    if (node.op_type() != "ScatterND" || !node.domain().empty() ||
        node.input_size() != 3)
      continue;
    // Of one row for each axis to one for each place; other orders are no list
    // of places.
    const auto *turned = makerOf(node.input(1), "Transpose");
    const auto *places = turned ? makerOf(turned->input(0), "NonZero") : nullptr;
    if (!places)
      continue;
    std::string number = node.input(2);
    for (const char *op : {"Reshape", "Expand"})
      if (const auto *spread = makerOf(number, op))
        number = spread->input(0);
    node.set_input(1, places->input(0));
    node.set_input(2, number);
  }
}

/// ScatterND(x, mask, number), as readMaskedAssignments leaves it.
static void buildScatter(NodeBuilder &n) {
  bool isMask = n.type(1).getElementType().isInteger(1);
  if (!isMask || n.shape(0) != n.shape(1) || product(n.shape(2)) != 1 ||
      n.getString("reduction", "none") != "none")
    return n.fail("ScatterND must set what a mask of the data's shape chooses to "
                  "one number, found " +
                  llvm::Twine(isMask ? "other shapes" : "other places") +
                  "; write it as torch.where(mask, number, x)");
  Value number = n.emitReshape(n.in(2), {});
  if (NodeBuilder::typeOf(number).getElementType() !=
      n.type(0).getElementType())
    number = n.emitCast(number, n.type(0).getElementType());
  n.result(n.emit("Where", {n.in(1), number, n.in(0)}, n.type(0)));
}

void addMaskedAssignHandlers(HandlerTable &table) {
  table["ScatterND"] = {3, 3, buildScatter};
}

} // namespace bnncc::importer
