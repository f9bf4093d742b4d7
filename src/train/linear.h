// The linear baseline: what a model without interactions reaches on the same rows. Every report
// shows it beside the trees, and a first model that does not beat it is not deployed. It is fitted
// here, by code of this folder alone, with the same bits for any number of threads.
#pragma once

#include <optional>

#include "base/stop.h"
#include "train/rows.h"

namespace rondo::train {

struct Linear {
  std::vector<double> answers;             // to the test rows, after the link, row-major
  std::size_t rows = 0, columns = 0;       // that it was fitted to
  double penalty = 0;                      // alpha, below
  Json json() const;
};

/// Least squares for numbers, the logistic loss for classes (each against the rest for more than
/// two, their probabilities scaled to a sum of 1), plus alpha/2 |b|^2 a unit of weight; by Newton's
/// method. Numbers enter as (x - median)/IQR, a missing one as the median with a column of its own,
/// categories as a column for each of the 40 most frequent; of all columns the 256 that tell most
/// alone. alpha is the one of 1e-1, 1e-2, 1e-3, 1e-4 with the least loss on the inner part. The
/// training rows are thinned evenly to 20,000 at most, and further with many classes.
/// Nothing: there are no test rows, fewer than 50 training rows, no column with two values, no
/// solution in finite numbers, or somebody asked to stop.
/// Cost: rows x classes x (columns that are not 0 in a row)^2 a step, about 20 steps.
/// Source: Hoerl, Kennard 1970 (Ridge Regression, Technometrics 12), eq. 2.1; le Cessie, van
/// Houwelingen 1992 (Ridge Estimators in Logistic Regression, Applied Statistics 41), section 2.
std::optional<Linear> fit_linear(const model::Prepared& prepared, const RowList& train, Seed seed,
                                 const Stop& stop);

/// Solves A x = b for a symmetric, positive definite A by Cholesky's factors; b becomes x.
/// Shape: row-major, size x size; the lower triangle is read and overwritten. False: A is not
/// positive definite.
bool solve_symmetric(std::vector<double>& a, std::vector<double>& b);

}  // namespace rondo::train
