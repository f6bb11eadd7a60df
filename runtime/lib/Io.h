// The `io` section of a program file, parsed and checked: all that the loader
// does around the engine (docs/program-file.md).
#pragma once

#include "bnn/runtime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::runtime {

/// A map of C channels, H rows, W columns.
struct MapShape {
  int64_t c = 1, h = 1, w = 1;
  int64_t size() const { return c * h * w; }
};

/// The ONNX graph's input or output.
struct TensorSpec {
  std::string name;
  bnn_type type = BNN_FLOAT32;
  std::vector<int64_t> shape;
  int64_t elements() const;
};

/// Input value -> code.
struct Quantiser {
  enum class Kind { Boundaries, Cast, Bipolar };
  Kind kind = Kind::Cast;
  std::vector<float> boundaries; ///< ascending
  int32_t first = 0, step = 1;   ///< code = first + step * #{x >= boundary}
  int32_t min = -128, max = 127; ///< Cast: the range of the integers
  int32_t lowest() const, highest() const; ///< the range of all codes
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

/// One host operation after the last integer, on doubles C x H x W.
struct HostOp {
  enum class Kind {
    ToReal,
    SplitPRelu,
    Affine,
    PRelu,
    Clip,
    MaxPool,
    Sum,
    Mean,
    Max,
    Softmax,
    LogSoftmax,
    Sigmoid,
    Tanh,
    Sign,
    ArgMax,
    Reshape
  };
  Kind kind = Kind::Affine;
  MapShape in, out;
  std::vector<double> scale, scaleNeg, shift; ///< per channel, expanded to C
  double min = 0, max = 0;                    ///< Clip
  double zero = 0;                            ///< Sign: its value at 0
  int64_t kernelH = 1, kernelW = 1, strideH = 1, strideW = 1;
  int64_t padTop = 0, padLeft = 0;
  int axis = 0;           ///< Softmax, LogSoftmax, ArgMax: 0 C, 1 H, 2 W
  bool lastIndex = false; ///< ArgMax: the last of equals instead of the first
};

struct Io {
  TensorSpec input, output;
  MapShape map;
  Quantiser quantiser;
  InputLayout layout;
  std::vector<uint32_t> words; ///< int32 offsets in the window's output bytes
  MapShape raw;
  std::vector<HostOp> epilogue;
  uint64_t predictedCycles = 0, predictedLatency = 0;
  uint64_t hpCycles = 0, hpLatency = 0; ///< at most, behind a Zynq HP port
};

/// Parses the JSON text and checks it against the sizes of one window. On
/// failure returns false and sets `error` to one line.
bool parseIo(const std::string &text, uint64_t inputBytes, uint64_t outputBytes,
             Io &io, std::string &error);

} // namespace bnn::runtime
