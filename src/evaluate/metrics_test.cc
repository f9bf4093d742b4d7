// Metrics against values worked by hand, ties included, and baselines against what they promise.
#include "evaluate/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evaluate/baselines.h"

namespace rondo::evaluate {
namespace {

using model::Task;

double value(Metric metric, const Truth& truth, const Answers& answers) {
  return value_of(metric, truth, answers);
}

// Errors 1, -2, 0, 3: mae 6/4, rmse sqrt(14/4); labels 1, 2, 3, 6 have mean 3 and squares 14.
TEST(Metrics, OfNumbersWorkedByHand) {
  const Truth truth{Task::kRegression, 0, {1, 2, 3, 6}, {}};
  const Answers answers = {0, 4, 3, 3};
  EXPECT_DOUBLE_EQ(value(Metric::kMae, truth, answers), 1.5);
  EXPECT_DOUBLE_EQ(value(Metric::kRmse, truth, answers), std::sqrt(3.5));
  EXPECT_NEAR(value(Metric::kR2, truth, answers), 1 - 14.0 / 14, 1e-15);
  EXPECT_DOUBLE_EQ(value(Metric::kR2, truth, {1, 2, 3, 6}), 1);
}

// Levels .1, .5, .8; y = 10 is 2 above, 1 above and 2 below: (.2 + .5 + .4) / 3.
TEST(Metrics, OfQuantilesWorkedByHand) {
  Truth truth{Task::kQuantile, 0, {10, 20}, {}};
  truth.levels = {0.1, 0.5, 0.8};
  const Answers answers = {8, 9, 12, 20, 20, 20};
  EXPECT_DOUBLE_EQ(value(Metric::kPinball, truth, answers), (0.2 + 0.5 + 0.4) / 3 / 2);
  EXPECT_DOUBLE_EQ(value(Metric::kMae, truth, answers), 0.5);
  EXPECT_EQ(outputs_of(truth), 3U);
  EXPECT_EQ(metric_for("auto", Task::kQuantile).value(), Metric::kPinball);
  EXPECT_FALSE(metric_for("pinball", Task::kRegression));
  EXPECT_FALSE(metric_for("auc", Task::kQuantile));
}

TEST(Metrics, R2OfEqualLabelsIsUndefined) {
  const Truth truth{Task::kRegression, 0, {0.1, 0.1, 0.1}, {}};
  EXPECT_TRUE(std::isnan(value(Metric::kR2, truth, {0, 0, 0})));
}

// Labels far from 0 leave r2 its digits: the same as without the shift.
TEST(Metrics, R2DoesNotCancel) {
  Truth truth{Task::kRegression, 0, {1, 2, 3, 6}, {}};
  Answers answers = {1.5, 2, 2, 5};
  const double want = value(Metric::kR2, truth, answers);
  for (double& y : truth.label) y += 1e8;
  for (double& y : answers) y += 1e8;
  EXPECT_NEAR(value(Metric::kR2, truth, answers), want, 1e-9);
}

// p of class 1: .9, .5, .2, .5; labels 1, 0, 0, 1.
TEST(Metrics, OfTwoClassesWorkedByHand) {
  const Truth truth{Task::kBinary, 2, {1, 0, 0, 1}, {}};
  const Answers p = {0.9, 0.5, 0.2, 0.5};
  EXPECT_NEAR(value(Metric::kLogLoss, truth, p),
              -(std::log(0.9) + std::log(0.5) + std::log(0.8) + std::log(0.5)) / 4, 1e-15);
  EXPECT_DOUBLE_EQ(value(Metric::kBrier, truth, p), (0.01 + 0.25 + 0.04 + 0.25) / 4);
  EXPECT_DOUBLE_EQ(value(Metric::kAccuracy, truth, p), 0.75);  // one half answers class 1
  EXPECT_DOUBLE_EQ(value(Metric::kAuc, truth, p), 3.5 / 4);    // .9 wins 2, .5 wins 1 and ties 1
}

TEST(Metrics, LogLossIsClipped) {
  const Truth truth{Task::kBinary, 2, {1, 0}, {}};
  EXPECT_NEAR(value(Metric::kLogLoss, truth, {0, 0}), -std::log(1e-15) / 2, 1e-12);
}

// Rows (.2, .5, .3) of class 1 and (.4, .4, .2) of class 1: the first of equals is answered.
TEST(Metrics, OfThreeClassesWorkedByHand) {
  const Truth truth{Task::kMulticlass, 3, {1, 1}, {}};
  const Answers p = {0.2, 0.5, 0.3, 0.4, 0.4, 0.2};
  EXPECT_DOUBLE_EQ(value(Metric::kAccuracy, truth, p), 0.5);
  EXPECT_NEAR(value(Metric::kLogLoss, truth, p), -(std::log(0.5) + std::log(0.4)) / 2, 1e-15);
  EXPECT_NEAR(value(Metric::kBrier, truth, p),
              (0.04 + 0.25 + 0.09 + 0.16 + 0.36 + 0.04) / 2, 1e-15);
}

TEST(Metrics, AucWithoutOneClassIsUndefined) {
  const Truth truth{Task::kBinary, 2, {1, 1}, {}};
  EXPECT_TRUE(std::isnan(value(Metric::kAuc, truth, {0.2, 0.3})));
}

// A unit with weight 2 counts as if its rows stood there twice.
TEST(Metrics, WeightedAucEqualsRepeatedRows) {
  const Truth truth{Task::kBinary, 2, {1, 0, 0, 1, 1, 0}, {}};
  const Answers p = {0.7, 0.7, 0.1, 0.4, 0.9, 0.4};
  const std::vector<std::uint32_t> unit = {0, 0, 1, 1, 2, 2};
  const Truth twice{Task::kBinary, 2, {1, 0, 1, 0, 1, 0}, {}};
  const std::vector<double> weights = {2, 0, 1};
  EXPECT_DOUBLE_EQ(WeightedAuc(truth, p, unit).value(weights),
                   value(Metric::kAuc, twice, {0.7, 0.7, 0.7, 0.7, 0.9, 0.4}));
}

/// Few units with many rows each are summed by pairs of units, many units by rows; both are the
/// definition, ties and weights of rows and units included.
TEST(Metrics, WeightedAucOfFewAndOfManyUnitsIsItsDefinition) {
  Truth truth{Task::kBinary, 2, {}, {}};
  Answers p;
  std::vector<std::uint32_t> few, many;
  const std::size_t rows = 60;
  for (std::size_t i = 0; i < rows; ++i) {
    truth.label.push_back(i % 3 == 0 ? 1 : 0);
    truth.weight.push_back(static_cast<double>(1 + i % 4));
    p.push_back(static_cast<double>(i * 7 % 13) / 13);  // each score about five times
    few.push_back(static_cast<std::uint32_t>(i % 5));
    many.push_back(static_cast<std::uint32_t>(i % 20));
  }
  for (const auto& unit : {few, many}) {
    const std::size_t units = *std::max_element(unit.begin(), unit.end()) + 1;
    std::vector<double> weights(units);
    for (std::size_t i = 0; i < units; ++i) weights[i] = static_cast<double>(i * i % 4);
    double won = 0, pairs = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < rows; ++j) {
        if (truth.label[i] < 0.5 || truth.label[j] > 0.5) continue;
        const double weight = truth.weight[i] * weights[unit[i]] * truth.weight[j] *
                              weights[unit[j]];
        won += weight * (p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0);
        pairs += weight;
      }
    }
    EXPECT_DOUBLE_EQ(WeightedAuc(truth, p, unit).value(weights), won / pairs) << units;
    weights.assign(units, 0);
    EXPECT_TRUE(std::isnan(WeightedAuc(truth, p, unit).value(weights)));
  }
}

/// A weight of 3 is the row three times, one of 0 the row left out; by hand where that is short.
TEST(Metrics, WeightsCountAsRowsThatStandSoOften) {
  const std::vector<double> weight = {3, 0, 1, 2};
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const std::size_t classes = task == Task::kMulticlass ? 3 : 2;
    Truth truth{task, classes, {1, 0, 0, 1}, {}, 0.5, weight}, often{task, classes, {}, {}};
    const std::size_t outputs = outputs_of(truth);
    Answers answers, repeated;
    for (std::size_t i = 0; i < 4 * outputs; ++i) {
      answers.push_back(0.1 + 0.07 * static_cast<double>(i % 7));
    }
    for (std::size_t row = 0; row < 4; ++row) {
      for (int i = 0; i < static_cast<int>(weight[row]); ++i) {
        often.label.push_back(truth.label[row]);
        for (std::size_t k = 0; k < outputs; ++k) repeated.push_back(answers[row * outputs + k]);
      }
    }
    for (const Metric metric : metrics_of(task)) {
      EXPECT_NEAR(value_of(metric, truth, answers), value_of(metric, often, repeated), 1e-12)
          << name_of(metric);
    }
  }
  const Truth numbers{Task::kRegression, 0, {1, 2}, {}, 0.5, {3, 1}};
  EXPECT_DOUBLE_EQ(value_of(Metric::kMae, numbers, {2, 4}), (3 * 1 + 1 * 2) / 4.0);
}

TEST(Metrics, AutoAndNamesFitTheTask) {
  EXPECT_EQ(metric_for("auto", Task::kRegression).value(), Metric::kMae);
  EXPECT_EQ(metric_for("auto", Task::kBinary).value(), Metric::kAuc);
  EXPECT_EQ(metric_for("auto", Task::kMulticlass).value(), Metric::kAccuracy);
  EXPECT_EQ(metric_for("brier", Task::kMulticlass).value(), Metric::kBrier);
  const auto wrong = metric_for("auc", Task::kMulticlass);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalidInput);
  EXPECT_NE(wrong.error().hint.find("log_loss, accuracy, brier"), std::string::npos);
}

/// Eight rows that train (labels as given), then test rows.
model::Prepared prepared(Task task, std::vector<double> labels, std::size_t train) {
  model::Prepared p;
  p.task = task;
  if (task != Task::kRegression) p.classes = {"a", "b"};
  p.label = std::move(labels);
  p.side.assign(p.label.size(), table::Side::kTest);
  for (std::size_t i = 0; i < train; ++i) p.side[i] = table::Side::kTrain;
  return p;
}

TEST(Baselines, ConstantsComeFromTrainingRowsAlone) {
  const model::Prepared p = prepared(Task::kRegression, {1, 2, 9, 100, 200}, 3);
  const auto by_mae = baselines(p, Metric::kMae).value();
  ASSERT_EQ(by_mae.size(), 1U);
  EXPECT_EQ(by_mae[0].name, "median");
  EXPECT_EQ(by_mae[0].answers, (Answers{2, 2}));
  const auto by_rmse = baselines(p, Metric::kRmse).value();
  EXPECT_EQ(by_rmse[0].name, "mean");
  EXPECT_NEAR(by_rmse[0].answers[0], 4, 1e-15);
  const model::Prepared classes = prepared(Task::kBinary, {1, 1, 0, 0, 1}, 3);
  EXPECT_EQ(baselines(classes, Metric::kAccuracy).value()[0].answers, (Answers{1, 1}));
  EXPECT_NEAR(baselines(classes, Metric::kAuc).value()[0].answers[0], 2.0 / 3, 1e-15);
  EXPECT_FALSE(baselines(prepared(Task::kRegression, {1, 2}, 0), Metric::kMae));
}

TEST(Baselines, ConstantsCountRowsByTheirWeight) {
  model::Prepared p = prepared(Task::kRegression, {1, 2, 9, 100, 200}, 3);
  p.weight = {1, 1, 4, 1, 1};
  EXPECT_EQ(baselines(p, Metric::kMae).value()[0].answers[0], 9);
  EXPECT_NEAR(baselines(p, Metric::kRmse).value()[0].answers[0], (1 + 2 + 4 * 9) / 6.0, 1e-14);
  p.weight = {1, 1, 2, 1, 1};  // half of the weight on either side
  EXPECT_EQ(baselines(p, Metric::kMae).value()[0].answers[0], (2 + 9) / 2.0);
  model::Prepared classes = prepared(Task::kBinary, {1, 1, 0, 0, 1}, 3);
  classes.weight = {1, 1, 8, 1, 1};
  EXPECT_EQ(baselines(classes, Metric::kAccuracy).value()[0].answers, (Answers{0, 0}));
  EXPECT_NEAR(baselines(classes, Metric::kAuc).value()[0].answers[0], 0.2, 1e-15);
}

TEST(Baselines, FormerValuesAnswerOnlyWhereTheyAreKnown) {
  model::Prepared p = prepared(Task::kRegression, {1, 2, 9, 100, 200}, 3);
  const double nan = std::nan("");
  p.last_value = {nan, 1, 2, nan, 100};
  p.season_value = {nan, nan, nan, 1, 2};
  p.season = Span::days(7);
  const auto list = baselines(p, Metric::kMae).value();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[1].name, "last value");
  EXPECT_EQ(list[1].rows, (std::vector<std::size_t>{1}));
  EXPECT_EQ(list[1].answers, (Answers{100}));
  EXPECT_EQ(list[2].name, "same time 7d before");
  EXPECT_EQ(list[2].answers, (Answers{1, 2}));
}

// Former class a: next a, b, b (and one each): 2/5 to 3/5; former b: next a (and one each): 2/3,
// 1/3.
TEST(Baselines, FormerClassesAnswerLearnedShares) {
  model::Prepared p = prepared(Task::kBinary, {0, 1, 1, 0, 0, 1}, 4);
  p.last_value = {0, 0, 0, 1, 0, 1};
  const auto list = baselines(p, Metric::kLogLoss).value();
  ASSERT_EQ(list[1].answers.size(), 2U);
  EXPECT_NEAR(list[1].answers[0], 0.6, 1e-15);
  EXPECT_NEAR(list[1].answers[1], 1.0 / 3, 1e-15);
  EXPECT_EQ(baselines(p, Metric::kAccuracy).value()[1].answers, (Answers{0, 1}));
}

}  // namespace
}  // namespace rondo::evaluate
