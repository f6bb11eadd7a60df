// The microassembler: reads the text form that print(Microword) writes.
#include "bnn/isa/Microassembler.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <set>

namespace bnn::isa {

namespace {

std::optional<uint32_t> parseNumber(std::string_view text) {
  uint32_t value = 0;
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

bool isName(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9'))
    return false;
  for (char c : text)
    if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
          (c >= 'A' && c <= 'Z')))
      return false;
  return true;
}

/// "2" or "0-2" -> first and last.
std::optional<std::pair<uint32_t, uint32_t>> parseRange(std::string_view text) {
  size_t dash = text.find('-');
  auto first = parseNumber(text.substr(0, dash));
  auto last = dash == std::string_view::npos
                  ? first
                  : parseNumber(text.substr(dash + 1));
  if (!first || !last || *first > *last)
    return std::nullopt;
  return std::pair(*first, *last);
}

/// "0-2,5" -> 0b100111.
std::optional<int64_t> parseMask(std::string_view text, unsigned width) {
  int64_t mask = 0;
  while (true) {
    size_t comma = text.find(',');
    auto range = parseRange(text.substr(0, comma));
    if (!range || range->second >= width)
      return std::nullopt;
    for (uint32_t i = range->first; i <= range->second; ++i)
      mask |= int64_t(1) << i;
    if (comma == std::string_view::npos)
      return mask;
    text.remove_prefix(comma + 1);
  }
}

std::string caseNames(const EnumInfo &e) {
  std::string out;
  for (const CaseInfo &c : e.cases)
    out.append(out.empty() ? "" : ", ").append(c.name);
  return out;
}

/// A near or far that names a label, resolved when all labels are known.
struct Reference {
  size_t word, field;
  unsigned line;
  std::string label;
};

class Assembler {
public:
  Assembler(std::map<std::string, uint32_t> &labels, std::string &error)
      : labels(labels), error(error) {}

  bool run(std::string_view text, std::vector<Microword> &words) {
    while (!text.empty()) {
      size_t end = text.find('\n');
      ++line;
      if (!readLine(text.substr(0, end)))
        return false;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (!resolve())
      return false;
    words.clear();
    for (const Values &values : lines)
      words.push_back(makeMicroword(values));
    return true;
  }

private:
  bool fail(std::string message, unsigned at) {
    error = fmt::format("line {}: {}", at, message);
    return false;
  }
  bool fail(std::string message) { return fail(std::move(message), line); }

  bool readLine(std::string_view text) {
    text = text.substr(0, text.find(';'));
    values = makeDefaults();
    seen.clear();
    bool any = false;
    while (true) {
      size_t begin = text.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos)
        break;
      size_t end = text.find_first_of(" \t\r", begin);
      std::string_view item = text.substr(begin, end - begin);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end);
      bool isLabel = item.back() == ':';
      if (isLabel ? any || !readLabel(item.substr(0, item.size() - 1))
                  : !readItem(item))
        return isLabel && any ? fail("a label must come first") : false;
      any |= !isLabel;
    }
    if (any)
      lines.push_back(values);
    return true;
  }

  bool readLabel(std::string_view label) {
    if (!isName(label))
      return fail(fmt::format("'{}' is not a label", label));
    if (!labels.emplace(label, uint32_t(lines.size())).second)
      return fail(fmt::format("label {} is defined twice", label));
    return true;
  }

  bool readItem(std::string_view item) {
    if (item == "nop")
      return true;
    size_t equals = item.find('=');
    std::string_view name = item.substr(0, equals);
    size_t index = 0;
    while (index != fields.size() && name != fields[index].name)
      ++index;
    if (index == fields.size())
      return fail(fmt::format("unknown field '{}'", name));
    if (!seen.insert(index).second)
      return fail(fmt::format("{} is given twice", name));
    if (equals == std::string_view::npos)
      return setFlag(index);
    return setField(index, item.substr(equals + 1));
  }

  bool setFlag(size_t index) {
    if (fields[index].width != 1)
      return fail(fmt::format("{} needs a value", fields[index].name));
    if (std::string_view(fields[index].name) == "ends")
      return fail("ends needs its nest: ends=LO-HI");
    values[index] = 1;
    return true;
  }

  bool setField(size_t index, std::string_view text) {
    const FieldInfo &f = fields[index];
    std::string_view name = f.name;
    if (name == "ends")
      return setNest(index, text);
    if (f.width == 1)
      return fail(fmt::format("{} is a flag, it takes no value", name));
    if (f.enumeration) {
      for (const CaseInfo &c : f.enumeration->cases)
        if (text == c.name) {
          values[index] = c.value;
          return true;
        }
      return fail(fmt::format("{} must be one of {}, is '{}'", name,
                              caseNames(*f.enumeration), text));
    }
    if (f.isMask) {
      auto mask = parseMask(text, f.width);
      if (!mask)
        return fail(
            fmt::format("{} must be loops such as 0-2,5 below {}, is '{}'",
                        name, f.width, text));
      values[index] = *mask;
      return true;
    }
    if ((name == "near" || name == "far") && isName(text)) {
      references.push_back({lines.size(), index, line, std::string(text)});
      return true;
    }
    auto number = parseNumber(text);
    if (!number || *number < f.min || *number > f.max)
      return fail(
          fmt::format("{} must be {}..{}, is '{}'", name, f.min, f.max, text));
    values[index] = *number;
    return true;
  }

  bool setNest(size_t index, std::string_view text) {
    auto range = parseRange(text);
    if (!range || range->second > 7)
      return fail(fmt::format("ends must be LO-HI within 0-7, is '{}'", text));
    for (size_t i = 0; i != fields.size(); ++i) {
      std::string_view name = fields[i].name;
      if (name != "lo" && name != "hi")
        continue;
      if (!seen.insert(i).second)
        return fail(fmt::format("{} is given twice", name));
      values[i] = name == "lo" ? range->first : range->second;
    }
    values[index] = 1;
    return true;
  }

  bool resolve() {
    for (const Reference &r : references) {
      auto label = labels.find(r.label);
      if (label == labels.end())
        return fail(fmt::format("no label {}", r.label), r.line);
      if (label->second > fields[r.field].max)
        return fail(fmt::format("label {} is at {}, {} reaches only {}",
                                r.label, label->second, fields[r.field].name,
                                fields[r.field].max),
                    r.line);
      lines[r.word][r.field] = label->second;
    }
    return true;
  }

  Values makeDefaults() const {
    Values out;
    for (const FieldInfo &f : fields)
      out.push_back(f.defaultValue);
    return out;
  }

  std::span<const FieldInfo> fields = microwordInfo().fields;
  std::map<std::string, uint32_t> &labels;
  std::string &error;
  std::vector<Values> lines;
  std::vector<Reference> references;
  Values values;
  std::set<size_t> seen;
  unsigned line = 0;
};

} // namespace

bool assemble(std::string_view text, std::vector<Microword> &words,
              std::map<std::string, uint32_t> &labels, std::string &error) {
  labels.clear();
  return Assembler(labels, error).run(text, words);
}

} // namespace bnn::isa
