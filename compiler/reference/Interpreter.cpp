//===- Interpreter.cpp - Running a program's steps ------------------------===//
//
// Forward evaluation: every element as a bounded double.
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"

namespace bnncc::reference {

namespace {

/// Collects elements; the error list appears with the first error.
class Writer {
public:
  explicit Writer(int64_t count) : count(count) { data.values.reserve(count); }
  void add(const Bounded &element) {
    if (element.error != 0 && data.errors.empty())
      data.errors.assign(count, 0);
    if (!data.errors.empty())
      data.errors[data.values.size()] = element.error;
    data.values.push_back(element.value);
  }
  Data take() { return std::move(data); }

private:
  int64_t count;
  Data data;
};

/// Signs of values whose bounds leave zero out.
std::optional<Data> signsOf(const Data &x) {
  Data out;
  out.values.resize(x.size());
  int64_t open = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    double error = x.isExact() ? 0 : x.errors[i];
    out.values[i] = x.values[i] > 0 ? 1 : -1;
    open += !(std::abs(x.values[i]) > error);
  }
  if (open)
    return std::nullopt;
  return out;
}

/// PRelu of integers below 2^28 by slopes that are floats: 28 + 24 bits.
std::optional<Data> bend(const Step &step, const Data &x, const Data &slopes) {
  bool narrow = x.isExact() && slopes.isExact() && step.maps[0].empty() &&
                summaryOf(x).unit >= 0 && summaryOf(x).largest < 0x1p28;
  for (double slope : slopes.values)
    narrow &= slope == static_cast<float>(slope);
  if (!narrow)
    return std::nullopt;
  Data out;
  out.values.resize(step.count);
  for (int64_t i = 0; i < step.count; ++i) {
    double value = x.values[i];
    out.values[i] = value < 0 ? value * slopes.values[mapped(step, 1, i)] : value;
  }
  return out;
}

Bounded toBounded(const Surd &number) {
  double error;
  double value = number.toDouble(error);
  return {value, error};
}

} // namespace

std::string placeOf(const Step &step, int64_t i) {
  if (step.shape.size() < 2)
    return "position " + std::to_string(i);
  int64_t map = 1;
  for (size_t k = 2; k < step.shape.size(); ++k)
    map *= step.shape[k];
  return "channel " + std::to_string(i / map % step.shape[1]) + ", position " +
         std::to_string(i % map);
}

void Interpreter::findFixed() {
  fixed.resize(program.values.size());
  for (const Step &step : program.steps) {
    std::vector<bool> marks(step.count);
    bool any = false;
    auto mark = [&](int64_t i) { any = marks[i] = true; };
    if (step.kind == Kind::Move) {
      for (int64_t i = 0; i < step.count; ++i)
        if (step.source[i] < 0 ||
            isFixed(step.operands[step.from.empty() ? 0 : step.from[i]],
                    step.source[i]))
          mark(i);
    } else if (step.kind == Kind::Elementwise) {
      bool possible = llvm::all_of(step.operands, [&](int operand) {
        return operand < 0 || program.isConstant[operand] ||
               !fixed[operand].empty();
      });
      for (int64_t i = 0; possible && i < step.count; ++i) {
        bool all = true;
        for (size_t k = 0; k < step.operands.size(); ++k)
          all &= step.operands[k] < 0 ||
                 program.isConstant[step.operands[k]] ||
                 isFixed(step.operands[k], mapped(step, k, i));
        if (all)
          mark(i);
      }
    }
    if (any)
      fixed[step.result] = std::move(marks);
  }
}

SignZero Interpreter::signZeroAt(const Step &step, int64_t i) const {
  bool keeps = options.signZero != SignZero::Error &&
               step.function == Function::Sign &&
               isFixed(step.operands[0], mapped(step, 0, i));
  return keeps ? SignZero::Keep : options.signZero;
}

llvm::ArrayRef<double> Interpreter::thresholdRow(const Step &step,
                                                 int64_t i) const {
  if (step.function != Function::MultiThreshold)
    return {};
  return llvm::ArrayRef<double>(value(step.operands[1]).values)
      .slice(mapped(step, 1, i) * step.thresholds, step.thresholds);
}

/// The frequent functions, in loops of their own; none where an element needs
/// more than they know.
std::optional<Data> Interpreter::runQuickly(const Step &step) {
  if (step.inFloat || step.wraps)
    return std::nullopt;
  switch (step.function) {
  case Function::BatchNormalization:
    return runNormalisation(step);
  case Function::Sign:
    return signsOf(value(step.operands[0]));
  case Function::PRelu:
    return bend(step, value(step.operands[0]), value(step.operands[1]));
  default:
    return std::nullopt;
  }
}

std::optional<Data> Interpreter::runNormalisation(const Step &step) {
  const Data &x = value(step.operands[0]);
  const std::vector<int32_t> &channels = step.maps[1];
  if (!step.maps[0].empty() || channels.empty() || channels != step.maps[2] ||
      channels != step.maps[3] || channels != step.maps[4])
    return std::nullopt;
  Data out;
  out.values.resize(step.count);
  out.errors.resize(step.count);
  for (int64_t i = 0, end; i < step.count; i = end) {
    int32_t c = channels[i];
    for (end = i + 1; end < step.count && channels[end] == c;)
      ++end;
    Bounded channel[3];
    for (int k = 0; k < 3; ++k)
      channel[k] = value(step.operands[k + 1]).get(c);
    Bounded variance = value(step.operands[4]).get(c);
    std::optional<Bounded> deviation =
        squareRoot(variance + Bounded(step.parameter));
    if (!deviation ||
        !normaliseChannel(&x.values[i], x.isExact() ? nullptr : &x.errors[i],
                          end - i, channel, *deviation, &out.values[i],
                          &out.errors[i]))
      return std::nullopt;
  }
  if (std::all_of(out.errors.begin(), out.errors.end(),
                  [](double error) { return error == 0; }))
    out.errors.clear();
  return out;
}

Data Interpreter::runElementwise(const Step &step) {
  if (std::optional<Data> data = runQuickly(step))
    return std::move(*data);
  Writer out(step.count);
  Bounded in[5];
  size_t operands = std::min<size_t>(step.operands.size(), 5);
  bool isThreshold = step.function == Function::MultiThreshold;
  for (int64_t i = 0; i < step.count && trouble.message.empty(); ++i) {
    for (size_t k = 0; k < operands; ++k)
      if (step.operands[k] >= 0 && !(isThreshold && k == 1))
        in[k] = value(step.operands[k]).get(mapped(step, k, i));
    std::optional<Bounded> result =
        step.inFloat ? applyFloat(step, in)
                     : apply(step, in, thresholdRow(step, i),
                             signZeroAt(step, i), trouble);
    if (!result && trouble.message.empty()) {
      ++decisions;
      if (std::optional<Surd> number = exact(step.result, i))
        result = toBounded(*number);
      else if (std::optional<Range> range = enclosed(step.result, i))
        result = range->bounded();
      else
        trouble.fail("the value must be decidable exactly, found one that is "
                     "not (a division by zero, or a decision on a function "
                     "without an exact form)");
    }
    if (!trouble.message.empty())
      trouble.message += " at " + placeOf(step, i);
    if (result && std::isnan(result->error)) // 0 times an infinite one
      result->error = INFINITY;
    out.add(result.value_or(Bounded()));
  }
  return out.take();
}

Data Interpreter::runMove(const Step &step) {
  Data out;
  bool isExact = true;
  for (int operand : step.operands)
    isExact &= operand < 0 || value(operand).isExact();
  out.values.resize(step.count);
  if (isExact && step.from.empty()) {
    const double *from = value(step.operands[0]).values.data();
    for (int64_t i = 0; i < step.count; ++i)
      out.values[i] = step.source[i] < 0 ? step.fill : from[step.source[i]];
    return out;
  }
  if (!isExact)
    out.errors.resize(step.count);
  for (int64_t i = 0; i < step.count; ++i) {
    const Data &from =
        value(step.operands[step.from.empty() ? 0 : step.from[i]]);
    Bounded element =
        step.source[i] < 0 ? Bounded(step.fill) : from.get(step.source[i]);
    out.values[i] = element.value;
    if (!isExact)
      out.errors[i] = element.error;
  }
  return out;
}

Data Interpreter::runMembers(const Step &step) {
  const Data &in = value(step.operands[0]);
  if (in.isExact() && step.kind == Kind::Maximum) {
    Data out;
    out.values.reserve(step.count);
    for (int64_t i = 0; i < step.count; ++i) {
      double largest = in.values[step.members[step.first[i]]];
      for (int32_t at = step.first[i] + 1; at < step.first[i + 1]; ++at)
        largest = std::max(largest, in.values[step.members[at]]);
      out.values.push_back(largest);
    }
    return out;
  }
  Writer out(step.count);
  for (int64_t i = 0; i < step.count; ++i) {
    int32_t at = step.first[i], end = step.first[i + 1];
    Bounded result = at < end ? in.get(step.members[at]) : Bounded();
    for (++at; at < end; ++at) {
      Bounded next = in.get(step.members[at]);
      result = step.kind == Kind::Sum       ? result + next
               : step.kind == Kind::Maximum ? maximum(result, next)
                                            : minimum(result, next);
    }
    if (!step.divisors.empty())
      result = *divide(result, Bounded(step.divisors[i]));
    out.add(result);
  }
  return out.take();
}

Data Interpreter::runSoftmax(const Step &step) {
  const Data &in = value(step.operands[0]);
  Data out;
  out.values.resize(step.count);
  out.errors.resize(step.count);
  int64_t stride = step.axisStride;
  for (int64_t i = 0; i < step.count; ++i) {
    if (i / stride % step.axisSize != 0)
      continue; // i starts a line
    double top = in.values[i], error = 0, sum = 0;
    for (int64_t k = 0; k < step.axisSize; ++k) {
      top = std::max(top, in.values[i + k * stride]);
      error = std::max(error, in.get(i + k * stride).error);
    }
    for (int64_t k = 0; k < step.axisSize; ++k)
      sum += std::exp(in.values[i + k * stride] - top);
    for (int64_t k = 0; k < step.axisSize; ++k) {
      int64_t at = i + k * stride;
      double difference = in.values[at] - top;
      bool isLog = step.kind == Kind::LogSoftmax;
      double y =
          isLog ? difference - std::log(sum) : std::exp(difference) / sum;
      // Operand errors and roundings act on the exponents.
      double spread = 2 * error + (std::abs(difference) + 32 +
                                   static_cast<double>(step.axisSize)) *
                                      2 * Unit;
      out.values[at] = y;
      out.errors[at] = (isLog ? spread + std::abs(y) * 8 * Unit
                              : std::expm1(spread) * y + y * 8 * Unit) *
                           Slack +
                       Tiny;
    }
  }
  return out;
}

// What an ArgMax may look at instead of its operand: functions that rise keep
// the order of what they are taken of, softmax along the same axis too.
static int belowRisingFunctions(const Step &argMax,
                                llvm::ArrayRef<const Step *> definers) {
  int operand = argMax.operands[0];
  while (const Step *step = definers[operand]) {
    bool softmax =
        (step->kind == Kind::Softmax || step->kind == Kind::LogSoftmax) &&
        step->axisSize == argMax.axisSize &&
        step->axisStride == argMax.axisStride;
    bool rising = step->kind == Kind::Elementwise &&
                  (step->maps.empty() || step->maps[0].empty()) &&
                  (step->function == Function::Sigmoid ||
                   step->function == Function::Tanh ||
                   step->function == Function::Exp ||
                   step->function == Function::Erf ||
                   step->function == Function::Copy);
    if (!softmax && !rising)
      break;
    operand = step->operands[0];
  }
  return operand;
}

Data Interpreter::runArgMax(const Step &step) {
  int operand = belowRisingFunctions(step, definers);
  const Data &in = value(operand);
  Data out;
  int64_t stride = step.axisStride;
  for (int64_t i = 0; i < in.size(); ++i) {
    if (i / stride % step.axisSize != 0)
      continue;
    int64_t best = i;
    for (int64_t k = 1; k < step.axisSize; ++k) {
      int64_t at = i + k * stride;
      std::optional<int> sign = signOf(in.get(at) - in.get(best));
      if (!sign) {
        ++decisions;
        sign = exactOrder(operand, at, best);
        if (!sign)
          trouble.fail("the largest value must be decidable exactly, found two "
                       "that are too close at position " +
                       std::to_string(out.size()));
      }
      int above = step.smallest ? -sign.value_or(0) : sign.value_or(0);
      if (above > 0 || (sign == 0 && step.lastIndex))
        best = at;
    }
    out.values.push_back(static_cast<double>((best - i) / stride));
  }
  return out;
}

Data Interpreter::runStep(const Step &step) {
  switch (step.kind) {
  case Kind::Elementwise:
    return runElementwise(step);
  case Kind::Move:
    return runMove(step);
  case Kind::Sum:
  case Kind::Maximum:
  case Kind::Minimum:
    return runMembers(step);
  case Kind::Convolution:
  case Kind::MatrixProduct:
    return runLinear(step, value(step.operands[0]), value(step.operands[1]),
                     step.operands.size() > 2 ? &value(step.operands[2])
                                              : nullptr);
  case Kind::Softmax:
  case Kind::LogSoftmax:
    return runSoftmax(step);
  case Kind::ArgMax:
    return runArgMax(step);
  }
  return {};
}

} // namespace bnncc::reference
