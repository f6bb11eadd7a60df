// From the engine's output bytes to the graph's own outputs.
#pragma once

#include "bnn/isa/host/Evaluate.h"

#include <span>

namespace bnn::host {

/// Immutable after construction; keeps a reference to `part`.
class Epilogue {
public:
  explicit Epilogue(const Part &part);

  /// Gathers the integers of one window (`output`: its outputBytes), applies the
  /// operations and writes output i in the graph's own type at `results[i]`
  /// (nullptr: not wanted). Returns false if a type cannot hold a value, or a
  /// decision has no exact answer; `error` then says which.
  /// `close` gets the decisions that a float runtime could make otherwise.
  bool run(const uint8_t *output, std::span<void *const> results,
           std::string &error,
           std::vector<CloseDecision> *close = nullptr) const;

private:
  const Part &part;
  Operations operations;
};

} // namespace bnn::host
