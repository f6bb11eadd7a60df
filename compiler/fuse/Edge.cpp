// Chains of an edge, and how an edge becomes host operations.

#include "fuse/Edge.h"
#include "fuse/Function.h"
#include "mlir/IR/Builders.h"

#include <cmath>

using bnncc::exact::Chain;
using bnncc::exact::ChainView;
using bnncc::exact::Radical;
using bnncc::exact::Step;
using mlir::Value;

namespace bnncc {

mlir::Location Edge::fusedLoc(mlir::Location last) const {
  llvm::SetVector<mlir::Location> all = locs;
  all.insert(last);
  return mlir::FusedLoc::get(last.getContext(), all.getArrayRef());
}

void Edge::append(const std::vector<Step> &steps) {
  if (steps.size() > 1 && chains.size() == 1)
    chains.assign(steps.size(), Chain(chains.front()));
  for (size_t c = 0; c < chains.size(); ++c)
    chains[c].push_back(steps[steps.size() == 1 ? 0 : c]);
}

static bool isAffine(const Step &step) {
  return step.kind != Step::Kind::PRelu && step.kind != Step::Kind::Clip &&
         step.kind != Step::Kind::Apply;
}

/// Steps that may share a place: affine ones of any kind, else those of one
/// kind.
static Step::Kind placeOf(const Step &step) {
  return isAffine(step) && step.kind != Step::Kind::Round ? Step::Kind::Multiply
                                                          : step.kind;
}

/// The step of that place which changes nothing. Round and Apply have none of
/// their own kind: it is affine.
static Step identityFor(Step::Kind place) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (place == Step::Kind::PRelu)
    return Step::prelu(1);
  if (place == Step::Kind::Clip)
    return Step::clip(-infinity, infinity);
  return Step::multiply(Radical(mpq_class(1)));
}

void Edge::alignChains() {
  using Kind = Step::Kind;
  std::vector<Kind> places;
  for (const Chain &chain : chains) {
    std::vector<Kind> merged;
    size_t p = 0, s = 0;
    while (p < places.size() || s < chain.size()) {
      bool isNew =
          p == places.size() ||
          (s < chain.size() && placeOf(chain[s]) != places[p] &&
           places[p] != Kind::Multiply && placeOf(chain[s]) == Kind::Multiply);
      bool shares =
          !isNew && s < chain.size() && placeOf(chain[s]) == places[p];
      merged.push_back(isNew ? placeOf(chain[s]) : places[p]);
      p += !isNew;
      s += isNew || shares;
    }
    places = std::move(merged);
  }
  for (Chain &chain : chains) {
    if (chain.size() == places.size())
      continue;
    Chain aligned;
    size_t s = 0;
    for (Kind place : places)
      aligned.push_back(s < chain.size() && placeOf(chain[s]) == place
                            ? chain[s++]
                            : identityFor(place));
    chain = std::move(aligned);
  }
}

exact::Direction Edge::directionOf(const Chain &chain) const {
  if (isBipolar())
    if (auto affine = affineOnBipolar(chain)) {
      int slope = affine->scale.sign();
      return {slope >= 0, slope <= 0};
    }
  return exact::directionOf(chain, reach.low(), reach.high());
}

bool Edge::rises() const {
  return llvm::all_of(
      chains, [this](const Chain &chain) { return directionOf(chain).rises; });
}

std::optional<Affine> affineOf(ChainView chain) {
  Affine result{mpq_class(1), mpq_class(0)};
  for (const Step &step : chain) {
    std::optional<Radical> shift = result.shift, scale = result.scale;
    if (!isAffine(step))
      return std::nullopt;
    if (step.kind == Step::Kind::Normalize)
      shift = exact::add(*shift, step.pre);
    bool scales =
        step.kind != Step::Kind::Add && step.kind != Step::Kind::Subtract;
    if (scales) {
      scale = exact::multiply(*scale, step.factor);
      if (shift)
        shift = exact::multiply(*shift, step.factor);
    }
    if (shift)
      shift = exact::add(*shift, step.term);
    if (!scale || !shift)
      return std::nullopt;
    result = {*scale, *shift};
  }
  return result;
}

std::optional<Affine> affineOnBipolar(ChainView chain) {
  auto plus = exact::exactValue(chain, Radical(mpq_class(1)));
  auto minus = exact::exactValue(chain, Radical(mpq_class(-1)));
  if (!plus || !minus)
    return std::nullopt;
  auto sum = exact::add(*plus, *minus);
  auto difference = exact::add(*plus, minus->negated());
  if (!sum || !difference)
    return std::nullopt;
  Radical half(mpq_class(1, 2));
  return Affine{*exact::multiply(*difference, half),
                *exact::multiply(*sum, half)};
}

namespace {

bool bends(const Step &step) {
  return step.kind == Step::Kind::PRelu || step.kind == Step::Kind::Clip ||
         step.kind == Step::Kind::Apply;
}

// The sum of the magnitudes of what a shift is made of.
double termsOf(ChainView chain) {
  double size = 0;
  for (const Step &step : chain) {
    if (step.kind == Step::Kind::Normalize)
      size += std::abs(step.preDouble);
    if (step.kind != Step::Kind::Add && step.kind != Step::Kind::Subtract)
      size *= std::abs(step.factorDouble);
    size += std::abs(step.termDouble);
  }
  return size;
}

// The affine steps of every chain from `begin` on, as far as each is one affine
// function of one square root: (end, scales, shifts).
struct AffineRun {
  size_t end;
  std::vector<Radical> scale, shift;
  /// The largest constant that took part in a shift which is much smaller.
  double terms = 0;

  bool moves() const {
    auto differs = [](llvm::ArrayRef<Radical> values, int number) {
      return llvm::any_of(values, [&](const Radical &x) {
        return !x.isRational() || x.rationalPart() != number;
      });
    };
    return differs(scale, 1) || differs(shift, 0);
  }
};

AffineRun affineRun(const Edge &edge, size_t begin) {
  auto bendsAt = [&](size_t place) {
    return llvm::any_of(edge.chains, [place](const Chain &chain) {
      return bends(chain[place]);
    });
  };
  size_t end = begin;
  while (end < edge.chains.front().size() && !bendsAt(end))
    ++end;
  for (;; --end) { // one step alone always has that form
    AffineRun run{end, {}, {}};
    for (ChainView chain : edge.chains) {
      auto affine = affineOf(chain.subspan(begin, end - begin));
      if (!affine)
        break;
      double terms = termsOf(chain.subspan(begin, end - begin));
      if (terms > 2 * std::abs(affine->shift.toDouble()))
        run.terms = std::max(run.terms, terms);
      run.scale.push_back(std::move(affine->scale));
      run.shift.push_back(std::move(affine->shift));
    }
    if (run.scale.size() == edge.chains.size())
      return run;
  }
}

std::vector<double> doublesOf(llvm::ArrayRef<Radical> values) {
  std::vector<double> doubles;
  for (const Radical &x : values)
    doubles.push_back(x.toDouble());
  return doubles;
}

// Texts of numbers that no double is; null if there are none.
mlir::ArrayAttr textsOf(mlir::OpBuilder &builder,
                        llvm::ArrayRef<Radical> values) {
  llvm::SmallVector<mlir::Attribute> texts;
  bool rounds = false;
  for (const Radical &x : values) {
    rounds |=
        !x.isRational() || exact::rational(x.toDouble()) != x.rationalPart();
    texts.push_back(builder.getStringAttr(hostText(x)));
  }
  return rounds ? builder.getArrayAttr(texts) : nullptr;
}

// Whether all channels have the same function or bounds at a place.
bool areAlike(const Edge &edge, size_t place) {
  const Step &first = edge.chains.front()[place];
  return llvm::all_of(edge.chains, [&](const Chain &chain) {
    const Step &step = chain[place];
    if (step.kind != first.kind)
      return false;
    if (step.kind == Step::Kind::Apply)
      return step.function == first.function ||
             (step.function->kind == exact::Function::Kind::Smooth &&
              first.function->kind == exact::Function::Kind::Smooth &&
              step.function->smooth == first.function->smooth);
    return step.low == first.low && step.high == first.high;
  });
}

// Clips by bounds of each channel's own:
//   y = low + relu(x - low),  clip(x) = high - relu(high - y)
// A slope of 1 in place of the relu's 0 is no bound.
Value createClips(mlir::OpBuilder &builder, mlir::Location loc, Value value,
                  const Edge &edge, size_t place) {
  std::vector<Radical> one, minusOne, toLow, lowToHigh, high;
  std::vector<double> lowSlopes, highSlopes;
  for (const Chain &chain : edge.chains) {
    double low = chain[place].low, top = chain[place].high;
    auto bound = [](double x) {
      return std::isfinite(x) ? exact::rational(x) : mpq_class(0);
    };
    lowSlopes.push_back(std::isfinite(low) ? 0 : 1);
    highSlopes.push_back(std::isfinite(top) ? 0 : 1);
    one.emplace_back(mpq_class(1));
    minusOne.emplace_back(mpq_class(-1));
    toLow.emplace_back(mpq_class(-bound(low)));
    lowToHigh.emplace_back(mpq_class(bound(top) - bound(low)));
    high.emplace_back(bound(top));
  }
  value = createAffine(builder, loc, value, one, toLow);
  value = bnn::PReluOp::create(builder, loc, value.getType(), value, lowSlopes);
  value = createAffine(builder, loc, value, minusOne, lowToHigh);
  value =
      bnn::PReluOp::create(builder, loc, value.getType(), value, highSlopes);
  return createAffine(builder, loc, value, minusOne, high);
}

// The integer that scale * x + shift makes 0 of, if doubles make another number
// of it.
std::optional<int64_t> lostZero(const Radical &scale, const Radical &shift) {
  double factor = scale.toDouble(), term = shift.toDouble();
  double x = std::nearbyint(-term / factor);
  if (factor == 0 || !(std::abs(x) < 0x1p31) || factor * x + term == 0)
    return std::nullopt;
  auto product = exact::multiply(scale, Radical(mpq_class(x)));
  auto sum = product ? exact::add(*product, shift) : std::nullopt;
  return sum && sum->sign() == 0 ? std::optional(int64_t(x)) : std::nullopt;
}

// scale * x + shift as scale * (x - zero) where a zero would be lost.
Value createToReal(mlir::OpBuilder &builder, mlir::Location loc, Value value,
                   llvm::ArrayRef<Radical> scale,
                   llvm::ArrayRef<Radical> shift) {
  std::vector<Radical> ones, toZero, rest(shift);
  bool loses = false;
  for (auto [factor, term] : llvm::zip_equal(scale, rest)) {
    auto zero = lostZero(factor, term);
    loses |= zero.has_value();
    ones.emplace_back(mpq_class(1));
    toZero.emplace_back(mpq_class(-zero.value_or(0)));
    if (zero)
      term = Radical();
  }
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType())
                  .clone(builder.getF64Type());
  auto toReal = [&](llvm::ArrayRef<Radical> a, llvm::ArrayRef<Radical> b) {
    return bnn::ToRealOp::create(builder, loc, type, value, doublesOf(a),
                                 doublesOf(b), textsOf(builder, a),
                                 textsOf(builder, b));
  };
  if (!loses)
    return toReal(scale, shift);
  return createAffine(builder, loc, toReal(ones, toZero), scale, rest);
}

} // namespace

std::string hostText(const Radical &value) {
  std::string text = value.rationalPart().get_str(16);
  if (!value.isRational())
    text += " " + value.rootFactor().get_str(16) + " " +
            value.radicand().get_str(16);
  return text;
}

Value createAffine(mlir::OpBuilder &builder, mlir::Location loc, Value value,
                   llvm::ArrayRef<Radical> scale,
                   llvm::ArrayRef<Radical> shift) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  if (!type.getElementType().isF64())
    return createToReal(builder, loc, value, scale, shift);
  return bnn::AffineOp::create(builder, loc, type, value, doublesOf(scale),
                               doublesOf(shift), textsOf(builder, scale),
                               textsOf(builder, shift));
}

mlir::FailureOr<Value> toHost(mlir::OpBuilder &builder, mlir::Operation *op,
                              const Edge &edge) {
  bool rounds = llvm::any_of(edge.chains, [](const Chain &chain) {
    return llvm::any_of(
        chain, [](const Step &step) { return step.kind == Step::Kind::Round; });
  });
  if (rounds)
    return op->emitOpError("must not round the values of the last layer, but "
                           "found Round, Floor, Ceil or an integer division "
                           "before it; leave it out of the model");
  if (edge.pad)
    return op->emitOpError("must not follow a Pad of real values, but found "
                           "one");
  mlir::Location loc = edge.fusedLoc(op->getLoc());
  auto type =
      mlir::RankedTensorType::get(edge.type().getShape(), builder.getF64Type());
  AffineRun run = affineRun(edge, 0);
  Value value = edge.base;
  auto apply = [&] {
    value = createAffine(builder, loc, value, run.scale, run.shift);
    if (run.terms != 0)
      value.getDefiningOp()->setAttr(bnn::floatTerms,
                                     builder.getF64FloatAttr(run.terms));
  };
  if (edge.kind != Edge::Kind::Host || run.moves())
    apply();
  const Chain &first = edge.chains.front();
  while (run.end < first.size()) {
    const Step &step = first[run.end];
    size_t begin = run.end;
    if (step.kind == Step::Kind::PRelu) {
      std::vector<double> slopes;
      for (const Chain &chain : edge.chains)
        slopes.push_back(chain[run.end].factorDouble);
      value = bnn::PReluOp::create(builder, loc, type, value, slopes);
    } else if (!areAlike(edge, begin)) {
      if (step.kind != Step::Kind::Clip)
        return op->emitOpError("must follow one function of all channels, but "
                               "found other functions of the last layer's "
                               "channels joined; put a sign behind each");
      value = createClips(builder, loc, value, edge, begin);
    } else if (step.kind == Step::Kind::Apply) {
      const exact::Function &function = *step.function;
      bool isSmooth = function.kind == exact::Function::Kind::Smooth;
      if (isSmooth && function.smooth == exact::Smooth::Tanh)
        value = bnn::TanhOp::create(builder, loc, type, value);
      else if (isSmooth && function.smooth == exact::Smooth::Sigmoid)
        value = bnn::SigmoidOp::create(builder, loc, type, value);
      else
        return op->emitOpError("must be a function that the loader has behind "
                               "the last layer (Tanh, Sigmoid, PRelu, Clip, "
                               "sums and products with constants), but found "
                               "another; put a sign behind it, or leave it "
                               "out");
    } else if (step.kind == Step::Kind::Clip) {
      value = bnn::ClipOp::create(builder, loc, type, value,
                                  builder.getF64FloatAttr(step.low),
                                  builder.getF64FloatAttr(step.high));
    }
    run = affineRun(edge, bends(step) ? begin + 1 : begin);
    if (run.moves())
      apply();
  }
  if (edge.pool)
    value = bnn::MaxPoolOp::create(
        builder, loc,
        mlir::RankedTensorType::get(edge.pool->type.getShape(),
                                    builder.getF64Type()),
        value, edge.pool->kernel, edge.pool->strides, edge.pool->pads);
  return value;
}

} // namespace bnncc
