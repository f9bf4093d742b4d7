// How far a column is from the shares that rondo.toml remembers: a reference that stands where
// people read it, and that no later version of the data moves.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "prepare/features.h"
#include "stats/distance.h"

namespace rondo::prepare {
namespace {

/// A value as rondo.toml writes it; numbers by their shortest text, so 1 and 1.0 are one.
std::string name_of(const Json& value) {
  return value.is_number() ? shortest(value.get<double>()) : plain(value);
}

std::string name_of(const table::Column& column, std::size_t row) {
  if (table::is_text(column.type)) return std::string(column.text(row));
  if (column.type == table::Type::kBool) return column.as_double(row) != 0 ? "true" : "false";
  return shortest(column.as_double(row));
}

/// Counts by value, in the order of `values`; what is none of them comes last.
std::vector<double> counted(const std::vector<Json>& values, const table::Column& column) {
  std::map<std::string, std::size_t> places;
  for (const Json& value : values) places.emplace(name_of(value), places.size());
  std::vector<double> counts(values.size() + 1, 0.0);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const auto found = places.find(name_of(column, row));
    ++counts[found == places.end() ? values.size() : found->second];
  }
  return counts;
}

std::vector<double> binned(const std::vector<double>& edges, const table::Column& column) {
  std::vector<double> counts(edges.size() + 1, 0.0);
  if (table::is_text(column.type)) return counts;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row) || std::isnan(column.as_double(row))) continue;
    const auto bin = std::ranges::upper_bound(edges, column.as_double(row)) - edges.begin();
    ++counts[static_cast<std::size_t>(bin)];
  }
  return counts;
}

}  // namespace

double distance_of(const Expectation& e, const table::Column& column) {
  stats::Binned bins{e.shares, e.edges.empty() ? counted(e.kinds, column)
                                               : binned(e.edges, column)};
  if (e.edges.empty()) {
    const double sum = std::accumulate(e.shares.begin(), e.shares.end(), 0.0);
    bins.reference.push_back(std::max(0.0, 1 - sum));
  }
  if (std::ranges::max(bins.current) == 0) return std::nan("");
  return stats::jensen_shannon_distance(bins);
}

}  // namespace rondo::prepare
