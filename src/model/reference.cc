// Freezing: what a column looked like in training, in at most 4 kB. Bins come from the values,
// never from a guess about their distribution; every row falls into exactly one bin.
#include "model/reference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "base/lanes.h"
#include "base/worker.h"
#include "model/bins.h"
#include "model/reference_windows.h"
#include "stats/box.h"
#include "stats/samples.h"

namespace rondo::model {
namespace {

constexpr std::size_t kQuantileBins = 20;
constexpr std::size_t kMostCategories = 63;
constexpr std::size_t kMostNameBytes = 1'500;  // of all kept categories: a column stays small
constexpr double kCommon = 0.01;
constexpr std::size_t kCellsALane = 1 << 17;  // of fewer a thread costs more than it brings
constexpr std::size_t kOther = 0, kMissing = 1, kBelow = 2, kAbove = 3, kExtra = 4;

std::size_t bins_of(const ColumnReference& c) {
  return c.numeric ? c.edges.size() + 1 : c.categories.size();
}

/// Rows grouped by reference day; days with less than half of the median day's rows are left out.
struct Days {
  std::vector<std::vector<std::size_t>> rows;  // ascending days
  std::vector<std::int64_t> number;            // day_of() each
};

Days days_of(std::span<const Time> times) {
  std::map<std::int64_t, std::vector<std::size_t>> all;
  for (std::size_t i = 0; i < times.size(); ++i) all[day_of(times[i])].push_back(i);
  std::vector<std::size_t> sizes;
  for (const auto& [day, rows] : all) sizes.push_back(rows.size());
  std::sort(sizes.begin(), sizes.end());
  Days days;
  for (auto& [day, rows] : all) {
    if (rows.size() * 2 < sizes[sizes.size() / 2]) continue;
    days.rows.push_back(std::move(rows));
    days.number.push_back(day);
  }
  return days;
}

/// The values that are there, ascending; value(i) is the i-th of `count`.
template <class Value>
std::vector<double> sorted_values(std::size_t count, const Value& value) {
  std::vector<double> found;
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite(value(i))) found.push_back(value(i));
  }
  stats::sort_values(found);  // -0 is 0
  return found;
}

/// Calls each(value, count) for runs of equal values.
template <class Each>
void for_runs(std::span<const double> sorted, const Each& each) {
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    each(sorted[i], end - i);
    i = end;
  }
}

/// Returns the values that are there, ascending.
std::vector<double> freeze_numbers(std::span<const double> values, ColumnReference& c) {
  std::vector<double> sorted =
      sorted_values(values.size(), [&](std::size_t i) { return values[i]; });
  if (sorted.empty()) return sorted;
  c.minimum = sorted.front();
  c.maximum = sorted.back();
  for (std::size_t i = 1; i < kQuantileBins; ++i) {
    // The least value that at least i/20 of the values do not exceed; the maximum is no inner edge.
    const double edge = sorted[(i * sorted.size() + kQuantileBins - 1) / kQuantileBins - 1];
    if (edge < c.maximum && (c.edges.empty() || c.edges.back() < edge)) c.edges.push_back(edge);
  }
  const double total = static_cast<double>(c.rows);
  for_runs(sorted, [&](double value, std::size_t count) {
    const double share = static_cast<double>(count) / total;
    if (share > kCommon) {
      c.common.push_back(value);
      c.common_counts.push_back(count);
    } else {
      c.greatest_rare_share = std::max(c.greatest_rare_share, share);
    }
  });
  return sorted;
}

/// Rows in each bin, of sorted values: none is below the least or above the greatest of them.
void count_sorted(std::span<const double> sorted, ColumnReference& c) {
  std::size_t below = 0;
  for (std::size_t bin = 0; bin <= c.edges.size(); ++bin) {
    const auto end = bin < c.edges.size() ? std::ranges::upper_bound(sorted, c.edges[bin])
                                          : sorted.end();
    const auto reached = static_cast<std::size_t>(end - sorted.begin());
    c.counts[bin] = reached - below;
    below = reached;
  }
  c.counts[bins_of(c) + kMissing] = c.rows - sorted.size();
}

void freeze_categories(const table::Column& column, ColumnReference& c) {
  std::vector<std::uint64_t> counts(column.dictionary.size(), 0);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) ++counts[static_cast<std::size_t>(column.codes[row])];
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b]
                                  : column.dictionary[a] < column.dictionary[b];
  });
  std::size_t bytes = 0, kept = 0;
  while (kept < std::min(order.size(), kMostCategories)) {
    bytes += column.dictionary[order[kept]].size() + 3;
    if (bytes > kMostNameBytes) break;
    c.categories.push_back(column.dictionary[order[kept++]]);
  }
  if (kept < order.size()) {
    c.greatest_rare_share =
        static_cast<double>(counts[order[kept]]) / static_cast<double>(c.rows);
  }
}

/// Bins by row. A dictionary is looked up once a code, not once a row.
std::vector<std::uint8_t> bins_by_row(const table::Column& column, std::span<const double> values,
                                      const ColumnReference& c) {
  const BinFinder finder(c);
  std::vector<std::uint8_t> bins(column.size());
  std::vector<std::uint8_t> by_code;
  for (const std::string& name : column.dictionary) {
    by_code.push_back(static_cast<std::uint8_t>(finder({Cell::Kind::kText, 0, name})));
  }
  for (std::size_t row = 0; row < bins.size(); ++row) {
    if (column.is_null(row)) {
      bins[row] = static_cast<std::uint8_t>(finder({}));
    } else if (table::is_text(column.type)) {
      bins[row] = by_code[static_cast<std::size_t>(column.codes[row])];
    } else {
      bins[row] = static_cast<std::uint8_t>(finder({Cell::Kind::kNumber, values[row], {}}));
    }
  }
  return bins;
}

/// Least and greatest share of each bin within a day, rounded outwards.
void freeze_shares(std::span<const std::uint8_t> bins, const Days& days, ColumnReference& c) {
  c.day_low.assign(c.counts.size(), 1);
  c.day_high.assign(c.counts.size(), 0);
  std::vector<std::uint64_t> counts(c.counts.size());
  for (const auto& rows : days.rows) {
    std::fill(counts.begin(), counts.end(), 0);
    for (const std::size_t row : rows) ++counts[bins[row]];
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double share = static_cast<double>(counts[i]) / static_cast<double>(rows.size());
      c.day_low[i] = std::min(c.day_low[i], share);
      c.day_high[i] = std::max(c.day_high[i], share);
    }
  }
  for (double& low : c.day_low) low = std::floor(low * kShareSteps) / kShareSteps;
  for (double& high : c.day_high) high = std::min(1.0, std::ceil(high * kShareSteps) / kShareSteps);
}

/// Medians of days, their ratios, and how much of a day one rare number may fill.
void freeze_days_of_numbers(std::span<const double> values, const Days& days, ColumnReference& c) {
  double before = 0;
  for (std::size_t i = 0; i < days.rows.size(); ++i) {
    const std::vector<double> sorted = sorted_values(
        days.rows[i].size(), [&](std::size_t at) { return values[days.rows[i][at]]; });
    const double total = static_cast<double>(days.rows[i].size());
    for_runs(sorted, [&](double value, std::size_t count) {
      if (std::binary_search(c.common.begin(), c.common.end(), value)) return;
      c.greatest_rare_day_share =
          std::max(c.greatest_rare_day_share, static_cast<double>(count) / total);
    });
    if (sorted.empty()) continue;
    const std::size_t half = sorted.size() / 2;
    const double median =
        sorted.size() % 2 == 1 ? sorted[half] : sorted[half - 1] / 2 + sorted[half] / 2;
    const bool neighbours = i > 0 && days.number[i] == days.number[i - 1] + 1;
    if (neighbours && before > 0 && median > 0) {
      const double ratio = std::max(median / before, before / median);
      if (std::isfinite(ratio)) c.greatest_day_ratio = std::max(c.greatest_day_ratio, ratio);
    }
    before = median;
    c.last_day_median = median;
  }
}

void freeze_days_of_categories(const table::Column& column, std::span<const std::uint8_t> bins,
                               const Days& days, ColumnReference& c) {
  std::unordered_map<std::int32_t, std::size_t> counts;
  for (const auto& rows : days.rows) {
    counts.clear();
    for (const std::size_t row : rows) {
      if (bins[row] == bins_of(c) + kOther) ++counts[column.codes[row]];
    }
    for (const auto& [code, count] : counts) {
      c.greatest_rare_day_share =
          std::max(c.greatest_rare_day_share,
                   static_cast<double>(count) / static_cast<double>(rows.size()));
    }
  }
}

ColumnReference freeze_column(const std::string& name, const table::Column& column,
                              const Days& days, std::span<const ReferenceWindows> clocks) {
  ColumnReference c;
  c.name = name;
  c.numeric = !table::is_text(column.type);
  c.rows = column.size();
  std::vector<double> values, sorted;
  if (c.numeric) {
    values.reserve(column.size());
    for (std::size_t row = 0; row < column.size(); ++row) values.push_back(column.as_double(row));
  }
  const bool rises = column.type == table::Type::kTime;
  if (!c.numeric) {
    freeze_categories(column, c);
  } else if (rises) {
    c.minimum = std::numeric_limits<double>::lowest();
    c.maximum = std::numeric_limits<double>::max();
  } else {
    sorted = freeze_numbers(values, c);
  }
  c.counts.assign(bins_of(c) + kExtra, 0);
  if (c.numeric && !rises && clocks.empty() && days.rows.empty()) {
    count_sorted(sorted, c);  // which bin each row is in, nobody asks
    return c;
  }
  const std::vector<std::uint8_t> bins = bins_by_row(column, values, c);
  for (const std::uint8_t bin : bins) ++c.counts[bin];
  for (const ReferenceWindows& windows : clocks) {
    c.envelopes.push_back(envelope_of(bins, c.counts.size(), windows));
  }
  if (days.rows.empty()) return c;
  freeze_shares(bins, days, c);
  if (!c.numeric) freeze_days_of_categories(column, bins, days, c);
  if (c.numeric && !rises) freeze_days_of_numbers(values, days, c);
  return c;
}

/// Of each row how many cells of these columns have no value.
std::shared_ptr<const table::Column> missing_cells(std::size_t rows,
                                                   std::span<const table::Column* const> columns) {
  std::vector<std::uint32_t> missing(rows, 0);
  for (const table::Column* column : columns) {
    const bool text = table::is_text(column->type);
    for (std::size_t row = 0; row < rows; ++row) {
      const bool none = column->is_null(row) || (!text && !std::isfinite(column->as_double(row)));
      missing[row] += none ? 1 : 0;
    }
  }
  table::ColumnBuilder counts(table::Type::kNumber);
  for (const std::uint32_t count : missing) counts.number(static_cast<double>(count));
  return counts.finish();
}

}  // namespace

Reference freeze(const table::Table& rows, std::span<const std::string> inputs,
                 const std::string& target, std::span<const Time> times) {
  Reference reference;
  reference.has_clock = !times.empty();
  const Days days = days_of(times);
  reference.days = days.rows.size();
  if (reference.has_clock) freeze_volume(times, reference);
  const std::vector<ReferenceWindows> clocks = windows_of(times);
  for (const ReferenceWindows& windows : clocks) reference.clocks.push_back(windows.clock);
  std::vector<std::string> names;
  std::vector<const table::Column*> columns;
  for (const std::string& name : inputs) {
    const table::Column* column = rows.find(name);
    if (column == nullptr) continue;
    names.push_back(name);
    columns.push_back(column);
  }
  reference.columns.resize(columns.size());
  const auto missing = columns.size() > 1 ? missing_cells(rows.rows(), columns) : nullptr;
  if (missing) reference.derived.resize(1);
  const table::Column* label = rows.find(target);
  const auto freeze_one = [&](std::size_t i) {  // the inputs, the label, the missing cells
    if (i < columns.size()) {
      reference.columns[i] = freeze_column(names[i], *columns[i], days, clocks);
    } else if (i > columns.size() && missing) {
      reference.derived[0] = freeze_column(std::string(kMissingCells), *missing, days, clocks);
    } else if (i == columns.size() && label != nullptr) {
      reference.label = freeze_column(target, *label, days, {});
    }
  };
  const std::size_t jobs = columns.size() + 2;
  const std::size_t lanes = std::min(cores(), rows.rows() * jobs / kCellsALane);
  side_by_side(jobs, std::max<std::size_t>(1, lanes), freeze_one);
  if (label == nullptr) {
    reference.label.name = target;
    reference.label.counts.assign(bins_of(reference.label) + kExtra, 0);
  }
  reference.joint = freeze_jointly(rows, reference, times);
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
  const std::size_t bins = bins_of(column);
  const bool text = cell.kind == Cell::Kind::kText;
  if (!text && !std::isfinite(cell.number)) return bins + kMissing;
  if (text == column.numeric) return bins + kOther;
  if (text) {
    for (std::size_t i = 0; i < column.categories.size(); ++i) {
      if (column.categories[i] == cell.text) return i;
    }
    return bins + kOther;
  }
  if (cell.number < column.minimum) return bins + kBelow;
  if (cell.number > column.maximum) return bins + kAbove;
  return static_cast<std::size_t>(
      std::lower_bound(column.edges.begin(), column.edges.end(), cell.number) -
      column.edges.begin());
}

}  // namespace rondo::model
