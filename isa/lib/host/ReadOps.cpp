// One reader per group of fields; shapes step by step.
#include "ReadOps.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace bnn::host {

namespace {

constexpr int64_t maxWindow = 1 << 16;

constexpr size_t maxOps = 4096; // exact evaluation recurses over them
constexpr int64_t maxElements = int64_t(1) << 28, maxGathered = maxElements;

// A list of one value or one per channel, with what it rounds beside it.
Constants readConstants(const Fields &from, const char *key, int64_t channels) {
  Constants list = from.numbers(key);
  if (from.ok() && list.values.size() != 1 &&
      int64_t(list.values.size()) != channels)
    from.fail(fmt::format("field '{}' has {} values for {} channels", key,
                          list.values.size(), channels));
  std::string exact = fmt::format("{}_exact", key);
  if (!from.ok() || !from.has(exact.c_str()))
    return list;
  for (const std::string &text : from.texts(exact.c_str())) {
    auto number = Number::parse(text);
    if (!number) {
      from.fail(fmt::format("field '{}' must hold exact numbers", exact));
      return {};
    }
    list.exact.push_back(std::move(*number));
  }
  if (from.ok() && list.exact.size() != list.values.size())
    from.fail(fmt::format("field '{}' has {} values beside {}", exact,
                          list.exact.size(), list.values.size()));
  return list;
}

// kernel, strides and pads, and the size of the result.
void parseWindow(const Fields &from, Op &op, bool padsBelowKernel) {
  auto list = [&](const char *key, int64_t low, size_t count) {
    std::vector<int64_t> values = from.integers(key, low, maxWindow);
    if (from.ok() && values.size() != count)
      from.fail(fmt::format("field '{}' must hold {} values", key, count));
    values.resize(count, 1);
    return values;
  };
  auto kernel = list("kernel", 1, 2), strides = list("strides", 1, 2);
  auto pads = list("pads", 0, 4);
  if (!from.ok())
    return;
  op.kernelH = kernel[0], op.kernelW = kernel[1];
  op.strideH = strides[0], op.strideW = strides[1];
  op.padTop = pads[0], op.padLeft = pads[1];
  op.padBottom = pads[2], op.padRight = pads[3];
  // A window that held only pads would have no largest value.
  for (int i = 0; i < 4 && padsBelowKernel; ++i)
    if (pads[i] >= kernel[i % 2])
      return from.fail("field 'pads' must be smaller than the kernel");
  int64_t h = op.in.h + pads[0] + pads[2] - op.kernelH;
  int64_t w = op.in.w + pads[1] + pads[3] - op.kernelW;
  if (h < 0 || w < 0)
    return from.fail("has a kernel larger than the padded map");
  op.out.h = h / op.strideH + 1;
  op.out.w = w / op.strideW + 1;
}

void parseConv(const Fields &from, Op &op) {
  op.out.c = from.integer("channels", 1, maxWindow);
  parseWindow(from, op, false);
  if (!from.ok())
    return;
  if (op.out.c * op.out.h > maxElements || op.out.size() > maxElements)
    return from.fail(
        fmt::format("makes a map of more than {} elements", maxElements));
  op.weights = from.packedNumbers("weights");
  // Each size divides what is left, so no product can overflow.
  auto left = int64_t(op.weights.size());
  for (int64_t size : {op.out.c, op.in.c, op.kernelH, op.kernelW}) {
    if (from.ok() && left % size != 0)
      left = -1;
    left /= size;
  }
  if (from.ok() && left != 1)
    from.fail(fmt::format("has {} weights for {} x {} x {} x {}",
                          op.weights.size(), op.out.c, op.in.c, op.kernelH,
                          op.kernelW));
  for (double weight : op.weights)
    if (!std::isfinite(weight))
      return from.fail("has a weight that is not finite");
}

void parseQuantise(const Fields &from, Op &op) {
  op.cuts = from.numbers("cuts");
  for (int64_t flag : from.integers("inclusive", 0, 1))
    op.inclusive.push_back(flag);
  op.first = from.number("first", 0);
  op.step = from.number("step", 1);
  size_t levels = op.inclusive.size();
  if (!from.ok())
    return;
  if (levels == 0 || levels > 65535 ||
      (op.cuts.size() != levels &&
       (op.cuts.size() % levels != 0 ||
        int64_t(op.cuts.size() / levels) != op.in.c)))
    return from.fail(fmt::format("has {} cuts of {} levels for {} channels",
                                 op.cuts.size(), levels, op.in.c));
  for (size_t i = 1; i < op.cuts.size(); ++i)
    if (i % levels != 0 && !(op.cuts[i - 1] <= op.cuts[i]))
      return from.fail("field 'cuts' must ascend");
}

void parseReduce(const Fields &from, Op &op) {
  std::string kind = from.text("kind");
  if (kind == "sum")
    op.kind = Op::Kind::Sum;
  else if (kind == "mean")
    op.kind = Op::Kind::Mean;
  else if (kind == "max")
    op.kind = Op::Kind::Max;
  else
    from.fail(fmt::format("has kind '{}'; known are sum, mean, max", kind));
  op.out = {op.in.c, 1, 1};
}

void parseArgMax(const Fields &from, Op &op) {
  op.axis = int(from.integer("axis", 0, 2, 0));
  op.lastIndex = from.flag("last", false);
  (op.axis == 0 ? op.out.c : op.axis == 1 ? op.out.h : op.out.w) = 1;
}

void parseReshape(const Fields &from, Op &op) {
  std::vector<int64_t> shape = from.integers("shape", 1, op.in.size());
  if (shape.size() != 3)
    return from.fail("field 'shape' must be [C, H, W]");
  op.out = {shape[0], shape[1], shape[2]};
  // Each size divides what is left, so no product can overflow.
  if (op.in.size() % op.out.c || op.in.size() / op.out.c % op.out.h ||
      op.in.size() / op.out.c / op.out.h != op.out.w)
    from.fail(fmt::format("field 'shape' must keep {} elements", op.in.size()));
}

void parseGather(const Fields &from, Op &op) {
  std::vector<int64_t> shape = from.integers("shape", 1, maxGathered);
  if (shape.size() != 3 || shape[0] * shape[1] > maxGathered)
    return from.fail("field 'shape' must be [C, H, W]");
  op.out = {shape[0], shape[1], shape[2]};
  op.from = readGather(from.object("from"), op.in.size(), op.out.size());
}

void parseFields(const Fields &from, Op &op) {
  using Kind = Op::Kind;
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    op.scale = readConstants(from, "scale", op.in.c);
    op.shift = readConstants(from, "shift", op.in.c);
    op.terms = from.number("terms", 0);
    break;
  case Kind::SplitPRelu:
    if (op.in.c % 2)
      return from.fail(
          "needs an even number of channels: positive, then negative sums");
    op.out.c = op.in.c / 2;
    op.scale = readConstants(from, "scale_pos", op.out.c);
    op.scaleNeg = readConstants(from, "scale_neg", op.out.c);
    op.shift = readConstants(from, "shift", op.out.c);
    break;
  case Kind::PRelu:
    op.scale = readConstants(from, "slope", op.in.c);
    break;
  case Kind::Clip:
    op.min = from.number("min", -std::numeric_limits<double>::infinity());
    op.max = from.number("max", std::numeric_limits<double>::infinity());
    break;
  case Kind::Conv:
    return parseConv(from, op);
  case Kind::MaxPool:
    return parseWindow(from, op, true);
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    return parseReduce(from, op);
  case Kind::Softmax:
  case Kind::LogSoftmax:
    op.axis = int(from.integer("axis", 0, 2, 0));
    break;
  case Kind::Add:
  case Kind::Concat:
  case Kind::Sigmoid:
  case Kind::Tanh:
    break;
  case Kind::Quantise:
    return parseQuantise(from, op);
  case Kind::ArgMax:
    return parseArgMax(from, op);
  case Kind::Reshape:
    return parseReshape(from, op);
  case Kind::Gather:
    return parseGather(from, op);
  }
}

bool kindOf(const std::string &name, Op::Kind &kind) {
  for (const auto &[text, value] : opNames)
    if (name == text) {
      kind = value;
      return true;
    }
  return false;
}

// Reads a list of operations; value numbers are checked against those made.
class OpReader {
public:
  OpReader(const Shape &given, std::vector<Op> &ops) : given(given), ops(ops) {}

  void read(const Fields &from) {
    Op op;
    std::string name = from.text("op");
    if (from.ok() && !kindOf(name, op.kind))
      from.fail(
          fmt::format("has op '{}', which this loader does not know", name));
    readOperands(from, op);
    if (!from.ok())
      return;
    op.in = op.out = shapeOf(op.operands[0]);
    join(from, op);
    parseFields(from, op);
    ops.push_back(std::move(op));
  }

private:
  const Shape &shapeOf(uint32_t value) const {
    return value == 0 ? given : ops[value - 1].out;
  }

  // The values that an operation reads; the one before it if there is no list.
  void readOperands(const Fields &from, Op &op) {
    auto values = int64_t(ops.size()) + 1;
    op.operands = {uint32_t(values - 1)};
    if (from.has("in")) {
      op.operands.clear();
      for (int64_t value : from.integers("in", 0, values - 1))
        op.operands.push_back(uint32_t(value));
    }
    size_t count = op.operands.size();
    if (!from.ok())
      return;
    if (op.kind == Op::Kind::Concat ? count == 0
                                    : count != (op.kind == Op::Kind::Add ? 2 : 1))
      from.fail(fmt::format("field 'in' must hold {}, found {}",
                            op.kind == Op::Kind::Concat ? "values"
                            : op.kind == Op::Kind::Add  ? "two values"
                                                        : "one value",
                            count));
  }

  // Shapes of several operands: equal for a sum; joined along the channels.
  void join(const Fields &from, Op &op) {
    for (size_t i = 1; i < op.operands.size(); ++i) {
      const Shape &next = shapeOf(op.operands[i]);
      bool concat = op.kind == Op::Kind::Concat;
      if (next.h != op.in.h || next.w != op.in.w ||
          (!concat && next.c != op.in.c))
        return from.fail("has operands whose shapes do not fit");
      if (concat && (op.out.c + next.c) * op.out.h * op.out.w > maxElements)
        return from.fail(
            fmt::format("makes a map of more than {} elements", maxElements));
      op.out.c += concat ? next.c : 0;
    }
  }

  Shape given;
  std::vector<Op> &ops;
};

} // namespace

std::vector<uint32_t> readGather(const Fields &from, int64_t elements,
                                 int64_t count) {
  std::vector<int64_t> places =
                           from.integers("starts", 0, elements - 1),
                       counts = from.integers("counts", 1, maxGathered),
                       steps = from.integers("steps", -elements, elements);
  if (from.ok() && counts.size() != steps.size())
    from.fail("fields 'counts' and 'steps' must have one length");
  for (size_t k = 0; from.ok() && k < counts.size(); ++k) {
    if (int64_t(places.size()) > count / counts[k])
      break; // too many: said below
    std::vector<int64_t> finer;
    for (int64_t place : places)
      for (int64_t i = 0; i < counts[k]; ++i)
        finer.push_back(place + i * steps[k]);
    places = std::move(finer);
  }
  std::vector<uint32_t> result;
  for (int64_t place : places) {
    if (place < 0 || place >= elements)
      from.fail(fmt::format("takes element {} of {}", place, elements));
    result.push_back(uint32_t(place));
  }
  if (from.ok() && int64_t(result.size()) != count)
    from.fail(fmt::format("takes {} elements for a map of {}", result.size(),
                          count));
  return result;
}

void readOps(const Fields &io, const char *key, const Shape &given,
             std::vector<Op> &ops) {
  if (!io.has(key))
    return;
  OpReader reader(given, ops);
  for (const Fields &from : io.objects(key)) {
    if (ops.size() == maxOps)
      io.fail(fmt::format("field '{}' must hold at most {} operations", key,
                          maxOps));
    if (io.ok())
      reader.read(from);
    if (!io.ok())
      return;
  }
}

} // namespace bnn::host
