// Bounds of what one RUN with its LOOPs and OUT touches.
#pragma once

#include "bnn/isa/Isa.h"
#include "bnn/isa/Target.h"

#include <array>
#include <optional>

namespace bnn::isa {

/// The control store as far as the code's loads tell.
struct ControlStore {
  explicit ControlStore(size_t size) : words(size) {}
  std::vector<std::optional<Microword>> words;
  bool known = true; ///< false: nothing can be said
};

/// LOOP and OUT words seen since the last RUN, and the check of the next one.
struct RunBounds {
  struct Nest {
    int64_t limit = 1, act = 0, weight = 0, threshold = 0;
    bool operator==(const Nest &) const = default;
  };
  std::array<Nest, 8> loops;
  std::optional<Out> out;
  bool anyLoop = false;

  void set(const Loop &loop);
  bool untouched() const { return !out && !anyLoop; }

  /// Walks the routine of `run`; every address that a step or the output unit
  /// can form must be inside its memory, and samples must come in order.
  bool check(const Run &run, const Target &target, const ControlStore &control,
             std::string &error) const;
};

} // namespace bnn::isa
