// TOML into Json, with a place (line, column) for every key, so that an error in rondo.toml can
// name where it is.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "io/json.h"

namespace rondo::io {

struct Place {
  std::uint32_t line = 0, column = 0;
};

struct Toml {
  Json value;                          // tables are objects, dates are strings
  std::map<std::string, Place> where;  // "collect.source", "prepare.lag[0].by"
};

/// Errors: kInvalidInput "rondo.toml:3:7: ...".
Result<Toml> parse_toml(std::string_view text, std::string_view file_name);

/// "rondo.toml:3:7", or the file alone for a key that is not in it; of a list, where it begins.
std::string place_of(const std::map<std::string, Place>& where, std::string_view file,
                     const std::string& key);

/// A value on one line as TOML writes it; a text is quoted. Nothing (null) has no TOML: empty.
std::string to_toml(const Json& value);

/// The candidate that is nearest in edit distance (Damerau-Levenshtein; case does not count), or
/// empty beyond 3 edits. Three letters or more that only one candidate begins with mean that one.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace rondo::io
