// Event time of each row, from `[collect] time`. A time is taken as it is, and so is Unix time in
// seconds, milliseconds or microseconds. Any other number is a clock that only orders: its values
// say which row came before which and nothing else. Times are then made from the order:
//
//   - values that many rows share (Elec2: 48 half hours have one date) are steps: the n-th
//     different value is day n after 2000-01-01, and its rows are spread evenly over that day in
//     their order;
//   - values of a row each: the n-th row is hour n after 2000-01-01T00:00.
//
// So "1d" of label delay is one step, or 24 rows. Appending rows changes no time that was given:
// the cursor keeps where the clock stands.
#pragma once

#include "collect/cursor.h"
#include "collect/source.h"

namespace rondo::collect {

inline constexpr Time kOrderBegins{946'684'800'000'000};  // 2000-01-01

/// The clock's raw values. Shape: a cell a row, of type time, integer or number.
/// `expression` is a column or SQL. "column + to_hours(column)" is computed here, without DuckDB.
/// Errors: kInvalidInput when it is no time: ambiguous dates, text, an expression that fails.
Result<std::shared_ptr<const table::Column>> clock_values(const table::Table& rows,
                                                          const std::string& expression,
                                                          Tools& tools);

/// The clock's unit when all its values are Unix times between 1980 and 2100.
std::optional<ClockState::Kind> unix_unit(std::span<const double> keys);
/// Of a clock of times: microseconds in one of its units.
double unit_us(ClockState::Kind kind);

/// Comparable values: NaN where there is none.
std::vector<double> clock_keys(const table::Column& values);

/// What kind of clock it is; `state` may know it already.
void settle_kind(const table::Column& values, std::span<const double> keys, ClockState& state);

/// Event times of the rows that count (others get kBeginningOfTime); moves the state on.
/// Shape: keys.size(). Cost: a sort for clocks that only order.
std::vector<Time> event_times(const table::Column& values, std::span<const double> keys,
                              const std::vector<bool>& counts, ClockState& state);

}  // namespace rondo::collect
