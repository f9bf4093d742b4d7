// Bets against a mean; see evidence.h. Order of arithmetic is fixed, so a restored state goes on
// with the same bits.
#include "stats/evidence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace rondo::stats {
namespace {

constexpr double kFarther = 1.5;         // than any observation before
constexpr std::array kFactors = {1.1, 1.2, 1.35, 1.5, 2.0, 3.0, 5.0};

Result<std::vector<double>> numbers_of(const Json& state, std::size_t count) {
  if (!state.is_array() || state.size() != count) {
    return fail(Code::kCorrupt, "evidence: the state has another shape");
  }
  std::vector<double> numbers;
  for (const Json& item : state) {
    if (!item.is_number()) return fail(Code::kCorrupt, "evidence: the state holds no number");
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

}  // namespace

std::optional<Fence::Kept> Fence::take(double x, Range can_be) {
  std::optional<Kept> kept;
  if (seen_) {
    const Range range{kFarther * seen_->least, 1 + kFarther * (seen_->most - 1)};
    kept = Kept{can_be.least < range.least ? range.least : std::max(x, range.least),
                can_be.most > range.most ? range.most : std::min(x, range.most), range};
  }
  const Range before = seen_.value_or(Range{});
  seen_ = Range{std::min(before.least, can_be.least), std::max(before.most, can_be.most)};
  return kept;
}

Json Fence::state() const {
  return seen_ ? Json::array({seen_->least, seen_->most}) : Json(nullptr);
}

Result<Fence> Fence::restore(const Json& state) {
  Fence restored;
  if (state.is_null()) return restored;
  const auto n = TRY(numbers_of(state, 2));
  restored.seen_ = Range{n[0], n[1]};
  return restored;
}

RiskEvidence::RiskEvidence(Null null) : null_(null) {
  null_.mean = std::clamp(null_.mean, 1e-6, 0.999);
  null_.least = std::clamp(null_.least, 0.0, null_.mean - 1e-6);
  mean_seen_ = seen(null_.mean);
  const double r0 = mean_seen_;
  for (const double factor : kFactors) {
    const double p = std::min(factor * r0, (1 + r0) / 2);
    bets_.push_back({(p - r0) / (r0 * (1 - r0)), 0, 0, 0, {}});
  }
  bets_.push_back({});
  restart();
}

void RiskEvidence::restart() {
  for (Bet& bet : bets_) {
    bet.evidence = bet.log_sum = bet.log_least = 0;
    bet.change = {};
  }
  weight_ = 1;
  mean_ = mean_seen_;
  squares_ = mean_seen_ * (1 - mean_seen_);
}

double RiskEvidence::seen(double loss) const noexcept {
  if (null_.least == 0) return loss;  // with the same bits, and audits may be below 0
  return (std::max(loss, null_.least) - null_.least) / (1 - null_.least);
}

double RiskEvidence::learned_stake(double least) const noexcept {
  const double excess = mean_ - mean_seen_;
  const double stake = excess / (squares_ / weight_ + excess * excess);
  return std::clamp(std::isfinite(stake) ? stake : 0.0, 0.0, 1 / (2 * (mean_seen_ - least)));
}

void RiskEvidence::learn(double loss) {
  const double keep = std::exp2(-1 / null_.half_life);
  weight_ = keep * weight_ + 1;
  const double before = loss - mean_;
  mean_ += before / weight_;
  squares_ = keep * squares_ + before * (loss - mean_);
}

void RiskEvidence::place(Bet& bet, double granted, const Observation& observation) const {
  const double e = 1 + bet.stake * (seen(observation.loss) - mean_seen_);
  bet.evidence = (bet.evidence + granted) * e;
  bet.log_sum += std::log(e);
  if (bet.log_sum <= bet.log_least) {
    bet.log_least = bet.log_sum;
    bet.change = {};
    return;
  }
  Change& change = bet.change;
  if (!change.since) change.since = observation.from;
  ++change.observations;
  change.rows += observation.rows;
  change.mean += (observation.loss - change.mean) / static_cast<double>(change.observations);
}

void RiskEvidence::add(const Observation& observation) {
  const double granted = null_.false_alarms_per_year * std::max(0.0, observation.years);
  bets_.back().stake = learned_stake(observation.range.least);
  for (Bet& bet : null_.learned_only ? std::span(&bets_.back(), 1) : std::span(bets_)) {
    place(bet, granted, observation);
  }
  learn(seen(observation.loss));
}

double RiskEvidence::value() const noexcept {
  if (null_.learned_only) return bets_.back().evidence;
  double fixed = 0;
  for (std::size_t i = 0; i + 1 < bets_.size(); ++i) fixed += bets_[i].evidence;
  fixed /= static_cast<double>(bets_.size() - 1);
  return null_.real_valued ? 0.5 * fixed + 0.5 * bets_.back().evidence : fixed;
}

RiskEvidence::Change RiskEvidence::change() const noexcept {
  const bool learns = null_.real_valued || null_.learned_only;
  const auto end = learns ? bets_.end() : bets_.end() - 1;
  return std::max_element(bets_.begin(), end, [](const Bet& a, const Bet& b) {
           return a.evidence < b.evidence;
         })->change;
}

Json RiskEvidence::state() const {
  Json bets = Json::array();
  for (const Bet& bet : bets_) {
    const Change& change = bet.change;
    bets.push_back({bet.evidence, bet.log_sum, bet.log_least,
                    change.since ? Json(change.since->us) : Json(nullptr), change.observations,
                    change.rows, change.mean});
  }
  return {{"bets", bets}, {"learned", {weight_, mean_, squares_}}};
}

Result<RiskEvidence> RiskEvidence::restore(Null null, const Json& state) {
  RiskEvidence restored(null);
  const auto bets = io::get_or<Json>(state, "bets", nullptr);
  if (!bets.is_array() || bets.size() != restored.bets_.size()) {
    return fail(Code::kCorrupt, "evidence: the state has another number of bets");
  }
  for (std::size_t i = 0; i < bets.size(); ++i) {
    Json item = bets[i];
    Bet& bet = restored.bets_[i];
    if (item.is_array() && item.size() == 7) {
      if (item[3].is_number_integer()) bet.change.since = Time{item[3].get<std::int64_t>()};
      item[3] = 0;
    }
    const std::vector<double> n = TRY(numbers_of(item, 7));
    bet.evidence = n[0];
    bet.log_sum = n[1];
    bet.log_least = n[2];
    bet.change.observations = static_cast<std::uint64_t>(n[4]);
    bet.change.rows = static_cast<std::uint64_t>(n[5]);
    bet.change.mean = n[6];
  }
  const auto learned = TRY(numbers_of(io::get_or<Json>(state, "learned", nullptr), 3));
  restored.weight_ = learned[0];
  restored.mean_ = learned[1];
  restored.squares_ = learned[2];
  return restored;
}

ConfidenceSequence::ConfidenceSequence(double error) : error_(error) {}

void ConfidenceSequence::add(double x, double least) {
  const double price = std::log(1 / error_);
  const double width = 1 - least;        // x - mean is not below its negative
  const double mean = count_ > 0 ? std::min(sum_ / count_, 1.0) : 0;
  count_ += 1;
  const double spread = (0.25 + deviations_) / count_;
  const double stake =
      std::min(0.5, std::sqrt(2 * price / (count_ * std::log1p(count_) * spread)));
  stakes_ += stake / width;
  won_ += stake * x / width;
  const double moved = (x - mean) / width;
  paid_ += moved * moved * (-std::log1p(-stake) - stake);
  sum_ += x;
  const double h = (0.5 + sum_) / (count_ + 1);
  deviations_ += (x - h) * (x - h) / (width * width);
  lower_ = std::max(lower_, (won_ - price - paid_) / stakes_);
}

Json ConfidenceSequence::state() const {
  return {count_, sum_, deviations_, stakes_, won_, paid_, lower_};
}

Result<ConfidenceSequence> ConfidenceSequence::restore(double error, const Json& state) {
  const auto n = TRY(numbers_of(state, 7));
  ConfidenceSequence restored(error);
  restored.count_ = n[0];
  restored.sum_ = n[1];
  restored.deviations_ = n[2];
  restored.stakes_ = n[3];
  restored.won_ = n[4];
  restored.paid_ = n[5];
  restored.lower_ = n[6];
  return restored;
}

Result<MeanSequence> MeanSequence::restore(double error, const Json& state) {
  if (!state.is_array() || state.size() != 2) {
    return fail(Code::kCorrupt, "evidence: a confidence sequence has two sides");
  }
  MeanSequence restored(error);
  restored.below_ = TRY(ConfidenceSequence::restore(error / 2, state[0]));
  restored.above_ = TRY(ConfidenceSequence::restore(error / 2, state[1]));
  return restored;
}

}  // namespace rondo::stats
