// An upper bound of a mean from few values of unknown distribution, by betting against it. Bets on
// a fair game gain a hundredfold with probability .01 at most; a mean at which ours would have
// gained that much is given up.
#pragma once

#include <span>

#include "stats/intervals.h"

namespace rondo::stats {

/// Upper bound of the mean of values in [0, ceiling], too low with probability `error` at most: the
/// least m, in units of the ceiling, at which
///   sum over k of w_k product over i of (1 + lambda_k (m - x_i)) >= 1/error,
///   lambda_k = .9 / (2^k (1 - m)),  k = 0..10,  w_0 = 1/2, the other w_k = 1/20.
/// The greatest bet is the best one for few values, the small ones are for many. The order of the
/// values does not matter, so a trend in them cannot be taken for a small beginning; for the same
/// reason nothing but all of the values together is looked at, once.
/// Shape: greater values count as the ceiling; the ceiling itself when there are no values.
/// Source: Waudby-Smith, Ramdas 2024, "Estimating means of bounded random variables by betting",
/// section 4, and Cover 1991, "Universal portfolios", for mixing constant bets.
/// Cost: 40 x 11 passes over the values. Accuracy: 1e-12 of the ceiling, on the safe side.
double mean_upper(std::span<const double> values, double ceiling, double error);

/// How far days' mean losses are taken to reach that are like those with these means: {0, 1} of
/// fewer than seven days. `high`, which none is assumed to be above, is as far above the greatest
/// as four times their range, or a quarter of the greatest if that is more, and at most twice the
/// greatest; 1 when none lost anything. `low`, below which none is to count, is as far below the
/// least as that is below the greatest.
/// Shape: means in [0, 1].
Bounds reach_of_days(std::span<const double> means);

}  // namespace rondo::stats
