// Reads the operations after the last integer and infers their shapes.
#pragma once

#include "Fields.h"
#include "bnn/isa/host/Part.h"

#include <array>

namespace bnn::host {

/// Reads the list `key` of operations on a value 0 of shape `given`; errors go to
/// `io`'s reader.
void readOps(const Fields &io, const char *key, const Shape &given,
             std::vector<Op> &ops);

/// Reads which of `elements` elements the `count` of a map are: `starts`, and
/// around each of them loops of `counts` in `steps`, the last the innermost.
std::vector<uint32_t> readGather(const Fields &from, int64_t elements,
                                 int64_t count);

/// The operations' names in the file. Sum, Mean and Max are "reduce" with a
/// kind.
inline constexpr std::array<std::pair<const char *, Op::Kind>, 20> opNames{{
    {"to_real", Op::Kind::ToReal},
    {"split_prelu", Op::Kind::SplitPRelu},
    {"affine", Op::Kind::Affine},
    {"prelu", Op::Kind::PRelu},
    {"clip", Op::Kind::Clip},
    {"conv", Op::Kind::Conv},
    {"max_pool", Op::Kind::MaxPool},
    {"reduce", Op::Kind::Sum},
    {"reduce", Op::Kind::Mean},
    {"reduce", Op::Kind::Max},
    {"add", Op::Kind::Add},
    {"concat", Op::Kind::Concat},
    {"softmax", Op::Kind::Softmax},
    {"log_softmax", Op::Kind::LogSoftmax},
    {"sigmoid", Op::Kind::Sigmoid},
    {"tanh", Op::Kind::Tanh},
    {"quantise", Op::Kind::Quantise},
    {"argmax", Op::Kind::ArgMax},
    {"reshape", Op::Kind::Reshape},
    {"gather", Op::Kind::Gather},
}};

} // namespace bnn::host
