// What needs no model: a constant learned from the training rows and, with a clock, the last known
// value and the value of the same time one season before. A model that cannot beat them is none.
#pragma once

#include "evaluate/metrics.h"

namespace rondo::evaluate {

struct Baseline {
  std::string name;               // "mean", "median", "majority", "prior", "last value", ...
  std::vector<std::size_t> rows;  // test rows (by their place among the test rows) that it answers
  Answers answers;                // to those
  bool is_model = false;          // the linear one; the others are rules of thumb
};

/// The constant is what is best under the metric: the median for mae, the mean for rmse and r2, the
/// most frequent class for accuracy, else the shares of the classes. A former value answers itself
/// for numbers and for accuracy; else the shares of the classes among training rows that had that
/// former value, each class counted once more than it was seen (Laplace), as "certainly this class"
/// would be a straw man under log_loss.
/// Errors: kInvalidInput without training rows.
Result<std::vector<Baseline>> baselines(const model::Prepared& prepared, Metric metric);

/// What training fitted beside its candidate, on all test rows.
Baseline linear_baseline(Answers answers, std::size_t rows);

}  // namespace rondo::evaluate
