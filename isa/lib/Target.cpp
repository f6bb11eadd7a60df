// Target files: built in or JSON, and the fingerprint that programs carry.
#include "bnn/isa/Target.h"

#include "Embedded.h"
#include "TargetFields.h"
#include "bnn/isa/Isa.h"
#include "bnn/support/Files.h"
#include "bnn/support/Text.h"

#include <bit>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

namespace bnn::isa {

std::span<const TargetField> targetFields() {
  static const TargetField fields[] = {
      {"clusters", &Target::clusters, 1, 16, true},
      {"lane_words", &Target::laneWords, 64, 65536, true},
      {"weight_rows", &Target::weightRows, 1, 8192, true},
      {"threshold_rows", &Target::thresholdRows, 1, 2048, true},
      {"control_words", &Target::controlWords, 1, 64, true},
      {"output_words", &Target::outputWords, 1, 65536, true},
      {"accumulator_bits", &Target::accumulatorBits, 8, isaThresholdBits, true},
      {"clock_mhz", &Target::clockMHz, 1, 1000, false},
  };
  return fields;
}

uint32_t crc32(const void *data, size_t size, uint32_t crc) {
  return uint32_t(crc32_z(crc, static_cast<const Bytef *>(data), size));
}

std::string Target::describe() const {
  std::string out = fmt::format("isa={}", isa::isaVersion);
  for (const TargetField &f : targetFields())
    if (f.sizes)
      out += fmt::format(" {}={}", f.name, this->*f.member);
  return out;
}

uint32_t Target::fingerprint() const {
  std::string text = describe();
  return crc32(text.data(), text.size());
}

bool checkSizes(const Target &target, std::string &error) {
  for (const TargetField &f : targetFields()) {
    uint32_t value = target.*f.member;
    if (value >= f.min && value <= f.max)
      continue;
    error = fmt::format("target {}: {} must be {}..{}, is {}",
                        support::printableName(target.name), f.name, f.min, f.max, value);
    return false;
  }
  if (!std::has_single_bit(target.clusters)) {
    error = fmt::format("target {}: clusters must be a power of two, is {}",
                        support::printableName(target.name), target.clusters);
    return false;
  }
  return true;
}

using Json = nlohmann::json;

/// A file of some 200 bytes and a name that reports and programs hold.
constexpr size_t mostBytes = 65536, mostNameBytes = 64;

/// A value as it was written, or what it is: dump() goes as deep as it is nested.
static std::string shown(const Json &value) {
  return value.is_structured() ? fmt::format("an {}", value.type_name())
                               : support::printableName(value.dump(), 60);
}

static bool checkName(const std::string &name, std::string &error) {
  if (!name.empty() && name.size() <= mostNameBytes &&
      name == support::printable(name))
    return true;
  error = fmt::format("name must have 1..{} bytes, all printable, is '{}'",
                      mostNameBytes, support::printableName(name, 60));
  return false;
}

static bool readField(const std::string &key, const Json &value, Target &target,
                      std::string &error) {
  if (key == "name") {
    if (!value.is_string()) {
      error = fmt::format("name must be a string, is {}", shown(value));
      return false;
    }
    target.name = value.get<std::string>();
    return checkName(target.name, error);
  }
  for (const TargetField &f : targetFields()) {
    if (key != f.name)
      continue;
    if (!value.is_number_unsigned() || value.get<uint64_t>() > f.max) {
      error = fmt::format("{} must be an integer in {}..{}, is {}", key, f.min,
                          f.max, shown(value));
      return false;
    }
    target.*f.member = value.get<uint32_t>();
    return true;
  }
  error = fmt::format("unknown key '{}'", support::printableName(key, 60));
  return false;
}

static bool readTarget(std::string_view text, Target &target,
                       std::string &error) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    error = "not a JSON object";
    return false;
  }
  for (auto &[key, value] : json.items())
    if (!readField(key, value, target, error))
      return false;
  for (const TargetField &f : targetFields())
    if (f.sizes && !json.contains(f.name)) {
      error = fmt::format("key '{}' is missing", f.name);
      return false;
    }
  return checkSizes(target, error);
}

bool loadTarget(const std::string &nameOrPath, Target &target,
                std::string &error) {
  Target out;
  for (const embedded::EmbeddedFile &file : embedded::targets())
    if (file.name == nameOrPath) {
      if (!readTarget(file.text, out, error))
        return false;
      target = out;
      return true;
    }
  std::error_code code;
  if (!std::filesystem::is_regular_file(nameOrPath, code)) {
    error = fmt::format("target '{}' is neither built in (", nameOrPath);
    for (const embedded::EmbeddedFile &file : embedded::targets())
      error += fmt::format(
          "{}{}", &file == &embedded::targets().front() ? "" : ", ", file.name);
    error += ") nor a file";
    return false;
  }
  std::vector<uint8_t> bytes;
  auto fail = [&] {
    error = fmt::format("{}: {}", nameOrPath, error);
    return false;
  };
  if (std::filesystem::file_size(nameOrPath, code) > mostBytes) {
    error = fmt::format("a target file must have at most {} bytes", mostBytes);
    return fail();
  }
  out.name = std::filesystem::path(nameOrPath).stem().string();
  if (!support::readFile(nameOrPath, bytes, error) ||
      !readTarget({reinterpret_cast<const char *>(bytes.data()), bytes.size()},
                  out, error) ||
      !checkName(out.name, error))
    return fail();
  target = out;
  return true;
}

const std::vector<Target> &builtinTargets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> targets;
    std::string error;
    for (const embedded::EmbeddedFile &file : embedded::targets())
      readTarget(file.text, targets.emplace_back(), error);
    return targets;
  }();
  return all;
}

Target largestTarget() {
  Target target;
  for (const TargetField &f : targetFields())
    target.*f.member = f.max;
  return target;
}

} // namespace bnn::isa
