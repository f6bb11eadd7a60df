// One reader per group of fields; shapes step by step.
#include "ReadOps.h"

#include <fmt/format.h>
#include <limits>

namespace bnn::host {

namespace {

constexpr int64_t maxWindow = 1 << 16;
constexpr int64_t maxGathered = int64_t(1) << 28;

// A list of one value or one per channel -> one per channel.
std::vector<double> perChannel(const Fields &from, const char *key,
                               int64_t channels) {
  std::vector<double> list = from.numbers(key);
  if (list.size() == 1)
    list.resize(size_t(channels), list[0]);
  if (from.ok() && int64_t(list.size()) != channels)
    from.fail(fmt::format("field '{}' has {} values for {} channels", key,
                          list.size(), channels));
  return list;
}

void parseMaxPool(const Fields &from, Op &op) {
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
  for (int i = 0; i < 4; ++i)
    if (pads[i] >= kernel[i % 2])
      return from.fail("field 'pads' must be smaller than the kernel");
  int64_t h = op.in.h + pads[0] + pads[2] - op.kernelH;
  int64_t w = op.in.w + pads[1] + pads[3] - op.kernelW;
  if (h < 0 || w < 0)
    return from.fail("has a kernel larger than the padded map");
  op.out.h = h / op.strideH + 1;
  op.out.w = w / op.strideW + 1;
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
    op.scale = perChannel(from, "scale", op.in.c);
    op.shift = perChannel(from, "shift", op.in.c);
    break;
  case Kind::SplitPRelu:
    if (op.in.c % 2)
      return from.fail(
          "needs an even number of channels: positive, then negative sums");
    op.out.c = op.in.c / 2;
    op.scale = perChannel(from, "scale_pos", op.out.c);
    op.scaleNeg = perChannel(from, "scale_neg", op.out.c);
    op.shift = perChannel(from, "shift", op.out.c);
    break;
  case Kind::PRelu:
    op.scale = perChannel(from, "slope", op.in.c);
    break;
  case Kind::Clip:
    op.min = from.number("min", -std::numeric_limits<double>::infinity());
    op.max = from.number("max", std::numeric_limits<double>::infinity());
    break;
  case Kind::MaxPool:
    return parseMaxPool(from, op);
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    return parseReduce(from, op);
  case Kind::Softmax:
  case Kind::LogSoftmax:
    op.axis = int(from.integer("axis", 0, 2, 0));
    break;
  case Kind::Sigmoid:
  case Kind::Tanh:
    break;
  case Kind::Sign:
    op.zero = double(from.integer("zero", -1, 1, 0));
    break;
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

// The values that an operation reads; the one before it if there is no list.
std::vector<uint32_t> readOperands(const Fields &from, size_t values) {
  if (!from.has("in"))
    return {uint32_t(values - 1)};
  std::vector<uint32_t> operands;
  for (int64_t value : from.integers("in", 0, int64_t(values) - 1))
    operands.push_back(uint32_t(value));
  if (from.ok() && operands.size() != 1)
    from.fail("field 'in' must hold one value");
  return operands;
}

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

void readOps(const Fields &io, Part &part) {
  for (const Fields &from : io.objects("epilogue")) {
    Op op;
    std::string name = from.text("op");
    if (!kindOf(name, op.kind))
      from.fail(
          fmt::format("has op '{}', which this loader does not know", name));
    op.operands = readOperands(from, part.ops.size() + 1);
    if (!io.ok())
      return;
    op.in = op.out = part.shapeOf(op.operands[0]);
    parseFields(from, op);
    if (!io.ok())
      return;
    part.ops.push_back(std::move(op));
  }
}

} // namespace bnn::host
