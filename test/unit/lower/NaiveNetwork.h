//===- NaiveNetwork.h - Layers evaluated one by one, for tests --*- C++ -*-===//
//
// A direct evaluation of Layer.h's meaning, a maker of random networks, and one
// window on the golden engine: what the emitted bytes are compared with.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_TEST_UNIT_LOWER_NAIVENETWORK_H
#define BNNCC_TEST_UNIT_LOWER_NAIVENETWORK_H

#include "lower/Emit.h"

#include <random>

namespace bnncc::test {

/// Codes (or +-1) in the order C x H x W.
using Values = std::vector<int64_t>;

/// What the last layer hands on: true sums (Split: positive, then negative).
Values evaluate(const lower::Network &network, Values input);

/// A layer's fields in one go; shapes after it follow from them.
struct LayerSpec {
  int64_t channels = 8, kernel = 3, stride = 1, pad = 0, padValue = -1;
  int64_t poolWindow = 1, poolStride = 1;
  bool poolFirst = true;
  lower::OutputKind output = lower::OutputKind::Bits;
  int points = 1;
  int64_t sets = 1;
};
lower::Network randomNetwork(std::mt19937 &random, lower::MapKind kind,
                             lower::Shape input,
                             const std::vector<LayerSpec> &layers);
/// Four layers; the second has the most weights. Seeded.
lower::Network fourLayers();
Values randomInput(std::mt19937 &random, const lower::Network &network);

/// Runs one window and undoes the value terms; a trap gives an empty result.
Values runProgram(const lower::Network &network, const lower::Plan &plan,
                  const ::bnn::isa::Program &program, const Values &input);

} // namespace bnncc::test

#endif // BNNCC_TEST_UNIT_LOWER_NAIVENETWORK_H
