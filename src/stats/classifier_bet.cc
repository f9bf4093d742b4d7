// Fisher's discriminant as the classifier: its covariance is that of the sample and is taken once,
// so a refit is one small system of equations.
#include "stats/classifier_bet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "stats/intervals.h"
#include "stats/portable.h"
#include "stats/symmetric.h"

namespace rondo::stats {
namespace {

constexpr std::size_t kMostColumns = 16;
constexpr std::size_t kFewestRows = 200;
constexpr std::uint64_t kRefit = 500;
constexpr double kRowHalfLife = 2000;      // of what is learned of the newest rows
constexpr std::size_t kFitted = 4;         // every fourth row trains, the others bound
constexpr double kClip = 3;
constexpr double kRidge = 0.1;
constexpr double kApart = 3;               // standard errors
constexpr std::size_t kMostFeatures = 16;
constexpr double kSpread = 2;              // deviation of the discriminant at least
constexpr double kError = 0.01;            // that any C is too low
constexpr std::array kRowBets = {200.0, 2000.0}, kWindowBets = {7.0, 28.0};  // half-lives
constexpr double kFewDays = 8, kByChance = 3;

struct Window {
  double sum = 0, rows = 0;
};

/// How far above the mean the windows' means go beyond what their numbers of rows explain; the
/// rule of stats::widen.
double above_mean(const std::map<std::int64_t, Window>& windows, double mean, double variance) {
  if (windows.size() < 2) return 0;
  const auto count = static_cast<double>(windows.size());
  double squares = 0, noise = 0, most = 0;
  for (const auto& [_, window] : windows) {
    const double away = window.sum / window.rows - mean;
    squares += away * away;
    noise += variance / window.rows / count;
    most = std::max(most, away);
  }
  const double spread = squares / (count - 1);
  if (spread <= noise * (1 + kByChance * std::sqrt(2 / (count - 1)))) return 0;
  const double moves = std::sqrt(spread - noise);
  return moves / std::sqrt(spread) * most + moves * kFewDays / count;
}

}  // namespace

std::vector<double> normal_scores(std::span<const std::uint64_t> counts) {
  double all = 0, before = 0;
  for (const std::uint64_t count : counts) all += static_cast<double>(count);
  std::vector<double> scores;
  for (const std::uint64_t count : counts) {
    const auto here = static_cast<double>(count);
    const double middle = all > 0 ? (before + here / 2) / all : 0.5;
    scores.push_back(std::clamp(normal_quantile(middle), -kClip, kClip));
    before += here;
  }
  return scores;
}

bool ClassifierEvidence::usable(const BinnedSample& sample) {
  const std::size_t d = sample.columns();
  if (d < 2 || d > kMostColumns || sample.rows() < kFewestRows) return false;
  if (sample.bins.size() != sample.rows() * d) return false;
  if (!sample.windows.empty() && sample.windows.size() != sample.rows()) return false;
  for (std::size_t i = 0; i < sample.bins.size(); ++i) {
    if (sample.bins[i] >= sample.scores[i % d].size()) return false;
  }
  return true;
}

ClassifierEvidence::ClassifierEvidence(BinnedSample sample) : sample_(std::move(sample)) {
  const std::size_t d = sample_.columns(), p = d * (d - 1) / 2;
  mean_.assign(p, 0);
  seen_.assign(p, 0);
  phi_.assign(p, 0);
  stake_.assign(p, 0);
}

std::span<const std::uint8_t> ClassifierEvidence::row(std::size_t i) const {
  return std::span(sample_.bins).subspan(i * sample_.columns(), sample_.columns());
}

/// aGRAPA: the stake that what came before would have grown by most, to second order.
void ClassifierEvidence::Bet::place(double beyond, double granted, double most, double keep) {
  const double spread = observed > 0 ? squares / observed : 0;
  const double stake = excess / (spread + excess * excess);
  const double bet = std::clamp(std::isfinite(stake) ? stake : 0.0, 0.0, most);
  evidence = std::max(evidence, granted) * (1 + bet * beyond);
  log_sum += portable_log(1 + bet * beyond);
  log_least = std::min(log_least, log_sum);
  observed = keep * observed + 1;
  const double before = beyond - excess;
  excess += before / observed;
  squares = keep * squares + before * (beyond - excess);
}

double ClassifierEvidence::value() const noexcept {
  double sum = 0;
  for (const Bet& bet : bets_) sum += bet.evidence;
  return sum / static_cast<double>(bets_.size());
}

void ClassifierEvidence::restart() noexcept {
  for (Bet& bet : bets_) bet.evidence = bet.log_sum = bet.log_least = 0;
}

bool ClassifierEvidence::at_floor() const noexcept {
  const auto& bet = *std::ranges::max_element(bets_, {}, &Bet::evidence);
  return bet.log_sum <= bet.log_least;
}

/// The product of each pair. A column by itself is left to what watches it by itself.
void ClassifierEvidence::expand(std::span<const std::uint8_t> bins,
                                std::vector<double>& out) const {
  std::array<double, kMostColumns> scores;
  std::size_t at = 0;
  for (std::size_t i = 0; i < sample_.columns(); ++i) {
    scores[i] = sample_.scores[i][bins[i]];
    for (std::size_t j = 0; j < i; ++j) {
      out[at++] = std::clamp(scores[i] * scores[j], -kClip, kClip);
    }
  }
}

/// Mean and covariance of every fourth row. Done when first needed, as a model that is
/// hardly asked needs neither.
void ClassifierEvidence::prepare() {
  if (prepared_) return;
  prepared_ = true;
  const std::size_t p = features();
  double rows = 0;
  std::vector<double> sums(p, 0);
  for (std::size_t at = 0; at < sample_.rows(); at += kFitted, rows += 1) {
    expand(row(at), phi_);
    for (std::size_t i = 0; i < p; ++i) sums[i] += phi_[i];
  }
  for (std::size_t i = 0; i < p; ++i) mean_[i] = sums[i] / rows;
  covariance_.assign(p * p, 0);
  for (std::size_t at = 0; at < sample_.rows(); at += kFitted) {
    expand(row(at), phi_);
    for (std::size_t i = 0; i < p; ++i) {
      const double away = (phi_[i] - mean_[i]) / rows;
      for (std::size_t j = 0; j <= i; ++j) covariance_[i * p + j] += away * (phi_[j] - mean_[j]);
    }
  }
  for (std::size_t i = 0; i < p; ++i) {
    covariance_[i * p + i] += kRidge;
    for (std::size_t j = 0; j < i; ++j) covariance_[j * p + i] = covariance_[i * p + j];
  }
}

void ClassifierEvidence::take_terms() {
  terms_.clear();
  std::size_t at = 0;
  for (std::size_t i = 0; i < sample_.columns(); ++i) {
    for (std::size_t j = 0; j < i; ++j, ++at) {
      if (stake_[at] != 0) terms_.push_back({j, i, stake_[at]});
    }
  }
}

/// tanh of half the discriminant.
double ClassifierEvidence::answer(std::span<const std::uint8_t> bins) const {
  double sum = offset_;
  for (const Term& term : terms_) {
    const double product = sample_.scores[term.first][bins[term.first]] *
                           sample_.scores[term.second][bins[term.second]];
    sum += term.stake * std::clamp(product, -kClip, kClip);
  }
  return 1 - 2 / (portable_exp(std::clamp(sum, -30.0, 30.0)) + 1);
}

void ClassifierEvidence::add(std::span<const std::uint8_t> bins) {
  expand(bins, phi_);
  static const double keep = std::exp2(-1 / kRowHalfLife);
  weight_ = keep * weight_ + 1;
  const std::size_t p = features();
  for (std::size_t i = 0; i < p; ++i) seen_[i] = keep * seen_[i] + phi_[i];
  ++fresh_;
  ++rows_;
  if (separates_) sum_ += answer(bins);
}

void ClassifierEvidence::skip() {
  sum_ = 0;
  rows_ = 0;
}

void ClassifierEvidence::close(double granted) {
  if (rows_ == 0) return;
  if (separates_) {
    const double beyond = sum_ / static_cast<double>(rows_) - bound_;
    for (std::size_t i = 0; i < bets_.size(); ++i) {
      const double half_life = sample_.windows.empty() ? kRowBets[i] : kWindowBets[i];
      bets_[i].place(beyond, granted, 1 / (2 * (1 + bound_)), std::exp2(-1 / half_life));
    }
  } else {
    for (Bet& bet : bets_) bet.evidence = std::max(bet.evidence, granted);
  }
  skip();
  if (fresh_ >= kRefit) refit();
}

/// w = s (Sigma + ridge)^-1 (m - mu) over the features whose means are more than three standard
/// errors apart, the 16 farthest at most: all of them together would drown one pair that changed in
/// the noise of the others. s = max(1, 2/D), D^2 = (m - mu)' (Sigma + ridge)^-1 (m - mu): g may use
/// its range, as C pays for it anyway.
void ClassifierEvidence::refit() {
  prepare();
  fresh_ = 0;
  ++refits_;
  const std::size_t p = features();
  const double keep = std::exp2(-1 / kRowHalfLife);
  const double newest = std::min(weight_ * (1 + keep), (1 + keep) / (1 - keep));  // worth of rows
  const double error = 1 / newest + kFitted / static_cast<double>(sample_.rows());
  std::vector<std::pair<double, std::size_t>> far;
  for (std::size_t i = 0; i < p; ++i) {
    const double apart = seen_[i] / weight_ - mean_[i];
    const double deviations = std::abs(apart) / std::sqrt(covariance_[i * p + i] * error);
    if (deviations > kApart) far.emplace_back(-deviations, i);
  }
  std::ranges::sort(far);
  far.resize(std::min(far.size(), kMostFeatures));
  stake_.assign(p, 0);
  bound_ = 1;
  separates_ = !far.empty();
  terms_.clear();
  if (!separates_) return;
  const std::size_t n = far.size();
  std::vector<double> part(n * n), apart(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = far[i].second;
    apart[i] = seen_[at] / weight_ - mean_[at];
    for (std::size_t j = 0; j < n; ++j) part[i * n + j] = covariance_[at * p + far[j].second];
  }
  std::vector<double> w = apart;
  separates_ = solve_symmetric(part, w);
  if (!separates_) return;
  double distance = 0;
  for (std::size_t i = 0; i < n; ++i) distance += apart[i] * w[i];
  const double scale = std::max(1.0, kSpread / std::sqrt(distance));
  offset_ = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = far[i].second;
    stake_[at] = scale * w[i];
    offset_ -= stake_[at] * (mean_[at] + apart[i] / 2);
  }
  take_terms();
  bound();
}

/// C = mean + sqrt(2 v l/n) + 14 l/(3 (n - 1)), l = ln(2 j (j + 1)/.01) at the j-th refit, and
/// where windows differ what their means reach. Source: Maurer, Pontil 2009, theorem 4, for a range
/// of 2.
void ClassifierEvidence::bound() {
  double n = 0, mean = 0, squares = 0;
  std::map<std::int64_t, Window> windows;
  for (std::size_t at = 0; at < sample_.rows(); ++at) {
    if (at % kFitted == 0) continue;
    const double g = answer(row(at));
    n += 1;
    const double before = g - mean;
    mean += before / n;
    squares += before * (g - mean);
    if (sample_.windows.empty()) continue;
    Window& window = windows[sample_.windows[at]];
    window.sum += g;
    window.rows += 1;
  }
  const double variance = squares / (n - 1);
  const auto j = static_cast<double>(refits_);
  const double l = portable_log(2 * j * (j + 1) / kError);
  bound_ = mean + std::sqrt(2 * variance * l / n) + 14 * l / (3 * (n - 1)) +
           above_mean(windows, mean, variance);
}

ClassifierEvidence::Pair ClassifierEvidence::strongest() const {
  Pair out;
  double most = 0;
  for (const Term& term : terms_) {
    const std::size_t at = term.second * (term.second - 1) / 2 + term.first;
    const double before = mean_[at], now = seen_[at] / weight_;
    if (term.stake * (now - before) <= most) continue;
    most = term.stake * (now - before);
    out = {term.first, term.second, before, now};
  }
  return out;
}

Json ClassifierEvidence::state() const {
  std::vector<double> bets;
  for (const Bet& bet : bets_) {
    bets.insert(bets.end(), {bet.evidence, bet.excess, bet.squares, bet.observed, bet.log_sum,
                             bet.log_least});
  }
  return {{"seen", seen_}, {"weight", weight_}, {"fresh", fresh_}, {"refits", refits_},
          {"separates", separates_}, {"stake", stake_}, {"offset", offset_},
          {"bound", bound_}, {"sum", sum_}, {"rows", rows_}, {"bets", bets}};
}

Result<void> ClassifierEvidence::read(const Json& state) {
  const auto wrong = fail(Code::kCorrupt, "evidence of a classifier: the state has another shape");
  const auto seen = TRY(io::get<std::vector<double>>(state, "seen"));
  const auto stake = TRY(io::get<std::vector<double>>(state, "stake"));
  const auto bets = TRY(io::get<std::vector<double>>(state, "bets"));
  if (seen.size() != features() || stake.size() != features()) return wrong;
  if (bets.size() != 6 * bets_.size()) return wrong;
  seen_ = seen;
  stake_ = stake;
  for (std::size_t i = 0; i < bets_.size(); ++i) {
    const std::size_t at = 6 * i;
    bets_[i] = {bets[at], bets[at + 1], bets[at + 2], bets[at + 3], bets[at + 4], bets[at + 5]};
  }
  weight_ = TRY(io::get<double>(state, "weight"));
  fresh_ = TRY(io::get<std::uint64_t>(state, "fresh"));
  refits_ = TRY(io::get<std::uint64_t>(state, "refits"));
  separates_ = TRY(io::get<bool>(state, "separates"));
  offset_ = TRY(io::get<double>(state, "offset"));
  bound_ = TRY(io::get<double>(state, "bound"));
  sum_ = TRY(io::get<double>(state, "sum"));
  rows_ = TRY(io::get<std::uint64_t>(state, "rows"));
  take_terms();
  if (separates_) prepare();  // strongest() wants the means
  return {};
}

}  // namespace rondo::stats
