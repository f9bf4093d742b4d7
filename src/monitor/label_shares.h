// How evenly labels come: of the answers by their size, how many had a label when they were judged.
// Where an answer decides whether its label is ever known (a refused credit), what is proved holds
// for those that have one. It pages nobody and decides nothing.
#pragma once

#include "monitor/watcher.h"

namespace rondo::monitor {

class LabelShares {
 public:
  /// Groups are the tenths of the answers that the reference has; without its law there is none.
  explicit LabelShares(const model::Reference& reference);
  /// A window at the age at which its labels are judged. Cost: a search of ten bounds a row.
  void add(const Cohort& cohort);
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// {"groups": [{"from","to","rows","labelled"}], ascending, the outer bounds null; "uneven": a
  /// rule: of groups with 100 rows the least share is below .8 of the greatest, and five standard
  /// errors from it; then "least" and "greatest", their places}. Null: no window was judged, or
  /// there is no law of answers.
  Json summary() const;

 private:
  struct Group {
    std::uint64_t rows = 0, labelled = 0;
    double share() const { return static_cast<double>(labelled) / static_cast<double>(rows); }
  };
  std::vector<double> bounds_;  // inner ones, ascending
  std::vector<Group> groups_;   // one more than bounds; none without a law
};

}  // namespace rondo::monitor
