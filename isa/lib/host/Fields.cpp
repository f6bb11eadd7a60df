// Typed reads of JSON fields with one-line errors.
#include "Fields.h"
#include "Base64.h"
#include "bnn/isa/host/Elements.h"

#include <fmt/format.h>

namespace bnn::host {

namespace {
const nlohmann::json emptyObject = nlohmann::json::object();

bool inRange(const nlohmann::json &value, int64_t low, int64_t high) {
  if (value.is_number_unsigned())
    return value.get<uint64_t>() <=
               uint64_t(std::numeric_limits<int64_t>::max()) &&
           value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  return value.is_number_integer() && value.get<int64_t>() >= low &&
         value.get<int64_t>() <= high;
}
} // namespace

Fields::Fields(const Json &object, std::string where, std::string &error)
    : json(object), where(std::move(where)), error(error) {
  if (!json.is_object())
    fail("must be an object");
}

bool Fields::has(const char *key) const {
  return json.is_object() && json.contains(key) && !json[key].is_null();
}

bool Fields::isObject(const char *key) const {
  return has(key) && json[key].is_object();
}

void Fields::fail(const std::string &text) const {
  if (error.empty())
    error = where + " " + text;
}

const Fields::Json *Fields::find(const char *key) const {
  if (has(key))
    return &json[key];
  fail(fmt::format("has no field '{}'", key));
  return nullptr;
}

const Fields::Json *Fields::array(const char *key) const {
  const Json *value = find(key);
  if (!value || value->is_array())
    return value;
  fail(fmt::format("field '{}' must be a list", key));
  return nullptr;
}

int64_t Fields::integer(const char *key, int64_t low, int64_t high) const {
  const Json *value = find(key);
  if (!value)
    return low;
  if (inRange(*value, low, high))
    return value->get<int64_t>();
  fail(fmt::format("field '{}' must be an integer in {}..{}", key, low, high));
  return low;
}

int64_t Fields::integer(const char *key, int64_t low, int64_t high,
                        int64_t fallback) const {
  return has(key) ? integer(key, low, high) : fallback;
}

double Fields::number(const char *key, double fallback) const {
  if (!has(key))
    return fallback;
  if (json[key].is_number())
    return json[key].get<double>();
  fail(fmt::format("field '{}' must be a number", key));
  return fallback;
}

bool Fields::flag(const char *key, bool fallback) const {
  if (!has(key))
    return fallback;
  if (json[key].is_boolean())
    return json[key].get<bool>();
  fail(fmt::format("field '{}' must be true or false", key));
  return fallback;
}

std::string Fields::text(const char *key) const {
  const Json *value = find(key);
  if (!value)
    return {};
  if (value->is_string())
    return value->get<std::string>();
  fail(fmt::format("field '{}' must be a string", key));
  return {};
}

std::vector<int64_t> Fields::integers(const char *key, int64_t low,
                                      int64_t high) const {
  std::vector<int64_t> result;
  const Json *list = array(key);
  if (!list)
    return result;
  result.reserve(list->size());
  for (const Json &value : *list) {
    if (!inRange(value, low, high)) {
      fail(fmt::format("field '{}' must hold integers in {}..{}", key, low,
                       high));
      return {};
    }
    result.push_back(value.get<int64_t>());
  }
  return result;
}

std::vector<double> Fields::numbers(const char *key) const {
  std::vector<double> result;
  const Json *list = array(key);
  if (!list)
    return result;
  result.reserve(list->size());
  for (const Json &value : *list) {
    if (!value.is_number()) {
      fail(fmt::format("field '{}' must hold numbers", key));
      return {};
    }
    result.push_back(value.get<double>());
  }
  return result;
}

std::vector<std::string> Fields::texts(const char *key) const {
  std::vector<std::string> result;
  const Json *list = array(key);
  if (!list)
    return result;
  for (const Json &value : *list) {
    if (!value.is_string()) {
      fail(fmt::format("field '{}' must hold strings", key));
      return {};
    }
    result.push_back(value.get<std::string>());
  }
  return result;
}

std::vector<double> Fields::packedNumbers(const char *key) const {
  Fields packed = object(key);
  bool wide = packed.has("f64");
  std::vector<uint8_t> bytes;
  std::string text = packed.text(wide ? "f64" : "f32");
  size_t size = wide ? 8 : 4;
  if (ok() && (!decodeBase64(text, bytes) || bytes.size() % size != 0))
    packed.fail("must be elements in base 64");
  if (!ok())
    return {};
  return loadElements(wide ? Type::Float64 : Type::Float32, bytes.data(),
                      bytes.size() / size);
}

Fields Fields::object(const char *key) const {
  const Json *value = find(key);
  return Fields(value ? *value : emptyObject, fmt::format("{}.{}", where, key),
                error);
}

std::vector<Fields> Fields::objects(const char *key) const {
  std::vector<Fields> result;
  if (const Json *list = array(key))
    for (size_t i = 0; i < list->size(); ++i)
      result.emplace_back((*list)[i], fmt::format("{}.{}[{}]", where, key, i),
                          error);
  return result;
}

} // namespace bnn::host
