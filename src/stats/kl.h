// Tests of a count against a share that is known only up to a box, for windows of any size. The
// bound is Chernoff's, so it holds for every n, and the budget of false alarms is paid by a union
// bound.
#pragma once

#include <cstdint>

#include "stats/intervals.h"

namespace rondo::stats {

/// kl(x, y) = x ln(x/y) + (1-x) ln((1-x)/(1-y)); infinity where y excludes x.
double bernoulli_kl(double x, double y) noexcept;

/// The price of a test, ln(2 K D W / f): K bins, D columns, W windows a year, f false alarms a
/// year.
struct Budget {
  double bins = 1, columns = 1, windows_per_year = 1, false_alarms_per_year = 1;
  double price() const noexcept;
};

/// n kl(hits/n, box.high) above the box, n kl(hits/n, box.low) below it, 0 inside: an alarm when it
/// reaches the price.
double chernoff_evidence(Share window, Bounds box) noexcept;

/// For the most frequent value without a bin of its own: (n-1) kl(x, h) - ln n with x = (c-1)/(n-1)
/// if x > h, else 0; an alarm when it reaches the price. ln n pays for choosing the value.
double spike_evidence(Share window, double h) noexcept;

}  // namespace rondo::stats
