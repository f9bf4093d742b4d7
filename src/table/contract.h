// What was agreed about the columns at the first collection and is never sniffed again: dialect,
// names, types, which text means missing. Versioned; a manifest names the version it was read with.
#pragma once

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

struct Contract {
  Schema schema;  // of the source's columns, in order, without _time
  Dialect dialect;
  OnChange column = OnChange::kEvolve;
  OnChange type = OnChange::kDiscardRow;
  std::uint32_t version = 1;
  Json to_json() const;
  static Result<Contract> from_json(const Json& json);
};

}  // namespace rondo::table
