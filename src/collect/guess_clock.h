// When did a row happen? A guess from names, types and order, for a person to read and mend: it
// goes into a proposal and never into a collection.
#pragma once

#include <string>
#include <vector>

#include "table/table.h"

namespace rondo::collect {

struct ClockGuess {
  std::string expression;            // for [collect] time; empty: none
  std::string reason;                // of the expression, or why there is none
  std::vector<std::string> columns;  // that say nothing beside the clock: they are no features
};

/// Rows in the order of the files. `known_late` are columns that may not be part of the clock,
/// since they become known with the target. Cost: O(cells of the candidates).
ClockGuess guess_clock(const table::Table& rows, const std::string& target,
                       const std::vector<std::string>& known_late);

}  // namespace rondo::collect
