// What one window says about one column, against its frozen reference. All limits are computed
// once, so a window costs a sort of its values. Three rules keep quality signals from starving the
// loop: nothing is said that days of the reference do not exclude beyond doubt (a Chernoff bound
// with the stated number of false alarms a year); rows are kept from training only when nearly all
// of a column is gone, stuck or jumped, never because values grew or are new; and columns that
// stand still for whole reference days (season, holiday, weekday) can neither be stuck nor jump.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/reference.h"
#include "stats/kl.h"

namespace rondo::monitor {

/// A deviation. It opens a signal when its evidence reaches 1; a weaker one keeps an open signal
/// open.
struct Finding {
  std::string kind;          // "missing" | "quality" | "spike" | "jump"
  bool quarantines = false;  // the window's rows should train nothing
  double value = 0;          // share of the rows, or for a jump the ratio or distance
  double threshold = 0;      // what the reference allows at most
  double evidence = 0;       // in multiples of what the budget of false alarms asks
  std::string sentence;
};

/// One column's cells of one window, sorted, so that equal values stand together.
struct WindowColumn {
  std::uint64_t rows = 0, missing = 0;
  std::uint64_t misfits = 0;  // text among numbers, numbers among categories
  std::vector<double> numbers;
  std::vector<std::string_view> texts;

  void clear();
  void add(const model::Cell& cell, bool numeric);
  void sort();
  /// Of the finite numbers. Shape: not empty.
  double median() const;
};

/// Of an input so much must be gone or stuck before rows are kept from training.
inline constexpr double kNearlyAll = 0.9;

/// How far out of the reference's range values were when that was last told: the next notice comes
/// when they go half a width farther. News is told once, and growth is no fault.
struct ToldRange {
  double low = 0, high = 0;
};

class ColumnCheck {
 public:
  enum class Role { kInput, kLabel, kClassLabel };
  struct Setting {
    Role role = Role::kInput;
    bool has_clock = false;
    double window_days = 1;
    stats::Budget budget;    // its bins are set from the column
  };
  ColumnCheck(const model::ColumnReference& reference, const Setting& setting);

  /// `before` is the median of the last clean day, where there is one; `told` moves on with what is
  /// told.
  /// Shape: the window is sorted. Cost: O(distinct values); nothing is allocated without a finding.
  std::vector<Finding> look(const WindowColumn& window, std::optional<double> before,
                            ToldRange& told) const;
  ToldRange range() const { return {reference_->minimum, reference_->maximum}; }
  const model::ColumnReference& reference() const { return *reference_; }
  /// Medians are compared from one window to the next.
  bool follows_medians() const { return ratios_; }

 private:
  double box_high(std::size_t bin) const;
  double spread(double day_share) const;
  double multiples(double evidence) const { return evidence / price_; }
  std::uint64_t unseen(const WindowColumn& window) const;
  void look_missing(const WindowColumn& window, std::vector<Finding>& out) const;
  void look_unseen(const WindowColumn& window, std::vector<Finding>& out) const;
  enum class Side { kBelow, kAbove };
  void look_range(const WindowColumn& window, std::optional<double> before, Side side,
                  ToldRange& told, std::vector<Finding>& out) const;
  bool jumped(double median, std::optional<double> before, bool up, double* ratio,
              double* limit) const;
  void look_spike(const WindowColumn& window, std::vector<Finding>& out) const;
  void look_classes(const WindowColumn& window, std::vector<Finding>& out) const;
  double allowed_share(double value) const;
  double allowed_share(std::string_view value) const;
  bool rare(double value) const;
  void judge_run(std::uint64_t count, const WindowColumn& window, double allowed, bool is_rare,
                 const std::string& reads, std::vector<Finding>& out) const;

  const model::ColumnReference* reference_;  // owned by the Watcher's reference
  Setting setting_;
  double price_ = 1;
  bool ratios_ = false;          // day-to-day ratios mean something for these windows
  std::size_t bins_ = 0;         // of values; four more follow: other, missing, below, above
  std::vector<double> highs_;    // greatest mean share of each bin
  std::vector<double> common_highs_;
  double rare_high_ = 1;         // of a value without a bin of its own
  double fullest_ = 0;           // greatest share that any bin of values may have
  bool stands_still() const { return fullest_ >= 0.99; }
};

}  // namespace rondo::monitor
