// What a column looked like in training, in at most 4 kB. Bins come from the values, never from a
// guess about their distribution; every row falls into exactly one bin.
#include "model/reference_column.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "model/bins.h"
#include "stats/samples.h"

namespace rondo::model {
namespace {

constexpr std::size_t kQuantileBins = 20;
constexpr std::size_t kMostCategories = 63;
constexpr std::size_t kMostNameBytes = 1'500;  // of all kept categories: a column stays small
constexpr double kCommon = 0.01;

/// Its numbers by row, NaN where there is none. Shape: not of text.
std::span<const double> numbers_of(const table::Column& column, std::vector<double>& room) {
  const bool whole = column.valid.count() == column.size();
  if (whole && column.type == table::Type::kNumber) return column.numbers;
  room.resize(column.size());
  for (std::size_t row = 0; row < room.size(); ++row) room[row] = column.as_double(row);
  return room;
}

/// The finite ones of these rows' numbers, ascending; -0 is 0.
void sort_finite(std::span<const double> numbers, std::span<const std::size_t> rows,
                 std::vector<double>& sorted, std::vector<double>& spare) {
  sorted.resize(rows.size());
  std::size_t known = 0;
  for (const std::size_t row : rows) {  // written always, kept if it counts: no branch
    sorted[known] = numbers[row];
    known += std::isfinite(numbers[row]) ? 1 : 0;
  }
  sorted.resize(known);
  stats::sort_values(sorted, spare);
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

/// The fewest rows that are a greater share than kCommon.
std::uint64_t common_from(std::uint64_t rows) {
  const double total = static_cast<double>(rows);
  auto count = static_cast<std::uint64_t>(kCommon * total);
  while (count > 1 && static_cast<double>(count - 1) / total > kCommon) --count;
  while (!(static_cast<double>(count) / total > kCommon)) ++count;
  return count;
}

void freeze_numbers(const stats::Landmarks& numbers, ColumnReference& c) {
  std::vector<std::uint64_t> up_to;
  c.minimum = numbers.least;
  c.maximum = numbers.greatest;
  for (const stats::Landmarks::Place& place : numbers.at) {  // the maximum is no inner edge
    const bool again = !c.edges.empty() && c.edges.back() == place.value;
    if (again || place.value == c.maximum) continue;
    c.edges.push_back(place.value);
    up_to.push_back(place.up_to);
  }
  up_to.push_back(numbers.numbers);
  c.counts.assign(own_bins(c) + kExtraBins, 0);
  std::adjacent_difference(up_to.begin(), up_to.end(), c.counts.begin());
  c.counts[own_bins(c) + ExtraBin::kMissing] = c.rows - numbers.numbers;
  for (const stats::Landmarks::Repeated& one : numbers.common) {
    c.common.push_back(one.value);
    c.common_counts.push_back(one.count);
  }
  if (numbers.numbers == 0) return;
  c.greatest_rare_share =
      static_cast<double>(numbers.greatest_rare) / static_cast<double>(c.rows);
}

/// All in one bin, as times rise by nature.
void freeze_moments(const table::Column& column, ColumnReference& c) {
  c.minimum = std::numeric_limits<double>::lowest();
  c.maximum = std::numeric_limits<double>::max();
  const std::uint64_t known = column.valid.count();
  c.counts.assign(own_bins(c) + kExtraBins, 0);
  c.counts[0] = known;
  c.counts[own_bins(c) + ExtraBin::kMissing] = c.rows - known;
}

std::vector<std::uint64_t> rows_by_code(const table::Column& column) {
  std::vector<std::uint64_t> counts(column.dictionary.size(), 0);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) ++counts[static_cast<std::size_t>(column.codes[row])];
  }
  return counts;
}

void freeze_categories(const table::Column& column, std::span<const std::uint64_t> counts,
                       ColumnReference& c) {
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

/// A dictionary is looked up once a code, not once a row.
std::vector<std::uint8_t> bins_by_code(const table::Column& column, const ColumnReference& c) {
  const BinFinder finder(c);
  std::vector<std::uint8_t> bins;
  for (const std::string& name : column.dictionary) {
    bins.push_back(static_cast<std::uint8_t>(finder({Cell::Kind::kText, 0, name})));
  }
  return bins;
}

void count_categories(std::span<const std::uint64_t> by_code, std::span<const std::uint8_t> bins,
                      ColumnReference& c) {
  c.counts.assign(own_bins(c) + kExtraBins, 0);
  std::uint64_t known = 0;
  for (std::size_t code = 0; code < by_code.size(); ++code) {
    c.counts[bins[code]] += by_code[code];
    known += by_code[code];
  }
  c.counts[own_bins(c) + ExtraBin::kMissing] = c.rows - known;
}

void bin_categories(const table::Column& column, std::span<const std::uint8_t> by_code,
                    const ColumnReference& c, std::vector<std::uint8_t>& bins) {
  bins.assign(column.size(), static_cast<std::uint8_t>(own_bins(c) + ExtraBin::kMissing));
  for (std::size_t row = 0; row < bins.size(); ++row) {
    if (!column.is_null(row)) bins[row] = by_code[static_cast<std::size_t>(column.codes[row])];
  }
}

/// Each finite number lies between the least and the greatest one, so its edges tell the bin.
void bin_numbers(std::span<const double> numbers, const ColumnReference& c,
                 std::vector<std::uint8_t>& bins) {
  std::array<double, 31> edges;  // halves of halves of 32 places; 19 edges at most
  edges.fill(std::numeric_limits<double>::infinity());
  std::ranges::copy(c.edges, edges.begin());
  bins.resize(numbers.size());
  const std::size_t missing = own_bins(c) + ExtraBin::kMissing;
  for (std::size_t row = 0; row < bins.size(); ++row) {
    std::size_t at = 0;  // edges below the number
    for (std::size_t step = 16; step > 0; step /= 2) {
      at += edges[at + step - 1] < numbers[row] ? step : 0;
    }
    bins[row] = static_cast<std::uint8_t>(std::isfinite(numbers[row]) ? at : missing);
  }
}

/// Least and greatest share of each bin within a day, rounded outwards.
void freeze_shares(std::span<const std::uint8_t> bins, const ReferenceDays& days,
                   ColumnReference& c) {
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
void freeze_days_of_numbers(std::span<const double> numbers, const ReferenceDays& days,
                            FreezeRoom& room, ColumnReference& c) {
  double before = 0;
  for (std::size_t i = 0; i < days.rows.size(); ++i) {
    const std::vector<std::size_t>& rows = days.rows[i];
    const std::vector<double>& sorted = room.day;
    sort_finite(numbers, rows, room.day, room.spare_day);
    const double total = static_cast<double>(rows.size());
    for_runs(sorted, [&](double value, std::size_t count) {
      const double share = static_cast<double>(count) / total;
      if (share <= c.greatest_rare_day_share) return;
      if (std::ranges::binary_search(c.common, value)) return;
      c.greatest_rare_day_share = share;
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
                               const ReferenceDays& days, ColumnReference& c) {
  std::unordered_map<std::int32_t, std::size_t> counts;
  for (const auto& rows : days.rows) {
    counts.clear();
    for (const std::size_t row : rows) {
      if (bins[row] == own_bins(c) + ExtraBin::kOther) ++counts[column.codes[row]];
    }
    for (const auto& [code, count] : counts) {
      c.greatest_rare_day_share =
          std::max(c.greatest_rare_day_share,
                   static_cast<double>(count) / static_cast<double>(rows.size()));
    }
  }
}

/// What bins did from window to window and from day to day.
void freeze_course(const ReferenceDays& days, std::span<const ReferenceWindows> clocks,
                   std::span<const std::uint8_t> bins, ColumnReference& c) {
  for (const ReferenceWindows& windows : clocks) {
    c.envelopes.push_back(envelope_of(bins, c.counts.size(), windows));
  }
  if (!days.rows.empty()) freeze_shares(bins, days, c);
}

}  // namespace

std::size_t own_bins(const ColumnReference& c) {
  return c.numeric ? c.edges.size() + 1 : c.categories.size();
}

ReferenceDays days_of(std::span<const Time> times) {
  std::map<std::int64_t, std::vector<std::size_t>> all;
  for (std::size_t i = 0; i < times.size(); ++i) all[day_of(times[i])].push_back(i);
  std::vector<std::size_t> sizes;
  for (const auto& [day, rows] : all) sizes.push_back(rows.size());
  std::sort(sizes.begin(), sizes.end());
  ReferenceDays days;
  for (auto& [day, rows] : all) {
    if (rows.size() * 2 < sizes[sizes.size() / 2]) continue;
    days.rows.push_back(std::move(rows));
    days.number.push_back(day);
  }
  return days;
}

ColumnReference freeze_column(const std::string& name, const table::Column& column,
                              const ReferenceDays& days, std::span<const ReferenceWindows> clocks,
                              FreezeRoom& room) {
  ColumnReference c;
  c.name = name;
  c.numeric = !table::is_text(column.type);
  c.rows = column.size();
  const bool timed = !days.rows.empty() || !clocks.empty();
  if (!c.numeric) {
    const std::vector<std::uint64_t> counts = rows_by_code(column);
    freeze_categories(column, counts, c);
    const std::vector<std::uint8_t> by_code = bins_by_code(column, c);
    count_categories(counts, by_code, c);
    if (!timed) return c;
    bin_categories(column, by_code, c, room.bins);
    freeze_course(days, clocks, room.bins, c);
    freeze_days_of_categories(column, room.bins, days, c);
    return c;
  }
  const std::span<const double> numbers = numbers_of(column, room.numbers);
  const bool rises = column.type == table::Type::kTime;
  if (rises) {
    freeze_moments(column, c);
  } else {
    const std::uint64_t from = common_from(c.rows);
    freeze_numbers(stats::landmarks(numbers, kQuantileBins, from, room.landmarks), c);
  }
  if (!timed) return c;
  bin_numbers(numbers, c, room.bins);
  freeze_course(days, clocks, room.bins, c);
  if (!rises) freeze_days_of_numbers(numbers, days, room, c);
  return c;
}

}  // namespace rondo::model
