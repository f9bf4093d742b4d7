// Rows of the training as a watcher of all columns together needs them: bins in place of values, of
// few rows and few columns. Frozen with the reference, read by monitor/.
#pragma once

#include "io/json.h"
#include "table/table.h"

namespace rondo::model {

struct Reference;
struct ColumnReference;

struct JointSample {
  static constexpr std::size_t kMostRows = 8'000, kMostColumns = 16;
  static constexpr std::size_t kFewestRows = 400;

  std::vector<std::size_t> columns{};    // of the reference, ascending; none: nothing is kept
  std::vector<std::uint8_t> bins{};      // row by row, a bin of each of them
  std::vector<std::int64_t> days{};      // each row's, rising; empty without a clock
  std::size_t rows() const { return columns.empty() ? 0 : bins.size() / columns.size(); }
  Json to_json() const;
  /// Shape: `among` are the reference's columns. Errors: kInvalidInput.
  static Result<JointSample> from_json(const Json& json,
                                       const std::vector<ColumnReference>& among);
};

/// The columns whose bins explain most of the label's variance, and which do not stand still; rows
/// by chance, the same each time. None where there are fewer than two such columns or 400 rows.
/// Shape: times has an event time a row, or is empty (no clock). Cost: the sampled rows alone.
JointSample freeze_jointly(const table::Table& rows, const Reference& reference,
                           std::span<const Time> times);

}  // namespace rondo::model
