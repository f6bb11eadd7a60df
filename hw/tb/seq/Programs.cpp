#include "Programs.h"

#include "bnn/isa/Microassembler.h"

#include <cstring>

using namespace bnn::isa;

static constexpr size_t kRegionBytes = 4096;

Microword Generator::microword() {
  Microword w;
  w.mac = coin();
  w.first = AccOp(below(6));
  w.rest = AccOp(below(6));
  w.reduce = coin() ? 7 : below(256);
  w.sample = Sample(below(3));
  w.plane = below(8);
  w.done = coin();
  w.tail = coin();
  w.hold_tail = coin();
  w.row = below(4);
  w.plane_a = below(8);
  w.plane_w = below(8);
  w.lo = below(4);
  w.hi = coin(8) ? below(8) : between(w.lo, 7);
  w.mid = below(8);
  w.ends = !coin(4);
  w.near = below(coin(4) ? 64 : 16);
  w.far = below(coin(4) ? 64 : 16);
  w.halt = coin();
  return w;
}

/// Fills the control store's image: shipped routines, or random words as well.
void Generator::microcode(Program &program, bool routinesOnly) {
  auto all = allRoutines();
  std::vector<Microword> words;
  while (true) {
    const Routine &routine = *all[below(uint32_t(all.size()))];
    if (words.size() + routine.words.size() > target.controlWords)
      break;
    entries.push_back(uint32_t(words.size()));
    shifts.push_back(routine.shifts);
    for (const Microword &word : placeRoutine(routine, uint32_t(words.size())))
      words.push_back(word);
  }
  words.resize(target.controlWords);
  if (!routinesOnly) {
    for (uint32_t i = 0; i < 16; ++i)
      words[i] = microword();
    entries = {};
    shifts = {};
    for (uint32_t i = 0; i < 16; ++i) {
      entries.push_back(i);
      shifts.push_back(below(8));
    }
  }
  for (size_t i = 0; i < words.size(); ++i) {
    uint64_t bits = encode(words[i]);
    std::memcpy(program.regions[0].data() + 8 * i, &bits, 8);
  }
}

/// Mostly one that the clusters allow.
uint32_t Generator::split(bool wild) {
  uint32_t most = target.clusters >= 4 ? 2 : target.clusters / 2;
  return below((wild && coin(10) ? 2 : most) + 1);
}

void Generator::loops(std::vector<Instruction> &code, bool wild) {
  std::array<uint32_t, 8> limit;
  uint32_t steps = 1, most = coin(8) ? 600 : coin(3) ? 8 : 60;
  uint32_t longest = coin(4) ? below(8) : 8;
  for (uint32_t j = 0; j < 8; ++j) {
    uint32_t &l = limit[j];
    l = j == longest ? between(1, most) : coin(3) ? between(1, 7) : 1;
    if (steps * l > most)
      l = 1;
    steps *= l;
  }
  limit[4] = std::min(limit[4], wild ? 7u : 4u);
  uint32_t words = between(0, 5);
  for (uint32_t i = 0; i < words; ++i) {
    Loop loop;
    loop.index0 = below(8);
    loop.index1 = below(8);
    loop.limit0 = coin(6) ? 0 : limit[loop.index0];
    loop.limit1 = coin(6) ? 0 : between(1, limit[loop.index1]);
    auto signedBelow = [&](int32_t n) {
      int32_t v = int32_t(below(uint32_t(n)));
      return wild && coin(4) ? -v * 40 : coin(4) ? -v : v;
    };
    loop.act_stride0 = signedBelow(30);
    loop.act_stride1 = signedBelow(30);
    loop.weight_stride0 = signedBelow(10);
    loop.weight_stride1 = signedBelow(10);
    loop.threshold_stride0 = signedBelow(3);
    loop.threshold_stride1 = signedBelow(3);
    code.push_back(loop);
  }
}

Out Generator::out(bool wild) {
  Out out;
  out.mode = OutMode(below(5));
  bool lanes = out.mode == OutMode::Bits || out.mode == OutMode::SumBits;
  out.base = lanes ? 2 * below(100) : below(10);
  out.record = between(1, 4);
  out.group_pitch = 2 * below(20);
  out.row_pitch = 2 * below(20);
  out.phase = below(8);
  out.lead = below(10);
  out.trail = coin(8) ? 255 : below(10);
  out.pad = coin();
  out.pool_window = coin() ? 1 : between(1, 15);
  out.pool_stride = coin() ? 1 : between(1, 15);
  out.pool_first = coin();
  out.pixels = below(wild || coin(8) ? 300 : 40);
  return out;
}

bnn::isa::Run Generator::run(bool wild) {
  bnn::isa::Run run;
  uint32_t which = below(uint32_t(entries.size()));
  run.entry = entries[which];
  run.shifts = coin(8) ? below(16) : shifts[which];
  run.act = between(250, 700);
  run.weight = between(60, 200);
  run.threshold = between(20, 60);
  run.act_plane_stride = below(20);
  run.weight_plane_stride = below(10);
  run.cluster_stride = below(30);
  run.split = split(wild);
  run.quad = coin();
  run.tail = below(run.quad ? 8 : 32);
  run.last_pixels = coin() ? 0 : below(129);
  run.delay = coin(3) ? below(coin(8) ? 256 : 12) : 0;
  if (wild && coin(4)) {
    run.act = below(1u << 16);
    run.weight = below(1u << 13);
    run.threshold = below(1u << 11);
    run.act_plane_stride = below(1u << 14);
  }
  return run;
}

Load Generator::load(bool wild) {
  Load load;
  load.dest = LoadDest(below(3));
  load.region = coin() ? Region::Program : Region::Input;
  load.source = below(100);
  load.address = 2 * below(20);
  if (load.dest == LoadDest::Lanes) {
    load.format = Format(below(2));
    load.phase = below(16);
    load.period = coin(3) ? between(2, 6) : 0;
    load.keep = load.period ? between(1, load.period - 1) : 0;
    load.beats = between(1, 60);
    load.lead = coin(3) ? below(64) : 0;
    load.trail = coin(3) ? below(64) : 0;
    load.pad = below(256);
  } else {
    load.split = split(wild);
    uint32_t row = load.dest == LoadDest::Weights ? 4 : 3;
    load.beats = (row * between(1, 5)) << load.split;
  }
  if (wild && coin(6))
    ++load.beats;
  if (wild && coin(8))
    ++load.address;
  return load;
}

Store Generator::store() {
  Store store;
  store.source = coin(4) ? StoreSource::Lanes : StoreSource::Output;
  store.region = coin() ? Region::Output : Region::Scratch;
  store.address = 2 * below(20);
  store.dest = below(100);
  store.beats = coin() ? between(1, 4) : between(1, 60);
  return store;
}

Program Generator::finish(Program program, const std::vector<Instruction> &code) {
  program.code.resize(code.size() * instructionBytes);
  for (size_t i = 0; i < code.size(); ++i)
    storeBits(encode(code[i]), program.code.data() + i * instructionBytes);
  return program;
}

static Load controlLoad(const Target &target) {
  Load control;
  control.dest = LoadDest::Control;
  control.beats = target.controlWords;
  return control;
}

Program Generator::orderly() {
  Program program;
  for (auto &region : program.regions) {
    region.resize(kRegionBytes);
    for (auto &byte : region)
      byte = uint8_t(random());
  }
  microcode(program, true);
  program.windows = coin() ? 1 : between(1, 6);

  std::vector<Instruction> code;
  auto add = [&](auto inst) { code.push_back(inst); };
  add(controlLoad(target));
  for (uint32_t i = below(3); i > 0; --i)
    add(load(false));
  Load input = load(false);
  input.pop_next = input.push_next = 1;
  add(input);
  // Short RUNs fill the queue and retire together, long ones let LOADs pile up.
  uint32_t runs = coin(6) ? between(20, 90) : between(1, 8);
  bool brief = runs > 20;
  uint32_t outputRun = below(runs), freeing = below(runs);
  for (uint32_t r = 0; r < runs; ++r) {
    if (!brief || coin(6))
      loops(code, false);
    if (!coin(5))
      add(out(false));
    bnn::isa::Run body = run(false);
    body.pop_prev = r == 0;
    body.push_prev = r == freeing;
    body.pop_next = body.push_next = r == outputRun;
    if (brief)
      body.delay = 0;
    add(body);
    if (coin(10)) {
      Load more = load(false);
      if (coin()) {
        more.push_next = 1;
        add(more);
        body.pop_prev = 1;
        body.pop_next = body.push_next = body.push_prev = 0;
        add(body);
      } else {
        add(more);
      }
    }
  }
  Store result = store();
  result.pop_prev = result.push_prev = 1;
  // Tokens that only meet later in the window.
  // They may retire only after many values, all at once.
  uint32_t pairs = coin(6) ? between(1, 30) : 0;
  if (pairs) {
    Out values = out(false);
    values.mode = OutMode::Raw;
    values.pixels = between(16, 32);
    values.pool_window = values.pool_stride = 1;
    add(values);
    bnn::isa::Run body = run(false);
    body.pop_prev = body.push_prev = body.pop_next = body.push_next = 0;
    add(body);
    body = run(false);
    body.push_next = 1;
    body.delay = 0;
    for (uint32_t i = 0; i < pairs; ++i)
      add(body);
  }
  add(result);
  for (uint32_t i = 0; i < pairs; ++i) {
    Store more = store();
    more.beats = between(1, 3);
    more.pop_prev = 1;
    add(more);
  }
  add(End{});
  return finish(std::move(program), code);
}

Program Generator::damaged() {
  Program program;
  for (auto &region : program.regions) {
    region.resize(kRegionBytes);
    for (auto &byte : region)
      byte = uint8_t(random());
  }
  microcode(program, coin());
  program.windows = below(4);
  std::vector<Instruction> code;
  if (!coin(16))
    code.push_back(controlLoad(target));
  if (!code.empty() && !coin(8))
    std::get<Load>(code[0]).push_next = 1;
  uint32_t count = between(1, 24);
  bool first = true;
  for (uint32_t i = 0; i < count; ++i) {
    switch (below(6)) {
    case 0: {
      Load inst = load(true);
      inst.pop_next = coin(8);
      inst.push_next = coin();
      code.push_back(inst);
      break;
    }
    case 1: {
      Store inst = store();
      inst.pop_prev = coin(3);
      inst.push_prev = coin();
      inst.address += coin(12);
      code.push_back(inst);
      break;
    }
    case 2:
      code.push_back(End{});
      break;
    default: {
      loops(code, true);
      code.push_back(out(true));
      bnn::isa::Run inst = run(true);
      inst.pop_prev = first || coin(6);
      inst.pop_next = coin(6);
      inst.push_prev = coin(4);
      inst.push_next = coin();
      first = false;
      code.push_back(inst);
    }
    }
  }
  if (!coin(16))
    code.push_back(End{});
  program = finish(std::move(program), code);
  if (coin(4) && !program.code.empty())
    for (uint32_t i = between(1, 3); i > 0; --i)
      program.code[below(uint32_t(program.code.size()))] ^= uint8_t(1u << below(8));
  return program;
}
