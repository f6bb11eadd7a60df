// Random changes of an ONNX model that keep it a well-formed file.
#ifndef BNNCC_TEST_FUZZ_MUTATE_H
#define BNNCC_TEST_FUZZ_MUTATE_H

#include "onnx.pb.h"
#include <random>
#include <vector>

namespace fuzz {

using Random = std::mt19937_64;
using Model = bnncc::onnxpb::ModelProto;

/// A number in [0, n); n > 0.
inline size_t below(Random &random, size_t n) { return random() % n; }
inline bool chance(Random &random, int percent) {
  return below(random, 100) < size_t(percent);
}

/// Changes `model` in one to four places; `donors` lend nodes and attributes.
void mutate(Model &model, const std::vector<Model> &donors, Random &random);

} // namespace fuzz

#endif // BNNCC_TEST_FUZZ_MUTATE_H
