// The memory models and the protocol checks.
#include "AxiMemory.h"

#include "bnn/isa/HpPort.h"

#include <cstring>
#include <fmt/format.h>

namespace bnn::sim {

AxiTiming AxiTiming::ideal() {
  AxiTiming timing;
  timing.name = "ideal";
  return timing;
}

AxiTiming AxiTiming::hp() {
  AxiTiming timing;
  timing.name = "hp";
  timing.readLatency = isa::HpPort::readLatency;
  timing.readJitter = isa::HpPort::readJitter;
  timing.writeLatency = isa::HpPort::writeLatency;
  timing.outstanding = isa::HpPort::outstanding;
  timing.period = isa::HpPort::refreshPeriod;
  timing.pause = isa::HpPort::refreshPause;
  return timing;
}

AxiTiming AxiTiming::random() {
  AxiTiming timing;
  timing.name = "random";
  timing.readLatency = 1;
  timing.readJitter = 40;
  timing.writeLatency = 1;
  timing.outstanding = 4;
  timing.ready = 0.6;
  timing.valid = 0.7;
  return timing;
}

bool AxiTiming::byName(const std::string &name, AxiTiming &timing) {
  for (const AxiTiming &known : {ideal(), hp(), random()})
    if (known.name == name) {
      timing = known;
      return true;
    }
  return false;
}

AxiMemory::AxiMemory(AxiTiming timing, uint64_t seed)
    : timing(std::move(timing)), random(seed) {}

void AxiMemory::map(uint32_t address, std::span<uint8_t> data, bool writable) {
  segments.push_back({address, data, writable});
}

const AxiMemory::Segment *AxiMemory::find(uint32_t address) const {
  for (const Segment &s : segments)
    if (address >= s.address && address - s.address + 8 <= s.data.size())
      return &s;
  return nullptr;
}

void AxiMemory::fail(const std::string &text) {
  if (broken.empty())
    broken = fmt::format("cycle {}: {}", cycle, text);
}

bool AxiMemory::chance(double p) {
  return p >= 1 || std::uniform_real_distribution<>(0, 1)(random) < p;
}

const AxiSlave &AxiMemory::drive() {
  bool paused = timing.period && cycle % timing.period < timing.pause;
  out.arready = !silent && reads.size() < timing.outstanding && chance(timing.ready);
  out.awready = !silent && writes.size() < timing.outstanding && chance(timing.ready);
  out.wready = !silent && !paused && chance(timing.ready);
  // A valid once up stays up with its payload.
  if (!rHeld) {
    out.rvalid = !silent && !paused && !reads.empty() &&
                 reads.front().due <= cycle && chance(timing.valid);
    if (out.rvalid) {
      const Burst &burst = reads.front();
      uint32_t address = burst.address + 8 * burst.done;
      const Segment *s = find(address);
      out.rdata = 0;
      if (s)
        std::memcpy(&out.rdata, s->data.data() + (address - s->address), 8);
      out.rlast = burst.done + 1 == burst.beats;
      out.rresp = !s || address >= errorFrom ? 2 : 0;
    }
  }
  if (!bHeld) {
    out.bvalid = !silent && !writes.empty() && writes.front().complete &&
                 writes.front().due <= cycle && chance(timing.valid);
    if (out.bvalid)
      out.bresp = writes.front().error ? 2 : 0;
  }
  return out;
}

void AxiMemory::checkBurst(const char *channel, uint32_t address,
                           uint32_t length, bool write) {
  ++bursts;
  uint32_t last = address + 8 * length;
  if (address % 8)
    fail(fmt::format("{} address {:#x} is not aligned", channel, address));
  if (length > 15)
    fail(fmt::format("{} burst of {} beats", channel, length + 1));
  if (address / 4096 != last / 4096)
    fail(fmt::format("{} burst at {:#x} crosses 4 KiB", channel, address));
  for (uint32_t a : {address, last}) {
    const Segment *s = find(a);
    if (!s || (write && !s->writable))
      fail(fmt::format("{} burst reaches {:#x}, outside the regions", channel, a));
  }
}

/// A valid that was not accepted must stay, with its payload.
void AxiMemory::checkStable(const AxiMaster &m) {
  if (arWaited && (!m.arvalid || m.araddr != before.araddr || m.arlen != before.arlen))
    fail("AR changed while it waited");
  if (awWaited && (!m.awvalid || m.awaddr != before.awaddr || m.awlen != before.awlen))
    fail("AW changed while it waited");
  if (wWaited && (!m.wvalid || m.wdata != before.wdata ||
                  m.wstrb != before.wstrb || m.wlast != before.wlast))
    fail("W changed while it waited");
  arWaited = m.arvalid && !out.arready;
  awWaited = m.awvalid && !out.awready;
  wWaited = m.wvalid && !out.wready;
  before = m;
}

void AxiMemory::clock(const AxiMaster &m) {
  checkStable(m);
  if (out.rvalid && m.rready) {
    ++readBeats;
    if (++reads.front().done == reads.front().beats)
      reads.pop_front();
  }
  rHeld = out.rvalid && !m.rready;
  if (out.bvalid && m.bready)
    writes.pop_front();
  bHeld = out.bvalid && !m.bready;
  if (m.arvalid && out.arready) {
    checkBurst("AR", m.araddr, m.arlen, false);
    uint64_t due = cycle + timing.readLatency;
    if (timing.readJitter)
      due += random() % (timing.readJitter + 1);
    reads.push_back({due, m.araddr, m.arlen + 1, 0, false, false});
  }
  if (m.awvalid && out.awready) {
    checkBurst("AW", m.awaddr, m.awlen, true);
    writes.push_back({0, m.awaddr, m.awlen + 1, 0, false, false});
  }
  if (m.wvalid && out.wready) {
    auto burst = writes.begin();
    while (burst != writes.end() && burst->complete)
      ++burst;
    if (burst == writes.end()) {
      fail("W before its AW");
    } else {
      uint32_t address = burst->address + 8 * burst->done;
      const Segment *s = find(address);
      if (s && s->writable && address < errorFrom)
        for (uint32_t i = 0; i < 8; ++i)
          if (m.wstrb >> i & 1)
            s->data[address - s->address + i] = uint8_t(m.wdata >> (8 * i));
      burst->error |= !s || address >= errorFrom;
      writeBeats += m.wstrb != 0;
      ++burst->done;
      if (m.wlast != (burst->done == burst->beats))
        fail("WLAST is not on the last beat");
      if (burst->done == burst->beats) {
        burst->complete = true;
        burst->due = cycle + timing.writeLatency;
      }
    }
  }
  ++cycle;
}

} // namespace bnn::sim
