// Random changes of an ONNX model that keep it a well-formed file.
#include "Parts.h"

namespace fuzz {

using namespace bnncc::onnxpb;

namespace {

/// Rows of nodes whose inputs are the ones before, twice: 2^n paths.
void addDoublings(GraphProto &graph, Random &random) {
  std::vector<std::string> names = values(graph);
  std::string last = names[below(random, names.size())];
  const std::string &op = Ops.any(random);
  for (size_t i = 0, n = 1 + below(random, 60); i < n; ++i) {
    NodeProto *node = graph.add_node();
    node->set_op_type(op);
    node->add_input(last);
    node->add_input(last);
    last = "doubling" + std::to_string(i);
    node->add_output(last);
  }
  if (!graph.output().empty() && chance(random, 50))
    graph.mutable_output(0)->set_name(last);
}

void changeGraph(Model &model, const std::vector<Model> &donors,
                 Random &random) {
  GraphProto &graph = *model.mutable_graph();
  size_t nodes = size_t(graph.node_size()),
         constants = size_t(graph.initializer_size());
  switch (below(random, 22)) {
  case 0:
    if (nodes)
      graph.mutable_node()->DeleteSubrange(int(below(random, nodes)), 1);
    break;
  case 1:
    if (nodes) {
      NodeProto copy = graph.node(int(below(random, nodes)));
      for (std::string &output : *copy.mutable_output())
        output += chance(random, 90) ? "again" : "";
      *graph.add_node() = copy;
    }
    break;
  case 2:
    if (nodes)
      graph.mutable_node()->SwapElements(int(below(random, nodes)),
                                         int(below(random, nodes)));
    break;
  case 3:
    if (!graph.input().empty())
      changeValue(
          *graph.mutable_input(int(below(random, size_t(graph.input_size())))),
          random);
    break;
  case 4:
    if (!graph.output().empty() && chance(random, 50)) {
      std::vector<std::string> names = values(graph);
      graph.mutable_output(0)->set_name(names[below(random, names.size())]);
    } else if (!graph.output().empty()) {
      changeValue(*graph.mutable_output(0), random);
    } else {
      graph.add_output()->set_name("y");
    }
    break;
  case 5: {
    auto &extra =
        *(chance(random, 50) ? graph.add_output() : graph.add_input());
    std::vector<std::string> names = values(graph);
    extra.set_name(names[below(random, names.size())]);
    changeValue(extra, random);
    break;
  }
  case 6:
    if (!model.opset_import().empty())
      model.mutable_opset_import(0)->set_version(
          chance(random, 80) ? 5 + int64_t(below(random, 23))
                             : any(random, Ints));
    break;
  case 7:
    model.add_opset_import()->set_domain(any(random, Domains));
    break;
  case 8: { // a donor's node in the middle of a value
    const GraphProto &donor = donors[below(random, donors.size())].graph();
    if (donor.node().empty() || !nodes)
      break;
    NodeProto node = donor.node(int(below(random, size_t(donor.node_size()))));
    NodeProto &user = *graph.mutable_node(int(below(random, nodes)));
    if (user.input().empty() || node.output().empty() || node.input().empty())
      break;
    node.set_input(0, user.input(0));
    node.set_output(0, "spliced" + std::to_string(random() % 100));
    for (const TensorProto &tensor : donor.initializer())
      for (std::string &name : *node.mutable_input())
        if (name == tensor.name()) {
          *graph.add_initializer() = tensor;
          name = "donor" + std::to_string(random() % 1000000);
          graph.mutable_initializer(graph.initializer_size() - 1)
              ->set_name(name);
        }
    user.set_input(0, node.output(0));
    *graph.add_node() = node;
    break;
  }
  case 9:
    addDoublings(graph, random);
    break;
  case 10:
    if (constants > 1)
      graph.mutable_initializer(int(below(random, constants)))
          ->mutable_raw_data()
          ->swap(*graph.mutable_initializer(int(below(random, constants)))
                      ->mutable_raw_data());
    break;
  case 11:
    if (constants && chance(random, 30))
      graph.mutable_initializer()->DeleteSubrange(int(below(random, constants)),
                                                  1);
    else if (constants)
      graph.mutable_initializer(int(below(random, constants)))
          ->set_name(strange(random));
    break;
  case 12:
    if (constants && chance(random, 30)) {
      *graph.add_sparse_initializer()->mutable_values() =
          graph.initializer(int(below(random, constants)));
      changeList(*graph.mutable_sparse_initializer(0)->mutable_dims(), random);
    } else if (constants) {
      TensorProto &tensor =
          *graph.mutable_initializer(int(below(random, constants)));
      tensor.set_data_location(TensorProto::EXTERNAL);
      auto *entry = tensor.add_external_data();
      entry->set_key("location");
      entry->set_value(strange(random));
    }
    break;
  case 13:
  case 14:
  case 15:
    if (nodes)
      changeNode(*graph.mutable_node(int(below(random, nodes))), graph, random);
    break;
  case 16:
  case 17:
    if (constants)
      changeTensor(*graph.mutable_initializer(int(below(random, constants))),
                   random);
    break;
  default:
    if (nodes)
      changeAttribute(*graph.mutable_node(int(below(random, nodes))), donors,
                      random);
  }
}

} // namespace

void mutate(Model &model, const std::vector<Model> &donors, Random &random) {
  bool gentle = chance(random, 60);
  for (size_t n = 1 + below(random, gentle ? 3 : 4); n--;) {
    if (gentle && !chance(random, 10))
      changeGently(model, random);
    else
      changeGraph(model, donors, random);
  }
}

} // namespace fuzz
