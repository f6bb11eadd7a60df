// The SystemVerilog package: enumerations, packed structs, and the same checks
// as isa::decodeTrap in the same order. Written for Verilator and Yosys: no
// casts, no `inside`, function results by name.
#include "Emit.h"

namespace bnn::tblgen {

static std::string number(unsigned width, int64_t value) {
  return std::to_string(width) + "'d" + std::to_string(value);
}

static std::string slice(unsigned high, unsigned low) {
  if (high == low)
    return "word[" + std::to_string(low) + "]";
  return "word[" + std::to_string(high) + ":" + std::to_string(low) + "]";
}

static std::string slice(const Field &f) {
  return slice(f.bit() + f.width - 1, f.bit());
}

static void emitEnum(const Enum &e, llvm::raw_ostream &os) {
  os << "\n  // " << e.doc << "\n  typedef enum logic [" << e.width - 1
     << ":0] {\n";
  for (const Case &c : e.cases)
    os << "    " << upper(e.name) << "_" << upper(c.name) << " = "
       << number(e.width, c.value) << (&c == &e.cases.back() ? " " : ",")
       << "  // " << c.doc << "\n";
  os << "  } " << snake(e.name) << "_e;\n";
}

static void emitMember(llvm::raw_ostream &os, const std::string &type,
                       unsigned width, const std::string &name) {
  os << "    " << type;
  if (type.starts_with("logic") && width > 1)
    os << " [" << width - 1 << ":0]";
  os << " " << name << ";\n";
}

/// Packed structs are written from the top bit down.
static void emitStruct(const Isa &isa, const Layout &layout,
                       llvm::raw_ostream &os) {
  unsigned opcodeBits = unsigned(isa.constant("OpcodeBits"));
  std::vector<std::string> members;
  unsigned at = layout.opcode ? opcodeBits : 0, gaps = 0;
  auto gap = [&](unsigned to) {
    if (to == at)
      return;
    std::string line;
    llvm::raw_string_ostream s(line);
    emitMember(s, "logic", to - at, "reserved" + std::to_string(gaps++));
    members.push_back(line);
  };
  auto add = [&](const std::string &type, unsigned width,
                 const std::string &name) {
    std::string line;
    llvm::raw_string_ostream s(line);
    emitMember(s, type, width, name);
    members.push_back(line);
  };
  if (layout.opcode)
    add("opcode_e", opcodeBits, "opcode");
  for (const Field *f : layout.byBit()) {
    gap(f->bit());
    add(!f->enumName.empty() ? snake(f->enumName) + "_e"
        : f->isSigned        ? "logic signed"
                             : "logic",
        f->width, f->name);
    at = f->bit() + f->width;
  }
  gap(layout.words * 64);
  os << "\n  // " << layout.doc << "\n  typedef struct packed {\n";
  for (auto line = members.rbegin(); line != members.rend(); ++line)
    os << *line;
  os << "  } " << snake(layout.name) << "_t;\n";
}

/// `condition` -> trap, as one link of an else-if chain.
static void link(llvm::raw_ostream &os, bool &first,
                 const std::string &condition, const char *trap) {
  os << (first ? "        if (" : "        else if (") << condition
     << ") trap_of = " << trap << ";\n";
  first = false;
}

static std::string outside(const Field &f, int64_t min, int64_t max) {
  std::string out;
  if (min > 0)
    out = slice(f) + " < " + number(f.width, min);
  if (max < (int64_t(1) << f.width) - 1)
    out +=
        (out.empty() ? "" : " || ") + slice(f) + " > " + number(f.width, max);
  return out;
}

static void emitChecks(const Isa &isa, const Layout &layout,
                       llvm::raw_ostream &os) {
  bool first = true;
  unsigned opcodeBits = unsigned(isa.constant("OpcodeBits"));
  std::string reserved;
  unsigned at = opcodeBits;
  auto gap = [&](unsigned to) {
    if (to != at)
      reserved += (reserved.empty() ? "|" : " || |") + slice(to - 1, at);
  };
  for (const Field *f : layout.byBit()) {
    gap(f->bit());
    at = f->bit() + f->width;
  }
  gap(layout.words * 64);
  if (!reserved.empty())
    link(os, first, reserved, "TRAP_ILLEGAL_INSTRUCTION");
  for (const Field &f : layout.fields) {
    if (const Enum *e = isa.findEnum(f.enumName)) {
      std::string illegal;
      for (const Case &c : e->cases)
        illegal += (illegal.empty() ? "" : " && ") + slice(f) +
                   " != " + number(f.width, c.value);
      if (e->cases.size() < (1ull << f.width))
        link(os, first, illegal, "TRAP_ILLEGAL_FIELD");
      for (const Case &c : e->cases)
        if (c.reserved)
          link(os, first, slice(f) + " == " + number(f.width, c.value),
               "TRAP_UNSUPPORTED");
    }
    if (std::string range = f.isSigned ? "" : outside(f, f.min, f.max);
        !range.empty())
      link(os, first, range, "TRAP_ILLEGAL_FIELD");
  }
  auto field = [&](const std::string &name) -> const Field & {
    for (const Field &f : layout.fields)
      if (f.name == name)
        return f;
    return layout.fields.front();
  };
  for (const Rule &r : layout.rules) {
    std::string when;
    for (int64_t v : r.values)
      when += (when.empty() ? "" : " || ") + slice(field(r.when)) +
              " == " + number(field(r.when).width, v);
    link(os, first,
         "(" + when + ") && (" + outside(field(r.target), r.min, r.max) + ")",
         "TRAP_ILLEGAL_FIELD");
  }
}

void emitVerilog(const Isa &isa, llvm::raw_ostream &os) {
  os << "// Generated from isa/description by bnn-isa-tblgen. Do not edit.\n"
        "/* verilator lint_off UNUSEDPARAM */\n"
        "/* verilator lint_off SYMRSVDWORD */  // near, far\n"
        "package bnn_isa_pkg;\n\n";
  for (const Constant &c : isa.constants)
    os << "  localparam int unsigned ISA_" << upper(c.name) << " = " << c.value
       << ";  // " << c.doc << "\n";
  for (const Enum &e : isa.enums)
    emitEnum(e, os);
  Enum opcodes{
      "Opcode", "The instructions.", unsigned(isa.constant("OpcodeBits")), {}};
  for (const Layout &i : isa.instructions)
    opcodes.cases.push_back({i.name, i.doc, i.opcode, false});
  emitEnum(opcodes, os);
  for (const Layout &i : isa.instructions)
    emitStruct(isa, i, os);
  emitStruct(isa, isa.micro, os);
  os << "\n  // The trap that an instruction's bits cause by themselves.\n"
        "  function automatic trap_e trap_of(input logic [127:0] word);\n"
        "    trap_of = TRAP_NONE;\n    case ("
     << slice(opcodes.width - 1, 0) << ")\n";
  for (const Layout &i : isa.instructions) {
    os << "      OPCODE_" << upper(i.name) << ": begin\n";
    emitChecks(isa, i, os);
    os << "      end\n";
  }
  os << "      default: trap_of = TRAP_ILLEGAL_INSTRUCTION;\n"
        "    endcase\n  endfunction\n\nendpackage\n"
        "/* verilator lint_on SYMRSVDWORD */\n"
        "/* verilator lint_on UNUSEDPARAM */\n";
}

} // namespace bnn::tblgen
