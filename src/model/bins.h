// Bins of a reference in words, and the byte that a window's share of rows out of place is kept as.
#pragma once

#include <cstdint>
#include <string>

namespace rondo::model {

struct ColumnReference;

/// "12.5 to 14", "\"fog\"", "no value". Shape: below the number of its counts.
std::string bin_text(const ColumnReference& column, std::size_t bin);

/// Steps of a share from 0 to 1; what is not judged (something else of the column is open), or
/// whose first windows are still learnt.
struct ShiftScale {
  static constexpr std::uint8_t kSteps = 250, kUnjudged = 254, kLearns = 255;
};

}  // namespace rondo::model
