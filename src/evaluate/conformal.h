// Intervals around an answer that hold a new label as often as they say, whatever the distribution:
// they are as wide as the errors of held-out rows were, no model of the errors is needed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stats/intervals.h"

namespace rondo::evaluate {

/// Shape: one label and one answer a row, of rows that the model was not trained on.
struct Answered {
  std::span<const double> label, answer;
};
/// The same with answers that are two quantiles.
struct Enclosed {
  std::span<const double> label;
  std::span<const stats::Bounds> between;
};

struct Conformal {
  enum class Kind { kSplit, kQuantiles };
  Kind kind = Kind::kSplit;
  double coverage = 0.9;              // that was asked for
  std::uint64_t rows = 0, rank = 0;   // n and k: the reach is the k-th smallest of n scores
  std::optional<double> reach;        // q, added at both ends; none: too few rows
  double mean_width = 0;              // on these rows; 0 without a reach
  std::string reason;                 // why there is none; else empty

  /// The interval of an answer, or of a pair of quantiles. A negative reach narrows the pair, at
  /// most to its middle. Shape: only with a reach.
  stats::Bounds around(double answer) const noexcept;
  stats::Bounds around(stats::Bounds between) const noexcept;
};

/// q is the k-th smallest |y - f| with k = ceil((n + 1) coverage); no interval when k > n. A new
/// row's label is inside with probability from `coverage` to coverage + 1/(n + 1), on the average
/// over rows and over draws of the n rows. Condition: the rows and the new one may be exchanged,
/// which a drift breaks.
/// Source: Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2.
/// Cost: O(n).
Conformal split_conformal(const Answered& rows, double coverage);

/// The same of the scores max(low - y, y - high), so that the width follows the quantiles.
/// Source: Romano, Patterson, Candes 2019, "Conformalized quantile regression", equations 6 to 8.
Conformal quantile_conformal(const Enclosed& rows, double coverage);

/// The one with the least mean width among those that have a reach; `split` when neither has.
const Conformal& narrower(const Conformal& split, const Conformal& quantiles) noexcept;

struct Coverage {
  std::uint32_t group = 0;
  stats::Share inside;
  stats::Bounds bounds;               // of the share, Wilson
  double mean_width = 0;
};
/// How many labels lie inside, by group (a slice, a stretch of time), in the order of the numbers.
/// Shape: one group a row; rows apart from those that gave the reach.
std::vector<Coverage> coverage_by(const Enclosed& rows, std::span<const std::uint32_t> group,
                                  double level);

}  // namespace rondo::evaluate
