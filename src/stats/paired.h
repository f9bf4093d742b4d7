// Is one of two ways worse than the other on the same observations? Evidence from paired
// differences that may be looked at after each of them: harm() says that the mean is beyond a
// tolerance, safe() that it is within. Formulas, sources and conditions: docs/STATISTICS.md,
// "Guards of a rollout".
#pragma once

#include <array>

#include "io/json.h"

namespace rondo::stats {

/// Bets with the stakes .02 to .8 of each difference; equal weights.
class PairedEvidence {
 public:
  static constexpr std::array kStakes = {0.02, 0.05, 0.1, 0.2, 0.4, 0.8};

  /// Shape: tolerance in [0, 1).
  explicit PairedEvidence(double tolerance) : tolerance_(tolerance) {}
  /// A difference, worse being positive. Shape: in [-1, 1]; what is beyond counts as the bound.
  void add(double difference);
  /// While the mean difference, given the past, is at most the tolerance, this ever reaches 1/a
  /// with probability a at most. A change after n observations is found about 2 ln(n) later (in
  /// units of the bets' growth) than one at the beginning.
  /// Source: Ville 1939; Shin, Ramdas, Rinaldo 2023 (mixtures of starting times).
  double harm() const noexcept;
  /// While the mean difference, given the past, is at least the tolerance, this ever reaches 1/a
  /// with probability a at most. Source: Ville 1939; Waudby-Smith, Ramdas 2024, section 4.
  double safe() const noexcept;
  double mean() const noexcept { return count_ > 0 ? sum_ / count_ : 0; }
  std::uint64_t count() const noexcept { return static_cast<std::uint64_t>(count_); }
  double tolerance() const noexcept { return tolerance_; }
  Json state() const;
  /// Errors: kCorrupt.
  static Result<PairedEvidence> restore(double tolerance, const Json& state);

 private:
  double tolerance_, count_ = 0, sum_ = 0;
  std::array<double, kStakes.size()> harm_{};      // sums over starting times
  std::array<double, kStakes.size()> log_safe_{};
};

}  // namespace rondo::stats
