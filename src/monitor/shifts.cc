// Windows of inputs into evidence, evidence into notices.
#include "monitor/shifts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/words.h"

namespace rondo::monitor {
namespace {

using model::ShiftScale;

constexpr std::size_t kLearnt = 8;       // live windows that stand for those of the reference
constexpr std::uint64_t kFewRows = 20;   // of such a window
constexpr double kMoved = 4.6;           // ln of a hundred times what is granted

Time start_of(Time time, Span length) {
  const std::int64_t rest = ((time.us % length.us) + length.us) % length.us;
  return {time.us - rest};
}

std::string percent(double share) { return fmt::format("{} %", rounded(100 * share)); }

Result<std::vector<std::uint64_t>> counts_from(const Json& json, std::size_t bins) {
  const auto wrong = fail(Code::kCorrupt, "the counts of a window have another shape");
  if (!json.is_array() || json.size() != bins) return wrong;
  std::vector<std::uint64_t> counts;
  for (const Json& one : json) {
    if (!one.is_number_unsigned()) return wrong;
    counts.push_back(one.get<std::uint64_t>());
  }
  return counts;
}

/// Categories have none.
std::vector<double> order_of(const model::ColumnReference& column) {
  return column.numeric ? model::bin_scores(column) : std::vector<double>();
}

}  // namespace

ColumnShift::ColumnShift(const model::ColumnReference& column, const model::Envelope* envelope,
                         double tolerance)
    : column_(&column),
      tolerance_(tolerance),
      counts_(column.counts.size(), 0),
      given_(envelope != nullptr) {
  if (!given_) return;
  stats::Box box = stats::box_of(column.counts, tolerance_);
  for (std::size_t b = 0; b < box.low.size(); ++b) {
    box.low[b] = std::min(box.low[b], envelope->low[b]);
    box.high[b] = std::max(box.high[b], envelope->high[b]);
  }
  evidence_.emplace(std::move(box), column.counts, order_of(column));
}

void ColumnShift::take_learnt() {
  std::vector<stats::WindowShares> shares;
  std::vector<std::uint64_t> live(column_->counts.size(), 0);
  for (const auto& counts : learnt_) {
    std::ranges::transform(live, counts, live.begin(), std::plus());
    stats::WindowShares& window = shares.emplace_back();
    for (const std::uint64_t count : counts) window.rows += static_cast<double>(count);
    for (const std::uint64_t count : counts) {
      window.shares.push_back(static_cast<double>(count) / window.rows);
    }
  }
  // The answers of before are those of the model that was measured, not of the one that serves.
  const auto& known = column_->name == model::kAnswers ? live : column_->counts;
  stats::Box box = stats::box_of(known, tolerance_);
  stats::widen(box, shares);
  evidence_.emplace(std::move(box), known, order_of(*column_));
}

void ColumnShift::close(OpenSignals::Window window, double granted) {
  if (!evidence_) {
    learnt_.push_back(counts_);
    if (learnt_.size() == kLearnt) take_learnt();
    return skip();
  }
  if (evidence_->value() <= granted) since_ = window.from;
  evidence_->add(counts_, granted);
  skip();
}

std::uint8_t ColumnShift::beyond() const {
  if (!evidence_) return ShiftScale::kLearns;
  return static_cast<std::uint8_t>(std::lround(ShiftScale::kSteps * evidence_->beyond(counts_)));
}

void ColumnShift::skip() { std::ranges::fill(counts_, std::uint64_t{0}); }

std::string ColumnShift::sentence() const {
  const stats::BoxEvidence::Bin bin = farthest();
  const char* of = given_ ? "in training" : "in the first windows";
  return fmt::format("{} of the last rows have {}; {} {} to {} had", percent(bin.share),
                     model::bin_text(*column_, bin.index), of, percent(bin.low), percent(bin.high));
}

Json ColumnShift::state() const {
  Json out = {{"counts", counts_}, {"since_us", since_.us}};
  if (!given_) out["learnt"] = learnt_;
  if (evidence_) out["bets"] = evidence_->state();
  return out;
}

Result<void> ColumnShift::read(const Json& state) {
  counts_ = TRY(counts_from(io::get_or<Json>(state, "counts", nullptr), counts_.size()));
  since_.us = TRY(io::get<std::int64_t>(state, "since_us"));
  learnt_.clear();
  if (!given_) {
    evidence_.reset();
    const Json learnt = io::get_or<Json>(state, "learnt", Json::array());
    for (const Json& one : learnt) learnt_.push_back(TRY(counts_from(one, counts_.size())));
    if (learnt_.size() > kLearnt) return fail(Code::kCorrupt, "too many windows were learnt");
    if (learnt_.size() == kLearnt) take_learnt();
  }
  if (!evidence_) return {};
  return evidence_->read(io::get_or<Json>(state, "bets", nullptr));
}

Shifts::Shifts(const Options& options, const model::Reference& reference)
    : reference_(&reference), notices_per_year_(kClockPart * options.false_notices_per_year) {
  for (const model::ColumnReference& column : reference.columns) columns_.push_back(&column);
  for (const model::ColumnReference& one : reference.derived) columns_.push_back(&one);
  for (const model::ColumnReference* column : columns_) bins_.emplace_back(*column);
  std::vector<model::WindowClock> clocks = reference.clocks;
  if (clocks.empty() && !reference.has_clock) clocks.push_back({options.window, kFewRows, 0});
  for (std::size_t i = 0; i < clocks.size(); ++i) {
    Watched& watched = clocks_.emplace_back();
    watched.clock = clocks[i];
    watched.scope = clocks[i].length < Span::days(1) ? Scope::kHours : Scope::kDays;
    for (const model::ColumnReference* column : columns_) {
      const model::Envelope* envelope =
          i < column->envelopes.size() ? &column->envelopes[i] : nullptr;
      watched.columns.emplace_back(*column, envelope, options.drift_tolerance);
    }
  }
}

model::Cell Shifts::cell_of(std::size_t column, const Judged& row) const {
  if (column < reference_->columns.size()) return row.cells[column];
  model::Cell cell;
  cell.kind = model::Cell::Kind::kNumber;
  if (columns_[column]->name == model::kAnswers) {
    cell.number = std::isfinite(row.score) ? row.score : row.answer;
  } else {
    cell.number = static_cast<double>(std::ranges::count_if(row.cells, [](const auto& one) {
      return one.kind != model::Cell::Kind::kText && !std::isfinite(one.number);
    }));
  }
  return cell;
}

/// A column that is broken proves no drift. Nor do answers while one is, and missing cells while
/// anything is open that a single column shows.
bool Shifts::explained(std::size_t column, const OpenSignals& open) const {
  const std::string& name = columns_[column]->name;
  if (column < reference_->columns.size()) return open.broken(name);
  const std::vector<Signal> signals = open.list();
  return std::ranges::any_of(signals, [&](const Signal& signal) {
    if (signal.subject == name || signal.kind == "risk") return false;
    return name == model::kAnswers ? signal.quarantines : signal.subject != model::kAnswers;
  });
}

void Shifts::look(const Cohort& cohort, std::span<const Judged* const> rows, OpenSignals& open,
                  std::vector<Signal>& out) {
  if (clocks_.empty()) return;
  std::vector<std::size_t> bins(columns_.size());
  for (const Judged* row : rows) {
    for (std::size_t i = 0; i < bins.size(); ++i) bins[i] = bins_[i](cell_of(i, *row));
    for (Watched& w : clocks_) {
      const Time start = start_of(row->time, w.clock.length);
      if (w.rows >= w.clock.least_rows && start >= w.last + w.clock.length) {
        close(w, w.last + w.clock.length, open, out);
      }
      if (w.rows == 0) w.from = start;
      ++w.rows;
      w.last = std::max(w.last, start);
      for (std::size_t i = 0; i < bins.size(); ++i) w.columns[i].count(bins[i]);
    }
  }
  for (Watched& w : clocks_) {
    const Time end = w.last + w.clock.length;
    if (w.rows >= w.clock.least_rows && cohort.until >= end) close(w, end, open, out);
  }
}

void Shifts::close(Watched& w, Time until, OpenSignals& open, std::vector<Signal>& out) {
  const OpenSignals::Window window{w.from, until};
  const double granted = notices_per_year_ * (until - w.from).in_days() / kDaysPerYear;
  ++w.windows;
  ShiftWindow& ended = ended_.emplace_back(ShiftWindow{w.clock.length, w.from, until, w.rows, {}});
  w.rows = 0;
  std::vector<double> values;
  for (std::size_t i = 0; i < w.columns.size(); ++i) {
    ColumnShift& column = w.columns[i];
    const bool told = explained(i, open);
    ended.beyond.push_back(told ? ShiftScale::kUnjudged : column.beyond());
    if (told) column.skip();
    else column.close(window, granted);
    values.push_back(column.value());
  }
  for (const std::size_t i : stats::alarms_among(values)) {
    const std::string& name = columns_[i]->name;
    if (!explained(i, open) && !open.open("drift", name)) {
      open.raise(w.scope, window, signal(w, i, until), out);
    }
    w.columns[i].restart();
  }
  for (std::size_t i = 0; i < w.columns.size(); ++i) {
    if (w.columns[i].outside()) open.seen("drift", columns_[i]->name, window);
  }
  open.settle(w.scope, window, out);
}

Signal Shifts::signal(const Watched& w, std::size_t column, Time until) const {
  const ColumnShift& shift = w.columns[column];
  const stats::BoxEvidence::Bin bin = shift.farthest();
  Signal signal;
  signal.kind = "drift";
  signal.subject = columns_[column]->name;
  signal.since = shift.since();
  signal.seen = until;
  signal.value = bin.share;
  signal.threshold = bin.share > bin.high ? bin.high : bin.low;
  signal.evidence = std::min(shift.value() / static_cast<double>(w.columns.size()), 1e300);
  signal.false_alarms_per_year = notices_per_year_;
  signal.sentence = fmt::format(
      "{}{}; evidence {:.2g} times the threshold; expected false notices of this kind: at most "
      "{:.2g} a year, if live windows of {} are like those of the training",
      headline(signal.kind, signal.subject, signal.since), shift.sentence(), signal.evidence,
      signal.false_alarms_per_year, to_text(w.clock.length));
  return signal;
}

std::vector<std::string> Shifts::names() const {
  std::vector<std::string> names;
  for (const model::ColumnReference* column : columns_) names.push_back(column->name);
  return names;
}

std::vector<std::string> Shifts::moved() const {
  std::vector<double> strength(reference_->columns.size());
  for (const Watched& w : clocks_) {
    const double granted = notices_per_year_ * w.clock.length.in_days() / kDaysPerYear;
    for (std::size_t i = 0; i < strength.size(); ++i) {
      strength[i] += std::log(std::max(1.0, w.columns[i].value() / granted));
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < strength.size(); ++i) {
    if (strength[i] > kMoved) order.push_back(i);
  }
  const auto strength_of = [&](std::size_t i) { return strength[i]; };
  std::ranges::stable_sort(order, std::ranges::greater(), strength_of);
  std::vector<std::string> names;
  for (const std::size_t i : order) names.push_back(reference_->columns[i].name);
  return names;
}

Json Shifts::summary() const {
  Json out = Json::array();
  for (const Watched& w : clocks_) {
    Json one = {{"clock", to_text(w.clock.length)}, {"windows", w.windows},
                {"columns", w.columns.size()}, {"evidence", 0.0}, {"column", nullptr},
                {"learning", !w.columns.empty() && w.columns[0].learns()}};
    double most = 0;
    for (std::size_t i = 0; i < w.columns.size(); ++i) {
      if (w.columns[i].value() <= most) continue;
      most = w.columns[i].value();
      one["column"] = columns_[i]->name;
    }
    one["evidence"] = std::min(most / static_cast<double>(w.columns.size()), 1e300);
    out.push_back(std::move(one));
  }
  return out;
}

Json Shifts::state() const {
  Json out = Json::array();
  for (const Watched& w : clocks_) {
    Json columns = Json::array();
    for (const ColumnShift& column : w.columns) columns.push_back(column.state());
    out.push_back({{"length_us", w.clock.length.us}, {"rows", w.rows}, {"windows", w.windows},
                   {"from_us", w.from.us}, {"last_us", w.last.us},
                   {"columns", std::move(columns)}});
  }
  return out;
}

/// A watcher of before had no such state, and one of another reference has other clocks.
Result<void> Shifts::read(const Json& state) {
  if (state.is_null()) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's shifts are of other clocks or columns");
  if (!state.is_array() || state.size() != clocks_.size()) return wrong;
  for (std::size_t i = 0; i < clocks_.size(); ++i) {
    Watched& w = clocks_[i];
    if (TRY(io::get<std::int64_t>(state[i], "length_us")) != w.clock.length.us) return wrong;
    w.rows = TRY(io::get<std::uint64_t>(state[i], "rows"));
    w.windows = TRY(io::get<std::uint64_t>(state[i], "windows"));
    w.from.us = TRY(io::get<std::int64_t>(state[i], "from_us"));
    w.last.us = TRY(io::get<std::int64_t>(state[i], "last_us"));
    const Json columns = TRY(io::get<Json>(state[i], "columns"));
    if (!columns.is_array() || columns.size() != w.columns.size()) return wrong;
    for (std::size_t k = 0; k < columns.size(); ++k) TRY(w.columns[k].read(columns[k]));
  }
  return {};
}

}  // namespace rondo::monitor
