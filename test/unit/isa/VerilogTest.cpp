// The packed structs of the SystemVerilog package have every field where the
// tables have it: read from the package's text.
#include "bnn/isa/Isa.h"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>

using namespace bnn::isa;

namespace {

struct Member {
  std::string type, name;
  unsigned width = 0; ///< 0: an enumeration
};

/// Members of each packed struct, from the top bit down.
std::map<std::string, std::vector<Member>> readStructs() {
  std::map<std::string, std::vector<Member>> out;
  std::vector<Member> members;
  std::ifstream file(BNN_ISA_PACKAGE);
  std::regex vector(R"(\s+(logic|logic signed)( \[(\d+):0\])? (\w+);)");
  std::regex enumeration(R"(\s+(\w+)_e (\w+);)"), end(R"(\s+\} (\w+)_t;)");
  for (std::string line; std::getline(file, line);) {
    std::smatch m;
    if (line.ends_with("typedef struct packed {"))
      members.clear();
    else if (std::regex_match(line, m, end))
      out[m[1]] = members;
    else if (std::regex_match(line, m, vector))
      members.push_back(
          {m[1], m[4], m[3].matched ? unsigned(std::stoul(m[3])) + 1 : 1});
    else if (std::regex_match(line, m, enumeration))
      members.push_back({m[1], m[2], 0});
  }
  return out;
}

TEST(Verilog, StructsMatchTheTables) {
  auto structs = readStructs();
  std::vector<const LayoutInfo *> layouts = {&microwordInfo()};
  for (const LayoutInfo &layout : instructionLayouts())
    layouts.push_back(&layout);
  for (const LayoutInfo *layout : layouts) {
    SCOPED_TRACE(layout->mnemonic);
    std::map<std::string, const FieldInfo *> left;
    for (const FieldInfo &f : layout->fields)
      left[f.name] = &f;
    auto members = structs[layout->mnemonic];
    unsigned at = 0;
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      auto field = left.find(member->name);
      if (field == left.end()) {
        EXPECT_TRUE(member->name == "opcode" ||
                    member->name.starts_with("reserved"))
            << member->name;
        at += member->name == "opcode" ? isaOpcodeBits : member->width;
        continue;
      }
      const FieldInfo &f = *field->second;
      EXPECT_EQ(at, f.word * 64 + f.shift) << f.name;
      EXPECT_EQ(member->type == "logic signed", f.isSigned) << f.name;
      if (f.enumeration)
        EXPECT_EQ(member->type, f.enumeration->name) << f.name;
      else
        EXPECT_EQ(member->width, f.width) << f.name;
      at += f.width;
      left.erase(field);
    }
    EXPECT_TRUE(left.empty());
    EXPECT_EQ(at, layout->words * 64);
  }
}

} // namespace
