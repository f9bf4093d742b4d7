// Training for rows of other kinds than before: the risk rose because other rows come, so those to
// train on count like them.
#pragma once

#include "io/json.h"
#include "model/prepared.h"

namespace rondo::train {

/// `mix`: {"tree": model::RiskTree, "shares": [of the live rows, one a leaf, in the order of its
/// nodes]}. Each row that trains is weighed by a/((a + b)/2), .1 at least: a the share of its leaf
/// among the live rows, b among those that train. That ratio is at most 2, so no few rows decide.
/// Errors: kInvalidInput when there is no such tree.
/// Source: Yamada, Suzuki, Kanamori, Hachiya, Sugiyama 2013, "Relative density-ratio estimation",
/// equation 1, alpha = 1/2.
Result<void> weigh_like(const Json& mix, model::Prepared& prepared);

}  // namespace rondo::train
