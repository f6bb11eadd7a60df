//===- GraphImporter.cpp - GraphProto to module ---------------------------===//
//
// Builds @main: arguments, one handler call per node, results with checks.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "Batch.h"
#include "Import.h"
#include "TensorDecode.h"
#include "bnn/support/Text.h"
#include "onnx.pb.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {

static void addStandardHandlers(HandlerTable &table) {
  addElementwiseHandlers(table);
  addMovementHandlers(table);
  addShapeHandlers(table);
  addSpatialHandlers(table);
  addMaskedAssignHandlers(table);
  addMatrixHandlers(table);
  addReductionHandlers(table);
  addQuantizationHandlers(table);
}

std::vector<std::string> operatorNames(bool ofStandard) {
  HandlerTable table;
  ofStandard ? addStandardHandlers(table) : addCustomHandlers(table);
  std::vector<std::string> names;
  for (const auto &entry : table)
    names.push_back(entry.getKey().str());
  llvm::sort(names);
  return names;
}

GraphImporter::GraphImporter(const onnxpb::ModelProto &model,
                             const OpsetMap &opsets,
                             const InputShapes &inputShapes, StringRef folder,
                             MLIRContext &context, std::string &error,
                             std::vector<std::string> &externalFiles)
    : model(model), graph(model.graph()), opsets(opsets),
      inputShapes(inputShapes), folder(folder), context(context),
      builder(&context), error(error), externalFiles(externalFiles) {
  addStandardHandlers(standard);
  addCustomHandlers(custom);
  addLoweredHandlers(custom);
  addChannelsLastHandlers(channelsLast, standard);
}

bool GraphImporter::fail(const Twine &message) {
  error = message.str();
  return false;
}

bool GraphImporter::addInitializers() {
  for (const auto &tensor : graph.sparse_initializer())
    sparse[tensor.values().name()] = &tensor;
  for (const auto &tensor : graph.initializer()) {
    initializers[tensor.name()] = &tensor;
    int64_t elements = 1;
    for (int64_t dim : tensor.dims())
      if (dim < 0 || __builtin_mul_overflow(elements, dim, &elements) ||
          elements > (int64_t(1) << 28))
        elements = 0; // decoding refuses it
    foldBudget += 16 * elements;
  }
  return true;
}

/// The sizes that a model states for an input, or the user for it. A symbolic
/// batch is 1.
bool GraphImporter::readShape(const onnxpb::ValueInfoProto &input,
                              Shape &shape) {
  std::string who = "graph input '" + shown(input.name()) + "': ";
  const auto &dims = input.type().tensor_type().shape().dim();
  auto given = inputShapes.find(input.name());
  if (given == inputShapes.end())
    given = inputShapes.find("");
  bool isGiven = given != inputShapes.end();
  if (isGiven && static_cast<int>(given->second.size()) != dims.size())
    return fail(who + "--input-shape must give a size for each of its " +
                Twine(dims.size()) + " axes, found " +
                toString(given->second) + "; correct the option");
  for (const auto &dim : dims) {
    size_t axis = shape.size();
    // An exporter may state 0 or -1 where it does not know.
    bool isKnown = dim.has_dim_value() && dim.dim_value() > 0;
    if (isGiven && isKnown && given->second[axis] != dim.dim_value())
      return fail(who + "--input-shape must agree with the sizes that the "
                        "model states, found " +
                  Twine(given->second[axis]) + " for " +
                  Twine(dim.dim_value()) + " on axis " + Twine(axis) +
                  "; correct the option");
    if (isGiven) {
      shape.push_back(given->second[axis]);
      continue;
    }
    bool isBatch = axis == 0 && !isKnown;
    if (!isBatch && (!isKnown || dim.dim_value() > (1 << 30))) {
      std::string found = dim.has_dim_value()
                              ? std::to_string(dim.dim_value())
                              : "'" + shown(dim.dim_param()) + "'";
      std::string sizes;
      for (int i = 0; i < dims.size(); ++i)
        sizes += (i ? "x" : "") +
                 (dims[i].has_dim_value() && dims[i].dim_value() > 0
                      ? std::to_string(dims[i].dim_value())
                  : i == 0 ? std::string("1")
                           : std::string("N"));
      return fail(who + "an axis after the batch must have a known size, found " +
                  found + " on axis " + Twine(axis) +
                  "; say it with --input-shape=" + shown(input.name()) + ":" + sizes +
                  ", with a number for each N");
    }
    shape.push_back(isBatch ? 1 : dim.dim_value());
  }
  return true;
}

bool GraphImporter::addInputs(func::FuncOp function) {
  Block *entry = function.addEntryBlock();
  llvm::SmallVector<Type> types;
  llvm::SmallVector<Attribute> names;
  for (const auto &input : graph.input()) {
    if (initializers.count(input.name()))
      continue;
    std::string who = "graph input '" + shown(input.name()) + "': ";
    if (!input.type().has_tensor_type())
      return fail(who + "an input must be a tensor, found another type; "
                        "export with tensor inputs");
    const auto &tensor = input.type().tensor_type();
    Type element = elementType(tensor.elem_type(), context);
    if (!element)
      return fail(who +
                  "an input must be an integer, bool or float of 16, 32 "
                  "or 64 bits, found " +
                  dataTypeName(tensor.elem_type()) + "; change its type");
    if (!tensor.has_shape())
      return fail(who + "an input must have a shape, found none; export with "
                        "static shapes");
    Shape shape;
    if (!readShape(input, shape))
      return false;
    if (!isSmallEnough(shape))
      return fail(who +
                  "an input must have at most 2^33 elements, found shape " +
                  toString(shape) + "; correct the shape");
    types.push_back(RankedTensorType::get(shape, element));
    names.push_back(builder.getStringAttr(::bnn::support::printable(input.name())));
    values[input.name()] = entry->addArgument(
        types.back(), NameLoc::get(builder.getStringAttr(shown(input.name()))));
  }
  for (const auto &given : inputShapes) {
    bool isInput =
        given.getKey().empty()
            ? names.size() == 1
            : llvm::is_contained(names, builder.getStringAttr(shown(given.getKey())));
    if (!isInput)
      return fail(given.getKey().empty()
                      ? "--input-shape must name one of the " +
                            Twine(names.size()) +
                            " inputs; write --input-shape=NAME:SIZES"
                      : "--input-shape must name an input, found '" +
                            shown(given.getKey()) + "'; correct the name");
  }
  function.setType(builder.getFunctionType(types, {}));
  for (auto [i, name] : llvm::enumerate(names))
    function.setArgAttr(i, "onnx.name", name);
  return true;
}

Value GraphImporter::lookUp(StringRef name) {
  auto known = values.find(name);
  if (known != values.end())
    return known->second;
  auto tensor = initializers.find(name);
  auto listed = sparse.find(name);
  if (tensor == initializers.end() && listed == sparse.end())
    return {};
  std::string problem;
  DenseElementsAttr value =
      listed == sparse.end()
          ? decodeTensor(*tensor->second, folder, context, problem,
                         &externalFiles)
          : decodeSparse(*listed->second, folder, context, problem);
  if (!value) {
    fail("initializer '" + shown(name) + "': " + problem);
    return {};
  }
  NodeBuilder constant(builder, NameLoc::get(builder.getStringAttr(shown(name))),
                       "Constant", 0);
  return values[name] = constant.emitConstant(value);
}

Location GraphImporter::locationOf(const onnxpb::NodeProto &node,
                                   int64_t index) {
  std::string name = shown(node.name());
  std::string numbered = shown(node.op_type()) + "#" + std::to_string(index);
  // Two nodes of one name must stay apart in reports.
  if (name.empty())
    name = numbered;
  else if (!nodeNames.insert(name).second)
    name += "#" + std::to_string(index);
  // The module is the name's child: what looks at names alone never meets it.
  std::string module = moduleOf(node);
  if (module.empty())
    return NameLoc::get(builder.getStringAttr(name));
  return NameLoc::get(builder.getStringAttr(name),
                      NameLoc::get(builder.getStringAttr(module)));
}

/// All operators that have no handler are named at once, each at its first node.
bool GraphImporter::checkOperators(const std::vector<int> &nodes) {
  constexpr size_t Most = 12;
  std::vector<std::string> problems;
  llvm::StringMap<int> seen;
  for (int index : nodes) {
    const onnxpb::NodeProto &node = graph.node(index);
    std::string problem;
    if (!findHandler(node, problem) &&
        seen.try_emplace(node.domain() + ":" + node.op_type(), index).second)
      problems.push_back(describe(node, index) + ": " + problem);
  }
  if (problems.empty())
    return true;
  std::string text = problems[0];
  if (problems.size() > 1)
    text += "; further obstacles (" + std::to_string(problems.size() - 1) + "): ";
  for (size_t i = 1; i < std::min(problems.size(), Most); ++i)
    text += (i == 1 ? "" : "; ") + problems[i];
  return fail(text + (problems.size() > Most ? "; ..." : ""));
}

bool GraphImporter::addNode(const onnxpb::NodeProto &node, int64_t index) {
  std::string who = describe(node, index) + ": ", problem;
  const Handler *handler = findHandler(node, problem);
  if (!handler)
    return fail(who + problem);
  auto opset = opsets.find("");
  NodeBuilder n(builder, locationOf(node, index), node.op_type(),
                opset == opsets.end() ? MaxOpset : opset->second);
  auto domain = opsets.find(node.domain());
  n.domainVersion = domain == opsets.end() ? 1 : domain->second;
  n.foldBudget = &foldBudget;
  if (!convertAttributes(node, n))
    return fail(who + n.message());
  for (const auto &name : node.input()) {
    n.inputs.push_back(name.empty() ? Value() : lookUp(name));
    if (!name.empty() && !n.inputs.back())
      return false; // lookUp has said why.
  }
  while (!n.inputs.empty() && !n.inputs.back())
    n.inputs.pop_back();
  for (const auto &name : node.output())
    n.wantedOutputs.push_back(!name.empty() && useCounts.lookup(name) > 0);
  auto inputCount = static_cast<int>(n.inputs.size());
  bool enough = inputCount >= handler->minInputs &&
                (handler->maxInputs < 0 || inputCount <= handler->maxInputs);
  for (int i = 0; i < handler->minInputs && enough; ++i)
    enough = n.has(i);
  if (!enough)
    return fail(who + "the operator must have " + Twine(handler->minInputs) +
                (handler->maxInputs < 0 ? std::string(" or more")
                 : handler->maxInputs > handler->minInputs
                     ? " to " + std::to_string(handler->maxInputs)
                     : std::string()) +
                " inputs, found " + Twine(inputCount) +
                "; export the model again");
  if (handler->isChannelsLast)
    runChannelsLast(*handler, n);
  else
    handler->run(n);
  if (n.hasFailed())
    return fail(who + n.message());
  for (auto [i, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    if (i < n.results.size())
      values[name] = n.results[i];
    else if (useCounts.lookup(name) > 0)
      return fail(who + "the operator has no output " + Twine(i) + ", found '" +
                  shown(name) + "' in use; remove what uses it");
  }
  return true;
}

bool GraphImporter::addOutputs(func::FuncOp function) {
  llvm::SmallVector<Value> results;
  llvm::SmallVector<Attribute> names;
  if (graph.output_size() == 0)
    return fail("a graph must have an output, found none; export the model "
                "again");
  llvm::StringSet<> seen;
  for (const auto &output : graph.output()) {
    std::string who = "graph output '" + shown(output.name()) + "': ";
    if (!seen.insert(output.name()).second)
      return fail(who + "an output must be listed once, found it twice; export "
                        "the model again");
    error.clear();
    Value value = lookUp(output.name());
    if (!value)
      return !error.empty() ? false
                            : fail(who + "an output must be defined, found no "
                                         "node that does; export the model "
                                         "again");
    RankedTensorType type = NodeBuilder::typeOf(value);
    const auto &stated = output.type().tensor_type();
    if (stated.elem_type() != 0 &&
        elementType(stated.elem_type(), context) != type.getElementType())
      return fail(who +
                  "an output must have its stated type, found another "
                  "than " +
                  dataTypeName(stated.elem_type()) +
                  "; export the model "
                  "again");
    // An exporter may state 0 where it does not know; axes of size 1 that are
    // left out or added do not matter, and ONNX Runtime only warns.
    Shape found, said;
    for (int64_t size : type.getShape())
      if (size != 1)
        found.push_back(size);
    bool isOpen = false;
    for (const auto &dim : stated.shape().dim()) {
      bool isKnown = dim.has_dim_value() && dim.dim_value() > 0;
      isOpen |= !isKnown;
      if (isKnown && dim.dim_value() != 1)
        said.push_back(dim.dim_value());
    }
    // Axes of unknown size may be anything: the known ones must come in order.
    bool agrees = !stated.has_shape() || (!isOpen && found == said);
    if (isOpen) {
      size_t next = 0;
      for (int64_t size : found)
        next += next < said.size() && said[next] == size;
      agrees = next == said.size();
    }
    if (!agrees) {
      std::string text;
      for (const auto &dim : stated.shape().dim())
        text += (text.empty() ? "" : "x") +
                (dim.has_dim_value() ? std::to_string(dim.dim_value())
                 : dim.has_dim_param() ? "'" + shown(dim.dim_param()) + "'"
                                       : std::string("?"));
      return fail(who + "an output must have its stated shape " + text +
                  ", found " + toString(type.getShape()) +
                  "; correct the shape that the model states for it");
    }
    results.push_back(value);
    names.push_back(builder.getStringAttr(::bnn::support::printable(output.name())));
  }
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                           ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(names))
    function.setResultAttr(i, "onnx.name", name);
  return true;
}

void GraphImporter::dropDead(std::vector<int> &nodes) const {
  llvm::StringSet<> needed;
  for (const auto &output : graph.output())
    needed.insert(output.name());
  std::vector<int> live;
  for (int index : llvm::reverse(nodes)) {
    const auto &node = graph.node(index);
    if (llvm::none_of(node.output(), [&](const std::string &name) {
          return needed.contains(name);
        }))
      continue;
    live.push_back(index);
    for (const auto &name : node.input())
      needed.insert(name);
  }
  nodes.assign(live.rbegin(), live.rend());
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  auto nodes = sortNodes(graph, error);
  if (!nodes || !addInitializers())
    return {};
  dropDead(*nodes);
  for (int index : *nodes)
    for (const auto &name : graph.node(index).input())
      ++useCounts[name];
  for (const auto &output : graph.output())
    ++useCounts[output.name()];

  Location loc = NameLoc::get(
      builder.getStringAttr(graph.name().empty() ? "model" : shown(graph.name())));
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
  auto opset = opsets.find("");
  if (opset != opsets.end())
    (*module)->setAttr("onnx.opset", builder.getI64IntegerAttr(opset->second));
  (*module)->setAttr("onnx.producer",
                     builder.getStringAttr(shown(model.producer_name())));
  builder.setInsertionPointToStart(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType({}, {}));
  if (!addInputs(function))
    return {};
  builder.setInsertionPointToEnd(&function.getBody().front());
  if (!checkOperators(*nodes))
    return {};
  for (int index : *nodes)
    if (!addNode(graph.node(index), index))
      return {};
  if (!addOutputs(function))
    return {};
  // Backwards, so that what only dead operations used dies with them.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (!isa<func::ReturnOp>(op) && op.use_empty())
      op.erase();
  if (!removeBatch(function, error))
    return {};
  return module;
}

} // namespace bnncc::importer
