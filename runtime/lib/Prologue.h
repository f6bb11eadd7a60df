// From the graph's own input to the bytes the engine loads.
#pragma once

#include "Io.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bnn::runtime {

/// Quantises and packs one window at a time. Immutable after construction.
class Prologue {
public:
  Prologue(const Io &io, uint64_t inputBytes);

  /// Reads one window of the graph's input type at `input` and writes the
  /// window's inputBytes at `window`. Returns false if the quantiser refuses a
  /// value; `error` then says where ("[0, 0, 17] is NaN").
  bool run(const void *input, uint8_t *window, std::string &error) const;

private:
  template <typename T>
  bool quantise(const T *input, int16_t *codes, std::string &error) const;
  void packBytes(const int16_t *codes, uint8_t *window) const;
  void packBits(const int16_t *codes, uint8_t *window) const;

  const Io &io;
  std::vector<uint8_t> blank; ///< a window with its pads and no pixels
};

} // namespace bnn::runtime
