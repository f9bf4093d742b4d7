// Two parametric fits by one Newton iteration, two free ones by pooling: see calibration.h.
#include "stats/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "stats/portable.h"

namespace rondo::stats {
namespace {

constexpr double kLeast = 1e-15;      // the log-loss clips there too
constexpr std::size_t kTerms = 3;     // ln s, -ln(1-s), 1
constexpr int kMostNewton = 100, kMostHalvings = 40;
using Terms = std::array<double, kTerms>;
using Hessian = std::array<Terms, kTerms>;

double clipped(double p) noexcept { return std::clamp(p, kLeast, 1 - kLeast); }

Terms terms_of(double score) noexcept {
  const double s = clipped(score);
  return {portable_log(s), -portable_log(1 - s), 1};
}

double inner(const Terms& x, const Terms& y) noexcept {
  return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

double sigmoid(double z) noexcept {
  if (z >= 0) return 1 / (1 + portable_exp(-z));
  const double e = portable_exp(z);
  return e / (1 + e);
}

/// Solves H x = g for a positive definite H, by elimination without exchange.
Terms solved(Hessian h, Terms g) noexcept {
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t row = i + 1; row < kTerms; ++row) {
      const double factor = h[row][i] / h[i][i];
      for (std::size_t k = i; k < kTerms; ++k) h[row][k] -= factor * h[i][k];
      g[row] -= factor * g[i];
    }
  }
  Terms x{};
  for (std::size_t i = kTerms; i-- > 0;) {
    double left = g[i];
    for (std::size_t k = i + 1; k < kTerms; ++k) left -= h[i][k] * x[k];
    x[i] = left / h[i][i];
  }
  return x;
}

/// Rows as a logistic regression sees them. A term that is 0 in all rows keeps its coefficient.
struct Regression {
  std::vector<Terms> rows;
  std::vector<double> target, weight;

  double loss(const Terms& w) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double z = inner(w, rows[i]);
      sum += weight[i] *
             (std::max(z, 0.0) - target[i] * z + std::log1p(std::exp(-std::abs(z))));
    }
    return sum;
  }
};

/// The Newton step, and how much of the loss it promises.
struct Step {
  Terms step{};
  double promise = 0;
};
Step newton_step(const Regression& data, const Terms& w) noexcept {
  Hessian h{};
  Terms g{};
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    const Terms& x = data.rows[i];
    const double p = sigmoid(inner(w, x)), bend = data.weight[i] * p * (1 - p);
    for (std::size_t j = 0; j < kTerms; ++j) {
      g[j] += data.weight[i] * (data.target[i] - p) * x[j];
      for (std::size_t k = 0; k < kTerms; ++k) h[j][k] += bend * x[j] * x[k];
    }
  }
  // Enough to solve the system of constant scores or of absent terms, too little to stop elsewhere.
  for (std::size_t j = 0; j < kTerms; ++j) h[j][j] += 1e-10 * h[j][j] + 1e-10;
  Step out{solved(h, g), 0};
  out.promise = inner(out.step, g);
  return out;
}

Terms fitted(const Regression& data, Terms w) noexcept {
  double loss = data.loss(w);
  for (int i = 0; i < kMostNewton; ++i) {
    const Step step = newton_step(data, w);
    if (!(step.promise > 1e-14 * (1 + loss))) break;
    double share = 1, next_loss = loss;
    Terms next = w;
    for (int halving = 0; halving < kMostHalvings; ++halving, share /= 2) {
      for (std::size_t j = 0; j < kTerms; ++j) next[j] = w[j] + share * step.step[j];
      next_loss = data.loss(next);
      if (next_loss <= loss - 1e-4 * share * step.promise) break;
    }
    if (!(next_loss < loss)) break;
    w = next;
    loss = next_loss;
  }
  return w;
}

/// What each row counts, 1 on the average of those that do count.
std::vector<double> scaled_weights(const Scored& rows) {
  if (rows.weight.empty()) return std::vector<double>(rows.score.size(), 1);
  std::vector<double> out(rows.weight.begin(), rows.weight.end());
  double sum = 0, count = 0;
  for (const double weight : out) {
    sum += weight;
    count += weight > 0 ? 1 : 0;
  }
  for (double& weight : out) weight *= sum > 0 ? count / sum : 0;
  return out;
}

/// As how many rows each class counts; both must be there for a fit.
struct Classes {
  double positives = 0, negatives = 0;
  bool both() const noexcept { return positives > 0 && negatives > 0; }
};
Classes classes_in(const Scored& rows) {
  const std::vector<double> weights = scaled_weights(rows);
  std::vector<double> of[2];
  for (std::size_t i = 0; i < weights.size(); ++i) {
    of[rows.positive[i] ? 1 : 0].push_back(weights[i]);
  }
  return {effective_rows(of[1]), effective_rows(of[0])};
}

Regression regression_of(const Scored& rows) {
  const Classes classes = classes_in(rows);
  Regression out;
  out.weight = scaled_weights(rows);
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    out.rows.push_back(terms_of(rows.score[i]));
    out.target.push_back(rows.positive[i] ? (classes.positives + 1) / (classes.positives + 2)
                                          : 1 / (classes.negatives + 2));
  }
  return out;
}

/// Rows of one score.
struct Pool {
  double first = 0, last = 0;         // scores
  double rows = 0, positives = 0;
  double share() const noexcept { return positives / rows; }
};
std::vector<Pool> by_score(const Scored& rows) {
  std::vector<std::size_t> order(rows.score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return rows.score[i]; });
  const std::vector<double> weights = scaled_weights(rows);
  std::vector<Pool> out;
  for (const std::size_t i : order) {
    const double score = rows.score[i];
    if (!(weights[i] > 0)) continue;
    if (out.empty() || out.back().last != score) out.push_back({score, score, 0, 0});
    out.back().rows += weights[i];
    out.back().positives += rows.positive[i] ? weights[i] : 0;
  }
  return out;
}

/// A corner of the cumulative diagram: rows, and positives among them.
struct Corner {
  double x = 0, y = 0;
};
/// Above 0 when c is to the left of the way from a to b.
double turn(Corner a, Corner b, Corner c) noexcept {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/// Puts a corner in front of a lower hull whose front is the end of the list.
void put_in_front(std::vector<Corner>& hull, Corner corner) {
  while (hull.size() >= 2 && turn(corner, hull.back(), hull[hull.size() - 2]) <= 0) hull.pop_back();
  hull.push_back(corner);
}

/// p1 at each score: the isotonic share there when one more positive row has that score, the slope
/// of the lower hull of the diagram there. The additional row is moved from score to score, which
/// moves one corner down by (1, 1), and only ever changes the hull's front.
std::vector<double> raised_shares(const std::vector<Pool>& pools) {
  std::vector<Corner> corners = {{0, 0}};
  for (const Pool& pool : pools) {
    corners.push_back({corners.back().x + pool.rows, corners.back().y + pool.positives});
  }
  std::vector<Corner> hull;
  for (std::size_t j = corners.size(); j-- > 1;) put_in_front(hull, corners[j]);
  put_in_front(hull, {-1, -1});
  std::vector<double> shares;
  for (std::size_t i = 1; i < corners.size(); ++i) {
    const Corner left = hull.back(), right = hull[hull.size() - 2];
    shares.push_back((right.y - left.y) / (right.x - left.x));
    if (i + 1 == corners.size()) break;
    const Corner moved = {corners[i].x - 1, corners[i].y - 1};
    // What lies on or above the front edge is no corner; else it is the new front.
    if (turn(left, right, moved) < 0) put_in_front(hull, moved);
  }
  return shares;
}

/// p0 is 1 - p1 of the other class, read from the other end.
std::vector<double> lowered_shares(std::vector<Pool> pools) {
  std::ranges::reverse(pools);
  for (Pool& pool : pools) pool.positives = pool.rows - pool.positives;
  std::vector<double> shares = raised_shares(pools);
  std::ranges::reverse(shares);
  for (double& share : shares) share = 1 - share;
  return shares;
}

bool equal_shares(const Calibration::Knot& a, const Calibration::Knot& b) noexcept {
  return a.low == b.low && a.high == b.high;
}

double interpolated(std::span<const Calibration::Knot> knots, double score) noexcept {
  if (knots.empty()) return score;
  const auto after = std::ranges::lower_bound(knots, score, {}, &Calibration::Knot::score);
  if (after == knots.end()) return knots.back().low;
  if (after == knots.begin() || after->score == score) return after->low;
  const auto before = after - 1;
  const double way = (score - before->score) / (after->score - before->score);
  return before->low + way * (after->low - before->low);
}

}  // namespace

double Calibration::probability(double score) const noexcept {
  if (std::isnan(score)) return score;
  switch (kind) {
    case Kind::kNone:
    case Kind::kTemperature: return score;
    case Kind::kPlatt:
    case Kind::kBeta: return sigmoid(inner({a, b, c}, terms_of(score)));
    case Kind::kIsotonic: return interpolated(knots, score);
    case Kind::kVennAbers: return venn_abers_at(*this, score).merged();
  }
  return score;
}

double effective_rows(std::span<const double> weight) noexcept {
  double sum = 0, squares = 0;
  for (const double each : weight) {
    sum += each;
    squares += each * each;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

VennAbers venn_abers_at(const Calibration& calibration, double score) noexcept {
  const auto& knots = calibration.knots;
  VennAbers out;
  const auto after = std::ranges::lower_bound(knots, score, {}, &Calibration::Knot::score);
  if (after != knots.end()) out.p1 = after->high;
  if (after != knots.end() && after->score == score) {
    out.p0 = after->low;
  } else if (after != knots.begin()) {
    out.p0 = (after - 1)->low;
  }
  return out;
}

Calibration fit_platt(const Scored& rows) {
  if (!classes_in(rows).both()) return {};
  Regression data = regression_of(rows);
  for (Terms& x : data.rows) x = {x[0] + x[1], 0, 1};
  Terms w = fitted(data, {1, 0, 0});
  if (w[0] < 0) {
    for (Terms& x : data.rows) x[0] = 0;
    w = fitted(data, {0, 0, 0});
  }
  return {Calibration::Kind::kPlatt, w[0], w[0], w[2], {}};
}

Calibration fit_beta(const Scored& rows) {
  if (!classes_in(rows).both()) return {};
  const Regression data = regression_of(rows);
  Terms best{};
  bool any = false;
  // The best of the fits that leave terms out and stay within the bounds is the best within them.
  for (const auto [first, second] : {std::array{1.0, 1.0}, {1.0, 0.0}, {0.0, 1.0}, {0.0, 0.0}}) {
    Regression some = data;
    for (Terms& x : some.rows) x = {first * x[0], second * x[1], 1};
    const Terms w = fitted(some, {first, second, 0});
    if (w[0] < 0 || w[1] < 0) continue;
    if (!any || data.loss(w) < data.loss(best)) best = w;
    any = true;
    if (first == 1 && second == 1) break;
  }
  return {Calibration::Kind::kBeta, best[0], best[1], best[2], {}};
}

Calibration fit_isotonic(const Scored& rows) {
  if (!classes_in(rows).both()) return {};
  std::vector<Pool> pools;
  for (Pool next : by_score(rows)) {
    while (!pools.empty() && pools.back().share() >= next.share()) {
      const Pool& before = pools.back();
      next = {before.first, next.last, before.rows + next.rows, before.positives + next.positives};
      pools.pop_back();
    }
    pools.push_back(next);
  }
  Calibration out;
  out.kind = Calibration::Kind::kIsotonic;
  for (const Pool& pool : pools) {
    out.knots.push_back({pool.first, pool.share(), pool.share()});
    if (pool.last != pool.first) out.knots.push_back({pool.last, pool.share(), pool.share()});
  }
  return out;
}

Calibration fit_venn_abers(const Scored& rows) {
  if (!classes_in(rows).both()) return {};
  const std::vector<Pool> pools = by_score(rows);
  const std::vector<double> low = lowered_shares(pools), high = raised_shares(pools);
  Calibration out;
  out.kind = Calibration::Kind::kVennAbers;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    const Calibration::Knot knot = {pools[i].first, low[i], high[i]};
    auto& knots = out.knots;
    // Of a run of equal knots the ends say everything.
    if (knots.size() >= 2 && equal_shares(knots.back(), knot) &&
        equal_shares(knots[knots.size() - 2], knot)) {
      knots.pop_back();
    }
    knots.push_back(knot);
  }
  return out;
}

double log_loss(double probability, bool positive) noexcept {
  return positive ? -std::log(clipped(probability)) : -std::log1p(-clipped(probability));
}

}  // namespace rondo::stats
