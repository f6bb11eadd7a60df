// Decodes UTF-8 strictly and escapes what must not reach a terminal.
#include "bnn/support/Text.h"

#include <fmt/format.h>

namespace bnn::support {

namespace {

struct Character {
  size_t bytes;        ///< 0: not UTF-8 here
  uint32_t code = 0;
};

/// The first character of `text`, which is not empty. Overlong forms and
/// surrogates are no UTF-8.
Character decode(std::string_view text) {
  auto lead = uint8_t(text[0]);
  if (lead < 0x80)
    return {1, lead};
  size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes)
    return {0};
  uint32_t code = lead & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    auto next = uint8_t(text[i]);
    if ((next & 0xc0) != 0x80)
      return {0};
    code = code << 6 | (next & 0x3f);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < least[bytes] || code > 0x10ffff || surrogate)
    return {0};
  return {bytes, code};
}

/// Whether a character changes how its neighbours look, or looks like nothing:
/// C1 controls, the soft hyphen, marks and overrides of direction, zero-width
/// characters, line separators, byte order marks, tags, noncharacters.
bool isInvisible(uint32_t code) {
  return (code >= 0x80 && code < 0xa0) || code == 0xad || code == 0x61c ||
         code == 0x180e || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
         (code >= 0xfff0 && code <= 0xfffb) || (code & 0xfffe) == 0xfffe ||
         (code >= 0xfdd0 && code <= 0xfdef) ||
         (code >= 0xe0000 && code < 0xe1000);
}

void append(std::string &out, std::string_view bytes, Character c) {
  if (c.bytes == 0)
    out += fmt::format("\\x{:02x}", uint8_t(bytes[0]));
  else if (c.code == '\n')
    out += "\\n";
  else if (c.code == '\t')
    out += "\\t";
  else if (c.code == '\r')
    out += "\\r";
  else if (c.code < 0x20 || c.code == 0x7f)
    out += fmt::format("\\x{:02x}", c.code);
  else if (isInvisible(c.code))
    out += fmt::format("\\u{{{:x}}}", c.code);
  else
    out += bytes;
}

/// Appends at most `limit` characters and returns how many there were.
size_t appendUpTo(std::string &out, std::string_view text, size_t limit) {
  size_t count = 0;
  for (; !text.empty(); ++count) {
    Character c = decode(text);
    size_t bytes = c.bytes ? c.bytes : 1;
    if (count < limit)
      append(out, text.substr(0, bytes), c);
    text.remove_prefix(bytes);
  }
  return count;
}

} // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  appendUpTo(out, text, text.size());
  return out;
}

std::string printableName(std::string_view name, size_t limit) {
  std::string out;
  size_t count = appendUpTo(out, name, limit);
  if (count > limit)
    out += fmt::format("...({} characters)", count);
  return out;
}

} // namespace bnn::support
