// Reads the operations after the last integer and infers their shapes.
#pragma once

#include "Fields.h"
#include "bnn/isa/host/Part.h"

#include <array>

namespace bnn::host {

/// Reads `io.epilogue` behind `part.raw`; errors go to `io`'s reader.
void readOps(const Fields &io, Part &part);

/// Reads which of `elements` elements the `count` of a map are: `starts`, and
/// around each of them loops of `counts` in `steps`, the last the innermost.
std::vector<uint32_t> readGather(const Fields &from, int64_t elements,
                                 int64_t count);

/// The operations' names in the file. Sum, Mean and Max are "reduce" with a
/// kind.
inline constexpr std::array<std::pair<const char *, Op::Kind>, 17> opNames{{
    {"to_real", Op::Kind::ToReal},
    {"split_prelu", Op::Kind::SplitPRelu},
    {"affine", Op::Kind::Affine},
    {"prelu", Op::Kind::PRelu},
    {"clip", Op::Kind::Clip},
    {"max_pool", Op::Kind::MaxPool},
    {"reduce", Op::Kind::Sum},
    {"reduce", Op::Kind::Mean},
    {"reduce", Op::Kind::Max},
    {"softmax", Op::Kind::Softmax},
    {"log_softmax", Op::Kind::LogSoftmax},
    {"sigmoid", Op::Kind::Sigmoid},
    {"tanh", Op::Kind::Tanh},
    {"sign", Op::Kind::Sign},
    {"argmax", Op::Kind::ArgMax},
    {"reshape", Op::Kind::Reshape},
    {"gather", Op::Kind::Gather},
}};

} // namespace bnn::host
