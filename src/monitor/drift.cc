// What both files hold, and our own convention over it.
#include "monitor/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "monitor/drift_like.h"
#include "stats/samples.h"
#include "stats/spread.h"

namespace rondo::monitor {
namespace {

using table::Column;
using table::Type;

constexpr std::array<std::string_view, 4> kConventions = {"own", "evidently", "nannyml", "tfdv"};
constexpr std::size_t kMostBins = 20;
constexpr std::uint64_t kRowsABin = 25;       // of the reference, at least
constexpr std::uint64_t kCommon = 10;         // rows of a value with a bin of its own
constexpr std::size_t kMostValues = 200;      // with a bin of their own
constexpr std::size_t kOverlayBins = 24;
constexpr double kOverlayTail = 0.005;

std::vector<double> numbers_of(const Column& column) {
  std::vector<double> values(column.size());
  std::size_t known = 0;
  const auto take = [&](const auto& cells) {  // written always, kept if it counts: no branch
    for (std::size_t row = 0; row < column.size(); ++row) {
      values[known] = static_cast<double>(cells[row]);
      known += !column.is_null(row) && std::isfinite(values[known]) ? 1 : 0;
    }
  };
  if (column.type == Type::kNumber) {
    take(column.numbers);
  } else if (column.type == Type::kText) {
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (!column.is_null(row)) values[known++] = static_cast<double>(column.text(row).size());
    }
  } else {
    take(column.integers);
  }
  values.resize(known);
  stats::sort_values(values);
  return values;
}

Cells cells_of(const Column& column) {
  Cells out;
  out.rows = column.size();
  if (column.type == Type::kCategory) {
    out.missing = out.rows - column.valid.count();
    return out;
  }
  out.values = numbers_of(column);
  out.missing = out.rows - out.values.size();
  return out;
}

/// Rows by code of the dictionary.
std::vector<std::uint64_t> rows_by_code(const Column& column) {
  std::vector<std::uint64_t> counts(column.dictionary.size(), 0);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) ++counts[static_cast<std::size_t>(column.codes[row])];
  }
  return counts;
}

std::vector<ValueCount> values_of(const Column& reference, const Column& current) {
  std::vector<ValueCount> out;
  std::unordered_map<std::string_view, std::size_t> places;
  const auto add = [&](const Column& column, std::uint64_t ValueCount::*side) {
    const auto counts = rows_by_code(column);
    for (std::size_t code = 0; code < counts.size(); ++code) {
      if (counts[code] == 0) continue;
      const auto [at, fresh] = places.try_emplace(column.dictionary[code], out.size());
      if (fresh) out.push_back({column.dictionary[code]});
      out[at->second].*side += counts[code];
    }
  };
  add(reference, &ValueCount::reference);
  add(current, &ValueCount::current);
  std::ranges::sort(out, {}, &ValueCount::value);
  return out;
}

std::vector<ValueCount> bools_of(const TwoSamples& samples) {
  std::vector<ValueCount> out;
  for (const double value : {0.0, 1.0}) {
    const auto count = [&](const Cells& cells) {
      return static_cast<std::uint64_t>(std::ranges::count(cells.values, value));
    };
    out.push_back({value == 0 ? "false" : "true", count(samples.reference),
                   count(samples.current)});
  }
  std::erase_if(out, [](const ValueCount& v) { return v.reference + v.current == 0; });
  return out;
}

/// Rising, from -infinity to infinity. A value that holds two quantiles or more has a bin alone.
std::vector<double> own_edges(const std::vector<double>& reference) {
  constexpr double kEnd = std::numeric_limits<double>::infinity();
  const std::size_t bins =
      std::clamp<std::size_t>(reference.size() / kRowsABin, 2, kMostBins);
  std::vector<double> edges = {-kEnd};
  for (std::size_t b = 1; b < bins && !reference.empty(); ++b) {
    const double edge = reference[b * reference.size() / bins];
    if (edge > edges.back()) edges.push_back(edge);
    else if (edge == edges.back()) edges.push_back(std::nextafter(edge, kEnd));
  }
  edges.push_back(kEnd);
  return edges;
}

stats::Binned bins_of_numbers(const TwoSamples& samples) {
  const auto edges = own_edges(samples.reference.values);
  return {stats::count_between(samples.reference.values, edges),
          stats::count_between(samples.current.values, edges)};
}

stats::Binned bins_of_values(const TwoSamples& samples) {
  std::vector<const ValueCount*> common;
  const auto both = [](const ValueCount* value) { return value->reference + value->current; };
  stats::Binned bins;
  double rare_reference = 0, rare_current = 0;
  for (const ValueCount& value : samples.values) common.push_back(&value);
  std::ranges::stable_sort(common, std::greater<>(), both);
  for (std::size_t i = 0; i < common.size(); ++i) {
    const auto n = static_cast<double>(common[i]->reference);
    const auto m = static_cast<double>(common[i]->current);
    if (i < kMostValues && both(common[i]) >= kCommon) {
      bins.reference.push_back(n);
      bins.current.push_back(m);
    } else {
      rare_reference += n;
      rare_current += m;
    }
  }
  bins.reference.push_back(rare_reference);
  bins.current.push_back(rare_current);
  return bins;
}

bool by_values(const TwoSamples& samples) {
  return samples.type == Type::kCategory || samples.type == Type::kBool;
}

Distance distance_of_own(const TwoSamples& samples, std::optional<double> threshold) {
  Distance out{"jensen_shannon", {}, {}, threshold.value_or(kDriftThreshold)};
  if (samples.reference.rows == 0 || samples.current.rows == 0) {
    out.why = "a file has no row";
    return out;
  }
  const stats::Binned bins = own_bins(samples);
  out.value = stats::jensen_shannon_distance(bins);
  out.p = stats::two_sample_chi_square(bins).p;
  out.moved = *out.value >= out.threshold && *out.p < kDriftLevel;
  return out;
}

}  // namespace

std::string_view name_of(Convention convention) noexcept {
  return kConventions[static_cast<std::size_t>(convention)];
}

std::optional<Convention> convention_from(std::string_view name) noexcept {
  const auto at = std::ranges::find(kConventions, name);
  if (at == kConventions.end()) return std::nullopt;
  return static_cast<Convention>(at - kConventions.begin());
}

TwoSamples two_samples(const Column& reference, const Column& current, Texts texts) {
  TwoSamples out;
  out.type = reference.type;
  out.reference = cells_of(reference);
  out.current = cells_of(current);
  out.whole = reference.type == Type::kInteger && out.reference.missing == 0;
  const bool valued = reference.type == Type::kText && texts == Texts::kValues;
  if (valued || reference.type == Type::kCategory) out.values = values_of(reference, current);
  if (reference.type == Type::kBool) out.values = bools_of(out);
  return out;
}

stats::Binned own_bins(const TwoSamples& samples) {
  stats::Binned bins = by_values(samples) ? bins_of_values(samples) : bins_of_numbers(samples);
  bins.reference.push_back(static_cast<double>(samples.reference.missing));
  bins.current.push_back(static_cast<double>(samples.current.missing));
  for (std::size_t b = bins.reference.size(); b-- > 0;) {
    if (bins.reference[b] + bins.current[b] > 0) continue;
    bins.reference.erase(bins.reference.begin() + static_cast<std::ptrdiff_t>(b));
    bins.current.erase(bins.current.begin() + static_cast<std::ptrdiff_t>(b));
  }
  return bins;
}

Distance distance_of(const TwoSamples& samples, const DriftWish& wish) {
  switch (wish.like) {
    case Convention::kOwn: return distance_of_own(samples, wish.threshold);
    case Convention::kEvidently: return distance_of_evidently(samples, wish.threshold);
    case Convention::kNannyml: return distance_of_nannyml(samples, wish.threshold);
    case Convention::kTfdv: return distance_of_tfdv(samples, wish.threshold);
  }
  return {};
}

std::optional<NumberFacts> number_facts(std::span<const double> sorted) {
  if (sorted.empty()) return std::nullopt;
  const stats::Spread spread = stats::spread_of(sorted);
  NumberFacts out{spread.mean, std::sqrt(spread.variance()), sorted.front(), sorted.back(), {}};
  for (std::size_t i = 0; i < kDriftQuantiles.size(); ++i) {
    out.quantiles[i] = stats::quantile(sorted, kDriftQuantiles[i]);
  }
  return out;
}

Overlay overlay_of(const TwoSamples& samples) {
  Overlay out;
  const auto& a = samples.reference.values;
  const auto& b = samples.current.values;
  if (a.empty() && b.empty()) return out;
  const auto& one = a.empty() ? b : a;
  const auto& other = b.empty() ? a : b;
  out.low = std::min(stats::quantile(one, kOverlayTail), stats::quantile(other, kOverlayTail));
  out.high = std::max(stats::quantile(one, 1 - kOverlayTail),
                      stats::quantile(other, 1 - kOverlayTail));
  if (!(out.high > out.low)) out.high = out.low + 1;
  constexpr double kEnd = std::numeric_limits<double>::infinity();
  std::vector<double> edges = {-kEnd};
  for (std::size_t i = 1; i < kOverlayBins; ++i) {
    edges.push_back(std::lerp(out.low, out.high, static_cast<double>(i) / kOverlayBins));
  }
  edges.push_back(kEnd);
  out.reference = stats::count_between(a, edges);
  out.current = stats::count_between(b, edges);
  return out;
}

std::optional<Measures> measures_of(const TwoSamples& samples) {
  if (samples.reference.rows == 0 || samples.current.rows == 0) return std::nullopt;
  const stats::Binned bins = own_bins(samples);
  Measures out;
  out.jensen_shannon = stats::jensen_shannon_distance(bins);
  out.hellinger = stats::hellinger_distance(bins);
  out.l_infinity = stats::greatest_difference(bins);
  out.psi = stats::stability_index(bins);
  out.chi_square = stats::two_sample_chi_square(bins).statistic;
  if (by_values(samples) || samples.reference.values.empty() || samples.current.values.empty()) {
    return out;
  }
  const stats::CdfGap gap = stats::cdf_gap(samples.reference.values, samples.current.values);
  out.ks = gap.greatest;
  out.wasserstein = gap.area;
  return out;
}

}  // namespace rondo::monitor
