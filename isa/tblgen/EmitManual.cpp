// The manual: every field, bit, value, rule and byte, in Markdown.
#include "Emit.h"

#include "llvm/ADT/StringExtras.h"

namespace bnn::tblgen {

static std::string bits(const Field &f) {
  if (f.width == 1)
    return std::to_string(f.bit());
  return std::to_string(f.bit() + f.width - 1) + ".." + std::to_string(f.bit());
}

/// What a field may hold, in words.
static std::string range(const Isa &isa, const Field &f) {
  if (const Enum *e = isa.findEnum(f.enumName)) {
    std::string out;
    for (const Case &c : e->cases)
      if (!c.reserved)
        out += (out.empty() ? "" : ", ") + snake(c.name);
    return out;
  }
  if (f.min == f.max)
    return "must be " + std::to_string(f.min);
  std::string out = std::to_string(f.min) + ".." + std::to_string(f.max);
  if (!f.below.empty())
    out += ", below " + f.below;
  return out;
}

static std::string diagram(const Isa &isa, const Layout &layout,
                           unsigned word) {
  std::string out;
  unsigned opcodeBits = unsigned(isa.constant("OpcodeBits"));
  unsigned at = word * 64;
  auto item = [&](const std::string &name, unsigned width) {
    out += (out.empty() ? "" : " | ") + name;
    if (width > 1)
      out += ":" + std::to_string(width);
    at += width;
  };
  if (layout.opcode && word == 0)
    item("opcode", opcodeBits);
  for (const Field *f : layout.byBit()) {
    if (f->word != word)
      continue;
    if (f->bit() != at)
      item("0", f->bit() - at);
    item(f->name, f->width);
  }
  if (at != (word + 1) * 64)
    item("0", (word + 1) * 64 - at);
  return out;
}

static void emitLayout(const Isa &isa, const Layout &layout,
                       llvm::raw_ostream &os) {
  os << layout.doc << "\n\n";
  for (unsigned word = 0; word != layout.words; ++word)
    os << "    " << word * 64 << ": " << diagram(isa, layout, word) << "\n";
  if (layout.fields.empty()) {
    os << "\n";
    return;
  }
  os << "\n| field | bits | type | unit | values | meaning |\n"
        "|---|---|---|---|---|---|\n";
  for (const Field &f : layout.fields)
    os << "| " << f.name << " | " << bits(f) << " | "
       << (!f.enumName.empty() ? snake(f.enumName)
           : f.isSigned        ? "s" + std::to_string(f.width)
           : f.width == 1      ? "flag"
           : f.isMask          ? "set"
                               : "u" + std::to_string(f.width))
       << " | " << f.unit << " | " << range(isa, f) << " | " << f.doc << " |\n";
  os << "\n";
  for (const Rule &r : layout.rules) {
    os << "* **" << r.label << "** While " << r.when << " is ";
    for (size_t i = 0; i != r.is.size(); ++i)
      os << (i ? " or " : "") << snake(r.is[i]);
    os << ", " << r.target << " must be " << r.min;
    if (r.max != r.min)
      os << ".." << r.max;
    os << ".\n";
  }
  if (!layout.rules.empty())
    os << "\n";
}

void emitManual(const Isa &isa, llvm::raw_ostream &os) {
  os << "<!-- Generated from isa/description by bnn-isa-tblgen -gen-manual. "
        "Do not edit. -->\n"
        "# Instruction set manual\n\n"
        "Instruction set version "
     << isa.constant("Version") << ", program file format "
     << isa.constant("FormatVersion")
     << ". What the machine does with a field is in engine.md, why the bits "
        "are "
        "as they are in isa.md.\n\n"
        "Everything is little endian. An instruction is two 64-bit words, low "
        "word first; bits count from bit 0 of the low word. In the layouts "
        "below fields run from the lowest bit upwards with their widths after "
        "the colon, and `0` stands for reserved bits, which must be 0.\n\n"
        "An instruction or microword that breaks a range or a rule is refused "
        "by the decoder; in an instruction the engine traps: reserved bits and "
        "unknown opcodes with illegal_instruction, values and rules with "
        "illegal_field, reserved values with unsupported.\n\n"
        "Tokens: `pop` waits for a token, `push` gives one on retiring; `prev` "
        "and `next` are the neighbours in the order LOAD, RUN, STORE.\n\n"
        "## Instructions\n\n";
  for (const Layout &i : isa.instructions) {
    os << "### " << llvm::StringRef(i.name).upper() << " (opcode " << i.opcode
       << ")\n\n";
    emitLayout(isa, i, os);
  }
  os << "## Microword\n\n";
  emitLayout(isa, isa.micro, os);
  os << "## Enumerations\n\n";
  for (const Enum &e : isa.enums) {
    os << "### " << snake(e.name) << "\n\n"
       << e.doc << "\n\n| value | name | meaning |\n|---|---|---|\n";
    for (const Case &c : e.cases)
      os << "| " << c.value << " | " << snake(c.name) << " | " << c.doc
         << (c.reserved ? " (reserved)" : "") << " |\n";
    os << "\n";
  }
  os << "## Program file\n\nThe header is followed by the section table, the "
        "sections follow in the order of the table without gaps. One that "
        "DEFLATE makes smaller is packed, by itself. A section has at most "
     << isa.constant("MaxSectionBytes") << " bytes unpacked, and at most "
     << isa.constant("MaxRatio")
     << " for each byte stored. CRC-32 is that of zlib. The io and debug "
        "sections are described in program-file.md.\n\n";
  for (const ByteLayout &b : isa.byteLayouts) {
    os << "### " << snake(b.name) << " (" << b.size << " bytes)\n\n"
       << b.doc
       << "\n\n| offset | bytes | field | meaning |\n|---|---|---|---|\n";
    for (const Bytes &f : b.fields)
      os << "| " << f.offset << " | " << f.size << " | " << f.name << " | "
         << f.doc << " |\n";
    os << "\n";
  }
}

} // namespace bnn::tblgen
