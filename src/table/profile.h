// What is in the columns of a table: how many cells are missing, how values are distributed, which
// columns go together. Each function is pure and of one column or one block of rows, so the caller
// may share them among threads; the same table gives the same bits however it is shared.
#pragma once

#include <array>

#include "stats/spread.h"
#include "table/table.h"

namespace rondo::table {

inline constexpr std::array<double, 7> kProfileQuantiles = {0.01, 0.05, 0.25, 0.5,
                                                            0.75, 0.95, 0.99};
inline constexpr std::size_t kProfileTop = 20;
inline constexpr std::size_t kProfileBins = 20;
inline constexpr std::size_t kCorrelated = 64;  // columns that are correlated at most

struct ColumnProfile {
  std::string name;
  Type type = Type::kNumber;
  std::size_t count = 0;    // cells with a value
  std::size_t missing = 0;
  std::size_t distinct = 0;
  struct Top {
    std::string value;      // as CSV would show it
    std::size_t count = 0;
  };
  std::vector<Top> top;     // the commonest, ties in the order of values
  // Of what is no text and has a value. Units: times in microseconds; bool as 0 and 1.
  struct Ordered {
    double min = 0, max = 0, mean = 0;
    double deviation = 0;               // NaN for a single value
    std::array<double, kProfileQuantiles.size()> quantiles{};
    double low = 0, high = 0;           // of the histogram: bins of equal width in [low, high)
    std::vector<std::size_t> bins;      // the last takes `high` too
  };
  std::optional<Ordered> ordered;
};
/// Quantiles of type 7 (Hyndman, Fan 1996): between order statistics of (n - 1) p. Whole numbers
/// get bins of a whole width, at most 32 of width 1, else 20; all others 20, one if constant.
/// Cost: O(n log n).
ColumnProfile profile_column(const Table& table, std::size_t column);

/// The columns that are correlated: numbers, integers, bools, the first kCorrelated.
std::vector<std::size_t> correlated_columns(const Schema& schema);
/// Of each pair i < j of these columns, in order (0,1), (0,2), ..., (1,2), ...: its sums over block
/// `block` of stats::kBlockRows rows. Joined in the order of blocks they are those of the table.
std::vector<stats::Joint> joints_of_block(const Table& table, std::span<const std::size_t> columns,
                                          std::size_t block);

}  // namespace rondo::table
