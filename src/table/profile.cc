// Values are sorted once: from the sorted ones follow quantiles, distinct ones and the commonest.
#include "table/profile.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/samples.h"

namespace rondo::table {
namespace {

constexpr double kWholeBins = 32;
constexpr double kExactWhole = 9007199254740992;  // 2^53

std::string value_text(Type, double value) { return number_text(value); }
std::string value_text(Type type, std::int64_t value) {
  if (type == Type::kTime) return to_text(Time{value});
  if (type == Type::kBool) return value != 0 ? "true" : "false";
  return std::to_string(value);
}

/// Runs of equal values: how many there are, and the longest of them.
template <class Value>
void count_runs(const std::vector<Value>& sorted, ColumnProfile& out) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;  // length, place; the longest so far
  const auto shorter = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  for (std::size_t from = 0, to = 0; from < sorted.size(); from = to) {
    while (to < sorted.size() && sorted[to] == sorted[from]) ++to;
    ++out.distinct;
    runs.emplace_back(to - from, from);
    if (runs.size() < 1024) continue;
    std::ranges::sort(runs, shorter);
    runs.resize(kProfileTop);
  }
  std::ranges::sort(runs, shorter);
  if (runs.size() > kProfileTop) runs.resize(kProfileTop);
  for (const auto& [length, place] : runs) {
    out.top.push_back({value_text(out.type, sorted[place]), length});
  }
}

void set_bins(std::span<const double> sorted, bool whole, ColumnProfile::Ordered& out) {
  out.low = out.min;
  out.high = out.max;
  std::size_t bins = out.min == out.max ? 1 : kProfileBins;
  if (whole && std::max(std::abs(out.min), std::abs(out.max)) < kExactWhole / 2) {
    const double values = out.max - out.min + 1;
    const double width = values <= kWholeBins ? 1 : std::ceil(values / kProfileBins);
    bins = static_cast<std::size_t>(std::ceil(values / width));
    out.high = out.low + width * static_cast<double>(bins);
  }
  out.bins.assign(bins, 0);
  const double range = out.high / 2 - out.low / 2;  // halves: the whole range may be no double
  for (const double x : sorted) {
    const double share = range > 0 ? (x / 2 - out.low / 2) / range : 0;
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(bins));
    ++out.bins[std::min(bin, bins - 1)];
  }
}

ColumnProfile::Ordered order(const stats::Spread& spread, std::span<const double> sorted,
                             bool whole) {
  ColumnProfile::Ordered out;
  out.mean = spread.mean;
  out.deviation = std::sqrt(spread.variance());
  out.min = sorted.front();
  out.max = sorted.back();
  for (std::size_t i = 0; i < kProfileQuantiles.size(); ++i) {
    out.quantiles[i] = stats::quantile(sorted, kProfileQuantiles[i]);
  }
  set_bins(sorted, whole, out);
  return out;
}

std::vector<double> doubles(const Column& column, std::size_t from, std::size_t to) {
  std::vector<double> out;
  out.reserve(to - from);
  for (std::size_t row = from; row < to; ++row) {
    const double x = column.as_double(row);
    out.push_back(x == 0 ? 0.0 : x);  // -0 is 0
  }
  return out;
}

void profile_text(const Column& column, ColumnProfile& out) {
  std::vector<std::size_t> by_code(column.dictionary.size(), 0);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) ++by_code[static_cast<std::size_t>(column.codes[row])];
  }
  std::map<std::string_view, std::size_t> counts;  // a dictionary may name what no row has
  for (std::size_t code = 0; code < by_code.size(); ++code) {
    if (by_code[code] > 0) counts[column.dictionary[code]] += by_code[code];
  }
  out.distinct = counts.size();
  std::vector<std::pair<std::size_t, std::string_view>> order;
  for (const auto& [value, count] : counts) order.emplace_back(count, value);
  const std::size_t most = std::min(kProfileTop, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(most),
                            [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  for (const auto& [count, value] : std::span(order).first(most)) {
    out.top.push_back({std::string(value), count});
  }
}

}  // namespace

ColumnProfile profile_column(const Table& table, std::size_t index) {
  const Column& column = table.column(index);
  ColumnProfile out;
  out.name = table.schema().fields[index].name;
  out.type = column.type;
  out.count = column.valid.count();
  out.missing = column.size() - out.count;
  if (out.count == 0) return out;
  if (is_text(column.type)) {
    profile_text(column, out);
    return out;
  }
  std::vector<double> values = doubles(column, 0, column.size());
  const stats::Spread spread = stats::spread_of(values);  // NaN is left out: a missing cell
  if (column.type == Type::kNumber) {
    std::erase_if(values, [](double x) { return std::isnan(x); });
    std::ranges::sort(values);
    count_runs(values, out);
  } else {
    std::vector<std::int64_t> sorted;
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (!column.is_null(row)) sorted.push_back(column.integers[row]);
    }
    std::ranges::sort(sorted);
    count_runs(sorted, out);
    values.assign(sorted.begin(), sorted.end());
  }
  if (values.empty()) return out;
  const bool whole = column.type == Type::kInteger || column.type == Type::kBool;
  out.ordered = order(spread, values, whole);
  return out;
}

std::vector<std::size_t> correlated_columns(const Schema& schema) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < schema.fields.size() && out.size() < kCorrelated; ++i) {
    const Type type = schema.fields[i].type;
    if (type != Type::kTime && !is_text(type)) out.push_back(i);
  }
  return out;
}

std::vector<stats::Joint> joints_of_block(const Table& table, std::span<const std::size_t> columns,
                                          std::size_t block) {
  const std::size_t from = block * stats::kBlockRows;
  const std::size_t to = std::min(table.rows(), from + stats::kBlockRows);
  std::vector<std::vector<double>> values;
  for (const std::size_t column : columns) {
    values.push_back(doubles(table.column(column), from, to));
  }
  std::vector<stats::Joint> out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (std::size_t j = i + 1; j < columns.size(); ++j) {
      out.push_back(stats::joint_of(values[i], values[j]));
    }
  }
  return out;
}

}  // namespace rondo::table
