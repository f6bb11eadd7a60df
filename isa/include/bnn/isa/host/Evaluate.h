// Runs operations on one window: in double, with proved bounds of the error
// where a decision depends on a value, and exactly where these do not decide.
#pragma once

#include "bnn/isa/host/Part.h"

#include <memory>
#include <unordered_map>

namespace bnn::host {

/// A map of doubles, C order.
struct Tensor {
  Shape shape;
  std::vector<double> data;
  /// Bounds of |data - true value|; empty: not worked out, or all exact.
  std::vector<double> errors;

  double error(size_t i) const { return errors.empty() ? 0 : errors[i]; }
};

/// The operations of a part, ready to be run; immutable. Keeps a reference.
class Operations {
public:
  explicit Operations(const std::vector<Op> &ops);

  /// Sets `values[i]` to value i; `values[0]`, whose elements are exact, is given.
  /// False if a decision (Quantise, ArgMax) has no exact answer: it depends on
  /// an exponential. `error` then says where.
  bool run(std::vector<Tensor> &values, std::string &error) const;

  /// Decisions that doubles left open, since construction.
  static uint64_t exactDecisions();

private:
  friend class Evaluation;
  const std::vector<Op> &ops;
  std::vector<bool> bounded; ///< values that a decision depends on
};

} // namespace bnn::host
