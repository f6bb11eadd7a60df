// Reads the `io` section of a program; its operations in ReadOps.cpp.
#include "Boundaries.h"
#include "Fields.h"
#include "ReadOps.h"
#include "bnn/isa/host/Part.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

namespace bnn::host {

namespace {

// Far above any network, low enough that no product below overflows.
constexpr int64_t maxSize = int64_t(1) << 24;
constexpr int64_t maxElements = int64_t(1) << 28;
constexpr int64_t maxRegion = int64_t(1)
                              << 29; // 2^26 beats: what LOAD can reach

Shape checkedMap(const Fields &from, Shape map) {
  if (map.c * map.h > maxElements || map.size() > maxElements) {
    from.fail(fmt::format("is a map of more than {} elements", maxElements));
    return {};
  }
  return map;
}

void parseTensor(const Fields &from, TensorSpec &spec) {
  spec.name = from.text("name");
  std::string type = from.text("type");
  if (!typeNamed(type, spec.type)) {
    std::string known;
    for (int t = 0; t < typeCount; ++t)
      known += (t ? ", " : "") + std::string(typeName(Type(t)));
    from.fail(fmt::format("has type '{}'; supported are {}", type, known));
  }
  spec.shape = from.integers("shape", 1, maxSize);
  int64_t elements = 1;
  for (int64_t size : spec.shape)
    if ((elements *= size) > maxElements) {
      spec.shape.clear();
      return from.fail(fmt::format("has more than {} elements", maxElements));
    }
}

// A line, or a list of bit patterns.
std::vector<double> boundariesOf(const Fields &from, bool isWide) {
  std::vector<double> boundaries;
  if (!from.isObject("boundaries")) {
    for (int64_t pattern : isWide ? from.integers("boundaries", INT64_MIN, INT64_MAX)
                                  : from.integers("boundaries", 0, 0xffffffff))
      boundaries.push_back(isWide ? std::bit_cast<double>(pattern)
                                  : std::bit_cast<float>(uint32_t(pattern)));
    return boundaries;
  }
  Fields object = from.object("boundaries");
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  constexpr int64_t all = int64_t(1) << 32; // floats there are
  BoundaryLine line{object.number("start", none), object.number("step", none),
                    object.integers("ulps", -all, all)};
  for (size_t j = 0; j < line.ulps.size(); ++j)
    boundaries.push_back(boundaryAt(line, j));
  return boundaries;
}

void parseBoundaries(const Fields &from, Quantiser &q) {
  bool isWide = from.flag("wide", false);
  q.rows = uint32_t(from.integer("rows", 1, maxSize, 1));
  std::vector<double> boundaries = boundariesOf(from, isWide);
  if (boundaries.size() % q.rows != 0)
    return from.fail(fmt::format("field 'boundaries' must hold {} equal rows",
                                 q.rows));
  size_t width = boundaries.size() / q.rows;
  if (width > 65535)
    return from.fail("field 'boundaries' must hold at most 65535 in a row");
  for (size_t i = 0; i < boundaries.size(); ++i) {
    double boundary = boundaries[i];
    if (std::isnan(boundary) ||
        (i % width != 0 && boundary < q.boundaries.back()))
      return from.fail("field 'boundaries' must be ascending and not NaN");
    q.boundaries.push_back(boundary);
  }
  if (!from.has("codes"))
    return;
  for (int64_t code : from.integers("codes", -32768, 32767))
    q.codes.push_back(int16_t(code));
  if (q.codes.size() != (width + 1) * q.rows)
    from.fail("field 'codes' must hold one more than 'boundaries' in each row");
}

void parseQuantiser(const Fields &from, Quantiser &q) {
  std::string kind = from.text("kind");
  if (kind == "boundaries") {
    q.kind = Quantiser::Kind::Boundaries;
    q.first = int32_t(from.integer("first", -32768, 32767));
    q.step = int32_t(from.integer("step", -32768, 32767));
    parseBoundaries(from, q);
  } else if (kind == "cast") {
    q.kind = Quantiser::Kind::Cast;
    q.min = int32_t(from.integer("min", -32768, 32767));
    q.max = int32_t(from.integer("max", q.min, 32767));
  } else if (kind == "bipolar") {
    q.kind = Quantiser::Kind::Bipolar;
  } else if (kind == "none") {
    q.kind = Quantiser::Kind::None;
  } else {
    from.fail(fmt::format("has kind '{}'; known are boundaries, cast, bipolar, "
                          "none",
                          kind));
  }
}

bool makesCodes(const Op &op, bool bits) {
  double last = op.first + op.step * double(op.inclusive.size());
  return op.kind == Op::Kind::Quantise && op.first == std::trunc(op.first) &&
         op.step == std::trunc(op.step) &&
         std::min(op.first, last) >= (bits ? -1 : -128) &&
         std::max(op.first, last) <= (bits ? 1 : 255);
}

// Bits hold codes 0 and 1 (-1 and 1 where operations or bipolar make them),
// bytes hold -128..255.
void checkCodes(const Fields &input, const Fields &quantise,
                const Part &part) {
  const Quantiser &q = part.quantiser;
  bool bits = part.layout.bits;
  if (!part.before.empty()) {
    // What moves codes or takes the largest makes no new ones.
    size_t value = part.before.size();
    auto keeps = [](Op::Kind kind) {
      return kind == Op::Kind::Reshape || kind == Op::Kind::MaxPool ||
             kind == Op::Kind::Gather;
    };
    std::vector<size_t> work = {value};
    std::vector<bool> seen(value + 1, false);
    bool fits = true;
    while (fits && !work.empty()) {
      value = work.back();
      work.pop_back();
      if (value == 0)
        fits = q.kind != Quantiser::Kind::None &&
               q.lowest() >= (bits ? -1 : -128) &&
               q.highest() <= (bits ? 1 : 255);
      if (value == 0 || seen[value])
        continue;
      seen[value] = true;
      const Op &op = part.before[value - 1];
      if (keeps(op.kind) || op.kind == Op::Kind::Concat)
        work.insert(work.end(), op.operands.begin(), op.operands.end());
      else
        fits = makesCodes(op, bits);
    }
    if (!fits)
      input.fail("must have operations that end in a quantiser with codes that "
                 "its layout holds");
    return;
  }
  if (q.kind == Quantiser::Kind::None)
    return input.fail("has values without a quantiser and no operations");
  if (bits && q.kind == Quantiser::Kind::Bipolar)
    return;
  int32_t low = bits ? 0 : -128, high = bits ? 1 : 255;
  if (q.lowest() < low || q.highest() > high)
    quantise.fail(
        fmt::format("makes codes {}..{}, but layout {} holds {}..{}",
                    q.lowest(), q.highest(), bits ? "bits" : "bytes", low, high));
}

void parseLayout(const Fields &from, const Shape &map, uint64_t inputBytes,
                 InputLayout &l) {
  std::string format = from.text("format");
  l.bits = format == "bits";
  if (!l.bits && format != "bytes")
    return from.fail(
        fmt::format("has format '{}'; known are bytes, bits", format));
  l.padLeft = uint32_t(from.integer("pad_left", 0, maxSize, 0));
  l.padRight = uint32_t(from.integer("pad_right", 0, maxSize, 0));
  l.padTop = uint32_t(from.integer("pad_top", 0, maxSize, 0));
  l.padBottom = uint32_t(from.integer("pad_bottom", 0, maxSize, 0));
  l.rowBytes = uint64_t(from.integer("row_bytes", 1, maxRegion));
  l.lead = uint64_t(from.integer("lead", 0, maxRegion, 0));
  l.trail = uint64_t(from.integer("trail", 0, maxRegion, 0));
  int64_t pixelBytes = map.c;
  if (l.bits) {
    l.record = uint32_t(from.integer("record", 1, 4));
    l.groups = uint32_t(from.integer("groups", 1, maxSize));
    l.groupBytes = uint64_t(from.integer("group_bytes", 0, maxRegion, 0));
    l.padCode = int32_t(from.integer("pad_bit", 0, 1, 0));
    int64_t groups = (map.c + 31) / 32,
            record = groups > 1 ? 4 : (map.c + 7) / 8;
    if (l.groups != groups || l.record != record)
      from.fail(
          fmt::format("has record {} and groups {}; {} channels need {} and {}",
                      l.record, l.groups, map.c, record, groups));
    pixelBytes = l.record;
  } else {
    l.mask = uint32_t(from.integer("xor", 0, 255, 0));
    l.padCode = int32_t(from.integer("pad_code", -128, 255, 0));
  }
  int64_t used = l.padLeft + map.w * pixelBytes + l.padRight;
  if (used > int64_t(l.rowBytes))
    from.fail(
        fmt::format("has rows of {} bytes in row_bytes {}", used, l.rowBytes));
  uint64_t rows = uint64_t(l.padTop) + uint64_t(map.h) + l.padBottom;
  uint64_t lastGroup = (l.groups - 1) * l.groupBytes;
  uint64_t end = lastGroup + (rows - 1) * l.rowBytes + uint64_t(used);
  if (end > l.lead + inputBytes + l.trail)
    return from.fail(
        fmt::format("needs {} bytes, the program's window has {}",
                    end - std::min(end, l.lead + l.trail), inputBytes));
  // Where the pixels begin and end.
  uint64_t first = l.padTop * l.rowBytes + l.padLeft;
  uint64_t last = lastGroup + first + uint64_t(map.h - 1) * l.rowBytes +
                  uint64_t(map.w * pixelBytes);
  if (first < l.lead || last > l.lead + inputBytes)
    from.fail(fmt::format("has pixels in bytes {}..{}, the program's window "
                          "holds bytes {}..{}",
                          first, last - 1, l.lead, l.lead + inputBytes - 1));
}

void parseRaw(const Fields &from, uint64_t outputBytes, Part &part) {
  std::vector<int64_t> shape = from.integers("shape", 1, maxSize);
  if (shape.size() != 3)
    return from.fail("field 'shape' must be [C, H, W]");
  part.raw = checkedMap(from, {shape[0], shape[1], shape[2]});
  for (int64_t word : from.integers("words", 0, maxRegion / 4 - 1)) {
    if (uint64_t(word) * 4 + 4 > outputBytes)
      return from.fail(
          fmt::format("reads word {}, the program's window has {} bytes", word,
                      outputBytes));
    part.words.push_back(uint32_t(word));
  }
  if (from.ok() && int64_t(part.words.size()) != part.raw.size())
    from.fail(fmt::format("has {} words for a shape of {} elements",
                          part.words.size(), part.raw.size()));
}

void parseOutputs(const Fields &root, Part &part) {
  for (const Fields &from : root.objects("outputs")) {
    Output output;
    parseTensor(from, output.tensor);
    output.value = uint32_t(from.integer("value", 0, int64_t(part.ops.size()),
                                         int64_t(part.ops.size())));
    int64_t made = part.shapeOf(output.value).size();
    if (output.tensor.elements() != made)
      from.fail(fmt::format("has {} elements, the epilogue makes {}",
                            output.tensor.elements(), made));
    part.outputs.push_back(std::move(output));
  }
  if (part.outputs.empty())
    root.fail("field 'outputs' must not be empty");
}

void parsePredicted(const Fields &root, Part &part) {
  if (!root.has("predicted"))
    return;
  Fields predicted = root.object("predicted");
  constexpr int64_t any = std::numeric_limits<int64_t>::max();
  part.predictedCycles = uint64_t(predicted.integer("cycles", 0, any, 0));
  part.predictedLatency = uint64_t(predicted.integer("latency", 0, any, 0));
  if (!predicted.has("hp"))
    return;
  Fields hp = predicted.object("hp");
  part.hpCycles = uint64_t(hp.integer("cycles", 0, any, 0));
  part.hpLatency = uint64_t(hp.integer("latency", 0, any, 0));
}

} // namespace

bool readPart(const std::string &text, uint64_t inputBytes, uint64_t outputBytes,
              Part &part, std::string &error) {
  error.clear();
  part = Part();
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    error = "io section is not JSON";
    return false;
  }
  Fields root(json, "io", error);
  Fields input = root.object("input"), map = input.object("map"),
         quantise = input.object("quantise");
  parseTensor(input, part.input);
  part.map = checkedMap(map, {map.integer("C", 1, maxSize),
                              map.integer("H", 1, maxSize),
                              map.integer("W", 1, maxSize)});
  if (input.has("from") && root.ok())
    part.from = readGather(input.object("from"), part.input.elements(),
                           part.map.size());
  else if (part.input.elements() != part.map.size())
    input.fail(fmt::format("has {} elements, its map {}",
                           part.input.elements(), part.map.size()));
  parseQuantiser(quantise, part.quantiser);
  if (root.ok())
    readOps(input, "operations", part.map, part.before);
  if (root.ok())
    parseLayout(input.object("layout"), part.packed(), inputBytes, part.layout);
  if (root.ok())
    checkCodes(input, quantise, part);
  parseRaw(root.object("raw"), outputBytes, part);
  if (root.ok())
    readOps(root, "epilogue", part.raw, part.ops);
  if (root.ok())
    parseOutputs(root, part);
  parsePredicted(root, part);
  return error.empty();
}

} // namespace bnn::host
