// Spikes: a value that was never so frequent. The most telling fault of a source is one value in
// place of all others (0 when a counter fails, the last reading when a sensor hangs), and no test
// of means sees it as clearly.
#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "monitor/check.h"

namespace rondo::monitor {
namespace {

/// The share with three times the odds: beyond it a share is another matter, not a busier day.
double tripled_odds(double share) { return 3 * share / (1 + 2 * share); }

/// The longest run of equal values: its value's place and length.
template <class Values>
std::pair<std::size_t, std::size_t> longest_run(const Values& values) {
  std::size_t at = 0, most = 0;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i;
    while (end < values.size() && values[end] == values[i]) ++end;
    if (end - i > most) {
      at = i;
      most = end - i;
    }
    i = end;
  }
  return {at, most};
}

}  // namespace

bool ColumnCheck::rare(double value) const {
  return !std::binary_search(reference_->common.begin(), reference_->common.end(), value);
}

double ColumnCheck::allowed_share(double value) const {
  const auto& common = reference_->common;
  const auto found = std::lower_bound(common.begin(), common.end(), value);
  if (found == common.end() || *found != value) return rare_high_;
  return common_highs_[static_cast<std::size_t>(found - common.begin())];
}

double ColumnCheck::allowed_share(std::string_view value) const {
  const std::size_t bin =
      model::bin_of(*reference_, {model::Cell::Kind::kText, 0, value});
  return bin < bins_ ? highs_[bin] : rare_high_;
}

/// The most frequent value overall may be a common one, and hide a rare one that is far too
/// frequent; so each run is judged, and the finding with the most evidence stays.
void ColumnCheck::look_spike(const WindowColumn& window, std::vector<Finding>& out) const {
  if (stands_still()) return;
  std::vector<Finding> found;
  const auto& numbers = window.numbers;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end < numbers.size() && numbers[end] == numbers[i]) ++end;
    if (end - i > 1) {
      const bool inside = numbers[i] >= reference_->minimum && numbers[i] <= reference_->maximum;
      const bool label = setting_.role == Role::kLabel;
      judge_run(end - i, window, allowed_share(numbers[i]), rare(numbers[i]) && (inside || label),
                label ? fmt::format(" ({})", numbers[i]) : std::string(), found);
    }
    i = end;
  }
  const auto [at, length] = longest_run(window.texts);
  if (length > 1) {
    judge_run(length, window, allowed_share(window.texts[at]), false, {}, found);
  }
  for (const bool quarantines : {true, false}) {
    const auto greatest = std::max_element(
        found.begin(), found.end(), [&](const Finding& a, const Finding& b) {
          return (a.quarantines == quarantines ? a.evidence : -1) <
                 (b.quarantines == quarantines ? b.evidence : -1);
        });
    if (greatest != found.end() && greatest->quarantines == quarantines) {
      out.push_back(*greatest);
    }
  }
}

/// A label decides what is learned, so a value of a label with more than three times the odds that
/// the reference allows keeps the rows from training. For an input nearly all of the window must be
/// stuck on a value, beyond what any bin ever held in a day; a rare value that is too frequent is a
/// notice.
void ColumnCheck::judge_run(std::uint64_t count, const WindowColumn& window, double allowed,
                            bool is_rare, const std::string& reads,
                            std::vector<Finding>& out) const {
  const stats::Share share{count, window.rows};
  const double x = share.value();
  const bool label = setting_.role == Role::kLabel;
  const double limit = label ? allowed : std::max(allowed, fullest_);
  const auto tell = [&](bool quarantines, double h) {
    out.push_back({"spike", quarantines, x, h, multiples(stats::spike_evidence(share, h)),
                   fmt::format("{} of {} {} read one and the same value{}, which was never so "
                               "frequent; at most {:.2g} % were expected",
                               grouped(count), grouped(window.rows), label ? "labels" : "rows",
                               reads, 100 * h)});
  };
  if (x > tripled_odds(limit) && (label || x > kNearlyAll)) tell(true, limit);
  if (is_rare && x > allowed) tell(false, allowed);
}

/// The label of a classifier comes as an index, so the test asks without names: was ever any class
/// so dominant?
void ColumnCheck::look_classes(const WindowColumn& window, std::vector<Finding>& out) const {
  if (stands_still()) return;
  const auto [at, length] = longest_run(window.numbers);
  const stats::Share share{length, window.rows};
  if (!(share.value() > tripled_odds(fullest_))) return;
  out.push_back({"spike", true, share.value(), fullest_,
                 multiples(stats::spike_evidence(share, fullest_)),
                 fmt::format("{} of {} labels name one class, and no class was ever so frequent; "
                             "at most {:.3g} % were expected",
                             length, window.rows, 100 * fullest_)});
}

}  // namespace rondo::monitor
