//===- Import.cpp - ONNX file to onnx-level module ------------------------===//
//
// Reads and parses the file and checks what concerns the model as a whole.
//
//===----------------------------------------------------------------------===//

#include "Import.h"
#include "GraphImporter.h"
#include "bnn/support/Files.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "onnx.pb.h"
#include "onnx/OnnxDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

using namespace mlir;
using llvm::Twine;

namespace bnncc {
namespace {

/// Parses without protobuf's own messages on standard error.
bool parseModel(StringRef bytes, onnxpb::ModelProto &model) {
  google::protobuf::LogSilencer silence;
  return model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// Checks version numbers; returns the operator sets by domain.
std::optional<importer::OpsetMap> checkVersions(const onnxpb::ModelProto &model,
                                                std::string &error) {
  auto fail = [&](const Twine &message) {
    error = message.str();
    return std::nullopt;
  };
  if (model.ir_version() < 3 || model.ir_version() > MaxIrVersion)
    return fail("ir_version must be in 3.." + Twine(MaxIrVersion) + ", found " +
                Twine(model.ir_version()) + "; export with opset " +
                Twine(MinOpset) + ".." + Twine(MaxOpset));
  importer::OpsetMap opsets;
  for (const auto &set : model.opset_import()) {
    StringRef domain = set.domain();
    auto [known, isNew] =
        opsets.try_emplace(domain == "ai.onnx" ? "" : domain, set.version());
    if (!isNew && known->second != set.version())
      return fail("an operator set must be imported in one version, found '" +
                  (domain.empty() ? "ai.onnx" : importer::shown(domain)) + "' in " +
                  Twine(known->second) + " and " + Twine(set.version()) +
                  "; remove one of the two from opset_import");
  }
  auto standard = opsets.find("");
  if (opsets.empty())
    return fail("a model must import an operator set, found none; export with "
                "opset " +
                Twine(MinOpset) + ".." + Twine(MaxOpset));
  if (standard != opsets.end() &&
      (standard->second < MinOpset || standard->second > MaxOpset))
    return fail("opset must be in " + Twine(MinOpset) + ".." + Twine(MaxOpset) +
                ", found " + Twine(standard->second) +
                "; convert the model with onnx.version_converter");
  if (model.functions_size() > 0)
    return fail("a model must have no functions of its own, found '" +
                importer::shown(model.functions(0).name()) + "'; inline them with onnx.inliner");
  return opsets;
}

} // namespace

std::string knownOperators() {
  auto line = [](const char *domain, bool isStandard) {
    return std::string(domain) + ": " +
           llvm::join(importer::operatorNames(isStandard), " ") + "\n";
  };
  return line("ai.onnx", true) +
         line("qonnx.custom_op.general, qonnx, onnx.brevitas, "
              "finn.custom_op.general, finn",
              false);
}

bool parseInputShape(StringRef text, InputShapes &shapes) {
  // Names may hold colons, sizes do not.
  auto [name, sizes] = text.rsplit(':');
  if (!text.contains(':'))
    std::swap(name, sizes);
  llvm::SmallVector<StringRef> parts;
  sizes.split(parts, 'x');
  llvm::SmallVector<int64_t> shape;
  for (StringRef part : parts) {
    int64_t size;
    if (part.getAsInteger(10, size) || size < 1 || size > (1 << 30))
      return false;
    shape.push_back(size);
  }
  return shapes.try_emplace(name, shape).second;
}

OwningOpRef<ModuleOp> importOnnxBytes(StringRef bytes, StringRef path,
                                      MLIRContext &context, std::string &error,
                                      std::vector<std::string> *files,
                                      const InputShapes &shapes) {
  context.loadDialect<func::FuncDialect, onnx::OnnxDialect>();
  auto fail = [&](const Twine &message) {
    error = (path + ": " + message).str();
    return OwningOpRef<ModuleOp>();
  };
  if (bytes.empty())
    return fail("a model must not be empty, found 0 bytes; export it again");
  if (bytes.size() > INT32_MAX)
    return fail("a model must be smaller than 2 GiB, found " +
                Twine(bytes.size()) + " bytes; store weights as external data");
  onnxpb::ModelProto model;
  if (!parseModel(bytes, model))
    return fail("the file must be an ONNX model, found other or cut data in " +
                Twine(bytes.size()) + " bytes; export or copy it again");
  if (!model.has_graph())
    return fail("the file must be an ONNX model with a graph, found none in " +
                Twine(bytes.size()) + " bytes; export or copy it again");
  std::string problem;
  std::optional<importer::OpsetMap> opsets = checkVersions(model, problem);
  if (!opsets)
    return fail(problem);
  importer::readMaskedAssignments(*model.mutable_graph());
  std::vector<std::string> unused;
  importer::GraphImporter importer(model, *opsets, shapes,
                                   llvm::sys::path::parent_path(path), context,
                                   problem, files ? *files : unused);
  OwningOpRef<ModuleOp> module = importer.run();
  if (!module)
    return fail(problem);
  return module;
}

OwningOpRef<ModuleOp> importOnnx(StringRef path, MLIRContext &context,
                                 std::string &error,
                                 std::vector<std::string> *files,
                                 const InputShapes &shapes) {
  std::string name = ::bnn::support::inputName(path.str());
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    error = name + ": the file must be readable, found '" +
            file.getError().message() + "'; check the path";
    return {};
  }
  return importOnnxBytes((*file)->getBuffer(), name, context, error, files,
                         shapes);
}

} // namespace bnncc
