// Changes of a part of a model, and the values that they draw from.
#ifndef BNNCC_TEST_FUZZ_PARTS_H
#define BNNCC_TEST_FUZZ_PARTS_H

#include "Mutate.h"

#include <limits>
#include <sstream>
#include <string>

namespace fuzz {

template <typename T, size_t N> T any(Random &random, const T (&list)[N]) {
  return list[below(random, N)];
}

/// Words separated by spaces.
class Words {
public:
  explicit Words(const char *text) {
    std::istringstream stream(text);
    for (std::string word; stream >> word;)
      list.push_back(word);
  }
  const std::string &any(Random &random) const {
    return list[below(random, list.size())];
  }

private:
  std::vector<std::string> list;
};

inline const int64_t Ints[] = {0,
                               1,
                               -1,
                               2,
                               3,
                               4,
                               5,
                               7,
                               8,
                               16,
                               63,
                               64,
                               65,
                               127,
                               128,
                               -128,
                               255,
                               256,
                               1000,
                               65535,
                               65536,
                               1 << 20,
                               1 << 24,
                               INT32_MAX,
                               INT32_MIN,
                               int64_t(1) << 33,
                               int64_t(1) << 62,
                               INT64_MAX,
                               INT64_MIN,
                               -2,
                               -3,
                               -7};
inline const float Floats[] = {0.0f,
                               -0.0f,
                               1.0f,
                               -1.0f,
                               0.5f,
                               1e-45f,
                               1e-38f,
                               1e-5f,
                               3.4e38f,
                               -3.4e38f,
                               1e10f,
                               127.5f,
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
inline const char *const Domains[] = {"",
                                      "qonnx.custom_op.general",
                                      "finn.custom_op.general",
                                      "onnx.brevitas",
                                      "ai.onnx.ml",
                                      "x"};
inline const Words Ops(
    "Add Sub Mul Div Neg Abs Relu Clip Sqrt Exp Log Erf Identity Dropout "
    "Transpose Squeeze Unsqueeze Slice Split Concat Expand Tile ReduceSum "
    "ReduceMean ReduceMax ReduceMin AveragePool MaxPool GlobalMaxPool "
    "GlobalAveragePool Less Greater GreaterOrEqual LessOrEqual Equal Not "
    "And Or Xor Pow Mod Min Max Sum Ceil Floor Round Sign Tanh Sigmoid "
    "HardSigmoid Softmax LogSoftmax ConstantOfShape Range If Loop Scan "
    "Constant Size Shape Gather TopK ArgMax Conv ConvInteger MatMul Gemm "
    "MatMulInteger QLinearConv QLinearMatMul BatchNormalization PRelu "
    "LeakyRelu Reciprocal Cast CastLike Where Pad Reshape Flatten "
    "QuantizeLinear DequantizeLinear SpaceToDepth DepthToSpace BipolarQuant "
    "Quant IntQuant Trunc MultiThreshold ConvTranspose XnorPopcountMatMul "
    "Im2Col Resize InstanceNormalization");

/// A small number mostly, at times one of the extremes.
int64_t number(Random &random);
/// A name or text that no exporter writes.
std::string strange(Random &random);
/// The names of all values of the graph, and the empty one.
std::vector<std::string> values(const bnncc::onnxpb::GraphProto &graph);

void changeList(google::protobuf::RepeatedField<int64_t> &list, Random &random);
void changeTensor(bnncc::onnxpb::TensorProto &tensor, Random &random);
void changeAttribute(bnncc::onnxpb::NodeProto &node,
                     const std::vector<Model> &donors, Random &random);
void changeNode(bnncc::onnxpb::NodeProto &node,
                const bnncc::onnxpb::GraphProto &graph, Random &random);
void changeValue(bnncc::onnxpb::ValueInfoProto &value, Random &random);
/// A change after which most graphs still make sense: a node taken out or put
/// between, an attribute or size one off, other numbers.
void changeGently(Model &model, Random &random);

} // namespace fuzz

#endif // BNNCC_TEST_FUZZ_PARTS_H
