// The program file (.bnn): sections, checks, and what they mean in memory.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::isa {

/// A compiled program. `image` is loaded as region Program; the code ranges are
/// byte ranges of the image. `io` and `debug` are JSON texts (docs/program-file.md).
struct Program {
  Target target;                 ///< what it was compiled for
  std::vector<uint8_t> image;    ///< code, microcode, weights, thresholds
  uint32_t coldBegin = 0, coldEnd = 0; ///< run once after loading
  uint32_t warmBegin = 0, warmEnd = 0; ///< run once per window
  uint32_t inputBytes = 0, outputBytes = 0, scratchBytes = 0; ///< per window
  uint32_t codeBytes = 0, microcodeBytes = 0, weightBytes = 0, thresholdBytes = 0;
  std::string io;    ///< prologue, epilogue, tensor names, shapes and types
  std::string debug; ///< instruction -> ONNX nodes; may be empty (stripped)
};

/// Serialises; same program, same bytes.
std::vector<uint8_t> writeProgram(const Program &program);

/// What a section takes: unpacked, and in the file.
struct SectionSize {
  Section kind;
  size_t bytes, stored;
};

/// Parses and checks every length, the CRC and the versions; unpacks what a table
/// without fault allows. Returns false and sets `error` to one line; never reads
/// out of bounds on any input.
bool readProgram(const uint8_t *data, size_t size, Program &program, std::string &error,
                 std::vector<SectionSize> *sizes = nullptr);

/// Checks that `program` runs on `target`; the error names the fields that differ.
bool checkTarget(const Program &program, const Target &target, std::string &error);

} // namespace bnn::isa
