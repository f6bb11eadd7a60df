// What bnn-run prints on success.
#pragma once

#include "Close.h"
#include "Compare.h"
#include "Options.h"

#include <optional>

namespace bnn::run {

struct Report {
  const Options &options;
  const bnn_program *program;
  const bnn_device *device;
  bnn_stats stats;
  double seconds = 0;         ///< the whole run, files included
  std::vector<int64_t> found; ///< the class of each window; may be empty
  std::optional<Comparison> comparison;
  std::optional<Confusion> confusion;
  std::optional<CloseDecisions> close; ///< with a reference and host decisions
};

/// The summary for a person, one fact per line.
std::string summaryText(const Report &report);
/// The same as one JSON object.
std::string summaryJson(const Report &report);

} // namespace bnn::run
