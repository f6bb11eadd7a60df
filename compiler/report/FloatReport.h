//===- FloatReport.h - What float32 decides otherwise -----------*- C++ -*-===//
//
// The part of the report that compares the exact meaning with float32 in ONNX
// Runtime's order of operations.
//
//===----------------------------------------------------------------------===//

#ifndef BNNCC_COMPILER_REPORT_FLOATREPORT_H
#define BNNCC_COMPILER_REPORT_FLOATREPORT_H

#include "Report.h"

namespace bnncc {

struct FloatTotals {
  int64_t nearTies = 0, differs = 0, uneven = 0, classPairs = 0,
          classDiffers = 0;
};
FloatTotals floatTotals(const lower::Network &network);

/// The lines of the text, each with its label.
std::vector<std::pair<const char *, std::string>>
floatLines(const ReportData &data);

nlohmann::ordered_json nearTiesJson(const lower::Layer &layer);
nlohmann::ordered_json classesJson(const lower::Network &network);

} // namespace bnncc

#endif // BNNCC_COMPILER_REPORT_FLOATREPORT_H
