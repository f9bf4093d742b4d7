// The folds on which candidates are compared. With a clock these are windows that roll: each is
// judged by a model that ends a gap before it, as the test will be. Without one a row's fold
// follows from a hash of the row, or of its group, so that no group is in two.
#pragma once

#include "train/rows.h"

namespace rondo::train {

inline constexpr std::size_t kWindows = 3;

/// `fit` and `stop` of each fold, ascending; no row is on both sides of one. Without a clock each
/// training row is in exactly one `stop`. Empty when there are too few rows
/// for it, or none of a side has weight.
std::vector<Inner> folds_of(const model::Prepared& prepared, const RowList& train, Seed seed,
                            std::size_t folds);

}  // namespace rondo::train
