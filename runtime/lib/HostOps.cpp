// Parsing of the epilogue: one reader per group of fields, shapes step by step.
#include "HostOps.h"

#include <array>
#include <fmt/format.h>
#include <limits>

namespace bnn::runtime {

namespace {

constexpr int64_t maxWindow = 1 << 16;

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

void parseMaxPool(const Fields &from, HostOp &op) {
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

void parseReduce(const Fields &from, HostOp &op) {
  std::string kind = from.text("kind");
  if (kind == "sum")
    op.kind = HostOp::Kind::Sum;
  else if (kind == "mean")
    op.kind = HostOp::Kind::Mean;
  else if (kind == "max")
    op.kind = HostOp::Kind::Max;
  else
    from.fail(fmt::format("has kind '{}'; known are sum, mean, max", kind));
  op.out = {op.in.c, 1, 1};
}

void parseArgMax(const Fields &from, HostOp &op) {
  op.axis = int(from.integer("axis", 0, 2, 0));
  op.lastIndex = from.flag("last", false);
  (op.axis == 0 ? op.out.c : op.axis == 1 ? op.out.h : op.out.w) = 1;
}

void parseReshape(const Fields &from, HostOp &op) {
  std::vector<int64_t> shape = from.integers("shape", 1, op.in.size());
  if (shape.size() != 3)
    return from.fail("field 'shape' must be [C, H, W]");
  op.out = {shape[0], shape[1], shape[2]};
  // Each size divides what is left, so no product can overflow.
  if (op.in.size() % op.out.c || op.in.size() / op.out.c % op.out.h ||
      op.in.size() / op.out.c / op.out.h != op.out.w)
    from.fail(fmt::format("field 'shape' must keep {} elements", op.in.size()));
}

void parseFields(const Fields &from, HostOp &op) {
  using Kind = HostOp::Kind;
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
  }
}

bool kindOf(const std::string &name, HostOp::Kind &kind) {
  using Kind = HostOp::Kind;
  static constexpr std::array<std::pair<const char *, Kind>, 14> names{{
      {"to_real", Kind::ToReal},
      {"split_prelu", Kind::SplitPRelu},
      {"affine", Kind::Affine},
      {"prelu", Kind::PRelu},
      {"clip", Kind::Clip},
      {"max_pool", Kind::MaxPool},
      {"reduce", Kind::Sum},
      {"softmax", Kind::Softmax},
      {"log_softmax", Kind::LogSoftmax},
      {"sigmoid", Kind::Sigmoid},
      {"tanh", Kind::Tanh},
      {"sign", Kind::Sign},
      {"argmax", Kind::ArgMax},
      {"reshape", Kind::Reshape},
  }};
  for (const auto &[text, value] : names)
    if (name == text) {
      kind = value;
      return true;
    }
  return false;
}

} // namespace

void parseEpilogue(const Fields &io, MapShape raw, std::vector<HostOp> &ops) {
  MapShape shape = raw;
  for (const Fields &from : io.objects("epilogue")) {
    HostOp op;
    std::string name = from.text("op");
    if (!kindOf(name, op.kind))
      from.fail(
          fmt::format("has op '{}', which this loader does not know", name));
    op.in = op.out = shape;
    parseFields(from, op);
    if (!io.ok())
      return;
    shape = op.out;
    ops.push_back(std::move(op));
  }
}

} // namespace bnn::runtime
