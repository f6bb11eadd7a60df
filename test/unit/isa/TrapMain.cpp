// Compares the RTL's trap_of with isa::decodeTrap: every value of every field
// up to 10 bits, every reserved bit, and random instructions.
#include "VtrapOf.h"
#include "bnn/isa/Isa.h"

#include <cinttypes>
#include <cstdio>
#include <random>

using namespace bnn::isa;

static VtrapOf dut;
static uint64_t compared = 0, different = 0;

static void compare(Bits128 bits) {
  dut.word_i[0] = uint32_t(bits.lo);
  dut.word_i[1] = uint32_t(bits.lo >> 32);
  dut.word_i[2] = uint32_t(bits.hi);
  dut.word_i[3] = uint32_t(bits.hi >> 32);
  dut.eval();
  Instruction out;
  std::string error;
  Trap expected = decodeTrap(bits, out, error);
  ++compared;
  if (Trap(dut.trap_o) == expected)
    return;
  if (++different <= 10)
    std::printf("%016" PRIx64 "%016" PRIx64 ": rtl %s, decoder %s (%s)\n",
                bits.hi, bits.lo, name(Trap(dut.trap_o)), name(expected),
                error.c_str());
}

int main() {
  std::mt19937_64 random(3);
  size_t index = 0;
  for (const LayoutInfo &layout : instructionLayouts()) {
    Values defaults;
    for (const FieldInfo &f : layout.fields)
      defaults.push_back(f.defaultValue);
    for (size_t k = 0; k != layout.fields.size(); ++k)
      for (int64_t v = 0;
           v != int64_t(1) << std::min(layout.fields[k].width, 10u); ++v) {
        Values values = defaults;
        values[k] = v;
        compare(encode(makeInstruction(index, values)));
        // With the others at random: rules meet every pair.
        for (int n = 0; n != 20; ++n) {
          for (size_t j = 0; j != values.size(); ++j)
            if (j != k)
              values[j] = random() & 1 ? defaults[j] : int64_t(random() >> 1);
          compare(encode(makeInstruction(index, values)));
        }
      }
    for (unsigned bit = 0; bit != 128; ++bit) {
      Bits128 bits = encode(makeInstruction(index, defaults));
      (bit < 64 ? bits.lo : bits.hi) ^= 1ull << bit % 64;
      compare(bits);
    }
    ++index;
  }
  for (int n = 0; n != 100000; ++n)
    compare({random(), random()});
  std::printf("%" PRIu64 " instructions compared, %" PRIu64 " differ\n",
              compared, different);
  return different != 0;
}
