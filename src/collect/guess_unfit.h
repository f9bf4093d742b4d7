// Columns that a model should not learn from, each with the reason that a person reads beside it.
// The leak guard of Data Preparation decides in the end; this is what one look at the data can
// propose.
#pragma once

#include <string>
#include <vector>

#include "table/table.h"

namespace rondo::collect {

struct Unfit {
  std::string column;
  std::string reason;  // "an identifier: it has a new value in every row"
};

/// Columns that are missing only where the target is missing too: they become known with it.
std::vector<Unfit> known_with_target(const table::Table& rows, const std::string& target);

struct UnfitSearch {
  std::string target;
  std::vector<std::string> clock;  // columns that are the clock itself
  bool ordered = false;            // rows stand in the order of a clock
  std::vector<Unfit> found;        // already
};
/// All proposals, those found already first. Rows in the order of the clock, when there is one.
/// Cost: O(cells); the linear formula looks at 20,000 rows.
std::vector<Unfit> guess_unfit(const table::Table& rows, UnfitSearch search);

}  // namespace rondo::collect
