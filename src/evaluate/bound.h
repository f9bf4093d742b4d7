// What the risk was on the untouched test rows, and how much greater it could really be: the number
// that monitoring holds later losses against.
#pragma once

#include "evaluate/evaluate.h"
#include "evaluate/metrics.h"
#include "model/loss.h"

namespace rondo::evaluate {

/// Which loss monitoring watches: `loss` of [monitor] by its name; "auto" follows the metric that
/// was set, and with "auto" there too it is the error of classes and the absolute error of numbers.
/// Errors: kInvalidInput when it is none of this task.
Result<model::Loss> watched_loss(std::string_view loss, std::string_view metric,
                                 model::Task task);

/// The watched loss with its prices and its scale: of |y - f| and (y - f)^2 the 99.9 % quantile on
/// these rows (1 when it is 0), of the Brier score of many classes 2, of the cost the greater
/// price.
/// Errors: those of watched_loss(); kInvalidInput for a cost without prices.
Result<model::LossRule> watched_rule(std::string_view loss, const Options& options,
                                     const Truth& truth, const Answers& answers);

struct RiskBound {
  model::LossRule rule;
  double test_risk = 0;           // mean loss; with a clock of the days' mean losses
  double risk_bound = 1;          // U, too low with probability .01
  double ceiling = 1;             // no observation's loss was assumed to be above it
  double least = 0;               // below it a day in production counts as it; 0 without a clock
  std::uint64_t days = 0, rows = 0;  // of the AUC pairs
  double day_correlation = 0;     // of neighbouring days; U takes it to be none
};
Json to_json(const RiskBound& bound);

/// What each row lost by that rule. Shape: one in [0, 1] a row; empty for the AUC, as a row has
/// none of its own.
std::vector<double> scaled_losses(const Truth& truth, const Answers& answers,
                                  const model::LossRule& rule);

/// U without a clock: 0/1 losses by Clopper, Pearson 1934; else stats::mean_upper of the rows.
/// U with a clock: stats::mean_upper of the days' means, a day being one observation whatever its
/// rows share. No bound that holds for every kind of day can be tight with few of them: what
/// befalls 28 days in a hundred is missed by all of 14 days once in a hundred times, so if a day
/// can lose all then every such bound is above 1 - .01^(1/14) = .28. Hence from a week on no day's
/// mean loss is assumed above stats::reach_of_days(); before, 1 is the ceiling. Measured, for day
/// means of .1 with deviation .03 (averages of 2,000 simulations):
///   days                            14     30     60    100
///   U                              .169   .141   .124   .116
///   without the assumption         .404   .259   .184   .152
///   the confidence sequence        .780   .418   .259   .196   nothing would ever be noticed
///   Student's t                    .121   .114   .109   .107   too low for 4 % of log-normal days,
///                                  for 16 % when one day in twenty is three times as bad
/// For days that are much alike, .25 with deviation .009, U after 14 days is .30; with twice the
/// greatest as the ceiling, and days free to fall to 0, an error of .40 was told after 87 days and
/// not after 20.
/// U is too low for about 1 % of these at most, and of neighbours correlated by .5; of neighbours
/// correlated by .8, as `day_correlation` would show, for 2 to 5 %.
/// In production a day better than `least` counts as it, which a mean may only rise by, so that
/// what a day can gain is bounded and bets on a rise may be large (stats/evidence.h).
/// Of the AUC an observation is a pair, the i-th positive with the i-th negative of a day, or
/// without a clock of all rows in their order.
RiskBound risk_bound(const Truth& truth, const Answers& answers, const model::LossRule& rule);

}  // namespace rondo::evaluate
