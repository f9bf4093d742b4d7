// What both ways of asking with rows share: /api/v1/predict, and infer with "rows".
#pragma once

#include <fmt/format.h>

#include "api/rows.h"
#include "api/scoring.h"

namespace rondo::api {

/// Scores every row of an array of objects. `time` is that of rows that name none.
std::expected<void, Refusal> add_rows(Batch& batch, const Element& rows, std::optional<Time> time);
/// "predictions":[{"id","value","probabilities"?,"model_version"}]
void write_predictions(std::string& out, const Batch& batch);

}  // namespace rondo::api
