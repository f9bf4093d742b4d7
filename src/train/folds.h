// The folds on which candidates are compared. With a clock these are windows that roll: each is
// judged by a model that ends a gap before it, as the test will be. Without one a row's fold
// follows from a hash of the row, or of its group, so that no group is in two.
#pragma once

#include "train/rows.h"

namespace rondo::train {

inline constexpr std::size_t kWindows = 3;

/// The newest rows, as many as the test has, at most a tenth of all and `most`, and all that could
/// be learned from before them. With a clock alone; empty when there are too few.
Inner newest_window(const model::Prepared& prepared, const RowList& train, std::size_t most);

/// `fit` and `stop` of each fold, ascending; no row is on both sides of one. Without a clock each
/// training row is in exactly one `stop`. Empty when there are too few rows
/// for it, or none of a side has weight.
std::vector<Inner> folds_of(const model::Prepared& prepared, const RowList& train, Seed seed,
                            std::size_t folds);

}  // namespace rondo::train
