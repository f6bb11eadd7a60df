// Follows the graph's inputs through what keeps or moves their elements, up to
// the first layer.

#include "fuse/InputLayouts.h"
#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "llvm/ADT/StringSet.h"

using llvm::ArrayRef;
using mlir::Operation;
using mlir::Value;

namespace bnncc {

std::optional<ConcatPad> asPad(Operation *concat) {
  if (!isOnnx(concat, "Concat"))
    return std::nullopt;
  ConcatPad pad{{}, {}, intOf(concat, "axis", 1), 0, 0};
  mlir::Attribute splat;
  for (Value operand : concat->getOperands()) {
    if (!isOnnx(operand.getDefiningOp(), "Constant")) {
      if (pad.data)
        return std::nullopt;
      pad.data = operand;
      continue;
    }
    auto dense =
        operand.getDefiningOp()->getAttrOfType<mlir::DenseElementsAttr>(
            "value");
    bool alike = dense && dense.isSplat() &&
                 (!splat || splat == dense.getSplatValue<mlir::Attribute>());
    if (!alike)
      return std::nullopt;
    splat = dense.getSplatValue<mlir::Attribute>();
    pad.value = operand;
    (pad.data ? pad.after : pad.before) +=
        tensorType(operand).getDimSize(pad.axis);
  }
  return pad.data && pad.value ? std::optional(pad) : std::nullopt;
}

Indices selectionOf(Operation *op, ArrayRef<int64_t> in) {
  ArrayRef<int64_t> out = tensorType(op->getResult(0)).getShape();
  Shape steps = stepsOf(in);
  if (isOnnx(op, "Slice")) {
    int64_t start = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      start += intsOf(op, "starts")[k] * steps[k];
      steps[k] *= intsOf(op, "steps")[k];
    }
    return walk(out, steps, start);
  }
  if (isOnnx(op, "Expand")) {
    Shape own(out.size(), 0);
    for (size_t k = 0; k < in.size(); ++k)
      if (in[k] != 1)
        own[out.size() - in.size() + k] = steps[k];
    return walk(out, own);
  }
  auto indices = isOnnx(op, "Gather")
                     ? op->getOperand(1).getDefiningOp()
                     : nullptr;
  auto picks = indices ? indices->getAttrOfType<mlir::DenseIntElementsAttr>(
                             "value")
                       : mlir::DenseIntElementsAttr();
  if (!picks)
    return {};
  int64_t axis = intOf(op, "axis", 0);
  Indices result;
  for (int32_t outer : walk(in.take_front(axis), ArrayRef(steps).take_front(axis)))
    for (const llvm::APInt &pick : picks.getValues<llvm::APInt>())
      for (int32_t inner :
           walk(in.drop_front(axis + 1), ArrayRef(steps).drop_front(axis + 1)))
        result.push_back(
            int32_t(outer + pick.getSExtValue() * steps[axis] + inner));
  return result;
}

namespace {

constexpr int32_t outside = -1; ///< an element that a Pad made

/// An ONNX value whose elements are those of a source, somehow ordered.
struct Trace {
  Value source;
  Indices from; ///< empty: the source's own order
};

class Finder {
public:
  InputLayouts run(mlir::func::FuncOp func);

private:
  void visit(Operation *op);
  void visitElementwise(Operation *op, Value data);
  void visitPad(Operation *op, Value data, ArrayRef<int64_t> before);
  /// Asks for axes `channels` of `value` as C and the others as H and W.
  void ask(Value value, ArrayRef<int64_t> channels, bool firmly);

  llvm::DenseMap<Value, Trace> traces;
  InputLayouts layouts;
  llvm::DenseMap<Value, bool> firm;
  llvm::DenseSet<Value> constants;
};

void Finder::ask(Value value, ArrayRef<int64_t> channels, bool firmly) {
  const Trace &trace = traces.find(value)->second;
  if (firm.lookup(trace.source) || (!firmly && layouts.count(trace.source)))
    return;
  ArrayRef<int64_t> shape = tensorType(value).getShape();
  // The part of each axis that no Pad made.
  Shape low(shape.size(), 0), high(shape);
  if (!trace.from.empty()) {
    low = Shape(shape);
    high.assign(shape.size(), 0);
    Shape steps = stepsOf(shape);
    for (size_t i = 0; i < trace.from.size(); ++i)
      for (size_t k = 0; trace.from[i] != outside && k < shape.size(); ++k) {
        int64_t at = int64_t(i) / steps[k] % shape[k];
        low[k] = std::min(low[k], at);
        high[k] = std::max(high[k], at + 1);
      }
  }
  Shape perm, positions, dims;
  for (int64_t axis : channels)
    perm.push_back(axis);
  for (int64_t axis = 0; axis < int64_t(shape.size()); ++axis) {
    if (llvm::is_contained(channels, axis))
      continue;
    perm.push_back(axis);
    if (high[axis] - low[axis] > 1)
      positions.push_back(high[axis] - low[axis]);
  }
  Shape sizes, steps, all = stepsOf(shape);
  int64_t start = 0, depth = 1;
  for (size_t k = 0; k < perm.size(); ++k) {
    sizes.push_back(high[perm[k]] - low[perm[k]]);
    steps.push_back(all[perm[k]]);
    start += low[perm[k]] * all[perm[k]];
    depth *= k < channels.size() ? sizes.back() : 1;
  }
  Indices from = walk(sizes, steps, start);
  if (!trace.from.empty())
    for (int32_t &at : from)
      at = trace.from[at];
  if (from.size() != size_t(tensorType(trace.source).getNumElements()) ||
      llvm::is_contained(from, outside))
    return;
  dims.push_back(depth);
  dims.push_back(positions.size() == 2 ? positions[0] : 1);
  dims.push_back(positions.empty()       ? 1
                 : positions.size() == 2 ? positions[1]
                                         : elementCount(positions));
  layouts[trace.source] = {dims, std::move(from)};
  firm[trace.source] = firmly;
}

// Constants that differ along some axes want these as channels.
void Finder::visitElementwise(Operation *op, Value data) {
  auto type = tensorType(op->getResult(0));
  if (type.getNumElements() != tensorType(data).getNumElements())
    return;
  traces[op->getResult(0)] = Trace(traces.find(data)->second);
  bool listed = op->hasAttr("axis") || isOnnx(op, "BatchNormalization") ||
                isOnnx(op, "MultiThreshold");
  for (Value operand : op->getOperands()) {
    if (operand == data || !llvm::isa<mlir::RankedTensorType>(operand.getType()))
      continue;
    if (!constants.contains(operand)) {
      traces.erase(op->getResult(0));
      return;
    }
    auto constant = tensorType(operand);
    auto dense = operand.getDefiningOp()->getAttrOfType<mlir::DenseElementsAttr>(
        "value");
    if (constant.getNumElements() == type.getNumElements() ||
        (dense && dense.isSplat()))
      continue;
    Shape axes;
    if (listed && constant.getNumElements() > 1 && type.getRank() > 1) {
      axes.push_back(intOf(op, "axis", 1));
    } else {
      for (int64_t k = 0; k < constant.getRank(); ++k)
        if (constant.getDimSize(k) != 1)
          axes.push_back(type.getRank() - constant.getRank() + k);
    }
    if (!axes.empty() && type.getDimSize(axes.front()) > 1)
      ask(op->getResult(0), axes, /*firmly=*/false);
  }
}

void Finder::visitPad(Operation *op, Value data, ArrayRef<int64_t> before) {
  const Trace &trace = traces.find(data)->second;
  ArrayRef<int64_t> in = tensorType(data).getShape();
  auto type = tensorType(op->getResult(0));
  Shape steps = stepsOf(type.getShape());
  int64_t start = 0;
  for (size_t k = 0; k < in.size(); ++k)
    start += before[k] * steps[k];
  Indices from(type.getNumElements(), outside);
  int32_t i = 0;
  for (int32_t at : walk(in, steps, start)) {
    from[at] = trace.from.empty() ? i : trace.from[i];
    ++i;
  }
  traces[op->getResult(0)] = {trace.source, std::move(from)};
}

void Finder::visit(Operation *op) {
  static const llvm::StringSet<> unary = {"Sign",  "Not",       "Sigmoid",
                                          "Tanh",  "Relu",      "LeakyRelu",
                                          "Neg",   "Identity",  "Dropout",
                                          "Cast",  "Reshape",   "Flatten",
                                          "Squeeze", "Unsqueeze", "Abs",
                                          "Round", "Floor",     "Ceil"};
  Value data;
  for (Value operand : op->getOperands())
    if (traces.count(operand) && !data)
      data = operand;
  if (!data || op->getNumResults() != 1)
    return;
  llvm::StringRef name = opType(op);
  Value result = op->getResult(0);
  ArrayRef<int64_t> shape = tensorType(data).getShape();
  if (unary.contains(name)) {
    traces[result] = Trace(traces.find(data)->second);
  } else if (name == "Transpose") {
    const Trace &trace = traces.find(data)->second;
    Indices from = transposed(shape, intsOf(op, "perm"));
    if (!trace.from.empty())
      for (int32_t &at : from)
        at = trace.from[at];
    traces[result] = {trace.source, std::move(from)};
  } else if (name == "Slice" || name == "Gather" || name == "Expand") {
    if (!selectionOf(op, shape).empty())
      traces[result] = {result, {}};
  } else if (name == "Pad") {
    visitPad(op, data, intsOf(op, "pads").take_front(shape.size()));
  } else if (auto pad = asPad(op)) {
    Shape before(shape.size(), 0);
    before[pad->axis] = pad->before;
    visitPad(op, data, before);
  } else if (name == "Conv" || name == "MaxPool" || name == "AveragePool") {
    if (data == op->getOperand(0) && shape.size() > 2)
      ask(data, {1}, /*firmly=*/true);
  } else if (name == "MatMul") {
    int64_t rank = int64_t(shape.size());
    bool left = data == op->getOperand(0);
    int64_t axis = left ? rank - 1 : std::max<int64_t>(rank - 2, 0);
    if (elementCount(shape) != shape[axis])
      ask(data, {axis}, /*firmly=*/true);
  } else if (op->getNumOperands() > 1) {
    visitElementwise(op, data);
  }
}

InputLayouts Finder::run(mlir::func::FuncOp func) {
  constants = constantsOf(func.front());
  for (mlir::BlockArgument argument : func.getArguments())
    traces[argument] = {argument, {}};
  for (Operation &op : func.front().without_terminator()) {
    if (op.getNumResults() == 1 && !constants.contains(op.getResult(0)))
      visit(&op);
  }
  return std::move(layouts);
}

} // namespace

InputLayouts findInputLayouts(mlir::func::FuncOp func) {
  return Finder().run(func);
}

} // namespace bnncc
