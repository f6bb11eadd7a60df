//===- Batch.cpp - A batch of windows in the graph becomes one ------------===//
//
// Follows the batch axis from the inputs through every operation.
//
//===----------------------------------------------------------------------===//

#include "Batch.h"
#include "NodeBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace bnncc::importer {
namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

bool isConstant(Value value) {
  return value.getDefiningOp() &&
         value.getDefiningOp()->getName().stripDialect() == "Constant";
}

/// Axis `axis` of a value is N windows of `part` entries each.
struct Windows {
  int64_t axis = 0, part = 1;
  bool operator==(const Windows &) const = default;
};

class BatchRemover {
public:
  BatchRemover(func::FuncOp function, int64_t count)
      : function(function), count(count) {}

  bool run(std::string &error);

private:
  /// Where the windows are in the result; none if the operation mixes them.
  std::optional<Windows> follow(Operation *op);
  std::optional<Windows> followReshape(Operation *op, Windows in);
  std::optional<Windows> followBroadcast(Operation *op);
  std::optional<Windows> followProduct(Operation *op);
  /// Whether a constant is the same for every window; notes its part.
  bool sameForAll(OpOperand &operand, int64_t axis, int64_t part);
  int64_t integer(Operation *op, StringRef name, int64_t absent) {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : absent;
  }

  func::FuncOp function;
  int64_t count;
  llvm::DenseMap<Value, Windows> windows;
  std::vector<std::pair<OpOperand *, DenseElementsAttr>> parts;
  bool isBatch = true; ///< until a convolution meets the axis elsewhere
};

// The first of the axes that N windows of `part` entries can begin.
std::optional<Windows> BatchRemover::followReshape(Operation *op, Windows in) {
  ArrayRef<int64_t> from = typeOf(op->getOperand(0)).getShape(),
                    to = typeOf(op->getResult(0)).getShape();
  int64_t before = product(from.take_front(in.axis)), outer = 1;
  for (size_t k = 0; k < to.size() && outer <= before; outer *= to[k++])
    if (outer == before && to[k] > 1)
      return to[k] % count == 0
                 ? std::optional(Windows{int64_t(k), to[k] / count})
                 : std::nullopt;
  return std::nullopt;
}

bool BatchRemover::sameForAll(OpOperand &operand, int64_t axis, int64_t part) {
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!type || axis < 0 || axis >= type.getRank() || type.getDimSize(axis) == 1)
    return true;
  if (!isConstant(operand.get()) || type.getDimSize(axis) != count * part)
    return false;
  auto value = operand.get().getDefiningOp()->getAttrOfType<DenseElementsAttr>(
      "value");
  Shape shape(type.getShape());
  shape[axis] = part;
  auto small = type.clone(shape);
  if (value.isSplat()) {
    parts.emplace_back(&operand, value.resizeSplat(small));
    return true;
  }
  auto all = llvm::to_vector(value.getValues<Attribute>());
  int64_t inner = product(type.getShape().drop_front(axis + 1)) * part;
  llvm::SmallVector<Attribute> first;
  for (int64_t i = 0, e = int64_t(all.size()); i < e; ++i) {
    int64_t window = i / inner % count;
    if (all[i] != all[i - window * inner])
      return false;
    if (window == 0)
      first.push_back(all[i]);
  }
  parts.emplace_back(&operand, DenseElementsAttr::get(small, first));
  return true;
}

std::optional<Windows> BatchRemover::followBroadcast(Operation *op) {
  int64_t rank = typeOf(op->getResult(0)).getRank();
  std::optional<Windows> out;
  for (Value operand : op->getOperands()) {
    auto in = windows.find(operand);
    if (in == windows.end())
      continue;
    Windows own = {in->second.axis + rank - typeOf(operand).getRank(),
                   in->second.part};
    if (out && *out != own)
      return std::nullopt;
    out = own;
  }
  // Lists along an axis of their own, which must not be the windows'.
  StringRef name = op->getName().stripDialect();
  bool listed = name == "BatchNormalization" || name == "MultiThreshold" ||
                name == "QuantizeLinear" || name == "DequantizeLinear";
  if (listed) {
    int64_t axis = integer(op, "axis", 1);
    bool meets = llvm::any_of(llvm::drop_begin(op->getOperands()), [](Value v) {
      auto type = dyn_cast<RankedTensorType>(v.getType());
      return type && type.getNumElements() > 1;
    });
    return meets && axis == out->axis ? std::nullopt : out;
  }
  for (OpOperand &operand : op->getOpOperands()) {
    if (windows.count(operand.get()))
      continue;
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (type &&
        !sameForAll(operand, out->axis - (rank - type.getRank()), out->part))
      return std::nullopt;
  }
  return out;
}

// No window may meet another: not the summed axis, and not the weights.
std::optional<Windows> BatchRemover::followProduct(Operation *op) {
  bool left = windows.count(op->getOperand(0));
  Value data = op->getOperand(left ? 0 : 1), other = op->getOperand(left);
  Windows in = windows.lookup(data);
  int64_t rank = typeOf(data).getRank(), result = typeOf(op->getResult(0)).getRank();
  int64_t summed = left ? rank - 1 : std::max<int64_t>(rank - 2, 0);
  bool stacked = in.axis < rank - 2 && typeOf(other).getRank() > 2;
  if (windows.count(other) || in.axis == summed || stacked)
    return std::nullopt;
  return Windows{in.axis + result - rank, in.part};
}

std::optional<Windows> BatchRemover::follow(Operation *op) {
  StringRef name = op->getName().stripDialect();
  Windows in = windows.lookup(op->getOperand(0));
  auto ints = [&](StringRef key) {
    auto list = op->getAttrOfType<DenseI64ArrayAttr>(key);
    return list ? list.asArrayRef() : ArrayRef<int64_t>();
  };
  auto keep = [&](bool apart) {
    return apart ? std::optional(in) : std::nullopt;
  };
  auto dropped = [&](bool keepDims, ArrayRef<int64_t> axes) {
    Windows out = in;
    for (int64_t axis : axes)
      out.axis -= !keepDims && axis < in.axis;
    return out;
  };
  if (name == "MatMul")
    return followProduct(op);
  if (!windows.count(op->getOperand(0)) && name != "Concat")
    return followBroadcast(op);
  if (name == "Reshape")
    return followReshape(op, in);
  if (name == "Transpose") {
    for (auto [k, axis] : llvm::enumerate(ints("perm")))
      if (axis == in.axis)
        return Windows{int64_t(k), in.part};
    return std::nullopt;
  }
  if (name == "Conv" || name == "MaxPool" || name == "AveragePool") {
    isBatch &= in.axis == 0 || typeOf(op->getOperand(0)).getDimSize(0) != 1;
    return keep(in.axis == 0 && in.part == 1);
  }
  if (name.starts_with("Reduce")) {
    if (llvm::is_contained(ints("axes"), in.axis))
      return std::nullopt;
    return dropped(integer(op, "keepdims", 1), ints("axes"));
  }
  if (name == "ArgMax" || name == "ArgMin") {
    int64_t axis = integer(op, "axis", 0);
    return axis == in.axis ? std::nullopt
                           : std::optional(dropped(integer(op, "keepdims", 1),
                                                   {axis}));
  }
  if (name == "Softmax" || name == "LogSoftmax")
    return keep(integer(op, "axis", -1) != in.axis);
  if (name == "Pad")
    return keep(ints("pads")[in.axis] == 0 &&
                ints("pads")[in.axis + typeOf(op->getOperand(0)).getRank()] ==
                    0);
  if (name == "Slice")
    return keep(ints("starts")[in.axis] == 0 && ints("steps")[in.axis] == 1 &&
                typeOf(op->getResult(0)).getDimSize(in.axis) ==
                    typeOf(op->getOperand(0)).getDimSize(in.axis));
  if (name == "Gather") {
    int64_t axis = integer(op, "axis", 0);
    if (axis == in.axis || windows.count(op->getOperand(1)))
      return std::nullopt;
    in.axis += axis < in.axis ? typeOf(op->getOperand(1)).getRank() - 1 : 0;
    return in;
  }
  if (name == "Concat") {
    std::optional<Windows> out;
    for (OpOperand &operand : op->getOpOperands())
      if (auto it = windows.find(operand.get()); it != windows.end()) {
        if (out && *out != it->second)
          return std::nullopt;
        out = it->second;
      }
    for (OpOperand &operand : op->getOpOperands())
      if (!windows.count(operand.get()) &&
          !sameForAll(operand, out->axis, out->part))
        return std::nullopt;
    return integer(op, "axis", 1) == out->axis ? std::nullopt : out;
  }
  return followBroadcast(op);
}

bool BatchRemover::run(std::string &error) {
  for (BlockArgument argument : function.getArguments())
    windows[argument] = {};
  auto fail = [&](const llvm::Twine &where) {
    error = (where + "the " + llvm::Twine(count) +
             " windows of the graph's batch must stay apart, found an "
             "operation that mixes them; export with batch size 1")
                .str();
    return !isBatch; // another reading of the axis may hold
  };
  for (Operation &op : function.front().without_terminator()) {
    if (llvm::none_of(op.getOperands(),
                      [&](Value v) { return windows.count(v); }))
      continue;
    std::string name = op.getName().stripDialect().str();
    auto loc = dyn_cast<NameLoc>(op.getLoc());
    auto module = loc ? dyn_cast<NameLoc>(loc.getChildLoc()) : NameLoc();
    std::string where =
        "node '" + (loc ? loc.getName().str() : name) + "'" +
        (module ? " of module '" + module.getName().str() + "'" : "") + " (" +
        name + "): ";
    auto out = op.getNumResults() == 1 ? follow(&op) : std::nullopt;
    if (!out)
      return fail(where);
    windows[op.getResult(0)] = *out;
  }
  for (Value value : function.front().getTerminator()->getOperands()) {
    auto it = windows.find(value);
    if (it != windows.end() && it->second != Windows{})
      return fail("graph output: ");
  }
  for (auto &[operand, value] : parts) {
    OpBuilder builder(operand->getOwner());
    OperationState state(operand->get().getLoc(), "onnx.Constant");
    state.addAttribute("value", value);
    state.addTypes(value.getType());
    operand->set(builder.create(state)->getResult(0));
  }
  for (auto &[value, where] : windows) {
    Shape shape(typeOf(value).getShape());
    shape[where.axis] = where.part;
    Value changed = value;
    changed.setType(typeOf(value).clone(shape));
  }
  function.setType(FunctionType::get(
      function.getContext(), function.front().getArgumentTypes(),
      function.front().getTerminator()->getOperandTypes()));
  return true;
}

} // namespace

bool removeBatch(func::FuncOp function, std::string &error) {
  int64_t count = 0;
  for (Type argument : function.getArgumentTypes()) {
    auto type = cast<RankedTensorType>(argument);
    int64_t own = type.getRank() < 2 ? 1 : type.getDimSize(0);
    if (own <= 1 || (count && own != count))
      return true;
    count = own;
  }
  return count == 0 || BatchRemover(function, count).run(error);
}

} // namespace bnncc::importer
