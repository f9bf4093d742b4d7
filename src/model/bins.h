// Bins of a reference in words, and the byte that a window's share of rows out of place is kept as.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rondo::model {

struct Cell;
struct ColumnReference;

/// Bins behind a column's own: other, missing, below the minimum, above the maximum.
inline constexpr std::size_t kExtraBins = 4;

/// bin_of of one column, with its categories looked up rather than searched, and its edges searched
/// without a jump that depends on the value.
/// Threads: any at once. The column must outlive it.
class BinFinder {
 public:
  explicit BinFinder(const ColumnReference& column);
  std::size_t operator()(const Cell& cell) const;

 private:
  static constexpr std::size_t kMostEdges = 31;
  const ColumnReference* column_;
  std::unordered_map<std::string_view, std::size_t> places_;
  std::array<double, kMostEdges> edges_;  // then infinity
  bool few_edges_ = false;
};

/// Normal scores of a column's bins: those of its values in rising order, below them and above
/// them; 0 where there is none.
std::vector<double> bin_scores(const ColumnReference& column);

/// "12.5 to 14", "\"fog\"", "no value". Shape: below the number of its counts.
std::string bin_text(const ColumnReference& column, std::size_t bin);

/// Steps of a share from 0 to 1; what is not judged (something else of the column is open), or
/// whose first windows are still learnt.
struct ShiftScale {
  static constexpr std::uint8_t kSteps = 250, kUnjudged = 254, kLearns = 255;
};

}  // namespace rondo::model
