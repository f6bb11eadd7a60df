// The order in which a RUN samples: control flow as in the sequencer, and what
// the output unit takes for granted.
#include "SampleOrder.h"

#include <algorithm>
#include <fmt/format.h>

namespace bnn::isa {

namespace {

constexpr uint64_t kMaxSteps = 1 << 24; // the engine's watchdog

class Order {
public:
  Order(const RunBounds &bounds, const Run &run, const Target &target,
        const ControlStore &control, std::string &error)
      : bounds(bounds), out(bounds.out.value_or(Out())), split(run.split),
        maxPixels(8 * (target.clusters >> run.split)),
        outputWords(target.outputWords), control(control), error(error),
        pc(run.entry) {}

  bool check() {
    for (bool active = true; active;) {
      const Microword &word = *control.words[pc];
      steps += 1 + skipReduction(word);
      if (steps > kMaxSteps)
        return fail("the routine takes more than {} steps, where the watchdog "
                    "traps: lower the limits of its loops",
                    kMaxSteps);
      if (samples(word) && !sample(word))
        return false;
      active = advance(word);
    }
    return checkEnd();
  }

private:
  template <typename... Args>
  bool fail(fmt::format_string<Args...> format, Args &&...args) {
    error = fmt::format(format, std::forward<Args>(args)...);
    return false;
  }

  bool atLimit(uint32_t loop) const {
    return counter[loop] + 1 >= bounds.loops[loop].limit;
  }

  bool samples(const Microword &word) const {
    if (word.sample == Sample::None)
      return false;
    for (uint32_t j = 0; j != 8; ++j)
      if (word.reduce >> j & 1 && !atLimit(j))
        return false;
    return true;
  }

  /// The step goes to the last of those that stay in this word and sample
  /// nothing; returns how many come before it.
  uint64_t skipReduction(const Microword &word) {
    uint64_t skipped = 0, weight = 1;
    for (uint32_t j = word.lo; word.ends && j <= word.hi; ++j) {
      bool stays = (j == word.lo || j <= word.mid ? word.near : word.far) == pc;
      bool silent = word.sample == Sample::None || word.reduce >> j & 1;
      if (!stays || !silent || skipped > kMaxSteps)
        break;
      skipped += weight * uint64_t(bounds.loops[j].limit - 1 - counter[j]);
      weight = std::min(weight * uint64_t(bounds.loops[j].limit), kMaxSteps + 1);
      counter[j] = bounds.loops[j].limit - 1;
    }
    return skipped;
  }

  /// As Sequencer::advance; false after the last step.
  bool advance(const Microword &word) {
    for (uint32_t j = word.lo; word.ends && j <= word.hi; ++j) {
      if (!atLimit(j)) {
        ++counter[j];
        pc = j == word.lo || j <= word.mid ? word.near : word.far;
        return true;
      }
      counter[j] = 0;
    }
    ++pc;
    return !word.halt;
  }

  /// Loops 4..7 of a sample.
  using Place = std::array<int64_t, 4>;
  static std::string print(const Place &p) {
    return fmt::format("(loops 7, 6, 5, 4 at {}, {}, {}, {})", p[3], p[2], p[1], p[0]);
  }

  bool checkKind(const Microword &word) {
    auto name = [](Sample s) { return s == Sample::Sign ? "SIGN" : "VALUE"; };
    if (kind != Sample::None && kind != word.sample)
      return fail("control word {} samples {} after a sample of {}: a RUN "
                  "samples one of them, use two RUNs",
                  pc, name(word.sample), name(kind));
    kind = word.sample;
    if ((out.mode == OutMode::Bits) != (kind == Sample::Sign))
      return fail("control word {} samples {}, but OUT has {}: SIGN goes with "
                  "mode=bits, VALUE with the others",
                  pc, name(kind),
                  kind == Sample::Sign ? "another mode than bits" : "mode=bits");
    return true;
  }

  bool sample(const Microword &word) {
    if (!checkKind(word))
      return false;
    Place at{counter[4], counter[5], counter[6], counter[7]};
    bool reduced = word.reduce >> 5 & 1;
    if (kind == Sample::Value)
      return finishTile(at, reduced);
    if (planes && at != tile)
      return fail("control word {} samples the tile {} before `done` of the tile {}: "
                  "advance loops 4 to 7 behind the word with `done` only",
                  pc, print(at), print(tile));
    tile = at;
    uint32_t plane = (word.plane + uint32_t(counter[3])) & 7;
    if (planes >> plane & 1)
      return fail("control word {} samples plane {} of the tile {} twice: give "
                  "each threshold a plane of its own, at most 8",
                  pc, plane, print(at));
    planes |= 1u << plane;
    if (!word.done || !atLimit(3))
      return true;
    planes = 0;
    return finishTile(at, reduced);
  }

  /// A tile's bits or values of one channel tile are complete.
  bool finishTile(const Place &at, bool reduced) {
    bool begins = reduced || at[1] == 0, last = reduced || atLimit(5);
    if (nextTile) { // inside a pixel tile
      if (!std::equal(at.begin() + 1, at.end(), before.begin() + 1))
        return fail("control word {} comes to the tile {} after {}, before all "
                    "channel tiles of that: loop 4 must turn inside loop 5",
                    pc, print(at), print(before));
    } else if (open) { // inside a stream
      if (at[2] != before[2] || at[3] != before[3])
        return fail("control word {} comes to the tile {} after {}, before the "
                    "end of that stream: loop 5 must turn inside loops 6 and 7",
                    pc, print(at), print(before));
      if (begins || at[1] != before[1] + 1)
        return fail("control word {} comes to the tile {} after {}: loop 5 must "
                    "count the tiles of a stream one by one",
                    pc, print(at), print(before));
    } else if (!begins) {
      return fail("control word {} begins a stream with the tile {}: loop 5 "
                  "must be at 0",
                  pc, print(at));
    }
    if (at[0] != nextTile)
      return fail("control word {} comes to channel tile {} where {} is next: "
                  "loop 4 must count from 0 up inside loop 5",
                  pc, at[0], nextTile);
    before = at;
    if (begins)
      firstPixel = 0;
    bool lastTile = atLimit(4);
    nextTile = lastTile ? 0 : nextTile + 1;
    open = !last || !lastTile;
    return countValues(last, lastTile);
  }

  /// Words in the output buffer, as the value path sends them.
  bool countValues(bool last, bool lastTile) {
    int64_t pixels = std::clamp<int64_t>(out.pixels - firstPixel, 0, maxPixels);
    if (out.mode == OutMode::Raw)
      words += (windowsBefore(firstPixel + pixels) - windowsBefore(firstPixel)) * 4 << split;
    else if ((out.mode == OutMode::Sum || out.mode == OutMode::Split) && last && pixels)
      words += (out.mode == OutMode::Split ? 8 : 4) << split;
    if (lastTile)
      firstPixel += maxPixels;
    bool toLanes = out.mode == OutMode::Bits || out.mode == OutMode::SumBits;
    return toLanes || out.base + words <= outputWords ||
           fail("values end at output word {}, there are {}", out.base + words,
                outputWords);
  }

  /// Pool windows that end before a pixel.
  int64_t windowsBefore(int64_t pixel) const {
    int64_t past = pixel - out.pool_window;
    return past < 0 ? 0 : past / out.pool_stride + 1;
  }

  bool checkEnd() {
    if (planes)
      return fail("the routine stops before `done` of the tile {}", print(tile));
    if (nextTile || open)
      return fail("the routine stops after the tile {}, before the end of that "
                  "stream: loops 4 and 5 must come to their limits",
                  print(before));
    return true;
  }

  const RunBounds &bounds;
  const Out out;
  const uint32_t split;
  const int64_t maxPixels, outputWords;
  const ControlStore &control;
  std::string &error;

  // The sequencer.
  uint32_t pc;
  std::array<int64_t, 8> counter{};
  uint64_t steps = 0;

  // The output unit.
  Sample kind = Sample::None;
  uint32_t planes = 0;    ///< sampled of `tile`, which is not done
  Place tile{};
  Place before{};         ///< the last tile that was done
  int64_t nextTile = 0;   ///< of loop 4
  bool open = false;      ///< its stream goes on
  int64_t firstPixel = 0; ///< of the pixel tile
  int64_t words = 0;      ///< sent to the output buffer
};

} // namespace

bool checkSampleOrder(const RunBounds &bounds, const Run &run,
                      const Target &target, const ControlStore &control,
                      std::string &error) {
  return Order(bounds, run, target, control, error).check();
}

} // namespace bnn::isa
