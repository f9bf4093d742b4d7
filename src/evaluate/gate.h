// The gate: evidence in, verdict with reasons out. Pure: no clock, no files, no chance but a seed.
// Positive differences are better for the challenger. The error is spent over a champion's life: at
// its j-th look alpha_j = alpha 6/(pi^2 j^2).
#pragma once

#include <optional>

#include "io/json.h"

namespace rondo::evaluate {

struct Interval {
  double value = 0, low = 0, high = 0;
};
Json to_json(const Interval& interval);

/// Challenger minus another model on the same rows, oriented so that positive is better.
struct Paired {
  Interval gain;          // at the level of this look, one-sided bounds
  double standard_error = 0;
  std::uint64_t rows = 0, days = 0;
};

struct Rival {
  std::string name;       // "v3", "last value", "mean", ...
  double value = 0;       // its metric, and the challenger's, on the rows that both answered
  double challenger = 0;
  Paired paired;
  bool is_model = false;  // a baseline that was fitted, not a rule of thumb
};

struct Evidence {
  std::string metric;                 // "mae", "auc", ...
  bool greater_is_better = false;
  Interval challenger;                // the metric itself with its interval
  std::optional<Rival> champion;
  std::vector<Rival> baselines;
  std::uint64_t rows = 0;
  std::uint64_t least_class = 0;      // rows of the smallest class; rows for regression
  std::int64_t look = 1;              // j; 0 without a champion
  bool line_was_tried = false;        // a line was among what training chose from
  std::vector<std::string> guards{};  // other guards that failed, a sentence each: it is kept out
};

struct Rules {
  std::optional<double> at_least;     // for errors: at most
  double confidence = 0.95;
  double margin = 0;
  double min_effect = 0;              // resolved from "auto" by the caller
};

enum class Decision { kPromote, kKeep, kUndecided };
std::string_view name_of(Decision decision) noexcept;

struct Verdict {
  Decision decision = Decision::kUndecided;
  std::vector<std::string> reasons;   // sentences, the deciding one first
  double smallest_detectable = 0;     // MDE = (z + z_0.8) SE
  std::uint64_t rows_needed = 0;      // when undecided
  double alpha = 0.05;                // of this look
  double min_effect = 0;              // that was asked for
};
Json to_json(const Verdict& verdict);

/// Fewer are undecided, whatever they say.
constexpr std::uint64_t kFewestRows = 30, kFewestOfClass = 5;

/// alpha 6/(pi^2 j^2) with alpha = 1 - confidence: over all looks j = 1, 2, ... they sum to alpha.
/// Look 0, a first model: alpha. The error is spent to protect a champion, and there is none yet.
double alpha_of(std::int64_t look, double confidence) noexcept;
/// "auto": 5 % of 1 - score, 2 % of an error; of the model that is to be beaten.
double smallest_gain(double rival_value, bool greater_is_better) noexcept;
/// The champion, or the best rule of thumb in its place; null when there is neither.
const Rival* to_beat(const Evidence& evidence) noexcept;

/// With D the gain over the one to beat, L and U its bounds:
///   undecided  fewer than kFewestRows rows or kFewestOfClass of a class, or D is undefined
///   promote    L > -margin, worse end of the metric's interval meets at_least, no baseline stops
///   keep       a baseline stops, or the better end misses at_least, or U < min_effect
///   undecided  else; rows needed: n ((z + z_0.8) SE / min_effect)^2
/// A first model is stopped by the best rule of thumb unless L > 0, by another one unless D > 0
/// (for good when U < min_effect, else until there are more rows); later a baseline stops only when
/// it is better with confidence, U < 0, as the linear one does from the start, where a line was
/// tried as well: losing to it by what chance may be is no reason to have no model. Where none was
/// tried it is told. A margin is harm accepted against a champion, never against a baseline.
Verdict judge(const Evidence& evidence, const Rules& rules);

}  // namespace rondo::evaluate
