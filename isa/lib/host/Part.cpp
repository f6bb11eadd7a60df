// Sizes, and the ranges of a quantiser's codes.
#include "bnn/isa/host/Part.h"

#include <algorithm>

namespace bnn::host {

int64_t TensorSpec::elements() const {
  int64_t result = 1;
  for (int64_t size : shape)
    result *= size;
  return result;
}

int32_t Quantiser::lowest() const {
  if (kind == Kind::Cast)
    return min;
  if (kind == Kind::Bipolar)
    return -1;
  if (!codes.empty())
    return *std::min_element(codes.begin(), codes.end());
  return int32_t(
      std::min<int64_t>(first, first + int64_t(step) * int64_t(width())));
}

int32_t Quantiser::highest() const {
  if (kind == Kind::Cast)
    return max;
  if (kind == Kind::Bipolar)
    return 1;
  if (!codes.empty())
    return *std::max_element(codes.begin(), codes.end());
  return int32_t(
      std::max<int64_t>(first, first + int64_t(step) * int64_t(width())));
}

int64_t Part::multiplications() const {
  int64_t sum = 0;
  for (const auto *list : {&before, &ops})
    for (const Op &op : *list) {
      if (op.kind == Op::Kind::Conv)
        sum += op.out.size() * op.in.c * op.kernelH * op.kernelW;
      else if (op.kind == Op::Kind::Affine || op.kind == Op::Kind::ToReal)
        for (int64_t c = 0; c < op.out.c; ++c)
          sum += op.scale.at(c) != 1 ? op.out.h * op.out.w : 0;
    }
  return sum;
}

} // namespace bnn::host
