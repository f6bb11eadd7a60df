// The microcode routines: those shipped as text, and the bit-plane routines
// that are generated for every pair of widths.
#include "bnn/isa/Microassembler.h"

#include "Embedded.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace bnn::isa {

using Table = std::map<std::string, Routine, std::less<>>;

/// RUN.shifts: how many SHIFT words a routine has.
static uint32_t countShifts(const std::vector<Microword> &words) {
  return uint32_t(std::count_if(words.begin(), words.end(), [](auto &word) {
    return word.first == AccOp::Shift;
  }));
}

/// The comment lines at the start, without their marks.
static std::string leadingComment(std::string_view text) {
  std::string doc;
  while (text.starts_with("; ")) {
    size_t end = std::min(text.find('\n'), text.size() - 1);
    doc.append(text.substr(2, end - 1));
    text.remove_prefix(end + 1);
  }
  return doc;
}

static void addShipped(Table &table) {
  for (const embedded::EmbeddedFile &file : embedded::microcode()) {
    Routine routine;
    routine.name = file.name;
    routine.doc = leadingComment(file.text);
    std::map<std::string, uint32_t> labels;
    std::string error;
    if (!assemble(file.text, routine.words, labels, error))
      throw std::logic_error(fmt::format("{}.uasm: {}", file.name, error));
    routine.shifts = countShifts(routine.words);
    table.emplace(routine.name, std::move(routine));
  }
}

/// One word per pair (a, w) of bit planes, by falling diagonals a + w. The
/// first word of a diagonal doubles what is there: acc = 2 * acc + ...
/// (Horner).
static std::vector<Microword> planeWords(uint32_t aBits, uint32_t wBits) {
  std::vector<Microword> words;
  for (int diagonal = int(aBits + wBits) - 2; diagonal >= 0; --diagonal) {
    bool fresh = true;
    for (int a = int(aBits) - 1; a >= 0; --a) {
      int w = diagonal - a;
      if (w < 0 || w >= int(wBits))
        continue;
      Microword word{.mac = 1,
                     .rest = AccOp::Add,
                     .reduce = 0b111,
                     .tail = 1,
                     .plane_a = uint32_t(a),
                     .plane_w = uint32_t(w),
                     .lo = 0,
                     .hi = 2,
                     .ends = 1};
      word.first = words.empty() ? AccOp::Init
                   : fresh       ? AccOp::Shift
                                 : AccOp::Add;
      word.near = word.far = uint32_t(words.size());
      fresh = false;
      words.push_back(word);
    }
  }
  return words;
}

/// Makes the last plane word close the tile: loops 0-2 stay in it, the others
/// start over at word 0.
static void closeTile(Microword &last, Sample sample) {
  last.sample = sample;
  last.done = last.halt = 1;
  last.hi = 7;
  last.mid = 2;
  last.far = 0;
}

/// As in binary_multi: one more word for all thresholds but the first.
static void addThresholds(std::vector<Microword> &words) {
  words.back().sample = Sample::Sign;
  uint32_t here = uint32_t(words.size());
  words.push_back({.first = AccOp::Bias,
                   .rest = AccOp::Bias,
                   .sample = Sample::Sign,
                   .plane = 1,
                   .done = 1,
                   .row = 1,
                   .lo = 3,
                   .hi = 7,
                   .ends = 1,
                   .near = here,
                   .far = 0,
                   .halt = 1});
}

static void addPlanes(Table &table, uint32_t aBits, uint32_t wBits) {
  std::string name = fmt::format("planes_{}x{}", aBits, wBits);
  std::string doc = fmt::format(
      "{}-bit activations by {}-bit weights, bit plane by bit plane: plane_a "
      "and plane_w times the plane strides, shifts = {}.\n",
      aBits, wBits, aBits + wBits - 2);
  for (const char *kind : {"", "_value", "_multi"}) {
    Routine routine{name + kind, doc, planeWords(aBits, wBits), 0};
    if (std::string_view(kind) == "_multi")
      addThresholds(routine.words);
    else
      closeTile(routine.words.back(), *kind ? Sample::Value : Sample::Sign);
    routine.shifts = countShifts(routine.words);
    // near and far reach 64 words.
    if (routine.words.size() <= 64)
      table.emplace(routine.name, std::move(routine));
  }
}

static const Table &routines() {
  static const Table table = [] {
    Table out;
    addShipped(out);
    for (uint32_t a = 1; a <= 8; ++a)
      for (uint32_t w = 1; w <= 8; ++w)
        addPlanes(out, a, w);
    return out;
  }();
  return table;
}

const Routine *findRoutine(std::string_view name) {
  auto found = routines().find(name);
  return found == routines().end() ? nullptr : &found->second;
}

std::vector<const Routine *> allRoutines() {
  std::vector<const Routine *> out;
  for (auto &[name, routine] : routines())
    out.push_back(&routine);
  return out;
}

std::vector<Microword> placeRoutine(const Routine &routine, uint32_t base) {
  std::vector<Microword> words = routine.words;
  for (Microword &word : words) {
    if (!word.ends)
      continue;
    word.near += base;
    word.far += base;
  }
  return words;
}

} // namespace bnn::isa
