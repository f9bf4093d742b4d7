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

/// The candidate that is nearest in edit distance (Damerau-Levenshtein), or empty beyond 3 edits.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace rondo::io
