// Definitions of the metrics; see metrics.h.
#include "evaluate/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rondo::evaluate {
namespace {

using model::Task;

struct Known {
  Metric metric;
  std::string_view name;
  bool greater_is_better;
  bool regression, binary, multiclass, quantile;
};
constexpr std::array<Known, 8> kKnown = {{
    {Metric::kMae, "mae", false, true, false, false, true},
    {Metric::kRmse, "rmse", false, true, false, false, true},
    {Metric::kR2, "r2", true, true, false, false, true},
    {Metric::kAuc, "auc", true, false, true, false, false},
    {Metric::kLogLoss, "log_loss", false, false, true, true, false},
    {Metric::kAccuracy, "accuracy", true, false, true, true, false},
    {Metric::kBrier, "brier", false, false, true, true, false},
    {Metric::kPinball, "pinball", false, false, false, false, true},
}};

const Known& known(Metric metric) noexcept { return kKnown[static_cast<std::size_t>(metric)]; }

bool fits(const Known& each, Task task) noexcept {
  switch (task) {
    case Task::kRegression: return each.regression;
    case Task::kBinary: return each.binary;
    case Task::kMulticlass: return each.multiclass;
    case Task::kQuantile: return each.quantile;
  }
  return false;
}

/// The probability that a row gives to class k.
double probability(const Truth& truth, const Answers& answers, std::size_t row,
                   std::size_t k) noexcept {
  if (truth.task == Task::kBinary) return k == 1 ? answers[row] : 1 - answers[row];
  return answers[row * truth.classes + k];
}

double brier(const Truth& truth, const Answers& answers, std::size_t row) noexcept {
  const auto right = static_cast<std::size_t>(truth.label[row]);
  if (truth.task == Task::kBinary) {
    const double miss = answers[row] - truth.label[row];
    return miss * miss;
  }
  double sum = 0;
  for (std::size_t k = 0; k < truth.classes; ++k) {
    const double miss = probability(truth, answers, row, k) - (k == right ? 1 : 0);
    sum += miss * miss;
  }
  return sum;
}

double pinball(const Truth& truth, const Answers& answers, std::size_t row) noexcept {
  const std::size_t levels = truth.levels.size();
  double sum = 0;
  for (std::size_t k = 0; k < levels; ++k) {
    const double above = truth.label[row] - answers[row * levels + k];
    sum += (truth.levels[k] - (above < 0 ? 1 : 0)) * above;
  }
  return sum / static_cast<double>(levels);
}

double loss_of(Metric metric, const Truth& truth, const Answers& answers,
               std::size_t row) noexcept {
  const double y = truth.label[row];
  switch (metric) {
    case Metric::kMae: return std::abs(y - number_of(truth, answers, row));
    case Metric::kRmse:
    case Metric::kR2: {
      const double off = y - number_of(truth, answers, row);
      return off * off;
    }
    case Metric::kPinball: return pinball(truth, answers, row);
    case Metric::kLogLoss: {
      const double p = probability(truth, answers, row, static_cast<std::size_t>(y));
      return -std::log(std::clamp(p, 1e-15, 1 - 1e-15));
    }
    case Metric::kAccuracy:
      return class_of(truth, answers, row) == static_cast<std::size_t>(y) ? 1 : 0;
    case Metric::kBrier: return brier(truth, answers, row);
    case Metric::kAuc: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::string_view name_of(Metric metric) noexcept { return known(metric).name; }

bool greater_is_better(Metric metric) noexcept { return known(metric).greater_is_better; }

std::vector<Metric> metrics_of(Task task) {
  std::vector<Metric> metrics;
  for (const Known& each : kKnown) {
    if (fits(each, task)) metrics.push_back(each.metric);
  }
  return metrics;
}

Result<Metric> metric_for(std::string_view name, Task task) {
  if (name == "auto") {
    if (task == Task::kRegression) return Metric::kMae;
    if (task == Task::kQuantile) return Metric::kPinball;
    return task == Task::kBinary ? Metric::kAuc : Metric::kAccuracy;
  }
  std::string possible;
  for (const Known& each : kKnown) {
    if (!fits(each, task)) continue;
    if (each.name == name) return each.metric;
    possible += (possible.empty() ? "" : ", ") + std::string(each.name);
  }
  return fail(Code::kInvalidInput,
              fmt::format("evaluate.metric: \"{}\" is not defined for {}", name,
                          model::name_of(task)),
              fmt::format("choose auto, or one of {}", possible));
}

std::size_t outputs_of(const Truth& truth) noexcept {
  if (truth.task == Task::kQuantile) return truth.levels.size();
  return truth.task == Task::kMulticlass ? truth.classes : 1;
}

double number_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept {
  if (truth.levels.empty()) return answers[row];
  return answers[row * truth.levels.size() + model::middle_of(truth.levels)];
}


std::size_t class_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept {
  if (truth.task == Task::kBinary) return answers[row] >= 0.5 ? 1 : 0;
  const auto first = answers.begin() + static_cast<std::ptrdiff_t>(row * truth.classes);
  const auto last = first + static_cast<std::ptrdiff_t>(truth.classes);
  return static_cast<std::size_t>(std::max_element(first, last) - first);
}

std::size_t served_class_of(const Truth& truth, const Answers& answers, std::size_t row) noexcept {
  if (truth.task == Task::kBinary) return answers[row] >= truth.threshold ? 1 : 0;
  return class_of(truth, answers, row);
}

Sums sums_of(Metric metric, const Truth& truth, const Answers& answers, std::size_t row,
             double centre) noexcept {
  Sums once{1, loss_of(metric, truth, answers, row), 0, 0};
  if (metric == Metric::kR2) {
    once.label = truth.label[row] - centre;
    once.label_squares = once.label * once.label;
  }
  if (truth.weight.empty()) return once;
  Sums sums;
  sums.add(once, truth.weight[row]);
  return sums;
}

double value_of(Metric metric, const Sums& sums) noexcept {
  if (!(sums.rows > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (metric == Metric::kRmse) return std::sqrt(sums.loss / sums.rows);
  if (metric != Metric::kR2) return sums.loss / sums.rows;
  const double spread = sums.label_squares - sums.label * sums.label / sums.rows;
  // What is left of equal labels after the subtraction is rounding, not spread.
  if (!(spread > 1e-12 * sums.label_squares)) return std::numeric_limits<double>::quiet_NaN();
  return 1 - sums.loss / spread;
}

WeightedAuc::WeightedAuc(const Truth& truth, const Answers& answers,
                         std::span<const std::uint32_t> unit) {
  std::vector<std::size_t> order(truth.rows());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return answers[a] != answers[b] ? answers[a] < answers[b] : a < b;
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool last = i + 1 == order.size() || answers[order[i + 1]] != answers[order[i]];
    const double own = truth.weight.empty() ? 1 : truth.weight[order[i]];
    rows_.push_back({unit[order[i]], last, own, truth.label[order[i]] > 0.5 ? 1.0 : 0.0});
  }
  const std::size_t units = unit.empty() ? 0 : *std::max_element(unit.begin(), unit.end()) + 1;
  if (units * units < rows_.size()) sum_pairs(units);
}

void WeightedAuc::sum_pairs(std::size_t units) {
  positives_.resize(units);
  in_order_.resize(units * units);
  // Negative rows below the score at hand, those that tie with it as a half.
  std::vector<double> below(units);
  for (std::size_t from = 0, to = 0; from < rows_.size(); from = to) {
    while (!rows_[to++].ends_tie) {
    }
    const std::span tied = std::span(rows_).subspan(from, to - from);
    for (const Row& row : tied) below[row.unit] += row.weight * (1 - row.positive) / 2;
    for (const Row& row : tied) {
      if (row.positive == 0) continue;
      double* pairs = &in_order_[row.unit * units];
      for (std::size_t unit = 0; unit < units; ++unit) pairs[unit] += row.weight * below[unit];
      positives_[row.unit] += row.weight;
    }
    for (const Row& row : tied) below[row.unit] += row.weight * (1 - row.positive) / 2;
  }
  negatives_ = std::move(below);
  rows_.clear();
  rows_.shrink_to_fit();
}

double WeightedAuc::value(std::span<const double> weights) const noexcept {
  return in_order_.empty() ? by_rows(weights) : by_pairs(weights);
}

double WeightedAuc::by_pairs(std::span<const double> weights) const noexcept {
  const std::size_t units = positives_.size();
  double positives = 0, negatives = 0, sum = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    positives += weights[unit] * positives_[unit];
    negatives += weights[unit] * negatives_[unit];
    double won = 0;
    for (std::size_t other = 0; other < units; ++other) {
      won += in_order_[unit * units + other] * weights[other];
    }
    sum += weights[unit] * won;
  }
  return sum / (positives * negatives);
}

double WeightedAuc::by_rows(std::span<const double> weights) const noexcept {
  double below = 0, positives = 0, tied_positive = 0, tied_negative = 0, sum = 0;
  for (const Row& row : rows_) {
    const double weight = weights[row.unit] * row.weight, positive = weight * row.positive;
    tied_positive += positive;
    tied_negative += weight - positive;
    if (!row.ends_tie) continue;
    sum += tied_positive * (below + tied_negative / 2);
    below += tied_negative;
    positives += tied_positive;
    tied_positive = tied_negative = 0;
  }
  return sum / (positives * below);
}

double value_of(Metric metric, const Truth& truth, const Answers& answers) {
  if (metric == Metric::kAuc) {
    const std::vector<std::uint32_t> unit(truth.rows(), 0);
    const double once = 1;
    return WeightedAuc(truth, answers, unit).value({&once, 1});
  }
  double centre = 0;
  for (const double y : truth.label) centre += y / static_cast<double>(truth.rows());
  Sums total;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    total.add(sums_of(metric, truth, answers, row, centre), 1);
  }
  return value_of(metric, total);
}

}  // namespace rondo::evaluate
