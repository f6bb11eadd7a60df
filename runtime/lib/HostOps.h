// Reads the epilogue's operations and infers their shapes.
#pragma once

#include "Fields.h"
#include "Io.h"

namespace bnn::runtime {

/// Reads `io.epilogue` for an input of shape `raw`; errors go to `io`'s reader.
void parseEpilogue(const Fields &io, MapShape raw, std::vector<HostOp> &ops);

} // namespace bnn::runtime
