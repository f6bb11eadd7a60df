// Whole files into memory, and whole files out of it or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bnn::support {

/// Reads a file; "-" is the file called "-". On failure returns false and sets
/// `error` to one line without the path ("cannot be read: No such file or
/// directory").
bool readFile(const std::string &path, std::vector<uint8_t> &data,
              std::string &error);

/// The same for an argument of a command line: "-" is standard input.
bool readInput(const std::string &path, std::vector<uint8_t> &data,
               std::string &error);

/// How an argument that readInput takes is called in messages.
std::string inputName(const std::string &path);

/// Whether both name one regular file, by device and inode. "-" is standard
/// input in `input` and standard output in `output`.
bool sameFile(const std::string &input, const std::string &output);

/// A file on its way out, in two steps, so that a tool can print its report
/// between them and still leave everything as it was if that fails:
///
///     OutputFile file;
///     file.stage(path, bytes, error) && print(report) && file.commit(error)
///
/// A regular file has all of the bytes after commit() or is as it was before
/// stage(): they go into a file without a name, so that no signal leaves
/// anything behind, which then takes the place of the old one and its
/// permissions. Symbolic links are followed. What is no regular file (a device,
/// a FIFO) and what is open as standard output is written through at commit().
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile();

  /// "-" is standard output. On failure returns false and sets `error` to one
  /// line without the path ("cannot be written: No space left on device").
  bool stage(const std::string &path, std::string_view bytes,
             std::string &error);
  bool commit(std::string &error);
  /// Whether the bytes go where standard output goes.
  bool isStandardOutput() const { return toStandardOutput; }

private:
  bool stageUnnamed(uint32_t mode);
  bool writeThrough(std::string &error);
  bool replaceByCopy(std::string &error);

  std::string target;     ///< with links followed
  std::string_view bytes; ///< the caller keeps them until commit()
  int unnamed = -1;       ///< descriptor of the staged file
  uint32_t mode = 0666;   ///< permissions of the file that is replaced
  bool exists = false, isRegular = false, toStandardOutput = false;
};

/// stage() and commit() in one.
bool writeFile(const std::string &path, const std::vector<uint8_t> &data,
               std::string &error);

/// Writes all of `text` to the descriptor; returns 0 or errno.
int writeAll(int descriptor, std::string_view text);

} // namespace bnn::support
