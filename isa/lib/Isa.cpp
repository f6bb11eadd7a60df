// Encoding, decoding, verifying and printing, driven by the generated tables.
#include "bnn/isa/Isa.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnn::isa {

#include "bnn/isa/Isa.cpp.inc"

std::span<const LayoutInfo> instructionLayouts() { return instructionInfos; }
const LayoutInfo &microwordInfo() { return microwordLayout; }

Values values(const Instruction &instruction) {
  return std::visit([](const auto &x) { return toValues(x); }, instruction);
}
Values values(const Microword &word) { return toValues(word); }

Instruction makeInstruction(size_t index, const Values &values) {
  Instruction out = blank(index);
  std::visit([&](auto &x) { fromValues(x, values); }, out);
  return out;
}

Microword makeMicroword(const Values &values) {
  Microword out;
  fromValues(out, values);
  return out;
}

uint64_t wordsInLanes(const Load &load) {
  uint64_t pairs = beatsToLanes(load); // 8-byte words
  if (load.period)
    pairs = pairs / load.period * load.keep +
            std::min<uint64_t>(pairs % load.period, load.keep);
  return 2 * pairs;
}

//===-- Bits
//-------------------------------------------------------------------//

static uint64_t maskOf(unsigned width) {
  return width >= 64 ? ~0ull : (1ull << width) - 1;
}

static void pack(const LayoutInfo &layout, const Values &values,
                 uint64_t *words) {
  for (size_t i = 0; i != layout.fields.size(); ++i) {
    const FieldInfo &f = layout.fields[i];
    words[f.word] |= (uint64_t(values[i]) & maskOf(f.width)) << f.shift;
  }
}

static Values unpack(const LayoutInfo &layout, const uint64_t *words) {
  Values out;
  for (const FieldInfo &f : layout.fields) {
    uint64_t raw = words[f.word] >> f.shift & maskOf(f.width);
    bool negative = f.isSigned && raw >> (f.width - 1);
    out.push_back(int64_t(negative ? raw | ~maskOf(f.width) : raw));
  }
  return out;
}

/// The bits that belong to no field must be 0.
static bool checkReserved(const LayoutInfo &layout, const uint64_t *words,
                          std::string &error) {
  for (unsigned word = 0; word != layout.words; ++word) {
    uint64_t used = word == 0 && layout.opcode ? maskOf(isaOpcodeBits) : 0;
    for (const FieldInfo &f : layout.fields)
      if (f.word == word)
        used |= maskOf(f.width) << f.shift;
    for (unsigned bit = 0; bit != 64; ++bit)
      if ((words[word] & ~used) >> bit & 1) {
        error = fmt::format("{}: reserved bit {} is set", layout.mnemonic,
                            word * 64 + bit);
        return false;
      }
  }
  return true;
}

Bits128 encode(const Instruction &instruction) {
  const LayoutInfo &layout = instructionInfos[instruction.index()];
  uint64_t words[2] = {layout.opcode, 0};
  pack(layout, values(instruction), words);
  return {words[0], words[1]};
}

uint64_t encode(const Microword &word) {
  uint64_t bits = 0;
  pack(microwordLayout, values(word), &bits);
  return bits;
}

//===-- Ranges and rules
//-------------------------------------------------------//

static const CaseInfo *findCase(const EnumInfo &e, int64_t value) {
  for (const CaseInfo &c : e.cases)
    if (c.value == value)
      return &c;
  return nullptr;
}

static std::string textOf(const FieldInfo &f, int64_t value) {
  const CaseInfo *c = f.enumeration ? findCase(*f.enumeration, value) : nullptr;
  return c ? c->name : std::to_string(value);
}

static Trap checkField(const LayoutInfo &layout, const FieldInfo &f,
                       int64_t value, std::string &error) {
  const CaseInfo *c = f.enumeration ? findCase(*f.enumeration, value) : nullptr;
  if (f.enumeration && !c) {
    error =
        fmt::format("{}: {} has no value {}", layout.mnemonic, f.name, value);
    return Trap::IllegalField;
  }
  if (c && c->reserved) {
    error = fmt::format("{}: {}={} is reserved, no engine has it yet",
                        layout.mnemonic, f.name, c->name);
    return Trap::Unsupported;
  }
  if (value < f.min || value > f.max) {
    error = fmt::format("{}: {} must be {}..{}, is {}", layout.mnemonic, f.name,
                        f.min, f.max, value);
    return Trap::IllegalField;
  }
  return Trap::None;
}

static bool checkRule(const LayoutInfo &layout, const RuleInfo &rule,
                      const Values &values, std::string &error) {
  bool applies = false;
  for (int64_t v : rule.is)
    applies |= values[rule.when] == v;
  int64_t value = values[rule.target];
  if (!applies || (value >= rule.min && value <= rule.max))
    return true;
  const FieldInfo &when = layout.fields[rule.when];
  error =
      fmt::format("{}: with {}={} {} must be {}..{}, is {} (rule {})",
                  layout.mnemonic, when.name, textOf(when, values[rule.when]),
                  layout.fields[rule.target].name, rule.min, rule.max,
                  textOf(layout.fields[rule.target], value), rule.label);
  return false;
}

static Trap check(const LayoutInfo &layout, const Values &values,
                  std::string &error) {
  for (size_t i = 0; i != layout.fields.size(); ++i)
    if (Trap trap = checkField(layout, layout.fields[i], values[i], error);
        trap != Trap::None)
      return trap;
  for (const RuleInfo &rule : layout.rules)
    if (!checkRule(layout, rule, values, error))
      return Trap::IllegalField;
  return Trap::None;
}

bool verify(const Instruction &instruction, std::string &error) {
  return check(instructionInfos[instruction.index()], values(instruction),
               error) == Trap::None;
}

bool verify(const Microword &word, std::string &error) {
  return check(microwordLayout, values(word), error) == Trap::None;
}

Trap decodeTrap(Bits128 bits, Instruction &instruction, std::string &error) {
  uint64_t words[2] = {bits.lo, bits.hi};
  uint64_t opcode = bits.lo & maskOf(isaOpcodeBits);
  for (size_t i = 0; i != std::size(instructionInfos); ++i) {
    const LayoutInfo &layout = instructionInfos[i];
    if (layout.opcode != opcode)
      continue;
    if (!checkReserved(layout, words, error))
      return Trap::IllegalInstruction;
    Values values = unpack(layout, words);
    if (Trap trap = check(layout, values, error); trap != Trap::None)
      return trap;
    instruction = makeInstruction(i, values);
    return Trap::None;
  }
  error = fmt::format("illegal opcode {}", opcode);
  return Trap::IllegalInstruction;
}

bool decode(Bits128 bits, Instruction &instruction, std::string &error) {
  return decodeTrap(bits, instruction, error) == Trap::None;
}

bool decode(uint64_t bits, Microword &word, std::string &error) {
  if (!checkReserved(microwordLayout, &bits, error))
    return false;
  Values values = unpack(microwordLayout, &bits);
  if (check(microwordLayout, values, error) != Trap::None)
    return false;
  word = makeMicroword(values);
  return true;
}

Bits128 loadBits(const uint8_t *data) {
  Bits128 bits;
  for (unsigned i = 0; i != 8; ++i) {
    bits.lo |= uint64_t(data[i]) << (8 * i);
    bits.hi |= uint64_t(data[8 + i]) << (8 * i);
  }
  return bits;
}

void storeBits(Bits128 bits, uint8_t *data) {
  for (unsigned i = 0; i != 8; ++i) {
    data[i] = uint8_t(bits.lo >> (8 * i));
    data[8 + i] = uint8_t(bits.hi >> (8 * i));
  }
}

//===-- Text
//-------------------------------------------------------------------//

/// A set of loops as ranges: 0b111 is 0-2, 0b1000001 is 0,6.
static std::string maskText(uint64_t mask) {
  std::string out;
  for (unsigned first = 0; first != 64; ++first) {
    if (!(mask >> first & 1))
      continue;
    unsigned last = first;
    while (last != 63 && mask >> (last + 1) & 1)
      ++last;
    out += fmt::format("{}{}", out.empty() ? "" : ",", first);
    if (last != first)
      out += fmt::format("-{}", last);
    first = last;
  }
  return out;
}

static std::string fieldText(const FieldInfo &f, int64_t value) {
  if (f.width == 1 && !f.enumeration)
    return value ? f.name : fmt::format("no_{}", f.name);
  return fmt::format("{}={}", f.name,
                     f.isMask ? maskText(uint64_t(value)) : textOf(f, value));
}

static bool isShown(const LayoutInfo &layout, size_t i, const Values &values) {
  const FieldInfo &f = layout.fields[i];
  if (f.show == Show::Suffix)
    return false;
  return values[i] != f.defaultValue || f.show == Show::Always ||
         (f.show == Show::With && values[f.with] != 0);
}

std::string print(const Instruction &instruction) {
  const LayoutInfo &layout = instructionInfos[instruction.index()];
  Values v = values(instruction);
  std::string out = layout.mnemonic;
  for (size_t i = 0; i != v.size(); ++i)
    if (layout.fields[i].show == Show::Suffix)
      out.append(".").append(textOf(layout.fields[i], v[i]));
  for (size_t i = 0; i != v.size(); ++i)
    if (isShown(layout, i, v))
      out.append(" ").append(fieldText(layout.fields[i], v[i]));
  return out;
}

/// `ends` is printed with its nest, ends=lo-hi, and then its targets always.
std::string print(const Microword &word) {
  Values v = values(word);
  std::string out;
  for (size_t i = 0; i != v.size(); ++i) {
    const FieldInfo &f = microwordLayout.fields[i];
    std::string_view name = f.name;
    std::string item;
    if (word.ends && (name == "lo" || name == "hi"))
      continue;
    if (word.ends && name == "ends")
      item = fmt::format("ends={}-{}", word.lo, word.hi);
    else if (word.ends && (name == "near" || name == "far"))
      item = fieldText(f, v[i]);
    else if (isShown(microwordLayout, i, v))
      item = fieldText(f, v[i]);
    else
      continue;
    out.append(out.empty() ? "" : " ").append(item);
  }
  return out.empty() ? "nop" : out;
}

} // namespace bnn::isa
