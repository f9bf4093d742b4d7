// The parts of the test rows by columns that a person names: what each loses, and whether
// probabilities and intervals mean there what they say. Nothing is searched, so nothing is
// corrected.
#pragma once

#include "base/result.h"
#include "evaluate/slice_features.h"
#include "io/json.h"
#include "stats/intervals.h"

namespace rondo::evaluate {

/// [evaluate] slices: "auto" or "off" name none, a list its columns. Errors: kInvalidInput.
Result<std::vector<std::string>> named_columns(const Json& slices);

/// Of each column, a feature of the model, [{"column","parts":[{"where","rows","judged",
/// "mean_loss","coverage"?,"mean_probability"?,"positive"?}]}]: categories by their names, numbers
/// by quarters of their values. "coverage": how often `between` holds the label, an interval a row
/// or none; "positive": the share of the second class, beside the mean probability, of two classes;
/// both {"value","low","high"}. Fewer than 30 rows are shown and not judged.
/// Errors: kInvalidInput naming a column that is no feature.
Result<Json> named_slices_json(const Looked& looked, const std::vector<std::string>& columns,
                               std::span<const stats::Bounds> between, double confidence);

}  // namespace rondo::evaluate
