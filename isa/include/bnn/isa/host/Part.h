// The host's part of a program: what happens to a window before the engine's
// first integer and after its last (docs/program-file.md). The compiler writes
// it, proves it and the loader runs it, by this one library.
#pragma once

#include "bnn/isa/host/Elements.h"
#include "bnn/isa/host/Exact.h"

#include <array>
#include <initializer_list>

namespace bnn::host {

/// A map of C channels, H rows, W columns; its elements are in this order.
struct Shape {
  int64_t c = 1, h = 1, w = 1;
  int64_t size() const { return c * h * w; }
  bool operator==(const Shape &) const = default;
};

/// The ONNX graph's input or an output of it: one window, with the leading batch
/// axis of size 1 if the graph has one.
struct TensorSpec {
  std::string name;
  Type type = Type::Float32;
  std::vector<int64_t> shape;
  int64_t elements() const;
};

/// Input value -> code.
struct Quantiser {
  /// None: the values themselves, which operations before the engine read.
  enum class Kind { Boundaries, Cast, Bipolar, None };
  Kind kind = Kind::Cast;
  /// Values of the input's type, ascending; `rows` lists of one length, of which
  /// each is for an equal part of the input's elements (its channels).
  std::vector<double> boundaries;
  uint32_t rows = 1;
  int32_t first = 0, step = 1; ///< code = first + step * #{x >= boundary}
  /// Instead of first and step: the code for each count, row by row.
  std::vector<int16_t> codes;
  int32_t min = -128, max = 127; ///< Cast: the range of the integers
  int32_t lowest() const, highest() const; ///< the range of all codes
  size_t width() const { return boundaries.size() / rows; } ///< of a row
  int32_t codeAt(size_t row, size_t count) const {
    return codes.empty() ? first + step * int32_t(count)
                         : codes[row * (width() + 1) + count];
  }
};

/// Code -> bytes of the input region. Pads and pitches are in bytes; row y of
/// group g starts at g*groupBytes + (padTop + y)*rowBytes.
struct InputLayout {
  bool bits = false;
  uint32_t mask = 0;               ///< bytes: u = (code & 255) xor mask
  int32_t padCode = 0;             ///< bytes: code (0/1 for bits) of the pads
  uint32_t record = 1, groups = 1; ///< bits: bytes per pixel, groups of 32
  uint64_t groupBytes = 0, rowBytes = 0;
  uint32_t padLeft = 0, padRight = 0; ///< bytes before and after a row's pixels
  uint32_t padTop = 0, padBottom = 0; ///< whole rows of pads
  /// Pads at the two ends of all this that the engine makes: the region holds
  /// what is between.
  uint64_t lead = 0, trail = 0;
};

/// Constants of an operation, one for all channels or one for each.
struct Constants {
  std::vector<double> values;
  /// What `values` round; empty if they are exact.
  std::vector<Number> exact;

  Constants() = default;
  Constants(std::vector<double> values) : values(std::move(values)) {}
  Constants(std::initializer_list<double> values) : values(values) {}

  double at(int64_t c) const { return values[index(c)]; }
  Number exactAt(int64_t c) const {
    return exact.empty() ? Number(at(c)) : exact[index(c)];
  }

private:
  size_t index(int64_t c) const { return values.size() == 1 ? 0 : size_t(c); }
};

/// One operation on real maps, before the engine or after it. Its result is a
/// value of its own: value 0 is given (the input's codes, or the engine's
/// integers), operation i makes value i + 1.
struct Op {
  enum class Kind {
    ToReal,
    SplitPRelu,
    Affine,
    PRelu,
    Clip,
    Conv,
    MaxPool,
    Sum,
    Mean,
    Max,
    Add,
    Concat,
    Softmax,
    LogSoftmax,
    Sigmoid,
    Tanh,
    Quantise,
    ArgMax,
    Reshape,
    Gather
  };
  Kind kind = Kind::Affine;
  std::vector<uint32_t> operands = {0}; ///< values made before it
  Shape in, out;                        ///< of the first operand and the result
  Constants scale, scaleNeg, shift;     ///< PRelu: scale is the slope
  /// Affine: the largest constant that others cancelled in a shift; 0: none.
  double terms = 0;
  double min = 0, max = 0;              ///< Clip
  /// Conv: O x C x KH x KW, with zeros around the map where it is padded.
  std::vector<double> weights;
  int64_t kernelH = 1, kernelW = 1, strideH = 1, strideW = 1;
  int64_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  /// Quantise: code first + step * #{cuts reached}; x >= cut reaches an inclusive
  /// one, x > cut another. Rows of `levels` ascending cuts: one, or one per
  /// channel.
  std::vector<double> cuts;
  std::vector<bool> inclusive; ///< `levels` of them
  double first = 0, step = 1;
  int axis = 0;           ///< Softmax, LogSoftmax, ArgMax: 0 C, 1 H, 2 W
  bool lastIndex = false; ///< ArgMax: the last of equals instead of the first
  std::vector<uint32_t> from; ///< Gather: the operand's element of each
};

/// An output of the graph and the value that it is.
struct Output {
  TensorSpec tensor;
  uint32_t value = 0;
};

struct Part {
  TensorSpec input;
  Shape map; ///< of the input's elements
  /// The input's element that each element of the map is; empty if the map has
  /// the input's elements in their own order.
  std::vector<uint32_t> from;
  Quantiser quantiser;
  std::vector<Op> before; ///< from the codes to those that the engine gets
  InputLayout layout;     ///< of the last of their values
  std::vector<uint32_t> words; ///< int32 offsets in the window's output bytes
  Shape raw;                   ///< of value 0; two sums a channel: [2C, 1, 1]
  std::vector<Op> ops;
  std::vector<Output> outputs; ///< at least one
  /// What the compiler computed, 0 where it did not: steady cycles per window,
  /// of one window, and bounds of both behind a Zynq HP port.
  uint64_t predictedCycles = 0, predictedLatency = 0;
  uint64_t hpCycles = 0, hpLatency = 0;

  /// The map that the engine gets.
  const Shape &packed() const {
    return before.empty() ? map : before.back().out;
  }
  /// The shape of a value behind the engine.
  const Shape &shapeOf(uint32_t value) const {
    return value == 0 ? raw : ops[value - 1].out;
  }
  /// Multiplications of the operations before and after the engine, one window.
  int64_t multiplications() const;
};

/// Parses the JSON text of a program's `io` section and checks it against the
/// bytes of one window in the engine's memory. Whatever passes cannot make the
/// functions of this library read or write out of bounds. On failure returns
/// false and sets `error` to one line.
bool readPart(const std::string &text, uint64_t inputBytes, uint64_t outputBytes,
              Part &part, std::string &error);

/// The text that readPart reads; equal parts have equal texts. Shapes of
/// operations are not written, but worked out by the reader.
std::string writePart(const Part &part);

} // namespace bnn::host
