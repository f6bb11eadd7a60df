// Close decisions as text and JSON.
#include "Close.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bnn::run {

namespace {
// Far more than a person reads; a bound of the memory.
constexpr size_t mostKept = size_t(1) << 20, mostInJson = 100, mostInText = 4;

std::string placeText(const bnn_close_decision &d) {
  std::string text = fmt::format("window {}, ", d.window);
  if (d.decision)
    text += fmt::format("decision {}, ", d.decision + 1);
  if (d.best < 0)
    text += fmt::format("channel {}, ", d.channel);
  return text + fmt::format("row {}, position {}", d.row, d.position);
}

// Digits enough to tell a double from its neighbours.
std::string decisionText(const bnn_close_decision &d) {
  if (d.best < 0)
    return fmt::format("{} (exactly {:.17g}, threshold {:.17g}, sums off by up "
                       "to {:.2g})",
                       placeText(d), d.value, d.threshold, d.bound);
  return fmt::format("{} (class {} with exactly {:.17g}, class {} with {:.17g}, "
                     "sums off by up to {:.2g})",
                     placeText(d), d.best, d.value, d.other, d.threshold,
                     d.bound);
}
} // namespace

void CloseDecisions::collect(void *context,
                             const bnn_close_decision *decision) {
  auto *all = static_cast<CloseDecisions *>(context);
  ++all->count;
  if (all->kept.size() < mostKept)
    all->kept.push_back(*decision);
}

void CloseDecisions::sort() {
  std::stable_sort(kept.begin(), kept.end(),
                   [](const bnn_close_decision &a, const bnn_close_decision &b) {
                     return a.window < b.window;
                   });
}

std::string closeText(const CloseDecisions &close,
                      const std::vector<int64_t> *windows) {
  size_t count = 0;
  std::string text;
  for (const bnn_close_decision &d : close.kept) {
    if (windows &&
        !std::binary_search(windows->begin(), windows->end(), int64_t(d.window)))
      continue;
    if (count++ < mostInText)
      text += (text.empty() ? "" : "; ") + decisionText(d);
  }
  count += windows ? 0 : close.count - close.kept.size();
  if (count > mostInText)
    text += fmt::format("; {} more", count - mostInText);
  return text;
}

nlohmann::ordered_json closeJson(const CloseDecisions &close) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < std::min(close.kept.size(), mostInJson); ++i) {
    const bnn_close_decision &d = close.kept[i];
    nlohmann::ordered_json entry = {
        {"window", d.window},       {"before_engine", d.before != 0},
        {"decision", d.decision},   {"row", d.row},
        {"position", d.position},   {"exact", d.value},
        {"threshold", d.threshold}, {"bound", d.bound}};
    if (d.best < 0)
      entry["channel"] = d.channel;
    else
      entry["classes"] = {d.best, d.other};
    list.push_back(std::move(entry));
  }
  return {{"count", close.count}, {"first", std::move(list)}};
}

} // namespace bnn::run
