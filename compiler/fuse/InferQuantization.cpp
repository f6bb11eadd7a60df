// bnn-infer-quantization: binary weights with exact scales, and an integer grid
// on the input of every convolution.

#include "fuse/ConstTensor.h"
#include "fuse/Graph.h"
#include "fuse/Passes.h"
#include "fuse/Text.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <set>
#include <utility>

using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::StringRef;
using llvm::success;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {

#define GEN_PASS_DEF_INFERQUANTIZATION
#include "fuse/Passes.h.inc"

namespace {

/// One magnitude for each output channel, or the channel that has several.
struct BinaryWeights {
  std::vector<int8_t> signs;
  std::vector<exact::Radical> scales;
  /// Sum of |weight / scale - sign|, where magnitudes differ by roundings.
  std::vector<double> deviations;
  std::optional<int64_t> offender;

  bool deviates() const {
    return llvm::any_of(deviations, [](double x) { return x != 0; });
  }
};

struct InferQuantizationPass
    : impl::InferQuantizationBase<InferQuantizationPass> {
  using InferQuantizationBase::InferQuantizationBase;
  void runOnOperation() override;

  LogicalResult readInputTypes(mlir::func::FuncOp func);
  LogicalResult readWeights(llvm::ArrayRef<Operation *> convs);
  void placeOnHost(llvm::ArrayRef<Operation *> convs);
  LogicalResult splitWeights(Operation *conv);
  LogicalResult findGrid(Operation *conv);
  LogicalResult castHostInput(Operation *conv);
  LogicalResult castInput(Operation *conv, mlir::BlockArgument argument);

  LogicalResult checkInputTypes(mlir::func::FuncOp func);

  llvm::DenseMap<Value, mlir::Type> inputTypes;
  llvm::DenseMap<Operation *, BinaryWeights> weights;
  /// What is added to a layer's error: " and no binary layer among 9" where
  /// that is so, and where the engine does not have such weights.
  std::string alone, where;
};

mlir::Type typeNamed(StringRef name, mlir::MLIRContext *context) {
  using mlir::IntegerType;
  return llvm::StringSwitch<mlir::Type>(name)
      .Case("int8", IntegerType::get(context, 8))
      .Case("uint8", IntegerType::get(context, 8, IntegerType::Unsigned))
      .Case("bipolar", IntegerType::get(context, 1))
      .Default(nullptr);
}

StringRef onnxName(mlir::func::FuncOp func, unsigned argument) {
  auto name = func.getArgAttrOfType<mlir::StringAttr>(argument, "onnx.name");
  return name ? name.getValue() : "";
}

bool isOne(const exact::Radical &x) {
  return x.isRational() && x.rationalPart() == 1;
}

bool equals(const exact::Radical &x, const exact::Radical &y) {
  auto difference = exact::add(x, y.negated());
  return difference && difference->sign() == 0;
}

BinaryWeights splitSigns(const ConstTensor &weights, int64_t channels) {
  BinaryWeights result;
  auto doubles = weights.exactDoubles(); // most are; compared as such
  int64_t taps = weights.size() / channels;
  // The differences that float32 leaves in a handful of operations.
  constexpr double roundings = 0x1p-20;
  for (int64_t o = 0; o < channels; ++o) {
    exact::Radical first = weights[o * taps];
    exact::Radical scale = first.sign() < 0 ? first.negated() : first;
    bool same = true;
    for (int64_t i = o * taps; i < (o + 1) * taps; ++i) {
      bool negative =
          doubles ? std::signbit((*doubles)[i]) : weights[i].sign() < 0;
      same &= doubles
                  ? std::abs((*doubles)[i]) == std::abs((*doubles)[o * taps])
                  : equals(negative ? weights[i].negated() : weights[i], scale);
      result.signs.push_back(negative ? -1 : 1);
    }
    double deviation = 0;
    if (!same && doubles) {
      // The median magnitude leaves the least to the others.
      std::vector<double> sizes;
      for (int64_t i = o * taps; i < (o + 1) * taps; ++i)
        sizes.push_back(std::abs((*doubles)[i]));
      std::vector<double> sorted = sizes;
      std::nth_element(sorted.begin(), sorted.begin() + taps / 2, sorted.end());
      double median = sorted[taps / 2];
      scale = exact::Radical(median);
      same = median > 0;
      for (double size : sizes) {
        double difference = std::abs(size - median);
        same &= difference <= roundings * median;
        deviation += difference / median * (1 + 0x1p-40);
      }
    }
    if (!same && !result.offender)
      result.offender = o;
    result.deviations.push_back(deviation);
    result.scales.push_back(std::move(scale));
  }
  return result;
}

// The bit width of the quantiser that weights come from, if there is one.
std::optional<int> widthOf(Value weight) {
  while (Operation *op = weight.getDefiningOp()) {
    if (opType(op) == "DequantizeLinear")
      return tensorType(op->getOperand(0)).getElementTypeBitWidth();
    if (opType(op) == "Quant") {
      auto bits = evaluateConstant(op->getOperand(3));
      return bits && bits->size() == 1
                 ? std::optional(int((*bits)[0].toDouble()))
                 : std::nullopt;
    }
    if (op->getNumOperands() == 0)
      break;
    weight = op->getOperand(0);
  }
  return std::nullopt;
}

// The bits of the integers that magnitudes are of one step, but for roundings;
// none if these are more than 8.
std::optional<int> widthOf(const std::set<double> &sizes) {
  double most = *sizes.rbegin(), step = 0;
  for (double size : sizes) // Euclid's algorithm
    for (double rest = size; rest > most * 0x1p-12;)
      rest = std::abs(std::remainder(std::exchange(step, rest), rest));
  bool onGrid = step > 0 && most / step < 256;
  for (double size : sizes)
    onGrid &= std::abs(size / step - std::nearbyint(size / step)) < 1e-3;
  int bits = 1;
  while (onGrid && (1 << (bits - 1)) * step < most * (1 - 1e-6))
    ++bits;
  return onGrid ? std::optional(bits) : std::nullopt;
}

// Why the weights of a channel are not binary, in the user's words.
void describeWeights(mlir::InFlightDiagnostic &message,
                     const ConstTensor &weights, int64_t channels,
                     int64_t channel, std::optional<int> width, StringRef alone,
                     StringRef where) {
  int64_t taps = weights.size() / channels;
  std::set<double> values, sizes;
  for (int64_t i = 0; i < weights.size(); ++i) {
    double value = weights[i].toDouble();
    if (i / taps == channel)
      values.insert(value);
  }
  for (double value : values)
    sizes.insert(std::abs(value));
  auto channelText = [&] { message << " in channel " << channel; };
  if (sizes.size() == 2 && sizes.count(0)) {
    message << "ternary ones (" << text(*values.begin()) << ", 0 and "
            << text(*sizes.rbegin());
    if (*values.rbegin() != *sizes.rbegin() || *values.begin() == 0)
      message << " at most";
    channelText();
    message << ")" << alone << "; ternary weights are not supported yet"
            << where;
    return;
  }
  if (!width)
    width = widthOf(sizes);
  if (width) {
    message << "weights of " << *width << " bits (" << values.size()
            << " levels from " << text(*values.begin()) << " to "
            << text(*values.rbegin());
    channelText();
    message << ")" << alone
            << "; weights of more than one bit are not supported yet" << where;
    return;
  }
  message << "float weights (" << sizes.size() << " magnitudes from "
          << text(*sizes.begin()) << " to " << text(*sizes.rbegin());
  channelText();
  message << ")" << alone << "; float weights are not supported yet" << where;
}

} // namespace

LogicalResult
InferQuantizationPass::readWeights(llvm::ArrayRef<Operation *> convs) {
  weights.clear();
  for (Operation *conv : convs) {
    auto weight = evaluateConstant(conv->getOperand(1));
    if (!weight)
      return failure();
    weights[conv] =
        splitSigns(*weight, tensorType(conv->getOperand(1)).getDimSize(0));
  }
  return success();
}

namespace {
const llvm::StringSet<> quantisers = {
    "Sign",      "BipolarQuant",   "Quant", "QuantizeLinear",
    "Greater",   "GreaterOrEqual", "Less",  "LessOrEqual",
    "CastInput", "MultiThreshold", "Round", "Floor", "Ceil"};
} // namespace

// Layers with other weights before the first binary one and behind the last are
// the host's.
void InferQuantizationPass::placeOnHost(llvm::ArrayRef<Operation *> convs) {
  llvm::DenseSet<Operation *> engine;
  for (Operation *conv : convs)
    if (!weights[conv].offender)
      engine.insert(conv);
  // The loader runs other layers before the first binary one and behind the
  // last.
  where = engine.empty() ? " on the engine" : " between binary layers";
  alone.clear();
  if (engine.empty() && convs.size() > 1)
    alone = " and no binary layer among " + std::to_string(convs.size());
  // Of a last layer with values, small differences of magnitudes count.
  if (engine.size() > 1 && weights[convs.back()].deviates())
    engine.erase(convs.back());
  if (engine.empty() || engine.size() == convs.size())
    return;
  // In the order of the block: what is behind one of the engine's, then, from the
  // end, what is before one.
  llvm::DenseSet<Operation *> behind, before;
  mlir::Block &block = *convs.front()->getBlock();
  for (Operation &op : block)
    if (llvm::any_of(op.getOperands(), [&](Value operand) {
          Operation *producer = operand.getDefiningOp();
          return behind.contains(producer) || engine.contains(producer);
        }))
      behind.insert(&op);
  for (Operation &op : llvm::reverse(block))
    if (llvm::any_of(op.getUsers(), [&](Operation *user) {
          return before.contains(user) || engine.contains(user);
        }))
      before.insert(&op);
  for (Operation *conv : convs)
    if (!engine.contains(conv) &&
        !(behind.contains(conv) && before.contains(conv)))
      conv->setAttr("host", mlir::UnitAttr::get(conv->getContext()));
}

// The user's --input-type holds for an input that a real layer reads, too.
LogicalResult InferQuantizationPass::castHostInput(Operation *conv) {
  llvm::SmallVector<Value> work = {conv->getOperand(0)};
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
    if (argument && inputTypes.count(argument) &&
        failed(castInput(conv, argument)))
      return failure();
    Operation *op = value.getDefiningOp();
    if (op && !quantisers.contains(opType(op)))
      for (Value operand : op->getOperands())
        if (seen.insert(operand).second)
          work.push_back(operand);
  }
  return success();
}

// conv(x, alpha * w, b) -> conv(x, w) * alpha + b with w of -1 and +1
LogicalResult InferQuantizationPass::splitWeights(Operation *conv) {
  auto type = tensorType(conv->getOperand(1));
  const BinaryWeights &binary = weights[conv];
  if (binary.offender) {
    auto message =
        conv->emitOpError("weights must be -a or +a with one a for each output "
                          "channel, but found ");
    if (auto weight = evaluateConstant(conv->getOperand(1)))
      describeWeights(message, *weight, type.getDimSize(0), *binary.offender,
                      widthOf(conv->getOperand(1)), alone, where);
    return message;
  }
  if (binary.deviates())
    conv->setAttr("deviations", mlir::DenseF64ArrayAttr::get(
                                    conv->getContext(), binary.deviations));

  mlir::OpBuilder builder(conv);
  mlir::Location loc = conv->getLoc();
  auto signsType = RankedTensorType::get(type.getShape(), builder.getI8Type());
  Value signs =
      createOnnx(builder, loc, "Constant", signsType, {},
                 builder.getNamedAttr(
                     "value", mlir::DenseElementsAttr::get(
                                  signsType, llvm::ArrayRef(binary.signs))));
  builder.setInsertionPointAfter(conv);
  Value result = conv->getResult(0);
  auto resultType = tensorType(result);
  Value last = result;
  Operation *firstUse = nullptr;
  auto append = [&](StringRef name, Value constant) {
    last = createOnnx(builder, loc, name, resultType, {last, constant});
    firstUse = firstUse ? firstUse : last.getDefiningOp();
  };
  if (!llvm::all_of(binary.scales, isOne))
    append("Mul", createExact(builder, loc, binary.scales));
  if (conv->getNumOperands() > 2)
    append("Add", conv->getOperand(2));
  if (firstUse)
    result.replaceAllUsesExcept(last, firstUse);
  conv->setOperands({conv->getOperand(0), signs});
  return success();
}

LogicalResult InferQuantizationPass::castInput(Operation *conv,
                                               mlir::BlockArgument argument) {
  mlir::Type element = tensorType(argument).getElementType();
  if (llvm::isa<mlir::IntegerType>(element))
    return success();
  auto func =
      llvm::cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp());
  mlir::Type type = inputTypes.lookup(argument);
  if (!type)
    return conv->emitOpError("input must be quantised, but found the float "
                             "graph input '")
           << onnxName(func, argument.getArgNumber())
           << "'; add a quantiser before it, or say with --input-type which "
              "integers it carries";
  auto builder = mlir::OpBuilder::atBlockBegin(argument.getOwner());
  auto castType = RankedTensorType::get(tensorType(argument).getShape(), type);
  Value cast =
      createOnnx(builder, conv->getLoc(), "CastInput", castType, argument);
  argument.replaceAllUsesExcept(cast, cast.getDefiningOp());
  return success();
}

static bool isFloat(Value value) {
  return llvm::isa<mlir::FloatType>(tensorType(value).getElementType());
}

// Walks up to where the integers come from: a quantiser, a layer before, whose
// values the fusion tells apart, or an input of the graph.
LogicalResult InferQuantizationPass::findGrid(Operation *conv) {
  static const llvm::StringSet<> ends = {
      "Sign", "BipolarQuant", "Quant",     "QuantizeLinear", "Greater",
      "Less", "LessOrEqual",  "CastInput", "GreaterOrEqual", "MultiThreshold",
      "Conv", "Round",        "Floor",     "Ceil"};
  llvm::SmallVector<Value> work = {conv->getOperand(0)};
  llvm::DenseSet<Value> seen;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value)) {
      if (failed(castInput(conv, argument)))
        return failure();
      continue;
    }
    Operation *op = value.getDefiningOp();
    // A cast to an integer is a quantiser, too.
    bool toInteger = opType(op) == "Cast" && op->getNumResults() == 1 &&
                     !isFloat(op->getResult(0)) && isFloat(op->getOperand(0));
    if (!toInteger && !ends.contains(opType(op)))
      work.append(op->operand_begin(), op->operand_end());
  }
  return success();
}

LogicalResult InferQuantizationPass::readInputTypes(mlir::func::FuncOp func) {
  llvm::SmallVector<StringRef> entries;
  StringRef(inputType).split(entries, ',', -1, /*KeepEmpty=*/false);
  for (StringRef entry : entries) {
    auto [name, typeName] = entry.rsplit('=');
    if (typeName.empty())
      std::swap(name, typeName);
    mlir::Type type = typeNamed(typeName, &getContext());
    if (!type)
      return func.emitError("--input-type must be int8, uint8 or bipolar, but "
                            "found '")
             << typeName << "'";
    bool found = false;
    for (mlir::BlockArgument argument : func.getArguments())
      if (name.empty() || onnxName(func, argument.getArgNumber()) == name) {
        inputTypes[argument] = type;
        found = true;
      }
    if (!found)
      return func.emitError("--input-type must name an input, but found '")
             << name << "'";
  }
  return success();
}

// A type that no convolution needed would be checked by no one.
LogicalResult InferQuantizationPass::checkInputTypes(mlir::func::FuncOp func) {
  for (mlir::BlockArgument argument : func.getArguments()) {
    bool isFloat =
        llvm::isa<mlir::FloatType>(tensorType(argument).getElementType());
    if (!isFloat || !inputTypes.count(argument) || argument.use_empty() ||
        llvm::any_of(argument.getUsers(),
                     [](Operation *user) { return isOnnx(user, "CastInput"); }))
      continue;
    return (*argument.getUsers().begin())
               ->emitOpError("quantises the graph input '")
           << onnxName(func, argument.getArgNumber())
           << "' itself, but found --input-type for it; leave the option out";
  }
  return success();
}

void InferQuantizationPass::runOnOperation() {
  for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
    inputTypes.clear();
    if (failed(readInputTypes(func)))
      return signalPassFailure();
    llvm::SmallVector<Operation *> convs;
    for (Operation &op : func.front())
      if (isOnnx(&op, "Conv"))
        convs.push_back(&op);
    if (failed(readWeights(convs)))
      return signalPassFailure();
    placeOnHost(convs);
    for (Operation *conv : convs)
      if (conv->hasAttr("host") ? failed(castHostInput(conv))
                                : failed(splitWeights(conv)) ||
                                      failed(findGrid(conv)))
        return signalPassFailure();
    if (failed(checkInputTypes(func)))
      return signalPassFailure();
  }
}

} // namespace bnncc
