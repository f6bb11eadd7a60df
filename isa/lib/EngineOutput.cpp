// The output unit: sign samples become pooled records in the lanes, value
// samples become words in the output buffer.
#include "EngineState.h"

#include <algorithm>

namespace bnn::isa {

OutputUnit::OutputUnit(const Target &target, Lanes &lanes)
    : buffer(target.outputWords), target(target), lanes(lanes) {}

void OutputUnit::clear() {
  std::fill(buffer.begin(), buffer.end(), 0);
  restart();
}

void OutputUnit::restart() {
  beats.clear();
  words.clear();
  stream.clear();
  writerFree = valueFree = captureFree = laneBeats = 0;
  planeMask = 0;
  waiting.clear();
  anySent = false;
  crowded = ~0ull;
}

void OutputUnit::begin(const RunConfig &next) {
  config = next;
  ++runs;
  pixelGroups = config.groups(target.clusters);
  channelGroups = config.channelGroups();
  maxPixels = pixelGroups * kPixels;
  bufferAddress = config.out.base;
  planeMask = 0;
  records.clear();
  stream.clear();
  sentBeats = 0;
  runBeats = lastBeats = 0;
}

uint8_t OutputUnit::tileOf(const SamplePoint &at) const {
  if (at.counter[4] >= kMaxTiles)
    throw Stop{Trap::IllegalField, "more than 4 channel tiles in a group"};
  return uint8_t(at.counter[4]);
}

/// First pixel of a tile, and how many of its pixels lie inside the map. Tiles of
/// a stream follow each other: the place comes from the tile before.
std::pair<uint32_t, uint32_t> OutputUnit::pixelRange(const SamplePoint &at) const {
  uint32_t first = at.pixelsReduced || at.counter[5] == 0 ? 0 : nextX;
  uint32_t pixels = config.out.pixels;
  return {first, pixels > first ? std::min(pixels - first, maxPixels) : 0};
}

/// After the last channel tile of a pixel tile.
void OutputUnit::finishTile(const SamplePoint &at, uint32_t firstX) {
  if (at.atLimit[4])
    nextX = firstX + maxPixels;
}

void OutputUnit::sampleSigns(const SamplePoint &at, const Array &array,
                             bool done) {
  uint32_t plane = at.plane & 7;
  for (uint32_t m = 0; m < channelGroups; ++m)
    array.signs(m * pixelGroups, pixelGroups, planes[plane][m].data());
  if (planeMask == 0)
    polarityRow = at.thresholdRow;
  planeMask |= 1u << plane;
  if (done)
    finishBits(at, array);
}

/// ORs `window` consecutive bytes ending at each of `count` pixels; `bytes`
/// starts with 15 bytes of history.
static void orWindows(const uint8_t *bytes, uint32_t count, uint32_t window,
                      uint8_t *out) {
  std::fill(out, out + count, 0);
  for (uint32_t d = 0; d < window; ++d)
    for (uint32_t i = 0; i < count; ++i)
      out[i] |= bytes[15 + i - d];
}

void OutputUnit::finishBits(const SamplePoint &at, const Array &array) {
  const Out &out = config.out;
  uint32_t tile = tileOf(at);
  auto [firstX, count] = pixelRange(at);
  uint32_t planesUsed = 32 - uint32_t(__builtin_clz(planeMask | 1));

  for (uint32_t m = 0; m < channelGroups; ++m) {
    uint8_t polarity = array.polarity(m * pixelGroups, polarityRow);
    History &past = history[tile * 4 + m];
    PixelBytes pooled{};
    auto pool = [&](uint32_t slot, const PixelBytes &bits) {
      std::array<uint8_t, 15 + 128> bytes;
      for (uint32_t d = 0; d < 15; ++d)
        bytes[14 - d] = past.bytes[slot][d];
      std::copy_n(bits.begin(), count, bytes.begin() + 15);
      PixelBytes ored;
      orWindows(bytes.data(), count, out.pool_window, ored.data());
      for (uint32_t i = 0; i < count; ++i)
        pooled[i] ^= ored[i];
      for (uint32_t d = 0; d < 15; ++d)
        past.bytes[slot][d] = bytes[14 + count - d];
    };
    if (out.pool_first) {
      for (uint32_t j = 0; j < planesUsed; ++j)
        if (planeMask >> j & 1)
          pool(j, planes[j][m]);
      for (uint32_t i = 0; i < count; ++i)
        pooled[i] ^= polarity;
    } else {
      PixelBytes bits{};
      for (uint32_t j = 0; j < planesUsed; ++j)
        if (planeMask >> j & 1)
          for (uint32_t i = 0; i < count; ++i)
            bits[i] ^= planes[j][m][i];
      for (uint32_t i = 0; i < count; ++i)
        bits[i] ^= polarity;
      pool(0, bits);
    }

    uint32_t n = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t x = firstX + i;
      if (x + 1 < out.pool_window ||
          (x + 1 - out.pool_window) % out.pool_stride)
        continue;
      if (records.size() <= n)
        records.emplace_back();
      uint32_t byte = tile * channelGroups + m;
      if (byte < out.record)
        records[n][byte] = pooled[i];
      ++n;
    }
  }
  planeMask = 0;
  finishTile(at, firstX);
  if (at.atLimit[4])
    appendRecords(at, at.atLimit[5] || at.pixelsReduced);
}

/// A stream starts with its lead pad at its own base.
void OutputUnit::startStream(const SamplePoint &at) {
  const Out &out = config.out;
  streamBase = out.base + at.counter[7] * out.group_pitch +
               at.counter[6] * out.row_pitch;
  stream.assign(out.lead, out.pad ? 0xff : 0x00);
  sentBeats = 0;
  previousBeat = 0;
}

void OutputUnit::appendRecords(const SamplePoint &at, bool last) {
  const Out &out = config.out;
  if (at.counter[5] == 0 || at.pixelsReduced)
    startStream(at);
  for (const auto &record : records)
    stream.insert(stream.end(), record.begin(), record.begin() + out.record);
  records.clear();
  if (last)
    stream.insert(stream.end(), out.trail, out.pad ? 0xff : 0x00);
  send(at.cycle + kWriteDelay, last);
}

/// Queues the beats that the stream's bytes complete; the last tile's also the
/// partial beat and the flush.
void OutputUnit::send(uint64_t earliest, bool last) {
  size_t used = 0;
  lastBeats = 0;
  uint8_t previousValid = 8;
  uint64_t cycle = std::max(earliest, writerFree);
  auto beat = [&](uint8_t valid) {
    Lanes::Beat b;
    b.cycle = cycle++;
    b.k = sentBeats++;
    b.base = streamBase;
    b.phase = config.out.phase;
    b.previous = previousBeat;
    b.previousValid = previousValid;
    b.currentValid = valid;
    for (uint32_t i = 0; i < valid; ++i)
      b.current |= uint64_t(stream[used + i]) << (8 * i);
    used += valid;
    previousBeat = b.current;
    previousValid = valid;
    lanes.expect(b, runs);
    beats.push_back(b);
    ++runBeats;
    ++lastBeats;
    writerFree = cycle;
  };
  while (stream.size() - used >= 8)
    beat(8);
  if (last) {
    if (size_t rest = stream.size() - used)
      beat(uint8_t(rest));
    beat(0);
    stream.clear();
    return;
  }
  stream.erase(stream.begin(), stream.begin() + ptrdiff_t(used));
}

/// Eight 32-bit values as four output-buffer words in the four cycles from
/// `cycle` on.
void OutputUnit::emit(uint64_t cycle, const int32_t *v) {
  for (uint32_t i = 0; i < 4; ++i)
    words.push_back({cycle + i, bufferAddress++,
                     uint32_t(v[2 * i]) | uint64_t(uint32_t(v[2 * i + 1])) << 32});
}

void OutputUnit::sampleValues(const SamplePoint &at, const Array &array) {
  const Out &out = config.out;
  uint32_t tile = tileOf(at);
  auto [firstX, count] = pixelRange(at);
  bool last = at.atLimit[5] || at.pixelsReduced;
  uint64_t cycle = std::max(at.cycle + kValueDelay, valueFree);
  finishTile(at, firstX);
  if (count == 0) { // a tile outside the map: nothing, not even sums
    captureFree = valueFree;
    valueFree = cycle;
    return;
  }

  for (uint32_t i = 0; i < count; ++i) {
    uint32_t x = firstX + i;
    for (uint32_t m = 0; m < channelGroups; ++m) {
      ValueState &state = values[tile * 4 + m];
      if (x == 0)
        state.positive = state.negative = {};
      auto &now = state.window[x % 16];
      for (uint32_t ch = 0; ch < kChannels; ++ch)
        now[ch] = array.value(m * pixelGroups + i / kPixels, i % kPixels, ch);
      ++cycle;
      if (x + 1 < out.pool_window ||
          (x + 1 - out.pool_window) % out.pool_stride)
        continue;
      std::array<int32_t, kChannels> best = now;
      for (uint32_t d = 1; d < out.pool_window; ++d)
        for (uint32_t ch = 0; ch < kChannels; ++ch)
          best[ch] = std::max(best[ch], state.window[(x - d) % 16][ch]);
      if (out.mode == OutMode::Raw) {
        emit(cycle, best.data());
        cycle += 4;
        continue;
      }
      for (uint32_t ch = 0; ch < kChannels; ++ch) {
        bool toNegative = out.mode == OutMode::Split && best[ch] < 0;
        (toNegative ? state.negative : state.positive)[ch] += best[ch];
      }
    }
  }

  if (last && out.mode != OutMode::Raw) {
    for (uint32_t m = 0; m < channelGroups; ++m) {
      ValueState &state = values[tile * 4 + m];
      auto emitSums = [&](const std::array<int64_t, 8> &sums) {
        std::array<int32_t, kChannels> v;
        for (uint32_t ch = 0; ch < kChannels; ++ch)
          v[ch] = int32_t(uint32_t(uint64_t(sums[ch])));
        emit(cycle, v.data());
        cycle += 4;
      };
      if (out.mode == OutMode::SumBits) {
        uint8_t bits = array.polarity(m * pixelGroups, at.thresholdRow);
        for (uint32_t ch = 0; ch < kChannels; ++ch) {
          int64_t sum = state.positive[ch] +
                        array.threshold(m * pixelGroups, at.thresholdRow, ch);
          bits ^= (~uint64_t(sum) >> (kSumBits - 1) & 1) << ch;
        }
        if (records.empty())
          records.emplace_back();
        uint32_t byte = tile * channelGroups + m;
        if (byte < out.record)
          records[0][byte] = bits;
        continue;
      }
      emitSums(state.positive);
      if (out.mode == OutMode::Split)
        emitSums(state.negative);
    }
  }
  captureFree = valueFree;
  valueFree = cycle;
  if (last && out.mode == OutMode::SumBits && at.atLimit[4]) {
    startStream(at);
    stream.insert(stream.end(), records[0].begin(),
                  records[0].begin() + out.record);
    stream.insert(stream.end(), out.trail, out.pad ? 0xff : 0x00);
    records.clear();
    queueStream(cycle);
    send(cycle, true);
  }
}

/// A SUM_BITS stream is complete. Four records: that of the stream at the writer
/// (or of the last one there) and those of the streams that wait for it.
void OutputUnit::queueStream(uint64_t cycle) {
  while (!waiting.empty() && waiting.front() < cycle) {
    waiting.pop_front();
    anySent = true;
  }
  if (waiting.size() >= (anySent ? 2 : 3))
    crowded = std::min(crowded, cycle);
  waiting.push_back(std::max(cycle, writerFree));
}

bool OutputUnit::tick(uint64_t cycle) {
  while (!words.empty() && words.front().cycle <= cycle) {
    const Word &word = words.front();
    if (word.address >= buffer.size())
      throw Stop{Trap::AddressRange,
                 "output buffer write at word " + std::to_string(word.address) +
                     " of " + std::to_string(buffer.size())};
    buffer[word.address] = word.data;
    words.pop_front();
  }
  if (cycle >= crowded)
    throw Stop{Trap::Unsupported, "more than two SUM_BITS streams wait for the writer"};
  if (beats.empty() || beats.front().cycle > cycle)
    return false;
  lanes.write(beats.front());
  beats.pop_front();
  ++laneBeats;
  return true;
}

} // namespace bnn::isa
