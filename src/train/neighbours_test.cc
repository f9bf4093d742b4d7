// Neighbours as a learner: alone, as a twin, in a search and in an ensemble, within what they may
// cost.
#include "train/neighbours.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/cost.h"
#include "model/neighbours.h"
#include "train/testing_stage.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Candidate;
using model::Prepared;
using model::Task;

/// Rows of a kind lie on a chessboard of two columns, which no sum over columns can tell.
Prepared chessboard(Task task, std::size_t rows = 1'500) {
  Prepared prepared = generated({.task = task, .rows = rows, .classes = 3, .missing = 0});
  Chance chance(Seed{9});
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t width = prepared.features.columns;
    double* const x = prepared.features.values.data() + i * width;
    for (std::size_t column = 2; column < width; ++column) x[column] = 0;
    x[0] = 4 * chance.uniform();
    x[1] = 4 * chance.uniform();
    const auto square = static_cast<int>(x[0]) + static_cast<int>(x[1]);
    prepared.label[i] = task == Task::kMulticlass ? square % 3 : square % 2;
  }
  return prepared;
}

double worth(const Prepared& prepared, const std::vector<double>& answers) {
  std::vector<double> labels;
  for (const std::size_t row : prepared.rows_on(table::Side::kTest)) {
    labels.push_back(prepared.label[row]);
  }
  return mean_loss({prepared.task, labels}, answers);
}

class NearAsALearner : public testing::Test, protected StageRoom {
 protected:
  StageOutput output_of(const Prepared& prepared, const Options& options) {
    const StageInput input = input_for(prepared, options);
    auto output = run(input);
    EXPECT_TRUE(output) << output.error().text();
    last_ = output ? Candidate::decode(written(input, *output)).value() : Candidate{};
    return output.value_or(StageOutput{});
  }
  model::Forest forest() const { return model::Forest::decode(last_.forest).value(); }
  Candidate last_;
};

TEST_F(NearAsALearner, AnswersWhatNoLineCanAndATwinIsTheSame) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const Prepared prepared = chessboard(task);
    const StageOutput line = output_of(prepared, {.learners = {"linear"}});
    const double by_line = worth(prepared, last_.test_scores);
    const StageOutput alone = output_of(prepared, {.learners = {"neighbours"}});
    EXPECT_EQ(alone.evidence.at("learner"), "neighbours") << name_of(task);
    EXPECT_LT(worth(prepared, last_.test_scores), 0.6 * by_line) << name_of(task);
    EXPECT_NE(alone.reason.find(" neighbours among "), std::string::npos) << alone.reason;
    EXPECT_EQ(alone.evidence.at("neighbours").at("columns"), 2) << "the others have one value";
    EXPECT_GT(alone.evidence.at("inner_rows"), 100);
    const Candidate original = last_;
    EXPECT_EQ(original.held_answers.size(),
              original.held_rows.size() * (task == Task::kMulticlass ? 3 : 1));
    EXPECT_GT(original.options.at("members")[0].at("options").at("k"), 0);
    StageInput again = input_for(prepared, {.learners = {"neighbours"}});
    again.options["now"] = {{"rounds", original.rounds},
                            {"members", original.options.at("members")}};
    const auto twin = run(again);
    ASSERT_TRUE(twin) << twin.error().text();
    EXPECT_EQ(Candidate::decode(written(again, *twin)).value().forest, original.forest);
    again.options["now"]["members"][0]["options"]["k"] = 50;
    const auto other = run(again);
    ASSERT_TRUE(other) << other.error().text();
    EXPECT_NE(Candidate::decode(written(again, *other)).value().forest, original.forest)
        << "what its original chose is not chosen again";
    again.options["now"]["members"][0]["options"]["k"] = 3;
    EXPECT_FALSE(run(again));
  }
}

TEST_F(NearAsALearner, ASearchTriesThemBehindTheForest) {
  const StageOutput output =
      output_of(chessboard(Task::kBinary, 600), {.budget = "11 candidates", .rounds = 3});
  const Json& tried = output.evidence.at("tried");
  ASSERT_EQ(tried.size(), 11U);
  EXPECT_EQ(tried[9].at("origin"), "forest");
  EXPECT_EQ(tried[10].at("origin"), "neighbours");
  EXPECT_EQ(tried[10].at("options"), (Json{{"learner", "neighbours"}}));
}

/// A board and a slope: each learner sees what the other does not.
TEST_F(NearAsALearner, AnEnsembleMayHaveThem) {
  Prepared prepared = chessboard(Task::kRegression);
  Chance chance(Seed{4});
  for (std::size_t i = 0; i < prepared.label.size(); ++i) {
    const double x = chance.normal();
    prepared.features.values[i * prepared.features.columns + 3] = x;
    prepared.label[i] += 3.5 * x;
  }
  const Options options{.budget = "5 candidates", .learners = {"neighbours", "linear"}};
  const StageOutput output = output_of(prepared, options);
  const Json& tried = output.evidence.at("tried");
  ASSERT_EQ(tried.size(), 2U) << "a line and neighbours, and nothing else";
  ASSERT_EQ(output.evidence.at("learner"), "ensemble") << tried.dump();
  ASSERT_EQ(forest().neighbours().size(), 1U);
  EXPECT_LT(forest().neighbours()[0].weight, 1);
  EXPECT_NE(output.reason.find(" and "), std::string::npos) << output.reason;
  EXPECT_NE(output.reason.find(" neighbours among "), std::string::npos) << output.reason;
  EXPECT_TRUE(output.evidence.contains("neighbours"));
  for (const Json& one : tried) EXPECT_LT(output.evidence.at("inner_loss"), one.at("loss"));
  const Candidate original = last_;
  Options other = options;
  other.threads = 3;
  output_of(prepared, other);
  EXPECT_EQ(last_.forest, original.forest) << "threads change no bit";
}

TEST_F(NearAsALearner, TheyKeepWhatTheTimeOfARowAllows) {
  const Prepared prepared = chessboard(Task::kBinary, 4'000);
  output_of(prepared, {.row_max = "22us", .learners = {"neighbours"}});
  const std::size_t rows = forest().neighbours()[0].rows->rows();
  EXPECT_EQ(rows, model::rows_within(11, 2));
  EXPECT_LT(model::predicted_row_us(model::shape_of(forest())), 12);
  output_of(prepared, {.row_max = "1ms", .learners = {"neighbours"}});
  EXPECT_EQ(forest().neighbours()[0].rows->rows(),
            prepared.rows_on(table::Side::kTrain).size());
}

TEST_F(NearAsALearner, RowsCountByTheirWeight) {
  Prepared prepared = chessboard(Task::kBinary);
  const double plain = worth(prepared, (output_of(prepared, {.learners = {"neighbours"}}),
                                        last_.test_scores));
  Prepared wrong = prepared;  // a third of the rows lies, and counts for nothing, or next to it
  wrong.weight.assign(wrong.label.size(), 1);
  wrong.weight_column = "w";
  for (const std::size_t row : wrong.rows_on(table::Side::kTrain)) {
    if (row % 3 != 0) continue;
    wrong.label[row] = 1 - wrong.label[row];
    wrong.weight[row] = row % 2 == 0 ? 0 : 1e-6;
  }
  output_of(wrong, {.weight = "w", .learners = {"neighbours"}});
  EXPECT_LT(worth(prepared, last_.test_scores), 1.3 * plain);
  wrong.weight.assign(wrong.label.size(), 1);
  output_of(wrong, {.weight = "w", .learners = {"neighbours"}});
  EXPECT_GT(worth(prepared, last_.test_scores), 1.5 * plain);
}

TEST_F(NearAsALearner, WhatTheyCannotIsSaid) {
  const auto none = run(input_for(constant_features(200), {.learners = {"neighbours"}}));
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("no neighbours can be kept"), std::string::npos);
  EXPECT_FALSE(check_learners({.learners = {"neighbours"}, .monotone = {{"a", 1}}}));
  EXPECT_FALSE(check_quantiles({.quantiles = {0.5}, .learners = {"neighbours"}}));
  const Options ordered{.budget = "11 candidates", .rounds = 5, .monotone = {{"a", 1}}};
  const StageOutput output = output_of(generated({.rows = 900, .missing = 0}), ordered);
  for (const Json& one : output.evidence.at("tried")) EXPECT_NE(one.at("origin"), "neighbours");
}

}  // namespace
}  // namespace rondo::train
