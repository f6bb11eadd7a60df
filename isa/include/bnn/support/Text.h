// Text that came out of a file, made fit for a terminal and for one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bnn::support {

/// The most characters of a name that are shown.
inline constexpr size_t nameLimit = 200;

/// `text` in UTF-8 without anything that moves a cursor, ends a line, colours
/// or reorders what stands around it: controls become "\n", "\t", "\r" or
/// "\x1b", other invisible characters "\u{202e}", bytes that are not UTF-8
/// "\xfb". Printable text, backslashes included, stays as it is, so that
/// applying it twice is applying it once.
std::string printable(std::string_view text);

/// printable(name), cut behind `limit` characters with the mark
/// "...(N characters)" where it is longer.
std::string printableName(std::string_view name, size_t limit = nameLimit);

} // namespace bnn::support
