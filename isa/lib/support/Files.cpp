// File access of all tools.
#include "bnn/support/Files.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace bnn::support {

namespace {

bool failWith(const char *what, int code, std::string &error) {
  error = std::string(what) + ": " + std::strerror(code);
  return false;
}

bool cannotWrite(int code, std::string &error) {
  return failWith("cannot be written", code, error);
}

bool readStream(FILE *file, size_t expected, std::vector<uint8_t> &data,
                std::string &error) {
  data.clear();
  data.resize(expected);
  size_t size = 0;
  while (size_t got =
             std::fread(data.data() + size, 1, data.size() - size, file)) {
    size += got;
    if (size == data.size())
      data.resize(size * 2);
  }
  if (std::ferror(file))
    return failWith("cannot be read", errno, error);
  data.resize(size);
  return true;
}

// Pipes have no size: they are read to the end rather than to what stat says.
size_t expectedSize(const struct stat &info) {
  return S_ISREG(info.st_mode) ? size_t(info.st_size) + 1 : size_t(1) << 16;
}

/// What `path` names in the end: symbolic links are followed, also those that
/// point to nothing yet.
std::string followLinks(const std::string &path) {
  namespace fs = std::filesystem;
  fs::path result = path;
  std::error_code code;
  for (int depth = 0; depth < 40 && fs::is_symlink(result, code); ++depth) {
    fs::path to = fs::read_symlink(result, code);
    if (code)
      break;
    result = to.is_absolute() ? to : result.parent_path() / to;
  }
  return result.string();
}

/// Holds back every signal that can be held back while a file with a name of
/// its own waits to be renamed.
class SignalsHeld {
public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};

std::string temporaryName(const std::string &target) {
  return fmt::format("{}.{}.tmp", target, ::getpid());
}

/// Gives the open file the name `target`: directly where nothing has it yet.
int nameFile(const std::string &file, const std::string &target) {
  if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, target.c_str(),
               AT_SYMLINK_FOLLOW) == 0)
    return 0;
  if (errno != EEXIST)
    return errno;
  std::string temporary = temporaryName(target);
  SignalsHeld held;
  ::unlink(temporary.c_str());
  if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, temporary.c_str(),
               AT_SYMLINK_FOLLOW) != 0)
    return errno;
  if (::rename(temporary.c_str(), target.c_str()) == 0)
    return 0;
  int code = errno;
  ::unlink(temporary.c_str());
  return code;
}

} // namespace

bool readFile(const std::string &path, std::vector<uint8_t> &data,
              std::string &error) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return failWith("cannot be read", errno, error);
  if (S_ISDIR(info.st_mode))
    return failWith("cannot be read", EISDIR, error);
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"),
                                              std::fclose);
  if (!file)
    return failWith("cannot be read", errno, error);
  return readStream(file.get(), expectedSize(info), data, error);
}

bool readInput(const std::string &path, std::vector<uint8_t> &data,
               std::string &error) {
  if (path != "-")
    return readFile(path, data, error);
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) != 0)
    return failWith("cannot be read", errno, error);
  return readStream(stdin, expectedSize(info), data, error);
}

std::string inputName(const std::string &path) {
  return path == "-" ? "standard input" : path;
}

bool sameFile(const std::string &input, const std::string &output) {
  struct stat in {}, out {};
  auto look = [](const std::string &path, int standard, struct stat &info) {
    return path == "-" ? ::fstat(standard, &info) == 0
                       : ::stat(path.c_str(), &info) == 0;
  };
  return look(input, STDIN_FILENO, in) && look(output, STDOUT_FILENO, out) &&
         S_ISREG(out.st_mode) && in.st_dev == out.st_dev &&
         in.st_ino == out.st_ino;
}

int writeAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count > 0)
      text.remove_prefix(size_t(count));
    else if (count == 0 || errno != EINTR)
      return count == 0 ? EIO : errno;
  }
  return 0;
}

OutputFile::~OutputFile() {
  if (unnamed >= 0)
    ::close(unnamed);
}

bool OutputFile::stage(const std::string &path, std::string_view content,
                       std::string &error) {
  bytes = content;
  toStandardOutput = path == "-";
  if (toStandardOutput)
    return true;
  struct stat info {}, standard {};
  exists = ::stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT)
    return cannotWrite(errno, error);
  if (exists && S_ISDIR(info.st_mode))
    return cannotWrite(EISDIR, error);
  target = followLinks(path);
  isRegular = !exists || S_ISREG(info.st_mode);
  // /dev/stdout > FILE: replacing FILE would leave standard output without it.
  toStandardOutput = exists && ::fstat(STDOUT_FILENO, &standard) == 0 &&
                     standard.st_dev == info.st_dev &&
                     standard.st_ino == info.st_ino;
  if (toStandardOutput || !isRegular)
    return true;
  if (exists && ::access(target.c_str(), W_OK) != 0)
    return cannotWrite(errno, error);
  mode = exists ? info.st_mode & 07777 : 0666;
  if (stageUnnamed(mode))
    return true;
  int code = errno;
  bool unknown = code == EOPNOTSUPP || code == EISDIR || code == EINVAL;
  return unknown || cannotWrite(code, error);
}

/// A file that has no name before commit(): whatever ends the process leaves
/// nothing behind. Not every file system has such files.
bool OutputFile::stageUnnamed(uint32_t permissions) {
#ifdef O_TMPFILE
  std::filesystem::path folder =
      std::filesystem::path(target).parent_path();
  unnamed = ::open(folder.empty() ? "." : folder.c_str(),
                   O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (unnamed < 0)
    return false;
  int code = writeAll(unnamed, bytes);
  if (code == 0 && exists && ::fchmod(unnamed, permissions) != 0)
    code = errno;
  if (code == 0)
    return true;
  ::close(unnamed);
  unnamed = -1;
  errno = code;
#else
  (void)permissions;
  errno = EOPNOTSUPP;
#endif
  return false;
}

bool OutputFile::writeThrough(std::string &error) {
  if (toStandardOutput) {
    int code = writeAll(STDOUT_FILENO, bytes);
    return code == 0 || cannotWrite(code, error);
  }
  int descriptor = ::open(target.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    return cannotWrite(errno, error);
  int code = writeAll(descriptor, bytes);
  if (::close(descriptor) != 0 && code == 0)
    code = errno;
  return code == 0 || cannotWrite(code, error);
}

bool OutputFile::replaceByCopy(std::string &error) {
  SignalsHeld held;
  std::string temporary = temporaryName(target);
  ::unlink(temporary.c_str());
  int descriptor = ::open(temporary.c_str(),
                          O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return cannotWrite(errno, error);
  int code = writeAll(descriptor, bytes);
  if (code == 0 && exists && ::fchmod(descriptor, mode) != 0)
    code = errno;
  if (::close(descriptor) != 0 && code == 0)
    code = errno;
  if (code == 0 && ::rename(temporary.c_str(), target.c_str()) != 0)
    code = errno;
  if (code == 0)
    return true;
  ::unlink(temporary.c_str());
  return cannotWrite(code, error);
}

bool OutputFile::commit(std::string &error) {
  if (toStandardOutput || !isRegular)
    return writeThrough(error);
  if (unnamed < 0)
    return replaceByCopy(error);
  int code = nameFile(fmt::format("/proc/self/fd/{}", unnamed), target);
  if (code == ENOENT || code == EXDEV) // no /proc here, or none of this kind
    return replaceByCopy(error);
  return code == 0 || cannotWrite(code, error);
}

bool writeFile(const std::string &path, const std::vector<uint8_t> &data,
               std::string &error) {
  OutputFile file;
  return file.stage(path,
                    {reinterpret_cast<const char *>(data.data()), data.size()},
                    error) &&
         file.commit(error);
}

} // namespace bnn::support
