// Evaluates chains with functions of the base, and splits intervals into pieces
// on which they are constant.

#include "fuse/Function.h"
#include <algorithm>
#include <cmath>

namespace bnncc::exact {

bool Function::rises() const {
  switch (kind) {
  case Kind::Sign:
  case Kind::Positive:
  case Kind::NotNegative:
  case Kind::Round:
  case Kind::Floor:
  case Kind::Ceil:
  case Kind::Smooth:
    return true;
  default:
    return false;
  }
}

Step applied(Function function) {
  Step step{.kind = Step::Kind::Apply};
  step.function = std::make_shared<const Function>(std::move(function));
  return step;
}

bool hasFunction(ChainView chain) {
  return std::any_of(chain.begin(), chain.end(), [](const Step &step) {
    return step.kind == Step::Kind::Apply;
  });
}

namespace {

Number truth(bool holds) { return Number::whole(holds); }

// An undecided comparison takes both values.
Number either(const std::optional<bool> &holds) {
  return holds ? truth(*holds) : Number(Interval(0, 1));
}

// By a double function that rises and is exact where an enclosure does not
// decide.
Number stepped(const std::optional<mpz_class> &whole, double (*function)(double),
               const Number &x) {
  if (whole)
    return Radical(mpq_class(*whole));
  Interval at = x.interval();
  return Interval(function(at.low), function(at.high));
}

Number bitOf(const Function &f, const Number &base) {
  auto count = [&](double x) {
    // The base is at most half from its integer.
    double whole = std::nearbyint(x);
    return std::count_if(
        f.points.begin(), f.points.end(),
        [whole](int64_t point) { return double(point) <= whole; });
  };
  Interval at = base.isExact() ? Interval(base.exact.rationalPart().get_d())
                               : *base.range;
  long below = count(at.low);
  if (below != count(at.high))
    return Interval(-1, 1);
  return Number::whole((below % 2 != 0) != f.first ? 1 : -1);
}

Number apply(const Function &f, const Number &x, const Number &base) {
  using Kind = Function::Kind;
  auto sign = [&] { return signOf(x); };
  auto other = [&] { return evaluate(f.others.front(), base); };
  auto holds = [](std::optional<int> sign, bool (*test)(int)) {
    return sign ? std::optional<bool>(test(*sign)) : std::nullopt;
  };
  Interval at = x.interval();
  switch (f.kind) {
  case Kind::Bit:
    return bitOf(f, base);
  case Kind::Sign:
    if (auto known = sign())
      return Number::whole(*known);
    return Interval(at.low >= 0 ? 0 : -1, at.high <= 0 ? 0 : 1);
  case Kind::Positive:
    if (!sign() && at.high <= 0)
      return truth(false);
    return either(holds(sign(), [](int s) { return s > 0; }));
  case Kind::NotNegative:
    if (!sign() && at.low >= 0)
      return truth(true);
    return either(holds(sign(), [](int s) { return s >= 0; }));
  case Kind::Zero:
    return either(holds(sign(), [](int s) { return s == 0; }));
  case Kind::Round:
    return stepped(roundHalfEven(x), std::nearbyint, x);
  case Kind::Floor:
    return stepped(floorOf(x), std::floor, x);
  case Kind::Ceil:
    if (auto floor = floorOf(negated(x)))
      return Radical(mpq_class(-*floor));
    return stepped(std::nullopt, std::ceil, x);
  case Kind::Abs:
    return magnitude(x);
  case Kind::Inverse:
    return quotient(Number::whole(1), x).value_or(Interval::everything());
  case Kind::Smooth:
    return smooth(f.smooth, x).value_or(Interval::everything());
  case Kind::Add:
    return sum(x, other());
  case Kind::Multiply:
    return product(x, other());
  case Kind::Max:
    return larger(x, other());
  case Kind::Min:
    return smaller(x, other());
  case Kind::Select:
    if (auto known = sign())
      return evaluate(f.others[*known ? 0 : 1], base);
    return hull(evaluate(f.others[0], base).interval(),
                evaluate(f.others[1], base).interval());
  }
  return Interval::everything();
}

Number rounded(RoundMode mode, const Number &x) {
  if (x.isExact())
    return Radical(mpq_class(roundExactly(mode, x.exact)));
  Interval whole(roundDouble(mode, x.range->low),
                 roundDouble(mode, x.range->high));
  if (whole.isPoint() && std::isfinite(whole.low))
    return Radical(whole.low);
  return whole;
}

Number clipped(const Step &step, Number value) {
  if (std::isfinite(step.low))
    value = larger(value, Radical(step.low));
  if (std::isfinite(step.high))
    value = smaller(value, Radical(step.high));
  return value;
}

} // namespace

Number evaluate(ChainView chain, const Number &base) {
  using Kind = Step::Kind;
  Number value = base;
  for (const Step &step : chain) {
    switch (step.kind) {
    case Kind::Multiply:
    case Kind::Divide:
      value = product(value, step.factor);
      break;
    case Kind::Add:
    case Kind::Subtract:
      value = sum(value, step.term);
      break;
    case Kind::Normalize:
      value = sum(product(sum(value, step.pre), step.factor), step.term);
      break;
    case Kind::PRelu:
      if (auto sign = signOf(value)) {
        if (*sign < 0)
          value = product(value, step.factor);
      } else {
        // Both branches, each on its side of zero.
        Interval at = value.interval(), factor(step.factor);
        value = hull(Interval(0, at.high), Interval(at.low, 0) * factor);
      }
      break;
    case Kind::Clip:
      value = clipped(step, std::move(value));
      break;
    case Kind::Round:
      value = rounded(step.mode, value);
      break;
    case Kind::Apply:
      value = apply(*step.function, value, base);
      break;
    }
  }
  return value;
}

float applyFloat(const Function &f, float x, float base) {
  using Kind = Function::Kind;
  auto other = [&](size_t k) { return floatValue(f.others[k], base).value; };
  switch (f.kind) {
  case Kind::Bit:
    return bitOf(f, Radical(double(base))).exact.sign();
  case Kind::Sign:
    return float((x > 0) - (x < 0));
  case Kind::Positive:
    return x > 0;
  case Kind::NotNegative:
    return x >= 0;
  case Kind::Zero:
    return x == 0;
  case Kind::Round:
    return std::nearbyint(x);
  case Kind::Floor:
    return std::floor(x);
  case Kind::Ceil:
    return std::ceil(x);
  case Kind::Abs:
    return std::abs(x);
  case Kind::Inverse:
    return 1 / x;
  case Kind::Smooth:
    return f.smooth == Smooth::Exp       ? std::exp(x)
           : f.smooth == Smooth::Log     ? std::log(x)
           : f.smooth == Smooth::Tanh    ? std::tanh(x)
           : f.smooth == Smooth::Sigmoid ? float(sigmoid(x))
           : f.smooth == Smooth::Erf     ? std::erf(x)
                                         : std::sqrt(x);
  case Kind::Add:
    return x + other(0);
  case Kind::Multiply:
    return x * other(0);
  case Kind::Max:
    return std::max(x, other(0));
  case Kind::Min:
    return std::min(x, other(0));
  case Kind::Select:
    return other(x != 0 ? 0 : 1);
  }
  return x;
}

bool splitPieces(
    int64_t low, int64_t high,
    const std::function<std::optional<int>(int64_t, int64_t)> &classify,
    const std::function<bool(int64_t, int64_t, int)> &piece) {
  struct Piece {
    int64_t from, to;
    int kind;
  };
  std::optional<Piece> open; // joined with its neighbour while the class is one
  std::vector<std::pair<int64_t, int64_t>> work = {{low, high}};
  while (!work.empty()) {
    auto [a, b] = work.back();
    work.pop_back();
    std::optional<int> kind = classify(a, b);
    if (!kind) {
      if (a == b)
        return false;
      int64_t middle = a + (b - a) / 2;
      work.push_back({middle + 1, b});
      work.push_back({a, middle});
      continue;
    }
    if (open && open->kind == *kind) {
      open->to = b;
      continue;
    }
    if (open && !piece(open->from, open->to, open->kind))
      return false;
    open = {a, b, *kind};
  }
  return piece(open->from, open->to, open->kind);
}

std::optional<Levels> findLevels(ChainView chain, const Reach &reach,
                                 size_t most, double spread) {
  Levels result;
  bool tooMany = false;
  auto levelOf = [&](const Radical &value) -> std::optional<int> {
    for (size_t i = 0; i < result.values.size(); ++i)
      if (auto gap = add(value, result.values[i].negated());
          gap && gap->sign() == 0)
        return int(i);
    tooMany |= result.values.size() == most;
    if (tooMany)
      return std::nullopt;
    result.values.push_back(value);
    return int(result.values.size()) - 1;
  };
  auto classify = [&](int64_t a, int64_t b) -> std::optional<int> {
    if (tooMany)
      return 0; // to come to an end
    // What no input reaches has no value.
    if (!reach.firstIn(a, b))
      return -1;
    Number value =
        evaluate(chain, a == b && spread == 0
                            ? Number::whole(a)
                            : Number(Interval(a - spread, b + spread)));
    return value.isExact() ? levelOf(value.exact) : std::nullopt;
  };
  bool done = splitPieces(reach.low(), reach.high(), classify,
                          [&](int64_t from, int64_t, int kind) {
                            bool isNew = result.starts.empty() ||
                                         result.starts.back().level != kind;
                            if (kind >= 0 && isNew)
                              result.starts.push_back({from, kind});
                            return !tooMany;
                          });
  if (!done || tooMany || result.starts.empty())
    return std::nullopt;
  return result;
}

std::optional<int> codeOf(const Number &value, const Quantizer &quantizer) {
  int code = 0;
  for (const Cut &cut : quantizer.cuts) {
    auto sign = signOf(sum(value, Radical(-cut.at)));
    if (!sign)
      return std::nullopt;
    code += *sign > 0 || (*sign == 0 && cut.inclusive);
  }
  return code;
}

std::optional<int64_t> firstUnsure(ChainView chain, const Quantizer &quantizer,
                                   const Reach &reach, double spread) {
  std::optional<int64_t> unsure;
  auto classify = [&](int64_t a, int64_t b) -> std::optional<int> {
    if (!reach.firstIn(a, b))
      return -1;
    auto code =
        codeOf(evaluate(chain, Interval(a - spread, b + spread)), quantizer);
    if (!code && a == b)
      unsure = a;
    return code;
  };
  splitPieces(reach.low(), reach.high(), classify,
              [](int64_t, int64_t, int) { return true; });
  return unsure;
}

} // namespace bnncc::exact
