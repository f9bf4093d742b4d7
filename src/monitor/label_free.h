// Performance without labels: what share of the answers is expected to be wrong by the
// probabilities that came with them, held against the labels once they come (stats/cbpe.h). It
// pages nobody and decides nothing.
#pragma once

#include <deque>

#include "monitor/watcher.h"
#include "stats/cbpe.h"

namespace rondo::monitor {

class LabelFree {
 public:
  /// Classes alone have one: of wrong answers, whatever loss is watched.
  explicit LabelFree(const model::Reference& reference);
  /// A window of answers, as soon as it closed.
  void look(const Cohort& cohort);
  /// The same rows with their labels.
  void compare(const Cohort& cohort);
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// {"loss","value","low","high","rows","until","compared","off","violated"} of the newest window;
  /// "off" is the mean of realized minus estimated in up to 20 windows with labels. Null: there is
  /// none.
  Json summary() const;

 private:
  struct Compared {
    double off = 0, fit_variance = 0;
  };
  stats::ErrorEstimate estimate_of(const Cohort& cohort, bool labelled, double* wrong) const;
  double mean_off() const;
  bool violated() const;

  const model::Reference& reference_;
  bool estimates_ = false;
  struct Newest {
    double value = 0, variance = 0;
    std::uint64_t rows = 0;
    Time until;
  };
  std::optional<Newest> newest_;
  std::deque<Compared> compared_;     // oldest first
};

}  // namespace rondo::monitor
