// How far a column moved between two files, by a convention: our own, or that of a tool whose
// numbers somebody has to reproduce. Described, never judged by chance alone: a difference must be
// large as well as certain before it is said to have moved. Pure: tables in, numbers out.
#pragma once

#include <array>
#include <optional>

#include "stats/distance.h"
#include "table/table.h"

namespace rondo::monitor {

enum class Convention : std::uint8_t { kOwn, kEvidently, kNannyml, kTfdv };
/// "own", "evidently", "nannyml", "tfdv".
std::string_view name_of(Convention convention) noexcept;
std::optional<Convention> convention_from(std::string_view name) noexcept;

struct DriftWish {
  Convention like = Convention::kOwn;
  std::optional<double> threshold;  // in place of the convention's own
};

/// The cells of one file.
struct Cells {
  std::uint64_t rows = 0, missing = 0;
  std::vector<double> values;  // sorted; numbers, times in microseconds, bools, lengths of texts
  std::uint64_t known() const { return rows - missing; }
};
struct ValueCount {
  std::string value;
  std::uint64_t reference = 0, current = 0;
};
/// A column of both files.
struct TwoSamples {
  table::Type type = table::Type::kNumber;
  bool whole = false;  // integers, none of the reference missing: what pandas keeps as int64
  Cells reference, current;
  std::vector<ValueCount> values;  // of categories and bools, and of texts if they are asked for
};
enum class Texts : std::uint8_t { kLengths, kValues };
/// Our own convention knows texts by their lengths. Cost: O(n) for numbers, O(n + d log d) for d
/// different values.
TwoSamples two_samples(const table::Column& reference, const table::Column& current, Texts texts);

/// What a convention says of a column.
struct Distance {
  std::string measure;       // "jensen_shannon", "wasserstein_normed", "ks_p", ..
  std::optional<double> value;  // none: `why` it was not measured
  std::optional<double> p;   // null-calibrated; of several columns by holm()
  double threshold = 0;
  bool moved = false;
  std::string why = {};
};
/// By `wish.like`. Source: docs/STATISTICS.md, "Drift of files".
Distance distance_of(const TwoSamples& samples, const DriftWish& wish);

/// How sure our own convention is before it says that something moved.
inline constexpr double kDriftLevel = 0.05;
inline constexpr double kDriftThreshold = 0.1;

/// The same bins for both files: of numbers between quantiles of the reference, of categories each
/// value with 10 rows or more in both together, the rest in one; missing cells are a bin.
stats::Binned own_bins(const TwoSamples& samples);

inline constexpr std::array<double, 5> kDriftQuantiles = {0.05, 0.25, 0.5, 0.75, 0.95};
struct NumberFacts {
  double mean = 0, deviation = 0, min = 0, max = 0;  // deviation NaN for a single value
  std::array<double, kDriftQuantiles.size()> quantiles{};
};
/// None without values. Shape: sorted.
std::optional<NumberFacts> number_facts(std::span<const double> sorted);

/// Both files over the same bins of equal width, where nearly all of both lies; what lies beyond is
/// in the bins at the ends.
struct Overlay {
  double low = 0, high = 0;
  std::vector<double> reference, current;
};
Overlay overlay_of(const TwoSamples& samples);

/// Other measures of section 8, over own_bins() and the values.
struct Measures {
  double jensen_shannon = 0, hellinger = 0, l_infinity = 0, psi = 0, chi_square = 0;
  std::optional<double> ks, wasserstein;  // of numbers
};
/// None when either side has no row.
std::optional<Measures> measures_of(const TwoSamples& samples);

}  // namespace rondo::monitor
