// The description as plain data, checked: what the emitters of bnn-isa-tblgen
// work from.
#pragma once

#include "llvm/TableGen/Record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::tblgen {

struct Case {
  std::string name, doc;
  int64_t value = 0;
  bool reserved = false;
};

struct Enum {
  std::string name, doc;
  unsigned width = 0;
  std::vector<Case> cases;
};

struct Field {
  std::string name, doc, unit, below, enumName, show, with;
  unsigned width = 0, word = 0, shift = 0; ///< shift: within its word
  bool isSigned = false, isMask = false;
  int64_t min = 0, max = 0;

  int64_t defaultValue() const { return min > 0 ? min : 0; }
  unsigned bit() const { return word * 64 + shift; }
};

struct Rule {
  std::string label, when, target;
  std::vector<std::string> is;
  std::vector<int64_t> values; ///< `is` as numbers
  int64_t min = 0, max = 0;
};

struct Layout {
  std::string name, doc;
  unsigned opcode = 0, words = 0;
  std::vector<Field> fields; ///< in member order
  std::vector<Rule> rules;

  /// The fields from bit 0 upwards.
  std::vector<const Field *> byBit() const;
  /// Bits of `word` that belong to a field or to the opcode.
  uint64_t usedBits(unsigned word, unsigned opcodeBits) const;
};

struct Bytes {
  std::string name, doc;
  unsigned offset = 0, size = 0;
};

struct ByteLayout {
  std::string name, doc;
  unsigned size = 0;
  std::vector<Bytes> fields;
};

struct Constant {
  std::string name, doc;
  int64_t value = 0;
};

struct Isa {
  std::vector<Enum> enums;
  std::vector<Layout> instructions;
  Layout micro;
  std::vector<ByteLayout> byteLayouts;
  std::vector<Constant> constants;

  const Enum *findEnum(const std::string &name) const;
  int64_t constant(const std::string &name) const;
};

/// Reads all records; ends the program with a message where one is wrong.
Isa readIsa(const llvm::RecordKeeper &records);

/// SumBits -> sum_bits, control_words -> control_words.
std::string snake(const std::string &name);
/// SumBits -> SUM_BITS.
std::string upper(const std::string &name);
/// sum_bits -> sumBits.
std::string camel(const std::string &name);

} // namespace bnn::tblgen
