// The windows of a reference: rows in order of time, cut as live rows will be, and what the shares
// of a column did from window to window. Private to model/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/reference.h"

namespace rondo::model {

/// Shares of windows are kept in steps of 1e-4.
inline constexpr double kShareSteps = 1e4;

struct ReferenceWindows {
  WindowClock clock;
  std::vector<std::vector<std::size_t>> rows;  // a window's, by index
};

/// By the hour and by the day; a clock with fewer than 8 windows is left out, and one whose windows
/// have fewer than 20 rows, which say too little about shares.
/// Shape: an event time a row, in any order; none: no clock.
std::vector<ReferenceWindows> windows_of(std::span<const Time> times);

/// Shape: a bin below `count` for each row that a window names.
Envelope envelope_of(std::span<const std::uint8_t> bins, std::size_t count,
                     const ReferenceWindows& windows);

/// Rows a day from the first whole day to the last one, empty days too; and the longest silence.
/// Shape: at least one time, in any order.
void freeze_volume(std::span<const Time> times, Reference& reference);

}  // namespace rondo::model
