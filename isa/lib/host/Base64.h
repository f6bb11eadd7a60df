// Bytes as text: RFC 4648 with padding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bnn::host {

std::string encodeBase64(const std::vector<uint8_t> &bytes);
/// False if the text is none.
bool decodeBase64(std::string_view text, std::vector<uint8_t> &bytes);

} // namespace bnn::host
