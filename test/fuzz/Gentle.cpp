// Changes after which most graphs still make sense, so that they get far.
#include "Parts.h"

#include <cmath>
#include <cstring>

namespace fuzz {

using namespace bnncc::onnxpb;

namespace {

const Words
    Unary("Neg Abs Relu Identity Sign Dropout Transpose Flatten Clip Sigmoid "
          "Softmax GlobalAveragePool GlobalMaxPool Round Floor Ceil Squeeze "
          "ReduceSum ReduceMean ReduceMax ArgMax LeakyRelu HardSigmoid Not "
          "Reciprocal Sqrt Exp Tanh LogSoftmax");
const Words Binary("Add Sub Mul Div Min Max Greater Less PRelu Concat MatMul");

/// All uses of the value `from`, outputs of the graph included, become `to`.
void replaceUses(GraphProto &graph, const std::string &from,
                 const std::string &to) {
  for (NodeProto &node : *graph.mutable_node())
    for (std::string &input : *node.mutable_input())
      if (input == from)
        input = to;
  for (ValueInfoProto &output : *graph.mutable_output())
    if (output.name() == from)
      output.set_name(to);
}

/// Scales, signs or repeats some numbers of a float32 tensor; its shape stays.
void changeNumbers(TensorProto &tensor, Random &random) {
  size_t count = tensor.raw_data().size() / 4;
  if (tensor.data_type() != TensorProto::FLOAT || !count)
    return;
  std::string &raw = *tensor.mutable_raw_data();
  static const float Factors[] = {-1, 0, 2, 0.5f, 1.0000001f, 1e6f, 1e-6f, 3};
  float factor = any(random, Factors);
  size_t first = below(random, count),
         last = chance(random, 50) ? first + 1 : count;
  for (size_t i = chance(random, 30) ? 0 : first; i < last; ++i) {
    float f;
    std::memcpy(&f, raw.data() + 4 * i, 4);
    f = factor == 3 ? std::nearbyint(f) : f * factor;
    std::memcpy(raw.data() + 4 * i, &f, 4);
  }
}

} // namespace

void changeGently(Model &model, Random &random) {
  GraphProto &graph = *model.mutable_graph();
  if (graph.node().empty())
    return;
  int place = int(below(random, size_t(graph.node_size())));
  NodeProto &node = *graph.mutable_node(place);
  switch (below(random, 8)) {
  case 0:
    if (!node.input().empty() && !node.output().empty()) {
      std::string from = node.output(0), to = node.input(0);
      graph.mutable_node()->DeleteSubrange(place, 1);
      replaceUses(graph, from, to);
    }
    break;
  case 1:
  case 2: {
    if (node.output().empty())
      break;

    std::string value = node.output(0),
                between = "between" + std::to_string(graph.node_size());
    NodeProto added;
    added.add_input(value);
    added.add_output(between);
    if (chance(random, 60) || graph.initializer().empty()) {
      added.set_op_type(Unary.any(random));
    } else {
      added.set_op_type(Binary.any(random));
      added.add_input(
          graph
              .initializer(int(below(random, size_t(graph.initializer_size()))))
              .name());
    }
    replaceUses(graph, value, between);
    *graph.add_node() = added;
    break;
  }
  case 3:
  case 4:
    if (!node.attribute().empty()) {
      AttributeProto &attribute = *node.mutable_attribute(
          int(below(random, size_t(node.attribute_size()))));
      int64_t step = chance(random, 50) ? 1 : -1;
      if (!attribute.ints().empty())
        *attribute.mutable_ints()->Mutable(
            int(below(random, size_t(attribute.ints_size())))) += step;
      else if (attribute.type() == AttributeProto::INT)
        attribute.set_i(attribute.i() + step);
      else if (attribute.type() == AttributeProto::FLOAT)
        attribute.set_f(attribute.f() * 2 + float(step));
    }
    break;
  case 5:
    if (!graph.input().empty()) {
      auto &dims = *graph.mutable_input(0)
                        ->mutable_type()
                        ->mutable_tensor_type()
                        ->mutable_shape()
                        ->mutable_dim();
      if (!dims.empty()) {
        auto &dim = dims[int(below(random, size_t(dims.size())))];
        dim.set_dim_value(chance(random, 80)
                              ? dim.dim_value() + (chance(random, 50) ? 1 : -1)
                              : int64_t(1) << below(random, 13));
      }
    }
    break;
  default:
    if (!graph.initializer().empty())
      changeNumbers(*graph.mutable_initializer(
                        int(below(random, size_t(graph.initializer_size())))),
                    random);
  }
}

} // namespace fuzz
