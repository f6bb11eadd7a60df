//===- GraphImporter.h - GraphProto to module -------------------*- C++ -*-===//
//
// Turns a parsed and version-checked model into a module.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_IMPORT_GRAPHIMPORTER_H
#define BNNCC_COMPILER_IMPORT_GRAPHIMPORTER_H

#include "Import.h"
#include "NodeBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace bnncc::onnxpb {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class SparseTensorProto;
class TensorProto;
class ValueInfoProto;
} // namespace bnncc::onnxpb

namespace bnncc::importer {

/// The versions of the operator sets that a model imports, by domain; the
/// default domain is "".
using OpsetMap = llvm::StringMap<int64_t>;

/// The numbers of the nodes so ordered that each follows what defines its
/// inputs. On failure (a cycle, a value defined twice or never) sets `error`.
std::optional<std::vector<int>> sortNodes(const onnxpb::GraphProto &graph,
                                          std::string &error);

/// Gives every ScatterND of the places of a mask the mask itself.
void readMaskedAssignments(onnxpb::GraphProto &graph);

/// A name from the file, fit for a message.
std::string shown(llvm::StringRef name);

/// The user's own module that a node comes from ("features.0"), where the
/// exporter left it; else empty.
std::string moduleOf(const onnxpb::NodeProto &node);

/// "node 'NAME' of module 'features.0' (Op)", or "node #3 (Op)" where the node
/// has no name and the exporter left no module.
std::string describe(const onnxpb::NodeProto &node, int64_t index);

/// The operators of ONNX's own domain that have a handler, or those of the
/// quantiser domains, sorted.
std::vector<std::string> operatorNames(bool ofStandard);

class GraphImporter {
public:
  GraphImporter(const onnxpb::ModelProto &model, const OpsetMap &opsets,
                const InputShapes &inputShapes, llvm::StringRef folder,
                mlir::MLIRContext &context, std::string &error,
                std::vector<std::string> &externalFiles);

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  bool fail(const llvm::Twine &message);
  /// Keeps of the nodes those that an output depends on.
  void dropDead(std::vector<int> &nodes) const;
  bool readShape(const onnxpb::ValueInfoProto &input, Shape &shape);
  bool addInitializers();
  bool addInputs(mlir::func::FuncOp function);
  bool checkOperators(const std::vector<int> &nodes);
  bool addNode(const onnxpb::NodeProto &node, int64_t index);
  bool addOutputs(mlir::func::FuncOp function);
  bool convertAttributes(const onnxpb::NodeProto &node, NodeBuilder &to);
  mlir::Attribute convert(const onnxpb::AttributeProto &attr,
                          std::string &problem);
  /// The value called `name`, its constant made on first use; null if unknown.
  mlir::Value lookUp(llvm::StringRef name);
  const Handler *findHandler(const onnxpb::NodeProto &node,
                             std::string &problem) const;
  mlir::Location locationOf(const onnxpb::NodeProto &node, int64_t index);

  const onnxpb::ModelProto &model;
  const onnxpb::GraphProto &graph;
  const OpsetMap &opsets;
  const InputShapes &inputShapes;
  llvm::StringRef folder;
  mlir::MLIRContext &context;
  mlir::OpBuilder builder;
  std::string &error;
  std::vector<std::string> &externalFiles;
  HandlerTable standard, custom, channelsLast;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<const onnxpb::TensorProto *> initializers;
  /// The same for those that list their nonzero elements.
  llvm::StringMap<const onnxpb::SparseTensorProto *> sparse;
  llvm::StringMap<unsigned> useCounts;
  llvm::StringSet<> nodeNames;
  /// Elements that constants may fold to in all: so many, and 16 for each that
  /// the file stores.
  static constexpr int64_t MaxFolded = int64_t(1) << 24;
  int64_t foldBudget = MaxFolded;
};

} // namespace bnncc::importer

#endif // BNNCC_COMPILER_IMPORT_GRAPHIMPORTER_H
