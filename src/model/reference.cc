// Freezing all columns side by side, what is told of several at once, and which bin a live cell
// falls into.
#include "model/reference.h"

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "base/worker.h"
#include "model/bins.h"
#include "model/reference_column.h"
#include "model/reference_windows.h"
#include "stats/box.h"

namespace rondo::model {
namespace {

constexpr std::size_t kCellsALane = 1 << 18;  // less is not worth a thread
constexpr std::size_t kRowsAtOnce = 1 << 14;  // counted before the next column is looked at

void add_missing(const table::Column& column, std::size_t from, std::span<double> counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t row = from + i;
    const bool missing = column.is_null(row) || (column.type == table::Type::kNumber &&
                                                 !std::isfinite(column.numbers[row]));
    counts[i] += missing ? 1 : 0;
  }
}

/// Of each row how many cells of these columns have no value. By blocks that stay in the cache.
std::shared_ptr<const table::Column> missing_cells(const table::Table& rows,
                                                   const std::vector<ColumnReference>& columns) {
  std::vector<const table::Column*> gapped;
  for (const ColumnReference& one : columns) {
    if (one.counts[own_bins(one) + ExtraBin::kMissing] > 0) gapped.push_back(rows.find(one.name));
  }
  auto out = std::make_shared<table::Column>();
  out->valid.push_many(true, rows.rows());
  out->numbers.resize(rows.rows());
  for (std::size_t from = 0; from < rows.rows(); from += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, rows.rows() - from);
    const std::span<double> counts = std::span(out->numbers).subspan(from, count);
    for (const table::Column* column : gapped) add_missing(*column, from, counts);
  }
  return out;
}

struct Frozen {
  std::string name;
  const table::Column* column;
  std::span<const ReferenceWindows> clocks;
};

/// The same bits whatever `lanes` is: no column needs another.
std::vector<ColumnReference> freeze_columns(std::span<const Frozen> named,
                                            const ReferenceDays& days, std::size_t lanes) {
  std::vector<ColumnReference> out(named.size());
  Counter next;
  side_by_side(lanes, lanes, [&](std::size_t) {
    FreezeRoom room;
    for (std::size_t i = next.next(); i < named.size(); i = next.next()) {
      out[i] = freeze_column(named[i].name, *named[i].column, days, named[i].clocks, room);
    }
  });
  return out;
}

}  // namespace

Reference freeze(const table::Table& rows, std::span<const std::string> inputs,
                 const std::string& target, std::span<const Time> times) {
  Reference reference;
  reference.has_clock = !times.empty();
  const ReferenceDays days = days_of(times);
  reference.days = days.rows.size();
  if (reference.has_clock) freeze_volume(times, reference);
  const std::vector<ReferenceWindows> clocks = windows_of(times);
  for (const ReferenceWindows& windows : clocks) reference.clocks.push_back(windows.clock);
  std::vector<Frozen> named;
  for (const std::string& name : inputs) {
    if (const table::Column* column = rows.find(name)) named.push_back({name, column, clocks});
  }
  const table::Column* label = rows.find(target);
  if (label != nullptr) named.push_back({target, label, {}});
  const std::size_t lanes =
      std::clamp<std::size_t>(rows.rows() * named.size() / kCellsALane, 1, cores());
  reference.columns = freeze_columns(named, days, lanes);
  if (label != nullptr) {
    reference.label = std::move(reference.columns.back());
    reference.columns.pop_back();
  } else {
    reference.label.name = target;
    reference.label.counts.assign(own_bins(reference.label) + kExtraBins, 0);
  }
  const auto joint = [&] { reference.joint = freeze_jointly(rows, reference, times); };
  const auto derived = [&] {
    if (reference.columns.size() < 2) return;
    const auto column = missing_cells(rows, reference.columns);
    FreezeRoom room;
    const std::string name(kMissingCells);
    reference.derived.push_back(freeze_column(name, *column, days, clocks, room));
  };
  side_by_side(2, lanes, [&](std::size_t part) { part == 0 ? derived() : joint(); });
  return reference;
}

Reference freeze_answers(std::span<const double> answers, std::span<const Time> times) {
  table::ColumnBuilder column(table::Type::kNumber);
  for (const double answer : answers) column.number(answer);
  const std::string name(kAnswers);
  const table::Table rows({{{name, table::Type::kNumber}}}, {column.finish()});
  return freeze(rows, std::span(&name, 1), "label", times);
}

void add_answers(const Reference& answers, Reference& reference) {
  ColumnReference column = answers.columns.at(0);
  std::vector<Envelope> envelopes;
  for (const WindowClock& clock : reference.clocks) {
    const auto same = std::ranges::find(answers.clocks, clock.length, &WindowClock::length);
    if (same == answers.clocks.end()) break;
    envelopes.push_back(column.envelopes[static_cast<std::size_t>(same - answers.clocks.begin())]);
  }
  column.envelopes = std::move(envelopes);
  reference.derived.push_back(std::move(column));
}

void also_answered(std::span<const double> answers, std::span<const Time> times,
                   Reference& reference) {
  const auto law = std::ranges::find(reference.derived, kAnswers, &ColumnReference::name);
  if (law == reference.derived.end() || answers.empty()) return;
  const BinFinder finder(*law);
  std::vector<std::uint8_t> bins;
  std::vector<std::uint64_t> counts(law->counts.size(), 0);
  for (const double answer : answers) {
    bins.push_back(static_cast<std::uint8_t>(finder({Cell::Kind::kNumber, answer, {}})));
    ++counts[bins.back()];
  }
  const stats::Box box = stats::box_of(counts, 0);
  const std::vector<ReferenceWindows> clocks = windows_of(times);
  for (std::size_t i = 0; i < law->envelopes.size(); ++i) {
    const auto widen = [&](const std::vector<double>& low, const std::vector<double>& high) {
      Envelope& envelope = law->envelopes[i];
      for (std::size_t b = 0; b < counts.size(); ++b) {
        envelope.low[b] = std::min(envelope.low[b], low[b]);
        envelope.high[b] = std::max(envelope.high[b], high[b]);
      }
    };
    widen(box.low, box.high);
    const auto same = std::ranges::find_if(clocks, [&](const ReferenceWindows& windows) {
      return windows.clock.length == reference.clocks[i].length;
    });
    if (same == clocks.end()) continue;
    const Envelope went = envelope_of(bins, counts.size(), *same);
    widen(went.low, went.high);
  }
}

std::size_t bin_of(const ColumnReference& column, const Cell& cell) {
  const std::size_t bins = own_bins(column);
  const bool text = cell.kind == Cell::Kind::kText;
  if (!text && !std::isfinite(cell.number)) return bins + ExtraBin::kMissing;
  if (text == column.numeric) return bins + ExtraBin::kOther;
  if (text) {
    for (std::size_t i = 0; i < column.categories.size(); ++i) {
      if (column.categories[i] == cell.text) return i;
    }
    return bins + ExtraBin::kOther;
  }
  if (cell.number < column.minimum) return bins + ExtraBin::kBelow;
  if (cell.number > column.maximum) return bins + ExtraBin::kAbove;
  return static_cast<std::size_t>(
      std::lower_bound(column.edges.begin(), column.edges.end(), cell.number) -
      column.edges.begin());
}

}  // namespace rondo::model
