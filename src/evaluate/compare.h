// A metric with its interval, and the difference of two models on the same rows with its bounds.
// Which method answers is decided here and nowhere else:
//
//   clock                 any metric      circular blocks of whole days, the same for both models
//   no clock, groups      any metric      whole groups
//   no clock, weights     any metric      rows drawn within their class, with their weights
//   no clock, one model   auc             DeLong, on the logit scale
//                         accuracy        Wilson
//                         else            rows drawn within their class
//   no clock, two models  auc             DeLong's covariance
//                         accuracy        McNemar's mid-p test, inverted
//                         rmse, r2        rows drawn for both models at once
//                         else            mean of row differences, Student's t
#pragma once

#include "base/seed.h"
#include "evaluate/gate.h"
#include "evaluate/metrics.h"

namespace rondo::evaluate {

constexpr std::size_t kDraws = 2000;

/// Days with rows; 0 without a clock.
std::uint64_t days_of(const Truth& truth);

/// Two-sided at `level`. NaN bounds when the metric is undefined, or the rows fall on one day.
Interval measure(Metric metric, const Truth& truth, const Answers& answers, double level,
                 Seed seed);

/// Gain of `challenger` over `rival`, each bound wrong with probability `alpha`. NaN bounds as
/// above.
/// Units: those of the metric, turned so that positive is better.
Paired compare(Metric metric, const Truth& truth, const Answers& challenger,
               const Answers& rival, double alpha, Seed seed);

/// Difference of two shares of right answers, from rows that only one of two models got right: the
/// share t of `better` among them has the mid-p bounds of a binomial, the difference is (2 t - 1)
/// of their share of all rows. So the lower bound is above 0 exactly when McNemar's one-sided mid-p
/// is below alpha. Source: Fagerland, Lydersen, Laake 2013.
struct Discordance {
  std::uint64_t better = 0, worse = 0, rows = 0;
};
Interval mcnemar_bounds(Discordance rows, double alpha) noexcept;

}  // namespace rondo::evaluate
