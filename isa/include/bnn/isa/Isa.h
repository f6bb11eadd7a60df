// Instructions and microwords: structs, their bits, their rules, their text.
// The structs and enumerations are generated from isa/description.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace bnn::isa {

#include "bnn/isa/Isa.h.inc"

/// An instruction's bits; `lo` comes first in memory, both little endian.
struct Bits128 {
  uint64_t lo = 0, hi = 0;
  bool operator==(const Bits128 &) const = default;
};

/// Bytes of an instruction and of a microword.
inline constexpr size_t instructionBytes = 16, microwordBytes = 8;

/// Encodes; values that do not fit are cut to their width (see verify).
Bits128 encode(const Instruction &instruction);
uint64_t encode(const Microword &word);

/// Decodes and verifies. On failure returns false and sets `error` to one line.
bool decode(Bits128 bits, Instruction &instruction, std::string &error);
bool decode(uint64_t bits, Microword &word, std::string &error);

/// Like decode, and tells which trap the engine takes; Trap::None is success.
Trap decodeTrap(Bits128 bits, Instruction &instruction, std::string &error);

/// Checks every field against its range and the instruction against its rules.
bool verify(const Instruction &instruction, std::string &error);
bool verify(const Microword &word, std::string &error);

/// One line of text: mnemonic and fields that are not at their defaults.
std::string print(const Instruction &instruction);
/// One line that the microassembler reads back.
std::string print(const Microword &word);

/// Reads 16 bytes at `data`, writes them.
Bits128 loadBits(const uint8_t *data);
void storeBits(Bits128 bits, uint8_t *data);

/// Beats of what a LOAD fills at a time: a row, a control word, a pair of lane words.
inline uint32_t beatsOfRow(LoadDest dest) {
  bool rows = dest == LoadDest::Weights || dest == LoadDest::Thresholds;
  return rows ? isaRowBeats : 1;
}

/// The 32 bits of a threshold row that hold one channel's T and polarity; T is
/// cut to isaThresholdBits.
inline uint32_t thresholdEntry(int64_t t, bool polarity) {
  return (uint32_t(t) & ((1u << isaThresholdBits) - 1)) |
         uint32_t(polarity) << isaPolarityBit;
}

/// Beats that a lane LOAD gives the lanes: those of the region and the pads.
inline uint64_t beatsToLanes(const Load &load) {
  return uint64_t(load.lead) + load.beats + load.trail;
}

/// Words of each lane that a lane LOAD fills at most: lane 0 has no phase.
uint64_t wordsInLanes(const Load &load);

/// "illegal_field" for Trap::IllegalField.
const char *name(Trap trap);

//===-- The description as tables, for whoever treats all fields alike
//---------//

/// A value of an enumeration; names are as printed.
struct CaseInfo {
  const char *name, *doc;
  int64_t value;
  bool reserved;
};

struct EnumInfo {
  const char *name;
  std::span<const CaseInfo> cases;
};

enum class Show : uint8_t { Plain, Always, Suffix, With };

struct FieldInfo {
  const char *name, *doc, *unit;
  const char *below;           ///< target size the value must be below, or ""
  const EnumInfo *enumeration; ///< or null
  unsigned word, shift, width;
  bool isSigned, isMask;
  int64_t min, max, defaultValue;
  Show show;
  int with; ///< Show::With: index of the other field
};

/// While field `when` is one of `is`, field `target` is within min..max.
struct RuleInfo {
  const char *label;
  int when;
  std::span<const int64_t> is;
  int target;
  int64_t min, max;
};

struct LayoutInfo {
  const char *mnemonic, *doc;
  unsigned opcode, words;
  std::span<const FieldInfo> fields; ///< in member order
  std::span<const RuleInfo> rules;
};

/// Field values in member order.
using Values = std::vector<int64_t>;

/// In the order of the alternatives of Instruction.
std::span<const LayoutInfo> instructionLayouts();
const LayoutInfo &microwordInfo();

Values values(const Instruction &instruction);
Values values(const Microword &word);
/// The instruction of alternative `index` with these values.
Instruction makeInstruction(size_t index, const Values &values);
Microword makeMicroword(const Values &values);

} // namespace bnn::isa
