// Each tool's own formula over the same samples. Where a tool's code and its documents differ, its
// code counts: what is asked for is its number.
#include "monitor/drift_like.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "stats/intervals.h"
#include "stats/samples.h"

namespace rondo::monitor {
namespace {

using table::Type;

constexpr std::uint64_t kSmall = 1000;      // Evidently: rows of the reference
constexpr std::size_t kFewValues = 5;       // Evidently: numbers that are tested as categories
constexpr std::size_t kFewIntegers = 10;    // Evidently: integers that are categories
constexpr double kLevel = 0.05, kFar = 0.1, kTfdvFar = 0.01;
constexpr double kLeastDeviation = 0.001;   // Evidently
constexpr std::size_t kTfdvBins = 10;

Distance not_measured(std::string why) {
  Distance out;
  out.why = std::move(why);
  return out;
}

std::optional<Distance> nothing_to_compare(const TwoSamples& samples) {
  if (samples.reference.known() > 0 && samples.current.known() > 0) return std::nullopt;
  return not_measured("a file has no value");
}

/// A bin for each value of either side.
stats::Binned bins_by_value(const TwoSamples& samples) {
  stats::Binned bins;
  if (!samples.values.empty()) {
    for (const ValueCount& value : samples.values) {
      bins.reference.push_back(static_cast<double>(value.reference));
      bins.current.push_back(static_cast<double>(value.current));
    }
    return bins;
  }
  const auto& a = samples.reference.values;
  const auto& b = samples.current.values;
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    const std::size_t from = i, start = j;
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    bins.reference.push_back(static_cast<double>(i - from));
    bins.current.push_back(static_cast<double>(j - start));
  }
  return bins;
}

/// Whether both sides together hold no more than `most` different numbers.
bool few_values(const TwoSamples& samples, std::size_t most) {
  const auto& a = samples.reference.values;
  const auto& b = samples.current.values;
  std::size_t count = 0;
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size(); ++count) {
    if (count == most) return false;
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
  }
  return true;
}

double deviation_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / n);
}

/// Two-sided, of the share of what is not the first value.
double z_test_p(const stats::Binned& bins) {
  if (bins.reference.size() < 2) return 1;
  const double n = bins.reference[0] + bins.reference[1];
  const double m = bins.current[0] + bins.current[1];
  const double one = bins.reference[1] / n, other = bins.current[1] / m;
  const double both = (bins.reference[1] + bins.current[1]) / (n + m);
  const double z = (one - other) / std::sqrt(both * (1 - both) * (1 / n + 1 / m));
  return 2 * (1 - stats::normal_cdf(std::abs(z)));
}

Distance by_p(std::string measure, double p, double threshold, bool at_threshold) {
  Distance out{std::move(measure), p, p, threshold};
  out.moved = at_threshold ? p <= threshold : p < threshold;
  return out;
}

Distance by_distance(std::string measure, double value, double threshold) {
  Distance out{std::move(measure), value, {}, threshold};
  out.moved = value >= threshold;
  return out;
}

Distance evidently_values(const TwoSamples& samples, std::optional<double> threshold) {
  const stats::Binned bins = bins_by_value(samples);
  if (samples.reference.known() > kSmall) {
    const double nats = stats::jensen_shannon_divergence(bins) * std::numbers::ln2;
    return by_distance("jensen_shannon_nats", std::sqrt(nats), threshold.value_or(kFar));
  }
  const double level = threshold.value_or(kLevel);
  if (bins.reference.size() <= 2) return by_p("z_test_p", z_test_p(bins), level, false);
  return by_p("chi_square_p", stats::goodness_of_fit(bins).p, level, false);
}

Distance evidently_numbers(const TwoSamples& samples, std::optional<double> threshold) {
  const auto& a = samples.reference.values;
  const auto& b = samples.current.values;
  const stats::CdfGap gap = stats::cdf_gap(a, b);
  if (a.size() > kSmall) {
    return by_distance("wasserstein_normed",
                       gap.area / std::max(deviation_of(a), kLeastDeviation),
                       threshold.value_or(kFar));
  }
  return by_p("ks_p", stats::two_sample_ks_p(a.size(), b.size(), gap),
              threshold.value_or(kLevel), true);
}

/// Texts of which more than half are different, which Evidently asks a classifier about.
bool is_free_text(const TwoSamples& samples) {
  const auto different = std::ranges::count_if(
      samples.values, [](const ValueCount& value) { return value.reference > 0; });
  return static_cast<std::uint64_t>(different) * 2 > samples.reference.known();
}

/// Rising bins of equal width with what they hold; alike ends are one value.
struct Bars {
  double low = 0, high = 0;
  std::vector<double> edges, counts;
  bool point() const { return !(high > low); }
};

Bars tfdv_bars(std::span<const double> sorted) {
  Bars out{sorted.front(), sorted.back(), {}, {}};
  if (out.point()) return out;
  const double width = (out.high - out.low) / kTfdvBins;
  for (std::size_t i = 0; i < kTfdvBins; ++i) {
    out.edges.push_back(out.low + static_cast<double>(i) * width);
  }
  out.edges.push_back(out.high);
  out.counts = stats::count_between(sorted, out.edges);
  return out;
}

/// Counts in finer bins, as if the rows of a bin lay evenly in it.
std::vector<double> spread_over(const Bars& bars, const std::vector<double>& edges) {
  std::vector<double> out(edges.empty() ? 0 : edges.size() - 1, 0);
  std::size_t at = 0;
  for (std::size_t b = 0; b < bars.counts.size(); ++b) {
    const double width = bars.edges[b + 1] - bars.edges[b];
    while (edges[at] < bars.edges[b]) ++at;
    for (; at < out.size() && edges[at + 1] <= bars.edges[b + 1]; ++at) {
      out[at] = bars.counts[b] * (edges[at + 1] - edges[at]) / width;
    }
  }
  return out;
}

/// A side that holds one value is no bin but a point beside them.
stats::Binned laid_over(std::span<const double> reference, std::span<const double> current) {
  const Bars a = tfdv_bars(reference), b = tfdv_bars(current);
  std::vector<double> edges;
  std::ranges::set_union(a.edges, b.edges, std::back_inserter(edges));
  stats::Binned bins{spread_over(a, edges), spread_over(b, edges)};
  const auto point = [&](double value) {
    bins.reference.push_back(a.point() && a.low == value ? static_cast<double>(reference.size())
                                                         : 0);
    bins.current.push_back(b.point() && b.low == value ? static_cast<double>(current.size()) : 0);
  };
  if (a.point()) point(a.low);
  if (b.point() && !(a.point() && a.low == b.low)) point(b.low);
  return bins;
}

}  // namespace

Distance distance_of_evidently(const TwoSamples& samples, std::optional<double> threshold) {
  if (samples.type == Type::kTime) return not_measured("Evidently compares no times");
  if (auto nothing = nothing_to_compare(samples)) return *std::move(nothing);
  if (table::is_text(samples.type)) {
    if (is_free_text(samples)) return not_measured("Evidently asks a classifier about texts");
    return evidently_values(samples, threshold);
  }
  const std::size_t of_reference = stats::distinct(samples.reference.values);
  const bool category = samples.type == Type::kBool ||
                        (samples.whole && of_reference <= kFewIntegers);
  if (category || few_values(samples, kFewValues)) {
    return evidently_values(samples, threshold);
  }
  return evidently_numbers(samples, threshold);
}

Distance distance_of_nannyml(const TwoSamples& samples, std::optional<double> threshold) {
  if (samples.type == Type::kTime) return not_measured("NannyML compares no times");
  if (auto nothing = nothing_to_compare(samples)) return *std::move(nothing);
  stats::Binned bins;
  if (samples.values.empty()) {
    const auto edges = doane_edges(samples.reference.values);
    bins = {stats::count_between(samples.reference.values, edges),
            stats::count_between(samples.current.values, edges)};
  } else {
    for (const ValueCount& value : samples.values) {
      if (value.reference == 0) continue;
      bins.reference.push_back(static_cast<double>(value.reference));
      bins.current.push_back(static_cast<double>(value.current));
    }
  }
  const double inside = std::accumulate(bins.current.begin(), bins.current.end(), 0.0);
  bins.reference.push_back(0);
  bins.current.push_back(static_cast<double>(samples.current.known()) - inside);
  Distance out = by_distance("jensen_shannon", stats::jensen_shannon_distance(bins),
                             threshold.value_or(kFar));
  out.moved = *out.value > out.threshold;
  return out;
}

Distance distance_of_tfdv(const TwoSamples& samples, std::optional<double> threshold) {
  if (samples.type == Type::kTime) return not_measured("TFDV compares no times");
  if (auto nothing = nothing_to_compare(samples)) return *std::move(nothing);
  const double far = threshold.value_or(kTfdvFar);
  Distance out;
  if (table::is_text(samples.type)) {
    out = by_distance("l_infinity", stats::greatest_difference(bins_by_value(samples)), far);
  } else {
    out = by_distance("jensen_shannon_divergence",
                      stats::jensen_shannon_divergence(
                          laid_over(samples.reference.values, samples.current.values)), far);
  }
  out.moved = *out.value > far;
  return out;
}

std::vector<double> doane_edges(std::span<const double> sorted) {
  const auto n = static_cast<double>(sorted.size());
  double low = sorted.front(), high = sorted.back(), bins = 1;
  const double deviation = deviation_of(sorted);
  if (sorted.size() > 2 && deviation > 0) {
    const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
    double cubes = 0;
    for (const double value : sorted) {
      const double z = (value - mean) / deviation;
      cubes += z * z * z;
    }
    const double error = std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3)));
    const double width = (high - low) / (1 + std::log2(n) +
                                         std::log2(1 + std::abs(cubes / n) / error));
    bins = std::ceil((high - low) / width);
  }
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  const double step = (high - low) / bins;
  std::vector<double> edges;
  for (double i = 0; i < bins; ++i) edges.push_back(i * step + low);
  edges.push_back(high);
  return edges;
}

}  // namespace rondo::monitor
