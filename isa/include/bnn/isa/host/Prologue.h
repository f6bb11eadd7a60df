// From the graph's own input to the bytes that the engine loads.
#pragma once

#include "bnn/isa/host/Evaluate.h"

#include <span>

namespace bnn::host {

/// Quantises and packs one window at a time. Immutable after construction;
/// keeps a reference to `part`.
class Prologue {
public:
  Prologue(const Part &part, uint64_t inputBytes);

  /// Reads one window of the graph's input type at `input` and writes the
  /// window's inputBytes at `window`. Returns false if the quantiser refuses a
  /// value; `error` then says where ("[0, 0, 17] is NaN").
  /// `close` gets the decisions before the engine that a float runtime could
  /// make otherwise.
  bool run(const void *input, uint8_t *window, std::string &error,
           std::vector<CloseDecision> *close = nullptr) const;

  /// Packs one window of codes of the map that the engine gets, C x H x W (bits
  /// as 0 and 1).
  void pack(std::span<const int16_t> codes, uint8_t *window) const;

private:
  bool quantise(const void *input, int16_t *codes, std::string &error) const;
  template <typename T>
  bool quantise(const T *input, int16_t *codes, std::string &error) const;
  bool compute(const void *input, std::vector<int16_t> &codes,
               std::string &error, std::vector<CloseDecision> *close) const;
  void packBytes(const int16_t *codes, uint8_t *window) const;
  void packBits(const int16_t *codes, uint8_t *window) const;

  const Part &part;
  Operations operations;
  std::vector<uint8_t> blank; ///< a window with its pads and no pixels
};

} // namespace bnn::host
