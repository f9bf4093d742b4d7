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

/// What an observation can be: a mean of losses, or what an audit says of one, which may be more.
struct Range {
  double least = 0, most = 1;
};

/// One bet: the mean loss of a day (rows that depend on each other), or of one row.
struct Observation {
  double loss = 0;            // in `range`
  double years = 0;           // since the last observation
  Time from;                  // where it begins
  std::uint64_t rows = 1;     // that it stands for
  Range range{};
};

/// How far observations of audits may reach, said before they are known. What one can be follows
/// from the rows of its window, and so does its mean: bets that knew the rows would be small where
/// much is lost. So the limits are the past's, half as far again; an observation that could be
/// beyond one counts as that limit, which proves less and never more. The first one proves nothing.
class Fence {
 public:
  struct Kept {
    double low = 0, high = 0;           // x, or a limit: of what it is at least, at most
    Range range;
  };
  std::optional<Kept> take(double x, Range can_be);
  Json state() const;
  /// Errors: kCorrupt.
  static Result<Fence> restore(const Json& state);

 private:
  std::optional<Range> seen_;           // the farthest on either side
};

/// Mixture of e-SR detectors (Shin, Ramdas, Rinaldo 2023) against "the mean loss is at most r0".
/// While that holds of the losses, none of them counted below `least`, at most
/// false_alarms_per_year alarms are expected in a year, whatever the traffic. Bets are on
/// (loss - least)/(1 - least), so the less a loss can be below the mean, the larger they are.
class RiskEvidence {
 public:
  struct Null {
    double mean = 0.5;                  // r0
    double false_alarms_per_year = 0.5;
    bool real_valued = true;            // half of the weight to a bet that learns the spread
    double half_life = 14;              // of what it learns; in observations
    bool learned_only = false;          // losses below 0 allow no fixed bets
    double least = 0;                   // an observation below it counts as it; < mean
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
  /// A loss as the bets see it.
  double seen(double loss) const noexcept;
  void place(Bet& bet, double granted, const Observation& observation) const;
  void learn(double loss);
  double learned_stake(double least) const noexcept;

  Null null_;
  double mean_seen_ = 0.5;              // r0 as the bets see it
  std::vector<Bet> bets_;               // the fixed ones, then the one that learns
  double weight_ = 1, mean_ = 0, squares_ = 0;
};

/// Lower bound of the mean of losses in [0, 1], right at all times at once with probability 1 -
/// error. Observations may be as low as `least`, which is known before them, and as high as they
/// are: (x - least)/(1 - least) in place of x.
/// Source: Waudby-Smith, Ramdas 2024, predictable plug-in empirical Bernstein; that it needs no
/// upper end: Fan, Grama, Liu 2015, "Exponential inequalities for martingales", lemma 4.1.
class ConfidenceSequence {
 public:
  explicit ConfidenceSequence(double error);
  void add(double x, double least = 0);
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
  void add(const Fence::Kept& x) {
    below_.add(x.low, x.range.least);
    above_.add(1 - x.high, 1 - x.range.most);
  }
  Bounds bounds() const noexcept { return {below_.lower(), 1 - above_.lower()}; }
  Json state() const { return Json::array({below_.state(), above_.state()}); }
  static Result<MeanSequence> restore(double error, const Json& state);

 private:
  ConfidenceSequence below_, above_;
};

}  // namespace rondo::stats
