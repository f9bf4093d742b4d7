// The test rows of prepared data as what metrics ask about, and parts of them.
#pragma once

#include "evaluate/metrics.h"

namespace rondo::evaluate {

Truth test_truth(const model::Prepared& prepared);
/// The rows of a list only. Shape: answers as those of all rows.
Truth part(const Truth& truth, const std::vector<std::size_t>& rows);
/// Quantiles as the number that is answered (number_of), a regression's; anything else as it is.
std::pair<Truth, Answers> as_numbers(const Truth& truth, const Answers& answers);
Answers part(const Truth& truth, const Answers& answers, const std::vector<std::size_t>& rows);

}  // namespace rondo::evaluate
