// What a request names: a path and, behind a question mark, options. The path is matched against
// patterns as it was sent; what a {name} in the pattern takes is decoded, once.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rondo::api {

struct Target {
  std::string_view authority;  // of the absolute form "http://HOST/path"; else empty
  std::string_view path, query;
};
Target parse_target(std::string_view target) noexcept;

/// The values of a pattern's names, in order. At most two names a pattern.
using Params = std::array<std::string, 2>;

/// Whether `path` has the form of `pattern` ("/v2/models/{model}/ready"); a {name} stands for one
/// segment, or its part before a colon, that is not empty. Fills `out`, with empty texts beyond its
/// names. A segment with a bad escape or a NUL matches nothing.
bool matches(std::string_view pattern, std::string_view path, Params* out);

/// "%C3%A4" decoded. None for a bad escape or a NUL.
std::optional<std::string> decoded(std::string_view text);
/// The other way: one segment of a path, whatever is in the name.
std::string encoded(std::string_view text);
/// The value of `name` in "a=1&b=2"; "+" is a blank.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace rondo::api
