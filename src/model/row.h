// One raw row as a model sees it: a cell a column, in the order of the pipeline's input schema.
// Numbers, whole numbers, bools (0/1) and times (microseconds) are numbers; text stays text.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "table/table.h"

namespace rondo::model {

struct Cell {
  enum class Kind : std::uint8_t { kMissing, kNumber, kText };
  Kind kind = Kind::kMissing;
  double number = std::numeric_limits<double>::quiet_NaN();
  std::string_view text{};
};

/// A row, its prediction time p and what it may know (q). Cells borrow from the caller.
struct RowView {
  std::span<const Cell> cells;
  Time time;              // p: event time of the row
  Time known;             // q: only observations known at or before this
};

/// Gathers row `row` of the table into cells: columns[i] is the table's column for input i, or
/// null.
void gather(std::span<const table::Column* const> columns, std::size_t row, std::span<Cell> out);

/// What tells one entity from another: its cells behind one another, numbers by their bits. Numbers
/// beyond 2^53 that are told apart by their last digits must be collected as categories.
void append_entity(const Cell& cell, std::string& key);

/// Compact bytes of a raw row for the prediction log, and back (cells then borrow from `bytes`).
std::string encode_cells(std::span<const Cell> cells);
/// The same in place of what `bytes` holds; its memory is used again.
void encode_cells(std::span<const Cell> cells, std::string& bytes);
Result<std::vector<Cell>> decode_cells(std::string_view bytes);

}  // namespace rondo::model
