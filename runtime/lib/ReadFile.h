// Whole files into memory, and whole files out of it or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::runtime {

/// Reads a file. On failure returns false and sets `error` to one line without
/// the path ("cannot be read: No such file or directory").
bool readFile(const std::string &path, std::vector<uint8_t> &data,
              std::string &error);

/// Writes `path` so that it either has all of `data` or is as it was: into a
/// temporary file beside it that is then renamed. What is not a regular file
/// (/dev/stdout) is written directly.
bool writeFile(const std::string &path, const std::vector<uint8_t> &data,
               std::string &error);

} // namespace bnn::runtime
