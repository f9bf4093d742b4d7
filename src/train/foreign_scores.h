// LightGBM's own scores of a model that somebody brings as text: what our reading of it is compared
// with. The library trusts the numbers in a text, so it reads this one in a worker process, and
// after model::Forest::from_lightgbm() had nothing against it.
#pragma once

#include <span>
#include <vector>

#include "ledger/stage_io.h"

namespace rondo::train {

/// Raw scores of row-major features. Shape: rows x outputs. Errors: kUnavailable without the
/// library; kInvalidInput with its own sentence.
Result<std::vector<double>> scores_by_lightgbm(const std::string& text, std::size_t width,
                                               std::size_t outputs,
                                               std::span<const double> features);

/// Job entry. Inputs "model", LightGBM's text, and "features", numbers as they lie in memory,
/// row-major. Output "scores", the same of rows x outputs. options = {"width", "outputs"}.
/// Errors: kUnavailable without the library; kInvalidInput with its own sentence.
Result<ledger::StageOutput> foreign_scores(const ledger::StageInput& input);

}  // namespace rondo::train
