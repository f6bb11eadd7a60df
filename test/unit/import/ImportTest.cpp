//===- ImportTest.cpp -----------------------------------------------------===//
//
// Damaged files are refused with a message, whatever the damage.
//
//===----------------------------------------------------------------------===//

#include "import/Import.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "onnx.pb.h"
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>

using namespace bnncc;

namespace {

std::string makeModel() {
  const char *text = R"(
    ir_version: 8
    opset_import { version: 13 }
    graph {
      name: "g"
      input { name: "x" type { tensor_type { elem_type: 1 shape {
        dim { dim_value: 1 } dim { dim_value: 1 } dim { dim_value: 8 } } } } }
      output { name: "y" }
      node { name: "conv" op_type: "Conv" input: ["x", "w"] output: "c"
             attribute { name: "pads" type: INTS ints: [1, 1] } }
      node { name: "sign" op_type: "Sign" input: "c" output: "s" }
      node { name: "pool" op_type: "MaxPool" input: "s" output: "p"
             attribute { name: "kernel_shape" type: INTS ints: 2 } }
      node { name: "reshape" op_type: "Reshape" input: ["p", "to"] output: "y" }
      initializer { name: "w" data_type: 1 dims: [1, 1, 3]
                    float_data: [1, -1, 1] }
      initializer { name: "to" data_type: 7 dims: 2 int64_data: [1, -1] }
    })";
  onnxpb::ModelProto model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model));
  return model.SerializeAsString();
}

TEST(Import, ReadsBytes) {
  mlir::MLIRContext context;
  std::string error;
  auto module = importOnnxBytes(makeModel(), "m.onnx", context, error);
  ASSERT_TRUE(module) << error;
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
}

TEST(Import, NamesTheFileThatIsNotThere) {
  mlir::MLIRContext context;
  std::string error;
  EXPECT_FALSE(importOnnx("/no/such/model.onnx", context, error));
  EXPECT_EQ(error.find("/no/such/model.onnx: the file must be readable"), 0u);
}

// 2 GiB of addresses, of which no byte is read.
TEST(Import, RefusesWhatProtobufCannotHold) {
  constexpr size_t size = size_t(1) << 31;
  void *pages = mmap(nullptr, size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  mlir::MLIRContext context;
  std::string error;
  EXPECT_FALSE(importOnnxBytes({static_cast<const char *>(pages), size},
                               "m.onnx", context, error));
  EXPECT_EQ(error, "m.onnx: a model must be smaller than 2 GiB, found "
                   "2147483648 bytes; store weights as external data");
  munmap(pages, size);
}

TEST(Import, RefusesEveryCutFile) {
  mlir::MLIRContext context;
  std::string model = makeModel();
  for (size_t size = 0; size < model.size(); ++size) {
    std::string error;
    auto module =
        importOnnxBytes(model.substr(0, size), "m.onnx", context, error);
    // A cut between two fields may leave a model, but then a good one.
    if (module)
      EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    else
      EXPECT_EQ(error.find("m.onnx: "), 0u) << size;
  }
}

TEST(Import, SurvivesAnyChangedByte) {
  mlir::MLIRContext context;
  std::string model = makeModel();
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = model;
    for (unsigned i = 0, changes = 1 + random() % 3; i < changes; ++i)
      changed[random() % changed.size()] = static_cast<char>(random());
    std::string error;
    auto module = importOnnxBytes(changed, "m.onnx", context, error);
    if (module)
      EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    else
      EXPECT_EQ(error.find("m.onnx: "), 0u) << error;
  }
}

} // namespace
