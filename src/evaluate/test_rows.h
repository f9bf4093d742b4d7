// The test rows of prepared data as what metrics ask about, and parts of them.
#pragma once

#include "evaluate/metrics.h"

namespace rondo::evaluate {

Truth test_truth(const model::Prepared& prepared);
/// The rows of a list only. Shape: answers as those of all rows.
Truth part(const Truth& truth, const std::vector<std::size_t>& rows);
Answers part(const Truth& truth, const Answers& answers, const std::vector<std::size_t>& rows);

}  // namespace rondo::evaluate
