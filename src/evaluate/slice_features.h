// Test rows in the shapes that searches for slices take: each feature as predicates, and what each
// row lost. Slices are parts of what is served, so weights of training do not count here.
#pragma once

#include "evaluate/metrics.h"
#include "evaluate/slice_search.h"

namespace rondo::evaluate {

/// What the slices look at: features of all rows as predicates, of the test rows alone.
struct Looked {
  const model::Prepared& prepared;
  const Truth& truth;         // the test rows of `prepared`, in their order
  const Answers& answers;     // the challenger's
};

/// Fewer test rows are not searched.
inline constexpr std::size_t kFewestForSlices = 200;

/// The name of a code of a category; "any other" beyond those that the step knows.
std::string category_name(const model::Step& step, std::size_t code);
/// A column of the features on the test rows: a category by its names, a number in `bins` at most
/// that hold about as many rows each. What is missing is the last code.
/// Shape: rows are those of the test, prepared.rows_on(kTest).
SliceFeature slice_feature(const model::Prepared& prepared, const std::vector<std::size_t>& rows,
                           std::size_t column, std::size_t bins = kMostBins);
/// All of them.
std::vector<SliceFeature> slice_features(const model::Prepared& prepared);

/// By which a row is said to fail: log-loss, of numbers the absolute error.
Metric slice_metric(const Truth& truth) noexcept;
/// It, of each test row, without weights.
std::vector<double> slice_losses(const Truth& truth, const Answers& answers);

}  // namespace rondo::evaluate
