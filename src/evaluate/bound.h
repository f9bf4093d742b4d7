// What the risk was on the untouched test rows, and how much greater it could really be: the number
// that monitoring holds later losses against.
#pragma once

#include "evaluate/metrics.h"

namespace rondo::evaluate {

/// The loss is the 0/1 error of classes, or |y - f| over `loss_scale` clipped to 1, with the scale
/// the 99.9 % quantile of |y - f| on these rows.
struct RiskBound {
  std::string loss = "absolute";  // "absolute" | "error"
  double loss_scale = 1;
  double test_risk = 0;           // mean loss; with a clock of the days' mean losses
  double risk_bound = 1;          // U, too low with probability .01
  double ceiling = 1;             // no observation's loss was assumed to be above it
  std::uint64_t days = 0, rows = 0;
  double day_correlation = 0;     // of neighbouring days; U takes it to be none
};
Json to_json(const RiskBound& bound);

/// What each row lost by that rule. Shape: one in [0, 1] a row.
std::vector<double> scaled_losses(const Truth& truth, const Answers& answers, double scale);

/// U without a clock: 0/1 losses Clopper, Pearson 1934; else stats::mean_upper of the rows.
/// U with a clock: stats::mean_upper of the days' means, a day being one observation whatever its
/// rows share. No bound that holds for every kind of day can be tight with few of them: what
/// befalls 28 days in a hundred is missed by all of 14 days once in a hundred times, so if a day
/// can lose all then every such bound is above 1 - .01^(1/14) = .28. Hence from a week on it is
/// assumed that no day's mean loss is above twice the greatest one seen (`ceiling`); before, 1 is
/// the ceiling. Measured, for day means of .1 with deviation .03 (averages of 2,000 simulations):
///   days                            14     30     60    100
///   U                              .169   .141   .124   .116
///   without the assumption         .404   .259   .184   .152
///   the confidence sequence        .780   .418   .259   .196   nothing would ever be noticed
///   Student's t                    .121   .114   .109   .107   too low for 4 % of log-normal days,
///                                  for 16 % when one day in twenty is three times as bad
/// U is too low for under 1 % of these, and of neighbours correlated by .5; of neighbours
/// correlated by .8, as `day_correlation` would show, for 2 to 5 %.
/// `scale`: that of more rows than these, as loss_scale; 0: of these.
RiskBound risk_bound(const Truth& truth, const Answers& answers, double scale = 0);

}  // namespace rondo::evaluate
