//===- Pack.h - Weights and thresholds as memory rows -----------*- C++ -*-===//
//
// The bytes of weight and threshold rows as LOAD brings them in: one chunk per
// channel group of clusters, rows in address order (docs/engine.md section 2).
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_PACK_H
#define BNNCC_COMPILER_LOWER_PACK_H

#include "Plan.h"

namespace bnncc::lower {

inline constexpr uint32_t WeightRowBytes = 32, ThresholdRowBytes = 32;

/// The output channel in column `ch` of channel group `m` of clusters, for
/// channel tile `tile` and output group `group`; it may be past the last one.
int64_t outputChannel(const LayerPlan &plan, const Layer &layer, uint32_t group,
                      uint32_t tile, uint32_t m, uint32_t ch);

/// Rows of channel group `m` of clusters.
std::vector<uint8_t> packWeights(const Layer &layer, const LayerPlan &plan,
                                 uint32_t m);
/// The same for `groups` output groups from `first` on.
std::vector<uint8_t> packWeightsOf(const Layer &layer, const LayerPlan &plan,
                                   uint32_t m, uint32_t first, uint32_t groups);
/// Channels past the last one give the bit that pads the map of `next`.
std::vector<uint8_t> packThresholds(const Layer &layer, const LayerPlan &plan,
                                    const Layer *next, uint32_t m);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_PACK_H
