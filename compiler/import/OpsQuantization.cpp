//===- OpsQuantization.cpp - Quantisers of ONNX and QONNX -----------------===//
//
// Completes QuantizeLinear and DequantizeLinear, and the operators of the
// QONNX, Brevitas and FINN domains, to one form each.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "NodeBuilder.h"
#include "TensorDecode.h"
#include "bnn/support/Text.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace bnncc::importer {
namespace {

constexpr llvm::StringLiteral QonnxDomain = "qonnx.custom_op.general";

/// A known scale must not be zero: everything is divided by it.
bool checkNotZero(NodeBuilder &n, unsigned input) {
  DenseElementsAttr constant = constantOf(n.in(input));
  if (!constant)
    return true;
  Elements scale = Elements::get(constant);
  for (int64_t i = 0; i < scale.size(); ++i) {
    if (scale.getDouble(i) != 0)
      continue;
    n.fail("a scale must not be zero, found 0 at element " + Twine(i) +
           "; train or export again");
    return false;
  }
  return true;
}

/// Checks scale and zero point of a linear (de)quantiser against the data.
bool checkScale(NodeBuilder &n, int64_t axis, int64_t blockSize) {
  ArrayRef<int64_t> data = n.shape(0), scale = n.shape(1);
  bool fits = n.type(1).getNumElements() == 1;
  if (blockSize) {
    fits = scale.size() == data.size();
    for (size_t i = 0; fits && i < data.size(); ++i)
      fits = static_cast<int64_t>(i) == axis
                 ? scale[i] == (data[i] + blockSize - 1) / blockSize
                 : scale[i] == data[i];
  } else if (scale.size() == 1 && !fits) {
    fits = scale[0] == data[axis];
  }
  if (!fits) {
    n.fail("a scale must be one number, one per channel or one per block, "
           "found " +
           toString(scale) + " for " + toString(data) + " on axis " +
           Twine(axis) + "; correct the scale");
    return false;
  }
  if (n.has(2) && n.type(2).getNumElements() != n.type(1).getNumElements()) {
    n.fail("a zero point must have the scale's shape, found " +
           toString(n.shape(2)) + " for " + toString(scale) +
           "; correct the zero point");
    return false;
  }
  return checkNotZero(n, 1);
}

void buildLinear(NodeBuilder &n) {
  bool quantizes = n.op == "QuantizeLinear";
  int64_t rank = n.rank(0), axis = n.getInt("axis", 1);
  int64_t blockSize = n.getInt("block_size", 0);
  // The axis of a scalar scale means nothing and is often out of range.
  bool perAxis = n.type(1).getNumElements() != 1;
  std::optional<int64_t> checked = perAxis ? n.getAxis(axis, rank) : 0;
  if (!checked)
    return;
  if (blockSize < 0)
    return n.fail("block_size must not be negative, found " + Twine(blockSize) +
                  "; correct block_size");
  if (!checkScale(n, *checked, perAxis ? blockSize : 0))
    return;
  int64_t named = n.getInt("output_dtype", 0);
  Type element = quantizes ? IntegerType::get(n.builder.getContext(), 8,
                                              IntegerType::Unsigned)
                           : n.type(1).getElementType();
  if (n.has(2) && quantizes)
    element = n.type(2).getElementType();
  else if (named)
    element = elementType(named, *n.builder.getContext());
  if (!element || isa<IntegerType>(element) != quantizes)
    return n.fail("a quantiser's result must be an integer and a "
                  "dequantiser's a float, found " +
                  dataTypeName(named) + "; quantise to an integer type");
  Value zero = n.has(2) ? n.in(2) : Value();
  if (!zero) {
    Elements zeros(RankedTensorType::get(
        n.shape(1), quantizes ? element : n.type(0).getElementType()));
    zero = n.emitConstant(zeros.toAttr());
  }
  n.result(n.emit(n.op, {n.in(0), n.in(1), zero},
                  RankedTensorType::get(n.shape(0), element),
                  {n.attr("axis", *checked),
                   n.attr("block_size", perAxis ? blockSize : 0)}));
}

//===----------------------------------------------------------------------===//
// QONNX
//===----------------------------------------------------------------------===//

NamedAttribute domainAttr(NodeBuilder &n) {
  return n.attr("domain", n.builder.getStringAttr(QonnxDomain));
}

bool checkBroadcasts(NodeBuilder &n, unsigned input, StringRef what) {
  std::optional<Shape> shape = broadcast(n.shape(0), n.shape(input));
  if (shape && ArrayRef<int64_t>(*shape) == n.shape(0))
    return true;
  n.fail(what + " must broadcast to the input, found " +
         toString(n.shape(input)) + " for " + toString(n.shape(0)) +
         "; correct its shape");
  return false;
}

/// A bit width: a constant whole number in 1..32, the same for all elements.
bool checkBits(NodeBuilder &n, unsigned input) {
  DenseElementsAttr constant = constantOf(n.in(input));
  if (!constant || constant.getNumElements() == 0) {
    n.fail("a bit width must be constant, found a computed value; export with "
           "fixed bit widths");
    return false;
  }
  Elements bits = Elements::get(constant);
  for (int64_t i = 0; i < bits.size(); ++i) {
    double value = bits.getDouble(i);
    if (value >= 1 && value <= 32 && value == std::floor(value) &&
        value == bits.getDouble(0))
      continue;
    n.fail("a bit width must be one whole number in 1..32, found " +
           Twine(std::to_string(value)) + "; quantise to 1..8 bits");
    return false;
  }
  return true;
}

std::optional<std::string> getRounding(NodeBuilder &n, StringRef byDefault) {
  std::string given = n.getString("rounding_mode", byDefault);
  std::string mode = StringRef(given).upper();
  // Spellings of one mode: QONNX's, and Brevitas's name for DOWN.
  mode = llvm::StringSwitch<std::string>(mode)
             .Case("HALF_EVEN", "ROUND")
             .Case("ROUND_TO_ZERO", "DOWN")
             .Default(mode);
  static const char *const Modes[] = {"ROUND", "CEIL",    "FLOOR",    "UP",
                                      "DOWN",  "HALF_UP", "HALF_DOWN"};
  if (llvm::is_contained(Modes, mode))
    return mode;
  n.fail("rounding_mode must be ROUND, CEIL, FLOOR, UP, DOWN, HALF_UP or "
         "HALF_DOWN, found '" +
         given + "'; choose one of these");
  return std::nullopt;
}

void buildBipolarQuant(NodeBuilder &n) {
  if (checkBroadcasts(n, 1, "the scale"))
    n.result(
        n.emit("BipolarQuant", {n.in(0), n.in(1)}, n.type(0), domainAttr(n)));
}

/// Quant and IntQuant are two names of one operator.
void buildQuant(NodeBuilder &n) {
  std::optional<std::string> mode = getRounding(n, "ROUND");
  if (!mode || !checkBroadcasts(n, 1, "the scale") ||
      !checkBroadcasts(n, 2, "the zero point") || !checkBits(n, 3) ||
      !checkNotZero(n, 1))
    return;
  n.result(n.emit("Quant", n.inputs, n.type(0),
                  {domainAttr(n), n.attr("narrow", n.getInt("narrow", 0) != 0),
                   n.attr("rounding_mode", n.builder.getStringAttr(*mode)),
                   n.attr("signed", n.getInt("signed", 1) != 0)}));
}

void buildTrunc(NodeBuilder &n) {
  if (n.domainVersion > 1 || n.inputs.size() != 5)
    return n.fail("Trunc must be of version 1 with five inputs, found " +
                  Twine(n.inputs.size()) + " inputs of version " +
                  Twine(n.domainVersion) + "; export with QONNX opset 1");
  std::optional<std::string> mode = getRounding(n, "FLOOR");
  if (!mode || !checkBroadcasts(n, 1, "the scale") ||
      !checkBroadcasts(n, 2, "the zero point") || !checkBits(n, 3) ||
      !checkBits(n, 4) || !checkNotZero(n, 1))
    return;
  n.result(n.emit("Trunc", n.inputs, n.type(0),
                  {domainAttr(n),
                   n.attr("rounding_mode", n.builder.getStringAttr(*mode))}));
}

/// The axis that the rows of a MultiThreshold belong to, as QONNX's executor
/// finds it: the place of C in data_layout, else by the number of axes.
int64_t thresholdAxis(StringRef layout, int64_t rank) {
  if (layout.empty())
    return rank == 3 ? 2 : 1; // NC, NWC, NCHW
  size_t place = layout.find('C');
  return place == StringRef::npos || (rank == 2 && place > 1)
             ? 1
             : static_cast<int64_t>(place);
}

/// MultiThreshold(x) -> the same on channels at axis 1, which is swapped there
/// and back
void buildMultiThreshold(NodeBuilder &n) {
  int64_t rank = n.rank(0);
  std::string layout = n.getString("data_layout", "");
  int64_t axis = thresholdAxis(layout, rank);
  if (rank < 2 || n.rank(1) != 2)
    return n.fail("MultiThreshold must have N x C data and channels x "
                  "thresholds, found " +
                  toString(n.shape(0)) + " and " + toString(n.shape(1)) +
                  "; correct the shapes");
  if (axis >= rank)
    return n.fail("data_layout must name the axes of the data, found '" +
                  ::bnn::support::printable(layout) + "' for " + toString(n.shape(0)) +
                  "; correct data_layout");
  // With one row it is no matter which axis is meant.
  if (n.shape(1)[0] == 1)
    axis = 1;
  Shape swap = iota(0, rank);
  std::swap(swap[1], swap[axis]);
  Value x = n.emitTranspose(n.in(0), swap);
  int64_t channels = NodeBuilder::typeOf(x).getDimSize(1);
  if (n.shape(1)[0] != 1 && n.shape(1)[0] != channels)
    return n.fail("MultiThreshold must have one row of thresholds, or one per "
                  "channel, found " +
                  Twine(n.shape(1)[0]) + " for " + Twine(channels) +
                  "; correct the thresholds");
  auto real = [&](StringRef name, float byDefault) {
    return n.attr(name, n.builder.getF32FloatAttr(n.getFloat(name, byDefault)));
  };
  std::string type = n.getString("out_dtype", "");
  Value y = n.emit("MultiThreshold", {x, n.in(1)}, NodeBuilder::typeOf(x),
                   {domainAttr(n), real("out_bias", 0),
                    n.attr("out_dtype", n.builder.getStringAttr(type)),
                    real("out_scale", 1)});
  n.result(n.emitTranspose(y, swap));
}

/// XnorPopcountMatMul(a, b) of bits 0 and 1 -> the number of places where they
/// agree: (MatMul(2 a - 1, 2 b - 1) + K) / 2
void buildXnorPopcount(NodeBuilder &n) {
  if (n.rank(0) < 1 || n.rank(1) != 2 || n.shape(0).back() != n.shape(1)[0])
    return n.fail("XnorPopcountMatMul must multiply rows by a matrix, found " +
                  toString(n.shape(0)) + " and " + toString(n.shape(1)) +
                  "; correct the shapes");
  Type element = n.type(0).getElementType();
  auto scalar = [&](double value) { return n.emitScalar(element, value); };
  auto bipolar = [&](Value bits) {
    return n.emitBinary("Sub", n.emitBinary("Mul", bits, scalar(2)), scalar(1));
  };
  Shape shape(n.shape(0));
  shape.back() = n.shape(1)[1];
  auto taps = static_cast<double>(n.shape(1)[0]);
  Value product = n.emit("MatMul", {bipolar(n.in(0)), bipolar(n.in(1))},
                         RankedTensorType::get(shape, element));
  n.result(n.emitBinary("Mul", n.emitBinary("Add", product, scalar(taps)),
                        scalar(0.5)));
}

} // namespace

void addQuantizationHandlers(HandlerTable &table) {
  table["QuantizeLinear"] = {2, 3, buildLinear};
  table["DequantizeLinear"] = {2, 3, buildLinear};
}

void addCustomHandlers(HandlerTable &table) {
  table["BipolarQuant"] = {2, 2, buildBipolarQuant};
  table["Quant"] = {4, 4, buildQuant};
  table["IntQuant"] = {4, 4, buildQuant};
  table["Trunc"] = {5, 7, buildTrunc};
  table["MultiThreshold"] = {2, 2, buildMultiThreshold};
  table["XnorPopcountMatMul"] = {2, 2, buildXnorPopcount};
  table["DebugMarker"] = {1, 1, [](NodeBuilder &n) { n.result(n.in(0)); }};
}

} // namespace bnncc::importer
