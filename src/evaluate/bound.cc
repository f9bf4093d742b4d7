// The bound of the risk; its reasons are in bound.h.
#include "evaluate/bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>

#include "evaluate/threshold.h"
#include "stats/betting.h"
#include "stats/intervals.h"

namespace rondo::evaluate {
namespace {

constexpr double kError = 0.01;

/// The smallest of the values that at least 99.9 % of them do not exceed; 1 when it is 0.
double scale_of(std::vector<double> values) {
  if (values.empty()) return 1;
  const double rank = std::ceil(0.999 * static_cast<double>(values.size()));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(values.begin(), place, values.end());
  return *place > 0 ? *place : 1;
}

/// What is known of one loss: of a row, or of a pair of rows.
struct Lost {
  double loss = 0;
  std::int64_t day = 0;
  std::array<std::int64_t, 2> groups{};   // of a pair both rows'
};

std::vector<Lost> row_losses(const Truth& truth, const Answers& answers,
                             const model::LossRule& rule) {
  const std::vector<double> losses = scaled_losses(truth, answers, rule);
  std::vector<Lost> lost;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::int64_t group = truth.group.empty() ? 0 : truth.group[i];
    lost.push_back({losses[i], truth.day.empty() ? 0 : truth.day[i], {group, group}});
  }
  return lost;
}

std::vector<Lost> pair_losses(const Truth& truth, const Answers& answers) {
  model::ScoredPairs pairs;
  std::deque<std::int64_t> waiting;  // groups of the rows that wait for their pair
  std::vector<Lost> lost;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const bool next_day = i > 0 && !truth.day.empty() && truth.day[i] != truth.day[i - 1];
    if (next_day) {
      pairs.clear();
      waiting.clear();
    }
    const std::int64_t group = truth.group.empty() ? 0 : truth.group[i];
    const auto loss = pairs.add(truth.label[i] == 1, answers[i]);
    if (!loss) {
      waiting.push_back(group);
      continue;
    }
    lost.push_back({*loss, truth.day.empty() ? 0 : truth.day[i], {waiting.front(), group}});
    waiting.pop_front();
  }
  return lost;
}

/// Of a day, or of a group.
struct Day {
  double loss = 0, rows = 0;
};

/// Mean losses of the days that have at least half the rows of the median day, as only those count
/// as days of reference: the first and the last are cut short by the split, and say less.
std::vector<double> means_by_day(const std::vector<Lost>& losses) {
  std::vector<Day> days;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (i == 0 || losses[i].day != losses[i - 1].day) days.push_back({});
    days.back().loss += losses[i].loss;
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

std::vector<double> means_by_group(const std::vector<Lost>& losses, std::size_t side) {
  std::map<std::int64_t, Day> groups;
  for (const Lost& one : losses) {
    Day& group = groups[one.groups[side]];
    group.loss += one.loss;
    group.rows += 1;
  }
  std::vector<double> means;
  for (const auto& [number, group] : groups) means.push_back(group.loss / group.rows);
  return means;
}

/// Rows that do not depend on each other, or groups of them.
double bound_of_rows(const Truth& truth, const std::vector<Lost>& lost,
                     const std::vector<double>& losses, model::Loss loss) {
  const auto hits = static_cast<std::uint64_t>(std::ranges::count(losses, 1.0));
  double bound = loss == model::Loss::kError
                     ? stats::clopper_pearson_upper({hits, losses.size()}, kError)
                     : stats::mean_upper(losses, 1, kError);
  // Rows of one group are not independent, so the bound is not below that of the groups' means.
  for (const std::size_t side : {0U, 1U}) {
    if (truth.group.empty()) break;
    bound = std::max(bound, stats::mean_upper(means_by_group(lost, side), 1, kError));
  }
  return bound;
}

}  // namespace

Result<model::Loss> watched_loss(std::string_view loss, std::string_view metric,
                                 model::Task task) {
  using model::Loss;
  if (loss == "auto") {
    const Loss plain = model::plain_loss(task);
    const Loss follows = metric == "rmse" || metric == "r2"           ? Loss::kSquared
                         : metric == "brier" || metric == "log_loss" ? Loss::kBrier
                         : metric == "auc"                           ? Loss::kAuc
                                                                     : plain;
    return model::fits(follows, task) ? follows : plain;
  }
  const auto named = model::loss_from(loss);
  if (named && model::fits(*named, task)) return *named;
  std::string has;
  for (const char* name : {"error", "absolute", "squared", "brier", "cost", "auc"}) {
    if (model::fits(*model::loss_from(name), task)) has += fmt::format(", {}", name);
  }
  return fail(Code::kInvalidInput,
              fmt::format("monitor.loss: \"{}\" is no loss of {}", loss, model::name_of(task)),
              fmt::format("there are: auto{}", has));
}

Result<model::LossRule> watched_rule(std::string_view loss, const Options& options,
                                     const Truth& truth, const Answers& answers) {
  model::LossRule rule;
  rule.loss = TRY(watched_loss(loss, options.metric, truth.task));
  const auto costs = TRY(cost_rule(options.cost)).costs;
  if (rule.loss == model::Loss::kCost && !costs) {
    return fail(Code::kInvalidInput, "monitor.loss: is \"cost\", and nothing has a price",
                "say what mistakes cost: [evaluate] cost = {fp = 1, fn = 5}");
  }
  if (rule.loss == model::Loss::kCost) {
    rule.false_positive = costs->false_positive;
    rule.false_negative = costs->false_negative;
    rule.scale = std::max(costs->false_positive, costs->false_negative);
  }
  const bool sums_classes = truth.task == model::Task::kMulticlass;
  if (rule.loss == model::Loss::kBrier && sums_classes) rule.scale = 2;
  if (model::of_classes(rule.loss)) return rule;
  std::vector<double> errors;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    const double error = std::abs(truth.label[i] - answers[i]);
    errors.push_back(rule.loss == model::Loss::kSquared ? error * error : error);
  }
  rule.scale = scale_of(std::move(errors));
  return rule;
}

std::vector<double> scaled_losses(const Truth& truth, const Answers& answers,
                                  const model::LossRule& rule) {
  const std::size_t outputs = outputs_of(truth);
  std::vector<double> losses;
  if (rule.loss == model::Loss::kAuc) return losses;
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    model::Judgeable row{truth.label[i], answers[i * outputs], answers[i * outputs], {}};
    if (truth.task != model::Task::kRegression) {
      row.answer = static_cast<double>(served_class_of(truth, answers, i));
    }
    if (outputs > 1) row.probabilities = std::span(answers).subspan(i * outputs, outputs);
    losses.push_back(rule.of(row));
  }
  return losses;
}

Json to_json(const RiskBound& bound) {
  Json out = {{"loss", model::name_of(bound.rule.loss)},
              {"loss_scale", bound.rule.scale},
              {"test_risk", bound.test_risk},
              {"risk_bound", bound.risk_bound},
              {"ceiling", bound.ceiling},
              {"least", bound.least},
              {"days", bound.days},
              {"rows", bound.rows},
              {"day_correlation", bound.day_correlation}};
  if (bound.rule.loss == model::Loss::kCost) {
    out["false_positive"] = bound.rule.false_positive;
    out["false_negative"] = bound.rule.false_negative;
  }
  return out;
}

RiskBound risk_bound(const Truth& truth, const Answers& answers, const model::LossRule& rule) {
  RiskBound bound;
  bound.rule = rule;
  const std::vector<Lost> lost = rule.loss == model::Loss::kAuc
                                     ? pair_losses(truth, answers)
                                     : row_losses(truth, answers, rule);
  bound.rows = lost.size();
  if (lost.empty()) return bound;
  if (truth.day.empty()) {
    std::vector<double> losses;
    for (const Lost& one : lost) losses.push_back(one.loss);
    bound.test_risk = stats::moments(losses).mean;
    bound.risk_bound = bound_of_rows(truth, lost, losses, rule.loss);
    return bound;
  }
  const std::vector<double> means = means_by_day(lost);
  bound.days = means.size();
  bound.test_risk = stats::moments(means).mean;
  bound.day_correlation = stats::lag_one(means);
  const stats::Bounds reach = stats::reach_of_days(means);
  bound.least = reach.low;
  bound.ceiling = reach.high;
  bound.risk_bound = stats::mean_upper(means, bound.ceiling, kError);
  return bound;
}

}  // namespace rondo::evaluate
