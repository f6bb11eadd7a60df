// Three bytes in four characters.
#include "Base64.h"

namespace bnn::host {

static constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encodeBase64(const std::vector<uint8_t> &bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    size_t count = std::min<size_t>(bytes.size() - i, 3);
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? bytes[i + k] : 0);
    for (size_t k = 0; k < 4; ++k)
      text += k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

bool decodeBase64(std::string_view text, std::vector<uint8_t> &bytes) {
  bytes.clear();
  if (text.size() % 4 != 0)
    return false;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  uint32_t group = 0;
  unsigned bits = 0;
  for (char c : text) {
    size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos)
      return false;
    group = group << 6 | uint32_t(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(uint8_t(group >> bits));
    }
  }
  return (group & ((1u << bits) - 1)) == 0; // what is left over says nothing
}

} // namespace bnn::host
