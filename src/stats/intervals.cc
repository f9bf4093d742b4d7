// Intervals of shares and counts, and the two moments; see intervals.h.
#include "stats/intervals.h"

#include <algorithm>
#include <cmath>

namespace rondo::stats {
namespace {
double number(std::uint64_t n) noexcept { return static_cast<double>(n); }
}  // namespace

Bounds wilson(Share share, double level) noexcept {
  if (share.rows == 0) return {0, 1};
  const double n = number(share.rows), p = share.value();
  const double z = normal_quantile(0.5 + level / 2);
  const double middle = p + z * z / (2 * n);
  const double reach = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - reach) / scale), std::min(1.0, (middle + reach) / scale)};
}

double clopper_pearson_lower(Share share, double error) noexcept {
  if (share.hits == 0 || share.rows == 0) return 0;
  return beta_quantile(error, {number(share.hits), number(share.rows - share.hits) + 1});
}

double clopper_pearson_upper(Share share, double error) noexcept {
  if (share.hits >= share.rows) return 1;
  // 1 - the lower quantile of the misses keeps full precision for small errors.
  return 1 - beta_quantile(error, {number(share.rows - share.hits), number(share.hits) + 1});
}

double poisson_upper(std::uint64_t count, double error) noexcept {
  const auto at_most = [count](double mean) {
    double sum = 0, log_term = -mean;
    for (std::uint64_t k = 0; k <= count; ++k) {
      sum += std::exp(log_term);
      log_term += std::log(mean / number(k + 1));
    }
    return sum;
  };
  double low = 1e-12, high = 2 * number(count) + 20;
  while (at_most(high) > error) high *= 2;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (at_most(middle) > error ? low : high) = middle;
  }
  return high;
}

double mcnemar_mid_p(Discordant rows) noexcept {
  const std::uint64_t n = rows.better + rows.worse;
  if (n == 0) return 0.5;
  // P(X >= k) for X ~ Bin(n, 1/2) is I_{1/2}(k, n - k + 1).
  const auto at_least = [n](std::uint64_t k) {
    if (k == 0) return 1.0;
    if (k > n) return 0.0;
    return beta_cdf(0.5, {number(k), number(n - k) + 1});
  };
  return 0.5 * (at_least(rows.better) + at_least(rows.better + 1));
}

Moments moments(std::span<const double> values) noexcept {
  if (values.empty()) return {};
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / number(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() < 2 ? 0 : squares / number(values.size() - 1)};
}

double lag_one(std::span<const double> values) noexcept {
  const double mean = moments(values).mean;
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double deviation = values[i] - mean;
    squares += deviation * deviation;
    if (i > 0) products += deviation * (values[i - 1] - mean);
  }
  return squares > 0 ? products / squares : 0;
}

}  // namespace rondo::stats
