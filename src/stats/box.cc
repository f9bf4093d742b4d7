// Windows against a box: bounds, the nearest law in it, bets on the difference.
#include "stats/box.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr double kForgets[] = {0, 0.8};
constexpr double kPriorRows = 50;  // that the reference counts for in a bet
constexpr double kUnsure = 3;        // deviations of a variance that show nothing but chance
constexpr double kFewWindows = 8;    // with so few the bounds go out by a whole deviation
constexpr double kMostTilt = 5, kNear = 1e-9;
constexpr double kExact = 1e-13;     // of a sum of shares
constexpr int kMostSteps = 100;      // of Newton
constexpr double kSteps = 1'000;     // what is left of old counts, in steps: short as JSON

double sum_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// sum of clip(s q, low, high), and what it grows by where s does.
struct Clipped {
  double sum = 0, slope = 0;
};
Clipped clipped(std::span<const double> q, const Box& box, double s) {
  Clipped out;
  for (std::size_t b = 0; b < q.size(); ++b) {
    const double share = s * q[b], kept = std::clamp(share, box.low[b], box.high[b]);
    out.sum += kept;
    out.slope += kept == share ? q[b] : 0;
  }
  return out;
}

/// Least and greatest mean of `values` over the laws in the box: the lows, and what is left to 1
/// where it changes the mean by most.
Bounds means_in(const Box& box, std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t b) { return values[b]; });
  const auto filled = [&](const std::vector<std::size_t>& first) {
    double mean = 0, left = 1 - sum_of(box.low);
    for (std::size_t b = 0; b < values.size(); ++b) mean += box.low[b] * values[b];
    for (const std::size_t b : first) {
      const double more = std::min(left, box.high[b] - box.low[b]);
      mean += more * values[b];
      left -= more;
    }
    return mean;
  };
  const double least = filled(order);
  std::ranges::reverse(order);
  return {least, filled(order)};
}

}  // namespace

Box box_of(std::span<const std::uint64_t> counts, double tolerance, double error) {
  const auto bins = static_cast<double>(counts.size());
  const double n = static_cast<double>(std::accumulate(counts.begin(), counts.end(),
                                                       std::uint64_t{0}));
  Box box;
  for (const std::uint64_t count : counts) {
    const auto hits = static_cast<double>(count);
    const double moved = tolerance * hits / n, side = error / (2 * bins);
    const double low = count == 0 ? 0 : beta_quantile(side, {hits, n - hits + 1});
    const double high = hits == n ? 1 : beta_quantile(1 - side, {hits + 1, n - hits});
    box.low.push_back(std::clamp(low - moved, 0.0, 1.0));
    box.high.push_back(std::clamp(high + moved, 0.0, 1.0));
  }
  return box;
}

/// Of one bin: how far its mean share moves between windows, without what counting rows adds.
/// `least` and `most` come nearer to the mean by the same share of the deviation.
void widen_bin(double& low, double& high, std::span<const WindowShares> windows, std::size_t b) {
  const auto count = static_cast<double>(windows.size());
  double mean = 0, squares = 0, noise = 0, least = 1, most = 0;
  for (const WindowShares& window : windows) {
    mean += window.shares[b] / count;
    least = std::min(least, window.shares[b]);
    most = std::max(most, window.shares[b]);
  }
  for (const WindowShares& window : windows) {
    squares += (window.shares[b] - mean) * (window.shares[b] - mean);
    noise += mean * (1 - mean) / window.rows / count;
  }
  const double variance = squares / (count - 1);
  if (variance <= noise * (1 + kUnsure * std::sqrt(2 / (count - 1)))) return;
  const double moves = std::sqrt(variance - noise), part = moves / std::sqrt(variance);
  const double more = moves * kFewWindows / count;
  low = std::clamp(mean + part * (least - mean) - more, 0.0, low);
  high = std::clamp(mean + part * (most - mean) + more, high, 1.0);
}

void widen(Box& box, std::span<const WindowShares> windows) {
  if (windows.size() < 2) return;
  for (std::size_t b = 0; b < box.low.size(); ++b) widen_bin(box.low[b], box.high[b], windows, b);
}

/// s = 1/nu by Newton between bounds: the sum is made of straight lines, so few steps end exactly.
std::vector<double> projection(std::span<const double> q, const Box& box) {
  double s = 1, least = 0, most = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kMostSteps; ++i) {
    const Clipped now = clipped(q, box, s);
    if (std::abs(now.sum - 1) < kExact) break;
    (now.sum > 1 ? most : least) = s;
    double next = s + (1 - now.sum) / now.slope;
    if (!(next > least && next < most)) {
      next = std::isinf(most) ? 4 * s : least + (most - least) / 2;
    }
    s = next;
  }
  std::vector<double> out;
  for (std::size_t b = 0; b < q.size(); ++b) {
    out.push_back(std::clamp(s * q[b], box.low[b], box.high[b]));
  }
  return out;
}

BoxEvidence::BoxEvidence(Box box, std::span<const std::uint64_t> prior,
                         std::vector<double> scores)
    : box_(std::move(box)), scores_(std::move(scores)) {
  const double n = static_cast<double>(std::accumulate(prior.begin(), prior.end(),
                                                       std::uint64_t{0}));
  const auto bins = static_cast<double>(prior.size());
  for (const std::uint64_t count : prior) {
    prior_.push_back((static_cast<double>(count) + 0.5) / (n + bins / 2));
  }
  for (const double keeps : kForgets) {
    bets_.push_back({keeps, std::vector<double>(prior.size(), 0.0)});
  }
  if (!scores_.empty()) reach_ = means_in(box_, scores_);
}

/// q: what is bet on the next window.
std::vector<double> BoxEvidence::bet_on(const Bet& bet) const {
  const double all = sum_of(bet.seen) + kPriorRows;
  std::vector<double> q;
  for (std::size_t b = 0; b < prior_.size(); ++b) {
    q.push_back((bet.seen[b] + kPriorRows * prior_[b]) / all);
  }
  return q;
}

/// q of a column that moved as a whole: p_b exp(theta z_b), normed, with that mean score. Newton
/// from theta = 0: the logarithm of the norm is convex.
std::vector<double> BoxEvidence::tilted(double wanted) const {
  double theta = 0;
  std::vector<double> q(prior_.size());
  for (int i = 0; i < kMostSteps; ++i) {
    double norm = 0, mean = 0, square = 0;
    for (std::size_t b = 0; b < q.size(); ++b) {
      q[b] = prior_[b] * std::exp(theta * scores_[b]);
      norm += q[b];
      mean += q[b] * scores_[b];
      square += q[b] * scores_[b] * scores_[b];
    }
    for (double& share : q) share /= norm;
    mean /= norm;
    const double variance = square / norm - mean * mean;
    if (!(variance > 0) || std::abs(wanted - mean) < kNear) break;
    theta = std::clamp(theta + std::clamp((wanted - mean) / variance, -1.0, 1.0), -kMostTilt,
                       kMostTilt);
  }
  return q;
}

double BoxEvidence::log_evidence(std::span<const double> q,
                                 std::span<const std::uint64_t> counts) const {
  const std::vector<double> nearest = projection(q, box_);
  double log_e = 0;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    if (counts[b] > 0) log_e += static_cast<double>(counts[b]) * std::log(q[b] / nearest[b]);
  }
  return log_e;
}

/// What each bin adds to the last windows' log-likelihood against the box.
std::vector<double> BoxEvidence::apart() const {
  const Bet& bet = bets_.back();
  const std::vector<double> q = bet_on(bet), nearest = projection(q, box_);
  std::vector<double> out;
  for (std::size_t b = 0; b < q.size(); ++b) {
    out.push_back(bet.seen[b] > 0 ? bet.seen[b] * std::log(q[b] / nearest[b]) : 0);
  }
  return out;
}

/// Twice a log-likelihood ratio of K bins is about chi-square with K - 1 degrees of freedom: mean
/// and two deviations of its half.
bool BoxEvidence::outside() const {
  const double degrees = static_cast<double>(prior_.size() - 1);
  return sum_of(apart()) > degrees / 2 + 2 * std::sqrt(degrees / 2);
}

BoxEvidence::Bin BoxEvidence::farthest() const {
  const std::vector<double> parts = apart();
  const auto index = static_cast<std::size_t>(std::ranges::max_element(parts) - parts.begin());
  const std::vector<double>& seen = bets_.back().seen;
  return {index, seen[index] / std::max(1.0, sum_of(seen)), box_.low[index], box_.high[index]};
}

void BoxEvidence::add(std::span<const std::uint64_t> counts, double granted) {
  const double begin = std::log(granted);
  for (Bet& bet : bets_) {
    const std::vector<double> q = bet_on(bet);
    bet.log_value = std::max(bet.log_value, begin) + log_evidence(q, counts);
    if (!scores_.empty()) {
      const double mean = std::inner_product(q.begin(), q.end(), scores_.begin(), 0.0);
      const bool moved = mean < reach_.low || mean > reach_.high;
      bet.log_moved = std::max(bet.log_moved, begin);
      if (moved) bet.log_moved += log_evidence(tilted(mean), counts);
    }
    for (std::size_t b = 0; b < counts.size(); ++b) {
      const double kept = std::round(kSteps * bet.keeps * bet.seen[b]) / kSteps;
      bet.seen[b] = kept + static_cast<double>(counts[b]);
    }
  }
}

double BoxEvidence::beyond(std::span<const std::uint64_t> counts) const {
  const double n = static_cast<double>(std::accumulate(counts.begin(), counts.end(),
                                                       std::uint64_t{0}));
  double above = 0, below = 0;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    const double share = static_cast<double>(counts[b]) / n;
    const double high = box_.high[b] + 2 * std::sqrt(box_.high[b] * (1 - box_.high[b]) / n);
    const double low = box_.low[b] - 2 * std::sqrt(box_.low[b] * (1 - box_.low[b]) / n);
    above += std::max(0.0, share - high);
    below += std::max(0.0, low - share);
  }
  return std::min(1.0, std::max(above, below));
}

double BoxEvidence::value() const noexcept {
  double sum = 0;
  for (const Bet& bet : bets_) {
    sum += std::exp(std::min(bet.log_value, 600.0));
    if (!scores_.empty()) sum += std::exp(std::min(bet.log_moved, 600.0));
  }
  return sum / static_cast<double>(scores_.empty() ? bets_.size() : 2 * bets_.size());
}

void BoxEvidence::restart() noexcept {
  for (Bet& bet : bets_) bet.log_value = bet.log_moved = -1e300;
}

Json BoxEvidence::state() const {
  Json out = Json::array();
  for (const Bet& bet : bets_) {
    Json one = {{"seen", bet.seen}, {"log", bet.log_value}};
    if (!scores_.empty()) one["moved"] = bet.log_moved;
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> BoxEvidence::read(const Json& state) {
  const auto wrong = [] {
    return fail(Code::kCorrupt, "the evidence about a column's box has another shape");
  };
  if (!state.is_array() || state.size() != bets_.size()) return wrong();
  for (std::size_t i = 0; i < bets_.size(); ++i) {
    bets_[i].seen = TRY(io::get<std::vector<double>>(state[i], "seen"));
    bets_[i].log_value = TRY(io::get<double>(state[i], "log"));
    bets_[i].log_moved = io::get_or<double>(state[i], "moved", -1e300);
    if (bets_[i].seen.size() != prior_.size()) return wrong();
  }
  return {};
}

std::vector<std::size_t> alarms_among(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return values[i]; });
  std::size_t most = 0;
  for (std::size_t k = 1; k <= order.size(); ++k) {
    if (values[order[k - 1]] * static_cast<double>(k) >= static_cast<double>(values.size())) {
      most = k;
    }
  }
  order.resize(most);
  std::ranges::sort(order);
  return order;
}

}  // namespace rondo::stats
