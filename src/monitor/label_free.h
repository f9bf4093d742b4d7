// Performance without labels: what share of the answers is expected to be wrong by the
// probabilities that came with them (stats/cbpe.h), read as the test had them for such kinds of
// rows (model/risk_tree.h); of numbers how wrong rows of their kinds were on the test. Held against
// the labels once they come. It pages nobody and decides nothing.
#pragma once

#include <deque>

#include "monitor/window_mean.h"
#include "stats/cbpe.h"

namespace rondo::monitor {

class LabelFree {
 public:
  /// Of classes the share of wrong answers, whatever loss is watched; of numbers the watched loss,
  /// where the reference knows kinds of rows.
  explicit LabelFree(const model::Reference& reference);
  /// A window of answers, as soon as it closed.
  void look(const Cohort& cohort);
  /// The same rows with their labels.
  void compare(const Cohort& cohort);
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// {"loss","value","low","high","rows","until","compared","off","violated","weighted"?,
  /// "expected"?} of the newest window; "weighted" says whether scores were read by kinds of rows
  /// (absent: the reference knows none); "off" is the mean of realized minus estimated in up to 20
  /// windows with labels; of numbers in the target's unit. Of two classes "expected": {"accuracy",
  /// "precision","recall","specificity","f1","auc"} without a band, null where undefined. Null:
  /// there is none.
  Json summary() const;

 private:
  struct Compared {
    double off = 0, fit_variance = 0;
  };
  /// Means of scaled losses of a window's rows.
  struct Estimated {
    double value = 0, realized = 0, chance_variance = 0, fit_variance = 0;
    std::uint64_t rows = 0;
    bool weighted = false;
  };
  bool estimates() const { return by_scores_ || walk_; }
  /// The map of scores for the kinds of rows in a window. Nothing: as on the test.
  std::optional<stats::Reweighted> map_for(const Cohort& cohort, bool labelled) const;
  Estimated by_scores(const Cohort& cohort, bool labelled) const;
  Estimated by_kinds(const Cohort& cohort, bool labelled) const;
  Estimated estimate_of(const Cohort& cohort, bool labelled) const {
    return by_scores_ ? by_scores(cohort, labelled) : by_kinds(cohort, labelled);
  }
  void expect(const Cohort& cohort);
  double mean_off() const;
  bool violated() const;

  const model::Reference& reference_;
  model::LossRule rule_;
  bool by_scores_ = false;
  std::optional<model::RiskLeaves> walk_;  // of numbers, and of classes with kinds of scores
  std::vector<std::size_t> leaf_numbers_;
  std::optional<WindowMean> newest_;
  bool weighted_ = false;                  // that window
  std::optional<stats::ExpectedMetrics> expected_;  // of that window, of two classes
  std::deque<Compared> compared_;     // oldest first
};

}  // namespace rondo::monitor
