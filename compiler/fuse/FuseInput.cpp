// Quantisers of the graph's input: boundaries found in the input's own
// arithmetic, or in real numbers.

#include "fuse/Fuser.h"
#include "fuse/Graph.h"
#include "mlir/IR/IRMapping.h"
#include <cmath>

using bnncc::exact::Cut;
using bnncc::exact::Quantizer;
using bnncc::exact::Radical;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using mlir::DenseElementsAttr;
using mlir::FailureOr;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

namespace bnncc {
namespace {

// The graph's input in the shape of `base`, which may hold codes of it.
Value inputUnder(mlir::OpBuilder &builder, Value base) {
  Operation *op = base.getDefiningOp();
  if (!op)
    return base;
  Value input = inputUnder(builder, op->getOperand(0));
  if (llvm::isa<bnn::QuantizeOp, bnn::CastInputOp>(op))
    return input;
  mlir::IRMapping mapping;
  mapping.map(op->getOperand(0), input);
  Operation *moved = builder.clone(*op, mapping);
  moved->getResult(0).setType(RankedTensorType::get(
      tensorType(base).getShape(), tensorType(input).getElementType()));
  return moved->getResult(0);
}

// Appends a run of `level` from `at` on.
void appendRun(InputLevels &levels, double at, int64_t level) {
  if (levels.levels.empty()) {
    levels.levels.push_back(level);
  } else if (levels.levels.back() != level) {
    levels.boundaries.push_back(at);
    levels.levels.push_back(level);
  }
}

// Sign's three levels -> two. None where 0 is met and has no meaning: `zeroAt`.
std::optional<InputLevels> decideZeros(const InputLevels &levels,
                                       exact::SignZero meaning,
                                       double &zeroAt) {
  InputLevels result;
  for (size_t j = 0; j < levels.levels.size(); ++j) {
    int64_t level = levels.levels[j];
    double at = j ? levels.boundaries[j - 1] : -INFINITY;
    if (level == 1 && meaning == exact::SignZero::Error) {
      zeroAt = at;
      return std::nullopt;
    }
    appendRun(result, at,
              level == 1 ? meaning == exact::SignZero::Plus : level / 2);
  }
  return result;
}

// The changes of `levels` that `other` does not have.
int64_t countOthers(const InputLevels &levels, const InputLevels &other) {
  int64_t count = 0;
  for (size_t j = 0; j < levels.boundaries.size(); ++j) {
    auto at = llvm::lower_bound(other.boundaries, levels.boundaries[j]);
    size_t k = at - other.boundaries.begin();
    bool same = at != other.boundaries.end() && *at == levels.boundaries[j] &&
                other.levels[k] == levels.levels[j] &&
                other.levels[k + 1] == levels.levels[j + 1];
    count += !same;
  }
  return count;
}

constexpr llvm::StringLiteral severalRoots =
    "must be decided exactly, but found several square roots too near each "
    "other; let the exporter fold the constants";

// Where a chain that rises or falls over all reals reaches a quantiser's cuts.
std::optional<InputLevels> levelsOfChain(const Domain &domain,
                                         const exact::Chain &chain,
                                         const Quantizer &quantizer,
                                         std::string &problem) {
  auto direction = exact::directionOf(chain);
  if (!direction.rises && !direction.falls) {
    problem = "must see a rising or falling function of the graph input, but "
              "found one that bends; leave out --input-arithmetic=real";
    return std::nullopt;
  }
  auto level = [&](double x) -> std::optional<int64_t> {
    int64_t count = 0;
    for (const Cut &cut : quantizer.cuts) {
      auto sign = std::optional<int>(exact::filteredSign(chain, x, cut.at));
      if (sign == 0)
        sign = exact::exactSign(chain, exact::rational(x),
                                exact::rational(cut.at));
      if (!sign) {
        problem = severalRoots;
        return std::nullopt;
      }
      bool reached = *sign > 0 || (*sign == 0 && cut.inclusive);
      if (!reached)
        break;
      ++count;
    }
    return count;
  };
  Domain finite = domain; // infinities are no real numbers
  finite.low += domain.isFloat();
  finite.high -= domain.isFloat();
  return findLevels(finite, {finite.low}, level, problem);
}

} // namespace

FailureOr<std::vector<InputLevels>>
Fuser::levelsInFloat(Operation *op, const InputFunction &function,
                     const Edge &edge, const Quantization &quantization,
                     Edge &codes) {
  std::string problem;
  const Grid &grid = quantization.grid;
  LevelRule rule = quantization.rule;
  if (rule.kind == LevelRule::Kind::Cuts)
    rule.quantizers = grid.quantizers;
  bool perChannel = function.isPerChannel() || rule.isPerChannel();
  ElementType type = function.resultType();
  std::vector<InputLevels> all;
  std::optional<int64_t> padCode;
  for (int64_t c = 0; c < (perChannel ? edge.channels() : 1); ++c) {
    auto levels = findLevels(function, rule, c, problem);
    if (!levels)
      return op->emitOpError(problem);
    all.push_back(std::move(*levels));
    if (!edge.pad)
      continue;
    double border = function.run(edge.pad->value.get_d(), c, function.padFrom,
                                 function.steps.size());
    auto level = rule.level(border, c, type);
    int64_t code = grid.of(c).isSign ? level.value_or(0) - 1
                                     : grid.first + grid.step * level.value_or(0);
    if (!level || (padCode && *padCode != code))
      return op->emitOpError("must pad all channels by one code, but found ")
             << code << " and " << padCode.value_or(0) << " in channel " << c
             << "; pad after the quantiser";
    padCode = code;
  }
  if (padCode)
    codes.pad = Edge::Pad{edge.pad->pads, mpq_class(long(*padCode)), 0};
  return all;
}

std::optional<std::vector<InputLevels>>
Fuser::levelsInReals(const Edge &edge, const Grid &grid, std::string &problem) {
  if (edge.isOpaque) {
    problem = "must quantise sums, products and bends of the codes of the "
              "graph input, but found Abs or Sqrt before it; put them before "
              "the first quantiser";
    return std::nullopt;
  }
  if (codesOf(edge)) {
    auto mapped = mapCodes(
        edge, [&](const exact::Chain &chain, int64_t code,
                  int64_t channel) -> std::optional<int64_t> {
          auto value = exact::exactValue(chain, Radical(mpq_class(long(code))));
          return value ? countCuts(grid.of(channel), *value) : std::nullopt;
        });
    if (!mapped)
      problem = severalRoots;
    return mapped;
  }
  Domain domain(edge.type().getElementType());
  int64_t kinds = std::max(edge.chains.size(), grid.quantizers.size());
  std::vector<InputLevels> all;
  for (int64_t c = 0; c < kinds; ++c) {
    auto levels = levelsOfChain(domain, edge.chain(c), grid.of(c), problem);
    if (!levels)
      return std::nullopt;
    all.push_back(std::move(*levels));
  }
  return all;
}

FailureOr<Value> Fuser::createQuantize(Operation *op, const Edge &edge,
                                       std::vector<InputLevels> levels,
                                       const Grid &grid) {
  if (llvm::all_equal(levels))
    levels.resize(1);
  int64_t last = grid.first + grid.step * (grid.levels() - 1);
  bool isBit = grid.levels() == 2;
  mlir::Type element = builder.getI8Type();
  if (isBit)
    element = builder.getI1Type();
  else if (last > 127)
    element = builder.getIntegerType(8, /*isSigned=*/false);
  int64_t first = isBit ? -1 : grid.first, step = isBit ? 2 : grid.step;

  // Codes in order need no list: a boundary for each of them, as often as it is
  // passed.
  size_t width = 0;
  std::optional<int64_t> start, way;
  bool inOrder = true;
  for (const InputLevels &own : levels) {
    width = std::max(width, own.boundaries.size());
    inOrder &= !start || *start == own.levels.front();
    start = own.levels.front();
    for (size_t j = 0; j + 1 < own.levels.size(); ++j) {
      int64_t next = own.levels[j + 1] > own.levels[j] ? 1 : -1;
      inOrder &= !way || *way == next;
      way = next;
    }
  }
  std::vector<std::vector<double>> rows;
  for (const InputLevels &own : levels) {
    rows.emplace_back();
    for (size_t j = 0; j + 1 < own.levels.size(); ++j)
      rows.back().insert(
          rows.back().end(),
          inOrder ? std::abs(own.levels[j + 1] - own.levels[j]) : 1,
          own.boundaries[j]);
    inOrder &= rows.back().size() == rows.front().size();
  }
  llvm::SmallVector<int64_t> codes;
  if (!inOrder) {
    rows.clear();
    for (const InputLevels &own : levels) {
      rows.push_back(own.boundaries);
      rows.back().resize(width, INFINITY);
      for (size_t j = 0; j <= width; ++j)
        codes.push_back(
            first + step * own.levels[std::min(j, own.levels.size() - 1)]);
    }
  }
  Value input = inputUnder(builder, edge.base);
  bool isWide = !tensorType(input).getElementType().isF32() &&
                tensorType(input).getElementTypeBitWidth() > 16;
  llvm::SmallVector<double> flat;
  for (const auto &row : rows)
    flat.append(row.begin(), row.end());
  llvm::SmallVector<int64_t> shape = {int64_t(rows.front().size())};
  if (rows.size() > 1)
    shape.insert(shape.begin(), int64_t(rows.size()));
  DenseElementsAttr boundaries;
  if (isWide)
    boundaries = DenseElementsAttr::get(
        RankedTensorType::get(shape, builder.getF64Type()),
        llvm::ArrayRef<double>(flat));
  else
    boundaries = DenseElementsAttr::get(
        RankedTensorType::get(shape, builder.getF32Type()),
        llvm::ArrayRef<float>(
            llvm::SmallVector<float>(flat.begin(), flat.end())));
  auto quantize = bnn::QuantizeOp::create(
      builder, edge.fusedLoc(op->getLoc()),
      RankedTensorType::get(edge.type().getShape(), element), input, boundaries,
      first + step * *start, step * way.value_or(1));
  if (!inOrder)
    quantize.setCodes(codes);
  return quantize.getOutput();
}

FailureOr<Edge> Fuser::quantizeInput(Operation *op, Value data,
                                     const Edge &edge,
                                     const Quantization &quantization) {
  const Grid &grid = quantization.grid;
  // Before 65,535 boundaries are looked for.
  int64_t last = grid.first + grid.step * (grid.levels() - 1);
  if (grid.first < -128 || last > 255 || (grid.first < 0 && last > 127))
    return op->emitOpError("must have codes of 8 bits, but found ")
           << grid.first << ".." << last << "; quantise to int8 or uint8";
  std::string problem;
  auto reals = levelsInReals(edge, grid, problem);
  std::vector<InputLevels> levels;
  Edge pads; // holds the pad of the codes
  // Behind a quantiser already, values are real numbers.
  std::string obstacle;
  std::optional<InputFunction> function;
  if (arithmetic == InputArithmetic::Float)
    function = InputFunction::trace(data, obstacle);
  bool isTyped = function && function->isTyped();
  bool mustBeTyped = arithmetic == InputArithmetic::Float && !codesOf(edge);
  if (!isTyped && mustBeTyped)
    return op->emitOpError(obstacle);
  if (isTyped) {
    auto floats = levelsInFloat(op, *function, edge, quantization, pads);
    if (failed(floats))
      return failure();
    levels = std::move(*floats);
  } else {
    if (!reals)
      return op->emitOpError(problem);
    levels = *reals;
  }
  int64_t differs = 0, total = 0;
  if (reals && isTyped)
    for (size_t c = 0; c < std::max(levels.size(), reals->size()); ++c) {
      const InputLevels &own = levels[levels.size() == 1 ? 0 : c];
      differs += countOthers(own, (*reals)[reals->size() == 1 ? 0 : c]);
      total += int64_t(own.boundaries.size());
    }
  for (auto [c, own] : llvm::enumerate(levels)) {
    if (!grid.of(c).isSign)
      continue;
    double zeroAt = 0;
    auto decided = decideZeros(own, signZero, zeroAt);
    if (!decided)
      return emitSignOfZero(op)
             << "it at input value " << zeroAt << signZeroRemedy;
    own = std::move(*decided);
  }
  auto codes = createQuantize(op, edge, std::move(levels), grid);
  if (failed(codes))
    return failure();
  if (reals && isTyped) {
    auto quantize = codes->getDefiningOp<bnn::QuantizeOp>();
    quantize.setRealDiffers(differs);
    quantize.setChanges(total);
  }
  Edge result = codeEdge(*codes, grid);
  if (!isTyped) {
    if (failed(movePad(op, edge, grid, result)))
      return failure();
  } else if (pads.pad) {
    result.pad = pads.pad;
    result.pad->from = result.chains.front().size();
  }
  return result;
}

} // namespace bnncc
