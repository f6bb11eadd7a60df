// bnn-tb-registers: starts whose registers say something odd about the code or the
// regions: code outside of region Program, longer than the instruction memory, no
// whole instructions; regions that leave the address space. Each must end with its
// trap, with nothing on the bus that is not allowed, and the next start must run.
#include "RtlModel.h"
#include "bnn/isa/Engine.h"

#include <cstring>
#include <fmt/format.h>

using namespace bnn;
using namespace bnn::isa;
namespace reg = bnn::sim::reg;

namespace {

constexpr uint32_t kBase = 0x10000; // of region Program, where nothing else is said
constexpr uint64_t kSpace = uint64_t(1) << 32;

/// `count` instructions: LOADs of one control word of zeros, then `last`, then END.
std::vector<uint8_t> code(uint32_t count, std::vector<Instruction> last = {}) {
  Load load;
  load.dest = LoadDest::Control;
  load.beats = 1;
  load.source = 2 * count; // the zeros behind the code
  std::vector<Instruction> all(count - last.size() - 1, load);
  all.insert(all.end(), last.begin(), last.end());
  all.push_back(End{});
  std::vector<uint8_t> bytes(count * instructionBytes + 8);
  for (size_t i = 0; i != all.size(); ++i)
    storeBits(encode(all[i]), &bytes[i * instructionBytes]);
  return bytes;
}

struct Case {
  std::string name;
  std::vector<uint8_t> program; ///< bytes of region Program
  uint32_t begin = 0, end = 0;  ///< registers code_begin, code_end
  Trap trap = Trap::None;
  uint32_t index = 0;          ///< of the instruction that traps
  uint64_t codeBeats = 0;      ///< on the bus
  uint32_t base = kBase;       ///< of region Program
  uint32_t scratch = 0x800000; ///< base of region Scratch, 64 bytes long
  uint32_t size = 0;           ///< register of region Program; 0: its bytes
};

class Bench {
public:
  explicit Bench(const Target &target)
      : memory(sim::AxiTiming::ideal()),
        rtl(sim::makeRtlModel(target.fingerprint(), memory, "")), golden(target) {
    if (rtl)
      rtl->write(reg::IrqEnable, 1);
  }
  bool ok() const { return rtl != nullptr; }

  /// "" or what is wrong.
  std::string run(Case test) {
    std::vector<uint8_t> scratch(64, 0xee);
    const std::vector<uint8_t> before = test.program;
    memory.unmapAll();
    memory.map(test.base, test.program, false);
    memory.map(test.scratch, scratch, true);
    memory.readBeats = memory.writeBeats = 0;
    const uint32_t sizes[4] = {test.size ? test.size : uint32_t(test.program.size()), 0, 0,
                               uint32_t(scratch.size())};
    for (uint32_t r = 0; r != 4; ++r) {
      rtl->write(reg::RegionBase + 8 * r, r == 0 ? test.base : r == 3 ? test.scratch : 0);
      rtl->write(reg::RegionSize + 8 * r, sizes[r]);
    }
    rtl->write(reg::CodeBegin, test.begin);
    rtl->write(reg::CodeEnd, test.end);
    rtl->write(reg::Windows, 1);
    rtl->write(reg::Control, 1);
    for (uint32_t cycle = 0; !rtl->interrupt(); ++cycle) {
      if (cycle == 100'000)
        return "no end";
      rtl->clock();
    }
    rtl->write(reg::IrqStatus, 1);
    uint32_t status = rtl->read(reg::Status);
    auto trap = Trap(status >> 4 & 15);
    uint32_t index = status >> 16 & 1023;
    if (trap != test.trap || index != test.index)
      return fmt::format("trap {} at instruction {}, expected {} at {}", name(trap), index,
                         name(test.trap), test.index);
    uint64_t codeBeats = memory.readBeats - rtl->read(reg::BeatsRead);
    if (codeBeats != test.codeBeats)
      return fmt::format("{} beats of code were read, expected {}", codeBeats, test.codeBeats);
    if (!memory.violation().empty())
      return "bus: " + memory.violation();
    if (memory.writeBeats != 0 && test.trap != Trap::None)
      return "something was written";
    return test.trap == Trap::RegionRange ? "" : compareModel(test, trap, index);
  }

private:
  /// What is wrong with the code itself is so for the golden model, too.
  std::string compareModel(Case &test, Trap trap, uint32_t index) {
    std::vector<uint8_t> scratch(64);
    Memory regions;
    regions.region = {std::span(test.program), {}, {}, std::span(scratch)};
    Outcome want = golden.run(std::span(test.program).subspan(test.begin, test.end - test.begin),
                              regions, 1, 0, 0);
    if (trap != want.trap || index != want.trapInstruction)
      return fmt::format("trap {} at instruction {}, model {} at {}", name(trap), index,
                         name(want.trap), want.trapInstruction);
    return "";
  }

  sim::AxiMemory memory;
  std::unique_ptr<sim::RtlModel> rtl;
  Engine golden;
};

std::vector<Case> cases() {
  const uint32_t fits = isaInstructionMemory;
  std::vector<Case> all;
  auto add = [&](std::string name, std::vector<uint8_t> program, uint32_t begin, uint32_t end,
                 Trap trap, uint32_t index, uint64_t codeBeats) -> Case & {
    return all.emplace_back(
        Case{std::move(name), std::move(program), begin, end, trap, index, codeBeats});
  };
  // Lengths.
  add("END alone", code(1), 0, 16, Trap::None, 0, 2);
  add("no code", code(1), 16, 16, Trap::MissingEnd, 0, 0);
  add("half an instruction", code(1), 0, 8, Trap::MissingEnd, 0, 0);
  add("two instructions and a half", code(2), 0, 40, Trap::None, 0, 4);
  add("the memory full", code(fits), 0, fits * 16, Trap::None, 0, 2 * fits);
  for (uint32_t count : {fits + 1, 1023u, 1024u, 1025u, 3000u})
    add(fmt::format("{} instructions", count), code(count), 0, count * 16, Trap::AddressRange, 0,
        2 * fits);
  // Places in region Program.
  add("END at the region's end", code(2), 16, 32, Trap::None, 0, 2).size = 32;
  add("code past the region", code(2), 0, 48, Trap::RegionRange, 0, 0);
  add("code behind the region", code(2), 64, 96, Trap::RegionRange, 0, 0);
  add("code_end before code_begin", code(2), 16, 0, Trap::RegionRange, 0, 0);
  add("code_begin at the end of 32 bits", code(2), 0xfffffff8, 0, Trap::RegionRange, 0, 0);
  add("all of 32 bits", code(2), 0, 0xfffffff8, Trap::RegionRange, 0, 0);
  add("odd code_begin", code(2), 4, 36, Trap::RegionRange, 0, 0);
  add("odd code_end", code(2), 0, 36, Trap::RegionRange, 0, 0);
  // Regions at the end of the address space. Code may begin before its last 8 KiB.
  const uint32_t last = uint32_t(kSpace - 8192);
  add("END just before the last 8 KiB", code(1), 0, 16, Trap::None, 0, 2).base = last - 8;
  add("the memory full from there", code(fits), 0, fits * 16, Trap::None, 0, 2 * fits).base =
      last - 16;
  add("code in the last 8 KiB", code(2), 0, 32, Trap::RegionRange, 0, 0).base = last;
  Case &wraps = add("code at wrapped addresses", code(2), 0x2000, 0x2020, Trap::RegionRange, 0, 0);
  wraps.base = uint32_t(-4096), wraps.size = 0x4000;
  Store store;
  store.region = Region::Scratch;
  store.beats = 3;
  Case &highest = add("STORE next to the last beat", code(2, {store}), 0, 32, Trap::None, 0, 4);
  highest.scratch = uint32_t(-32);
  store.beats = 4;
  Case &past = add("STORE to the last beat", code(2, {store}), 0, 32, Trap::RegionRange, 0, 4);
  past.scratch = uint32_t(-32);
  store.beats = 2;
  store.dest = 5; // 8 bytes past the end: address 8
  Case &low = add("STORE to wrapped addresses", code(2, {store}), 0, 32, Trap::RegionRange, 0, 4);
  low.scratch = uint32_t(-32);
  return all;
}

} // namespace

// bnn-tb-registers [TARGET]
int main(int argc, char **argv) {
  Target target;
  std::string error;
  if (!loadTarget(argc > 1 ? argv[1] : "z020", target, error))
    return 2;
  Bench bench(target);
  if (!bench.ok())
    return 2;
  const std::vector<Case> all = cases();
  const Case good = all.front();
  for (const Case &test : all)
    for (const Case *each : {&test, &good}) {
      std::string text = bench.run(*each);
      if (text.empty())
        continue;
      fmt::print("{}{}: {}\n", each == &good ? "after " : "", test.name, text);
      return 1;
    }
  fmt::print("{} starts as they should be, and a good one after each\n", all.size());
  return 0;
}
