// Which rows a booster learns from and which tell it when to stop. With a clock the newest fifth of
// the training rows decides, because the future is what the model will be asked about; without one
// a fifth by a hash of the row, or of its group, which stays whole. No row is on both sides.
#pragma once

#include "model/prepared.h"

namespace rondo::train {

/// Indexes into Prepared::features, ascending.
using RowList = std::vector<std::uint32_t>;

RowList rows_of(const model::Prepared& prepared, table::Side side);

/// At most so many, evenly, in their order.
RowList thinned(const RowList& rows, std::size_t most);

/// What says on which side of a split by chance a row is: its group, or else the row itself.
std::uint64_t whose(const model::Prepared& prepared, std::uint32_t row) noexcept;

/// What each row depends on others within, where rows do: its day of event time where a clock
/// splits, or its group. Shape: one a row; empty: each stands for itself.
std::vector<std::uint64_t> units_of(const model::Prepared& prepared, const RowList& rows);

struct Inner {
  // `stop` is empty when there are too few rows to spare some, or none of one side has weight.
  RowList fit, stop;
};
Inner inner_split(const model::Prepared& prepared, const RowList& train, Seed seed);

/// Row-major features of the rows: a view where they stand next to one another, a copy otherwise.
class FeatureRows {
 public:
  FeatureRows(const model::Matrix& features, const RowList& rows);
  FeatureRows(const FeatureRows&) = delete;
  FeatureRows& operator=(const FeatureRows&) = delete;
  std::span<const double> values() const { return values_; }

 private:
  std::vector<double> own_;
  std::span<const double> values_;
};

/// The rows on which answers are judged. Shape: weights one a row, or none.
struct Judged {
  model::Task task = model::Task::kRegression;
  std::span<const double> labels;
  std::span<const double> weights{};
  std::span<const double> levels{};  // of quantiles
};

/// Mean over the levels t of (t - [y < q_t]) (y - q_t).
/// Shape: an answer a level, ascending.
/// Source: Koenker, Bassett 1978 (Regression Quantiles, Econometrica 46), equation 2.
double pinball(std::span<const double> levels, double label, std::span<const double> answer);

/// Mean loss of predictions: squared error; pinball; or -log of the probability of what was there,
/// clipped at 1e-15. Summed in the order of the rows, so that it has the same bits for any number
/// of threads.
/// Shape: answers is row-major, one a row, one a class, or one a level.
double mean_loss(const Judged& rows, std::span<const double> answers);
/// Weights of the rows; empty where each counts once.
std::vector<double> weights_of(const model::Prepared& prepared, const RowList& rows);
/// Whether one of them counts.
bool has_weight(const model::Prepared& prepared, const RowList& rows);
std::string_view loss_name(model::Task task);

}  // namespace rondo::train
