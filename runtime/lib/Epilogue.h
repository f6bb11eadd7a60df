// From the engine's output bytes to the graph's own output.
#pragma once

#include "Io.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::runtime {

/// A map of doubles, C order.
struct HostTensor {
  MapShape shape;
  std::vector<double> data;
};

/// Applies one operation; `tensor.shape` must be `op.in` and becomes `op.out`.
void applyHostOp(const HostOp &op, HostTensor &tensor);

/// Gathers the raw integers of one window (`output`: its outputBytes), applies
/// the epilogue in double and writes the graph's output type at `result`.
/// Returns false if that type cannot hold a value; `error` then says which.
bool runEpilogue(const Io &io, const uint8_t *output, void *result,
                 std::string &error);

} // namespace bnn::runtime
