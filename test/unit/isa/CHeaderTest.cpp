// The C header says the same as the tables: checked by its text, so that every
// field is, and by one instruction put together from its macros.
#include "bnn/isa/Isa.h"
#include "bnn_isa.h"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace isa = bnn::isa; // Run is also a member of testing::Test
using namespace bnn::isa;

namespace {

std::string upper(std::string text) {
  for (char &c : text)
    c = char(std::toupper(c));
  return text;
}

std::map<std::string, uint64_t> readMacros() {
  std::map<std::string, uint64_t> out;
  std::ifstream file(BNN_ISA_HEADER);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string define, name, value;
    if (words >> define >> name >> value && define == "#define")
      out[name] = std::stoull(value, nullptr, 0);
  }
  return out;
}

TEST(CHeader, EveryField) {
  auto macros = readMacros();
  std::vector<const LayoutInfo *> layouts = {&microwordInfo()};
  for (const LayoutInfo &layout : instructionLayouts())
    layouts.push_back(&layout);
  for (const LayoutInfo *layout : layouts)
    for (const FieldInfo &f : layout->fields) {
      std::string name = "BNN_" + upper(layout->mnemonic) + "_" + upper(f.name);
      ASSERT_TRUE(macros.count(name + "_WORD")) << name;
      EXPECT_EQ(macros[name + "_WORD"], f.word) << name;
      EXPECT_EQ(macros[name + "_SHIFT"], f.shift) << name;
      EXPECT_EQ(macros[name + "_WIDTH"], f.width) << name;
      EXPECT_EQ(macros[name + "_MASK"], (1ull << f.width) - 1) << name;
    }
}

TEST(CHeader, Numbers) {
  EXPECT_EQ(BNN_ISA_VERSION, isaVersion);
  EXPECT_EQ(BNN_TRAP_MISSING_END, int(Trap::MissingEnd));
  EXPECT_EQ(BNN_SECTION_IMAGE, int(Section::Image));
  EXPECT_EQ(BNN_FILE_HEADER_CRC_OFFSET, int(file_header::crc));
}

TEST(CHeader, AnInstructionFromMacros) {
  uint64_t low = BNN_OPCODE_RUN | 5ull << BNN_RUN_ENTRY_SHIFT |
                 300ull << BNN_RUN_ACT_SHIFT;
  uint64_t high = 24ull << BNN_RUN_TAIL_SHIFT;
  EXPECT_EQ(encode(isa::Run{.entry = 5, .act = 300, .tail = 24}),
            (Bits128{low, high}));
}

} // namespace
