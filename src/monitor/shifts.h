// Whether inputs still come from the law of the training: Detector A for each column, by the hour
// and by the day. A window is cut by the rule of the reference (model::WindowClock), so live
// windows meet what windows of the training did, seasons included.
#pragma once

#include <string_view>
#include <utility>

#include "model/bins.h"
#include "monitor/signals.h"
#include "stats/box.h"

namespace rondo::monitor {

/// Part of the budget of false notices that each clock has (the rest is left for correlations).
inline constexpr double kClockPart = 0.4;

/// What one window showed, for a picture of many: by how much each column was out of its box.
struct ShiftWindow {
  Span clock;
  Time from, until;
  std::uint64_t rows = 0;
  std::vector<std::uint8_t> beyond;    // model::ShiftScale; columns, then what is beside them
};

/// One column, or what is watched beside them, by one clock.
class ColumnShift {
 public:
  /// Without an envelope the first 8 live windows make it.
  ColumnShift(const model::ColumnReference& column, const model::Envelope* envelope,
              double tolerance);
  void count(std::size_t bin) { ++counts_[bin]; }
  /// Ends the window. `granted`: false alarms granted since the last one.
  void close(OpenSignals::Window window, double granted);
  /// The window proves nothing: another signal of the column is open.
  void skip();
  /// Of the window that is about to end. Shape: with rows.
  std::uint8_t beyond() const;
  /// Of one column alone an alarm at 1.
  double value() const { return evidence_ ? evidence_->value() : 0; }
  void restart() { evidence_->restart(); }
  bool outside() const { return evidence_ && evidence_->outside(); }
  bool learns() const { return !evidence_; }
  Time since() const { return since_; }
  /// "31 % of the rows have 12.5 to 14, which windows of the training had 4 to 12 % of".
  std::string sentence() const;
  stats::BoxEvidence::Bin farthest() const { return evidence_->farthest(); }
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);

 private:
  /// The law of the first live windows.
  void take_learnt();
  const model::ColumnReference* column_;
  double tolerance_ = 0;
  std::vector<std::uint64_t> counts_;            // of the window that is being filled
  std::vector<std::vector<std::uint64_t>> learnt_;
  std::optional<stats::BoxEvidence> evidence_;
  bool given_ = true;                            // the reference has an envelope
  Time since_;                                   // first window of what evidence there is
};

class Shifts {
 public:
  Shifts(const Options& options, const model::Reference& reference);
  /// Shape: rows in order of time, cells in the order of the reference's columns; later than those
  /// of the call before.
  /// Cost: a bin a cell and clock, and at the end of a window two projections a column.
  void look(const Cohort& cohort, std::span<const Judged* const> rows, OpenSignals& open,
            std::vector<Signal>& out);
  /// Names, in the order of ShiftWindow::beyond.
  std::vector<std::string> names() const;
  /// Those that ended since the last call.
  std::vector<ShiftWindow> take_windows() { return std::exchange(ended_, {}); }
  /// Columns with evidence that they moved, the most of it first: ln of its multiple of what is
  /// granted, over both clocks.
  std::vector<std::string> moved() const;
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);
  /// A clock each: {"clock","windows","columns","learning","evidence","column"}: the greatest
  /// evidence in multiples of what is an alarm, and whose it is.
  Json summary() const;

 private:
  struct Watched {
    model::WindowClock clock;
    Scope scope = Scope::kDays;
    std::vector<ColumnShift> columns;
    std::uint64_t rows = 0, windows = 0;
    Time from = kBeginningOfTime;                // of the window that is being filled
    Time last = kBeginningOfTime;                // start of its newest row's stretch
  };
  /// What row has of that column, or of what is watched beside them.
  model::Cell cell_of(std::size_t column, const Judged& row) const;
  /// Whether something else that is open explains it.
  bool explained(std::size_t column, const OpenSignals& open) const;
  void close(Watched& watched, Time until, OpenSignals& open, std::vector<Signal>& out);
  Signal signal(const Watched& watched, std::size_t column, Time until) const;

  const model::Reference* reference_;
  std::vector<const model::ColumnReference*> columns_;  // then what is watched beside them
  double notices_per_year_;                      // of one clock
  std::vector<model::BinFinder> bins_;            // one a column
  std::vector<Watched> clocks_;
  std::vector<ShiftWindow> ended_;
};

}  // namespace rondo::monitor
