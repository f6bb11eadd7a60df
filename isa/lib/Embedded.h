// Text files that the build put into the library.
#pragma once

#include <string_view>
#include <vector>

namespace bnn::isa::embedded {

struct EmbeddedFile {
  std::string_view name; ///< file name without extension
  std::string_view text;
};

const std::vector<EmbeddedFile> &targets();
const std::vector<EmbeddedFile> &microcode();

} // namespace bnn::isa::embedded
