// JSON as a value, and its canonical text: keys in byte order, shortest numbers that read back, no
// blanks, UTF-8. Facts are hashed in that form. Getters name the key when it is missing or of
// another type, so that no caller writes its own sentence for it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo {

using Json = nlohmann::json;

namespace io {

/// Errors: kInvalidInput with line and column. Depth is limited to 64.
Result<Json> parse_json(std::string_view text, std::string_view what = "JSON");
/// Canonical text. Non-finite numbers become null.
std::string canonical(const Json& value);

/// The member `key` of an object as T (string, bool, int64, double, Json). Errors: kInvalidInput.
template <class T>
Result<T> get(const Json& object, std::string_view key);
/// The same, or `otherwise` when the key is absent or null.
template <class T>
T get_or(const Json& object, std::string_view key, T otherwise) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return otherwise;
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    return otherwise;
  }
}

}  // namespace io
}  // namespace rondo
