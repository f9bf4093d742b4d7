// Evidence that may be looked at after every observation. RiskEvidence alarms when a mean loss has
// risen above what was proved, with a stated number of false alarms a year; ConfidenceSequence
// bounds a mean at all times at once. Both bet with numbers from the past only. State survives as
// JSON. Formulas, sources and conditions: docs/STATISTICS.md, "Evidence".
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "io/json.h"
#include "stats/intervals.h"

namespace rondo::stats {

/// One bet: the mean loss of a day (rows that depend on each other), or of one row.
struct Observation {
  double loss = 0;            // in [0, 1], of an audit from `least` on
  double years = 0;           // since the last observation
  Time from;                  // where it begins
  std::uint64_t rows = 1;     // that it stands for
  double least = 0;           // what the loss cannot be below: of an audit it may be under 0
};

/// Mixture of e-SR detectors (Shin, Ramdas, Rinaldo 2023) against "the mean loss is at most r0".
/// While that holds, at most false_alarms_per_year alarms are expected in a year, whatever the
/// traffic.
class RiskEvidence {
 public:
  struct Null {
    double mean = 0.5;                  // r0
    double false_alarms_per_year = 0.5;
    bool real_valued = true;            // half of the weight to a bet that learns the spread
    double half_life = 14;              // of what it learns; in observations
    bool learned_only = false;          // losses below 0 allow no fixed bets
  };
  /// What followed the change point: the observations after the last minimum of the heaviest bet.
  struct Change {
    std::optional<Time> since;
    std::uint64_t observations = 0, rows = 0;
    double mean = 0;                    // of the observations' losses
  };

  explicit RiskEvidence(Null null);
  void add(const Observation& observation);
  /// Alarm at >= 1; then restart().
  double value() const noexcept;
  Change change() const noexcept;
  void restart();
  const Null& null() const noexcept { return null_; }
  Json state() const;
  /// Errors: kCorrupt.
  static Result<RiskEvidence> restore(Null null, const Json& state);

 private:
  struct Bet {
    double stake = 0;                   // lambda; of the last bet: learned
    double evidence = 0;                // R
    double log_sum = 0, log_least = 0;  // sum of ln e, and its minimum
    Change change;
  };
  void place(Bet& bet, double granted, const Observation& observation) const;
  void learn(double loss);
  double learned_stake(double least) const noexcept;

  Null null_;
  std::vector<Bet> bets_;               // the fixed ones, then the one that learns
  double weight_ = 1, mean_ = 0, squares_ = 0;
};

/// Lower bound of the mean of losses in [0, 1], right at all times at once with probability 1 -
/// error.
/// Source: Waudby-Smith, Ramdas 2024, predictable plug-in empirical Bernstein.
class ConfidenceSequence {
 public:
  explicit ConfidenceSequence(double error);
  void add(double x);
  /// The running maximum of the lower bounds.
  double lower() const noexcept { return lower_; }
  Json state() const;
  static Result<ConfidenceSequence> restore(double error, const Json& state);

 private:
  double error_;
  double count_ = 0, sum_ = 0, deviations_ = 0;
  double stakes_ = 0, won_ = 0, paid_ = 0, lower_ = 0;
};

/// Both bounds, each with half of the error.
class MeanSequence {
 public:
  explicit MeanSequence(double error) : below_(error / 2), above_(error / 2) {}
  void add(double x) {
    below_.add(x);
    above_.add(1 - x);
  }
  Bounds bounds() const noexcept { return {below_.lower(), 1 - above_.lower()}; }
  Json state() const { return Json::array({below_.state(), above_.state()}); }
  static Result<MeanSequence> restore(double error, const Json& state);

 private:
  ConfidenceSequence below_, above_;
};

}  // namespace rondo::stats
