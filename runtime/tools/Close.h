// Decisions of the host that float32 sums could make otherwise, as bnn-run
// names them.
#pragma once

#include "bnn/runtime.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bnn::run {

/// The close decisions of a batch: all are counted, the first are kept, and of
/// every window the first.
struct CloseDecisions {
  size_t count = 0;
  std::vector<bnn_close_decision> kept;

  /// Window by window, before the engine first.
  void sort();
  /// For bnn_run_examined, whose context is the object.
  static void collect(void *context, const bnn_close_decision *decision);
};

/// "window 3: channel 2, row 0, position 17 before the engine: exactly ..." for
/// the first few, and how many more; of `windows` alone where there are any.
std::string closeText(const CloseDecisions &close,
                      const std::vector<int64_t> *windows = nullptr);
/// The count, and what is kept.
nlohmann::ordered_json closeJson(const CloseDecisions &close);

} // namespace bnn::run
