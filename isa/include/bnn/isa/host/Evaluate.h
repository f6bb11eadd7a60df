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

/// Half a unit in the last place, relative, of the floats in which a runtime
/// computes the graph: float32, or float64 where its input has that type.
double graphUnit(const Part &part);

/// A decision that a runtime could make otherwise whose sums are rounded: the
/// exact value lies as near its threshold as those may be off.
struct CloseDecision {
  uint32_t decision = 0; ///< which of the decisions among the operations
  Shape shape;           ///< of the map that is decided on
  size_t element = 0;    ///< of that map; of a class: the largest
  int64_t best = -1, other = -1; ///< classes; none for a threshold
  double value = 0;      ///< the exact one, rounded once to a double
  double threshold = 0;  ///< or the other class's value
  double bound = 0;      ///< of what the runtime's sums are off by
};

/// The operations of a part, ready to be run; immutable. Keeps a reference.
class Operations {
public:
  explicit Operations(const std::vector<Op> &ops);

  /// Sets `values[i]` to value i; `values[0]`, whose elements are exact, is given.
  /// False if a decision (Quantise, ArgMax) has no exact answer: it depends on
  /// an exponential. `error` then says where.
  bool run(std::vector<Tensor> &values, std::string &error) const;
  /// The same, and the decisions that a runtime could make otherwise, in which
  /// each operation has a relative error of `unit`, in whatever order it adds.
  bool run(std::vector<Tensor> &values, double unit,
           std::vector<CloseDecision> &close, std::string &error) const;
  /// Whether there is a decision at all.
  bool decides() const;

  /// Decisions that doubles left open, since construction.
  static uint64_t exactDecisions();

private:
  friend class Evaluation;
  const std::vector<Op> &ops;
  std::vector<bool> bounded; ///< values that a decision depends on
};

} // namespace bnn::host
