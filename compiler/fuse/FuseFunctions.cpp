// Elementwise functions that are no steps of one chain: of one value along
// several ways, and functions that take few values.

#include "fuse/ConstTensor.h"
#include "fuse/Function.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "llvm/ADT/StringSwitch.h"

using bnncc::exact::Chain;
using bnncc::exact::Function;
using bnncc::exact::Radical;
using bnncc::exact::Step;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::StringRef;
using llvm::success;
using mlir::FailureOr;
using mlir::Operation;
using mlir::Value;

namespace bnncc {
namespace {

using Kind = Function::Kind;

Radical integer(long n) { return Radical(mpq_class(n)); }

/// The chain that is a number everywhere.
Chain constantChain(const Radical &value) {
  return {Step::multiply(integer(0)), Step::add(value)};
}

bool hasFunctions(const Edge &edge) {
  return llvm::any_of(edge.chains, [](const Chain &chain) {
    return exact::hasFunction(chain) ||
           llvm::any_of(chain, [](const Step &step) {
             return step.kind == Step::Kind::Round;
           });
  });
}

std::optional<Function> functionOf(StringRef name) {
  using exact::Smooth;
  auto smooth = [](Smooth kind) {
    return Function{.kind = Kind::Smooth, .smooth = kind};
  };
  return llvm::StringSwitch<std::optional<Function>>(name)
      .Case("Round", Function{.kind = Kind::Round})
      .Case("Floor", Function{.kind = Kind::Floor})
      .Case("Ceil", Function{.kind = Kind::Ceil})
      .Case("Abs", Function{.kind = Kind::Abs})
      .Case("Reciprocal", Function{.kind = Kind::Inverse})
      .Case("Sign", Function{.kind = Kind::Sign})
      .Case("Tanh", smooth(Smooth::Tanh))
      .Case("Sigmoid", smooth(Smooth::Sigmoid))
      .Case("Erf", smooth(Smooth::Erf))
      .Case("Exp", smooth(Smooth::Exp))
      .Case("Log", smooth(Smooth::Log))
      .Case("Sqrt", smooth(Smooth::Sqrt))
      .Default(std::nullopt);
}

} // namespace

LogicalResult Fuser::fuseFunction(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  bool onHost = opType(op) == "Tanh" || opType(op) == "Sigmoid";
  if (onHost && (edge.kind == Edge::Kind::Host || !feedsLayer(op->getResult(0))))
    return fuseHostOp(op);
  bool isInput =
      edge.kind == Edge::Kind::Input || (codesOf(edge) && !edge.isBipolar());
  if (isInput && (opType(op) == "Abs" || opType(op) == "Sqrt"))
    return fuseOpaque(op);
  if (edge.kind != Edge::Kind::Integer)
    return op->emitOpError("must follow a layer's integers, but found ")
           << (edge.kind == Edge::Kind::Host
                   ? "a real value of the host; the loader has no such "
                     "operation yet"
                   : "the float graph input; quantise it first");
  return append(op, std::move(edge), {exact::applied(*functionOf(opType(op)))});
}

// The bits of a threshold are a function of its integers.
FailureOr<Edge> Fuser::lifted(const Edge &edge) {
  auto threshold = edge.isBipolar()
                       ? edge.base.getDefiningOp<bnn::ThresholdOp>()
                       : bnn::ThresholdOp();
  auto integers = threshold ? known.find(threshold.getInput()) : known.end();
  if (integers == known.end())
    return failure();
  Edge result = edge;
  result.base = threshold.getInput();
  result.reach = integers->second.reach;
  result.spread = integers->second.spread;
  auto points = llvm::cast<mlir::DenseElementsAttr>(threshold.getPoints());
  auto first = llvm::cast<mlir::DenseElementsAttr>(threshold.getFirst());
  auto at = llvm::to_vector(points.getValues<int32_t>());
  auto start = llvm::to_vector(first.getValues<bool>());
  int64_t channels = edge.channels(), width = at.size() / channels;
  result.chains.clear();
  for (int64_t c = 0; c < channels; ++c) {
    Function bit{.kind = Kind::Bit, .first = start[c]};
    for (int64_t j = c * width; j < (c + 1) * width; ++j)
      if (at[j] != bnn::unusedPoint)
        bit.points.push_back(at[j]);
    Chain chain = {exact::applied(std::move(bit))};
    chain.insert(chain.end(), edge.chain(c).begin(), edge.chain(c).end());
    result.chains.push_back(std::move(chain));
  }
  return result;
}

// Brings edges of one map to one base.
LogicalResult Fuser::joinEdges(Operation *op,
                               llvm::MutableArrayRef<Edge *> edges) {
  auto differ = [&] {
    return llvm::any_of(edges, [&](Edge *edge) {
      return edge->base != edges.front()->base;
    });
  };
  // At most twice: bits of bits do not occur.
  for (int round = 0; round < 2 && differ(); ++round)
    for (Edge *edge : edges)
      if (differ())
        if (auto up = lifted(*edge); llvm::succeeded(up))
          *edge = std::move(*up);
  for (Edge *edge : edges) {
    if (edge->pool || edge->pad)
      return op->emitOpError("must not join values behind a pool or a Pad of "
                             "real values with others, but found one pending; "
                             "put the quantiser before it");
    auto quantize = edge->base.getDefiningOp<bnn::QuantizeOp>();
    if (edge->kind == Edge::Kind::Input || (differ() && quantize))
      return op->emitOpError(
          "must not join the float graph input with what is made of it, but "
          "found one operand that is: (s - x) + x is not s in float32; export "
          "the network without its straight-through estimator (x >= 0 and "
          "Where)");
  }
  if (differ() || edges.front()->kind != Edge::Kind::Integer)
    return op->emitOpError("must have operands that are functions of one map, "
                           "but found two maps; residual additions and "
                           "products of maps are not supported yet");
  return success();
}

// f(x) op g(x), channel by channel
LogicalResult Fuser::fuseCombination(Operation *op) {
  StringRef name = opType(op);
  std::vector<std::optional<ConstTensor>> constants;
  std::vector<Edge> operands;
  for (Value operand : op->getOperands()) {
    bool isComputed = edges.count(operand);
    operands.push_back(isComputed ? edgeOf(operand) : Edge());
    constants.push_back(isComputed ? std::nullopt : evaluateConstant(operand));
    if (!isComputed && !constants.back())
      return failure();
  }
  llvm::SmallVector<Edge *> computed;
  for (auto [edge, constant] : llvm::zip(operands, constants))
    if (!constant)
      computed.push_back(&edge);
  if (llvm::any_of(computed, [](Edge *edge) { return isHosts(*edge); }))
    if (auto done = combineOnHost(op, operands, constants))
      return *done;
  if (failed(joinEdges(op, computed)))
    return failure();

  Edge result = *computed.front();
  int64_t channels = result.channels();
  std::vector<Chain> chains;
  for (int64_t c = 0; c < channels; ++c) {
    auto chainOf = [&](size_t k) -> Chain {
      if (!constants[k])
        return operands[k].chain(c);
      const ConstTensor &constant = *constants[k];
      return constantChain(constant[constant.size() == 1 ? 0 : c]);
    };
    Chain chain = chainOf(0);
    auto with = [&](Kind kind, Chain other) {
      chain.push_back(
          exact::applied({.kind = kind, .others = {std::move(other)}}));
    };
    auto minus = [&](Chain other) {
      other.push_back(Step::multiply(integer(-1)));
      with(Kind::Add, std::move(other));
    };
    auto test = [&](Kind kind) {
      chain.push_back(exact::applied({.kind = kind}));
    };
    if (name == "Where") {
      chain.push_back(exact::applied(
          {.kind = Kind::Select, .others = {chainOf(1), chainOf(2)}}));
    } else if (name == "Add") {
      with(Kind::Add, chainOf(1));
    } else if (name == "Sub") {
      minus(chainOf(1));
    } else if (name == "Mul" || name == "And") {
      with(Kind::Multiply, chainOf(1));
    } else if (name == "Div") {
      Chain divisor = chainOf(1);
      divisor.push_back(exact::applied({.kind = Kind::Inverse}));
      with(Kind::Multiply, std::move(divisor));
    } else if (name == "Max" || name == "Or") {
      with(Kind::Max, chainOf(1));
    } else if (name == "Min") {
      with(Kind::Min, chainOf(1));
    } else if (name == "Xor") {
      minus(chainOf(1));
      test(Kind::Abs);
    } else {
      minus(chainOf(1));
      if (name.starts_with("Less"))
        chain.push_back(Step::multiply(integer(-1)));
      test(name == "Equal"          ? Kind::Zero
           : name.ends_with("Equal") ? Kind::NotNegative
                                     : Kind::Positive);
    }
    chains.push_back(std::move(chain));
  }
  result.chains = std::move(chains);
  for (Edge *edge : computed) {
    result.locs.insert(edge->locs.begin(), edge->locs.end());
    if (edge->zero)
      result.zero = edge->zero;
  }
  result.locs.insert(op->getLoc());
  return define(op, std::move(result));
}

LogicalResult Fuser::reportZero(const Edge &edge) {
  return reportSwitchError(edge.zero->op,
                           {exact::SwitchError::Kind::SignOfZero, edge.zero->at},
                           edge.zero->channel);
}

// A chain that takes two values is a quantiser, however it is spelled: its bit
// says which.
FailureOr<Edge> Fuser::settled(Operation *op, const Edge &edge,
                               bool must) {
  bool isOpen = edge.kind == Edge::Kind::Integer &&
                edge.type().getElementType().isInteger(32) &&
                !(edge.pad && edge.pad->isLowest);
  if (!isOpen)
    return edge;
  constexpr size_t most = 16;
  std::vector<exact::Levels> levels;
  std::optional<std::pair<Radical, Radical>> pair;
  auto gap = [](const Radical &high, const Radical &low) {
    return exact::add(high, low.negated());
  };
  size_t kinds = edge.spread.empty() ? edge.chains.size() : edge.channels();
  for (size_t c = 0; c < kinds; ++c) {
    auto found = exact::findLevels(edge.chain(c), edge.reach, most,
                                   edge.spreadOf(c));
    bool isMany = found && found->values.size() > 2;
    if (must && edge.zero && (isMany || !found))
      return reportZero(edge);
    if (!found || isMany) {
      if (isMany && must && hasFunctions(edge))
        return op->emitOpError("must have 2 levels between layers, but found ")
               << found->values.size()
               << "; activations of more than one bit are not supported yet";
      return edge;
    }
    if (found->values.size() == 2) {
      auto distance = gap(found->values[1], found->values[0]);
      if (!distance)
        return edge;
      if (distance->sign() < 0) {
        std::swap(found->values[0], found->values[1]);
        for (auto &start : found->starts)
          start.level = 1 - start.level;
      }
      if (!pair)
        pair = {found->values[0], found->values[1]};
    }
    levels.push_back(std::move(*found));
  }
  // A channel of one value has one of the others' two, or is one of its own.
  Grid grid;
  grid.first = -1;
  grid.step = 2;
  std::vector<Step> scales, shifts;
  for (exact::Levels &channel : levels) {
    Radical low = channel.values.front(), high = channel.values.back();
    double cut;
    if (channel.values.size() == 2) {
      cut = low.toDouble() / 2 + high.toDouble() / 2;
      auto below = gap(Radical(cut), low), above = gap(high, Radical(cut));
      if (!below || !above || below->sign() <= 0 || above->sign() <= 0)
        return edge; // too near for a double between
    } else {
      auto toHigh = pair ? gap(pair->second, low) : std::nullopt;
      bool isHigh = toHigh && toHigh->sign() == 0;
      cut = low.toDouble() + (isHigh ? -1 : 1) * (1 + std::abs(low.toDouble()));
      auto distance = pair ? gap(pair->second, pair->first)
                           : std::optional<Radical>(integer(2));
      auto other = distance ? exact::add(low, isHigh ? distance->negated()
                                                     : *distance)
                            : std::nullopt;
      if (!other)
        return edge;
      (isHigh ? low : high) = *other;
    }
    grid.quantizers.push_back({{{cut, true}}});
    auto sum = exact::add(high, low), difference = gap(high, low);
    if (!sum || !difference)
      return edge;
    Radical half(mpq_class(1, 2));
    scales.push_back(Step::multiply(*exact::multiply(*difference, half)));
    shifts.push_back(Step::add(*exact::multiply(*sum, half)));
  }
  std::optional<Radical> border;
  if (edge.pad)
    for (const Chain &chain : edge.chains) {
      auto value =
          exact::exactValue(exact::ChainView(chain).subspan(edge.pad->from),
                            Radical(edge.pad->value));
      auto distance = value && border ? gap(*value, *border) : std::nullopt;
      if (!value || !value->isRational() ||
          (border && !(distance && distance->sign() == 0)))
        return op->emitOpError("must pad all channels alike by a rational "
                               "number, but found others; pad after the "
                               "quantiser");
      border = value;
    }
  mlir::Location last = edge.locs.empty() ? op->getLoc() : edge.locs.back();
  auto codes = threshold(op, last, edge, grid);
  if (failed(codes))
    return failure();
  codes->append(scales);
  codes->append(shifts);
  if (border)
    codes->pad = Edge::Pad{edge.pad->pads, border->rationalPart(),
                           codes->chains.front().size()};
  return codes;
}

FailureOr<Edge> Fuser::settledFunctions(Operation *op, const Edge &edge) {
  return hasFunctions(edge) ? settled(op, edge, /*must=*/false)
                            : FailureOr<Edge>(edge);
}

FailureOr<Value> Fuser::hostValue(Operation *op, const Edge &edge) {
  auto bits = settledFunctions(op, edge);
  if (failed(bits))
    return failure();
  if (!bits->spread.empty())
    return op->emitOpError("must follow weights of one magnitude, but found a "
                           "convolution whose weights differ by their rounding; "
                           "export weights of one magnitude (sign times scale, "
                           "the scale behind the convolution)");
  if (bits->zero)
    return reportZero(*bits);
  auto value = toHost(builder, op, *bits);
  if (llvm::succeeded(value) && bits->kind == Edge::Kind::Integer)
    origins[*value] = *bits;
  return value;
}

} // namespace bnncc
