// Words in, the operations, outputs out.
#include "bnn/isa/host/Epilogue.h"

#include <fmt/format.h>

namespace bnn::host {

Epilogue::Epilogue(const Part &part) : part(part), operations(part.ops) {}

static Tensor gatherWords(const Part &part, const uint8_t *output) {
  Tensor raw{part.raw, {}, {}};
  raw.data.reserve(part.words.size());
  for (uint32_t word : part.words) {
    const uint8_t *p = output + size_t(word) * 4;
    uint32_t value = p[0] | uint32_t(p[1]) << 8 | uint32_t(p[2]) << 16 |
                     uint32_t(p[3]) << 24;
    raw.data.push_back(double(int32_t(value)));
  }
  return raw;
}

bool Epilogue::run(const uint8_t *output, std::span<void *const> results,
                   std::string &error,
                   std::vector<CloseDecision> *close) const {
  std::vector<Tensor> values;
  values.push_back(gatherWords(part, output));
  if (close ? !operations.run(values, graphUnit(part), *close, error)
            : !operations.run(values, error))
    return false;
  for (size_t i = 0; i < part.outputs.size(); ++i) {
    const Output &o = part.outputs[i];
    if (!results[i] || storeElements(o.tensor.type, values[o.value].data,
                                     results[i], error))
      continue;
    if (part.outputs.size() > 1)
      error = fmt::format("'{}': {}", o.tensor.name, error);
    return false;
  }
  return true;
}

} // namespace bnn::host
