//===- FloatReport.cpp - What float32 decides otherwise -------------------===//
//
// See FloatReport.h.
//
//===----------------------------------------------------------------------===//

#include "FloatReport.h"
#include <fmt/format.h>

namespace bnncc {

using Json = nlohmann::ordered_json;
using lower::Layer;

namespace {
/// Of a list only the first are named in the text.
constexpr int mostNamed = 4;

/// Where float32 rounds near a decision or over it; the first few by name.
std::string floatText(const lower::Network &network,
                      const FloatTotals &totals) {
  std::string text = fmt::format("decides {} channels otherwise, {} near a tie",
                                 totals.differs, totals.nearTies);
  int named = 0;
  for (bool differs : {true, false})
    for (const Layer &layer : network.layers)
      for (const Layer::NearTie &tie : layer.nearTies)
        if (tie.differs == differs && ++named <= mostNamed)
          text += fmt::format("{} '{}' channel {}{}", named == 1 ? ":" : ",",
                              layer.decider, tie.channel,
                              differs ? " (otherwise)" : "");
  return text + (named > mostNamed ? ", ..." : "");
}

/// Classes that float32 decides otherwise, the first few by their integers.
std::string classText(const lower::Network &network,
                      const FloatTotals &totals) {
  std::string text;
  if (!network.classes.empty())
    text = fmt::format("float32 decides {} of {} pairs otherwise",
                       totals.classDiffers, totals.classPairs);
  int named = 0;
  for (const lower::ClassDecision &decision : network.classes)
    for (const auto &pair : decision.otherwise)
      if (++named <= mostNamed)
        text += fmt::format("{} '{}' classes {} and {} (at the integers {} and "
                            "{}; {} in all)",
                            named == 1 ? ":" : ",", decision.node, pair.first,
                            pair.second, pair.a, pair.b, pair.count);
  text += named > mostNamed ? ", ..." : "";
  if (network.uncompared)
    text += fmt::format("{}{} ArgMax not compared: not of integers alone, or of "
                        "too many",
                        text.empty() ? "" : "; ", network.uncompared);
  return text;
}

/// Layers whose weights count as one magnitude, with their channels.
std::string unevenText(const lower::Network &network) {
  std::string text;
  for (const Layer &layer : network.layers)
    if (layer.uneven)
      text += fmt::format("{}'{}' {} channels", text.empty() ? "" : ", ",
                          layer.name(), layer.uneven);
  return text + ": the weights' magnitudes differ by roundings and count as one, "
                "no input decides otherwise";
}
} // namespace

FloatTotals floatTotals(const lower::Network &network) {
  FloatTotals totals;
  for (const Layer &layer : network.layers) {
    totals.nearTies += int64_t(layer.nearTies.size());
    for (const Layer::NearTie &tie : layer.nearTies)
      totals.differs += tie.differs;
    totals.uneven += layer.uneven;
  }
  for (const lower::ClassDecision &decision : network.classes) {
    totals.classPairs += decision.pairs;
    totals.classDiffers += int64_t(decision.otherwise.size());
  }
  return totals;
}

std::vector<std::pair<const char *, std::string>>
floatLines(const ReportData &data) {
  FloatTotals totals = floatTotals(data.network);
  std::vector<std::pair<const char *, std::string>> lines = {
      {"float32", floatText(data.network, totals)}};
  if (std::string text = classText(data.network, totals); !text.empty())
    lines.emplace_back("classes", text);
  if (data.verify.closeWindows)
    lines.emplace_back(
        "rounding", fmt::format("on {} of the {} windows a decision of the host "
                                "lies within float32's rounding",
                                data.verify.closeWindows, data.verify.inputs));
  if (totals.uneven)
    lines.emplace_back("magnitudes", unevenText(data.network));
  return lines;
}

Json nearTiesJson(const Layer &layer) {
  Json list = Json::array();
  for (const Layer::NearTie &tie : layer.nearTies)
    list.push_back({{"node", layer.decider},
                    {"channel", tie.channel},
                    {"float32_differs", tie.differs}});
  return list;
}

Json classesJson(const lower::Network &network) {
  Json list = Json::array();
  for (const lower::ClassDecision &decision : network.classes) {
    Json otherwise = Json::array();
    for (const auto &pair : decision.otherwise)
      otherwise.push_back({{"classes", {pair.first, pair.second}},
                           {"integers", {pair.a, pair.b}},
                           {"count", pair.count}});
    list.push_back({{"node", decision.node},
                    {"pairs", decision.pairs},
                    {"float32_differs", std::move(otherwise)}});
  }
  return list;
}

} // namespace bnncc
