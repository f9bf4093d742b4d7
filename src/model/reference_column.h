// Freezing one column of a reference. Its numbers are looked at whole before they are looked at by
// row, and by row only where there is a clock. Private to model/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/reference.h"
#include "model/reference_windows.h"
#include "stats/landmarks.h"

namespace rondo::model {

/// The quantile bins or the categories.
std::size_t own_bins(const ColumnReference& column);
/// Places behind a column's own bins.
struct ExtraBin {
  static constexpr std::size_t kOther = 0, kMissing = 1, kBelow = 2, kAbove = 3;
};

/// Rows grouped by reference day; days with less than half of the median day's rows are left out.
struct ReferenceDays {
  std::vector<std::vector<std::size_t>> rows;  // ascending days
  std::vector<std::int64_t> number;            // day_of() each
};
/// Shape: an event time a row, in any order; none: no days.
ReferenceDays days_of(std::span<const Time> times);

/// Memory of a freezing, kept from one column to the next.
struct FreezeRoom {
  std::vector<double> numbers, day, spare_day;
  std::vector<std::uint8_t> bins;
  stats::LandmarkRoom landmarks;
};

/// Shape: days and clocks name rows of the column. Cost: that of stats::landmarks(), and with a
/// clock a sort of each day.
ColumnReference freeze_column(const std::string& name, const table::Column& column,
                              const ReferenceDays& days, std::span<const ReferenceWindows> clocks,
                              FreezeRoom& room);

}  // namespace rondo::model
