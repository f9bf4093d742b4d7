// What monitoring compares with, frozen when a pipeline is deployed: bins and shares of each
// column, the greatest share of any single value (spikes), test risk and its proved bound, gaps and
// volumes. Watching needs no training data. Built by deploy/, read by monitor/, stored in the
// pipeline file.
#pragma once

#include "io/json.h"
#include "model/joint_sample.h"
#include "model/loss.h"
#include "model/risk_tree.h"
#include "model/row.h"
#include "model/slice_reference.h"
#include "stats/cbpe.h"
#include "table/table.h"

namespace rondo::model {

/// Where the mean shares of a column's bins went in the windows of the reference (stats::widen), in
/// steps of 1e-4.
struct Envelope {
  std::vector<double> low, high;
};

/// Windows that inputs are looked at by. One ends at the first multiple of `length` by which it has
/// `least_rows`, so a quiet night is one window with its neighbours, in the reference as live.
struct WindowClock {
  Span length;
  std::uint64_t least_rows = 1;        // half of what a stretch of that length has, at the median
  std::uint64_t windows = 0;           // of the reference
};

/// Frozen distribution of one column (inputs, and the label under the target's name).
struct ColumnReference {
  std::string name;
  bool numeric = true;
  std::uint64_t rows = 0;              // n of the reference
  double minimum = 0, maximum = 0;     // numeric, of non-missing values
  std::vector<double> edges;           // numeric: inner edges of <= 20 quantile bins, ascending
  std::vector<std::string> categories; // category: the <= 63 most frequent
  // Rows in each bin, in this order: the quantile bins (edge[i-1] < x <= edge[i]) or the
  // categories, then other, missing, below the minimum, above the maximum. Common values count in
  // their quantile bin too.
  std::vector<std::uint64_t> counts;
  std::vector<double> common;          // numeric values with more than 1 % of the rows: own bins
  std::vector<std::uint64_t> common_counts;
  double greatest_rare_share = 0;      // greatest share of a value without a bin of its own
  double greatest_rare_day_share = 0;  // the same within one reference day (a value may last a day)
  // Least and greatest share of each bin in a reference day, rounded outwards to 1e-4; empty
  // without a clock.
  std::vector<double> day_low, day_high;
  std::vector<Envelope> envelopes;     // one a clock of the reference; of answers the first ones
  double greatest_day_ratio = 1;       // of medians of neighbouring days, >= 1 (numeric, > 0)
  double last_day_median = 0;
};

/// Names of what is watched beside the columns.
inline constexpr std::string_view kMissingCells = "(missing cells)", kAnswers = "(answers)";

struct Reference {
  std::vector<ColumnReference> columns;
  // Of each row how many of its cells are missing, and its answer (a probability for classes). The
  // law of what the model answers comes from rows that it never saw.
  std::vector<ColumnReference> derived{};
  ColumnReference label;
  bool has_clock = false;
  std::vector<WindowClock> clocks;     // with 8 windows at least; none without a clock
  std::uint64_t days = 0;              // with at least half the rows of the median day: only those
                                       // count as reference days
  double rows_per_day_least = 0, rows_per_day_most = 0;
  Span longest_gap;                    // between neighbouring event times
  double loss_scale = 1;               // a loss is divided by this and clipped to [0, 1]
  std::string loss = "absolute";       // of model/loss.h
  double false_positive = 1, false_negative = 1;  // what the loss "cost" is made of
  double test_risk = 0;                // mean scaled loss on the test rows of the measured twin
  double risk_bound = 1;               // U: too low with probability .01
  double least_day = 0;                // a day that lost less counts as this; <= risk_bound
  std::uint64_t test_days = 0, test_rows = 0;  // of the AUC pairs
  double day_correlation = 0;          // lag-1 correlation of day means, printed with the claim
  std::vector<SliceReference> slices{};  // watched by themselves: [monitor] slices
  // How often an answer was right on the test rows by the probability that came with it. Of two
  // classes P(second class | its probability); of more P(right | probability of the answered one).
  stats::ScoreMap scores{};
  bool scores_of_positive = false;
  stats::ScoreKinds score_kinds{};     // the same rows by leaves of `tree`; none: there is one
  JointSample joint{};                 // for what only all columns together show
  RiskTree tree{};                     // kinds of rows by their losses on the test rows
  Json to_json() const;
  static Result<Reference> from_json(const Json& json);
  LossRule loss_rule() const;
  /// What |error| of numbers is divided by, whatever loss is watched.
  double error_scale() const;
};

/// Freezes inputs and label from the training rows; risk and loss are left to the caller. A column
/// of times is watched for missing values only, as it rises by nature. At most 4 kB a column as
/// JSON.
/// Shape: times has an event time a row, in any order, or is empty (no clock). Inputs that the
/// table does not have are left out. Missing cells are counted where there are two inputs.
Reference freeze(const table::Table& rows, std::span<const std::string> inputs,
                 const std::string& target, std::span<const Time> times);
/// The law of answers, one a row, each with its time or none: a reference of one column, kAnswers.
Reference freeze_answers(std::span<const double> answers, std::span<const Time> times);
/// Takes the answers' law over, and what its windows showed by each clock that it has.
void add_answers(const Reference& answers, Reference& reference);
/// What the model that will serve answers to the same rows: another one, fitted later, so its law
/// is not quite the same. Where the answers' windows went becomes where those of either went; what
/// chance did to so many rows is part of it.
/// Shape: as freeze_answers. Without an envelope of the answers nothing changes: live windows make
/// it.
void also_answered(std::span<const double> answers, std::span<const Time> times,
                   Reference& reference);
/// Which bin a cell falls into (index into ColumnReference::counts). A number that is not finite is
/// missing; text in a numeric column and a number in a column of categories are "other".
std::size_t bin_of(const ColumnReference& column, const Cell& cell);

}  // namespace rondo::model
