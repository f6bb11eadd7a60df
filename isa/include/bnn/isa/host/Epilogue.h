// From the engine's output bytes to the graph's own outputs.
#pragma once

#include "bnn/isa/host/Part.h"

#include <span>

namespace bnn::host {

/// A map of doubles, C order.
struct Tensor {
  Shape shape;
  std::vector<double> data;
};

/// The result of one operation on its operands, of the shapes that it expects.
Tensor applyOp(const Op &op, std::span<const Tensor *const> operands);

/// Gathers the integers of one window (`output`: its outputBytes), applies the
/// operations in double and writes output i in the graph's own type at
/// `results[i]` (nullptr: not wanted). Returns false if a type cannot hold a
/// value; `error` then says which.
bool runEpilogue(const Part &part, const uint8_t *output,
                 std::span<void *const> results, std::string &error);

} // namespace bnn::host
