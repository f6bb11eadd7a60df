// Files are written whole or not at all.
#include "ReadFile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace bnn::runtime;

namespace {

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

TEST_F(Files, ASymbolicLinkStaysOne) {
  std::ofstream(folder / "real") << "old";
  fs::create_symlink("real", folder / "link");
  ASSERT_TRUE(writeFile(folder / "link", {'n', 'e', 'w'}, error)) << error;
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(fs::file_size(folder / "real"), 3u);
  EXPECT_EQ(count(), 2u);
}

TEST_F(Files, DevicesAreWrittenDirectly) {
  ASSERT_TRUE(writeFile("/dev/null", {1, 2, 3}, error)) << error;
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(writeFile("/dev/full", {1, 2, 3}, error));
  EXPECT_EQ(error, "cannot be written: No space left on device");
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

} // namespace
