// What is drawn as a whole when test rows are drawn again: a day of rows with a clock; without one
// all rows of an entity, a row, or some of them. The comparison of models and the curves share it.
#pragma once

#include "evaluate/metrics.h"

namespace rondo::evaluate {

struct Units {
  std::vector<std::uint32_t> of_row;
  std::vector<std::uint32_t> stratum;  // of each unit; empty: one
  std::size_t count = 0, block = 1;
  std::size_t independent() const { return (count + block - 1) / block; }
};

/// With a clock days, in blocks of max(n^(1/3), rows of a day) rows; of hourly rows that is a day
/// until there are years of them. Else groups as they stand (Truth::group), or rows of one class,
/// in at most about 2,000 parts.
/// Source: blocks: Politis, Romano 1992; groups: Davison, Hinkley 1997, section 3.8.
Units units_of(const Truth& truth);
/// The same without a look at the classes: for what depends on how frequent they are, such as a
/// mean of costs.
Units mixed_units_of(const Truth& truth);

}  // namespace rondo::evaluate
