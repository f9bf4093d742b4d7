// What comes at all, before any cell is looked at: how long the next row lets wait, and how many
// rows a day holds. Rules, which have no rate of false alarms and say so; their limits come from
// the reference and from what was served since. Formulas: docs/STATISTICS.md, "Rows that come".
#pragma once

#include "monitor/signals.h"

namespace rondo::monitor {

/// Threads: one. Everything that must survive a restart is in state().
class Inflow {
 public:
  Inflow(const Options& options, const model::Reference& reference);
  /// A window that closed: learns its waits, counts its rows, tells a day of too few or too many.
  /// Cost: a sort of the rows.
  void look(Arrivals arrivals, OpenSignals& open, std::vector<Signal>& out);
  /// How old the newest row may be. None: that is not watched.
  std::optional<Span> allowed() const;
  /// What the longest wait was: "in training 0.04 days, since then 0.1 days".
  std::string known() const;
  Json state() const;
  /// Null: nothing was seen. Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// Of a version before, given its state(): waits stay, days are compared anew. Errors: kCorrupt.
  Result<void> take_over(const Json& older);

  static constexpr double kTimes = 3;      // the longest wait
  static constexpr Span kHistory = Span::days(8);
  static constexpr std::uint64_t kUsual = 3;  // days within limits before any tells
  static constexpr double kRows = 20;      // of a reference day: of fewer chance has its part
  static constexpr std::uint64_t kDays = 8;   // of the reference

 private:
  bool seasoned() const;
  void wait(const Arrivals& arrivals);
  void count(const Arrivals& arrivals, OpenSignals& open, std::vector<Signal>& out);
  void end_day(OpenSignals& open, std::vector<Signal>& out);
  void judge(OpenSignals::Window window, double rows, OpenSignals& open,
             std::vector<Signal>& out);

  const model::Reference* reference_;
  Span window_, label_delay_;
  Time first_ = kBeginningOfTime, newest_ = kBeginningOfTime;  // prediction times
  Span longest_;                        // wait for a row that is newer than all before
  std::optional<std::int64_t> day_;     // that is being counted
  double day_rows_ = 0;
  bool partial_ = true;                 // the day may have begun before the watch did
  bool behind_ = false;                 // a row of it was answered after its window had closed
  std::uint64_t usual_ = 0;             // days within the reference's limits, so far
};

}  // namespace rondo::monitor
