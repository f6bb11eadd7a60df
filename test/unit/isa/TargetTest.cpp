// Target files: the built-in ones, and an error line for every kind of mistake.
#include "bnn/isa/Target.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace bnn::isa;

namespace {

class TargetFile : public testing::Test {
protected:
  std::string path =
      (std::filesystem::path(testing::TempDir()) /
       (std::string("target_") +
        testing::UnitTest::GetInstance()->current_test_info()->name() +
        ".json"))
          .string();

  bool load(const std::string &text) {
    std::ofstream(path) << text;
    bool ok = loadTarget(path, target, error);
    std::remove(path.c_str());
    // Messages start with the path.
    if (!ok && error.starts_with(path))
      error = error.substr(path.size() + 2);
    return ok;
  }

  static std::string sizes(const std::string &more = "",
                           const std::string &clusters = "4") {
    return R"({"clusters": )" + clusters +
           R"(, "lane_words": 1024, "weight_rows": 512, "threshold_rows": 256,
              "control_words": 64, "output_words": 1024, "accumulator_bits": 16)" +
           more + "}";
  }

  Target target;
  std::string error;
};

TEST_F(TargetFile, BuiltIn) {
  const std::pair<const char *, uint32_t> all[] = {
      {"z010", 1}, {"z020", 4}, {"z035", 16}};
  for (auto [name, clusters] : all) {
    ASSERT_TRUE(loadTarget(name, target, error)) << error;
    EXPECT_EQ(target.name, name);
    EXPECT_EQ(target.clusters, clusters);
    EXPECT_EQ(target.lanes(), clusters * 2048);
  }
  ASSERT_TRUE(loadTarget("z020", target, error));
  EXPECT_EQ(
      target.describe(),
      "isa=2 clusters=4 lane_words=1024 weight_rows=512 threshold_rows=256 "
      "control_words=64 output_words=1024 accumulator_bits=24");
}

TEST_F(TargetFile, FingerprintIgnoresNameAndClock) {
  Target a, b;
  b.name = "other";
  b.clockMHz = 50;
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  b.outputWords = 512;
  EXPECT_NE(a.fingerprint(), b.fingerprint());
}

TEST_F(TargetFile, File) {
  ASSERT_TRUE(load(sizes())) << error;
  EXPECT_EQ(target.name, "target_File");
  EXPECT_EQ(target.clockMHz, 100u);
  ASSERT_TRUE(load(sizes(R"(, "name": "mine", "clock_mhz": 50)"))) << error;
  EXPECT_EQ(target.name, "mine");
  EXPECT_EQ(target.clockMHz, 50u);
}

TEST_F(TargetFile, Errors) {
  EXPECT_FALSE(load(sizes(R"(, "speed": 3)")));
  EXPECT_EQ(error, "unknown key 'speed'");
  EXPECT_FALSE(load(R"({"clusters": 4})"));
  EXPECT_EQ(error, "key 'lane_words' is missing");
  EXPECT_FALSE(load(sizes("", "3")));
  EXPECT_EQ(error,
            "target target_Errors: clusters must be a power of two, is 3");
  EXPECT_FALSE(load(sizes("", "0")));
  EXPECT_EQ(error, "target target_Errors: clusters must be 1..16, is 0");
  EXPECT_FALSE(load(sizes("", "-1")));
  EXPECT_EQ(error, "clusters must be an integer in 1..16, is -1");
  EXPECT_FALSE(load(sizes("", "4.5")));
  EXPECT_EQ(error, "clusters must be an integer in 1..16, is 4.5");
  EXPECT_FALSE(load(sizes("", "99999999999999")));
  EXPECT_FALSE(load(sizes(R"(, "name": 3)")));
  EXPECT_EQ(error, "name must be a string, is 3");
  EXPECT_FALSE(load("[]"));
  EXPECT_EQ(error, "not a JSON object");
  EXPECT_FALSE(load("{"));
  EXPECT_EQ(error, "not a JSON object");
  EXPECT_FALSE(loadTarget("z999", target, error));
  EXPECT_EQ(error,
            "target 'z999' is neither built in (z010, z020, z035) nor a file");
}

} // namespace
