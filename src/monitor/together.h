// Whether the columns still go together as in the training, which no column shows by itself: a
// classifier of rows of the training against the newest ones (stats/classifier_bet.h), by day where
// there is a clock, row by row without one.
#pragma once

#include "model/bins.h"
#include "monitor/signals.h"
#include "stats/classifier_bet.h"

namespace rondo::monitor {

/// Subject of its signal.
inline constexpr std::string_view kTogether = "(columns together)";
/// Part of the budget of false notices; what the two clocks of the columns leave.
inline constexpr double kTogetherPart = 0.2;

class Together {
 public:
  Together(const Options& options, const model::Reference& reference);
  /// Shape: rows in order of time, cells in the order of the reference's columns; later than those
  /// of the call before. Rows that come while an input is broken or drifts by itself say nothing.
  /// Cost: a bin a cell of 16 columns, and their products.
  void look(const Cohort& cohort, std::span<const Judged* const> rows, OpenSignals& open,
            std::vector<Signal>& out);
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// {"columns","evidence"}: how many are looked at, evidence in multiples of what is an alarm.
  /// Null: the reference has no rows to compare with.
  Json summary() const;

 private:
  bool explained(const OpenSignals& open) const;
  std::vector<std::uint8_t> bins_of(const Judged& row) const;
  void end_day(OpenSignals& open, std::vector<Signal>& out);
  void close(OpenSignals::Window window, double years, OpenSignals& open,
             std::vector<Signal>& out);
  Signal signal(OpenSignals::Window window) const;
  std::string sentence() const;

  const model::Reference* reference_;
  double notices_per_year_;
  Span first_;                                   // what a first row without a clock stands for
  std::vector<model::BinFinder> bins_;            // of the columns looked at
  std::optional<stats::ClassifierEvidence> evidence_;
  std::int64_t day_ = 0;                         // that is being filled
  std::uint64_t day_rows_ = 0;
  std::optional<Time> observed_;                 // start of the last observation
  Time since_ = kBeginningOfTime;                // first window of what evidence there is
};

}  // namespace rondo::monitor
