// The capital of bets against a mean; see betting.h. It never falls as the mean is raised, so one
// bisection finds the bound.
#include "stats/betting.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rondo::stats {
namespace {

constexpr std::size_t kWeek = 7;  // days from which they say something of others
constexpr double kRanges = 4;     // of their means, beyond the greatest
constexpr double kMostAtStake = 0.9;
constexpr int kBets = 11;
constexpr std::size_t kTogether = 16;  // factors are in [.1, 1e13]: so many fit a double

/// The sum of the logarithms of the factors 1 + stake (mean - x).
double log_product(std::span<const double> values, double stake, double mean) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); i += kTogether) {
    double product = 1;
    for (const double value : values.subspan(i, std::min(kTogether, values.size() - i))) {
      product *= 1 + stake * (mean - value);
    }
    sum += std::log(product);
  }
  return sum;
}

/// The logarithm of what bets that the mean is below `mean` have made of 1. Values in [0, 1].
double log_capital(std::span<const double> values, double mean) {
  double logs[kBets], most = 0;
  for (int k = 0; k < kBets; ++k) {
    const double stake = std::ldexp(kMostAtStake, -k) / (1 - mean);
    logs[k] = std::log(k == 0 ? 0.5 : 0.5 / (kBets - 1)) + log_product(values, stake, mean);
    most = k == 0 ? logs[k] : std::max(most, logs[k]);
  }
  double total = 0;
  for (const double each : logs) total += std::exp(each - most);
  return most + std::log(total);
}

}  // namespace

double mean_upper(std::span<const double> values, double ceiling, double error) {
  if (values.empty() || !(ceiling > 0)) return ceiling;
  std::vector<double> scaled;
  for (const double value : values) scaled.push_back(std::clamp(value / ceiling, 0.0, 1.0));
  const double price = std::log(1 / error);
  double low = 0, high = 1;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (log_capital(scaled, middle) < price ? low : high) = middle;
  }
  return ceiling * high;
}

Bounds reach_of_days(std::span<const double> means) {
  if (means.size() < kWeek) return {0, 1};
  const auto [least, greatest] = std::ranges::minmax(means);
  const double range = greatest - least;
  // Days without any error say little about the worst day.
  if (!(greatest > 0)) return {0, 1};
  const double above = std::min(std::max(kRanges * range, greatest / 4), greatest);
  return {std::max(0.0, least - range), std::min(1.0, greatest + above)};
}

}  // namespace rondo::stats
