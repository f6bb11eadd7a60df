//===- HostOps.cpp - What the loader does around the engine ---------------===//
//
// See HostOps.h.
//
//===----------------------------------------------------------------------===//

#include "HostOps.h"
#include "Arithmetic.h"

#include "bnn/BnnDialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <bit>
#include <optional>

namespace bnncc::lower {

using mlir::Operation;
using Reals = std::vector<double>;

static mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

Json hostQuantiser(Operation *op) {
  Json json;
  if (auto quantize = mlir::dyn_cast<bnn::QuantizeOp>(op)) {
    json["kind"] = "boundaries";
    // Bits stand for the codes -1 and +1, the loader writes 0 and 1.
    bool bits = elementOf(quantize.getOutput()).isInteger(1);
    json["first"] = bits ? 0 : int64_t(quantize.getFirst());
    json["step"] = bits ? 1 : int64_t(quantize.getStep());
    if (bits)
      json["bits"] = true;
    Json boundaries = Json::array();
    for (const llvm::APFloat &b :
         quantize.getBoundaries().getValues<llvm::APFloat>())
      boundaries.push_back(std::bit_cast<uint32_t>(b.convertToFloat()));
    json["boundaries"] = std::move(boundaries);
    return json;
  }
  auto cast = mlir::cast<bnn::CastInputOp>(op);
  mlir::Type type = elementOf(cast.getOutput());
  if (type.isInteger(1)) {
    json["kind"] = "bipolar";
    return json;
  }
  auto [low, high] = bnn::integerRange(type);
  json["kind"] = "cast";
  json["min"] = low;
  json["max"] = high;
  return json;
}

namespace {
Reals realsOf(llvm::ArrayRef<double> values) {
  return Reals(values.begin(), values.end());
}

/// The operation as the loader's JSON.
Json describe(Operation *op) {
  Json json;
  json["op"] = op->getName().stripDialect().str();
  llvm::TypeSwitch<Operation *>(op)
      .Case<bnn::ToRealOp, bnn::AffineOp>([&](auto x) {
        json["scale"] = realsOf(x.getScale());
        json["shift"] = realsOf(x.getShift());
      })
      .Case<bnn::PReluOp>(
          [&](bnn::PReluOp x) { json["slope"] = realsOf(x.getSlope()); })
      .Case<bnn::ClipOp>([&](bnn::ClipOp x) {
        json["min"] = x.getMin().convertToDouble();
        json["max"] = x.getMax().convertToDouble();
      })
      .Case<bnn::MaxPoolOp>([&](bnn::MaxPoolOp x) {
        json["kernel"] = x.getKernel().vec();
        json["strides"] = x.getStrides().vec();
        json["pads"] = x.getPads().vec();
      })
      .Case<bnn::ReduceOp>(
          [&](bnn::ReduceOp x) { json["kind"] = x.getKind().str(); })
      .Case<bnn::ReshapeOp>([&](bnn::ReshapeOp x) {
        auto type = mlir::cast<mlir::RankedTensorType>(x.getOutput().getType());
        json["shape"] = type.getShape().vec();
      });
  return json;
}

/// scale * x + shift per channel; lists of length 1 are for all channels.
struct Linear {
  Reals scale, shift;
};

Linear compose(const Linear &inner, llvm::ArrayRef<double> scale,
               llvm::ArrayRef<double> shift) {
  size_t n = std::max(
      {inner.scale.size(), inner.shift.size(), scale.size(), shift.size()});
  auto at = [](auto &&list, size_t c) {
    return list[list.size() == 1 ? 0 : c];
  };
  Linear out;
  for (size_t c = 0; c < n; ++c) {
    out.scale.push_back(at(inner.scale, c) * at(scale, c));
    out.shift.push_back(at(inner.shift, c) * at(scale, c) + at(shift, c));
  }
  return out;
}

/// to_real {affine} [prelu {affine}] reduce(sum|mean): the operations up to the
/// reduction, as linear functions before and after the PReLU.
struct Reduction {
  Linear before, after;
  bnn::PReluOp prelu;
  size_t count = 0; ///< operations that it covers
  bool mean = false;
};

std::optional<Reduction> matchReduction(llvm::ArrayRef<Operation *> ops) {
  Reduction r;
  auto toReal =
      ops.empty() ? nullptr : mlir::dyn_cast<bnn::ToRealOp>(ops.front());
  if (!toReal)
    return std::nullopt;
  r.before = {realsOf(toReal.getScale()), realsOf(toReal.getShift())};
  r.after = {{1.0}, {0.0}};
  for (size_t i = 1; i < ops.size(); ++i) {
    if (auto affine = mlir::dyn_cast<bnn::AffineOp>(ops[i])) {
      Linear &side = r.prelu ? r.after : r.before;
      side = compose(side, affine.getScale(), affine.getShift());
    } else if (auto prelu = mlir::dyn_cast<bnn::PReluOp>(ops[i])) {
      if (r.prelu)
        return std::nullopt;
      r.prelu = prelu;
    } else if (auto reduce = mlir::dyn_cast<bnn::ReduceOp>(ops[i])) {
      r.mean = reduce.getKind() == "mean";
      r.count = i + 1;
      if (r.mean || reduce.getKind() == "sum")
        return r;
      return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// v as the engine gives it -> the true sum.
Json integerTerms(int64_t scale, Reals shift) {
  return {{"op", "to_real"},
          {"scale", Reals{double(scale)}},
          {"shift", std::move(shift)}};
}
} // namespace

HostTail hostTail(const Layer &layer, bool summed,
                  llvm::ArrayRef<Operation *> ops) {
  HostTail tail;
  ValueTerms terms = valueTerms(layer, 0);
  double count = double(summedPositions(layer));
  size_t &covered = tail.covered;
  auto sums = [&] {
    tail.output = OutputKind::Sum;
    Reals shift;
    for (int64_t c = 0; c < layer.conv.c; ++c)
      shift.push_back(double(sumShift(layer, c)));
    tail.epilogue.push_back(integerTerms(terms.scale, std::move(shift)));
  };
  std::optional<Reduction> r = matchReduction(ops);
  if (summed) {
    sums();
  } else if (r && !r->prelu && layer.conv.h == 1) {
    sums();
    Linear total = compose(r->before, {r->mean ? 1 / count : 1.0}, {0.0});
    if (!r->mean)
      for (double &shift : total.shift)
        shift *= count;
    else
      for (size_t c = 0; c < total.shift.size(); ++c)
        total.shift[c] = r->before.shift[r->before.shift.size() == 1 ? 0 : c];
    tail.epilogue.push_back(
        {{"op", "affine"}, {"scale", total.scale}, {"shift", total.shift}});
    covered = r->count;
  } else if (r && r->prelu && layer.conv.h == 1 && terms.shift == 0 &&
             std::all_of(r->before.shift.begin(), r->before.shift.end(),
                         [](double x) { return x == 0; }) &&
             std::all_of(r->before.scale.begin(), r->before.scale.end(),
                         [](double x) { return x > 0; })) {
    // The PReLU bends where the integer is 0: two sums say everything.
    tail.output = OutputKind::Split;
    double share = r->mean ? 1 / count : 1.0;
    Linear positive = compose(r->before, r->after.scale, r->after.shift);
    Linear inner = compose(r->before, r->prelu.getSlope(), {0.0});
    Linear negative = compose(inner, r->after.scale, r->after.shift);
    size_t channels = size_t(layer.conv.c);
    auto list = [&](const Reals &values, double factor) {
      Reals full;
      for (size_t c = 0; c < channels; ++c)
        full.push_back(values[values.size() == 1 ? 0 : c] * factor);
      return full;
    };
    tail.epilogue.push_back(
        {{"op", "split_prelu"},
         {"scale_pos", list(positive.scale, double(terms.scale) * share)},
         {"scale_neg", list(negative.scale, double(terms.scale) * share)},
         {"shift", list(r->after.shift, r->mean ? 1.0 : count)}});
    covered = r->count;
  } else if (terms.scale != 1 || terms.shift != 0) {
    tail.epilogue.push_back(integerTerms(terms.scale, {double(terms.shift)}));
  }
  tail.coveredOps = covered ? tail.epilogue.size() : 0;
  for (Operation *op : ops.drop_front(covered)) {
    Json json = describe(op);
    // Only the first operation of an epilogue reads integers.
    if (json["op"] == "to_real" && !tail.epilogue.empty())
      json["op"] = "affine";
    tail.epilogue.push_back(std::move(json));
  }
  return tail;
}

} // namespace bnncc::lower
