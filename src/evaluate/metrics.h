// What a metric is, to the letter: one small vector of sums a row, and one function of their total.
// Everything but the AUC is such a function, so that a metric of resampled rows or days costs a
// weighted addition of sums.
#pragma once

#include <optional>

#include "model/prepared.h"

namespace rondo::evaluate {

enum class Metric { kMae, kRmse, kR2, kAuc, kLogLoss, kAccuracy, kBrier, kPinball };

std::string_view name_of(Metric metric) noexcept;
bool greater_is_better(Metric metric) noexcept;
/// By name; "auto" is mae for regression, pinball for quantiles, auc for two classes, accuracy for
/// more: of many classes the 0/1 error is also what monitoring watches, so the gate and the watcher
/// speak of one thing. Errors: kInvalidInput when the task does not have that metric.
Result<Metric> metric_for(std::string_view name, model::Task task);
std::vector<Metric> metrics_of(model::Task task);

/// Rows with known answers.
struct Truth {
  model::Task task = model::Task::kRegression;
  std::size_t classes = 0;
  std::vector<double> label;           // number, or class index
  std::vector<std::int64_t> day;       // of each row, ascending; empty without a clock
  double threshold = 0.5;              // of what is judged: from here on the second of two classes
  std::vector<double> weight{};        // how much a row counts; empty: once each
  std::vector<std::int64_t> group{};   // whose row it is, without a clock; empty: its own
  std::vector<double> levels{};        // of quantiles
  std::size_t rows() const { return label.size(); }
  /// Which rows depend on each other: those of a day, or of a group; empty: each for itself.
  const std::vector<std::int64_t>& unit() const { return day.empty() ? group : day; }
};

/// What a model answered to them. Shape: row-major; regression: 1, the value; two classes: 1, the
/// probability of the second; more: one a class; quantiles: one a level, ascending.
using Answers = std::vector<double>;
std::size_t outputs_of(const Truth& truth) noexcept;

/// The number that is answered: of quantiles the middle one (model::middle_of).
double number_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept;

/// The class that is answered: the most probable, the first of equals; of two classes the second
/// from one half on.
std::size_t class_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept;
/// The class as it is served: of two classes by the threshold. The metrics do not know it, so that
/// models with different ones can be compared; what is promised of answers does.
std::size_t served_class_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept;

/// What one row, or many, contribute.
struct Sums {
  double rows = 0, loss = 0;
  double label = 0, label_squares = 0;  // for r2, of labels minus `centre`
  void add(const Sums& other, double weight) noexcept {
    rows += weight * other.rows;
    loss += weight * other.loss;
    label += weight * other.label;
    label_squares += weight * other.label_squares;
  }
};

/// With y the label, f the answer (of quantiles the middle), p_k the probability of class k, [.]
/// 1 if true:
///   mae       |y - f|                          rmse, r2   (y - f)^2
///   log_loss  -ln p_y, p clipped to [1e-15, 1 - 1e-15]     accuracy   [class_of = y]
///   pinball   mean over the levels t of (t - [y < q_t]) (y - q_t) (Koenker, Bassett 1978)
///   brier     (p - y)^2 for two classes, sum over k of (p_k - [y = k])^2 for more (Brier 1950)
/// All of it times the weight of the row. Not for the AUC.
/// `centre` is any number near the mean of the labels; it keeps digits for r2.
Sums sums_of(Metric metric, const Truth& truth, const Answers& answers, std::size_t row,
             double centre) noexcept;

/// The mean of the loss; its root for rmse; 1 - sum (y - f)^2 / sum (y - mean y)^2 for r2.
/// NaN when there are no rows, and for the r2 of constant labels.
double value_of(Metric metric, const Sums& sums) noexcept;

/// Area under the ROC curve of weighted rows: a row's weight is its own times that of its unit.
/// Equal scores count a half. NaN without weight in one of the classes.
/// Cost: sorted once. With many rows to a unit (days) the won pairs of each two units are summed
/// once, rows x units, and a value costs units squared; else a value is one pass over the rows.
/// Both are exact, and so the same, while weights are whole numbers.
class WeightedAuc {
 public:
  WeightedAuc(const Truth& truth, const Answers& answers, std::span<const std::uint32_t> unit);
  double value(std::span<const double> weights) const noexcept;

 private:
  struct Row {
    std::uint32_t unit;
    bool ends_tie;
    double weight;    // its own
    double positive;  // 1 or 0: a factor costs less than a branch that nobody can foresee
  };

  void sum_pairs(std::size_t units);
  double by_rows(std::span<const double> weights) const noexcept;
  double by_pairs(std::span<const double> weights) const noexcept;

  std::vector<Row> rows_;
  // With pairs instead of rows: weight in each class by unit, and of pairs that are in order, by
  // the unit of the positive row, then that of the negative one.
  std::vector<double> positives_, negatives_, in_order_;
};

/// The metric on all rows, once each.
double value_of(Metric metric, const Truth& truth, const Answers& answers);

}  // namespace rondo::evaluate
