// Chains of an edge, and how an edge becomes host operations.

#include "fuse/Edge.h"
#include "mlir/IR/Builders.h"

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
    if (step.kind == Step::Kind::PRelu || step.kind == Step::Kind::Clip ||
        step.kind == Step::Kind::Round)
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

// The affine steps of every chain from `begin` on: (end, scales, shifts).
struct AffineRun {
  size_t end;
  std::vector<double> scale, shift;

  bool moves() const {
    return llvm::any_of(scale, [](double x) { return x != 1; }) ||
           llvm::any_of(shift, [](double x) { return x != 0; });
  }
};

AffineRun affineRun(const Edge &edge, size_t begin) {
  ChainView first = edge.chains.front();
  AffineRun run{begin, {}, {}};
  while (run.end < first.size() && first[run.end].kind != Step::Kind::PRelu &&
         first[run.end].kind != Step::Kind::Clip)
    ++run.end;
  for (ChainView chain : edge.chains) {
    auto affine = affineOf(chain.subspan(begin, run.end - begin));
    if (affine) {
      run.scale.push_back(affine->scale.toDouble());
      run.shift.push_back(affine->shift.toDouble());
      continue;
    }
    // Several radicals: the host's float64 is all that is needed here.
    double scale = 1, shift = 0;
    for (const Step &step : chain.subspan(begin, run.end - begin)) {
      bool adds =
          step.kind == Step::Kind::Add || step.kind == Step::Kind::Subtract;
      double factor = adds ? 1 : step.factorDouble;
      scale *= factor;
      shift = (shift + step.preDouble) * factor + step.termDouble;
    }
    run.scale.push_back(scale);
    run.shift.push_back(shift);
  }
  return run;
}

} // namespace

mlir::FailureOr<Value> toHost(mlir::OpBuilder &builder, mlir::Operation *op,
                              const Edge &edge) {
  if (edge.kind == Edge::Kind::Input)
    return op->emitOpError("must follow an integer operation, but found the "
                           "float graph input");
  bool rounds = llvm::any_of(edge.chains.front(), [](const Step &step) {
    return step.kind == Step::Kind::Round;
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
  if (edge.kind == Edge::Kind::Integer)
    value =
        bnn::ToRealOp::create(builder, loc, type, value, run.scale, run.shift);
  else if (run.moves())
    value =
        bnn::AffineOp::create(builder, loc, type, value, run.scale, run.shift);
  const Chain &first = edge.chains.front();
  while (run.end < first.size()) {
    const Step &step = first[run.end];
    if (step.kind == Step::Kind::PRelu) {
      std::vector<double> slopes;
      for (const Chain &chain : edge.chains)
        slopes.push_back(chain[run.end].factorDouble);
      value = bnn::PReluOp::create(builder, loc, type, value, slopes);
    } else {
      value = bnn::ClipOp::create(builder, loc, type, value,
                                  builder.getF64FloatAttr(step.low),
                                  builder.getF64FloatAttr(step.high));
    }
    run = affineRun(edge, run.end + 1);
    if (run.moves())
      value = bnn::AffineOp::create(builder, loc, type, value, run.scale,
                                    run.shift);
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
