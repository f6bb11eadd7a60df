// DEFLATE (RFC 1951) without a header: how the sections of a program are packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bnn::isa {

/// Packs as small as zlib can; the same bytes give the same result.
std::vector<uint8_t> deflate(std::span<const uint8_t> bytes);

/// Unpacks `packed` into exactly `size` bytes. False, and `out` empty, if it is
/// not one whole stream of that many bytes.
bool inflate(std::span<const uint8_t> packed, size_t size,
             std::vector<uint8_t> &out);

} // namespace bnn::isa
