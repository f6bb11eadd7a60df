// Reads typed fields out of a JSON object; the first thing wrong is kept as one
// line and every later read is then harmless.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bnn::host {

class Fields {
public:
  using Json = nlohmann::json;

  /// `where` names the object in messages; `error` is shared by all readers.
  Fields(const Json &object, std::string where, std::string &error);

  bool has(const char *key) const;
  bool isObject(const char *key) const;
  bool ok() const { return error.empty(); }
  void fail(const std::string &text) const;

  int64_t integer(const char *key, int64_t low, int64_t high) const;
  int64_t integer(const char *key, int64_t low, int64_t high,
                  int64_t fallback) const;
  double number(const char *key, double fallback) const;
  bool flag(const char *key, bool fallback) const;
  std::string text(const char *key) const;
  std::vector<int64_t> integers(const char *key, int64_t low,
                                int64_t high) const;
  std::vector<double> numbers(const char *key) const;
  /// Finite numbers in base 64: little-endian elements of {"f32": "..."} or
  /// {"f64": "..."}.
  std::vector<double> packedNumbers(const char *key) const;
  std::vector<std::string> texts(const char *key) const;
  Fields object(const char *key) const;
  std::vector<Fields> objects(const char *key) const;

private:
  const Json *find(const char *key) const;
  const Json *array(const char *key) const;

  const Json &json;
  std::string where;
  std::string &error;
};

} // namespace bnn::host
