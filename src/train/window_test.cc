// A law that changed once among the rows to train on: what is learned from then, and what is not.
#include "train/window.h"

#include <gtest/gtest.h>

#include "train/testing_stage.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Candidate;
using model::Prepared;

constexpr std::size_t kRows = 4'000, kTrain = 3'200, kChange = 2'000;

class WindowOfTraining : public testing::Test, protected StageRoom {
 protected:
  /// An hour a row. The newest tenth of the 3,200 that train judges; 2,880 are before it.
  static Prepared hours(bool change) {
    Prepared prepared = generated({.rows = kRows});
    for (std::size_t row = 0; change && row < kChange; ++row) {
      prepared.label[row] = -prepared.label[row];
    }
    return prepared;
  }
  StageOutput trained(const Prepared& prepared, const Options& options, const Json& now = {}) {
    StageInput input = input_for(prepared, options);
    if (now.is_object()) input.options.at("now").update(now);
    StageOutput output = run(input).value();
    candidate_ = Candidate::decode(written(input, output)).value();
    return output;
  }

  /// With the day of the month behind the other features, on which labels depend.
  static Prepared hours_with_days() {
    Prepared prepared = hours(true);
    std::vector<model::Step> steps = prepared.transform.steps();
    model::Step day;
    day.kind = model::Step::Kind::kTimePart;
    day.feature = "_time_day";
    day.part = model::Step::Part::kDay;
    steps.push_back(day);
    prepared.transform = {prepared.transform.inputs(), steps, {}};
    model::Matrix& matrix = prepared.features;
    std::vector<double> values;
    for (std::size_t row = 0; row < matrix.rows; ++row) {
      const auto others = matrix.row(row);
      values.insert(values.end(), others.begin(), others.end());
      values.push_back(civil(prepared.time[row]).day);
      prepared.label[row] += 0.1 * values.back();
    }
    matrix.values = std::move(values);
    ++matrix.columns;
    return prepared;
  }

  Candidate candidate_;
};

TEST_F(WindowOfTraining, WhatDoesNotComeRoundInItIsNotLearned) {
  const Prepared prepared = hours_with_days();
  const StageOutput output = trained(prepared, {});
  EXPECT_EQ(output.evidence.at("train_rows"), 1'040) << "43 days";
  EXPECT_EQ(output.evidence.at("without"), Json({"_time_day"}));
  EXPECT_NE(output.reason.find("; without _time_day: "), std::string::npos) << output.reason;
  const Candidate measured = candidate_;
  const auto forest = model::Forest::decode(measured.forest).value();
  EXPECT_EQ(forest.split_counts().back(), 0U);
  Json now = {{"rounds", measured.rounds}, {"since_us", measured.options.at("since_us")}};
  trained(prepared, {}, now);
  EXPECT_NE(candidate_.forest_digest, measured.forest_digest);
  now["without"] = measured.options.at("without");
  trained(prepared, {}, now);
  EXPECT_EQ(candidate_.forest_digest, measured.forest_digest) << "the twin";
  Options whole;
  whole.window = "all";
  EXPECT_FALSE(trained(prepared, whole).evidence.contains("without")) << "133 days";
}

TEST_F(WindowOfTraining, RowsOfBeforeAChangeAreLeftOut) {
  const Prepared prepared = hours(true);
  const StageOutput output = trained(prepared, {});
  // The newest quarter of 2,880 begins 160 rows after the change, their half 560 before it.
  const std::size_t first = 2'880 - 720;
  const Json& window = output.evidence.at("window");
  EXPECT_EQ(window.at("since_us"), prepared.time[first].us);
  EXPECT_EQ(window.at("of"), kTrain);
  EXPECT_EQ(window.at("judged_rows"), 320);
  EXPECT_EQ(window.at("changed"), false);
  EXPECT_LT(window.at("loss").get<double>(), 0.5 * window.at("loss_of_all").get<double>());
  EXPECT_EQ(output.evidence.at("train_rows"), kTrain - first);
  EXPECT_NE(output.reason.find("of 3,200 rows only those since "), std::string::npos)
      << output.reason;
  EXPECT_EQ(candidate_.options.at("since_us"), prepared.time[first].us);
}

TEST_F(WindowOfTraining, WhateverTheTask) {
  using model::Task;
  for (const Task task : {Task::kBinary, Task::kMulticlass, Task::kQuantile}) {
    Prepared prepared = generated({.task = task == Task::kQuantile ? Task::kRegression : task,
                                   .rows = kRows});
    const auto turned = [&](double label) {
      if (task == Task::kQuantile) return -label;
      return static_cast<double>(prepared.classes.size()) - 1 - label;
    };
    for (std::size_t row = 0; row < kChange; ++row) {
      prepared.label[row] = turned(prepared.label[row]);
    }
    if (task == Task::kQuantile) {
      prepared.task = task;
      prepared.levels = {0.1, 0.5, 0.9};
    }
    const StageOutput output = trained(prepared, {});
    ASSERT_TRUE(output.evidence.contains("window")) << model::name_of(task);
    EXPECT_GE(output.evidence.at("window").at("since_us"), prepared.time[1'440].us);
  }
}

TEST_F(WindowOfTraining, OneLawIsLearnedFromEveryRow) {
  const StageOutput output = trained(hours(false), {});
  EXPECT_FALSE(output.evidence.contains("window"));
  EXPECT_EQ(output.evidence.at("train_rows"), kTrain);
  EXPECT_FALSE(candidate_.options.contains("since_us"));
}

TEST_F(WindowOfTraining, TheMomentThatAnAlarmNamesIsTried) {
  const Prepared prepared = hours(true);
  const Json now = {{"changed_us", prepared.time[kChange].us}};
  const StageOutput output = trained(prepared, {}, now);
  const Json& window = output.evidence.at("window");
  EXPECT_EQ(window.at("since_us"), prepared.time[kChange].us);
  EXPECT_EQ(window.at("changed"), true);
  EXPECT_EQ(output.evidence.at("train_rows"), kTrain - kChange);
}

/// The newest tenth of the rows may be longer ago than the change: then half of those since judge.
TEST_F(WindowOfTraining, SoonAfterAnAlarmHalfOfTheDaysSinceJudge) {
  Prepared prepared = generated({.rows = kRows});
  const std::size_t change = kTrain - 1'100;  // 46 days; a window of 320 rows stays
  for (std::size_t row = 0; row < change; ++row) prepared.label[row] = -prepared.label[row];
  const Json now = {{"changed_us", prepared.time[change].us}};
  EXPECT_EQ(trained(prepared, {}, now).evidence.at("window").at("judged_rows"), 320);
  Prepared many = generated({.rows = 24'000});  // 19,200 train, and a tenth of them are 80 days
  const std::size_t late = 19'200 - 1'200;
  for (std::size_t row = 0; row < late; ++row) many.label[row] = -many.label[row];
  EXPECT_FALSE(trained(many, {}).evidence.contains("window")) << "no alarm: 80 days judge, 50 new";
  const StageOutput output = trained(many, {}, {{"changed_us", many.time[late].us}});
  const Json& window = output.evidence.at("window");
  EXPECT_EQ(window.at("judged_rows"), 600);
  EXPECT_EQ(window.at("since_us"), many.time[late].us);
  EXPECT_EQ(output.evidence.at("train_rows"), 1'200);
}

TEST_F(WindowOfTraining, ATwinLearnsFromTheSameMomentOn) {
  const Prepared prepared = hours(true);
  trained(prepared, {});
  const Candidate measured = candidate_;
  const StageOutput twin = trained(prepared, {}, {{"rounds", measured.rounds},
                                                  {"since_us", measured.options.at("since_us")}});
  EXPECT_EQ(candidate_.forest_digest, measured.forest_digest);
  EXPECT_FALSE(twin.evidence.contains("window")) << "nothing was looked for";
  trained(prepared, {}, {{"rounds", measured.rounds}});
  EXPECT_NE(candidate_.forest_digest, measured.forest_digest) << "of all rows";
}

TEST_F(WindowOfTraining, ASearchLooksToo) {
  Options options;
  options.budget = "2 candidates";
  options.learners = {"trees"};
  const StageOutput output = trained(hours(true), options);
  EXPECT_EQ(output.evidence.at("train_rows"), 1'040);
  EXPECT_EQ(output.evidence.at("folds"), 3) << "each of a tenth of the rows that are left";
  EXPECT_EQ(output.evidence.at("inner_rows"), 3 * 104);
}

TEST_F(WindowOfTraining, SettingsRule) {
  const Prepared prepared = hours(true);
  Options options;
  options.window = "all";
  EXPECT_EQ(trained(prepared, options).evidence.at("train_rows"), kTrain);
  options.window = "10d";  // and the newest row itself
  const StageOutput output = trained(prepared, options);
  EXPECT_EQ(output.evidence.at("train_rows"), 241);
  EXPECT_NE(output.reason.find("of 3,200 rows only those of the newest 10d"), std::string::npos)
      << output.reason;
  EXPECT_FALSE(output.evidence.contains("window"));
  options.window = "1d";
  const auto refused = run(input_for(prepared, options));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidInput);
  EXPECT_NE(refused.error().text().find("\"1d\" leaves 25 of 3,200 rows"), std::string::npos)
      << refused.error().text();
  options.window = "auto";
  options.budget = "9s";  // too little to look
  EXPECT_EQ(trained(prepared, options).evidence.at("train_rows"), kTrain);
  for (const char* good : {"auto", "all", "90d", "6h"}) EXPECT_TRUE(check_window(good)) << good;
  for (const char* bad : {"", "0d", "much", "-1d"}) EXPECT_FALSE(check_window(bad)) << bad;
}

TEST_F(WindowOfTraining, WithoutAClockNothingIsLookedFor) {
  Prepared prepared = generated({.rows = kRows, .clock = false});
  const StageOutput output = trained(prepared, {});
  EXPECT_FALSE(output.evidence.contains("window"));
}

}  // namespace
}  // namespace rondo::train
