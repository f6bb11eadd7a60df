//===- Advice.cpp - Which target has room for a network -------------------===//
//
// Where a network does not fit, the built-in targets are planned for, one after
// the other, and those that have room are named. If none has, each memory is
// made as large as a target file may say and then smaller again, a power of two
// at a time, so that the sizes named are those of a plan that works.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bnncc::lower {

namespace {
struct Resource {
  const char *name;
  uint32_t isa::Target::*size;
};
constexpr Resource Resources[] = {
    {"lane_words", &isa::Target::laneWords},
    {"weight_rows", &isa::Target::weightRows},
    {"threshold_rows", &isa::Target::thresholdRows},
    {"control_words", &isa::Target::controlWords},
    {"output_words", &isa::Target::outputWords},
    {"accumulator_bits", &isa::Target::accumulatorBits}};

bool plans(const Network &network, const isa::Target &target) {
  Plan plan;
  std::string unused;
  return planNetwork(network, target, plan, unused);
}

/// "lane_words = 4096" for each size in which a target like `target` must be
/// larger; empty if no sizes help.
std::vector<std::string> largerSizes(const Network &network,
                                     const isa::Target &target) {
  isa::Target enough = isa::largestTarget();
  enough.clusters = target.clusters;
  if (!plans(network, enough))
    return {};
  std::vector<std::string> sizes;
  for (auto [name, size] : Resources) {
    uint32_t most = enough.*size;
    enough.*size = target.*size;
    if (plans(network, enough))
      continue;
    bool bits = size == &isa::Target::accumulatorBits;
    do
      enough.*size = bits ? enough.*size + 1 : 2 * (enough.*size);
    while (enough.*size < most && !plans(network, enough));
    enough.*size = std::min(enough.*size, most);
    sizes.push_back(fmt::format("{} = {}", name, enough.*size));
  }
  return sizes;
}
} // namespace

bool planOrAdvise(const Network &network, const isa::Target &target, Plan &plan,
                  std::string &error) {
  if (planNetwork(network, target, plan, error))
    return true;
  std::vector<std::string> names;
  for (const isa::Target &other : isa::builtinTargets())
    if (other.fingerprint() != target.fingerprint() && plans(network, other))
      names.push_back(fmt::format("'{}'", other.name));
  if (!names.empty()) {
    error += fmt::format("; built-in target{} {} {} room",
                         names.size() > 1 ? "s" : "", fmt::join(names, " and "),
                         names.size() > 1 ? "have" : "has");
    return false;
  }
  std::vector<std::string> sizes = largerSizes(network, target);
  if (!sizes.empty())
    error += fmt::format("; no built-in target has room, it takes a target "
                         "file with {}",
                         fmt::join(sizes, " and "));
  else if (error.find("target '") != std::string::npos) // a size is too small
    error += "; no target can be made large enough, make the network smaller";
  return false;
}

} // namespace bnncc::lower
