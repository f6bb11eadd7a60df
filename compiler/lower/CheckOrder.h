//===- CheckOrder.h - LOADs, RUNs and STOREs in order -----------*- C++ -*-===//
//
// Proves that the engines, which run side by side, compute what the
// instructions would one after the other: whatever two of them share is ordered
// by tokens, for any time that the bus may take. Shares no code with the
// planner.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_CHECKORDER_H
#define BNNCC_COMPILER_LOWER_CHECKORDER_H

#include "bnn/isa/Engine.h"
#include "bnn/isa/Program.h"

namespace bnncc::lower {

/// The code of a program that decodes and verifies; `trace`: RUNs of the warm
/// code on the golden engine, for the cycles in which they write.
struct OrderJob {
  const ::bnn::isa::Program &program;
  const std::vector<::bnn::isa::Instruction> &cold, &warm;
  const std::vector<::bnn::isa::RunTrace> &trace;
};

/// False and one line in `error` if
/// * a RUN reads a lane word, a weight or a threshold row that was not written
///   before by the cold code or in its own window, or that another instruction
///   wrote in the first window than in the second;
/// * a RUN reads lane words of two maps: LOAD writes a window's first map, a RUN
///   that reads one map writes the next;
/// * a LOAD, RUN or STORE could overtake another of which it uses, or
///   overwrites, a place.
bool checkOrder(const OrderJob &job, std::string &error);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_CHECKORDER_H
