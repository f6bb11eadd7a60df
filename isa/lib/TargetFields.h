// The numbers of a target: their names in files and messages, their ranges.
#pragma once

#include "bnn/isa/Target.h"

#include <span>

namespace bnn::isa {

struct TargetField {
  const char *name;
  uint32_t Target::*member;
  uint32_t min, max;
  bool sizes; ///< part of the fingerprint
};

/// In the order of the program file's target section.
std::span<const TargetField> targetFields();

/// Checks the ranges. Returns false and sets `error` to one line.
bool checkSizes(const Target &target, std::string &error);

/// CRC-32 (zlib's); `crc` continues an earlier one.
uint32_t crc32(const void *data, size_t size, uint32_t crc = 0);

} // namespace bnn::isa
