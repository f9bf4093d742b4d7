// What a forest adds to the sum of its trees: a function of one feature, straight between two ends,
// or a value a category. Several of a feature make a line that bends. A linear model is a forest of
// such terms behind trees of one leaf, so whatever serves, explains, blends or stores forests takes
// it as one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rondo::model {

inline constexpr std::size_t kMostTerms = 100'000;
inline constexpr std::size_t kMostTermCodes = 65'535;

struct LinearTerm {
  std::uint32_t feature = 0, output = 0;
  double slope = 0, center = 0;     // of a number: slope * (x - center), with x kept within
  double low = 0, high = 0;         // these two
  double missing = 0;               // what NaN adds
  double mean = 0;                  // of what it added to training rows: explanations start there
  std::vector<double> by_code{};    // of a category, what each code adds; other codes add nothing
  bool operator==(const LinearTerm&) const = default;

  bool is_category() const { return !by_code.empty(); }
  /// Finite for every x.
  double value(double x) const noexcept {
    if (std::isnan(x)) return missing;
    if (!is_category()) return slope * (std::clamp(x, low, high) - center);
    if (!(x > -1 && x < static_cast<double>(by_code.size()))) return 0;
    return by_code[static_cast<std::size_t>(std::max(x, 0.0))];
  }
};

/// The same, weight times as much.
LinearTerm scaled(LinearTerm term, double weight);

}  // namespace rondo::model
