//===- Legalise.cpp - From bnn operations to layers -----------------------===//
//
// Walks the chain of operations once: quantiser, then conv [max_pool]
// [threshold [max_pool]] per layer, then what the host does.
//
//===----------------------------------------------------------------------===//

#include "Legalise.h"
#include "Arithmetic.h"
#include "BitLayers.h"
#include "Border.h"
#include "HostOps.h"

#include "bnn/BnnDialect.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bnncc::lower {

using mlir::Operation;
using mlir::Value;

static void collectNames(mlir::Location loc,
                         llvm::SetVector<llvm::StringRef> &names) {
  if (auto name = mlir::dyn_cast<mlir::NameLoc>(loc))
    names.insert(name.getName());
  else if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location part : fused.getLocations())
      collectNames(part, names);
}

std::vector<std::string> nodeNames(mlir::Location loc) {
  llvm::SetVector<llvm::StringRef> names;
  collectNames(loc, names);
  std::vector<std::string> result;
  for (llvm::StringRef name : names)
    result.push_back(name.str());
  return result;
}

std::string moduleName(mlir::Location loc) {
  while (auto fused = mlir::dyn_cast<mlir::FusedLoc>(loc))
    loc = fused.getLocations().back();
  auto name = mlir::dyn_cast<mlir::NameLoc>(loc);
  auto module =
      name ? mlir::dyn_cast<mlir::NameLoc>(name.getChildLoc()) : nullptr;
  return module ? module.getName().str() : std::string();
}

std::string nodeText(mlir::Location loc) {
  std::vector<std::string> names = nodeNames(loc);
  std::string module = moduleName(loc);
  return names.empty()    ? std::string()
         : module.empty() ? fmt::format("node '{}'", names.back())
                          : fmt::format("node '{}' of module '{}'",
                                        names.back(), module);
}

namespace {
constexpr int64_t mostSets = 64;

Shape shapeOf(Value value) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  return {type.getDimSize(0), type.getDimSize(1), type.getDimSize(2)};
}

mlir::Type elementOf(Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

std::vector<int64_t> integersOf(mlir::ElementsAttr attr) {
  std::vector<int64_t> values;
  for (const llvm::APInt &value : attr.getValues<llvm::APInt>())
    values.push_back(value.getSExtValue());
  return values;
}

/// The codes that the quantiser of the graph's input makes; all of the type if
/// there is none.
std::pair<int64_t, int64_t> codesOf(const Legalised &legalised,
                                    mlir::Type element) {
  const host::Quantiser &q = legalised.quantiser;
  if (mlir::isa_and_nonnull<bnn::QuantizeOp>(legalised.quantiseOp))
    return {q.lowest(), q.highest()};
  auto [low, high] = bnn::integerRange(element);
  return {low, high};
}

/// " ('x' and 'z')" of the graph's names; empty if there are none.
std::string argumentNames(mlir::func::FuncOp func) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (auto name = func.getArgAttrOfType<mlir::StringAttr>(i, "onnx.name"))
      names.push_back(fmt::format("'{}'", name.str()));
  return names.empty() ? std::string()
                       : fmt::format(" ({})", fmt::join(names, " and "));
}

class Legaliser {
public:
  Legaliser(Legalised &result, std::string &error)
      : result(result), error(error) {}

  bool run(mlir::func::FuncOp func);

private:
  bool fail(Operation *op, const std::string &text) {
    std::string node = nodeText(op->getLoc());
    error = fmt::format("{}: {}",
                        node.empty() ? fmt::format("node '{}'",
                                                   op->getName().getStringRef().str())
                                     : node,
                        text);
    return false;
  }
  Layer *open() { return layer.nodes.empty() ? nullptr : &layer; }
  void addNodes(Operation *op) {
    for (std::string &name : nodeNames(op->getLoc()))
      if (std::find(layer.nodes.begin(), layer.nodes.end(), name) ==
          layer.nodes.end())
        layer.nodes.push_back(std::move(name));
  }
  void close(Operation *op) {
    result.network.layers.push_back(std::move(layer));
    result.ends.push_back(op);
    layer = Layer();
    summed = false;
  }

  bool isHost(Operation *op);
  bool isBefore(Operation *op);
  void closeBefore();
  bool failBetween();
  bool continuesChain(Operation *op, mlir::func::FuncOp func);
  bool visit(Operation *op);
  bool visitReshape(bnn::ReshapeOp op);
  bool takeWeights(bnn::ConvOp op);
  bool visitConv(bnn::ConvOp op);
  bool visitPool(bnn::MaxPoolOp op);
  bool visitThreshold(bnn::ThresholdOp op);
  bool visitHost(Operation *op);
  void takeFindings(Operation *op);
  void takeClasses(bnn::ArgmaxOp op);
  bool closeValues(mlir::ValueRange results);

  Legalised &result;
  std::string &error;
  Layer layer; ///< being gathered; has nodes once it is open
  Shape map;   ///< of the present value, before a flattening
  bool flattened = false, summed = false;
  Operation *previous = nullptr;
  llvm::SetVector<Operation *> host; ///< to_real and what follows
  std::vector<Operation *> before;   ///< real operations before the first layer
};

/// Whether `op` is one of the host's, behind the last layer's integers.
bool Legaliser::isHost(Operation *op) {
  return (mlir::isa<bnn::ToRealOp>(op) &&
          op->getOperand(0).getDefiningOp() == previous &&
          !isBefore(op)) ||
         (!host.empty() && llvm::all_of(op->getOperands(), [&](Value operand) {
           return host.contains(operand.getDefiningOp());
         }));
}

/// Whether `op` is one of the host's before the first layer: a real operation or
/// a pool, and whatever follows up to a convolution.
bool Legaliser::isBefore(Operation *op) {
  return !open() && result.network.layers.empty() &&
         !mlir::isa<bnn::ConvOp>(op) &&
         (!before.empty() || mlir::isa<bnn::ToRealOp, bnn::MaxPoolOp>(op));
}

/// A layer follows real values: the first real layer, or the first decision, is
/// what must not be there.
bool Legaliser::failBetween() {
  for (Operation *op : host)
    if (mlir::isa<bnn::RealConvOp>(op))
      return fail(op, "has float weights or an input without a quantiser between "
                      "binary layers, where the engine takes bits; put a "
                      "quantiser (Sign, BipolarQuant) before it and train its "
                      "weights binary, or make it the first or last layer");
  return fail(host.back(), "makes real values between binary layers, where the "
                           "engine takes bits; put a quantiser (Sign, "
                           "BipolarQuant) in its place");
}

/// Whether `op` alone reads the value before it.
bool Legaliser::continuesChain(Operation *op, mlir::func::FuncOp func) {
  Value from = op->getOperand(0);
  if (isBefore(op))
    return true;
  return op->getNumOperands() == 1 && from.hasOneUse() &&
         (previous ? from.getDefiningOp() == previous
                   : from == func.getArgument(0));
}

bool Legaliser::run(mlir::func::FuncOp func) {
  if (func.getNumArguments() != 1) {
    error = fmt::format("the graph must have one input that is computed with, "
                        "but found {}{}; make the others constants, or parts "
                        "of one input",
                        func.getNumArguments(), argumentNames(func));
    return false;
  }
  map = shapeOf(func.getArgument(0));
  for (Operation &op : func.getBody().front()) {
    if (mlir::isa<mlir::func::ReturnOp>(op))
      break;
    if (!host.empty() && mlir::isa<bnn::ConvOp>(op))
      return failBetween();
    if (!isHost(&op) && (!host.empty() || !continuesChain(&op, func)))
      return fail(&op, "branches (concat, residual or a second use of a value) "
                       "are not supported by this target yet; use a chain of "
                       "layers");
    if (!visit(&op))
      return false;
    if (host.empty())
      previous = &op;
  }
  if (!result.quantiseOp && before.empty() &&
      (open() || !result.network.layers.empty()))
    result.quantiser = integerInput(
        result.network.layers.empty() ? layer : result.network.layers.front());
  if (open() && !closeValues(func.front().getTerminator()->getOperands()))
    return false;
  if (result.network.layers.empty()) {
    error = "the graph has no convolution or dense layer";
    return false;
  }
  if (result.network.layers.back().output == OutputKind::Bits ||
      result.network.layers.back().output == OutputKind::SumBits)
    return fail(previous, "the graph ends in bits; let it end in the values "
                          "before this threshold");
  return true;
}

bool Legaliser::visit(Operation *op) {
  if (isBefore(op)) {
    before.push_back(op);
    map = shapeOf(op->getResult(0));
    return true;
  }
  if (!host.empty() || isHost(op))
    return visitHost(op);
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<bnn::QuantizeOp, bnn::CastInputOp>([&](auto quantise) {
        result.quantiseOp = op;
        result.quantiser = hostQuantiser(op);
        return true;
      })
      .Case<bnn::ReshapeOp>([&](auto x) { return visitReshape(x); })
      .Case<bnn::GatherOp>([&](bnn::GatherOp gather) {
        if (previous)
          return fail(op,
                      "elements can move before the first layer and behind "
                      "the last one only; let every layer read the whole map "
                      "of the layer before it");
        result.gather.assign(gather.getFrom().begin(), gather.getFrom().end());
        map = shapeOf(gather.getOutput());
        return true;
      })
      .Case<bnn::ConvOp>([&](auto x) { return visitConv(x); })
      .Case<bnn::MaxPoolOp>([&](auto x) { return visitPool(x); })
      .Case<bnn::ThresholdOp>([&](auto x) { return visitThreshold(x); })
      .Case<bnn::SumOp>([&](bnn::SumOp sum) {
        if (!open() || elementOf(sum.getInput()).isInteger(1))
          return fail(op, "a sum over positions must follow a convolution's "
                          "integers, but found other values; put a convolution "
                          "before it, or leave it out");
        addNodes(op);
        summed = true;
        layer.out = {layer.conv.c, 1, 1};
        return true;
      })
      .Case<bnn::ToRealOp>([&](auto) {
        if (!open())
          return fail(op, "bits become values without a layer between; let a "
                          "convolution or dense layer read them");
        return visitHost(op);
      })
      .Default([&](Operation *) {
        return fail(op, fmt::format("operation '{}' has no place on the engine "
                                    "between its layers",
                                    op->getName().getStringRef().str()));
      });
}

bool Legaliser::visitReshape(bnn::ReshapeOp op) {
  Shape to = shapeOf(op.getOutput());
  if (result.network.layers.empty() && !open()) {
    map = to; // the loader reads the elements in either shape
    return true;
  }
  bool vector = to.h == 1 && to.w == 1;
  if (open() || !(vector || to == map))
    return fail(op, "a reshape between layers must flatten the map, but found "
                    "one that does not; let the next layer read the map as it "
                    "is");
  flattened = vector;
  return true;
}

/// Weights as sets of -1 and +1. n sets make the numbers -n, -n + 2 .. n; where
/// odd and even ones are wanted, twice as many sets make twice the weights.
bool Legaliser::takeWeights(bnn::ConvOp op) {
  std::vector<int64_t> values = integersOf(op.getWeight());
  int64_t most = 1;
  bool odd = false, even = false;
  for (int64_t w : values) {
    most = std::max(most, std::abs(w));
    (w % 2 ? odd : even) = true;
  }
  layer.factor = odd && even ? 2 : 1;
  layer.sets = layer.factor * most + (even && !odd && most == 1);
  if (layer.sets > mostSets)
    return fail(op, fmt::format("weights up to {} take {} sets of -1 and +1, "
                                "the compiler adds up at most {}; weights of "
                                "several bits are not supported yet",
                                most, layer.sets, mostSets));
  auto channels = size_t(layer.conv.c), taps = values.size() / channels;
  for (size_t o = 0; o < channels; ++o)
    for (int64_t set = 0; set < layer.sets; ++set)
      for (size_t i = 0; i < taps; ++i) {
        int64_t plus =
            (layer.sets + layer.factor * values[o * taps + i]) / 2;
        layer.weights.push_back(set < plus ? 1 : -1);
      }
  return true;
}

/// The real operations before the first convolution, which reads the last of
/// their values. Their codes are the numbers themselves.
void Legaliser::closeBefore() {
  Operation *first = result.quantiseOp;
  Value source = first ? first->getResult(0) : before.front()->getOperand(0);
  llvm::DenseMap<Value, uint32_t> numbers = {{source, 0}};
  result.before = hostOps(before, numbers, 0);
  mlir::Type element = elementOf(source);
  if (mlir::isa<mlir::FloatType>(element)) {
    result.quantiser.kind = host::Quantiser::Kind::None;
  } else if (!first) {
    auto [low, high] = bnn::integerRange(element);
    result.quantiser.min = int32_t(std::max<int64_t>(low, -32768));
    result.quantiser.max = int32_t(std::min<int64_t>(high, 32767));
  } else if (element.isInteger(1) &&
             result.quantiser.kind == host::Quantiser::Kind::Boundaries) {
    // Bits stand for -1 and +1.
    result.quantiser.first = 2 * result.quantiser.first - 1;
    result.quantiser.step *= 2;
    for (int16_t &code : result.quantiser.codes)
      code = int16_t(2 * code - 1);
  }
}

bool Legaliser::visitConv(bnn::ConvOp op) {
  if (!before.empty() && result.network.layers.empty() && !open())
    closeBefore();
  if (open())
    return fail(op, fmt::format("its input, the integers of node '{}', has no "
                                "quantiser; put a sign between them",
                                layer.name()));
  mlir::Type element = elementOf(op.getInput());
  Shape in = shapeOf(op.getInput());
  auto weightType = mlir::cast<mlir::ShapedType>(op.getWeight().getType());
  layer = Layer();
  layer.fromHost = result.network.layers.empty();
  layer.kernelH = weightType.getDimSize(2);
  layer.kernelW = weightType.getDimSize(3);
  if (flattened && in == Shape{map.size(), 1, 1}) {
    // A dense layer over a flattened map is a kernel as large as the map.
    layer.kernelH = map.h;
    layer.kernelW = map.w;
    in = map;
  }
  flattened = false;
  bool padded =
      llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  if (layer.fromHost && !padded && layer.kernelH == in.h &&
      layer.kernelW == in.w) {
    // The loader packs a dense layer's input as one vector, without gaps.
    in = {in.size(), 1, 1};
    layer.kernelH = layer.kernelW = 1;
  }
  if (!element.isInteger() || element.getIntOrFloatBitWidth() > 8)
    return fail(op, "its input must be bits or integers of up to 8 bits, but "
                    "found others; quantise it to 8 bits or fewer");
  bool bits = element.isInteger(1);
  if (bits && layer.fromHost && needsMirror(op)) {
    // The loader sends the bits as the bytes -1 and +1, whose pads may be 0.
    bits = false;
    if (result.quantiser.kind == host::Quantiser::Kind::Boundaries)
      result.quantiser.first = -1, result.quantiser.step = 2;
  }
  if (!bits && !layer.fromHost)
    return fail(op, fmt::format("activations of {} bits between layers are not "
                                "supported yet; use a sign",
                                element.getIntOrFloatBitWidth()));
  layer.kind = bits ? MapKind::Bits : MapKind::Bytes;
  layer.isSigned = !element.isUnsignedInteger();
  if (!bits)
    std::tie(layer.codeLow, layer.codeHigh) =
        before.empty() ? codesOf(result, element)
                       : bnn::integerRange(element);
  layer.in = in;
  layer.conv = layer.out = shapeOf(op.getOutput());
  layer.strideH = op.getStrides()[0];
  layer.strideW = op.getStrides()[1];
  layer.padTop = op.getPads()[0];
  layer.padLeft = op.getPads()[1];
  layer.padBottom = op.getPads()[2];
  layer.padRight = op.getPads()[3];
  layer.padValue = op.getPadValue();
  if (!takeWeights(op))
    return false;
  if (bits && needsMirror(op))
    return fail(op, "padding bits with 0 doubles all sums behind it, but a "
                    "threshold is 2^29 or more; use fewer taps");
  if ((layer.padTop || layer.padBottom) && !layer.fromHost &&
      result.network.layers.back().output != OutputKind::Bits)
    return fail(op, "padding rows around a thresholded sum is not supported "
                    "yet; let a dense layer read it");
  addNodes(op);
  if (!layer.nodes.empty())
    layer.label = layer.nodes.back(); // pads come before the convolution
  else
    layer.nodes.push_back(fmt::format("conv#{}", result.network.layers.size()));
  layer.module = moduleName(op->getLoc());
  return true;
}

bool Legaliser::visitPool(bnn::MaxPoolOp op) {
  bool onBits = elementOf(op.getInput()).isInteger(1);
  Layer *target = open();
  // A pool on bits belongs to the layer that has just been closed.
  if (onBits && !result.network.layers.empty())
    target = &result.network.layers.back();
  if (!target || summed)
    return fail(op, "a max pool must follow a convolution or a sign, but found "
                    "other values; put a sign before it");
  auto next =
      mlir::dyn_cast_or_null<bnn::ThresholdOp>(onlyUser(op.getOutput()));
  if (next && next.isPerElement() && !outputUnitPools(op))
    return fail(op, "a max pool over rows, with pads or of more than 15 "
                    "positions must have a threshold that is the same at all "
                    "positions; put a sign before the pool, or let constants "
                    "differ by channel only");
  if (isPooled(*target) || !outputUnitPools(op))
    return fail(op, "a max pool over rows, with pads, of more than 15 positions "
                    "or behind another one must have its threshold right "
                    "behind it; put a sign between it and what follows");
  // Else complements have made all pixels equal (MirrorPads).
  target->borderGroup = borderRanges(*target).size() > 1;
  target->pool = {op.getKernel()[1], op.getStrides()[1], !onBits};
  target->out = map = shapeOf(op.getOutput());
  for (std::string &name : nodeNames(op->getLoc()))
    if (std::find(target->nodes.begin(), target->nodes.end(), name) ==
        target->nodes.end())
      target->nodes.push_back(name);
  target->partial |= op->hasAttr(PartialBits);
  if (onBits)
    result.ends.back() = op;
  return true;
}

/// What float32 does at a threshold, or at the sign that the host made of one.
void Legaliser::takeFindings(Operation *op) {
  auto list = [op](llvm::StringRef name) {
    auto attr = op->getAttrOfType<mlir::DenseI64ArrayAttr>(name);
    return attr ? attr.asArrayRef() : llvm::ArrayRef<int64_t>();
  };
  for (int64_t c : list("near_ties"))
    layer.nearTies.push_back({c, llvm::is_contained(list("float_differs"), c)});
  if (auto uneven = op->getAttrOfType<mlir::IntegerAttr>(bnn::unevenChannels))
    layer.uneven = uneven.getInt();
  if (std::vector<std::string> names = nodeNames(op->getLoc()); !names.empty())
    layer.decider = names.back();
}

/// What float32 does where the host takes the largest.
void Legaliser::takeClasses(bnn::ArgmaxOp op) {
  auto pairs = op->getAttrOfType<mlir::IntegerAttr>(bnn::classPairs);
  if (!pairs) {
    ++result.network.uncompared;
    return;
  }
  ClassDecision decision;
  decision.pairs = pairs.getInt();
  if (std::vector<std::string> names = nodeNames(op->getLoc()); !names.empty())
    decision.node = names.back();
  auto orders = op->getAttrOfType<mlir::DenseI64ArrayAttr>(bnn::classOrders)
                    .asArrayRef();
  for (; !orders.empty(); orders = orders.drop_front(5))
    decision.otherwise.push_back(
        {orders[0], orders[1], orders[2], orders[3], orders[4]});
  result.network.classes.push_back(std::move(decision));
}

bool Legaliser::visitThreshold(bnn::ThresholdOp op) {
  if (!open())
    return fail(op, "a threshold must follow a convolution, but found other "
                    "integers; put a convolution before it");
  if (summed && isPooled(layer) && layer.conv.h != 1)
    return fail(op, "a pool before a thresholded sum over several rows is not "
                    "supported yet; put a sign between them");
  if (summed && layer.kind == MapKind::Bytes)
    return fail(op, "a thresholded sum over a byte input's convolution is not "
                    "supported yet; put a sign between them");
  addNodes(op);
  layer.output = summed ? OutputKind::SumBits : OutputKind::Bits;
  std::vector<int64_t> points = integersOf(op.getPoints()),
                       first = integersOf(op.getFirst());
  size_t perRow = points.size() / first.size();
  for (size_t row = 0; row < first.size(); ++row) {
    SwitchPoints own;
    own.first = first[row] & 1;
    for (size_t j = 0; j < perRow; ++j)
      if (int64_t p = points[row * perRow + j]; p != bnn::unusedPoint)
        own.points.push_back(p * layer.factor);
    layer.thresholds.push_back(std::move(own));
  }
  layer.mirrored = op.getMirrored();
  layer.partial = op->hasAttr(PartialBits);
  takeFindings(op);
  layer.witnesses = int64_t(op.getWitnesses().value_or(0));
  if (summed)
    for (int64_t c = 0; c < layer.conv.c; ++c)
      if (channelThresholds(layer, c).t.size() > 1)
        return fail(op, fmt::format("channel {} of a thresholded sum has two "
                                    "switch points, the engine compares with "
                                    "one; let it rise or fall (no Abs, no "
                                    "negative slope before it)",
                                    c));
  map = layer.out;
  close(op);
  return true;
}

/// to_real closes the last layer; whether its sums stay on the engine depends
/// on what follows, so the host's operations are gathered first.
bool Legaliser::visitHost(Operation *op) {
  if (mlir::isa<bnn::ToRealOp>(op) &&
      (op->hasAttr("near_ties") || op->hasAttr(bnn::unevenChannels)))
    takeFindings(op);
  if (auto argMax = mlir::dyn_cast<bnn::ArgmaxOp>(op))
    takeClasses(argMax);
  host.insert(op);
  return true;
}

bool Legaliser::closeValues(mlir::ValueRange results) {
  Value integers =
      host.empty() ? previous->getResult(0) : host.front()->getOperand(0);
  for (Value value : results)
    if (value != integers && !host.contains(value.getDefiningOp()))
      return fail(integers.getDefiningOp(),
                  "an output of the graph is taken before this layer; outputs "
                  "must come behind the last layer");
  HostTail tail =
      hostTail(layer, summed, integers, host.getArrayRef(), results);
  layer.output = tail.output;
  if (tail.output != OutputKind::Raw)
    layer.out = {layer.conv.c, 1, 1};
  result.ops = std::move(tail.ops);
  result.outputs = std::move(tail.outputs);
  for (Operation *op : host)
    addNodes(op);
  close(integers.getDefiningOp());
  return true;
}
} // namespace

bool legalise(mlir::func::FuncOp func, Legalised &result, std::string &error) {
  return Legaliser(result, error).run(func);
}

} // namespace bnncc::lower
