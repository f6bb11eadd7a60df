// The C header for firmware and loaders: numbers, shifts and masks only.
#include "Emit.h"

#include "llvm/Support/Format.h"

namespace bnn::tblgen {

static void define(llvm::raw_ostream &os, const std::string &name,
                   const std::string &value, const std::string &doc = "") {
  os << "#define BNN_" << name << " " << value;
  if (!doc.empty())
    os << " /* " << doc << " */";
  os << "\n";
}

static std::string maskText(unsigned width) {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << llvm::format(
      "0x%llxull",
      (unsigned long long)(width >= 64 ? ~0ull : (1ull << width) - 1));
  return os.str();
}

static void emitLayout(const Layout &layout, llvm::raw_ostream &os) {
  os << "\n/* " << layout.doc << " */\n";
  std::string prefix = upper(layout.name) + "_";
  define(os, prefix + "WORDS", std::to_string(layout.words));
  for (const Field &f : layout.fields) {
    std::string name = prefix + upper(f.name);
    define(os, name + "_WORD", std::to_string(f.word), f.doc);
    define(os, name + "_SHIFT", std::to_string(f.shift));
    define(os, name + "_WIDTH", std::to_string(f.width));
    define(os, name + "_MASK", maskText(f.width),
           f.isSigned ? "two's complement" : "");
  }
}

void emitC(const Isa &isa, llvm::raw_ostream &os) {
  os << "/* Generated from isa/description by bnn-isa-tblgen. Do not edit.\n"
        " *\n"
        " * A field is (word[X_WORD] >> X_SHIFT) & X_MASK of the 64-bit "
        "words;\n"
        " * _OFFSET and _BYTES place the fields of the program file. */\n"
        "#ifndef BNN_ISA_H\n#define BNN_ISA_H\n\n";
  for (const Constant &c : isa.constants)
    define(os, "ISA_" + upper(c.name), std::to_string(c.value), c.doc);
  os << "\n";
  for (const Layout &i : isa.instructions)
    define(os, "OPCODE_" + upper(i.name), std::to_string(i.opcode), i.doc);
  for (const Enum &e : isa.enums) {
    os << "\n/* " << e.doc << " */\n";
    for (const Case &c : e.cases)
      define(os, upper(e.name) + "_" + upper(c.name), std::to_string(c.value),
             c.doc + (c.reserved ? " (reserved)" : ""));
  }
  for (const Layout &i : isa.instructions)
    emitLayout(i, os);
  emitLayout(isa.micro, os);
  for (const ByteLayout &b : isa.byteLayouts) {
    os << "\n/* " << b.doc << " */\n";
    define(os, upper(b.name) + "_BYTES", std::to_string(b.size));
    for (const Bytes &f : b.fields) {
      std::string name = upper(b.name) + "_" + upper(f.name);
      define(os, name + "_OFFSET", std::to_string(f.offset), f.doc);
      define(os, name + "_BYTES", std::to_string(f.size));
    }
  }
  os << "\n#endif\n";
}

} // namespace bnn::tblgen
