// Losses of a replay, by the definitions of evaluate/metrics.h.
#include "loop/replay_loss.h"

#include <cmath>

#include "loop/watch.h"

namespace rondo::loop {
namespace {

using evaluate::Metric;

double one_row(Metric metric, const evaluate::Truth& truth, const evaluate::Answers& answers) {
  const double loss = evaluate::sums_of(metric, truth, answers, 0, 0).loss;
  return metric == Metric::kAccuracy ? 1 - loss : loss;
}

}  // namespace

ShownLoss shown_loss(std::string_view configured, model::Task task) {
  auto metric = evaluate::metric_for(configured, task);
  if (!metric) metric = evaluate::metric_for("auto", task);
  switch (*metric) {
    case Metric::kAccuracy: return {Metric::kAccuracy, "error", ""};
    case Metric::kAuc:
      return {Metric::kAccuracy, "error",
              "error, the share of wrong answers, stands for auc: auc ranks all rows at once, so "
              "days do not add up to it"};
    case Metric::kR2:
      return {Metric::kRmse, "rmse",
              "rmse stands for r2: r2 is relative to how labels spread, so days do not add up to "
              "it"};
    default: return {*metric, std::string(evaluate::name_of(*metric)), ""};
  }
}

std::optional<double> loss_of(Metric metric, const model::Pipeline::Parts& version,
                              const ledger::Prediction& prediction, const Json& truth) {
  const auto label = label_number(truth, version);
  if (!label && model::is_number(version.task)) return std::nullopt;
  if (!label) return one_row(metric, {model::Task::kBinary, 2, {1}, {}}, {0});
  const evaluate::Truth row{version.task, version.classes.size(), {*label}, {}};
  if (version.task == model::Task::kQuantile) {
    evaluate::Truth levels = row;
    levels.levels = version.levels;
    if (prediction.probabilities.size() != version.levels.size()) return std::nullopt;
    return one_row(metric, levels, prediction.probabilities);
  }
  if (version.task == model::Task::kMulticlass) {
    if (prediction.probabilities.size() != version.classes.size()) return std::nullopt;
    return one_row(metric, row, prediction.probabilities);
  }
  return one_row(metric, row, {prediction.value});
}

std::optional<double> naive_loss(Metric metric, double answer, double truth) {
  switch (metric) {
    case Metric::kMae:
    case Metric::kRmse:
      return one_row(metric, {model::Task::kRegression, 0, {truth}, {}}, {answer});
    case Metric::kAccuracy: return answer == truth ? 0 : 1;
    default: return std::nullopt;
  }
}

}  // namespace rondo::loop
