// A part of the rows whose risk is watched by itself, with what was proved of it on the test rows.
// Chosen and measured by evaluate/, frozen with the reference, read by monitor/.
#pragma once

#include <optional>

#include "io/json.h"
#include "model/row.h"

namespace rondo::model {

/// Cells of a column that have `value`, or lie in (above, until], or, with neither, are missing.
struct SliceReference {
  std::string column;                  // an input
  std::string where;                   // "region = north", for people
  std::optional<std::string> value{};  // text
  std::optional<double> above{}, until{};  // numbers; one of them absent: without an end there
  double test_risk = 0;                // mean scaled loss on its test rows
  double risk_bound = 1;               // U: too low with probability .01
  std::uint64_t rows = 0, days = 0;    // of the test
  double rows_per_day = 0;             // the median of its test days; 0 without a clock
  bool holds(const Cell& cell) const;
  Json to_json() const;
  /// Errors: kInvalidInput when there is no such part or no such risk.
  static Result<SliceReference> from_json(const Json& json);
};

}  // namespace rondo::model
