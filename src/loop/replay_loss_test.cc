// Which loss a replay shows for each metric, and what one answer costs by it.
#include "loop/replay_loss.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::loop {
namespace {

using evaluate::Metric;
using enum model::Task;

TEST(ReplayLoss, IsTheProjectsMetricWhereDaysAddUpToIt) {
  const struct {
    const char* configured;
    model::Task task;
    const char* shown;
    bool explained;
  } rows[] = {
      {"auto", kRegression, "mae", false},     {"mae", kRegression, "mae", false},
      {"rmse", kRegression, "rmse", false},    {"r2", kRegression, "rmse", true},
      {"auto", kBinary, "error", true},        {"auc", kBinary, "error", true},
      {"accuracy", kBinary, "error", false},   {"log_loss", kBinary, "log_loss", false},
      {"brier", kMulticlass, "brier", false},  {"auto", kMulticlass, "error", false},
      {"log_loss", kMulticlass, "log_loss", false},
  };
  for (const auto& row : rows) {
    const ShownLoss shown = shown_loss(row.configured, row.task);
    EXPECT_EQ(shown.name, row.shown) << row.configured;
    EXPECT_EQ(!shown.note.empty(), row.explained) << row.configured;
  }
}

double cost(Metric metric, model::Task task, std::vector<std::string> classes,
            const ledger::Prediction& said, const Json& truth) {
  model::Pipeline::Parts version;
  version.task = task;
  version.classes = std::move(classes);
  return loss_of(metric, version, said, truth).value_or(-1);
}

TEST(ReplayLoss, OfOneRowIsAsInTheTableOfMetrics) {
  ledger::Prediction three;
  three.value = 3;
  EXPECT_DOUBLE_EQ(cost(Metric::kMae, kRegression, {}, three, 5), 2);
  EXPECT_DOUBLE_EQ(cost(Metric::kRmse, kRegression, {}, three, 5), 4);
  EXPECT_DOUBLE_EQ(cost(Metric::kMae, kRegression, {}, three, "five"), -1);
  ledger::Prediction up;
  up.value = 0.75;
  up.answer = "UP";
  const std::vector<std::string> two = {"DOWN", "UP"};
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kBinary, two, up, "UP"), 0);
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kBinary, two, up, "DOWN"), 1);
  EXPECT_DOUBLE_EQ(cost(Metric::kLogLoss, kBinary, two, up, "UP"), -std::log(0.75));
  EXPECT_DOUBLE_EQ(cost(Metric::kBrier, kBinary, two, up, "DOWN"), 0.5625);
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kBinary, {"0", "1"}, up, 1), 0);  // classes as numbers
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kBinary, {"0", "1"}, up, 1.0), 0);
  ledger::Prediction third;
  third.probabilities = {0.25, 0.25, 0.5};
  EXPECT_DOUBLE_EQ(cost(Metric::kLogLoss, kMulticlass, {"a", "b", "c"}, third, "a"),
                   -std::log(0.25));
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kMulticlass, {"a", "b", "c"}, third, "c"), 0);
}

TEST(ReplayLoss, AClassThatTheVersionNeverSawIsAnsweredWrongly) {
  ledger::Prediction third;
  third.probabilities = {0, 0, 1};
  EXPECT_DOUBLE_EQ(cost(Metric::kAccuracy, kMulticlass, {"a", "b", "c"}, third, "d"), 1);
  EXPECT_NEAR(cost(Metric::kLogLoss, kMulticlass, {"a", "b", "c"}, third, "d"),
              -std::log(1e-15), 1e-9);
}

TEST(ReplayLoss, OfLastWeeksLabelNeedsNoProbabilities) {
  EXPECT_EQ(naive_loss(Metric::kMae, 3, 5), 2);
  EXPECT_EQ(naive_loss(Metric::kRmse, 3, 5), 4);
  EXPECT_EQ(naive_loss(Metric::kAccuracy, 0, 1), 1);
  EXPECT_EQ(naive_loss(Metric::kAccuracy, 1, 1), 0);
  EXPECT_EQ(naive_loss(Metric::kLogLoss, 1, 1), std::nullopt);
}

}  // namespace
}  // namespace rondo::loop
