//===- InterpreterExact.cpp - Single elements, exactly --------------------===//
//
// Works one element out as an exact number from the operands it depends on, as
// far back as they are not exact themselves.
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"
#include <map>

namespace bnncc::reference {

std::optional<Surd> Interpreter::exact(int number, int64_t i) {
  const Data &data = value(number);
  // Of the running step there are no values yet.
  if (i < data.size() && data.get(i).isExact())
    return Surd(data.values[i]);
  auto known = memo[number].find(i);
  if (known != memo[number].end())
    return known->second;
  std::optional<Surd> result;
  if (const Step *step = definers[number])
    result = computeExact(*step, i);
  if (result)
    memo[number].emplace(i, *result);
  return result;
}

std::optional<Range> Interpreter::enclosed(int number, int64_t i) {
  if (std::optional<Surd> known = exact(number, i))
    return Range::around(*known);
  if (auto known = ranges[number].find(i); known != ranges[number].end())
    return known->second;
  std::optional<Range> result;
  if (const Step *step = definers[number])
    result = computeEnclosed(*step, i);
  if (result)
    ranges[number].emplace(i, *result);
  return result;
}

std::optional<Range> Interpreter::computeEnclosed(const Step &step, int64_t i) {
  if (step.kind == Kind::Move && step.source[i] >= 0)
    return enclosed(step.operands[step.from.empty() ? 0 : step.from[i]],
                    step.source[i]);
  if (step.kind == Kind::Maximum) {
    std::optional<Range> largest;
    for (int32_t at = step.first[i]; at < step.first[i + 1]; ++at) {
      std::optional<Range> next = enclosed(step.operands[0], step.members[at]);
      if (!next)
        return std::nullopt;
      largest = largest ? maximum(*largest, *next) : *next;
    }
    return largest;
  }
  if (step.kind != Kind::Elementwise || step.inFloat ||
      step.function == Function::MultiThreshold)
    return std::nullopt;
  Range in[5];
  for (size_t k = 0; k < step.operands.size() && k < 5; ++k) {
    if (step.operands[k] < 0)
      continue;
    std::optional<Range> operand =
        enclosed(step.operands[k], mapped(step, k, i));
    if (!operand)
      return std::nullopt;
    in[k] = *operand;
  }
  return apply(step, in, {}, signZeroAt(step, i), trouble);
}

std::optional<Surd> Interpreter::computeExact(const Step &step, int64_t i) {
  switch (step.kind) {
  case Kind::Elementwise:
    return exactElementwise(step, i);
  case Kind::Move:
    if (step.source[i] < 0)
      return Surd(step.fill);
    return exact(step.operands[step.from.empty() ? 0 : step.from[i]],
                 step.source[i]);
  case Kind::Sum:
  case Kind::Maximum:
  case Kind::Minimum:
    return exactMembers(step, i);
  case Kind::Convolution:
  case Kind::MatrixProduct:
    return exactLinear(step, i);
  default:
    return std::nullopt;
  }
}

std::optional<Surd> Interpreter::exactSum(const Step &step, int64_t i) {
  using Element = std::pair<int, int64_t>;
  std::map<Element, int> terms;
  std::vector<std::pair<Element, int>> work;
  auto expand = [&](const Step &sum, int64_t at, int sign) {
    for (size_t k = 0; k < sum.operands.size(); ++k)
      work.push_back({{sum.operands[k], mapped(sum, k, at)},
                      k == 1 && sum.function == Function::Sub ? -sign : sign});
  };
  auto isSum = [](const Step *step) {
    return step && step->kind == Kind::Elementwise &&
           (step->function == Function::Add || step->function == Function::Sub);
  };
  if (!isSum(&step))
    return std::nullopt;
  expand(step, i, 1);
  constexpr size_t most = 64;
  for (size_t visited = 0; !work.empty(); ++visited) {
    auto [element, sign] = work.back();
    work.pop_back();
    const Step *definer = definers[element.first];
    if (isSum(definer) && visited < most)
      expand(*definer, element.second, sign);
    else
      terms[element] += sign;
  }
  Surd total;
  for (auto [element, count] : terms) {
    if (count == 0)
      continue;
    std::optional<Surd> term = exact(element.first, element.second);
    if (!term)
      return std::nullopt;
    total = total + *term * Surd(double(count));
  }
  return total;
}

std::optional<Surd> Interpreter::exactElementwise(const Step &step, int64_t i) {
  if (std::optional<Surd> sum = exactSum(step, i))
    return sum;
  Surd in[5];
  bool isThreshold = step.function == Function::MultiThreshold;
  for (size_t k = 0; k < step.operands.size() && k < 5; ++k) {
    if (step.operands[k] < 0 || (isThreshold && k == 1))
      continue;
    std::optional<Surd> operand = exact(step.operands[k], mapped(step, k, i));
    if (!operand)
      return std::nullopt;
    in[k] = std::move(*operand);
  }
  return apply(step, in, thresholdRow(step, i), signZeroAt(step, i), trouble);
}

std::optional<int> Interpreter::exactOrder(int number, int64_t a, int64_t b) {
  const Step *step = definers[number];
  bool isLine = step && (step->kind == Kind::Softmax ||
                         step->kind == Kind::LogSoftmax);
  bool rises = step && step->kind == Kind::Elementwise &&
               (step->function == Function::Sigmoid ||
                step->function == Function::Tanh ||
                step->function == Function::Erf ||
                step->function == Function::Exp ||
                step->function == Function::Log);
  if (rises)
    return exactOrder(step->operands[0], mapped(*step, 0, a),
                      mapped(*step, 0, b));
  // Within one line a softmax rises, too.
  auto line = [step](int64_t i) {
    int64_t block = step->axisSize * step->axisStride;
    return std::pair(i / block, i % step->axisStride);
  };
  if (isLine && line(a) == line(b))
    return exactOrder(step->operands[0], a, b);
  if (step && step->kind == Kind::Move && step->source[a] >= 0 &&
      step->source[b] >= 0 &&
      (step->from.empty() || step->from[a] == step->from[b]))
    return exactOrder(step->operands[step->from.empty() ? 0 : step->from[a]],
                      step->source[a], step->source[b]);
  std::optional<Surd> x = exact(number, a), y = exact(number, b);
  if (x && y)
    return (*x - *y).sign();
  return step ? orderByConstants(*step, a, b) : std::nullopt;
}

std::optional<int> Interpreter::orderByConstants(const Step &step, int64_t a,
                                                 int64_t b) {
  auto below = [&](unsigned k) {
    return exactOrder(step.operands[k], mapped(step, k, a), mapped(step, k, b));
  };
  if (step.kind != Kind::Elementwise)
    return std::nullopt;
  if (step.function == Function::Neg) {
    std::optional<int> order = below(0);
    return order ? std::optional(-*order) : std::nullopt;
  }
  bool isSum =
      step.function == Function::Add || step.function == Function::Sub;
  if (!isSum && step.function != Function::Mul)
    return std::nullopt;
  for (unsigned k : {0, 1}) { // the operand that is a constant
    if (!program.isConstant[step.operands[k]])
      continue;
    auto atA = exact(step.operands[k], mapped(step, k, a)),
         atB = exact(step.operands[k], mapped(step, k, b));
    if (!atA || !atB || (*atA - *atB).sign() != 0)
      return std::nullopt;
    bool isTurned = step.function == Function::Sub && k == 0;
    std::optional<int> order = below(1 - k);
    int factor = !isSum ? atA->sign() : isTurned ? -1 : 1;
    return order ? std::optional(*order * factor) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Surd> Interpreter::exactMembers(const Step &step, int64_t i) {
  std::optional<Surd> result;
  for (int32_t at = step.first[i]; at < step.first[i + 1]; ++at) {
    std::optional<Surd> next = exact(step.operands[0], step.members[at]);
    if (!next)
      return std::nullopt;
    if (!result)
      result = next;
    else
      result = step.kind == Kind::Sum       ? *result + *next
               : step.kind == Kind::Maximum ? maximum(*result, *next)
                                            : minimum(*result, *next);
  }
  if (result && !step.divisors.empty())
    result = result->dividedBy(Surd(step.divisors[i]));
  return result;
}

std::optional<Surd> Interpreter::exactLinear(const Step &step, int64_t i) {
  Surd sum;
  bool known = true;
  forEachTerm(step, i, [&](int64_t x, int64_t w) {
    std::optional<Surd> a = exact(step.operands[0], x);
    std::optional<Surd> b = exact(step.operands[1], w);
    known &= a && b;
    if (known)
      sum = sum + *a * *b;
  });
  if (known && step.operands.size() > 2) {
    const Geometry &g = step.geometry;
    std::optional<Surd> bias =
        exact(step.operands[2], i / (g.outH * g.outW) % g.outChannels);
    known = bias.has_value();
    if (known)
      sum = sum + *bias;
  }
  return known ? std::optional<Surd>(sum) : std::nullopt;
}

} // namespace bnncc::reference
