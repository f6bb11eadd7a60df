//===- Report.h - What a compilation came to --------------------*- C++ -*-===//
//
// The summary that every run of bnncc prints, as text for a person or as JSON
// with one entry per layer.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REPORT_REPORT_H
#define BNNCC_COMPILER_REPORT_REPORT_H

#include "lower/CheckBinary.h"
#include "lower/Legalise.h"
#include "lower/Plan.h"
#include "lower/Verify.h"

#include "bnn/isa/Program.h"

#include <optional>
#include <nlohmann/json.hpp>

namespace bnncc {

struct ReportData {
  std::string model, output;
  const lower::Network &network;
  const lower::Plan &plan;
  const ::bnn::isa::Program &program;
  const lower::CheckResult &check;
  const lower::VerifyResult &verify;
  bool verified = false;
  uint32_t seed = 1; ///< of the random windows of the verification
  double milliseconds = 0;
  /// Values of the graph's input at which its code changes, and how many of them
  /// are elsewhere in real arithmetic than in its own floats; none if only one
  /// of the two is known.
  std::optional<std::pair<int64_t, int64_t>> inputChanges;
};

std::string textReport(const ReportData &data);
nlohmann::ordered_json jsonReport(const ReportData &data);

} // namespace bnncc

#endif // BNNCC_COMPILER_REPORT_REPORT_H
