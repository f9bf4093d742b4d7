// What was agreed about the columns at the first collection and is never sniffed again: dialect,
// names, types, which text means missing. Versioned; a manifest names the version it was read with.
#pragma once

#include <map>
#include <optional>

#include "table/table.h"

namespace rondo::table {

/// How a CSV file is written.
struct Dialect {
  char delimiter = ',';
  char quote = '"';
  bool header = true;
  bool trim = false;  // blanks around unquoted fields
  std::vector<std::string> null = {""};
};

/// What to do when a file disagrees (contract of `data.md` 9).
enum class OnChange { kEvolve, kFreeze, kDiscardRow, kDiscardValue };
Result<OnChange> on_change_from(std::string_view name);

/// What a column holds beyond its type, as contract.toml says.
struct Rule {
  bool nullable = true;
  std::optional<std::vector<std::string>> values;   // of a category or text
  std::optional<std::pair<double, double>> range;   // of a number; both ends are inside
  bool operator==(const Rule&) const = default;
};

struct Contract {
  Schema schema;  // of the source's columns, in order, without _time
  Dialect dialect;
  OnChange column = OnChange::kEvolve;
  OnChange type = OnChange::kDiscardRow;
  std::uint32_t version = 1;
  std::map<std::string, Rule> rules;  // by column; most have none
  std::string file;  // SHA-256 of the contract.toml that was taken over last, hex; empty: none
  Json to_json() const;
  static Result<Contract> from_json(const Json& json);
};

}  // namespace rondo::table
