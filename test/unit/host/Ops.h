// Operations of the host, made by hand.
#pragma once

#include "bnn/isa/host/Part.h"

namespace bnn::host {

inline Op opOf(Op::Kind kind, Shape in, Shape out, uint32_t operand) {
  Op op;
  op.kind = kind;
  op.in = in, op.out = out;
  op.operands = {operand};
  return op;
}

} // namespace bnn::host
