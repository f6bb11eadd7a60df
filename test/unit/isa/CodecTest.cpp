// Encode and decode over every boundary of every field. The fields come from
// the description, so that none is forgotten.
#include "bnn/isa/Isa.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace bnn::isa;

namespace {

/// Numbers at which a field of this shape may go wrong, within its range.
std::set<int64_t> boundaries(const FieldInfo &f) {
  std::set<int64_t> out;
  auto add = [&](int64_t v) {
    if (v < f.min || v > f.max)
      return;
    for (const CaseInfo &c :
         f.enumeration ? f.enumeration->cases : std::span<const CaseInfo>())
      if (c.value == v && c.reserved)
        return;
    bool named = !f.enumeration;
    for (const CaseInfo &c :
         f.enumeration ? f.enumeration->cases : std::span<const CaseInfo>())
      named |= c.value == v;
    if (named)
      out.insert(v);
  };
  for (int64_t v : {f.min, f.min + 1, f.max - 1, f.max, int64_t(0), int64_t(1),
                    int64_t(-1)})
    add(v);
  for (unsigned bit = 0; bit != f.width; ++bit) {
    add(int64_t(1) << bit);            // walking one
    add(f.max & ~(int64_t(1) << bit)); // walking zero
    add(-(int64_t(1) << bit));         // walking one, negative
  }
  return out;
}

bool obeysRules(const LayoutInfo &layout, const Values &v) {
  for (const RuleInfo &r : layout.rules)
    for (int64_t is : r.is)
      if (v[r.when] == is && (v[r.target] < r.min || v[r.target] > r.max))
        return false;
  return true;
}

/// Values that verify: defaults, with rules' targets moved into their range.
Values valid(const LayoutInfo &layout) {
  Values out;
  for (const FieldInfo &f : layout.fields)
    out.push_back(f.defaultValue);
  for (const RuleInfo &r : layout.rules)
    for (int64_t is : r.is)
      if (out[r.when] == is)
        out[r.target] = std::clamp(out[r.target], r.min, r.max);
  return out;
}

uint64_t maskOf(const FieldInfo &f) { return (1ull << f.width) - 1; }

uint64_t fieldOf(const FieldInfo &f, Bits128 bits) {
  return (f.word ? bits.hi : bits.lo) >> f.shift & maskOf(f);
}

TEST(Codec, EveryInstructionFieldRoundTrips) {
  size_t tried = 0;
  for (size_t i = 0; i != instructionLayouts().size(); ++i) {
    const LayoutInfo &layout = instructionLayouts()[i];
    for (size_t k = 0; k != layout.fields.size(); ++k)
      for (int64_t v : boundaries(layout.fields[k])) {
        Values values = valid(layout);
        values[k] = v;
        for (const RuleInfo &r : layout.rules)
          for (int64_t is : r.is)
            if (int(k) == r.when && v == is)
              values[r.target] = std::clamp(values[r.target], r.min, r.max);
        if (!obeysRules(layout, values))
          continue;
        SCOPED_TRACE(std::string(layout.mnemonic) + "." +
                     layout.fields[k].name + "=" + std::to_string(v));
        Instruction in = makeInstruction(i, values), out;
        Bits128 bits = encode(in);
        EXPECT_EQ(fieldOf(layout.fields[k], bits),
                  uint64_t(v) & maskOf(layout.fields[k]));
        std::string error;
        ASSERT_TRUE(decode(bits, out, error)) << error;
        EXPECT_EQ(in, out);
        EXPECT_EQ(encode(out), bits);
        uint8_t bytes[16];
        storeBits(bits, bytes);
        EXPECT_EQ(loadBits(bytes), bits);
        ++tried;
      }
  }
  EXPECT_GT(tried, 800u);
}

TEST(Codec, EveryMicrowordFieldRoundTrips) {
  const LayoutInfo &layout = microwordInfo();
  for (size_t k = 0; k != layout.fields.size(); ++k)
    for (int64_t v : boundaries(layout.fields[k])) {
      Values values = valid(layout);
      values[k] = v;
      Microword in = makeMicroword(values), out;
      std::string error;
      ASSERT_TRUE(decode(encode(in), out, error)) << error;
      EXPECT_EQ(in, out);
    }
}

TEST(Codec, ReservedBitsAreRefused) {
  for (size_t i = 0; i != instructionLayouts().size(); ++i) {
    const LayoutInfo &layout = instructionLayouts()[i];
    uint64_t used[2] = {(1ull << isaOpcodeBits) - 1, 0};
    for (const FieldInfo &f : layout.fields) {
      EXPECT_EQ(used[f.word] & maskOf(f) << f.shift, 0u) << f.name;
      used[f.word] |= maskOf(f) << f.shift;
    }
    for (unsigned bit = 0; bit != 128; ++bit) {
      if (used[bit / 64] >> bit % 64 & 1)
        continue;
      Bits128 bits = encode(makeInstruction(i, valid(layout)));
      (bit < 64 ? bits.lo : bits.hi) |= 1ull << bit % 64;
      Instruction out;
      std::string error;
      EXPECT_EQ(decodeTrap(bits, out, error), Trap::IllegalInstruction);
      EXPECT_EQ(error, std::string(layout.mnemonic) + ": reserved bit " +
                           std::to_string(bit) + " is set");
    }
  }
}

TEST(Codec, ReservedMicrowordBitsAreRefused) {
  uint64_t used = 0;
  for (const FieldInfo &f : microwordInfo().fields)
    used |= maskOf(f) << f.shift;
  for (unsigned bit = 0; bit != 64; ++bit) {
    Microword out;
    std::string error;
    if (!(used >> bit & 1)) {
      EXPECT_FALSE(decode(1ull << bit, out, error));
    }
  }
}

TEST(Codec, UnknownOpcodesAreRefused) {
  for (uint64_t opcode : {0, 7, 8, 9, 10, 11, 12, 13, 14, 15}) {
    Instruction out;
    std::string error;
    EXPECT_EQ(decodeTrap({opcode, 0}, out, error), Trap::IllegalInstruction);
    EXPECT_EQ(error, "illegal opcode " + std::to_string(opcode));
  }
}

/// Every value outside a field's range, as far as its bits can hold it.
TEST(Codec, ValuesOutsideTheRangeTrap) {
  for (size_t i = 0; i != instructionLayouts().size(); ++i) {
    const LayoutInfo &layout = instructionLayouts()[i];
    for (size_t k = 0; k != layout.fields.size(); ++k) {
      const FieldInfo &f = layout.fields[k];
      if (f.isSigned || f.width > 8)
        continue;
      for (int64_t v = 0; v != int64_t(1) << f.width; ++v) {
        if (boundaries(f).count(v) ||
            (!f.enumeration && v >= f.min && v <= f.max))
          continue;
        Values values = valid(layout);
        values[k] = v;
        Instruction out;
        std::string error;
        Trap trap = decodeTrap(encode(makeInstruction(i, values)), out, error);
        EXPECT_TRUE(trap == Trap::IllegalField || trap == Trap::Unsupported)
            << layout.mnemonic << "." << f.name << "=" << v;
        EXPECT_FALSE(error.empty());
      }
    }
  }
}

TEST(Codec, VerifyRefusesWhatDoesNotFit) {
  for (size_t i = 0; i != instructionLayouts().size(); ++i) {
    const LayoutInfo &layout = instructionLayouts()[i];
    for (size_t k = 0; k != layout.fields.size(); ++k) {
      const FieldInfo &f = layout.fields[k];
      for (int64_t v : {f.min - 1, f.max + 1}) {
        if (v < 0 && !f.isSigned)
          continue;
        Values values = valid(layout);
        values[k] = v;
        std::string error;
        EXPECT_FALSE(verify(makeInstruction(i, values), error))
            << layout.mnemonic << "." << f.name << "=" << v;
        EXPECT_EQ(error.find('\n'), std::string::npos);
      }
    }
  }
}

TEST(Codec, EveryRuleIsEnforced) {
  for (size_t i = 0; i != instructionLayouts().size(); ++i) {
    const LayoutInfo &layout = instructionLayouts()[i];
    for (const RuleInfo &r : layout.rules)
      for (int64_t is : r.is)
        for (int64_t v : {r.min - 1, r.max + 1}) {
          const FieldInfo &f = layout.fields[r.target];
          if (v < f.min || v > f.max)
            continue;
          Values values = valid(layout);
          values[r.when] = is;
          values[r.target] = v;
          std::string error;
          EXPECT_FALSE(verify(makeInstruction(i, values), error));
          EXPECT_NE(error.find(std::string("rule ") + r.label),
                    std::string::npos)
              << error;
        }
  }
}

TEST(Codec, ErrorsNameFieldAndRange) {
  std::string error;
  EXPECT_FALSE(verify(Load{.beats = 70000}, error));
  EXPECT_EQ(error, "load: beats must be 1..65535, is 70000");
  EXPECT_FALSE(verify(Out{}, error));
  EXPECT_EQ(error, "out: with mode=bits record must be 1..4, is 0 (rule O1)");
  EXPECT_FALSE(verify(Out{.mode = OutMode::Quant}, error));
  EXPECT_EQ(error, "out: mode=quant is reserved, no engine has it yet");
  EXPECT_FALSE(verify(Load{.format = Format(3)}, error));
  EXPECT_EQ(error, "load: format has no value 3");
  EXPECT_FALSE(verify(Microword{.row = 4}, error));
  EXPECT_EQ(error, "microword: row must be 0..3, is 4");
}

/// Whatever decodes encodes to the same bits.
TEST(Codec, RandomBitsDecodeOrAreRefused) {
  std::mt19937_64 random(1);
  size_t decoded = 0;
  for (int n = 0; n != 200000; ++n) {
    uint64_t opcode = 1 + random() % 6;
    Bits128 bits{random() & random() & random(),
                 random() & random() & random()};
    bits.lo = (bits.lo & 0x003fffffffffff00) | opcode;
    bits.hi &= 0xffff;
    Instruction out;
    std::string error;
    if (decode(bits, out, error)) {
      ASSERT_EQ(encode(out), bits);
      ++decoded;
    } else {
      ASSERT_FALSE(error.empty());
    }
  }
  EXPECT_GT(decoded, 1000u);
}

} // namespace
