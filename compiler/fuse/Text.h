// Numbers as messages show them.

#ifndef BNNCC_COMPILER_FUSE_TEXT_H
#define BNNCC_COMPILER_FUSE_TEXT_H

#include <cstdio>
#include <string>

namespace bnncc {

/// With digits enough to tell one float32 from the next.
inline std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

} // namespace bnncc

#endif // BNNCC_COMPILER_FUSE_TEXT_H
