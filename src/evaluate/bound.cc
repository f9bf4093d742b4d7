// The bound of the risk; its reasons are in bound.h.
#include "evaluate/bound.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/betting.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr double kError = 0.01;
constexpr std::size_t kWeek = 7;  // days from which the greatest one says something

/// The smallest of the absolute errors that at least 99.9 % of them do not exceed; 1 when it is 0.
double scale_of(const Truth& truth, const Answers& answers) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    errors.push_back(std::abs(truth.label[i] - answers[i]));
  }
  if (errors.empty()) return 1;
  const double rank = std::ceil(0.999 * static_cast<double>(errors.size()));
  const auto place = errors.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(errors.begin(), place, errors.end());
  return *place > 0 ? *place : 1;
}

/// Of a day, or of a group.
struct Day {
  double loss = 0, rows = 0;
};

/// Mean losses of the days that have at least half the rows of the median day, as only those count
/// as days of reference: the first and the last are cut short by the split, and say less.
std::vector<double> means_by_day(const Truth& truth, const std::vector<double>& losses) {
  std::vector<Day> days;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (i == 0 || truth.day[i] != truth.day[i - 1]) days.push_back({});
    days.back().loss += losses[i];
    days.back().rows += 1;
  }
  std::vector<double> sizes;
  for (const Day& day : days) sizes.push_back(day.rows);
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  std::vector<double> means;
  for (const Day& day : days) {
    if (2 * day.rows >= *middle) means.push_back(day.loss / day.rows);
  }
  return means;
}

std::vector<double> means_by_group(const Truth& truth, const std::vector<double>& losses) {
  std::map<std::int64_t, Day> groups;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    Day& group = groups[truth.group[i]];
    group.loss += losses[i];
    group.rows += 1;
  }
  std::vector<double> means;
  for (const auto& [number, group] : groups) means.push_back(group.loss / group.rows);
  return means;
}

}  // namespace

std::vector<double> scaled_losses(const Truth& truth, const Answers& answers, double scale) {
  std::vector<double> losses;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    if (truth.task == model::Task::kRegression) {
      losses.push_back(std::min(1.0, std::abs(truth.label[i] - answers[i]) / scale));
    } else {
      const auto label = static_cast<std::size_t>(truth.label[i]);
      const bool right = served_class_of(truth, answers, i) == label;
      losses.push_back(right ? 0 : 1);
    }
  }
  return losses;
}

Json to_json(const RiskBound& bound) {
  return {{"loss", bound.loss},           {"loss_scale", bound.loss_scale},
          {"test_risk", bound.test_risk}, {"risk_bound", bound.risk_bound},
          {"ceiling", bound.ceiling},     {"days", bound.days},
          {"rows", bound.rows},           {"day_correlation", bound.day_correlation}};
}

RiskBound risk_bound(const Truth& truth, const Answers& answers, double scale) {
  RiskBound bound;
  bound.rows = truth.rows();
  if (bound.rows == 0) return bound;
  const bool classes = truth.task != model::Task::kRegression;
  bound.loss = classes ? "error" : "absolute";
  if (!classes) bound.loss_scale = scale > 0 ? scale : scale_of(truth, answers);
  const std::vector<double> losses = scaled_losses(truth, answers, bound.loss_scale);
  if (truth.day.empty()) {
    bound.test_risk = stats::moments(losses).mean;
    const auto hits = static_cast<std::uint64_t>(std::count(losses.begin(), losses.end(), 1.0));
    bound.risk_bound = classes ? stats::clopper_pearson_upper({hits, bound.rows}, kError)
                               : stats::mean_upper(losses, 1, kError);
    // Rows of one group are not independent, so the bound is not below that of the groups' means.
    if (!truth.group.empty()) {
      bound.risk_bound =
          std::max(bound.risk_bound, stats::mean_upper(means_by_group(truth, losses), 1, kError));
    }
    return bound;
  }
  const std::vector<double> means = means_by_day(truth, losses);
  bound.days = means.size();
  bound.test_risk = stats::moments(means).mean;
  bound.day_correlation = stats::lag_one(means);
  const double greatest = *std::max_element(means.begin(), means.end());
  // Days without any error say little about the worst day, so the ceiling stays.
  if (means.size() >= kWeek && greatest > 0) bound.ceiling = std::min(1.0, 2 * greatest);
  bound.risk_bound = stats::mean_upper(means, bound.ceiling, kError);
  return bound;
}

}  // namespace rondo::evaluate
