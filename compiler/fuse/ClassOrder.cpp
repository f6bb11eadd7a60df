// A walk along the line where one class overtakes the other, in either
// arithmetic.

#include "fuse/ClassOrder.h"
#include "fuse/Function.h"
#include <algorithm>

namespace bnncc::exact {
namespace {

// About 0.1 s.
constexpr uint64_t mostComparisons = uint64_t(1) << 23;

/// One integer's value as a class.
struct Candidate {
  int64_t x;
  Approximate exact;
  float inFloat;
};

/// The values of a class over what its integer can be, in ascending order.
struct Line {
  const Chain *chain;
  std::vector<Candidate> candidates;
};

std::vector<int64_t> membersOf(const Reach &reach) {
  std::vector<int64_t> members;
  for (auto x = reach.firstIn(reach.low(), reach.high()); x;
       x = reach.firstIn(*x + 1, reach.high()))
    members.push_back(*x);
  return members;
}

std::optional<Line> lineOf(const Chain &chain,
                           const std::vector<int64_t> &members, bool smallest) {
  Direction direction = directionOf(chain, members.front(), members.back());
  if (hasFunction(chain) || (!direction.rises && !direction.falls))
    return std::nullopt;
  Line line{&chain, {}};
  for (int64_t x : members)
    line.candidates.push_back({x, approximateValue(chain, double(x)),
                               floatValue(chain, float(x)).value});
  if (direction.rises == smallest)
    std::reverse(line.candidates.begin(), line.candidates.end());
  return line;
}

/// Both arithmetics' ways to compare a class with one behind it.
class Contest {
public:
  Contest(const Line &first, const Line &second, const ClassRule &rule)
      : first(first), second(second), rule(rule) {}

  /// Whether the second class is taken, exactly.
  bool exactly(size_t i, size_t j) {
    const Candidate &a = first.candidates[i], &b = second.candidates[j];
    double difference = b.exact.value - a.exact.value;
    double error = (a.exact.error + b.exact.error) * (1 + 0x1p-40);
    std::optional<int> sign = difference > 0 ? 1 : -1;
    if (!(std::abs(difference) > error))
      sign = exactOrder(*second.chain, mpq_class(long(b.x)), *first.chain,
                        mpq_class(long(a.x)));
    isDecided &= sign.has_value();
    return takes(sign.value_or(0));
  }
  bool inFloat(size_t i, size_t j) const {
    float a = first.candidates[i].inFloat, b = second.candidates[j].inFloat;
    return takes(b > a ? 1 : b < a ? -1 : 0);
  }
  bool isDecided = true;

private:
  bool takes(int sign) const {
    return (rule.smallest ? -sign : sign) > 0 || (sign == 0 && rule.last);
  }

  const Line &first, &second;
  const ClassRule &rule;
};

// As the first class's value grows, so does the place from which the second one
// is taken; between the two arithmetics' places lie the pairs that differ.
OtherOrder compare(const Line &first, const Line &second, Contest &contest) {
  OtherOrder result{0, 0, 0, 0, 0};
  size_t exactly = 0, inFloat = 0, end = second.candidates.size();
  for (size_t i = 0; i < first.candidates.size(); ++i) {
    while (exactly < end && !contest.exactly(i, exactly))
      ++exactly;
    while (inFloat < end && !contest.inFloat(i, inFloat))
      ++inFloat;
    size_t low = std::min(exactly, inFloat), high = std::max(exactly, inFloat);
    if (low != high && result.count == 0) {
      result.a = first.candidates[i].x;
      result.b = second.candidates[low].x;
    }
    result.count += high - low;
  }
  return result;
}

} // namespace

std::optional<std::vector<OtherOrder>>
findOtherOrders(const std::vector<Chain> &chains, size_t classes,
                const Reach &reach, const ClassRule &rule) {
  auto span = uint64_t(reach.high() - reach.low()) + 1;
  uint64_t pairs = chains.size() == 1 ? 1 : classes * (classes - 1) / 2;
  if (span > mostComparisons / 4 / std::max<uint64_t>(pairs, 1))
    return std::nullopt;
  std::vector<int64_t> members = membersOf(reach);
  std::vector<Line> lines;
  for (const Chain &chain : chains) {
    auto line = lineOf(chain, members, rule.smallest);
    if (!line)
      return std::nullopt;
    lines.push_back(std::move(*line));
  }
  std::vector<OtherOrder> found;
  std::optional<OtherOrder> alike; // one chain for all: all pairs are alike
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = i + 1; j < classes; ++j) {
      const Line &first = lines[lines.size() == 1 ? 0 : i],
                 &second = lines[lines.size() == 1 ? 0 : j];
      if (!alike || lines.size() > 1) {
        Contest contest(first, second, rule);
        alike = compare(first, second, contest);
        if (!contest.isDecided)
          return std::nullopt;
      }
      alike->first = i;
      alike->second = j;
      if (alike->count)
        found.push_back(*alike);
    }
  return found;
}

} // namespace bnncc::exact
