// Capitals of bets on paired differences; see paired.h. The order of arithmetic is fixed, so a
// restored state goes on with the same bits.
#include "stats/paired.h"

#include <algorithm>
#include <cmath>

namespace rondo::stats {
namespace {

constexpr double kMost = 1e100;  // beyond it nothing is decided any more, and no sum overflows

}  // namespace

void PairedEvidence::add(double difference) {
  const double d = std::clamp(std::isfinite(difference) ? difference : 1.0, -1.0, 1.0);
  count_ += 1;
  sum_ += d;
  const double granted = 1 / (count_ * (count_ + 1));
  const double beyond = (d - tolerance_) / (1 + tolerance_);  // in [-1, 1]
  for (std::size_t i = 0; i < kStakes.size(); ++i) {
    harm_[i] = std::min(kMost, (harm_[i] + granted) * (1 + kStakes[i] * beyond));
    log_safe_[i] += std::log1p(-kStakes[i] * beyond);
  }
}

double PairedEvidence::harm() const noexcept {
  double sum = 0;
  for (const double each : harm_) sum += each;
  return sum / static_cast<double>(kStakes.size()) + 1 / (count_ + 1);
}

double PairedEvidence::safe() const noexcept {
  double sum = 0;
  for (const double log : log_safe_) sum += std::exp(std::min(log, 200.0));
  return sum / static_cast<double>(kStakes.size());
}

Json PairedEvidence::state() const { return {count_, sum_, harm_, log_safe_}; }

Result<PairedEvidence> PairedEvidence::restore(double tolerance, const Json& state) {
  const auto numbers = [](const Json& list, std::size_t count) {
    return list.is_array() && list.size() == count &&
           std::ranges::all_of(list, [](const Json& item) { return item.is_number(); });
  };
  PairedEvidence out(tolerance);
  if (!state.is_array() || state.size() != 4 || !state[0].is_number() || !state[1].is_number() ||
      !numbers(state[2], kStakes.size()) || !numbers(state[3], kStakes.size())) {
    return fail(Code::kCorrupt, "paired evidence: the state has another shape");
  }
  out.count_ = state[0].get<double>();
  out.sum_ = state[1].get<double>();
  for (std::size_t i = 0; i < kStakes.size(); ++i) {
    out.harm_[i] = state[2][i].get<double>();
    out.log_safe_[i] = state[3][i].get<double>();
  }
  return out;
}

}  // namespace rondo::stats
