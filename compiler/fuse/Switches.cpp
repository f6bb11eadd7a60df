// Binary searches on monotone segments of a chain, decided exactly.

#include "fuse/Function.h"
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace bnncc::exact {
namespace {

/// Evaluates a chain and remembers where exact evaluation failed.
class Evaluator {
public:
  Evaluator(ChainView chain, const Quantizer &quantizer)
      : chain(chain), quantizer(quantizer) {}

  int sign(ChainView part, int64_t x, double offset) {
    int decided = filteredSign(part, double(x), offset);
    return decided ? decided : proveSign(part, x, offset);
  }
  int code(int64_t x) {
    return codeBy([&](double at) { return sign(chain, x, at); });
  }
  int provenCode(int64_t x) {
    auto value = exactValue(chain, Radical(mpq_class(long(x))));
    if (!value)
      return codeBy([&](double at) { return proveSign(chain, x, at); });
    return codeBy([&](double at) {
      if (at == 0)
        return value->sign();
      auto difference = exact::add(*value, Radical(-at));
      return difference ? difference->sign() : proveSign(chain, x, at);
    });
  }

  ChainView chain;
  const Quantizer &quantizer;
  std::optional<int64_t> undecided;

private:
  int proveSign(ChainView part, int64_t x, double offset) {
    auto proved = exactSign(part, mpz_class(long(x)), rational(offset));
    if (!proved)
      undecided = x;
    return proved.value_or(0);
  }

  template <typename SignAt> int codeBy(SignAt signAt) {
    // The cuts ascend, so the code is found by bisection.
    auto reached = [&](const Cut &cut) {
      int s = signAt(cut.at);
      return s > 0 || (s == 0 && cut.inclusive);
    };
    auto end = std::partition_point(quantizer.cuts.begin(),
                                    quantizer.cuts.end(), reached);
    return end - quantizer.cuts.begin();
  }
};

// Splits [low, high] where an input of a bend with a negative slope changes
// sign: between neighbouring starts every prefix of the chain is monotone.
std::vector<int64_t> monotoneStarts(Evaluator &eval, int64_t low,
                                    int64_t high) {
  std::vector<int64_t> starts = {low};
  for (size_t i = 0; i < eval.chain.size(); ++i) {
    const Step &step = eval.chain[i];
    if (step.kind != Step::Kind::PRelu || step.factor.sign() >= 0)
      continue;
    ChainView prefix = eval.chain.first(i);
    auto negative = [&](int64_t x) { return eval.sign(prefix, x, 0) < 0; };
    std::vector<int64_t> more;
    for (size_t s = 0; s < starts.size(); ++s) {
      int64_t a = starts[s];
      int64_t b = s + 1 < starts.size() ? starts[s + 1] - 1 : high;
      more.push_back(a);
      bool before = negative(a);
      if (before == negative(b))
        continue;
      while (b - a > 1) {
        int64_t middle = a + (b - a) / 2;
        (negative(middle) == before ? a : b) = middle;
      }
      more.push_back(b);
    }
    starts = std::move(more);
  }
  return starts;
}

// All changes in (low, high] of a code that is monotone there.
void bisect(Evaluator &eval, int64_t low, int codeLow, int64_t high,
            int codeHigh, std::vector<Switch> &points) {
  if (codeLow == codeHigh)
    return;
  if (high - low == 1) {
    points.push_back({high, codeLow, codeHigh});
    return;
  }
  int64_t middle = low + (high - low) / 2;
  int code = eval.code(middle);
  bisect(eval, low, codeLow, middle, code, points);
  bisect(eval, middle, code, high, codeHigh, points);
}

std::vector<Switch> allSwitches(Evaluator &eval, int64_t low, int64_t high,
                                int &first) {
  std::vector<Switch> points;
  std::vector<int64_t> starts = monotoneStarts(eval, low, high);
  int previous = first = eval.code(low);
  for (size_t s = 0; s < starts.size(); ++s) {
    int64_t a = starts[s];
    int64_t b = s + 1 < starts.size() ? starts[s + 1] - 1 : high;
    int codeA = eval.code(a);
    if (codeA != previous)
      points.push_back({a, previous, codeA});
    int codeB = eval.code(b);
    bisect(eval, a, codeA, b, codeB, points);
    previous = codeB;
  }
  return points;
}

// The same for a chain that is not monotone on known segments: intervals are
// halved until an enclosure of the values on one decides its code.
std::vector<Switch> functionSwitches(Evaluator &eval, int64_t low, int64_t high,
                                     int &first) {
  auto classify = [&](int64_t a, int64_t b) -> std::optional<int> {
    if (a == b)
      return eval.code(a);
    return codeOf(evaluate(eval.chain, Interval(double(a), double(b))),
                  eval.quantizer);
  };
  std::vector<Switch> points;
  std::optional<int> previous;
  splitPieces(low, high, classify, [&](int64_t from, int64_t, int code) {
    if (previous)
      points.push_back({from, *previous, code});
    else
      first = code;
    previous = code;
    return true;
  });
  return points;
}

// Gives the runs where Sign is 0 the meaning that the user chose. Returns a
// reachable zero if there is one and no choice was made.
std::optional<int64_t> decideZeros(const Reach &reach, SignZero choice,
                                   int64_t high, int &first,
                                   std::vector<Switch> &points) {
  int64_t start = reach.low();
  int code = first;
  for (size_t i = 0; i <= points.size(); ++i) {
    int64_t end = i < points.size() ? points[i].at - 1 : high;
    if (code == 1 && choice == SignZero::Error)
      if (auto zero = reach.firstIn(start, end))
        return zero;
    if (i < points.size()) {
      start = points[i].at;
      code = points[i].after;
    }
  }
  auto decided = [choice](int code) {
    return code == 1 ? choice != SignZero::Minus : code > 0;
  };
  for (Switch &point : points)
    point = {point.at, decided(point.before), decided(point.after)};
  first = decided(first);
  return std::nullopt;
}

// Drops runs without a reachable value, then changes that change nothing.
void dropUnreachable(const Reach &reach, std::vector<Switch> &points,
                     int &first) {
  std::vector<Switch> kept;
  int64_t start = reach.low();
  int code = first;
  bool any = false;
  for (size_t i = 0; i <= points.size(); ++i) {
    int64_t end = i < points.size() ? points[i].at - 1 : reach.high();
    if (reach.firstIn(start, end)) {
      if (!any)
        first = code;
      else if (int before = kept.empty() ? first : kept.back().after;
               before != code)
        kept.push_back({start, before, code});
      any = true;
    }
    if (i < points.size()) {
      start = points[i].at;
      code = points[i].after;
    }
  }
  points = std::move(kept);
}

// How float32 decides at the ends of what is reachable and at the reachable
// neighbours of each switch point: within 4 units of the last addition's last
// place, or otherwise.
void compareFloat(const Chain &chain, const Quantizer &quantizer,
                  const Reach &reach, Switches &result) {
  auto compare = [&](int64_t x, int expected) {
    FloatValue v = floatValue(chain, float(x));
    int code = 0;
    for (const Cut &cut : quantizer.cuts) {
      float at = float(cut.at);
      if (!(std::abs(v.value - at) > 4 * 0x1p-23f * v.magnitude))
        result.nearTie = true;
      code += cut.inclusive ? v.value >= at : v.value > at;
    }
    if (quantizer.isSign)
      code = code == 1 ? quantizer.signZero == SignZero::Plus : code > 0;
    if (code != expected)
      result.nearTie = result.floatDiffers = true;
  };
  compare(reach.low(), result.first);
  compare(reach.high(),
          result.points.empty() ? result.first : result.points.back().after);
  for (const Switch &point : result.points) {
    if (auto below = reach.lastIn(reach.low(), point.at - 1))
      compare(*below, point.before);
    if (auto at = reach.firstIn(point.at, reach.high()))
      compare(*at, point.after);
  }
}

} // namespace

SwitchResult findSwitches(const Chain &chain, const Quantizer &quantizer,
                          const Reach &reach) {
  Evaluator eval(chain, quantizer);
  Switches result;
  int64_t high = reach.high();
  auto points =
      hasFunction(chain)
          ? functionSwitches(eval, reach.low(), high, result.first)
          : allSwitches(eval, reach.low(), high, result.first);
  auto failed = [&] {
    return SwitchResult{
        {}, SwitchError{SwitchError::Kind::Undecided, *eval.undecided}};
  };
  if (eval.undecided)
    return failed();
  if (quantizer.isSign)
    if (auto zero =
            decideZeros(reach, quantizer.signZero, high, result.first, points))
      return {{}, SwitchError{SwitchError::Kind::SignOfZero, *zero}};
  dropUnreachable(reach, points, result.first);

  auto meaning = [&](int code) {
    if (quantizer.isSign)
      return code == 1 ? int(quantizer.signZero != SignZero::Minus)
                       : int(code > 0);
    return code;
  };
  for (const Switch &point : points) {
    int below = eval.provenCode(point.at - 1);
    int at = eval.provenCode(point.at);
    if (eval.undecided)
      return failed();
    assert(below != at && meaning(at) == point.after && "filter and proof");
    result.witnesses += below != at && meaning(at) == point.after;
  }
  result.points = std::move(points);
  compareFloat(chain, quantizer, reach, result);
  return {std::move(result), std::nullopt};
}

Direction directionOf(ChainView chain, int64_t low, int64_t high) {
  int sign = 1;
  if (!std::all_of(chain.begin(), chain.end(), [](const Step &step) {
        return step.kind != Step::Kind::Apply || step.function->rises();
      }))
    return {false, false};
  for (size_t i = 0; i < chain.size(); ++i) {
    const Step &step = chain[i];
    bool bends = step.kind == Step::Kind::PRelu && step.factor.sign() < 0;
    if (bends) {
      auto atLow = exactSign(chain.first(i), mpz_class(long(low)), 0);
      auto atHigh = exactSign(chain.first(i), mpz_class(long(high)), 0);
      if (!atLow || !atHigh || (*atLow < 0) != (*atHigh < 0))
        return {false, false};
      sign = *atLow < 0 ? -sign : sign;
    } else if (step.kind == Step::Kind::Multiply ||
               step.kind == Step::Kind::Divide ||
               step.kind == Step::Kind::Normalize) {
      sign *= step.factor.sign();
    }
  }
  return {sign >= 0, sign <= 0};
}

Direction directionOf(ChainView chain) {
  bool bends = std::any_of(chain.begin(), chain.end(), [](const Step &step) {
    return step.kind == Step::Kind::PRelu && step.factor.sign() < 0;
  });
  return bends ? Direction{false, false} : directionOf(chain, 0, 0);
}

// Floats in ascending order are the integers -0x7f7fffff .. 0x7f7fffff.
static float floatOfRank(int32_t rank) {
  float magnitude = std::bit_cast<float>(rank < 0 ? -rank : rank);
  return rank < 0 ? -magnitude : magnitude;
}

std::optional<float> firstFloatAt(const Chain &chain, const Cut &cut) {
  bool undecided = false;
  auto reached = [&](int64_t rank) {
    float x = floatOfRank(rank);
    int sign = filteredSign(chain, x, cut.at);
    if (sign == 0) {
      auto proved = exactSign(chain, rational(x), rational(cut.at));
      undecided |= !proved;
      sign = proved.value_or(0);
    }
    return sign > 0 || (sign == 0 && cut.inclusive);
  };
  int64_t below = -0x7f7fffff, above = 0x7f7fffff;
  float result;
  if (reached(below)) {
    result = -std::numeric_limits<float>::infinity();
  } else if (!reached(above)) {
    result = std::numeric_limits<float>::infinity();
  } else {
    while (above - below > 1) {
      int64_t middle = below + (above - below) / 2;
      (reached(middle) ? above : below) = middle;
    }
    result = floatOfRank(above);
  }
  if (undecided)
    return std::nullopt;
  return result;
}

} // namespace bnncc::exact
