//===- Bound.h - Cycles behind a Zynq HP port -------------------*- C++ -*-===//
//
// The engine's times are maxima and sums of the times before them (tokens,
// queues, delays, stalls): whatever comes later makes nothing else come
// earlier. So if every LOAD and STORE takes the longest that it may, all events
// of the resulting timeline are upper bounds. Two things are no such sums, and
// are charged in full: what LOAD waits for the lanes' one write port, and the
// refreshes of the memory.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_BOUND_H
#define BNNCC_COMPILER_LOWER_BOUND_H

#include "bnn/isa/Engine.h"

#include <vector>

namespace bnncc::lower {

/// At most so many cycles later than on ideal memory each LOAD or STORE of
/// `warm` ends on isa::HpPort: by window of a stream (the last one stands for
/// those that follow), by instruction. `trace`: RUNs of three windows or more on
/// the golden engine, for the lane writes of each. STOREs read the output
/// buffer, whose port they have for themselves.
std::vector<std::vector<uint64_t>>
hpDelays(const std::vector<::bnn::isa::Instruction> &warm,
         const std::vector<::bnn::isa::RunTrace> &trace);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_BOUND_H
