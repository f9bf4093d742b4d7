// Intervals and paired differences; the table of methods is in compare.h.
#include "evaluate/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "evaluate/units.h"
#include "stats/bootstrap.h"
#include "stats/delong.h"

namespace rondo::evaluate {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// The metric of one model as a function of the weights of units.
using Weighted = std::function<double(std::span<const double>)>;

Weighted weighted(Metric metric, const Truth& truth, const Answers& answers, const Units& units) {
  if (metric == Metric::kAuc) {
    return [auc = WeightedAuc(truth, answers, units.of_row)](std::span<const double> weights) {
      return auc.value(weights);
    };
  }
  const double centre = stats::moments(truth.label).mean;
  std::vector<Sums> sums(units.count);
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    sums[units.of_row[i]].add(sums_of(metric, truth, answers, i, centre), 1);
  }
  return [metric, sums = std::move(sums)](std::span<const double> weights) {
    Sums total;
    for (std::size_t i = 0; i < sums.size(); ++i) total.add(sums[i], weights[i]);
    return value_of(metric, total);
  };
}

/// Bounds of a statistic over draws of units. Draws in which it is undefined are left out, unless
/// they are more than one in ten: then there is no interval.
stats::Bootstrapped drawn(const Units& units, double value, double tail, Seed seed,
                          const Weighted& statistic) {
  std::vector<double> draws;
  draws.reserve(kDraws);
  stats::resample({units.count, units.block, kDraws, units.stratum}, seed,
                  [&](std::span<const double> weights) { draws.push_back(statistic(weights)); });
  const auto defined = std::count_if(draws.begin(), draws.end(),
                                     [](double draw) { return std::isfinite(draw); });
  if (!std::isfinite(value) || units.independent() < 2 ||
      defined < static_cast<std::ptrdiff_t>(kDraws * 9 / 10)) {
    return {{kUndefined, kUndefined}, kUndefined};
  }
  return stats::bootstrap_bounds(value, std::move(draws), units.independent(), tail);
}

std::vector<std::uint8_t> positives(const Truth& truth) {
  std::vector<std::uint8_t> positive;
  for (const double label : truth.label) positive.push_back(label > 0.5 ? 1 : 0);
  return positive;
}

/// No bound ends outside what the metric can be.
Interval within_range(Metric metric, Interval interval) {
  const bool bounded = metric == Metric::kAuc || metric == Metric::kAccuracy;
  if (metric != Metric::kR2 && interval.low < 0) interval.low = 0;
  if ((bounded || metric == Metric::kR2) && interval.high > 1) interval.high = 1;
  return interval;
}

Paired student(double value, double standard_error, double alpha, double degrees) {
  const double reach = stats::student_quantile(1 - alpha, degrees) * standard_error;
  return {{value, value - reach, value + reach}, standard_error, 0, 0};
}

Paired by_delong(const Truth& truth, const Answers& challenger, const Answers& rival,
                 double alpha) {
  const auto positive = positives(truth);
  const auto a = stats::placements(challenger, positive);
  const auto b = stats::placements(rival, positive);
  const double variance = stats::auc_covariance(a, a) + stats::auc_covariance(b, b) -
                          2 * stats::auc_covariance(a, b);
  const double error = std::sqrt(std::max(0.0, variance));
  const double reach = stats::normal_quantile(1 - alpha) * error;
  const double gain = a.auc - b.auc;
  return {{gain, gain - reach, gain + reach}, error, 0, 0};
}

Paired by_row_differences(Metric metric, const Truth& truth, const Answers& challenger,
                          const Answers& rival, double alpha) {
  std::vector<double> gains;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const double gain = sums_of(metric, truth, challenger, i, 0).loss -
                        sums_of(metric, truth, rival, i, 0).loss;
    gains.push_back(greater_is_better(metric) ? gain : -gain);
  }
  const auto [mean, variance] = stats::moments(gains);
  const double n = static_cast<double>(gains.size());
  Paired paired = student(mean, std::sqrt(variance / n), alpha, n - 1);
  if (metric != Metric::kAccuracy) return paired;
  Discordance rows{0, 0, gains.size()};
  for (const double gain : gains) {
    if (gain > 0) ++rows.better;
    if (gain < 0) ++rows.worse;
  }
  // The number of discordant rows is chance too: how much better the challenger may be, and how
  // much worse beyond "not better", is the farther of both answers.
  const Interval exact = mcnemar_bounds(rows, alpha);
  paired.gain.high = std::max(paired.gain.high, exact.high);
  paired.gain.low = exact.low > 0 ? exact.low : std::min(0.0, std::min(paired.gain.low, exact.low));
  return paired;
}

Paired by_draws(Metric metric, const Truth& truth, const Answers& challenger,
                const Answers& rival, double alpha, Seed seed) {
  const Units units = units_of(truth);
  const double sign = greater_is_better(metric) ? 1 : -1;
  const Weighted a = weighted(metric, truth, challenger, units);
  const Weighted b = weighted(metric, truth, rival, units);
  const Weighted gain = [&](std::span<const double> weights) {
    return sign * (a(weights) - b(weights));
  };
  const double value = gain(std::vector<double>(units.count, 1.0));
  const auto [bounds, error] = drawn(units, value, alpha, seed, gain);
  return {{value, bounds.low, bounds.high}, error, 0, 0};
}

}  // namespace

std::uint64_t days_of(const Truth& truth) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < truth.day.size(); ++i) {
    if (i == 0 || truth.day[i] != truth.day[i - 1]) ++count;
  }
  return count;
}

Interval measure(Metric metric, const Truth& truth, const Answers& answers, double level,
                 Seed seed) {
  const double value = value_of(metric, truth, answers);
  if (!std::isfinite(value)) return {kUndefined, kUndefined, kUndefined};
  const bool alike = truth.unit().empty() && truth.weight.empty();
  if (alike && metric == Metric::kAuc) {
    const auto bounds = stats::auc_interval(stats::placements(answers, positives(truth)), level);
    return {value, bounds.low, bounds.high};
  }
  if (alike && metric == Metric::kAccuracy) {
    const double rows = static_cast<double>(truth.rows());
    const auto hits = static_cast<std::uint64_t>(std::llround(value * rows));
    const auto bounds = stats::wilson({hits, truth.rows()}, level);
    return {value, bounds.low, bounds.high};
  }
  const Units units = units_of(truth);
  const auto bounds = drawn(units, value, (1 - level) / 2, seed,
                            weighted(metric, truth, answers, units)).bounds;
  return within_range(metric, {value, bounds.low, bounds.high});
}

Paired compare(Metric metric, const Truth& truth, const Answers& challenger,
               const Answers& rival, double alpha, Seed seed) {
  // With weights a metric is a ratio of sums, and neither DeLong nor Wilson knows of them, nor of
  // rows that depend on each other.
  const bool drawn_units = !truth.unit().empty() || !truth.weight.empty() ||
                           metric == Metric::kRmse || metric == Metric::kR2;
  Paired paired{{kUndefined, kUndefined, kUndefined}, kUndefined, 0, 0};
  if (truth.rows() < 2) return paired;
  if (drawn_units) {
    paired = by_draws(metric, truth, challenger, rival, alpha, seed);
  } else if (metric == Metric::kAuc) {
    paired = by_delong(truth, challenger, rival, alpha);
  } else {
    paired = by_row_differences(metric, truth, challenger, rival, alpha);
  }
  paired.rows = truth.rows();
  paired.days = days_of(truth);
  return paired;
}

Interval mcnemar_bounds(Discordance rows, double alpha) noexcept {
  const std::uint64_t discordant = rows.better + rows.worse;
  const double n = static_cast<double>(rows.rows);
  if (rows.rows == 0) return {0, -1, 1};
  if (discordant == 0) {
    const double most = stats::clopper_pearson_upper({0, rows.rows}, alpha);
    return {0, -most, most};
  }
  // P(X > k) + P(X = k)/2 for X ~ Bin(discordant, t) grows with t.
  const auto beyond = [discordant](std::uint64_t k, double t) {
    const auto at_least = [&](std::uint64_t hits) {
      if (hits == 0) return 1.0;
      if (hits > discordant) return 0.0;
      return stats::beta_cdf(t, {static_cast<double>(hits),
                                 static_cast<double>(discordant - hits) + 1});
    };
    return 0.5 * (at_least(k) + at_least(k + 1));
  };
  const auto least = [&](std::uint64_t hits) {
    double low = 0, high = 1;
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (low + high);
      (beyond(hits, middle) < alpha ? low : high) = middle;
    }
    return low;
  };
  const double share = static_cast<double>(discordant) / n;
  const double low = least(rows.better), high = 1 - least(rows.worse);
  return {(static_cast<double>(rows.better) - static_cast<double>(rows.worse)) / n,
          (2 * low - 1) * share, (2 * high - 1) * share};
}

}  // namespace rondo::evaluate
