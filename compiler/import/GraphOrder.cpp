//===- GraphOrder.cpp - Definitions before uses ---------------------------===//
//
// Checks that each value of a graph is defined once, and orders the nodes.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "bnn/support/Text.h"
#include "onnx.pb.h"
#include <algorithm>
#include <functional>

using llvm::StringRef;
using llvm::Twine;

namespace bnncc::importer {

std::string shown(StringRef name) {
  return ::bnn::support::printableName({name.data(), name.size()});
}

std::string moduleOf(const onnxpb::NodeProto &node) {
  std::string scopes, space;
  for (const auto &entry : node.metadata_props())
    if (entry.key() == "pkg.torch.onnx.name_scopes")
      scopes = entry.value();
    else if (entry.key() == "namespace")
      space = entry.value();
  // "['', 'features', 'features.0', 'conv1d']": the last is the operation.
  llvm::SmallVector<StringRef> parts;
  StringRef(scopes).split(parts, '\'');
  if (parts.size() >= 5)
    return shown(parts[parts.size() - 4]);
  // ": Net/features.0: torch.nn.modules.conv.Conv1d/conv1d: aten.conv1d"
  parts.clear();
  StringRef(space).split(parts, '/');
  return parts.size() < 2 ? std::string()
                          : shown(parts[parts.size() - 2].split(':').first);
}

std::string describe(const onnxpb::NodeProto &node, int64_t index) {
  std::string module = moduleOf(node);
  std::string text = node.name().empty() ? "node #" + std::to_string(index)
                                         : "node '" + shown(node.name()) + "'";
  if (!module.empty())
    text += " of module '" + module + "'";
  return text + " (" + shown(node.op_type()) + ")";
}

std::optional<std::vector<int>> sortNodes(const onnxpb::GraphProto &graph,
                                          std::string &error) {
  // Who defines a value: a node's number, or -1 for an input or initializer.
  llvm::StringMap<int> definers;
  auto define = [&](const std::string &name, int by, const Twine &who) {
    if (definers.try_emplace(name, by).second)
      return true;
    error = (who + ": a value must be defined once, found '" + shown(name) +
             "' defined before; rename one of the two")
                .str();
    return false;
  };
  for (const auto &input : graph.input())
    if (!define(input.name(), -1, "graph input '" + shown(input.name()) + "'"))
      return std::nullopt;
  llvm::StringSet<> seen;
  for (const auto &tensor : graph.initializer()) {
    // Old models list their initializers as inputs, too.
    definers.try_emplace(tensor.name(), -1);
    if (!seen.insert(tensor.name()).second || tensor.name().empty()) {
      error = "initializer '" + shown(tensor.name()) +
              "': an initializer must have a name of its own, found " +
              (tensor.name().empty() ? "none" : "two of this name") +
              "; export the model again";
      return std::nullopt;
    }
  }
  for (const auto &tensor : graph.sparse_initializer())
    if (!define(tensor.values().name(), -1,
                "sparse initializer '" + tensor.values().name() + "'"))
      return std::nullopt;
  int count = graph.node_size();
  for (int i = 0; i < count; ++i)
    for (const auto &name : graph.node(i).output())
      if (!name.empty() && !define(name, i, describe(graph.node(i), i)))
        return std::nullopt;

  std::vector<std::vector<int>> users(count);
  std::vector<int> waiting(count, 0);
  for (int i = 0; i < count; ++i)
    for (const auto &name : graph.node(i).input()) {
      if (name.empty())
        continue;
      auto definer = definers.find(name);
      if (definer == definers.end()) {
        error = describe(graph.node(i), i) +
                ": an input must be defined, found '" + shown(name) +
                "' that no node, input or initializer defines; export the "
                "model again";
        return std::nullopt;
      }
      if (definer->second >= 0) {
        users[definer->second].push_back(i);
        ++waiting[i];
      }
    }
  // A file in order stays in its order: the lowest ready node goes first.
  std::vector<int> sorted;
  std::vector<int> ready;
  auto later = std::greater<>();
  for (int i = 0; i < count; ++i)
    if (waiting[i] == 0)
      ready.push_back(i);
  std::make_heap(ready.begin(), ready.end(), later);
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), later);
    int node = ready.back();
    ready.pop_back();
    sorted.push_back(node);
    for (int user : users[node])
      if (--waiting[user] == 0) {
        ready.push_back(user);
        std::push_heap(ready.begin(), ready.end(), later);
      }
  }
  if (static_cast<int>(sorted.size()) == count)
    return sorted;
  // Not every node that waits is on the cycle: walk back until one repeats.
  auto at =
      static_cast<int>(std::find_if(waiting.begin(), waiting.end(),
                                    [](int number) { return number > 0; }) -
                       waiting.begin());
  for (std::vector<bool> visited(count); !visited[at];) {
    visited[at] = true;
    for (const auto &name : graph.node(at).input()) {
      auto definer = definers.find(name);
      if (definer == definers.end() || definer->second < 0 ||
          waiting[definer->second] == 0)
        continue;
      at = definer->second;
      break;
    }
  }
  error = describe(graph.node(at), at) +
          ": the graph must have no cycle, found that this node needs its own "
          "result; export the model again";
  return std::nullopt;
}

} // namespace bnncc::importer
