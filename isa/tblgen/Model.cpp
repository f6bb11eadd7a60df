// Reads the records of the description and places the fields that its layout
// strings name.
#include "Model.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/TableGen/Error.h"

#include <algorithm>
#include <set>

using llvm::PrintFatalError;
using llvm::Record;
using llvm::RecordKeeper;
using llvm::StringRef;
using llvm::Twine;

namespace bnn::tblgen {

std::string snake(const std::string &name) {
  std::string out;
  for (char c : name) {
    if (llvm::isUpper(c) && !out.empty() && out.back() != '_')
      out += '_';
    out += llvm::toLower(c);
  }
  return out;
}

std::string upper(const std::string &name) {
  return StringRef(snake(name)).upper();
}

std::string camel(const std::string &name) {
  std::string out;
  for (size_t i = 0; i != name.size(); ++i)
    if (name[i] != '_')
      out += i && name[i - 1] == '_' ? llvm::toUpper(name[i]) : name[i];
  return out;
}

std::vector<const Field *> Layout::byBit() const {
  std::vector<const Field *> order;
  for (const Field &field : fields)
    order.push_back(&field);
  std::sort(order.begin(), order.end(),
            [](const Field *a, const Field *b) { return a->bit() < b->bit(); });
  return order;
}

uint64_t Layout::usedBits(unsigned word, unsigned opcodeBits) const {
  uint64_t used = opcode && word == 0 ? (1ull << opcodeBits) - 1 : 0;
  for (const Field &field : fields)
    if (field.word == word)
      used |= ((1ull << field.width) - 1) << field.shift;
  return used;
}

const Enum *Isa::findEnum(const std::string &name) const {
  for (const Enum &e : enums)
    if (e.name == name)
      return &e;
  return nullptr;
}

int64_t Isa::constant(const std::string &name) const {
  for (const Constant &c : constants)
    if (c.name == name)
      return c.value;
  PrintFatalError(Twine("the description has no constant ") + name);
}

/// All definitions of a class, in the order of the description.
static std::vector<const Record *> inOrder(const RecordKeeper &records,
                                           StringRef className) {
  auto found = records.getAllDerivedDefinitions(className);
  std::vector<const Record *> defs;
  for (const Record *def : found)
    if (!def->isAnonymous())
      defs.push_back(def);
  std::sort(defs.begin(), defs.end(), [](const Record *a, const Record *b) {
    return a->getID() < b->getID();
  });
  return defs;
}

static std::string text(const Record &record, StringRef name) {
  return record.getValueAsString(name).str();
}

static Enum readEnum(const Record &record) {
  Enum out{record.getName().str(),
           text(record, "doc"),
           unsigned(record.getValueAsInt("width")),
           {}};
  std::set<int64_t> seen;
  for (const Record *c : record.getValueAsListOfDefs("cases")) {
    Case item{text(*c, "name"), text(*c, "doc"), c->getValueAsInt("value"),
              c->getValueAsBit("reserved")};
    if (item.value < 0 || item.value >> out.width)
      PrintFatalError(&record, "case " + item.name + " does not fit in " +
                                   Twine(out.width) + " bits");
    if (!seen.insert(item.value).second)
      PrintFatalError(&record, "case " + item.name + " repeats a value");
    out.cases.push_back(item);
  }
  return out;
}

static Field readField(const Record &record) {
  Field out;
  out.name = text(record, "name");
  out.doc = text(record, "doc");
  out.unit = text(record, "unit");
  out.below = text(record, "below");
  out.enumName = text(record, "enumName");
  const Record *show = record.getValueAsDef("show");
  out.show = text(*show, "kind");
  out.with = text(*show, "with");
  out.width = unsigned(record.getValueAsInt("width"));
  out.isSigned = record.getValueAsBit("isSigned");
  out.isMask = record.getValueAsBit("isMask");
  out.min = record.getValueAsInt("min");
  out.max = record.getValueAsInt("max");
  return out;
}

static Field *findField(Layout &layout, const Record &record, StringRef name) {
  for (Field &field : layout.fields)
    if (field.name == name)
      return &field;
  PrintFatalError(&record, "no field is named " + name);
}

/// Gives every field its word and shift.
static void placeFields(const Record &record, Layout &layout,
                        unsigned opcodeBits) {
  std::set<std::string> placed;
  for (StringRef word : record.getValueAsListOfStrings("layout")) {
    unsigned shift = 0;
    llvm::SmallVector<StringRef> names;
    word.split(names, '|', -1, /*KeepEmpty=*/false);
    for (StringRef name : names) {
      name = name.trim();
      if (!placed.insert(name.str()).second)
        PrintFatalError(&record, "layout names " + name + " twice");
      if (name == "opcode") {
        if (shift || layout.words)
          PrintFatalError(&record, "the opcode must start at bit 0");
        shift += opcodeBits;
        continue;
      }
      Field *field = findField(layout, record, name);
      field->word = layout.words;
      field->shift = shift;
      shift += field->width;
      if (shift > 64)
        PrintFatalError(&record, name + " crosses the end of its word");
    }
    ++layout.words;
  }
  for (const Field &field : layout.fields)
    if (!placed.count(field.name))
      PrintFatalError(&record, "layout leaves out " + field.name);
}

static Rule readRule(const Record &record, const Record &rule, Layout &layout,
                     const Isa &isa) {
  Rule out;
  out.label = text(rule, "label");
  out.when = text(rule, "when");
  out.target = text(rule, "target");
  out.min = rule.getValueAsInt("min");
  out.max = rule.getValueAsInt("max");
  findField(layout, record, out.target);
  const Enum *e = isa.findEnum(findField(layout, record, out.when)->enumName);
  for (StringRef name : rule.getValueAsListOfStrings("is")) {
    int64_t value = -1;
    if (e) {
      for (const Case &c : e->cases)
        if (c.name == name)
          value = c.value;
    } else if (name.getAsInteger(10, value)) {
      value = -1;
    }
    if (value < 0)
      PrintFatalError(&record, "rule " + out.label + ": no value " + name);
    out.is.push_back(name.str());
    out.values.push_back(value);
  }
  return out;
}

static Layout readLayout(const Record &record, const Isa &isa) {
  Layout out;
  out.name = record.getName().str();
  out.doc = text(record, "doc");
  for (const Record *field : record.getValueAsListOfDefs("fields"))
    out.fields.push_back(readField(*field));
  for (const Field &field : out.fields)
    if (!field.enumName.empty() && !isa.findEnum(field.enumName))
      PrintFatalError(&record, "no enumeration " + field.enumName);
  if (record.isSubClassOf("Instruction"))
    out.opcode = unsigned(record.getValueAsInt("opcode"));
  placeFields(record, out, unsigned(isa.constant("OpcodeBits")));
  for (const Record *rule : record.getValueAsListOfDefs("rules"))
    out.rules.push_back(readRule(record, *rule, out, isa));
  return out;
}

static ByteLayout readBytes(const Record &record) {
  ByteLayout out{record.getName().str(), text(record, "doc"), 0, {}};
  for (const Record *field : record.getValueAsListOfDefs("fields")) {
    unsigned size = unsigned(field->getValueAsInt("size"));
    out.fields.push_back(
        {text(*field, "name"), text(*field, "doc"), out.size, size});
    out.size += size;
  }
  return out;
}

Isa readIsa(const RecordKeeper &records) {
  Isa isa;
  for (const Record *record : inOrder(records, "Constant"))
    isa.constants.push_back({record->getName().str(), text(*record, "doc"),
                             record->getValueAsInt("value")});
  for (const Record *record : inOrder(records, "Enum"))
    isa.enums.push_back(readEnum(*record));
  for (const Record *record : inOrder(records, "Instruction"))
    isa.instructions.push_back(readLayout(*record, isa));
  auto micro = inOrder(records, "Microword");
  if (micro.size() != 1)
    PrintFatalError("the description must have one Microword");
  isa.micro = readLayout(*micro[0], isa);
  isa.micro.name = "Microword";
  for (const Record *record : inOrder(records, "ByteLayout"))
    isa.byteLayouts.push_back(readBytes(*record));
  return isa;
}

} // namespace bnn::tblgen
