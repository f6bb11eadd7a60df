// Integer arithmetic of fixed width, and quantisers spelled with roundings.

#include "fuse/ConstTensor.h"
#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using bnncc::exact::Radical;
using bnncc::exact::Step;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {
namespace {

// The integer that a chain makes of a base value, if it is one.
std::optional<double> wholeValue(exact::ChainView chain, int64_t base) {
  auto value = exact::exactValue(chain, Radical(mpq_class(long(base))));
  if (!value || !value->reduced().isRational())
    return std::nullopt;
  mpq_class number = value->reduced().rationalPart();
  if (number.get_den() != 1 || cmp(abs(number), mpq_class(0x1p53)) > 0)
    return std::nullopt;
  return number.get_d();
}

// The codes 0..high - low as a grid of one level for each integer.
Fuser::Grid gridOfIntegers(int64_t low, int64_t high) {
  Fuser::Grid grid;
  grid.first = low;
  exact::Quantizer quantizer;
  for (int64_t value = low + 1; value <= high; ++value)
    quantizer.cuts.push_back({double(value), true});
  grid.quantizers = {std::move(quantizer)};
  return grid;
}

} // namespace

std::optional<std::vector<InputLevels>> Fuser::codesOf(const Edge &edge) const {
  if (edge.kind != Edge::Kind::Integer)
    return std::nullopt;
  // Through movements; they keep what one list for all channels says.
  Value base = edge.base;
  Operation *op = base.getDefiningOp();
  while (op && !llvm::isa<bnn::QuantizeOp>(op)) {
    if (!llvm::isa<bnn::ReshapeOp, bnn::GatherOp>(op))
      return std::nullopt;
    base = op->getOperand(0);
    op = base.getDefiningOp();
  }
  std::vector<InputLevels> rows;
  if (auto quantize = llvm::dyn_cast_or_null<bnn::QuantizeOp>(op)) {
    bool moved = base != edge.base;
    if (quantize.isPerChannel() && moved)
      return std::nullopt;
    int64_t count = quantize.isPerChannel() ? edge.channels() : 1;
    for (int64_t c = 0; c < count; ++c) {
      InputLevels row;
      auto bounds = quantize.boundariesOf(c);
      row.boundaries.assign(bounds.begin(), bounds.end());
      for (size_t j = 0; j <= bounds.size(); ++j)
        row.levels.push_back(quantize.codeAt(c, int64_t(j)));
      rows.push_back(std::move(row));
    }
    return rows;
  }
  Domain domain(tensorType(base).getElementType());
  if (!domain.isSmall())
    return std::nullopt;
  InputLevels all;
  for (int64_t value = domain.low; value <= domain.high; ++value) {
    if (value > domain.low)
      all.boundaries.push_back(double(value));
    all.levels.push_back(value);
  }
  return {{std::move(all)}};
}

bool Fuser::isInput(const Edge &edge) const {
  if (edge.kind == Edge::Kind::Input || edge.isBipolar())
    return edge.kind == Edge::Kind::Input;
  if (codesOf(edge))
    return true;
  // Integers too many to list.
  Value base = edge.base;
  while (auto reshape = base.getDefiningOp<bnn::ReshapeOp>())
    base = reshape.getInput();
  return edge.kind == Edge::Kind::Integer &&
         llvm::isa<mlir::BlockArgument>(base);
}

std::optional<std::vector<InputLevels>>
Fuser::mapCodes(const Edge &edge, CodeFunction function) const {
  auto codes = codesOf(edge);
  if (!codes)
    return std::nullopt;
  int64_t kinds = std::max(edge.chains.size(), codes->size());
  std::vector<InputLevels> result;
  for (int64_t c = 0; c < kinds; ++c) {
    const InputLevels &own = (*codes)[codes->size() == 1 ? 0 : c];
    InputLevels mapped;
    for (size_t j = 0; j < own.levels.size(); ++j) {
      auto level = function(edge.chain(c), own.levels[j], c);
      if (!level)
        return std::nullopt;
      if (j == 0) {
        mapped.levels = {*level};
      } else if (*level != mapped.levels.back()) {
        mapped.boundaries.push_back(own.boundaries[j - 1]);
        mapped.levels.push_back(*level);
      }
    }
    result.push_back(std::move(mapped));
  }
  return result;
}

LogicalResult Fuser::defineIntegers(Operation *op, const Edge &edge,
                                    std::vector<InputLevels> values) {
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (const InputLevels &own : values) {
    low = std::min(low, *llvm::min_element(own.levels));
    high = std::max(high, *llvm::max_element(own.levels));
  }
  if (low < -128 || high > 255 || (low < 0 && high > 127))
    return op->emitOpError("must make integers of 8 bits of the graph input, "
                           "but found ")
           << low << ".." << high
           << "; clip them to -128..127 or 0..255 in the graph";
  if (low == high) // one level more, which never occurs
    high < 127 ? ++high : --low;
  for (InputLevels &own : values)
    for (int64_t &level : own.levels)
      level -= low;
  Grid grid = gridOfIntegers(low, high);
  auto codes = createQuantize(op, edge, std::move(values), grid);
  if (failed(codes))
    return failure();
  return define(op, codeEdge(*codes, grid));
}

// Whether a cast of a class keeps it: it is below the number of places.
static bool isClass(Operation *op, const Edge &edge) {
  Operation *producer = edge.base.getDefiningOp();
  while (llvm::isa_and_nonnull<bnn::ReshapeOp>(producer))
    producer = producer->getOperand(0).getDefiningOp();
  auto argmax = llvm::dyn_cast_or_null<bnn::ArgmaxOp>(producer);
  if (!argmax || opType(op) != "Cast" || edge.chains.size() != 1 ||
      !edge.chains.front().empty())
    return false;
  auto type = ElementType::of(tensorType(op->getResult(0)).getElementType());
  int64_t places =
      tensorType(argmax.getInput()).getDimSize(int64_t(argmax.getAxis()));
  return double(places) - 1 <= double(type.high());
}

// An operation with an integer result.
LogicalResult Fuser::fuseInteger(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  if (edge.kind == Edge::Kind::Host && isClass(op, edge))
    return define(op, std::move(edge));
  if (edge.kind == Edge::Kind::Host)
    return op->emitOpError("must not compute integers from the last layer's "
                           "real values, but found ")
           << opType(op) << "; leave it out of the model";
  llvm::StringRef name = opType(op);
  auto type = ElementType::of(tensorType(op->getResult(0)).getElementType());
  bool fromFloat = llvm::isa<mlir::FloatType>(
      tensorType(op->getOperand(0)).getElementType());
  std::string problem;
  if (edge.kind == Edge::Kind::Input) {
    auto levels = levelsOfValues(op, edge, problem);
    return levels ? defineIntegers(op, edge, std::move(*levels))
                  : LogicalResult(op->emitOpError(problem));
  }

  // What the steps of a chain say, as long as no value leaves the type.
  bool isStep = name == "Add" || name == "Sub" || name == "Mul" ||
                name == "Clip" || name == "PRelu" || name == "Cast" ||
                name == "Div";
  if (isStep) {
    if (name != "Cast" && failed((this->*methodFor(op))(op)))
      return failure();
    Edge next = name == "Cast" ? edge : edgeOf(op->getResult(0));
    if (name == "Div" || (name == "Cast" && fromFloat))
      next.append({Step::round(exact::RoundMode::Down)});
    auto beyond = beyondType(next, type);
    // Codes of the input stay on one grid only under what is affine.
    bool bends = name == "Div" || name == "Clip" || name == "PRelu" ||
                 (name == "Cast" && fromFloat);
    if (!beyond && (!bends || !codesOf(edge)))
      return define(op, std::move(next));
    if (!codesOf(edge))
      return op->emitOpError("must keep to the range of its type (")
             << int64_t(type.low()) << ".." << int64_t(type.high())
             << "), but found " << int64_t(*beyond) << "; use a wider integer type";
  }
  auto levels = levelsOfValues(op, edge, problem);
  if (!levels)
    return op->emitOpError(problem);
  return defineIntegers(op, edge, std::move(*levels));
}

// The values of an integer result for every value of the graph's input.
std::optional<std::vector<InputLevels>>
Fuser::levelsOfValues(Operation *op, const Edge &edge, std::string &problem) {
  auto function = InputFunction::trace(op->getResult(0), problem);
  LevelRule rule;
  rule.kind = LevelRule::Kind::Whole;
  std::vector<InputLevels> all;
  if (function && function->isTyped()) {
    problem.clear();
    bool perChannel = function->isPerChannel();
    for (int64_t c = 0; c < (perChannel ? edge.channels() : 1); ++c) {
      auto levels = findLevels(*function, rule, c, problem);
      if (!levels)
        return std::nullopt;
      all.push_back(std::move(*levels));
    }
    return all;
  }
  // Behind a quantiser: its codes are mapped one by one.
  auto single = InputFunction::ofOne(op, edge.channels(), problem);
  if (!single)
    return std::nullopt;
  auto mapped = mapCodes(
      edge, [&](const exact::Chain &chain, int64_t code, int64_t channel) {
        auto value = wholeValue(chain, code);
        auto level = value ? rule.level((*single)(*value, channel), channel,
                                        single->resultType())
                           : std::nullopt;
        return level;
      });
  if (!mapped)
    problem = "must compute with integers of the graph input, but found an "
              "operand that is none; round it before";
  return mapped;
}

// A value of the edge that an integer type cannot hold; chains that bend are
// asked at both sides of 0.
std::optional<double> Fuser::beyondType(const Edge &edge,
                                        const ElementType &type) const {
  for (int64_t base : {edge.reach.low(), edge.reach.high(), int64_t(0)}) {
    if (base < edge.reach.low() || base > edge.reach.high())
      continue;
    for (const exact::Chain &chain : edge.chains) {
      auto value = exact::exactValue(chain, Radical(mpq_class(long(base))));
      double number = value ? value->toDouble() : INFINITY;
      if (number < type.low() || number > type.high())
        return number;
    }
  }
  return std::nullopt;
}

// Round, Floor and Ceil are steps; of the graph's input they make integers.
LogicalResult Fuser::fuseRound(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  edge.isWhole = true;
  auto mode = opType(op) == "Floor"  ? exact::RoundMode::Floor
              : opType(op) == "Ceil" ? exact::RoundMode::Ceil
                                     : exact::RoundMode::HalfEven;
  return append(op, std::move(edge), {Step::round(mode)});
}

LogicalResult Fuser::fuseOpaque(Operation *op) {
  Edge edge = edgeOf(op->getOperand(0));
  if (arithmetic == InputArithmetic::Real)
    return op->emitOpError("must be a function that --input-arithmetic=real "
                           "knows, but found ")
           << opType(op) << "; leave the option out";
  edge.isOpaque = true;
  edge.locs.insert(op->getLoc());
  return define(op, std::move(edge));
}

// Turns the graph's input into codes where its value is a small integer: what
// Round, Floor or Ceil and Clip spell is a quantiser.
LogicalResult Fuser::settle(Operation *op) {
  Edge &edge = edgeOf(op->getResult(0));
  if (!edge.isWhole || !isInput(edge))
    return success();
  std::string problem;
  std::optional<std::vector<InputLevels>> values;
  if (arithmetic == InputArithmetic::Float)
    values = levelsOfValues(op, edge, problem);
  else if (!edge.isOpaque)
    values = levelsInReals(edge, gridOfIntegers(-129, 256), problem);
  if (!values)
    return success(); // not bounded yet
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (const InputLevels &own : *values) {
    low = std::min(low, *llvm::min_element(own.levels));
    high = std::max(high, *llvm::max_element(own.levels));
  }
  if (arithmetic == InputArithmetic::Real) {
    low -= 129;
    high -= 129;
    for (InputLevels &own : *values)
      for (int64_t &level : own.levels)
        level -= 129;
  }
  if (low < -128 || high > 255 || (low < 0 && high > 127) || low == high)
    return success();
  Quantization quantization;
  quantization.grid = gridOfIntegers(low, high);
  quantization.rule.kind = LevelRule::Kind::Whole;
  quantization.rule.low = double(low);
  Edge before = edge;
  auto codes = quantizeInput(op, op->getResult(0), before, quantization);
  if (failed(codes))
    return failure();
  return define(op, std::move(*codes));
}

} // namespace bnncc
