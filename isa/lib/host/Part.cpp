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
  if (kind == Kind::Boundaries)
    return int32_t(std::min<int64_t>(
        first, first + int64_t(step) * int64_t(boundaries.size())));
  return kind == Kind::Cast ? min : -1;
}

int32_t Quantiser::highest() const {
  if (kind == Kind::Boundaries)
    return int32_t(std::max<int64_t>(
        first, first + int64_t(step) * int64_t(boundaries.size())));
  return kind == Kind::Cast ? max : 1;
}

} // namespace bnn::host
