// Bisection over the ordered values of an input type.

#include "fuse/InputCodes.h"
#include "fuse/Text.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

namespace bnncc {

// More levels than a code of 16 bits has.
static constexpr int64_t maxLevels = 1 << 16;

std::optional<int64_t> LevelRule::level(double x, int64_t channel,
                                        const ElementType &type) const {
  auto of = [channel](const std::vector<double> &list) {
    return list[list.size() == 1 ? 0 : channel];
  };
  if (std::isnan(x))
    return std::nullopt;
  if (kind == Kind::Cuts) {
    const exact::Quantizer &quantizer =
        quantizers[quantizers.size() == 1 ? 0 : channel];
    int64_t count = 0;
    for (const exact::Cut &cut : quantizer.cuts)
      count += cut.inclusive ? x >= cut.at : x > cut.at;
    return count;
  }
  if (kind == Kind::Whole) {
    if (x != std::floor(x) || std::abs(x) > 0x1p53)
      return std::nullopt;
    return int64_t(x) - int64_t(low);
  }
  ElementType quotient = quotientType(type);
  double y = quotient.keep(x / of(scale));
  if (kind == Kind::Linear) {
    y = std::nearbyint(y) + of(zero);
    return int64_t(std::min(std::max(y, low), high) - low);
  }
  y = quotient.keep(y + of(zero));
  if (std::isnan(y))
    return std::nullopt;
  if (kind == Kind::Sign)
    return y >= 0;
  y = roundBy(mode, std::min(std::max(y, low), high), quotient);
  return int64_t(y - low);
}

namespace {

class Search {
public:
  Search(const Domain &domain, LevelAt levelAt, std::string &problem)
      : domain(domain), levelAt(levelAt), problem(problem) {}

  std::optional<int64_t> level(int64_t rank) {
    double x = domain.value(rank);
    auto result = levelAt(x);
    if (!result && problem.empty())
      problem = llvm::formatv("must give every input value a code, but found "
                              "none for {0}; clip the input to what the "
                              "operations before it have values for",
                              text(x));
    return result;
  }

  // All changes in (low, high], where the level is monotone.
  bool bisect(int64_t low, int64_t lowLevel, int64_t high, int64_t highLevel) {
    if (lowLevel == highLevel)
      return true;
    if (low + 1 == high)
      return change(high, highLevel);
    int64_t middle = std::midpoint(low, high);
    auto middleLevel = level(middle);
    return middleLevel && bisect(low, lowLevel, middle, *middleLevel) &&
           bisect(middle, *middleLevel, high, highLevel);
  }

  bool change(int64_t rank, int64_t to) {
    if (to == found.levels.back())
      return true;
    if (int64_t(found.levels.size()) >= maxLevels) {
      problem = "must have at most 65536 levels, but found more";
      return false;
    }
    found.boundaries.push_back(domain.value(rank));
    found.levels.push_back(to);
    return true;
  }

  const Domain &domain;
  LevelAt levelAt;
  std::string &problem;
  InputLevels found;
};

} // namespace

std::optional<InputLevels> findLevels(const Domain &domain,
                                      std::vector<int64_t> starts,
                                      LevelAt levelAt, std::string &problem) {
  Search search(domain, levelAt, problem);
  auto first = search.level(domain.low);
  if (!first)
    return std::nullopt;
  search.found.levels = {*first};
  if (domain.isSmall()) {
    for (int64_t rank = domain.low + 1; rank <= domain.high; ++rank) {
      auto level = search.level(rank);
      if (!level || !search.change(rank, *level))
        return std::nullopt;
    }
    return std::move(search.found);
  }
  for (size_t s = 0; s < starts.size(); ++s) {
    int64_t low = starts[s];
    int64_t high = s + 1 < starts.size() ? starts[s + 1] - 1 : domain.high;
    auto lowLevel = search.level(low), highLevel = search.level(high);
    if (!lowLevel || !highLevel || !search.change(low, *lowLevel))
      return std::nullopt;
    if (std::abs(*highLevel - *lowLevel) > maxLevels) {
      problem = llvm::formatv("must have at most 65536 levels, but found {0} "
                              "to {1}",
                              *lowLevel, *highLevel);
      return std::nullopt;
    }
    if (!search.bisect(low, *lowLevel, high, *highLevel))
      return std::nullopt;
  }
  return std::move(search.found);
}

// Splits the domain where the operand of a bend changes its sign.
static std::vector<int64_t> monotoneStarts(const InputFunction &function,
                                           const Domain &domain,
                                           int64_t channel) {
  std::vector<int64_t> starts = {domain.low};
  for (size_t i = 0; i < function.steps.size(); ++i) {
    if (!function.steps[i].bendsAtZero(channel))
      continue;
    auto negative = [&](int64_t rank) {
      return function.run(domain.value(rank), channel, 0, i) < 0;
    };
    std::vector<int64_t> more;
    for (size_t s = 0; s < starts.size(); ++s) {
      int64_t low = starts[s];
      int64_t high = s + 1 < starts.size() ? starts[s + 1] - 1 : domain.high;
      more.push_back(low);
      bool before = negative(low);
      if (before == negative(high))
        continue;
      while (low + 1 < high) {
        int64_t middle = std::midpoint(low, high);
        (negative(middle) == before ? low : high) = middle;
      }
      more.push_back(high);
    }
    starts = std::move(more);
  }
  return starts;
}

std::optional<InputLevels> findLevels(const InputFunction &function,
                                      const LevelRule &rule, int64_t channel,
                                      std::string &problem) {
  Domain domain = function.domain;
  // Where an infinity has no value (inf - inf), it has no code of its own.
  if (domain.isFloat() && std::isnan(function(-INFINITY, channel)))
    ++domain.low;
  if (domain.isFloat() && std::isnan(function(INFINITY, channel)))
    --domain.high;
  std::vector<int64_t> starts = {domain.low};
  if (!domain.isSmall()) {
    for (const InputStep &step : function.steps)
      if (!step.isOrderly()) {
        problem = "must be a monotone function of the graph input, but found "
                  "remainders or bits of it; give it an input of 8 or 16 bits";
        return std::nullopt;
      }
    starts = monotoneStarts(function, domain, channel);
    for (size_t s = 0; s < starts.size(); ++s)
      for (int64_t rank :
           {starts[s], s + 1 < starts.size() ? starts[s + 1] - 1 : domain.high})
        if (auto beyond = function.wraps(domain.value(rank), channel)) {
          problem = llvm::formatv(
              "must stay in the range of its integer type, but found {0} for "
              "input {1}; clip the input or use an input of 8 or 16 bits",
              text(*beyond), text(domain.value(rank)));
          return std::nullopt;
        }
  }
  ElementType type = function.resultType();
  return findLevels(
      domain, std::move(starts),
      [&](double x) { return rule.level(function(x, channel), channel, type); },
      problem);
}

} // namespace bnncc
