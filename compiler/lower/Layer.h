//===- Layer.h - What the back end compiles, without MLIR -------*- C++ -*-===//
//
// A network as the engine sees it: a chain of layers, each one convolution with
// what the output unit does to its sums. Planning, packing, allocation and
// encoding work on these structures only, so that they can be tested alone.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_LOWER_LAYER_H
#define BNNCC_COMPILER_LOWER_LAYER_H

#include <cstdint>
#include <string>
#include <vector>

namespace bnncc::lower {

struct Shape {
  int64_t c = 1, h = 1, w = 1;
  int64_t size() const { return c * h * w; }
  bool operator==(const Shape &) const = default;
};

/// What a layer's input map holds: bipolar bits, or bytes (int8, uint8).
enum class MapKind { Bits, Bytes };

/// What leaves the output unit (isa::OutMode without the reserved ones).
enum class OutputKind { Bits, Raw, Sum, Split, SumBits };

/// Switch points of a channel: bit = first xor parity(#{points <= x}).
struct SwitchPoints {
  std::vector<int64_t> points; ///< ascending
  bool first = false;          ///< the bit below all points
  bool operator==(const SwitchPoints &) const = default;
};

struct Pool {
  int64_t window = 1, stride = 1;
  bool beforeThreshold = true; ///< max on integers; else OR on bits
};

struct Layer {
  std::string label;              ///< the convolution's ONNX node
  std::string module;             ///< the user's, if the exporter left it
  std::vector<std::string> nodes; ///< all ONNX nodes, in order
  Shape in;                       ///< without padding
  Shape conv;                     ///< sums, before pooling
  Shape out;                      ///< what is handed on
  MapKind kind = MapKind::Bits;
  bool fromHost = false; ///< the loader packs the input map
  bool isSigned = true;  ///< Bytes: int8 codes, else uint8
  int64_t codeLow = -128, codeHigh = 127; ///< Bytes: the codes that can occur
  int64_t kernelH = 1, kernelW = 1, strideH = 1, strideW = 1;
  int64_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  int64_t padValue = -1;       ///< in the units of the input's codes
  /// O x sets x C x KH x KW, each -1 or +1. The sets of a channel meet the same
  /// window and add up to `factor` times the weights that are meant.
  std::vector<int8_t> weights;
  int64_t sets = 1, factor = 1;
  Pool pool;
  OutputKind output = OutputKind::Bits;
  /// Of Bits and SumBits: for each channel, or for each element of `out`.
  std::vector<SwitchPoints> thresholds;
  bool borderGroup = false; ///< its input has constants that tell the border
  bool mirrored = false;    ///< the upper half of the channels: complements
  bool partial = false;     ///< its bits are no node's: a later layer makes them
  int64_t witnesses = 0;    ///< counted by the fusion
  std::string decider;      ///< the ONNX node that makes the bits
  /// Channels that float32 decides within rounding of a tie, or otherwise.
  struct NearTie {
    int64_t channel;
    bool differs;
  };
  std::vector<NearTie> nearTies;
  int64_t uneven = 0; ///< channels of weights whose magnitudes are rounded

  int64_t taps() const { return in.c * kernelH * kernelW * sets; }
  int8_t weight(int64_t o, int64_t c, int64_t y, int64_t x,
                int64_t set = 0) const {
    return weights[(((o * sets + set) * in.c + c) * kernelH + y) * kernelW + x];
  }
  bool differsByPosition() const {
    return int64_t(thresholds.size()) > conv.c;
  }
  const SwitchPoints &thresholdOf(int64_t o, int64_t y, int64_t x) const {
    return thresholds[differsByPosition() ? (o * out.h + y) * out.w + x : o];
  }
  /// Multiply-accumulates of one window.
  int64_t macs() const { return conv.size() * taps(); }
  std::string name() const {
    return !label.empty() ? label : nodes.empty() ? "?" : nodes.front();
  }
  /// How an error begins that is about this layer.
  std::string place() const {
    std::string node = "node '" + name() + "'";
    return module.empty() ? node : node + " of module '" + module + "'";
  }
};

/// ArgMax, whose classes were compared in float32 and exactly at all of their
/// integers.
struct ClassDecision {
  std::string node;
  int64_t pairs = 0;
  /// Two classes that float32 decides otherwise at `count` pairs of integers,
  /// for one at a and b.
  struct Otherwise {
    int64_t first, second, count, a, b;
  };
  std::vector<Otherwise> otherwise;
};

/// The layers of one program, input to output.
struct Network {
  std::vector<Layer> layers;
  std::vector<ClassDecision> classes;
  int64_t uncompared = 0; ///< ArgMax of other values
};

} // namespace bnncc::lower

#endif // BNNCC_COMPILER_LOWER_LAYER_H
