//===- Plan.h - How one target runs a chain of layers -----------*- C++ -*-===//
//
// The plan: for each map its byte layout and place in the lane memories, for
// each layer the split of clusters, the loop nest, the rows of weights and
// thresholds, and the delay. `planNetwork` fills all of it or names the node
// that does not fit.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PLAN_H
#define BNNCC_COMPILER_LOWER_PLAN_H

#include "Arithmetic.h"

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <array>

namespace bnncc::lower {
namespace isa = ::bnn::isa;

/// One map in the lane memories: `groups` x `rows` byte strings, each lead pad,
/// pixels, trail pad (docs/engine.md section 2).
struct MapLayout {
  Shape shape;
  bool quad = false;
  uint32_t record = 1; ///< bytes per pixel
  uint32_t groups = 1; ///< channel groups of `groupChannels`
  uint32_t groupChannels = 32;
  uint32_t constantGroups = 0;            ///< before them: Border.h
  uint32_t rows = 1;                      ///< with pad rows
  uint32_t padTop = 0;
  uint32_t lead = 0, trail = 0; ///< pad bytes
  bool padOne = false;
  bool unusedOne = false;        ///< bits of a record that are no channel
  uint32_t phase = 1;            ///< bytes
  uint32_t period = 0, keep = 0; ///< of every `period` 8-byte words (LOAD)
  uint32_t stride = 2;           ///< words from 8 pixels to the next 8
  uint32_t rowBytes = 0, groupBytes = 0; ///< pitches outside the engine
  uint32_t padLead = 0, padTrail = 0; ///< beats of pads that LOAD makes,
  uint8_t padByte = 0;                ///< of this byte; the host sends the rest
  uint32_t rowPitch = 0, groupPitch = 0; ///< words
  uint32_t extent = 0; ///< words, with what is read behind the end
  uint32_t base = 0;   ///< word; set by the allocation
  uint32_t stringBytes() const {
    return lead + uint32_t(shape.w) * record + trail;
  }
  /// Beats of an input map: those that LOAD gives the lanes, and those of them
  /// that come from memory.
  uint32_t loadBeats() const { return (groups * groupBytes + 7) / 8; }
  uint32_t hostBeats() const { return loadBeats() - padLead - padTrail; }
  /// Words that are written: what the map needs at least.
  uint32_t words() const {
    return ((groups + constantGroups) * groupPitch + 1) & ~1u;
  }
  /// Place of channel `c` in a pixel: its group and its bit in the record.
  uint32_t groupOf(int64_t c) const { return uint32_t(c / groupChannels); }
  uint32_t bitOf(int64_t c) const { return uint32_t(c % groupChannels); }
  /// Words from the map's place to its first channel group.
  uint32_t channelOffset() const { return constantGroups * groupPitch; }
};

struct Nest {
  uint32_t limit = 1;
  int32_t act = 0, weight = 0, threshold = 0;
};

/// The routine of the control store that a layer runs.
enum class Routine {
  Binary,
  BinaryValue,
  BinaryMulti,
  Quad,
  QuadValue,
  QuadMulti,
  BinarySum,
  BinarySumTiles,
  BinarySumRows,
  BinarySumTilesRows,
  BinaryPoolSum,
  Idle,
  BinaryBorder,
  BinaryBorderMulti
};
const char *routineName(Routine routine);
/// Whether it adds up the pixels of a sum in the array.
inline bool sumsPixels(Routine routine) {
  return routine == Routine::BinarySum || routine == Routine::BinarySumTiles ||
         routine == Routine::BinarySumRows ||
         routine == Routine::BinarySumTilesRows;
}

struct LayerPlan {
  MapLayout in;
  uint32_t split = 0;      ///< log2 of the channel groups of clusters
  uint32_t gm = 1, gp = 1; ///< channel groups, pixel groups
  uint32_t words = 1;      ///< reduction words (QUAD: word pairs) per row
  uint32_t channelTiles = 1, outputGroups = 1, pixelTiles = 1;
  uint32_t planes = 1; ///< thresholds per channel
  uint32_t setLoop = 8; ///< which loop turns over the sets of weights; 8: none
  uint32_t weightRows = 0, thresholdRows = 0;
  uint32_t weightBase = 0, thresholdBase = 0;
  uint32_t record = 1; ///< bytes per output pixel
  Routine routine = Routine::Binary;
  std::array<Nest, 8> loops;
  isa::Run run;
  isa::Out out;
  int64_t valueScale = 1, valueShift = 0;    ///< true sum = scale * v + shift
  uint64_t steps = 0;                        ///< array steps of one window
  uint64_t first = 0, last = 0, retired = 0; ///< predicted, cold start at 0
  int64_t pixel = 0, row = 0; ///< an output pixel whose thresholds these are
  uint32_t rowsAbove = 0, rowsBelow = 0; ///< pad rows of the map it writes
  bool constants = false;                ///< it writes the next map's constants
  /// What a pass does: sums, sums of border pixels, or constant channels.
  enum class Pass { Sums, Border, PadRows, Constants } kind = Pass::Sums;
  /// RUNs in order, if one does not do: pixels near the border of a map padded
  /// with 0 have thresholds of their own. Else empty.
  std::vector<LayerPlan> passes;

  uint32_t reduceSteps() const {
    uint32_t border = kind == Pass::Border ? words + 1 : 0;
    return loops[0].limit * loops[1].limit * loops[2].limit *
               (run.quad ? 2 : 1) +
           border;
  }
};

/// Pixels that `pixels` sums of a stream become.
inline uint32_t pooledPixels(const isa::Out &out, uint64_t pixels) {
  return pixels < out.pool_window
             ? 0
             : uint32_t((pixels - out.pool_window) / out.pool_stride + 1);
}

/// A layer's border passes.
inline std::vector<const LayerPlan *> passesOf(const LayerPlan &plan) {
  std::vector<const LayerPlan *> passes;
  for (const LayerPlan &pass : plan.passes)
    passes.push_back(&pass);
  if (passes.empty())
    passes.push_back(&plan);
  return passes;
}

/// Rows of one weight and one threshold LOAD: layers of equal split, together.
struct RowBlock {
  uint32_t split = 0, firstRow = 0, rows = 0;
  std::vector<size_t> layers;
};

/// Output groups of a layer whose weights are loaded anew in every window.
struct WeightChunk {
  size_t layer = 0;
  uint32_t firstGroup = 0, groups = 1;
  uint32_t row = 0, rows = 0; ///< place in the weight memories
};

/// Pixels of the first layer and the part of the input that they take.
struct InputStripe {
  uint32_t pixel = 0, pixels = 0; ///< of the convolution
  uint32_t firstPooled = 0;       ///< the first pixel that it puts out
  uint32_t source = 0, beats = 0; ///< of a window's input, all pads included
};

/// One RUN of a window: a layer, or the part of it for which one chunk of
/// weights, one border's thresholds or one piece of the output buffer do.
struct RunPlan {
  int layer = -1;  ///< -1: does nothing, but gives a token
  int chunk = -1;  ///< whose weights it needs
  int stripe = -1; ///< which part of the input it reads
  LayerPlan part;
  uint64_t cycles = 1; ///< with its delay
  bool waitsForLoad = false, freesForLoad = false;
  bool waitsForStore = false, freesForStore = false; ///< the output buffer
};

/// One LOAD of a window. Those that follow a RUN wait for its token; the input
/// waits for the last token of the window before.
struct LoadPlan {
  int chunk = -1;      ///< -1: the input map,
  int stripe = -1;     ///< or a part of it
  size_t user = 0;     ///< RUN that needs it first
  size_t after = 0;    ///< RUN that it follows, unless it is the first LOAD
  bool signals = true; ///< gives its user a token
};

/// One STORE of a window: from the output buffer to its place in the output.
struct StorePlan {
  size_t after = 0; ///< RUN whose values are the last of it
  uint32_t address = 0, words = 0;
  uint32_t dest = 0;  ///< word of the window's output
  bool frees = false; ///< gives a RUN a token
};

struct Usage {
  uint32_t laneWords = 0, laneLowerBound = 0, weightRows = 0, thresholdRows = 0,
           outputWords = 0, controlWords = 0;
};

struct Plan {
  isa::Target target;
  std::vector<LayerPlan> layers;
  std::vector<RowBlock> weightBlocks, thresholdBlocks;
  std::vector<WeightChunk> chunks;  ///< in order of use; empty: all stay
  std::vector<InputStripe> stripes; ///< empty: the input is loaded at once
  std::vector<RunPlan> runs;        ///< of one window
  std::vector<LoadPlan> loads;      ///< of one window
  std::vector<StorePlan> stores;    ///< of one window
  uint32_t pieceWords = 0; ///< of the output buffer, for each STORE; 0: one does
  uint32_t inputFreeAfter = 0;      ///< layer behind which the next input loads
  std::vector<Routine> routines;    ///< in control store order
  std::vector<isa::Microword> microcode; ///< their words
  Usage usage;
};

/// Plans `network` for `target`. On failure returns false and sets `error` to
/// "node 'N': ..." with what is needed and what is there.
bool planNetwork(const Network &network, const isa::Target &target, Plan &plan,
                 std::string &error);
/// The same; the error also names the built-in targets that have room, or the
/// sizes of a target that would.
bool planOrAdvise(const Network &network, const isa::Target &target, Plan &plan,
                  std::string &error);

//===-- The steps of it, for tests ---------------------------------------===//

/// Layout of the input map of `layer`.
MapLayout layoutInput(const Layer &layer);
/// Loop nest and output unit of one layer at `split`; addresses are left 0.
/// `narrow`: all pixel groups of clusters do the same 8 pixels, so that a sum
/// has fewer pixel lanes to add up.
bool planLayer(const Layer &layer, const MapLayout *next, uint32_t split,
               bool narrow, const isa::Target &target, LayerPlan &plan,
               std::string &error);
/// Splits a layer into passes if its border pixels need their own thresholds or
/// sums, or the next map has pad rows or constants; after the allocation.
void planPasses(const Layer &layer, LayerPlan &plan);
/// Whether the RUNs of a layer whose maps have places may write their output
/// where it lies over their own input: no word is read after it was written.
bool mayOverwriteInput(const Layer &layer, LayerPlan plan, uint32_t laneWords);
/// What a plan may do besides keeping all weights and the whole input.
struct Means {
  bool stream = false;  ///< load weights that do not fit in every window
  bool stripes = false; ///< load the input piece by piece
  uint32_t outputBuffers = 2; ///< for the pieces of a large output
};
/// Places maps, weight and threshold rows.
bool allocate(const Network &network, Plan &plan, Means means,
              std::string &error);
/// Chooses the layers whose weights do not stay, their chunks and rows.
bool streamWeights(const Network &network, Plan &plan, std::string &error);
/// Cuts the first layer into stripes of at most `tiles` pixel tiles and makes
/// its input two buffers; false if it cannot be cut so.
bool cutStripes(const Layer &layer, LayerPlan &plan, uint32_t tiles,
                std::vector<InputStripe> &stripes);
/// The RUN of stripe `index`, once the maps have their places.
LayerPlan stripeOf(const LayerPlan &layer, const std::vector<InputStripe> &all,
                   size_t index);
/// Lists the RUNs, LOADs and STOREs of a window and gives them their tokens.
bool orderTransfers(Plan &plan, std::string &error);
/// Words that `plan` puts into the output buffer.
uint64_t outputWords(const LayerPlan &plan);
/// Whether the window's values fit the output buffer, at once or in pieces that
/// take turns in `buffers` parts of it; else `needed` words would do.
bool placeOutput(Plan &plan, uint32_t buffers, uint64_t &needed);
/// `run` in pieces of at most `words` words (0: of any), in the values' order.
std::vector<LayerPlan> cutOutput(const LayerPlan &run, uint32_t words);
/// The STOREs behind the RUNs of a window, and their tokens.
void orderStores(Plan &plan);
/// Sets delays, so that no word is read before it is written, and predicts.
bool schedule(Plan &plan, const Network &network, std::string &error);
/// Cycles from one window to the next of a stream, as far as RUNs and LOADs
/// wait for each other; good for comparing plans.
uint64_t steadyCycles(const Plan &plan);
/// Words of `routine` for the control store from `entry` on.
std::vector<isa::Microword> routineWords(Routine routine, uint32_t entry);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_PLAN_H
