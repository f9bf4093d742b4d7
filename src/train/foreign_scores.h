// LightGBM's own scores of a model that somebody brings as text: what our reading of it is compared
// with. The text has been through model::Forest::from_lightgbm() before, since the library trusts
// the numbers in it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace rondo::train {

/// Raw scores of row-major features. Shape: rows x outputs.
/// Errors: kUnavailable without the library; kInvalidInput with its own sentence.
Result<std::vector<double>> lightgbm_scores(const std::string& text, std::size_t width,
                                            std::size_t outputs,
                                            std::span<const double> features);

}  // namespace rondo::train
