// Trees and lines side by side: the better one on inner rows is the candidate, alone, in a search
// and as a twin.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/forest.h"
#include "train/mixing.h"
#include "train/testing_stage.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Candidate;
using model::Prepared;
using model::Task;

/// The label is a sum over the features, straight in each, where no tree is as good.
Prepared straight(Task task, std::size_t rows = 900) {
  Prepared prepared = generated({.task = task, .rows = rows, .classes = 3, .missing = 0});
  Chance chance(Seed{5});
  for (std::size_t i = 0; i < rows; ++i) {
    const auto x = prepared.features.row(i);
    const double sum = 2 * x[0] - 3 * x[1] + x[3] + 0.4 * x[4] + 0.5 * chance.normal();
    prepared.label[i] = task == Task::kRegression ? sum
                        : task == Task::kBinary   ? (sum > 0.5 ? 1 : 0)
                                                  : (sum < -1 ? 0 : sum < 2 ? 1 : 2);
  }
  return prepared;
}

/// On the test rows; without answers, that of their mean.
double squared_error(const Prepared& prepared, const std::vector<double>& answers) {
  std::vector<double> labels;
  for (const std::size_t row : prepared.rows_on(table::Side::kTest)) {
    labels.push_back(prepared.label[row]);
  }
  double mean = 0, error = 0;
  for (const double label : labels) mean += label / static_cast<double>(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    error += std::pow((answers.empty() ? mean : answers[i]) - labels[i], 2);
  }
  return error;
}

class Learning : public testing::Test, protected StageRoom {
 protected:
  StageOutput output_of(const Prepared& prepared, const Options& options) {
    const StageInput input = input_for(prepared, options);
    auto output = run(input);
    EXPECT_TRUE(output) << output.error().text();
    last_ = output ? Candidate::decode(written(input, *output)).value() : Candidate{};
    return output.value_or(StageOutput{});
  }
  Candidate last_;
};

TEST_F(Learning, TheBetterOneOnInnerRowsIsTheCandidate) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const StageOutput line = output_of(straight(task), {});
    EXPECT_EQ(line.evidence.at("learner"), "linear") << name_of(task);
    EXPECT_LT(line.evidence.at("inner_loss"), line.evidence.at("inner_loss_of_trees"));
    EXPECT_GT(line.evidence.at("terms"), 3);
    EXPECT_NE(line.reason.find("a linear model of "), std::string::npos) << line.reason;
    EXPECT_EQ(last_.test_scores.size(), last_.linear_answers.size());
    EXPECT_EQ(last_.held_answers.size(),
              last_.held_rows.size() * (task == Task::kMulticlass ? 3 : 1));
    EXPECT_GT(last_.held_rows.size(), 50U) << name_of(task);
    const StageOutput trees = output_of(generated({.task = task, .rows = 900}), {});
    EXPECT_EQ(trees.evidence.at("learner"), "trees") << name_of(task);
    EXPECT_FALSE(trees.evidence.contains("terms"));
  }
}

TEST_F(Learning, WhatIsNotNamedIsNotTrained) {
  const Prepared prepared = straight(Task::kBinary);
  EXPECT_EQ(output_of(prepared, {.learners = {"trees"}}).evidence.at("learner"), "trees");
  EXPECT_FALSE(last_.linear_answers.empty()) << "it stays a baseline";
  EXPECT_FALSE(last_.options.contains("line_was_tried"));
  output_of(prepared, {});
  EXPECT_EQ(last_.options.at("line_was_tried"), true);
  EXPECT_EQ(output_of(prepared, {.monotone = {{"a", 1}}}).evidence.at("learner"), "trees");
  const Prepared curved = generated({.task = Task::kBinary, .rows = 900});
  EXPECT_EQ(output_of(curved, {.learners = {"linear"}}).evidence.at("learner"), "linear");
  const StageOutput search =
      output_of(curved, {.budget = "5 candidates", .learners = {"linear"}});
  EXPECT_EQ(search.evidence.at("tried").size(), 1U);
  EXPECT_EQ(search.evidence.at("learner"), "linear");
  const auto none = run(input_for(constant_features(200), {.learners = {"linear"}}));
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("no linear model can be fitted"), std::string::npos);
}

/// Alone, as a twin, and as a candidate of a search; each fit is compared with LightGBM's.
TEST_F(Learning, AForestIsALearner) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const Prepared prepared = generated({.task = task, .rows = 900});
    const StageOutput alone = output_of(prepared, {.rounds = 30, .learners = {"forest"}});
    EXPECT_EQ(alone.evidence.at("learner"), "forest") << name_of(task);
    EXPECT_NE(alone.reason.find("a forest of "), std::string::npos) << alone.reason;
    const Candidate original = last_;
    EXPECT_EQ(original.options.at("learner"), "forest");
    const auto forest = model::Forest::decode(original.forest).value();
    EXPECT_EQ(forest.trees(), original.rounds * forest.outputs());
    if (task == Task::kRegression) {
      EXPECT_LT(squared_error(prepared, original.test_scores), 0.8 * squared_error(prepared, {}))
          << "trees answer by their mean";
    }
    StageInput again = input_for(prepared, {.rounds = 30, .learners = {"forest"}});
    again.options["now"] = {{"rounds", original.rounds}};
    const auto twin = run(again);
    ASSERT_TRUE(twin) << twin.error().text();
    EXPECT_EQ(Candidate::decode(written(again, *twin)).value().forest, original.forest);
  }
  const Options search{.budget = "10 candidates", .rounds = 20};
  const StageOutput found = output_of(generated({.rows = 900}), search);
  const Json& tried = found.evidence.at("tried");
  ASSERT_EQ(tried.size(), 10U);
  EXPECT_EQ(tried[9].at("origin"), "forest");
  EXPECT_EQ(tried[9].at("options").at("learner"), "forest");
  const StageOutput few = output_of(generated({.rows = 900}), {.budget = "5 candidates",
                                                               .rounds = 20,
                                                               .learners = {"forest", "linear"}});
  EXPECT_EQ(few.evidence.at("tried").size(), 2U) << "a forest and a line, and nothing else";
}

/// Alone, as a twin, and of a search: as often below each quantile as it says, and in order.
TEST_F(Learning, QuantilesAreLearnedEachByItself) {
  Prepared prepared = generated({.rows = 6'000, .missing = 0});
  prepared.task = Task::kQuantile;
  prepared.levels = {0.1, 0.5, 0.9};
  Chance chance(Seed{7});
  for (std::size_t i = 0; i < prepared.label.size(); ++i) {
    const double x = prepared.features.row(i)[3];
    prepared.label[i] = 10 * x + (1 + std::abs(x)) * chance.normal();
  }
  const std::vector<std::size_t> test = prepared.rows_on(table::Side::kTest);
  for (const char* budget : {"1 candidate", "4 candidates"}) {
    const StageOutput output = output_of(prepared, {.budget = budget, .rounds = 200});
    EXPECT_EQ(output.evidence.at("task"), "quantile");
    EXPECT_EQ(output.evidence.at("loss"), "pinball loss") << budget;
    const Candidate original = last_;
    ASSERT_EQ(original.test_scores.size(), 3 * test.size());
    ASSERT_EQ(original.linear_answers.size(), 3 * test.size());
    EXPECT_EQ(original.held_answers.size(), 3 * original.held_rows.size());
    for (std::size_t k = 0; k < 3; ++k) {
      double below = 0, by_line = 0;
      for (std::size_t i = 0; i < test.size(); ++i) {
        below += prepared.label[test[i]] <= original.test_scores[3 * i + k] ? 1 : 0;
        by_line += prepared.label[test[i]] <= original.linear_answers[3 * i + k] ? 1 : 0;
        EXPECT_TRUE(k == 0 ||
                    original.test_scores[3 * i + k - 1] <= original.test_scores[3 * i + k]);
      }
      const auto rows = static_cast<double>(test.size());
      EXPECT_NEAR(below / rows, prepared.levels[k], 0.06) << budget << ", level " << k;
      EXPECT_NEAR(by_line / rows, prepared.levels[k], 0.06) << budget << ", level " << k;
    }
    StageInput again = input_for(prepared, {.budget = budget, .rounds = 200});
    again.options["now"] = {{"rounds", original.rounds}};
    if (original.options.contains("members")) {
      again.options["now"]["members"] = original.options.at("members");
    }
    const auto twin = run(again);
    ASSERT_TRUE(twin) << twin.error().text();
    EXPECT_EQ(Candidate::decode(written(again, *twin)).value().forest, original.forest);
  }
}

TEST_F(Learning, LearnersAreChecked) {
  EXPECT_TRUE(check_learners({}));
  for (const Options& wrong :
       {Options{.learners = {}}, Options{.learners = {"tree"}},
        Options{.learners = {"trees", "trees"}},
        Options{.learners = {"linear"}, .monotone = {{"a", 1}}}}) {
    EXPECT_FALSE(check_learners(wrong));
  }
}

TEST_F(Learning, ATwinIsALineToo) {
  const Prepared prepared = straight(Task::kRegression);
  output_of(prepared, {});
  const Candidate original = last_;
  StageInput again = input_for(prepared, {});
  again.options["now"] = {{"rounds", original.rounds},
                          {"members", original.options.at("members")}};
  const auto twin = run(again);
  ASSERT_TRUE(twin) << twin.error().text();
  const Candidate made = Candidate::decode(written(again, *twin)).value();
  EXPECT_EQ(made.forest, original.forest) << "on the same rows it is the same";
  EXPECT_EQ(made.forest_digest, original.forest_digest);
  EXPECT_GT(original.options.at("members")[0].at("options").at("penalty"), 0);
  // What its original chose is not chosen again.
  again.options["now"]["members"][0]["options"]["penalty"] = 0.1;
  const auto other = run(again);
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_NE(Candidate::decode(written(again, *other)).value().forest, original.forest);
}

TEST_F(Learning, ASearchTriesALineAndMayMixIt) {
  // Straight in most, a step in one: each learner sees what the other does not.
  Prepared prepared = straight(Task::kRegression, 1'500);
  for (std::size_t i = 0; i < prepared.label.size(); ++i) {
    const auto x = prepared.features.row(i);
    prepared.label[i] += x[3] > 0.37 && x[4] < 2 ? 3 : 0;
  }
  const StageOutput output = output_of(prepared, {.budget = "4 candidates", .rounds = 200});
  const Json& tried = output.evidence.at("tried");
  ASSERT_EQ(tried.size(), 4U);
  EXPECT_EQ(tried[1].at("origin"), "linear");
  EXPECT_EQ(tried[1].at("options"), (Json{{"learner", "linear"}}));
  EXPECT_EQ(output.evidence.at("learner"), "ensemble");
  EXPECT_GT(tried[1].at("times"), 0);
  EXPECT_NE(output.reason.find(" rounds of trees and a linear model of "), std::string::npos)
      << output.reason;
  const auto forest = model::Forest::decode(last_.forest).value();
  EXPECT_GT(forest.trees(), 10U);
  EXPECT_FALSE(forest.terms().empty());
  for (const Json& one : tried) EXPECT_LE(output.evidence.at("inner_loss"), one.at("loss"));
}

/// Too few rows for a line in a fold: it was tried, is behind, and the search goes on.
TEST_F(Learning, WithoutALineASearchGoesOn) {
  const StageOutput output =
      output_of(constant_features(400), {.budget = "3 candidates", .rounds = 5});
  EXPECT_EQ(output.result, "trained");
  const Json& tried = output.evidence.at("tried");
  ASSERT_EQ(tried.size(), 3U);
  EXPECT_TRUE(tried[1].contains("ended"));
  EXPECT_EQ(output.evidence.at("learner"), "trees");
}

}  // namespace
}  // namespace rondo::train
