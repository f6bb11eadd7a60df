// Changes of tensors, attributes, nodes and types.
#include "Parts.h"

#include <cstring>

namespace fuzz {

using namespace bnncc::onnxpb;

const Words Attributes(
    "axis axes perm pads strides dilations kernel_shape group to alpha beta "
    "transA transB keepdims epsilon auto_pad ceil_mode count_include_pad "
    "mode value blocksize split num_outputs signed narrow rounding_mode "
    "out_scale out_bias out_dtype data_layout select_last_index largest k "
    "block_size allowzero noop_with_empty_axes training_mode output_dtype "
    "starts ends");

int64_t number(Random &random) {
  return chance(random, 60) ? int64_t(below(random, 9)) - 1 : any(random, Ints);
}

std::string strange(Random &random) {
  static const std::string Names[] = {"",
                                      "x",
                                      std::string("a\nb"),
                                      std::string("\x1b[31m"),
                                      std::string("nul\0l", 5),
                                      "'",
                                      "\"}",
                                      "../x",
                                      std::string(3000, 'n'),
                                      "\xc3\xa9\xe2\x82\xac",
                                      "\xff\xfe",
                                      "NOTSET",
                                      "SAME_UPPER",
                                      "constant",
                                      "NHWC",
                                      "ROUND"};
  return Names[below(random, std::size(Names))];
}

std::vector<std::string> values(const GraphProto &graph) {
  std::vector<std::string> names{""};
  for (const NodeProto &node : graph.node())
    names.insert(names.end(), node.output().begin(), node.output().end());
  for (const TensorProto &tensor : graph.initializer())
    names.push_back(tensor.name());
  for (const ValueInfoProto &input : graph.input())
    names.push_back(input.name());
  return names;
}

void changeList(google::protobuf::RepeatedField<int64_t> &list,
                Random &random) {
  switch (below(random, 5)) {
  case 0:
    list.Add(number(random));
    break;
  case 1:
    if (!list.empty())
      list.RemoveLast();
    break;
  case 2:
    list.Clear();
    break;
  default:
    if (!list.empty())
      list.Set(int(below(random, size_t(list.size()))), number(random));
  }
}

void changeTensor(TensorProto &tensor, Random &random) {
  std::string *raw = tensor.mutable_raw_data();
  switch (below(random, 9)) {
  case 0:
    changeList(*tensor.mutable_dims(), random);
    break;
  case 1: // a shape and as many elements
  case 2: {
    changeList(*tensor.mutable_dims(), random);
    size_t count = 1;
    for (int64_t d : tensor.dims())
      count = d >= 0 && d < 4096 && count < 65536 ? count * size_t(d) : 65536;
    if (count < 65536) {
      std::string bytes = *raw;
      raw->resize(count * 4);
      for (size_t i = bytes.size(); !bytes.empty() && i < raw->size(); ++i)
        (*raw)[i] = bytes[i % bytes.size()];
    }
    break;
  }
  case 3:
    tensor.set_data_type(int(number(random)));
    break;
  case 4: {
    float f = any(random, Floats);
    size_t count = raw->size() / 4;
    for (size_t n = chance(random, 30) ? count : 1; n-- && count;)
      std::memcpy(raw->data() + 4 * (n > 1 ? n : below(random, count)), &f, 4);
    break;
  }
  case 5: {
    int64_t i = number(random);
    if (size_t count = raw->size() / 8)
      std::memcpy(raw->data() + 8 * below(random, count), &i, 8);
    break;
  }
  case 6:
    raw->resize(raw->size() / 2);
    break;
  case 7:
    if (!raw->empty())
      (*raw)[below(random, raw->size())] = char(random());
    break;
  default:
    tensor.clear_raw_data();
    for (size_t n = below(random, 4); n--;)
      tensor.add_float_data(any(random, Floats));
  }
}

void changeAttribute(NodeProto &node, const std::vector<Model> &donors,
                     Random &random) {
  if (node.attribute().empty() || chance(random, 25)) {
    AttributeProto *attribute = node.add_attribute();
    attribute->set_name(Attributes.any(random));
    switch (below(random, 4)) {
    case 0:
      attribute->set_type(AttributeProto::INT);
      attribute->set_i(number(random));
      break;
    case 1:
      attribute->set_type(AttributeProto::FLOAT);
      attribute->set_f(any(random, Floats));
      break;
    case 2:
      attribute->set_type(AttributeProto::INTS);
      for (size_t n = below(random, 6); n--;)
        attribute->add_ints(number(random));
      break;
    default:
      attribute->set_type(AttributeProto::STRING);
      attribute->set_s(strange(random));
    }
    return;
  }
  int place = int(below(random, size_t(node.attribute_size())));
  AttributeProto &attribute = *node.mutable_attribute(place);
  switch (below(random, 7)) {
  case 0:
    node.mutable_attribute()->DeleteSubrange(place, 1);
    break;
  case 1:
    attribute.set_name(Attributes.any(random));
    break;
  case 2:
    attribute.set_type(AttributeProto::AttributeType(below(random, 15)));
    break;
  case 3: {
    const GraphProto &donor = donors[below(random, donors.size())].graph();
    if (donor.node().empty())
      break;
    const NodeProto &other =
        donor.node(int(below(random, size_t(donor.node_size()))));
    if (!other.attribute().empty())
      attribute =
          other.attribute(int(below(random, size_t(other.attribute_size()))));
    break;
  }
  default:
    if (attribute.type() == AttributeProto::INTS)
      changeList(*attribute.mutable_ints(), random);
    else if (attribute.type() == AttributeProto::FLOAT)
      attribute.set_f(any(random, Floats));
    else if (attribute.type() == AttributeProto::STRING)
      attribute.set_s(strange(random));
    else if (attribute.type() == AttributeProto::TENSOR)
      changeTensor(*attribute.mutable_t(), random);
    else
      attribute.set_i(number(random));
  }
}

void changeNode(NodeProto &node, const GraphProto &graph, Random &random) {
  std::vector<std::string> names = values(graph);
  switch (below(random, 8)) {
  case 0:
    node.set_op_type(chance(random, 95) ? Ops.any(random) : strange(random));
    break;
  case 1:
    node.set_domain(any(random, Domains));
    break;
  case 2:
    node.add_input(names[below(random, names.size())]);
    break;
  case 3:
    if (!node.input().empty())
      node.mutable_input()->RemoveLast();
    break;
  case 4:
    node.add_output(chance(random, 70) ? "more" + std::to_string(random() % 5)
                                       : names[below(random, names.size())]);
    break;
  case 5:
    node.set_name(strange(random));
    break;
  default:
    if (!node.input().empty())
      node.set_input(int(below(random, size_t(node.input_size()))),
                     names[below(random, names.size())]);
  }
}

void changeValue(ValueInfoProto &value, Random &random) {
  TypeProto::Tensor &type = *value.mutable_type()->mutable_tensor_type();
  auto &dims = *type.mutable_shape()->mutable_dim();
  switch (below(random, 7)) {
  case 0:
    type.set_elem_type(int(below(random, 28)));
    break;
  case 1:
    value.mutable_type()->mutable_sequence_type();
    break;
  case 2:
    type.clear_shape();
    break;
  case 3:
    if (!dims.empty())
      dims.RemoveLast();
    break;
  case 4:
    dims.Add()->set_dim_value(number(random));
    break;
  default:
    if (!dims.empty()) {
      auto &dim = dims[int(below(random, size_t(dims.size())))];
      if (chance(random, 20))
        dim.set_dim_param(strange(random));
      else
        dim.set_dim_value(number(random));
    }
  }
}

} // namespace fuzz
