// What both ways of asking with rows share: /api/v1/predict, and infer with "rows".
#pragma once

#include <fmt/format.h>

#include "api/rows.h"
#include "api/scoring.h"

namespace rondo::api {

/// Scores every row of an array of objects. `time` is that of rows that name none.
std::expected<void, Refusal> add_rows(Batch& batch, const Element& rows, std::optional<Time> time);
/// "raw_score", "base" and "contributions" {column: value} of one row, without braces around; each
/// by class where there is a score a class.
void write_explanation(std::string& out, const Batch& batch, std::size_t row);
/// With an explanation of each row, if the batch has contributions, and with its interval if that
/// is asked for: "predictions":[{"id","value","quantiles"?,"low"?,"high"?,
/// "probabilities"?,"model_version"}]
void write_predictions(std::string& out, const Batch& batch, bool interval = false);

}  // namespace rondo::api
