// File access for the loader.
#include "ReadFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace bnn::runtime {

namespace {

using File = std::unique_ptr<FILE, int (*)(FILE *)>;

bool failWith(const char *what, int code, std::string &error) {
  error = std::string(what) + ": " + std::strerror(code);
  return false;
}

// Writes and closes; the close is where a full disk may show.
bool writeAndClose(FILE *file, const std::vector<uint8_t> &data) {
  bool written = data.empty() ||
                 std::fwrite(data.data(), 1, data.size(), file) == data.size();
  return std::fclose(file) == 0 && written;
}

} // namespace

bool readFile(const std::string &path, std::vector<uint8_t> &data,
              std::string &error) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return failWith("cannot be read", errno, error);
  if (S_ISDIR(info.st_mode))
    return failWith("cannot be read", EISDIR, error);
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    return failWith("cannot be read", errno, error);
  // Pipes have no size: read to the end rather than what stat says.
  data.clear();
  data.resize(S_ISREG(info.st_mode) ? size_t(info.st_size) + 1
                                    : size_t(1) << 16);
  size_t size = 0;
  while (size_t got = std::fread(data.data() + size, 1, data.size() - size,
                                 file.get())) {
    size += got;
    if (size == data.size())
      data.resize(size * 2);
  }
  if (std::ferror(file.get()))
    return failWith("cannot be read", errno, error);
  data.resize(size);
  return true;
}

bool writeFile(const std::string &path, const std::vector<uint8_t> &data,
               std::string &error) {
  struct stat info {};
  bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return failWith("cannot be written", EISDIR, error);
  if (exists && !S_ISREG(info.st_mode)) {
    FILE *file = std::fopen(path.c_str(), "wb");
    return (file && writeAndClose(file, data)) ||
           failWith("cannot be written", errno, error);
  }
  // Rename replaces what a symbolic link points to, not the link.
  std::error_code ignored;
  std::string target = path;
  if (exists)
    if (auto real = std::filesystem::canonical(path, ignored); !ignored)
      target = real.string();
  std::string temporary = target + ".tmp" + std::to_string(::getpid());
  FILE *file = std::fopen(temporary.c_str(), "wb");
  if (!file)
    return failWith("cannot be written", errno, error);
  if (writeAndClose(file, data) &&
      std::rename(temporary.c_str(), target.c_str()) == 0)
    return true;
  int code = errno;
  std::remove(temporary.c_str());
  return failWith("cannot be written", code, error);
}

} // namespace bnn::runtime
