//===- OpsSpatial.cpp - Convolution and pooling ---------------------------===//
//
// Makes the geometry of windows explicit: kernel_shape, strides, dilations and
// pads are always there, and auto_pad and ceil_mode are worked into pads.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

struct Window {
  Shape kernel, strides, dilations;
  Shape pads; // begins, then ends
  Shape outputs;
  bool endExtended = false; // by ceil_mode
};

/// Reads a list of `count` integers of at least `least`; `byDefault` if absent.
std::optional<Shape> getList(NodeBuilder &n, StringRef name, size_t count,
                             int64_t byDefault, int64_t least) {
  Shape list = n.getInts(name).value_or(Shape(count, byDefault));
  if (list.size() != count) {
    n.fail(name + " must have " + Twine(count) + " values, found " +
           Twine(list.size()) + "; correct " + name);
    return std::nullopt;
  }
  for (int64_t value : list)
    if (value < least || value > (int64_t(1) << 30)) {
      n.fail(name + " must be at least " + Twine(least) + ", found " +
             Twine(value) + "; correct " + name);
      return std::nullopt;
    }
  return list;
}

/// Works out the windows over the spatial axes of input 0.
std::optional<Window> getWindow(NodeBuilder &n, ArrayRef<int64_t> kernel,
                                bool ceilMode) {
  ArrayRef<int64_t> sizes = n.shape(0).drop_front(2);
  size_t axes = sizes.size();
  std::optional<Shape> strides = getList(n, "strides", axes, 1, 1);
  std::optional<Shape> dilations = getList(n, "dilations", axes, 1, 1);
  std::optional<Shape> pads = getList(n, "pads", 2 * axes, 0, 0);
  std::string autoPad = n.getString("auto_pad", "NOTSET");
  if (!strides || !dilations || !pads || n.hasFailed())
    return std::nullopt;
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (!same && autoPad != "NOTSET" && autoPad != "VALID") {
    n.fail("auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, found '" +
           autoPad + "'; correct auto_pad");
    return std::nullopt;
  }
  if (autoPad == "VALID")
    pads->assign(2 * axes, 0);
  Window window{Shape(kernel), *strides, *dilations, *pads, {}};
  for (size_t i = 0; i < axes; ++i) {
    int64_t extent = (kernel[i] - 1) * window.dilations[i] + 1;
    int64_t stride = window.strides[i];
    int64_t &begin = window.pads[i], &end = window.pads[axes + i];
    if (same) {
      int64_t out = (sizes[i] + stride - 1) / stride;
      int64_t total =
          std::max<int64_t>((out - 1) * stride + extent - sizes[i], 0);
      begin = autoPad == "SAME_UPPER" ? total / 2 : (total + 1) / 2;
      end = total - begin;
    }
    int64_t room = sizes[i] + begin + end - extent;
    if (room < 0) {
      n.fail("a window must fit its input, found extent " + Twine(extent) +
             " for " + Twine(sizes[i] + begin + end) +
             " with padding on axis " + Twine(i + 2) +
             "; use a smaller kernel or a larger input");
      return std::nullopt;
    }
    int64_t out = room / stride + 1;
    // One more window counts if it starts before the padding at the end.
    if (ceilMode && !same && room % stride != 0 &&
        out * stride < sizes[i] + begin) {
      end += stride - room % stride;
      window.endExtended = true;
      ++out;
    }
    window.outputs.push_back(out);
  }
  return window;
}

llvm::SmallVector<NamedAttribute> windowAttrs(NodeBuilder &n,
                                              const Window &window) {
  return {n.attr("dilations", window.dilations),
          n.attr("kernel_shape", window.kernel), n.attr("pads", window.pads),
          n.attr("strides", window.strides)};
}

/// Checks the operands of a convolution and emits it without its bias.
Value emitConv(NodeBuilder &n, Value x, Value w, unsigned weightInput) {
  ArrayRef<int64_t> data = n.shape(0), weight = n.shape(weightInput);
  if (data.size() < 3 || weight.size() != data.size()) {
    n.fail("Conv must have N x C x spatial data and weights of the same rank, "
           "found " +
           toString(data) + " and " + toString(weight) + "; add the axes");
    return {};
  }
  int64_t group = n.getInt("group", 1);
  if (group < 1 || data[1] != weight[1] * group || weight[0] % group != 0) {
    n.fail("input channels must be weight channels x group, found " +
           Twine(data[1]) + " for " + Twine(weight[1]) + " x " + Twine(group) +
           "; correct the weights");
    return {};
  }
  Shape kernel =
      n.getInts("kernel_shape").value_or(Shape(weight.drop_front(2)));
  if (ArrayRef<int64_t>(kernel) != weight.drop_front(2)) {
    n.fail("kernel_shape must be that of the weights, found " +
           toString(kernel) + " for " + toString(weight) +
           "; correct kernel_shape");
    return {};
  }
  std::optional<Window> window = getWindow(n, kernel, false);
  if (!window)
    return {};
  Shape shape{data[0], weight[0]};
  llvm::append_range(shape, window->outputs);
  llvm::SmallVector<NamedAttribute> attrs = windowAttrs(n, *window);
  attrs.push_back(n.attr("group", group));
  return n.emit("Conv", {x, w}, NodeBuilder::typeOf(x).clone(shape), attrs);
}

void buildConv(NodeBuilder &n) {
  Value conv = emitConv(n, n.in(0), n.in(1), 1);
  if (!conv || !n.has(2))
    return n.result(conv);
  if (n.rank(2) != 1 || n.shape(2)[0] != n.shape(1)[0])
    return n.fail("Conv's bias must have one value per output channel, found " +
                  toString(n.shape(2)) + " for " + Twine(n.shape(1)[0]) +
                  "; correct the bias");
  // The operation is rebuilt rather than changed: it may have been folded.
  Operation *op = conv.getDefiningOp();
  Value whole =
      n.emit("Conv", {n.in(0), n.in(1), n.in(2)}, NodeBuilder::typeOf(conv),
             llvm::to_vector(op->getAttrs()));
  op->erase();
  n.result(whole);
}

/// A zero point of input `i` as i32, ready to subtract from rank `rank` data
/// whose channels lie on `axis`; null if there is none or it is zero.
Value getZeroPoint(NodeBuilder &n, unsigned i, int64_t rank, int64_t axis) {
  if (!n.has(i))
    return {};
  Value zero = n.emitCast(n.in(i), n.builder.getI32Type());
  if (DenseElementsAttr constant = constantOf(zero))
    if (llvm::all_of(toInts(constant), [](int64_t v) { return v == 0; }))
      return {};
  Shape shape(n.type(i).getNumElements() == 1 ? 0 : rank, 1);
  if (!shape.empty())
    shape[axis] = n.type(i).getNumElements();
  return n.emitReshape(zero, shape);
}

Value subtractZeroPoint(NodeBuilder &n, unsigned input, unsigned zeroInput,
                        int64_t axis) {
  Value value = n.emitCast(n.in(input), n.builder.getI32Type());
  Value zero = getZeroPoint(n, zeroInput, n.rank(input), axis);
  return zero ? n.emitBinary("Sub", value, zero) : value;
}

/// ConvInteger(x, w, xz, wz) -> Conv(Sub(Cast(x), xz), Sub(Cast(w), wz)) on i32
void buildConvInteger(NodeBuilder &n) {
  Value x = subtractZeroPoint(n, 0, 2, 1), w = subtractZeroPoint(n, 1, 3, 0);
  if (x && w)
    n.result(emitConv(n, x, w, 1));
}

/// QLinearConv -> QuantizeLinear(Add(Conv(Dequantize, Dequantize), bias))
void buildQLinearConv(NodeBuilder &n) {
  auto dequantize = [&](unsigned first, int64_t axis) {
    Type element = n.type(first + 1).getElementType();
    return n.emit("DequantizeLinear",
                  {n.in(first), n.in(first + 1), n.in(first + 2)},
                  RankedTensorType::get(n.shape(first), element),
                  {n.attr("axis", axis), n.attr("block_size", 0)});
  };
  Value conv = emitConv(n, dequantize(0, 1), dequantize(3, 0), 3);
  if (!conv)
    return;
  RankedTensorType type = NodeBuilder::typeOf(conv);
  if (n.has(8)) {
    // The bias counts in units of x_scale * w_scale.
    Value bias = n.emitCast(n.in(8), type.getElementType());
    Value wScale =
        n.emitReshape(n.in(4), n.type(4).getNumElements() == 1
                                   ? Shape()
                                   : Shape{n.type(4).getNumElements()});
    bias = n.emitBinary("Mul", bias, n.emitReshape(n.in(1), {}));
    bias = bias ? n.emitBinary("Mul", bias, wScale) : bias;
    if (!bias)
      return;
    Shape perChannel(type.getRank(), 1);
    perChannel[1] = type.getDimSize(1);
    if (NodeBuilder::typeOf(bias).getNumElements() != perChannel[1])
      return n.fail(
          "QLinearConv's bias must have one value per output channel, "
          "found " +
          toString(n.shape(8)) + "; correct the bias");
    conv = n.emitBinary("Add", conv, n.emitReshape(bias, perChannel));
  }
  if (conv)
    n.result(n.emit(
        "QuantizeLinear", {conv, n.in(6), n.in(7)},
        RankedTensorType::get(type.getShape(), n.type(7).getElementType()),
        {n.attr("axis", 1), n.attr("block_size", 0)}));
}

} // namespace

void buildPool(NodeBuilder &n) {
  ArrayRef<int64_t> data = n.shape(0);
  if (data.size() < 3)
    return n.fail("pooling must have N x C x spatial data, found " +
                  toString(data) + "; add the axes");
  if (n.wants(1))
    return n.fail("MaxPool must have one used output, found the indices in "
                  "use; remove what uses them");
  std::optional<Shape> kernel =
      getList(n, "kernel_shape", data.size() - 2, 1, 1);
  if (!kernel)
    return;
  std::optional<Window> window =
      getWindow(n, *kernel, n.getInt("ceil_mode", 0));
  if (!window)
    return;
  Shape shape(data.take_front(2));
  llvm::append_range(shape, window->outputs);
  llvm::SmallVector<NamedAttribute> attrs = windowAttrs(n, *window);
  if (n.op == "AveragePool") {
    bool padded = llvm::any_of(window->pads, [](int64_t p) { return p != 0; });
    bool countsPads = padded && n.getInt("count_include_pad", 0);
    // The part that ceil_mode adds would be counted as padding here.
    if (countsPads && window->endExtended)
      return n.fail("AveragePool must not have both ceil_mode and "
                    "count_include_pad, found both; pad with a Pad node");
    attrs.push_back(n.attr("count_include_pad", countsPads));
  }
  n.result(n.emit(n.op, n.in(0), n.type(0).clone(shape), attrs));
}

void addSpatialHandlers(HandlerTable &table) {
  table["Conv"] = {2, 3, buildConv};
  table["ConvInteger"] = {2, 4, buildConvInteger};
  table["QLinearConv"] = {8, 9, buildQLinearConv};
  table["MaxPool"] = {1, 1, buildPool};
  table["AveragePool"] = {1, 1, buildPool};
}

} // namespace bnncc::importer
