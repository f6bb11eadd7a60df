// The microassembler: what it reads, and one error line per mistake.
#include "bnn/isa/Microassembler.h"

#include <gtest/gtest.h>

using namespace bnn::isa;

namespace {

std::string errorOf(std::string_view text) {
  std::vector<Microword> words;
  std::map<std::string, uint32_t> labels;
  std::string error;
  EXPECT_FALSE(assemble(text, words, labels, error)) << text;
  return error;
}

TEST(Microassembler, ReadsWordsAndLabels) {
  std::vector<Microword> words;
  std::map<std::string, uint32_t> labels;
  std::string error;
  ASSERT_TRUE(assemble("; a comment\n"
                       "a: mac first=init rest=add reduce=0-2 tail plane_a=1 "
                       "ends=0-2 near=a far=b ; to b\n"
                       "\n"
                       "b:\n"
                       "   first=shift ends=3-7 near=b far=a halt\r\n"
                       "nop",
                       words, labels, error))
      << error;
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(labels.at("a"), 0u);
  EXPECT_EQ(labels.at("b"), 1u);
  EXPECT_EQ(words[0], (Microword{.mac = 1,
                                 .first = AccOp::Init,
                                 .rest = AccOp::Add,
                                 .reduce = 7,
                                 .tail = 1,
                                 .plane_a = 1,
                                 .lo = 0,
                                 .hi = 2,
                                 .ends = 1,
                                 .near = 0,
                                 .far = 1}));
  EXPECT_EQ(words[1], (Microword{.first = AccOp::Shift,
                                 .lo = 3,
                                 .hi = 7,
                                 .ends = 1,
                                 .near = 1,
                                 .far = 0,
                                 .halt = 1}));
  EXPECT_EQ(words[2], Microword{});
}

TEST(Microassembler, Errors) {
  EXPECT_EQ(errorOf("nop\nbogus"), "line 2: unknown field 'bogus'");
  EXPECT_EQ(errorOf("mac mac"), "line 1: mac is given twice");
  EXPECT_EQ(errorOf("mac=1"), "line 1: mac is a flag, it takes no value");
  EXPECT_EQ(errorOf("plane"), "line 1: plane needs a value");
  EXPECT_EQ(errorOf("plane=8"), "line 1: plane must be 0..7, is '8'");
  EXPECT_EQ(errorOf("row=x"), "line 1: row must be 0..3, is 'x'");
  EXPECT_EQ(errorOf("first=sub"),
            "line 1: first must be one of hold, init, zero, "
            "add, shift, bias, is 'sub'");
  EXPECT_EQ(errorOf("reduce=0-8"),
            "line 1: reduce must be loops such as 0-2,5 below 8, is '0-8'");
  EXPECT_EQ(errorOf("reduce=2-0"),
            "line 1: reduce must be loops such as 0-2,5 below 8, is '2-0'");
  EXPECT_EQ(errorOf("reduce=0,"),
            "line 1: reduce must be loops such as 0-2,5 below 8, is '0,'");
  EXPECT_EQ(errorOf("ends"), "line 1: ends needs its nest: ends=LO-HI");
  EXPECT_EQ(errorOf("ends=3-1"),
            "line 1: ends must be LO-HI within 0-7, is '3-1'");
  EXPECT_EQ(errorOf("ends=0-2 lo=1"), "line 1: lo is given twice");
  EXPECT_EQ(errorOf("near=nowhere"), "line 1: no label nowhere");
  EXPECT_EQ(errorOf("near=64"), "line 1: near must be 0..63, is '64'");
  EXPECT_EQ(errorOf("a: nop\na: nop"), "line 2: label a is defined twice");
  EXPECT_EQ(errorOf("1a: nop"), "line 1: '1a' is not a label");
  EXPECT_EQ(errorOf("mac a:"), "line 1: a label must come first");
  EXPECT_EQ(errorOf("plane=99999999999"),
            "line 1: plane must be 0..7, is '99999999999'");
  std::string many = "near=end\n";
  for (int i = 0; i != 64; ++i)
    many += "nop\n";
  EXPECT_EQ(errorOf(many + "end: nop"),
            "line 1: label end is at 65, near reaches only 63");
}

/// print -> assemble is the identity, for every value of every field.
TEST(Microassembler, ReadsWhatIsPrinted) {
  const LayoutInfo &layout = microwordInfo();
  for (size_t k = 0; k != layout.fields.size(); ++k)
    for (uint64_t v = 0; v != 1ull << layout.fields[k].width; ++v)
      for (bool nest : {false, true}) {
        Microword base{.first = AccOp::Add};
        if (nest)
          base = {.lo = 1, .hi = 7, .ends = 1, .near = 3, .far = 9};
        Values values = bnn::isa::values(base);
        values[k] = int64_t(v);
        Microword word = makeMicroword(values);
        std::string error;
        if (!verify(word, error) || (word.ends && word.lo > word.hi))
          continue;
        std::vector<Microword> words;
        std::map<std::string, uint32_t> labels;
        ASSERT_TRUE(assemble(print(word), words, labels, error))
            << print(word) << ": " << error;
        ASSERT_EQ(words.size(), 1u);
        EXPECT_EQ(words[0], word) << print(word);
      }
}

} // namespace
