// Placements by one sort; see delong.h.
#include "stats/delong.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rondo::stats {
namespace {

double covariance(std::span<const double> a, std::span<const double> b) noexcept {
  if (a.size() < 2) return 0;
  const double mean_a = moments(a).mean, mean_b = moments(b).mean;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size() - 1);
}

}  // namespace

Placements placements(std::span<const double> score, std::span<const std::uint8_t> positive) {
  std::vector<std::size_t> order(score.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return score[a] != score[b] ? score[a] < score[b] : a < b;
  });
  const auto count = std::count_if(positive.begin(), positive.end(), [](auto p) { return p != 0; });
  const double n1 = static_cast<double>(count);
  const double n0 = static_cast<double>(score.size()) - n1;
  if (n1 == 0 || n0 == 0) return {std::numeric_limits<double>::quiet_NaN(), {}, {}};
  Placements out;
  std::vector<double> place(score.size());
  double below1 = 0, below0 = 0, sum = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    double tied1 = 0, tied0 = 0;
    for (; end < order.size() && score[order[end]] == score[order[i]]; ++end) {
      (positive[order[end]] != 0 ? tied1 : tied0) += 1;
    }
    for (; i < end; ++i) {
      place[order[i]] = positive[order[i]] != 0 ? (below0 + tied0 / 2) / n0
                                                : (n1 - below1 - tied1 / 2) / n1;
    }
    sum += tied1 * (below0 + tied0 / 2);
    below1 += tied1;
    below0 += tied0;
  }
  out.auc = sum / (n1 * n0);
  for (std::size_t i = 0; i < place.size(); ++i) {
    (positive[i] != 0 ? out.positives : out.negatives).push_back(place[i]);
  }
  return out;
}

double auc_covariance(const Placements& a, const Placements& b) noexcept {
  if (a.positives.empty() || a.negatives.empty()) return 0;
  return covariance(a.positives, b.positives) / static_cast<double>(a.positives.size()) +
         covariance(a.negatives, b.negatives) / static_cast<double>(a.negatives.size());
}

Bounds auc_interval(const Placements& p, double level) noexcept {
  if (p.positives.empty()) return {0, 1};
  const double tail = (1 - level) / 2;
  const double pairs = static_cast<double>(std::min(p.positives.size(), p.negatives.size()));
  if (p.auc >= 1) return {std::pow(tail, 1 / pairs), 1};
  if (p.auc <= 0) return {0, 1 - std::pow(tail, 1 / pairs)};
  const double logit = std::log(p.auc / (1 - p.auc));
  const double reach = normal_quantile(1 - tail) * std::sqrt(std::max(0.0, auc_covariance(p, p))) /
                       (p.auc * (1 - p.auc));
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  return {back(logit - reach), back(logit + reach)};
}

}  // namespace rondo::stats
