// Draws of units; see bootstrap.h.
#include "stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rondo::stats {
namespace {

/// Units by stratum, in order.
std::vector<std::vector<std::size_t>> strata_of(const Resampling& resampling) {
  std::map<std::uint32_t, std::vector<std::size_t>> by_stratum;
  for (std::size_t i = 0; i < resampling.units; ++i) {
    by_stratum[resampling.stratum.empty() ? 0 : resampling.stratum[i]].push_back(i);
  }
  std::vector<std::vector<std::size_t>> strata;
  for (auto& [stratum, units] : by_stratum) strata.push_back(std::move(units));
  return strata;
}

}  // namespace

void resample(const Resampling& resampling, Seed seed,
              const std::function<void(std::span<const double> weights)>& use) {
  if (resampling.units == 0) return;
  const std::size_t block = std::clamp<std::size_t>(resampling.block, 1, resampling.units);
  const auto strata = strata_of(resampling);
  Chance chance(seed);
  std::vector<double> weights(resampling.units);
  for (std::size_t draw = 0; draw < resampling.draws; ++draw) {
    std::fill(weights.begin(), weights.end(), 0.0);
    for (const auto& units : strata) {
      for (std::size_t drawn = 0; drawn < units.size();) {
        std::size_t at = static_cast<std::size_t>(chance.below(units.size()));
        for (std::size_t i = 0; i < block && drawn < units.size(); ++i, ++drawn) {
          weights[units[at]] += 1;
          if (++at == units.size()) at = 0;
        }
      }
    }
    use(weights);
  }
}

double percentile(std::span<const double> sorted, double p) noexcept {
  if (sorted.empty()) return 0;
  const double last = static_cast<double>(sorted.size()) - 1;
  const double place = std::clamp(p * (last + 2) - 1, 0.0, last);
  const auto i = static_cast<std::size_t>(place);
  if (i + 1 >= sorted.size()) return sorted.back();
  return sorted[i] + (place - static_cast<double>(i)) * (sorted[i + 1] - sorted[i]);
}

double expanded_tail(double p, std::size_t units) noexcept {
  if (units < 2) return 0;
  const double n = static_cast<double>(units);
  return normal_cdf(student_quantile(p, n - 1) * std::sqrt(n / (n - 1)));
}

Bootstrapped bootstrap_bounds(double value, std::vector<double> draws, std::size_t units,
                              double tail) {
  std::erase_if(draws, [](double draw) { return !std::isfinite(draw); });
  if (draws.size() < 2 || units < 2) return {{value, value}, 0};
  std::sort(draws.begin(), draws.end());
  const double n = static_cast<double>(units);
  // The spread of means of draws has divisor n; that of the sample has n - 1.
  const double spread = std::sqrt(moments(draws).variance * n / (n - 1));
  const double reach = student_quantile(1 - tail, n - 1) * spread;
  const double p = expanded_tail(tail, units);
  return {{std::min(percentile(draws, p), value - reach),
           std::max(percentile(draws, 1 - p), value + reach)},
          spread};
}

}  // namespace rondo::stats
