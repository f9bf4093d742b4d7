// The parts of the rows that monitoring watches one by one ([monitor] slices): each with its own
// proved bound, by the rule of the whole (bound.h).
#pragma once

#include "base/result.h"
#include "evaluate/slice_features.h"
#include "io/json.h"
#include "model/loss.h"

namespace rondo::evaluate {

/// Parts by the values of columns: categories by their names, numbers by quarters of the test rows,
/// what is missing. A list of model::SliceReference as JSON, of the parts with 30 test rows at
/// least and, with a clock, a week of days; of more than 200 those with the most rows.
/// `rule`: by which the whole loses.
/// Errors: kInvalidInput naming a column that is not an input and a feature by itself.
Result<Json> watched_slices_json(const Looked& looked, const std::vector<std::string>& columns,
                                 const model::LossRule& rule);

}  // namespace rondo::evaluate
