// Writes the `io` section: fields in the order of docs/program-file.md.
#include "Base64.h"
#include "Boundaries.h"
#include "ReadOps.h"
#include "bnn/isa/host/Part.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bnn::host {

namespace {
using Json = nlohmann::ordered_json;
using Kind = Op::Kind;

Json tensorJson(const TensorSpec &spec) {
  return {{"name", spec.name},
          {"type", typeName(spec.type)},
          {"shape", spec.shape}};
}

// A list of elements as starts and, nested around each of them, loops.
Json gatherJson(const std::vector<uint32_t> &from) {
  std::vector<int64_t> places(from.begin(), from.end()), counts, steps;
  while (places.size() > 1) {
    // The longest run in equal steps from the start repeats, if it is a loop.
    int64_t step = places[1] - places[0];
    size_t run = 1;
    while (run < places.size() &&
           places[run] == places[0] + int64_t(run) * step)
      ++run;
    while (places.size() % run != 0)
      --run;
    std::vector<int64_t> starts;
    bool repeats = run > 1;
    for (size_t i = 0; repeats && i < places.size(); ++i) {
      if (i % run == 0)
        starts.push_back(places[i]);
      repeats = places[i] == starts.back() + int64_t(i % run) * step;
    }
    if (!repeats)
      break;
    counts.insert(counts.begin(), int64_t(run));
    steps.insert(steps.begin(), step);
    places = std::move(starts);
  }
  return {{"starts", places}, {"counts", counts}, {"steps", steps}};
}

Json shapeJson(const Shape &shape) { return {shape.c, shape.h, shape.w}; }

Json patternsJson(const Quantiser &q, bool isWide) {
  Json patterns = Json::array();
  for (double b : q.boundaries)
    if (isWide)
      patterns.push_back(std::bit_cast<int64_t>(b));
    else
      patterns.push_back(std::bit_cast<uint32_t>(float(b)));
  return patterns;
}

// One row of floats: as a line, if that saves anything.
Json boundariesJson(const Quantiser &q) {
  std::vector<float> floats(q.boundaries.begin(), q.boundaries.end());
  if (std::optional<BoundaryLine> line = lineOf(floats))
    return {{"start", line->start}, {"step", line->step}, {"ulps", line->ulps}};
  return patternsJson(q, /*isWide=*/false);
}

Json quantiserJson(const Quantiser &q) {
  switch (q.kind) {
  case Quantiser::Kind::Boundaries: {
    bool isWide = std::any_of(q.boundaries.begin(), q.boundaries.end(),
                              [](double b) { return double(float(b)) != b; });
    Json json = {{"kind", "boundaries"}, {"first", q.first}, {"step", q.step}};
    if (isWide)
      json["wide"] = true;
    if (q.rows > 1)
      json["rows"] = q.rows;
    json["boundaries"] = isWide || q.rows > 1 ? patternsJson(q, isWide)
                                              : boundariesJson(q);
    if (!q.codes.empty())
      json["codes"] = q.codes;
    return json;
  }
  case Quantiser::Kind::Cast:
    return {{"kind", "cast"}, {"min", q.min}, {"max", q.max}};
  case Quantiser::Kind::Bipolar:
    return {{"kind", "bipolar"}};
  case Quantiser::Kind::None:
    break;
  }
  return {{"kind", "none"}};
}

Json layoutJson(const InputLayout &l) {
  Json json;
  json["format"] = l.bits ? "bits" : "bytes";
  if (l.bits) {
    json["record"] = l.record;
    json["groups"] = l.groups;
    json["group_bytes"] = l.groupBytes;
  } else {
    json["xor"] = l.mask;
  }
  json["row_bytes"] = l.rowBytes;
  json["pad_left"] = l.padLeft;
  json["pad_right"] = l.padRight;
  json[l.bits ? "pad_bit" : "pad_code"] = l.padCode;
  json["pad_top"] = l.padTop;
  json["pad_bottom"] = l.padBottom;
  json["lead"] = l.lead;
  json["trail"] = l.trail;
  return json;
}

// One value if all channels have the same; what it rounds beside it.
void putConstants(Json &json, const std::string &key, const Constants &list) {
  size_t count = 1;
  for (size_t c = 0; c < list.values.size(); ++c)
    if (list.values[c] != list.values[0] ||
        std::signbit(list.values[c]) != std::signbit(list.values[0]) ||
        (!list.exact.empty() && list.exact[c].text() != list.exact[0].text()))
      count = list.values.size();
  json[key] = std::vector<double>(list.values.begin(),
                                  list.values.begin() + std::ptrdiff_t(count));
  for (size_t c = 0; c < count && !list.exact.empty(); ++c)
    json[key + "_exact"].push_back(list.exact[c].text());
}

Json packedJson(const std::vector<double> &values) {
  bool narrow = std::all_of(values.begin(), values.end(), [](double x) {
    return double(float(x)) == x;
  });
  Type type = narrow ? Type::Float32 : Type::Float64;
  std::vector<uint8_t> bytes(values.size() * typeSize(type));
  std::string error;
  storeElements(type, values, bytes.data(), error);
  return {{narrow ? "f32" : "f64", encodeBase64(bytes)}};
}

const char *nameOf(Kind kind) {
  for (const auto &[name, value] : opNames)
    if (value == kind)
      return name;
  return "?";
}

Json opJson(const Op &op, uint32_t previous) {
  Json json;
  json["op"] = nameOf(op.kind);
  if (op.operands != std::vector<uint32_t>{previous})
    json["in"] = op.operands;
  switch (op.kind) {
  case Kind::ToReal:
  case Kind::Affine:
    putConstants(json, "scale", op.scale);
    putConstants(json, "shift", op.shift);
    if (op.terms != 0)
      json["terms"] = op.terms;
    break;
  case Kind::SplitPRelu:
    putConstants(json, "scale_pos", op.scale);
    putConstants(json, "scale_neg", op.scaleNeg);
    putConstants(json, "shift", op.shift);
    break;
  case Kind::PRelu:
    putConstants(json, "slope", op.scale);
    break;
  case Kind::Clip: // an open side is left out: JSON has no infinity
    if (std::isfinite(op.min))
      json["min"] = op.min;
    if (std::isfinite(op.max))
      json["max"] = op.max;
    break;
  case Kind::Conv:
    json["channels"] = op.out.c;
    json["weights"] = packedJson(op.weights);
    [[fallthrough]];
  case Kind::MaxPool:
    json["kernel"] = {op.kernelH, op.kernelW};
    json["strides"] = {op.strideH, op.strideW};
    json["pads"] = {op.padTop, op.padLeft, op.padBottom, op.padRight};
    break;
  case Kind::Sum:
  case Kind::Mean:
  case Kind::Max:
    json["kind"] = op.kind == Kind::Sum    ? "sum"
                   : op.kind == Kind::Mean ? "mean"
                                           : "max";
    break;
  case Kind::Softmax:
  case Kind::LogSoftmax:
    if (op.axis)
      json["axis"] = op.axis;
    break;
  case Kind::Add:
  case Kind::Concat:
  case Kind::Sigmoid:
  case Kind::Tanh:
    break;
  case Kind::Quantise:
    json["cuts"] = op.cuts;
    for (bool flag : op.inclusive)
      json["inclusive"].push_back(int(flag));
    json["first"] = op.first;
    json["step"] = op.step;
    break;
  case Kind::ArgMax:
    if (op.axis)
      json["axis"] = op.axis;
    if (op.lastIndex)
      json["last"] = true;
    break;
  case Kind::Reshape:
    json["shape"] = shapeJson(op.out);
    break;
  case Kind::Gather:
    json["shape"] = shapeJson(op.out);
    json["from"] = gatherJson(op.from);
    break;
  }
  return json;
}

Json opsJson(const std::vector<Op> &ops) {
  Json list = Json::array();
  for (size_t i = 0; i < ops.size(); ++i)
    list.push_back(opJson(ops[i], uint32_t(i)));
  return list;
}
} // namespace

std::string writePart(const Part &part) {
  Json io;
  Json &input = io["input"] = tensorJson(part.input);
  if (!part.from.empty())
    input["from"] = gatherJson(part.from);
  input["map"] = {{"C", part.map.c}, {"H", part.map.h}, {"W", part.map.w}};
  input["quantise"] = quantiserJson(part.quantiser);
  if (!part.before.empty())
    input["operations"] = opsJson(part.before);
  input["layout"] = layoutJson(part.layout);
  io["raw"] = {{"words", part.words}, {"shape", shapeJson(part.raw)}};
  io["epilogue"] = opsJson(part.ops);
  Json &outputs = io["outputs"] = Json::array();
  for (const Output &output : part.outputs) {
    Json json = tensorJson(output.tensor);
    if (output.value != part.ops.size())
      json["value"] = output.value;
    outputs.push_back(std::move(json));
  }
  if (part.predictedCycles || part.predictedLatency)
    io["predicted"] = {
        {"cycles", part.predictedCycles},
        {"latency", part.predictedLatency},
        {"hp", {{"cycles", part.hpCycles}, {"latency", part.hpLatency}}}};
  return io.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace bnn::host
