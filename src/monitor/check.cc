// Limits of a column, and the tests of its missing cells, unseen values and range; spikes are in
// spike.cc. Formulas: docs/STATISTICS.md, "Quality of a window".
#include "monitor/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/words.h"
#include "stats/samples.h"

namespace rondo::monitor {
namespace {

constexpr double kBoxError = 0.01;    // the reference's own error, over all bins of a column
constexpr double kJump = 3;           // times the greatest change that the reference shows
constexpr std::size_t kOther = 0, kMissing = 1, kBelow = 2, kAbove = 3;

}  // namespace

void WindowColumn::clear() {
  rows = missing = misfits = 0;
  numbers.clear();
  texts.clear();
}

void WindowColumn::add(const model::Cell& cell, bool numeric) {
  ++rows;
  if (cell.kind == model::Cell::Kind::kText) {
    numeric ? static_cast<void>(++misfits) : texts.push_back(cell.text);
  } else if (!std::isfinite(cell.number)) {
    ++missing;
  } else if (numeric) {
    numbers.push_back(cell.number);
  } else {
    ++misfits;
  }
}

void WindowColumn::sort() {
  stats::sort_values(numbers);
  std::sort(texts.begin(), texts.end());
}

double WindowColumn::median() const {
  const std::size_t half = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[half] : numbers[half - 1] / 2 + numbers[half] / 2;
}

ColumnCheck::ColumnCheck(const model::ColumnReference& reference, const Setting& setting)
    : reference_(&reference), setting_(setting) {
  const model::ColumnReference& c = reference;
  bins_ = c.numeric ? c.edges.size() + 1 : c.categories.size();
  setting_.budget.bins = static_cast<double>(c.counts.size());
  price_ = std::max(1.0, setting_.budget.price());
  ratios_ = setting.has_clock && setting.window_days >= 1 && c.numeric;
  for (std::size_t bin = 0; bin < c.counts.size(); ++bin) highs_.push_back(box_high(bin));
  const double error = kBoxError / (2 * std::max(1.0, setting_.budget.bins));
  for (std::size_t i = 0; i < c.common.size(); ++i) {
    double high = stats::clopper_pearson_upper({c.common_counts[i], c.rows}, error);
    const std::size_t bin =
        model::bin_of(c, {model::Cell::Kind::kNumber, c.common[i], {}});
    if (!c.day_high.empty()) high = std::max(high, spread(c.day_high[bin]));
    common_highs_.push_back(high);
  }
  const double n = static_cast<double>(c.rows);
  const auto rare_hits = static_cast<std::uint64_t>(std::llround(c.greatest_rare_share * n));
  rare_high_ = c.rows == 0 ? 1
                           : stats::clopper_pearson_upper({rare_hits, c.rows}, kBoxError / n);
  rare_high_ = std::max(rare_high_, spread(c.greatest_rare_day_share));
  // Values that are new to a column of categories share one bin, so that bin counts as well.
  const std::size_t of_values = c.numeric ? bins_ : bins_ + kOther + 1;
  for (std::size_t bin = 0; bin < std::min(of_values, highs_.size()); ++bin) {
    fullest_ = std::max(fullest_, highs_[bin]);
  }
}

/// All rows of a bin in a day may fall into one window that is shorter than the day.
double ColumnCheck::spread(double day_share) const {
  return std::min(1.0, day_share / std::min(1.0, setting_.window_days));
}

/// Clopper-Pearson's upper bound of the bin's share, raised to what a reference day showed.
double ColumnCheck::box_high(std::size_t bin) const {
  const model::ColumnReference& c = *reference_;
  if (c.rows == 0) return 1;  // nothing is known, so nothing is surprising
  const double error = kBoxError / (2 * static_cast<double>(c.counts.size()));
  const double high = stats::clopper_pearson_upper({c.counts[bin], c.rows}, error);
  return c.day_high.empty() ? high : std::max(high, spread(c.day_high[bin]));
}

std::vector<Finding> ColumnCheck::look(const WindowColumn& window,
                                       std::optional<double> before, ToldRange& told) const {
  std::vector<Finding> out;
  if (window.rows == 0 || reference_->rows == 0) return out;
  if (setting_.role == Role::kClassLabel) {
    look_classes(window, out);
    return out;
  }
  look_missing(window, out);
  look_unseen(window, out);
  if (reference_->numeric) {
    look_range(window, before, Side::kBelow, told, out);
    look_range(window, before, Side::kAbove, told, out);
  }
  look_spike(window, out);
  return out;
}

/// A notice; the model was made to work with missing cells (on a day of storms most flights have no
/// departure), so rows are kept from training only where nearly all of the column is gone.
void ColumnCheck::look_missing(const WindowColumn& window, std::vector<Finding>& out) const {
  const stats::Share share{window.missing, window.rows};
  const double allowed = highs_[bins_ + kMissing];
  if (!(share.value() > allowed)) return;
  out.push_back({"missing", share.value() > kNearlyAll, share.value(), allowed,
                 multiples(stats::chernoff_evidence(share, {0, allowed})),
                 fmt::format("missing in {} of {} rows; at most {:.2g} % were expected",
                             grouped(window.missing), grouped(window.rows), 100 * allowed)});
}

std::uint64_t ColumnCheck::unseen(const WindowColumn& window) const {
  std::uint64_t hits = window.misfits;
  for (std::size_t i = 0; i < window.texts.size();) {
    std::size_t end = i;
    while (end < window.texts.size() && window.texts[end] == window.texts[i]) ++end;
    const model::Cell cell{model::Cell::Kind::kText, 0, window.texts[i]};
    if (model::bin_of(*reference_, cell) == bins_ + kOther) hits += end - i;
    i = end;
  }
  return hits;
}

/// New values are a notice: the next season, a new shop.
void ColumnCheck::look_unseen(const WindowColumn& window, std::vector<Finding>& out) const {
  const stats::Share share{unseen(window), window.rows};
  const double allowed = highs_[bins_ + kOther];
  if (!(share.value() > allowed)) return;
  out.push_back({"quality", false, share.value(), allowed,
                 multiples(stats::chernoff_evidence(share, {0, allowed})),
                 fmt::format("training never saw the value in {} of {} rows; at most {:.2g} % were "
                             "expected",
                             grouped(share.hits), grouped(share.rows), 100 * allowed)});
}

/// Values out of range are a notice, told again when they go half a width farther; only with a jump
/// of the middle value they are taken for an error of the source.
void ColumnCheck::look_range(const WindowColumn& window, std::optional<double> before, Side side,
                             ToldRange& told, std::vector<Finding>& out) const {
  const model::ColumnReference& c = *reference_;
  const auto& x = window.numbers;
  const bool up = side == Side::kAbove;
  const auto hits = up ? x.end() - std::upper_bound(x.begin(), x.end(), c.maximum)
                       : std::lower_bound(x.begin(), x.end(), c.minimum) - x.begin();
  const stats::Share share{static_cast<std::uint64_t>(hits), window.rows};
  const double allowed = highs_[bins_ + (up ? kAbove : kBelow)];
  if (!(share.value() > allowed)) return;
  const double evidence = multiples(stats::chernoff_evidence(share, {0, allowed}));
  const std::string sentence = fmt::format(
      "{} of training in {} of {} rows; at most {:.2g} % were expected",
      up ? "above the maximum" : "below the minimum", grouped(share.hits), grouped(share.rows),
      100 * allowed);
  double size = 0, limit = 0;
  if (jumped(window.median(), before, up, &size, &limit)) {
    const bool factor = ratios_ && before && *before > 0 && window.median() > 0;
    out.push_back({"jump", true, size, limit, evidence,
                   fmt::format("{}, and the middle value {} {}; up to {} would be three "
                               "times what training shows; were units changed?",
                               sentence, factor ? "changed by the factor" : "lies out of range by",
                               rounded(size), rounded(limit))});
  }
  const bool news = up ? x.back() > told.high : x.front() < told.low;
  out.push_back({"quality", false, share.value(), allowed, news ? evidence : 0, sentence});
  if (!news || evidence < 1) return;
  const double step = (c.maximum - c.minimum) / 2;
  up ? told.high = x.back() + step : told.low = x.front() - step;
}

/// With a clock and positive values: the day's median against that of the last clean day, beyond
/// three times the greatest day-to-day ratio of the reference. Otherwise: farther out of range than
/// three times its width. Columns that stand still for whole days are calendars and settings, which
/// may move anywhere from one day to the next.
bool ColumnCheck::jumped(double median, std::optional<double> before, bool up, double* ratio,
                         double* limit) const {
  const model::ColumnReference& c = *reference_;
  if (stands_still()) return false;
  if (ratios_ && before && *before > 0 && median > 0) {
    *ratio = up ? median / *before : *before / median;
    *limit = kJump * c.greatest_day_ratio;
    return *ratio > *limit;
  }
  const double width =
      std::max({c.maximum - c.minimum, std::abs(c.maximum), std::abs(c.minimum)});
  *ratio = up ? median - c.maximum : c.minimum - median;
  *limit = kJump * width;
  return width > 0 && *ratio > *limit;
}

}  // namespace rondo::monitor
