// Greedy ensemble selection. Sums run in the order of the rows, so that the choice has the same
// bits for any number of threads.
#include "train/ensemble.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "model/cost.h"
#include "model/forest.h"
#include "stats/intervals.h"

namespace rondo::train {
namespace {

constexpr std::size_t kMostSteps = 50;
constexpr double kMostAlike = 0.95;  // neighbouring days

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// log(1 + exp(x)) without overflow.
double soft_plus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

double class_loss(std::span<const double> raw, std::size_t label) {
  const double top = *std::ranges::max_element(raw);
  double sum = 0;
  for (const double score : raw) sum += std::exp(score - top);
  return top + std::log(sum) - raw[label];
}

/// What several answered, added up.
class Sum {
 public:
  Sum(const Judged& rows, std::size_t values) : rows_(rows), sum_(values), mean_(values) {}
  void add(const Tried& tried) {
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += tried.raw[i];
    ++count_;
  }
  std::vector<double> losses_with(const Tried& tried) {
    const double count = static_cast<double>(count_ + 1);
    for (std::size_t i = 0; i < sum_.size(); ++i) mean_[i] = (sum_[i] + tried.raw[i]) / count;
    return row_losses(rows_, mean_);
  }

 private:
  const Judged& rows_;
  std::vector<double> sum_, mean_;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<double> row_losses(const Judged& rows, std::span<const double> raw) {
  const std::span<const double> labels = rows.labels;
  std::vector<double> losses(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    switch (rows.task) {
      case model::Task::kRegression:
        losses[i] = (raw[i] - labels[i]) * (raw[i] - labels[i]);
        break;
      case model::Task::kBinary: losses[i] = soft_plus(labels[i] > 0.5 ? -raw[i] : raw[i]); break;
      case model::Task::kQuantile: {
        const std::size_t levels = rows.levels.size();
        losses[i] = pinball(rows.levels, labels[i], raw.subspan(i * levels, levels));
        break;
      }
      case model::Task::kMulticlass: {
        const std::size_t classes = raw.size() / labels.size();
        losses[i] = class_loss(raw.subspan(i * classes, classes),
                               static_cast<std::size_t>(labels[i]));
        break;
      }
    }
  }
  if (rows.weights.empty()) return losses;
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] *= rows.weights[i];
  return losses;
}

std::vector<double> raw_of(model::Task task, std::span<const double> answers) {
  std::vector<double> raw(answers.begin(), answers.end());
  for (double& value : raw) {
    if (model::is_number(task)) break;
    const double p = std::clamp(value, 1e-15, 1 - 1e-15);
    value = task == model::Task::kBinary ? std::log(p) - std::log1p(-p) : std::log(p);
  }
  return raw;
}

double standard_errors(std::span<const double> a, std::span<const double> b,
                       std::span<const std::uint64_t> units) {
  const auto count = static_cast<double>(a.size());
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) mean += (a[i] - b[i]) / count;
  std::map<std::uint64_t, double> off;  // of each unit, added up
  for (std::size_t i = 0; i < units.size(); ++i) off[units[i]] += a[i] - b[i] - mean;
  if (units.empty()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      squares += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
    }
  }
  for (const auto& [unit, sum] : off) squares += sum * sum;
  const auto groups = units.empty() ? count : static_cast<double>(off.size());
  const double freedom = std::max(groups - 1, 1.0) * count / groups * count;
  const double error = std::sqrt(squares / freedom);
  return error > 0 ? mean / error : 0;
}

double standard_errors_of_days(std::span<const double> a, std::span<const double> b,
                               std::span<const std::uint64_t> days) {
  std::map<std::uint64_t, std::pair<double, double>> sums;  // of a day; its rows
  for (std::size_t i = 0; i < days.size(); ++i) {
    auto& [sum, rows] = sums[days[i]];
    sum += a[i] - b[i];
    rows += 1;
  }
  std::vector<double> means;
  for (const auto& [day, of] : sums) means.push_back(of.first / of.second);
  const auto n = static_cast<double>(means.size());
  const double alike = (n * stats::lag_one(means) + 1) / std::max(n - 3, 1.0);
  const double r = std::clamp(alike, 0.0, kMostAlike);
  return standard_errors(a, b, days) * std::sqrt((1 - r) / (1 + r));
}

namespace {

/// Whether those that were chosen and one more stay within the limits.
bool fits(const std::vector<Tried>& tried, const std::vector<std::size_t>& times,
          std::size_t more, const Most& limits) {
  model::ForestShape shape{0, 0, limits.features};
  for (std::size_t i = 0; i < tried.size(); ++i) {
    if (times[i] == 0 && i != more) continue;
    const std::size_t trees = tried[i].rounds * limits.outputs;
    shape.trees += trees;
    shape.leaves += trees * static_cast<std::size_t>(
        grows(tried[i].growth) ? tried[i].growth.leaves : 1);
    shape.terms += tried[i].terms;
    shape.stored_rows += tried[i].stored_rows;
    shape.stored_columns = std::max(shape.stored_columns, tried[i].stored_columns);
  }
  return model::predicted_row_us(shape) <= limits.row_us &&
         model::predicted_bytes(shape) <= limits.bytes;
}

}  // namespace

Ensemble choose_together(const Judged& rows, const std::vector<Tried>& tried,
                         const Most& limits) {
  const std::size_t best = best_of(tried);
  const Ensemble alone = {{{best, 1}}, tried[best].loss};
  std::vector<std::size_t> times(tried.size());
  times[best] = 1;
  std::size_t members = 1;
  double loss = tried[best].loss;
  std::vector<double> losses = tried[best].losses;
  Sum sum(rows, tried[best].raw.size());
  sum.add(tried[best]);
  for (std::size_t step = 1; step < kMostSteps; ++step) {
    std::size_t next = tried.size();
    for (std::size_t i = 0; i < tried.size(); ++i) {
      if (tried[i].raw.empty()) continue;
      if (times[i] == 0 && (members >= limits.members || !fits(tried, times, i, limits))) continue;
      std::vector<double> with = sum.losses_with(tried[i]);
      const double mean = mean_of(with);
      if (!(mean < loss)) continue;
      loss = mean;
      losses = std::move(with);
      next = i;
    }
    if (next == tried.size()) break;
    if (times[next]++ == 0) ++members;
    sum.add(tried[next]);
  }
  if (members == 1 || standard_errors(tried[best].losses, losses) < 1) return alone;
  Ensemble together{{}, loss};
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] > 0) together.shares.push_back({i, times[i]});
  }
  return together;
}

std::vector<double> raw_together(const Ensemble& chosen, const std::vector<Tried>& tried) {
  std::vector<double> sum(tried[chosen.shares.front().candidate].raw.size());
  double times = 0;
  for (const Share& share : chosen.shares) {
    const auto weight = static_cast<double>(share.times);
    const std::vector<double>& raw = tried[share.candidate].raw;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * raw[i];
    times += weight;
  }
  for (double& value : sum) value /= times;
  return sum;
}

}  // namespace rondo::train
