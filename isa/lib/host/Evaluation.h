// One window's values while they are worked out.
#pragma once

#include "Bounded.h"
#include "bnn/isa/host/Evaluate.h"

namespace bnn::host {

class Evaluation {
public:
  Evaluation(const Operations &program, std::vector<Tensor> &values,
             std::string &error)
      : program(program), values(values), error(error) {}

  bool run();
  /// Of values that have been run: see Operations::close.
  std::vector<CloseDecision> closeDecisions(double unit);

private:
  Tensor apply(const Op &op, bool bounded);
  Tensor applyDecision(const Op &op);

  /// -1, 0 or 1 for element i of `value` less element j of it, or less a number;
  /// 0 and a line in `error` where there is no exact answer.
  int compare(uint32_t value, size_t i, size_t j);
  int compare(uint32_t value, size_t i, double cut);
  int decided(uint32_t value, size_t i, std::optional<int> sign);
  /// The same signs exactly, below functions that rise; none if an exponential
  /// took part (Exactly.cpp).
  std::optional<int> exactOrder(uint32_t value, size_t i, size_t j);
  std::optional<int> exactSide(uint32_t value, size_t i, double cut);

  /// The element itself; none if an exponential took part.
  std::optional<Number> exact(uint32_t value, size_t i);
  std::optional<Number> exactOf(const Op &op, size_t i);
  std::optional<Number> exactConv(const Op &op, size_t i);
  std::optional<Number> exactLargest(const Op &op,
                                     const std::vector<size_t> &members);

  std::vector<double> roundingOf(const Op &op, const Tensor &out,
                                 const std::vector<std::vector<double>> &bounds,
                                 double unit) const;
  void closeCuts(const Op &op, const std::vector<double> &bounds,
                 CloseDecision place, std::vector<CloseDecision> &found);
  void closeClasses(const Op &op, const Tensor &out,
                    const std::vector<double> &bounds, CloseDecision place,
                    std::vector<CloseDecision> &found);
  /// The exact element, rounded once; its double if it has no exact form.
  double nearest(uint32_t value, size_t i);

  const Operations &program;
  std::vector<Tensor> &values;
  std::string &error;
  std::unordered_map<uint64_t, Number> memo; ///< value << 32 | element
};

/// The elements of the operand that a pool's element i is the largest of.
std::vector<size_t> poolMembers(const Op &op, size_t i);
Tensor convolve(const Op &op, const Tensor &in, bool bounded);
/// Calls fn(first, step, count) for each line of elements along `axis`.
template <typename Fn> void perLine(const Shape &shape, int axis, Fn fn) {
  int64_t sizes[3] = {shape.c, shape.h, shape.w};
  int64_t steps[3] = {shape.h * shape.w, shape.w, 1};
  int64_t count = sizes[axis], step = steps[axis];
  for (int64_t outer = 0; outer < shape.size() / (count * step); ++outer)
    for (int64_t inner = 0; inner < step; ++inner)
      fn(size_t(outer * count * step + inner), size_t(step), size_t(count));
}

} // namespace bnn::host
