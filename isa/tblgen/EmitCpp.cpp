// C++: structs and enumerations for people, tables for the generic code in
// isa/lib/Isa.cpp that encodes, decodes, verifies and prints.
#include "Emit.h"

namespace bnn::tblgen {

static const char *banner = "// Generated from isa/description by "
                            "bnn-isa-tblgen. Do not edit.\n\n";

static std::string memberType(const Field &field) {
  if (!field.enumName.empty())
    return field.enumName;
  return field.isSigned ? "int32_t" : "uint32_t";
}

static std::string memberDefault(const Isa &isa, const Field &field) {
  if (const Enum *e = isa.findEnum(field.enumName))
    return field.enumName + "::" + e->cases.front().name;
  return std::to_string(field.defaultValue());
}

static void emitEnum(const Enum &e, llvm::raw_ostream &os) {
  os << "/// " << e.doc << "\nenum class " << e.name << " : uint32_t {\n";
  for (const Case &c : e.cases)
    os << "  " << c.name << " = " << c.value << ", ///< " << c.doc
       << (c.reserved ? " (reserved)" : "") << "\n";
  os << "};\n\n";
}

static void emitStruct(const Isa &isa, const Layout &layout,
                       llvm::raw_ostream &os) {
  os << "/// " << layout.doc << "\nstruct " << layout.name << " {\n";
  for (const Field &field : layout.fields) {
    os << "  " << memberType(field) << " " << field.name << " = "
       << memberDefault(isa, field) << "; ///< " << field.doc;
    if (!field.unit.empty())
      os << " [" << field.unit << "]";
    os << "\n";
  }
  os << "  bool operator==(const " << layout.name
     << " &) const = default;\n};\n\n";
}

void emitCppHeader(const Isa &isa, llvm::raw_ostream &os) {
  os << banner;
  for (const Constant &c : isa.constants)
    os << "/// " << c.doc << "\ninline constexpr uint32_t isa" << c.name
       << " = " << c.value << ";\n";
  os << "\n";
  for (const Enum &e : isa.enums)
    emitEnum(e, os);
  os << "enum class Opcode : uint32_t {\n";
  for (const Layout &i : isa.instructions)
    os << "  " << i.name << " = " << i.opcode << ",\n";
  os << "};\n\n";
  for (const Layout &i : isa.instructions)
    emitStruct(isa, i, os);
  os << "using Instruction = std::variant<";
  for (const Layout &i : isa.instructions)
    os << (&i == &isa.instructions.front() ? "" : ", ") << i.name;
  os << ">;\n\n";
  emitStruct(isa, isa.micro, os);
  for (const ByteLayout &b : isa.byteLayouts) {
    os << "/// " << b.doc << " Byte offsets.\nnamespace " << snake(b.name)
       << " {\n";
    for (const Bytes &f : b.fields)
      os << "inline constexpr uint32_t " << camel(f.name) << " = " << f.offset
         << "; ///< " << f.size << " bytes: " << f.doc << "\n";
    os << "inline constexpr uint32_t bytes = " << b.size << ";\n} // namespace "
       << snake(b.name) << "\n\n";
  }
}

static std::string quote(const std::string &s) { return "\"" + s + "\""; }

static std::string flag(bool b) { return b ? "true" : "false"; }

/// Index of a field of `layout`, -1 for none.
static int indexOf(const Layout &layout, const std::string &name) {
  for (size_t i = 0; i != layout.fields.size(); ++i)
    if (layout.fields[i].name == name)
      return int(i);
  return -1;
}

static void emitFields(const Layout &layout, llvm::raw_ostream &os) {
  if (layout.fields.empty())
    return;
  os << "static const FieldInfo fields" << layout.name << "[] = {\n";
  for (const Field &f : layout.fields)
    os << "    {" << quote(f.name) << ", " << quote(f.doc) << ", "
       << quote(f.unit) << ", " << quote(f.below) << ",\n     "
       << (f.enumName.empty() ? "nullptr" : "&enum" + f.enumName) << ", "
       << f.word << ", " << f.shift << ", " << f.width << ", "
       << flag(f.isSigned) << ", " << flag(f.isMask) << ", " << f.min << ", "
       << f.max << ", " << f.defaultValue() << ", Show::" << f.show << ", "
       << indexOf(layout, f.with) << "},\n";
  os << "};\n";
}

static void emitRules(const Layout &layout, llvm::raw_ostream &os) {
  if (layout.rules.empty())
    return;
  for (const Rule &r : layout.rules) {
    os << "static const int64_t rule" << r.label << "[] = {";
    for (int64_t v : r.values)
      os << v << ", ";
    os << "};\n";
  }
  os << "static const RuleInfo rules" << layout.name << "[] = {\n";
  for (const Rule &r : layout.rules)
    os << "    {" << quote(r.label) << ", " << indexOf(layout, r.when)
       << ", rule" << r.label << ", " << indexOf(layout, r.target) << ", "
       << r.min << ", " << r.max << "},\n";
  os << "};\n";
}

static std::string spanOf(const char *prefix, const Layout &layout,
                          bool empty) {
  return empty ? "{}" : prefix + layout.name;
}

static void emitInfo(const Layout &layout, llvm::raw_ostream &os) {
  os << "{" << quote(snake(layout.name)) << ", " << quote(layout.doc) << ", "
     << layout.opcode << ", " << layout.words << ", "
     << spanOf("fields", layout, layout.fields.empty()) << ", "
     << spanOf("rules", layout, layout.rules.empty()) << "}";
}

/// Struct to values and back, in member order.
static void emitMoves(const Layout &layout, llvm::raw_ostream &os) {
  bool none = layout.fields.empty();
  os << "\nstatic Values toValues(const " << layout.name
     << (none ? " &" : " &x") << ") {\n  return {";
  for (const Field &f : layout.fields)
    os << "int64_t(x." << f.name << "), ";
  os << "};\n}\n\nstatic void fromValues(" << layout.name
     << (none ? " &, const Values &" : " &x, const Values &v") << ") {\n";
  for (size_t i = 0; i != layout.fields.size(); ++i)
    os << "  x." << layout.fields[i].name << " = "
       << memberType(layout.fields[i]) << "(v[" << i << "]);\n";
  os << "}\n";
}

void emitCppTables(const Isa &isa, llvm::raw_ostream &os) {
  os << banner;
  for (const Enum &e : isa.enums) {
    os << "static const CaseInfo cases" << e.name << "[] = {\n";
    for (const Case &c : e.cases)
      os << "    {" << quote(snake(c.name)) << ", " << quote(c.doc) << ", "
         << c.value << ", " << flag(c.reserved) << "},\n";
    os << "};\n[[maybe_unused]] static const EnumInfo enum" << e.name << " = {"
       << quote(snake(e.name)) << ", cases" << e.name << "};\n";
  }
  std::vector<const Layout *> all;
  for (const Layout &i : isa.instructions)
    all.push_back(&i);
  all.push_back(&isa.micro);
  for (const Layout *layout : all) {
    emitFields(*layout, os);
    emitRules(*layout, os);
    emitMoves(*layout, os);
  }
  os << "\nstatic const LayoutInfo instructionInfos[] = {\n";
  for (const Layout &i : isa.instructions) {
    os << "    ";
    emitInfo(i, os);
    os << ",\n";
  }
  os << "};\n\nstatic const LayoutInfo microwordLayout = ";
  emitInfo(isa.micro, os);
  os << ";\n\nstatic Instruction blank(size_t index) {\n  switch (index) {\n";
  for (size_t i = 0; i + 1 < isa.instructions.size(); ++i)
    os << "  case " << i << ":\n    return " << isa.instructions[i].name
       << "{};\n";
  os << "  default:\n    return " << isa.instructions.back().name
     << "{};\n  }\n}\n\nconst char *name(Trap trap) {\n"
        "  for (const CaseInfo &c : casesTrap)\n"
        "    if (c.value == int64_t(trap))\n      return c.name;\n"
        "  return \"unknown\";\n}\n";
}

} // namespace bnn::tblgen
