//===- OpsLowered.cpp - Convolutions as FINN lowers them ------------------===//
//
// Im2Col and the MatMul behind it are a convolution of channel-last data again;
// MaxPoolNHWC is a MaxPool between transpositions.
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

const Shape ToFirst = {0, 3, 1, 2}, ToLast = {0, 2, 3, 1};

/// One number for both axes, or one for each.
std::optional<Shape> getPair(NodeBuilder &n, StringRef name, int64_t byDefault,
                             size_t count) {
  Shape list(count, byDefault);
  auto attr = n.attrs.getNamed(name);
  if (attr && isa<IntegerAttr>(attr->getValue()))
    list.assign(count, n.getInt(name, byDefault)); // until QONNX 0.1
  else
    list = n.getInts(name).value_or(list);
  int64_t least = name == "pad_amount" ? 0 : 1;
  bool fits = list.size() == count && llvm::all_of(list, [&](int64_t value) {
                return value >= least && value <= (1 << 24);
              });
  if (fits)
    return list;
  n.fail(name + " must have " + Twine(count) + " numbers of at least " +
         Twine(least) + ", found " + toString(list) + "; correct " + name);
  return std::nullopt;
}

/// Im2Col(N x H x W x C) -> N x OH x OW x (KH KW C): kept for its MatMul.
void buildIm2Col(NodeBuilder &n) {
  ArrayRef<int64_t> data = n.shape(0);
  auto kernel = getPair(n, "kernel_size", 1, 2);
  auto strides = getPair(n, "stride", 1, 2);
  auto dilations = getPair(n, "dilations", 1, 2);
  auto pads = getPair(n, "pad_amount", 0, 4);
  if (!kernel || !strides || !dilations || !pads)
    return;
  if (data.size() != 4)
    return n.fail("Im2Col must have N x H x W x C data, found " +
                  toString(data) + "; add the axes");
  Shape shape = {data[0]};
  for (int axis : {0, 1}) {
    int64_t room = data[axis + 1] + (*pads)[axis] + (*pads)[axis + 2] -
                   ((*kernel)[axis] - 1) * (*dilations)[axis] - 1;
    if (room < 0)
      return n.fail("a window must fit its input, found kernel " +
                    toString(*kernel) + " for " + toString(data) +
                    "; use a smaller kernel or a larger input");
    shape.push_back(room / (*strides)[axis] + 1);
  }
  shape.push_back((*kernel)[0] * (*kernel)[1] * data[3]);
  n.result(n.emit("Im2Col", n.in(0), n.type(0).clone(shape),
                  {n.attr("dilations", *dilations),
                   n.attr("kernel_shape", *kernel), n.attr("pads", *pads),
                   n.attr("strides", *strides),
                   n.attr("pad_value", n.getInt("pad_value", 0))}));
}

void buildMaxPoolNHWC(NodeBuilder &n) {
  if (n.rank(0) != 4)
    return n.fail("MaxPoolNHWC must have N x H x W x C data, found " +
                  toString(n.shape(0)) + "; add the axes");
  n.inputs[0] = n.emitTranspose(n.in(0), ToFirst);
  n.op = "MaxPool";
  buildPool(n);
  for (Value &result : n.results)
    result = n.emitTranspose(result, ToLast);
}

} // namespace

Value emitLoweredConv(NodeBuilder &n, Value columns, Value matrix) {
  Operation *im2col = columns.getDefiningOp();
  RankedTensorType weight = NodeBuilder::typeOf(matrix);
  if (!im2col || im2col->getName().stripDialect() != "Im2Col" ||
      weight.getRank() != 2)
    return {};
  auto ints = [&](StringRef name) {
    return Shape(im2col->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef());
  };
  Value data = n.emitTranspose(im2col->getOperand(0), ToFirst);
  Shape kernel = ints("kernel_shape"), pads = ints("pads");
  int64_t channels = NodeBuilder::typeOf(data).getDimSize(1);
  int64_t outputs = weight.getDimSize(1);
  int64_t value = im2col->getAttrOfType<IntegerAttr>("pad_value").getInt();
  if (value != 0) {
    RankedTensorType type = NodeBuilder::typeOf(data);
    Type element = type.getElementType();
    Shape shape(type.getShape()),
        all = {0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]};
    shape[2] += pads[0] + pads[2];
    shape[3] += pads[1] + pads[3];
    Attribute pad = isa<FloatType>(element)
                        ? Attribute(FloatAttr::get(
                              element, static_cast<double>(value)))
                        : Attribute(IntegerAttr::get(element, value));
    data = n.emit("Pad", data, type.clone(shape),
                  {n.attr("pads", all), n.attr("value", pad)});
    pads.assign(4, 0);
  }
  Value kernels =
      n.emitReshape(matrix, {kernel[0], kernel[1], channels, outputs});
  kernels = n.emitTranspose(kernels, {3, 2, 0, 1});
  ArrayRef<int64_t> shape = NodeBuilder::typeOf(columns).getShape();
  Value conv = n.emit("Conv", {data, kernels},
                      NodeBuilder::typeOf(data).clone(
                          {shape[0], outputs, shape[1], shape[2]}),
                      {n.attr("dilations", ints("dilations")),
                       n.attr("kernel_shape", kernel), n.attr("pads", pads),
                       n.attr("strides", ints("strides")), n.attr("group", 1)});
  return n.emitTranspose(conv, ToLast);
}

void addLoweredHandlers(HandlerTable &table) {
  table["Im2Col"] = {1, 1, buildIm2Col};
  table["MaxPoolNHWC"] = {1, 1, buildMaxPoolNHWC};
}

} // namespace bnncc::importer
