// What became of the rows of one table in another: which came, which went, which have other cells.
// Rows are told apart by their key; without one, only as wholes. Event time counts by the columns
// it is made of.
#pragma once

#include <string>
#include <vector>

#include "table/table.h"

namespace rondo::loop {

struct RowDiff {
  struct Changed {
    std::size_t before, after;         // rows of the one and of the other table
    std::vector<std::string> columns;  // whose cells differ, in the order of `after`
  };
  std::vector<std::size_t> added;    // rows of `after`, ascending
  std::vector<std::size_t> removed;  // rows of `before`, ascending
  std::vector<Changed> changed;      // by `after`, ascending; none without a key
  std::size_t same = 0;
};

/// Compares the columns that both tables have, as the wider of two types: a column that was added,
/// or widened from whole numbers to numbers, changes no row. Of rows with one key the equal ones
/// are the same, the rest are paired in their order. `key` empty: the whole row.
/// Errors: kInvalidInput for a key that is no column of both. Cost: O(n log n).
Result<RowDiff> diff_rows(const table::Table& before, const table::Table& after,
                          const std::vector<std::string>& key);

/// How far the values of a column moved: from one table to another.
struct ColumnMove {
  std::string column;
  double distance = 0;  // 0 to 1: share of rows that would have to move; missing is a value
  double missing_before = 0, missing_after = 0;  // shares
};
/// Of each column that both have, the farthest first, ties by name. Numbers and times: the greatest
/// distance of the distribution functions (Kolmogorov, Smirnov) of what is not missing; all others:
/// half the sum of absolute differences of the shares (total variation), missing being a value.
std::vector<ColumnMove> moves(const table::Table& before, const table::Table& after);

}  // namespace rondo::loop
