//===- Emit.h - A plan as instructions, image and program -------*- C++ -*-===//
//
// Writes the instructions of a plan, its microcode, weights and thresholds into
// one image, with the ranges that the loader and the reports need.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_EMIT_H
#define BNNCC_COMPILER_LOWER_EMIT_H

#include "Plan.h"

#include "bnn/isa/Program.h"
#include "bnn/isa/host/Part.h"

namespace bnncc::lower {
namespace host = ::bnn::host;

/// An instruction and the layer it serves (-1: none or several).
struct MachineInstruction {
  isa::Instruction instruction;
  int layer = -1;
};

/// Cold code fills the memories once, warm code runs one window.
struct MachineCode {
  std::vector<MachineInstruction> cold, warm;
};

/// Bytes of one window in the region Input: the input map but for those pads
/// at its ends that LOAD makes.
uint32_t inputBytes(const Plan &plan);
/// Bytes of one window in the region Output: up to the last value's beat.
uint32_t outputBytes(const Network &network, const Plan &plan);

/// How the host lays out the codes of the first layer's input map.
host::InputLayout inputLayout(const Layer &first, const MapLayout &map);

/// Instructions of `plan`; program addresses are laid out as buildImage does.
MachineCode emitCode(const Network &network, const Plan &plan);

/// Image and ranges of `program`; its `io` and `debug` stay empty.
isa::Program buildProgram(const Network &network, const Plan &plan,
                          const MachineCode &code);

/// Offsets in int32 words, in the window's output, of the values of a Raw, Sum
/// or Split layer in the order C x H x W (Split: sums >= 0, then sums < 0).
std::vector<uint32_t> outputOrder(const Network &network, const Plan &plan);

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_EMIT_H
