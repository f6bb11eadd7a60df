// Lane memories: one byte string, kept eight times at eight phases.
#include "EngineState.h"

#include <algorithm>
#include <cstring>

namespace bnn::isa {

Lanes::Lanes(uint32_t words)
    : words(words), data(size_t(kPixels) * words), pendingUntil(size_t(kPixels) * words),
      lastRun(size_t(kPixels) * words) {}

void Lanes::clear() {
  std::fill(data.begin(), data.end(), 0);
  std::fill(pendingUntil.begin(), pendingUntil.end(), 0);
  std::fill(lastRun.begin(), lastRun.end(), 0);
}

void Lanes::forgetPending() {
  std::fill(pendingUntil.begin(), pendingUntil.end(), 0);
}

/// 8x8 bit transposition: bit i of byte b becomes bit b of byte i.
static uint64_t transpose8(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaull;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccull;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ull;
  return x ^ t ^ (t << 28);
}

/// Calls visit(lane, word pair address, data, byte mask) for each lane that
/// `beat` changes. Word j of lane p is complete on beat j + ceil(p*phase/8).
/// With a period only the first `keep` of every `period` words, moved together.
template <typename Visit>
void Lanes::forEachWord(const Beat &beat, Visit visit, uint32_t period,
                        uint32_t keep) const {
  for (uint32_t p = 0; p < kPixels; ++p) {
    uint32_t shift = p * beat.phase, r = shift % 8;
    uint32_t delay = shift / 8 + (r != 0);
    if (beat.k < delay)
      continue;
    uint32_t j = beat.k - delay;
    if (period) {
      if (j % period >= keep)
        continue;
      j = j / period * keep + j % period;
    }
    uint32_t address = beat.base + 2 * j;
    uint64_t bytes;
    uint32_t valid;
    if (r == 0) {
      bytes = beat.current;
      valid = beat.currentValid;
    } else {
      bytes = beat.previous >> (8 * r) | beat.current << (64 - 8 * r);
      valid = beat.previousValid < 8
                  ? std::max<int>(beat.previousValid - int(r), 0)
                  : 8 - r + std::min<uint32_t>(beat.currentValid, r);
    }
    if (valid == 0)
      continue;
    uint64_t mask = valid >= 8 ? ~0ull : (1ull << (8 * valid)) - 1;
    visit(p, address, bytes, mask);
  }
}

void Lanes::require(uint32_t address) const {
  if (address + 1 >= words)
    throw Stop{Trap::AddressRange, "lane write at word " +
                                       std::to_string(address + 1) + " of " +
                                       std::to_string(words)};
}

void Lanes::store(uint32_t p, uint32_t address, uint64_t bytes, uint64_t mask,
                  bool quad) {
  uint32_t *word = &data[size_t(p) * words + address];
  if (quad) {
    // Planes 0,2,4,6 to the first word, 1,3,5,7 to the second.
    uint64_t t = transpose8(bytes & mask);
    uint32_t even = 0, odd = 0;
    for (int i = 0; i < 4; ++i) {
      even |= uint32_t(t >> (16 * i) & 0xff) << (8 * i);
      odd |= uint32_t(t >> (16 * i + 8) & 0xff) << (8 * i);
    }
    word[0] = even;
    word[1] = odd;
    return;
  }
  uint64_t old = uint64_t(word[1]) << 32 | word[0];
  uint64_t now = (old & ~mask) | (bytes & mask);
  word[0] = uint32_t(now);
  word[1] = uint32_t(now >> 32);
}

void Lanes::write(const Beat &beat) {
  forEachWord(beat, [&](uint32_t p, uint32_t address, uint64_t bytes,
                        uint64_t mask) {
    require(address);
    store(p, address, bytes, mask, beat.quad);
  });
}

bool Lanes::mustFlush(const Loader &loader) const {
  bool full = false;
  forEachWord(
      loader.beat,
      [&](uint32_t p, uint32_t address, uint64_t, uint64_t) {
        require(address);
        full |= loader.held[p].full;
      },
      loader.period, loader.keep);
  return full;
}

void Lanes::flush(Loader &loader) {
  for (uint32_t p = 0; p < kPixels; ++p) {
    Loader::Held &held = loader.held[p];
    if (held.full)
      store(p, held.address, held.bytes, held.mask, loader.beat.quad);
    held.full = false;
  }
}

void Lanes::take(Loader &loader) {
  forEachWord(
      loader.beat,
      [&](uint32_t p, uint32_t address, uint64_t bytes, uint64_t mask) {
        require(address);
        loader.held[p] = {true, address, bytes, mask};
      },
      loader.period, loader.keep);
}

void Lanes::expect(const Beat &beat, uint64_t run) {
  forEachWord(beat, [&](uint32_t p, uint32_t address, uint64_t, uint64_t mask) {
    if (address + 1 >= words)
      return; // traps when it is written
    size_t at = size_t(p) * words + address;
    for (size_t half = 0; half < (mask >> 32 ? 2 : 1); ++half) {
      pendingUntil[at + half] = std::max(pendingUntil[at + half], beat.cycle);
      lastRun[at + half] = run;
    }
  });
}

} // namespace bnn::isa
