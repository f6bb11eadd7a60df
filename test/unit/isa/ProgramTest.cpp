// Program files: round trip, and damage of every kind is found.
#include "bnn/isa/Program.h"

#include "bnn/isa/Isa.h"
#include "bnn_isa.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <random>

using namespace bnn::isa;

namespace {

Program sample() {
  Program p;
  std::string error;
  EXPECT_TRUE(loadTarget("z020", p.target, error));
  for (int i = 0; i != 93; ++i)
    p.image.push_back(uint8_t(i * 7));
  p.coldEnd = p.warmBegin = 32;
  p.warmEnd = 64;
  p.inputBytes = 3616;
  p.outputBytes = 40;
  p.scratchBytes = 8;
  p.codeBytes = 64;
  p.microcodeBytes = 8;
  p.weightBytes = 12;
  p.thresholdBytes = 9;
  p.io = R"({"input": {}})";
  p.debug = R"({"instructions": []})";
  return p;
}

bool reads(const std::vector<uint8_t> &bytes, std::string &error) {
  // A copy of exactly this size, so that a sanitizer sees any read behind it.
  std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  Program out;
  error.clear();
  return readProgram(copy.get(), bytes.size(), out, error);
}

void set32(std::vector<uint8_t> &bytes, size_t at, uint32_t value) {
  for (int i = 0; i != 4; ++i)
    bytes[at + i] = uint8_t(value >> 8 * i);
}

uint32_t get32(const std::vector<uint8_t> &bytes, size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         uint32_t(bytes[at + 3]) << 24;
}

uint32_t crc(const uint8_t *data, size_t size, uint32_t crc = 0) {
  crc = ~crc;
  for (size_t i = 0; i != size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit != 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

/// Makes the CRC good again after a change.
void resign(std::vector<uint8_t> &bytes) {
  size_t behind = file_header::crc + 4;
  uint32_t sum = crc(bytes.data(), file_header::crc);
  sum = crc(bytes.data() + behind, bytes.size() - behind, sum);
  set32(bytes, file_header::crc, sum);
}

size_t entry(unsigned i) {
  return file_header::bytes + i * section_entry::bytes;
}

TEST(Program, RoundTrip) {
  Program in = sample(), out;
  auto bytes = writeProgram(in);
  EXPECT_EQ(bytes, writeProgram(in));
  std::string error;
  ASSERT_TRUE(readProgram(bytes.data(), bytes.size(), out, error)) << error;
  EXPECT_EQ(out.target.describe(), in.target.describe());
  EXPECT_EQ(out.target.name, "z020");
  EXPECT_EQ(out.image, in.image);
  EXPECT_EQ(out.coldBegin, in.coldBegin);
  EXPECT_EQ(out.coldEnd, in.coldEnd);
  EXPECT_EQ(out.warmBegin, in.warmBegin);
  EXPECT_EQ(out.warmEnd, in.warmEnd);
  EXPECT_EQ(out.inputBytes, in.inputBytes);
  EXPECT_EQ(out.outputBytes, in.outputBytes);
  EXPECT_EQ(out.scratchBytes, in.scratchBytes);
  EXPECT_EQ(out.codeBytes, in.codeBytes);
  EXPECT_EQ(out.microcodeBytes, in.microcodeBytes);
  EXPECT_EQ(out.weightBytes, in.weightBytes);
  EXPECT_EQ(out.thresholdBytes, in.thresholdBytes);
  EXPECT_EQ(out.io, in.io);
  EXPECT_EQ(out.debug, in.debug);
  EXPECT_EQ(writeProgram(out), bytes);
}

TEST(Program, DebugMayBeStripped) {
  Program in = sample(), out;
  in.debug.clear();
  auto bytes = writeProgram(in);
  std::string error;
  ASSERT_TRUE(readProgram(bytes.data(), bytes.size(), out, error)) << error;
  EXPECT_EQ(out.debug, "");
}

TEST(Program, EveryTruncationIsFound) {
  auto bytes = writeProgram(sample());
  for (size_t size = 0; size != bytes.size(); ++size) {
    std::string error;
    ASSERT_FALSE(reads({bytes.begin(), bytes.begin() + size}, error)) << size;
    EXPECT_FALSE(error.empty());
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
  bytes.push_back(0);
  std::string error;
  EXPECT_FALSE(reads(bytes, error));
  EXPECT_EQ(error.substr(0, 23), "program file: too long:");
}

TEST(Program, EveryBitFlipIsFound) {
  auto bytes = writeProgram(sample());
  for (size_t bit = 0; bit != bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= 1 << bit % 8;
    std::string error;
    ASSERT_FALSE(reads(damaged, error)) << "bit " << bit;
    EXPECT_FALSE(error.empty());
  }
}

/// The CRC does not protect from a forger: every word of header and table set
/// to telling values, signed again, must not crash.
TEST(Program, ForgedTablesDoNotCrash) {
  auto bytes = writeProgram(sample());
  uint32_t size = uint32_t(bytes.size());
  for (size_t at = 0; at < entry(5); at += 4) {
    if (at == file_header::crc)
      continue; // signing again mends it
    for (uint32_t value : {0u, 1u, 4u, 7u, 16u, size - 1, size, size + 1,
                           0x7fffffffu, 0xfffffff8u, 0xffffffffu}) {
      auto forged = bytes;
      set32(forged, at, value);
      resign(forged);
      std::string error;
      if (value != get32(bytes, at)) {
        EXPECT_FALSE(reads(forged, error)) << at << " " << value;
      }
    }
  }
}

TEST(Program, RandomDamageDoesNotCrash) {
  auto bytes = writeProgram(sample());
  std::mt19937 random(7);
  for (int n = 0; n != 20000; ++n) {
    auto damaged = bytes;
    for (int k = 1 + random() % 8; k != 0; --k)
      damaged[random() % damaged.size()] = uint8_t(random());
    if (random() % 4 == 0)
      damaged.resize(random() % damaged.size());
    else
      resign(damaged);
    std::string error;
    if (!reads(damaged, error)) {
      ASSERT_FALSE(error.empty());
    }
  }
}

std::string errorAfter(std::function<void(std::vector<uint8_t> &)> change) {
  auto bytes = writeProgram(sample());
  change(bytes);
  resign(bytes);
  std::string error;
  EXPECT_FALSE(reads(bytes, error));
  return error;
}

TEST(Program, Errors) {
  EXPECT_EQ(errorAfter([](auto &b) { b[0] = 'X'; }),
            "program file: does not start with BNNPROG");
  EXPECT_EQ(
      errorAfter([](auto &b) { set32(b, file_header::formatVersion, 1); }),
      "program file: format version 1, this reader knows 2");
  EXPECT_EQ(errorAfter([](auto &b) { set32(b, file_header::isaVersion, 9); }),
            "program file: instruction set version 9, this reader knows 2");
  EXPECT_EQ(
      errorAfter([](auto &b) { set32(b, entry(1) + section_entry::kind, 42); }),
      "program file: section 1 has unknown kind 42");
  EXPECT_EQ(errorAfter([](auto &b) {
              set32(b, entry(1) + section_entry::kind, BNN_SECTION_TARGET);
            }),
            "program file: section kind 1 occurs twice");
  std::string ends = errorAfter(
      [](auto &b) { set32(b, entry(2) + section_entry::stored, 0xffffff00); });
  EXPECT_EQ(ends.substr(0, 28), "program file: section 2 ends");
  EXPECT_NE(ends.find(", behind the file"), std::string::npos) << ends;
  EXPECT_EQ(errorAfter([](auto &b) {
              set32(b, file_header::fingerprint, 1);
            }).substr(0, 46),
            "program file: fingerprint does not belong to i");
  auto bytes = writeProgram(sample());
  bytes.back() ^= 1;
  std::string error;
  EXPECT_FALSE(reads(bytes, error));
  EXPECT_EQ(error, "program file: is corrupt (CRC)");
}

TEST(Program, SectionsShrinkWhereTheyCan) {
  Program p = sample();
  p.io.assign(1000, 'x');
  auto bytes = writeProgram(p);
  EXPECT_LT(bytes.size(), 400u);
  Program out;
  std::string error;
  std::vector<SectionSize> sizes;
  ASSERT_TRUE(readProgram(bytes.data(), bytes.size(), out, error, &sizes))
      << error;
  EXPECT_EQ(out.io, p.io);
  size_t sum = entry(5);
  for (const SectionSize &size : sizes) {
    EXPECT_LE(size.stored, size.bytes);
    sum += size.stored;
  }
  EXPECT_EQ(sum, bytes.size()) << "no byte without an owner";
}

/// What a forger can say of a packed section. Sizes are refused before anything
/// is unpacked, let alone allocated.
TEST(Program, ForgedSizes) {
  Program p = sample();
  p.image.assign(4096, 0);
  p.image[4095] = 1;
  auto errorOf = [&](uint32_t size, int more) {
    auto bytes = writeProgram(p);
    size_t at = entry(2);
    set32(bytes, at + section_entry::size, size);
    uint32_t stored = get32(bytes, at + section_entry::stored);
    set32(bytes, at + section_entry::stored, uint32_t(stored + more));
    resign(bytes);
    std::string error;
    EXPECT_FALSE(reads(bytes, error));
    return error;
  };
  EXPECT_EQ(errorOf(4095, 0),
            "program file: section kind 3 does not unpack to 4095 bytes");
  EXPECT_EQ(errorOf(4097, 0),
            "program file: section kind 3 does not unpack to 4097 bytes");
  EXPECT_EQ(errorOf(4096, -1),
            "program file: 1 bytes behind the last section");
  EXPECT_NE(errorOf(0xffffffff, 0).find(" bytes, which cannot be stored in "),
            std::string::npos);
  EXPECT_NE(errorOf(4, 0).find(" bytes, which cannot be stored in "),
            std::string::npos);
}

/// Half a gigabyte of zeros packs well, but is more than a section may have.
TEST(Program, LargeSectionsAreRefusedUnread) {
  auto bytes = writeProgram(sample());
  bytes.resize(bytes.size() + (1 << 19));
  set32(bytes, file_header::fileBytes, uint32_t(bytes.size()));
  size_t at = entry(4); // the last: it may grow
  set32(bytes, at + section_entry::stored,
        get32(bytes, at + section_entry::stored) + (1 << 19));
  set32(bytes, at + section_entry::size, isaMaxSectionBytes + 1);
  resign(bytes);
  std::string error;
  EXPECT_FALSE(reads(bytes, error));
  EXPECT_EQ(error, "program file: section 4 is 268435457 bytes, at most "
                   "268435456 are allowed");
}

TEST(Program, LengthsMustAgree) {
  const auto good = writeProgram(sample());
  auto size = uint32_t(good.size());
  std::string error;
  auto refused = [&](std::vector<uint8_t> bytes, const std::string &text) {
    EXPECT_FALSE(reads(bytes, error));
    EXPECT_EQ(error, "program file: " + text);
  };
  auto bytes = good;
  bytes.push_back(0);
  refused(bytes, "too long: " + std::to_string(size + 1) +
                     " bytes, the header says " + std::to_string(size));
  bytes = good;
  set32(bytes, file_header::sections, 17);
  resign(bytes);
  refused(bytes, "17 sections, at most 16 are allowed");
  bytes = good;
  bytes.resize(40);
  set32(bytes, file_header::fileBytes, 40);
  resign(bytes);
  refused(bytes, "truncated in the section table");
  bytes = good;
  bytes.resize(size + 8);
  set32(bytes, file_header::fileBytes, size + 8);
  resign(bytes);
  refused(bytes, "8 bytes behind the last section");
}

TEST(Program, SectionsMustHaveTheirSize) {
  // An info section of 41 bytes, not packed.
  auto bytes = writeProgram(sample());
  std::string error;
  auto begin = bytes.begin() + entry(5) +
               get32(bytes, entry(0) + section_entry::stored);
  begin = bytes.erase(
      begin, begin + get32(bytes, entry(1) + section_entry::stored));
  bytes.insert(begin, 41, 0);
  set32(bytes, entry(1) + section_entry::size, 41);
  set32(bytes, entry(1) + section_entry::stored, 41);
  set32(bytes, file_header::fileBytes, uint32_t(bytes.size()));
  resign(bytes);
  EXPECT_FALSE(reads(bytes, error));
  EXPECT_EQ(error, "program file: info section has 41 bytes, not 44");
  Program p = sample();
  p.target.name = std::string(300, 'n');
  EXPECT_FALSE(reads(writeProgram(p), error));
  EXPECT_EQ(error, "program file: target section has 332 bytes");
  p = sample();
  p.weightBytes = 100;
  EXPECT_FALSE(reads(writeProgram(p), error));
  EXPECT_EQ(error, "program file: code, microcode, weights and thresholds are "
                   "181 bytes, the image is 93");
}

TEST(Program, CodeRangesMustBeInTheImage) {
  Program p = sample();
  p.warmEnd = 96;
  std::string error;
  EXPECT_FALSE(reads(writeProgram(p), error));
  EXPECT_EQ(error,
            "program file: warm code 32..96 is outside the image of 93 bytes");
  p.warmEnd = 60;
  EXPECT_FALSE(reads(writeProgram(p), error));
  EXPECT_EQ(error, "program file: warm code 32..60 is not whole instructions");
  p = sample();
  p.weightBytes = 0xffffffff;
  EXPECT_FALSE(reads(writeProgram(p), error));
}

TEST(Program, OtherTargetIsRefusedWithTheDifference) {
  Program p = sample();
  Target here;
  std::string error;
  ASSERT_TRUE(loadTarget("z010", here, error));
  EXPECT_FALSE(checkTarget(p, here, error));
  EXPECT_EQ(error,
            "program was compiled for clusters=4 lane_words=1024 "
            "weight_rows=512, this engine has clusters=1 lane_words=4096 "
            "weight_rows=1024");
  EXPECT_TRUE(checkTarget(p, p.target, error));
}

} // namespace
