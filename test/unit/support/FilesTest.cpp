// Files are written whole or not at all, through whatever is no regular file.
#include "bnn/support/Files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace bnn::support;

namespace {

std::string contentOf(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Files : public ::testing::Test {
protected:
  void SetUp() override {
    folder =
        fs::path(::testing::TempDir()) /
        ("bnn-files-" +
         std::string(
             ::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  size_t count() const {
    return size_t(std::distance(fs::directory_iterator(folder),
                                fs::directory_iterator()));
  }

  fs::path folder;
  std::string error;
};

TEST_F(Files, WrittenBytesAreRead) {
  std::vector<uint8_t> data(100000), back;
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = uint8_t(i * 31);
  ASSERT_TRUE(writeFile(folder / "x", data, error)) << error;
  ASSERT_TRUE(readFile(folder / "x", back, error)) << error;
  EXPECT_EQ(back, data);
  ASSERT_TRUE(writeFile(folder / "x", {}, error)) << error; // replaces
  ASSERT_TRUE(readFile(folder / "x", back, error)) << error;
  EXPECT_TRUE(back.empty());
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, NothingIsThereBeforeCommit) {
  std::ofstream(folder / "old") << "old";
  for (const char *name : {"old", "new"}) {
    OutputFile file;
    ASSERT_TRUE(file.stage(folder / name, "text", error)) << error;
    EXPECT_EQ(count(), 1u);
    EXPECT_EQ(contentOf(folder / "old"), "old");
  } // neither is committed
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(contentOf(folder / "old"), "old");
}

TEST_F(Files, SymbolicLinksStay) {
  std::ofstream(folder / "real") << "old";
  fs::create_symlink("real", folder / "link");
  fs::create_symlink("link", folder / "chain");
  ASSERT_TRUE(writeFile(folder / "chain", {'n', 'e', 'w'}, error)) << error;
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_TRUE(fs::is_symlink(folder / "chain"));
  EXPECT_EQ(contentOf(folder / "real"), "new");
  EXPECT_EQ(count(), 3u);
}

TEST_F(Files, ALinkToNothingMakesItsTarget) {
  fs::create_directory(folder / "sub");
  fs::create_symlink("sub/made", folder / "link");
  ASSERT_TRUE(writeFile(folder / "link", {'n'}, error)) << error;
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(contentOf(folder / "sub" / "made"), "n");
}

TEST_F(Files, ALinkToItselfIsAnError) {
  fs::create_symlink("loop", folder / "loop");
  EXPECT_FALSE(writeFile(folder / "loop", {'n'}, error));
  EXPECT_EQ(error, "cannot be written: Too many levels of symbolic links");
  EXPECT_TRUE(fs::is_symlink(folder / "loop"));
}

TEST_F(Files, PermissionsStay) {
  std::ofstream(folder / "x") << "old";
  ASSERT_EQ(::chmod((folder / "x").c_str(), 0640), 0);
  ASSERT_TRUE(writeFile(folder / "x", {'n'}, error)) << error;
  struct stat info {};
  ASSERT_EQ(::stat((folder / "x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(Files, AFifoIsWrittenThrough) {
  fs::path fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = contentOf(fifo); });
  EXPECT_TRUE(writeFile(fifo, {'n', 'e', 'w'}, error)) << error;
  reader.join();
  EXPECT_EQ(got, "new");
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_EQ(count(), 1u);
}

// Nodes of our own like /dev/null and /dev/full; only root may make them.
TEST_F(Files, ADeviceIsWrittenThrough) {
  fs::path null = folder / "null", full = folder / "full";
  if (::mknod(null.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0 ||
      ::mknod(full.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0)
    GTEST_SKIP() << "only root may make device nodes";
  // Mounted with nodev, a file system has nodes that nobody can open.
  int opened = ::open(null.c_str(), O_RDONLY);
  if (opened < 0 && errno == EACCES)
    GTEST_SKIP() << "the file system's devices cannot be opened (nodev)";
  ASSERT_GE(opened, 0);
  ::close(opened);
  EXPECT_TRUE(writeFile(null, {'n', 'e', 'w'}, error)) << error;
  EXPECT_FALSE(writeFile(full, {'n', 'e', 'w'}, error));
  EXPECT_EQ(error, "cannot be written: No space left on device");
  EXPECT_TRUE(fs::is_character_file(null));
  EXPECT_TRUE(fs::is_character_file(full));
  EXPECT_EQ(count(), 2u);
}

TEST_F(Files, ErrorsLeaveNothing) {
  std::vector<uint8_t> data;
  EXPECT_FALSE(readFile(folder / "absent", data, error));
  EXPECT_EQ(error, "cannot be read: No such file or directory");
  EXPECT_FALSE(readFile(folder, data, error));
  EXPECT_EQ(error, "cannot be read: Is a directory");
  EXPECT_FALSE(writeFile(folder / "no" / "x", {1}, error));
  EXPECT_EQ(error, "cannot be written: No such file or directory");
  EXPECT_FALSE(writeFile(folder, {1}, error));
  EXPECT_EQ(error, "cannot be written: Is a directory");
  EXPECT_EQ(count(), 0u);
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  std::ofstream(folder / "x") << "old";
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small = before;
  small.rlim_cur = 1000;
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  bool written = writeFile(folder / "x", std::vector<uint8_t>(5000), error);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(written);
  EXPECT_EQ(error, "cannot be written: File too large");
  EXPECT_EQ(contentOf(folder / "x"), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, SameFileLooksAtTheInode) {
  std::ofstream(folder / "x") << "x";
  std::ofstream(folder / "y") << "x";
  fs::create_symlink("x", folder / "link");
  fs::create_hard_link(folder / "x", folder / "hard");
  EXPECT_TRUE(sameFile(folder / "x", folder / "x"));
  EXPECT_TRUE(sameFile(folder / "x", folder / "." / "x"));
  EXPECT_TRUE(sameFile(folder / "x", folder / "link"));
  EXPECT_TRUE(sameFile(folder / "x", folder / "hard"));
  EXPECT_FALSE(sameFile(folder / "x", folder / "y"));
  EXPECT_FALSE(sameFile(folder / "x", folder / "absent"));
  EXPECT_FALSE(sameFile(folder / "absent", folder / "absent"));
}

// Whatever ends the process between two writes leaves the old file alone.
TEST_F(Files, SignalsLeaveNothing) {
  std::ofstream(folder / "x") << "old";
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGKILL, SIGQUIT, SIGUSR1}) {
    pid_t child = ::fork();
    if (child == 0) {
      OutputFile file;
      if (!file.stage(folder / "x", "new", error))
        ::_exit(1);
      ::kill(::getpid(), signal);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    EXPECT_EQ(contentOf(folder / "x"), "old");
    EXPECT_EQ(count(), 1u);
  }
}

} // namespace
