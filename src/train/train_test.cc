// The stage as the conductor calls it: what it writes, what it refuses, and that neither threads
// nor chance change a byte of it.
#include "train/train.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/forest.h"
#include "train/folds.h"
#include "train/testing_stage.h"

namespace rondo::train {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Candidate;
using model::Prepared;
using model::Task;

class Training : public testing::Test, protected StageRoom {};

double mean_absolute_error(const Prepared& prepared, std::span<const double> scores) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < prepared.side.size(); ++i) {
    if (prepared.side[i] != table::Side::kTest) continue;
    sum += std::fabs(scores[count++] - prepared.label[i]);
  }
  EXPECT_EQ(count, scores.size());
  return sum / static_cast<double>(count);
}

TEST_F(Training, WritesACandidateWithAnswersForTheTestRows) {
  const Prepared prepared = generated({.rows = 2'000});
  StageInput input = input_for(prepared, {});
  std::vector<double> done;
  input.progress = [&](const Json& said) {
    EXPECT_EQ(said.at("what"), "training");
    done.push_back(said.at("done").get<double>());
  };
  const StageOutput output = run(input).value();
  EXPECT_EQ(output.result, "trained");
  const Candidate made = Candidate::decode(written(input, output)).value();
  EXPECT_EQ(made.options.at("learner"), "trees");
  EXPECT_EQ(made.rounds, made.options.at("rounds"));
  EXPECT_EQ(output.evidence.at("inner_rows"), 320);  // a fifth of the 1,600 training rows
  EXPECT_EQ(output.evidence.at("forest_digest"), made.forest_digest);
  const auto forest = model::Forest::decode(made.forest).value();
  EXPECT_EQ(forest.trees(), made.rounds);
  double answer = 0;
  forest.raw(prepared.features.row(1'600), {&answer, 1});
  EXPECT_EQ(made.test_scores.at(0), answer);
  // The noise alone has a mean absolute error of 10 * 0.3 * sqrt(2 / pi) = 2.4; the mean of the
  // labels one of about 9.
  EXPECT_LT(mean_absolute_error(prepared, made.test_scores), 5);
  EXPECT_FALSE(done.empty());
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_LE(done.back(), 1);
}

TEST_F(Training, HandsOnWhatItAnsweredToRowsThatItHadNotLearnedFrom) {
  for (const Task task : {Task::kRegression, Task::kBinary}) {
    for (const char* budget : {"1 candidate", "3 candidates"}) {
      const Prepared prepared = generated({.task = task, .rows = 900, .clock = false});
      const StageInput input = input_for(prepared, {.budget = budget, .rounds = 40});
      const StageOutput output = run(input).value();
      const Candidate made = Candidate::decode(written(input, output)).value();
      const RowList train = rows_of(prepared, table::Side::kTrain);
      RowList held = inner_split(prepared, train, Seed{1}).stop;
      if (std::string_view(budget) != "1 candidate") {
        held.clear();
        for (const Inner& fold : folds_of(prepared, train, Seed{1}, 5)) {
          held.insert(held.end(), fold.stop.begin(), fold.stop.end());
        }
      }
      EXPECT_EQ(made.held_rows, held) << budget;
      std::vector<double> labels;
      for (const std::uint32_t row : held) labels.push_back(prepared.label[row]);
      EXPECT_NEAR(mean_loss({task, labels}, made.held_answers),
                  output.evidence.at("inner_loss").get<double>(), 1e-9)
          << "the loss by which it was chosen is theirs";
    }
  }
  const Prepared many = generated({.task = Task::kMulticlass, .rows = 600, .classes = 4});
  const Candidate of_many = candidate(many, {.rounds = 5});
  EXPECT_GT(of_many.held_rows.size(), 50U);
  EXPECT_EQ(of_many.held_answers.size(), 4 * of_many.held_rows.size());
}

TEST_F(Training, ThreadsDoNotChangeAByte) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    const Prepared prepared = generated({.task = task, .rows = 600, .clock = false});
    std::vector<std::string> bytes;
    for (const std::int64_t threads : {1, 2, 3}) {
      const StageInput input = input_for(prepared, {.threads = threads, .rounds = 15});
      const StageOutput output = run(input).value();
      bytes.push_back(written(input, output));
      if (threads == 1) continue;
      EXPECT_TRUE(bytes.back() == bytes.front()) << name_of(task) << ", threads: " << threads;
    }
  }
}

TEST_F(Training, AnswersOfClassesAreProbabilities) {
  const Prepared prepared = generated({.task = Task::kMulticlass, .rows = 1'000, .classes = 4});
  const Candidate made = candidate(prepared, {});
  ASSERT_EQ(made.test_scores.size(), 200U * 4);
  std::size_t hits = 0;
  std::vector<std::size_t> counts(4);
  for (std::size_t row = 0; row < 200; ++row) {
    const auto p = std::span(made.test_scores).subspan(row * 4, 4);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
    const auto best = static_cast<double>(std::max_element(p.begin(), p.end()) - p.begin());
    hits += best == prepared.label[800 + row] ? 1U : 0U;
    ++counts[static_cast<std::size_t>(prepared.label[800 + row])];
  }
  EXPECT_GT(hits, 3 * *std::max_element(counts.begin(), counts.end()) / 2)
      << "half as often again as the most frequent class";
}

/// Rows that lie count nothing: whoever trains on the others alone has the same mean.
TEST_F(Training, RowsCountByTheirWeight) {
  Prepared prepared = generated({.rows = 1'000});
  const Candidate honest = candidate(prepared, {});
  const double before = mean_absolute_error(prepared, honest.test_scores);
  for (std::size_t row = 0; row < 1'000; ++row) {
    const bool lies = row % 3 == 0 && prepared.side[row] == table::Side::kTrain;
    if (lies) prepared.label[row] += 1'000;
    prepared.weight.push_back(lies ? 0 : 2);
  }
  prepared.weight_column = "w";
  const StageInput input = input_for(prepared, {});
  const StageOutput output = run(input).value();
  EXPECT_EQ(output.evidence.at("weight"), "w");
  EXPECT_LT(output.evidence.at("inner_loss").get<double>(), 10'000) << "a lie costs 1,000,000";
  const Candidate weighted = Candidate::decode(written(input, output)).value();
  EXPECT_LT(mean_absolute_error(prepared, weighted.test_scores), 1.5 * before);
  const Candidate searched = candidate(prepared, {.budget = "2 candidates"});
  EXPECT_LT(mean_absolute_error(prepared, searched.test_scores), 1.5 * before);
  std::ranges::fill(prepared.weight, 0);
  const auto refused = run(input_for(prepared, {}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the weight \"w\" is 0 in all 800 rows to train on"),
            std::string::npos);
}

/// What is said of a class adds up to how often it is there, whatever weight its rows had; and it
/// is as good as what was learned without.
TEST_F(Training, ProbabilitiesStayTrueWhenClassesHaveWeights) {
  for (const Task task : {Task::kBinary, Task::kMulticlass}) {
    for (const char* budget : {"1 candidate", "2 candidates"}) {
      const Prepared prepared = generated({.task = task, .rows = 2'000, .clock = false});
      const std::size_t outputs = task == Task::kBinary ? 1 : 3;
      const std::size_t which = outputs == 1 ? 0 : 2;
      double there = 0, rows = 0;
      std::vector<double> labels;
      for (const std::uint32_t row : rows_of(prepared, table::Side::kTest)) {
        labels.push_back(prepared.label[row]);
        there += prepared.label[row] == (outputs == 1 ? 1 : 2) ? 1 : 0;
        ++rows;
      }
      const auto share_of = [&](const std::vector<double>& answers) {
        double sum = 0;
        for (std::size_t i = which; i < answers.size(); i += outputs) sum += answers[i];
        return sum / (static_cast<double>(answers.size()) / static_cast<double>(outputs));
      };
      Options options{.budget = budget, .rounds = 40};
      const Candidate plain = candidate(prepared, options);
      options.class_weight = {{outputs == 1 ? "class 1" : "class 2", 4}};
      const StageInput input = input_for(prepared, options);
      const StageOutput output = run(input).value();
      EXPECT_EQ(output.evidence.at("class_weight"), options.class_weight);
      const Candidate weighted = Candidate::decode(written(input, output)).value();
      EXPECT_NE(weighted.forest_digest, plain.forest_digest) << "it was learned otherwise";
      // As trees have learned it, 0.7 and more would be said.
      EXPECT_NEAR(share_of(weighted.test_scores), there / rows, 0.05) << name_of(task) << budget;
      EXPECT_LT(mean_loss({task, labels}, weighted.test_scores),
                1.15 * mean_loss({task, labels}, plain.test_scores));
      if (outputs > 1) continue;
      EXPECT_NEAR(share_of(weighted.held_answers), there / rows, 0.08);
    }
  }
}

TEST_F(Training, ALinearModelAnswersTheTestRowsToo) {
  const Prepared prepared = generated({.task = Task::kMulticlass, .rows = 600, .classes = 4});
  for (const char* budget : {"1 candidate", "2 candidates"}) {
    const StageInput input = input_for(prepared, {.budget = budget, .rounds = 5});
    const StageOutput output = run(input).value();
    const Candidate made = Candidate::decode(written(input, output)).value();
    EXPECT_EQ(made.linear_answers.size(), made.test_scores.size());
    EXPECT_EQ(output.evidence.at("linear").at("rows"), 480);
  }
  EXPECT_TRUE(candidate(prepared, {}, 5).linear_answers.empty()) << "a twin is not measured";
  Candidate other = candidate(prepared, {.rounds = 5});
  other.linear_answers.pop_back();
  EXPECT_FALSE(Candidate::decode(other.encode().value()));
}

/// How often the answer falls as the first feature grows, all others being equal.
std::size_t falls_of(const Candidate& candidate, const Prepared& prepared) {
  const auto forest = model::Forest::decode(candidate.forest).value();
  std::size_t falls = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    const auto row = prepared.features.row(i);
    std::vector<double> features(row.begin(), row.end());
    double last = -1e300;
    for (int step = -40; step <= 40; ++step) {
      features[0] = 0.1 * step;
      double answer = 0;
      forest.raw(features, {&answer, 1});
      if (answer < last) ++falls;
      last = answer;
    }
  }
  return falls;
}

TEST_F(Training, AMonotoneAnswerNeverFalls) {
  const Prepared prepared = generated({.rows = 1'000});
  Options options;
  EXPECT_GT(falls_of(candidate(prepared, options), prepared), 0U);
  options.monotone = {{prepared.transform.feature_names()[0], 1}};
  EXPECT_EQ(falls_of(candidate(prepared, options), prepared), 0U);
  options.budget = "2 candidates";  // members and twins too
  const Candidate searched = candidate(prepared, options);
  EXPECT_EQ(falls_of(searched, prepared), 0U);
  StageInput input = input_for(prepared, options, searched.rounds);
  input.options["now"]["members"] = searched.options.at("members");
  const StageOutput twin = run(input).value();
  EXPECT_EQ(falls_of(Candidate::decode(written(input, twin)).value(), prepared), 0U);
}

TEST_F(Training, ATwinHasTheRoundsOfItsOriginal) {
  Prepared prepared = generated({.rows = 1'000});
  const Candidate original = candidate(prepared, {});
  std::fill(prepared.side.begin(), prepared.side.end(), table::Side::kTrain);
  const StageInput input = input_for(prepared, {.budget = "1ms"}, original.rounds);
  const StageOutput output = run(input).value();  // no budget ends a twin
  const Candidate twin = Candidate::decode(written(input, output)).value();
  EXPECT_EQ(twin.rounds, original.rounds);
  EXPECT_EQ(output.evidence.at("train_rows"), 1'000);
  EXPECT_TRUE(twin.test_scores.empty());
  EXPECT_NE(twin.forest_digest, original.forest_digest);
}

TEST_F(Training, WithoutASplitTheMeanIsTheModel) {
  const Prepared prepared = constant_features(500);
  const Candidate made = candidate(prepared, {});
  EXPECT_EQ(made.rounds, 1U);
  const double mean = std::accumulate(prepared.label.begin(), prepared.label.begin() + 400, 0.0) /
                      400;
  // LightGBM keeps labels as 32-bit floats.
  for (const double score : made.test_scores) EXPECT_NEAR(score, mean, 1e-4);
}

TEST_F(Training, FewRowsTrainWithoutAnInnerPart) {
  const Prepared prepared = generated({.rows = 60});
  const StageInput input = input_for(prepared, {});
  const StageOutput output = run(input).value();
  EXPECT_EQ(output.evidence.at("inner_rows"), 0);
  EXPECT_FALSE(output.evidence.contains("inner_loss"));
  EXPECT_NE(output.reason.find("too few rows"), std::string::npos) << output.reason;
}

TEST_F(Training, BikesIsLearnt) {
  const Prepared prepared = bikes();
  const Candidate made = candidate(prepared, {.budget = "1 candidate"});
  // The newest fifth, five months, from a model that never learns again. The mean of the training
  // counts is off by 175 there, the same hour a week before, which never grows old, by 64.
  EXPECT_LT(mean_absolute_error(prepared, made.test_scores), 60);
}

TEST_F(Training, ASearchHandsOnOneCandidateAndItsTwin) {
  Prepared prepared = generated({.rows = 1'500});
  const StageInput input = input_for(prepared, {.budget = "4 candidates", .rounds = 80});
  const StageOutput output = run(input).value();
  const std::string bytes = written(input, output);
  const Candidate made = Candidate::decode(bytes).value();
  EXPECT_EQ(made.options.at("tried"), 4);
  EXPECT_EQ(output.evidence.at("tried").size(), 4U);
  EXPECT_LE(output.evidence.at("inner_loss"), output.evidence.at("tried").at(0).at("loss"));
  EXPECT_EQ(output.reason.find("4 candidates were tried on 3 folds"), 0U) << output.reason;
  EXPECT_EQ(made.test_scores.size(), 300U);
  // The number that was recorded decides in place of the budget.
  StageInput recorded = input_for(prepared, {.budget = "1h", .rounds = 80});
  recorded.options["now"]["candidates"] = 4;
  EXPECT_TRUE(written(recorded, run(recorded).value()) == bytes);
  std::fill(prepared.side.begin(), prepared.side.end(), table::Side::kTrain);
  StageInput twin = input_for(prepared, {.budget = "4 candidates"}, made.rounds);
  twin.options["now"]["members"] = made.options.at("members");
  const Candidate again = Candidate::decode(written(twin, run(twin).value())).value();
  EXPECT_EQ(again.rounds, made.rounds);
  EXPECT_EQ(again.options.at("members"), made.options.at("members"));
  EXPECT_NE(again.forest_digest, made.forest_digest);
}

TEST_F(Training, ASpentBudgetIsAnOutcome) {
  const Prepared prepared = generated({.rows = 20'000});
  const StageInput input = input_for(prepared, {.budget = "1ms"});
  const StageOutput output = run(input).value();
  EXPECT_EQ(output.result, "budget spent without a model");
  EXPECT_EQ(output.reason, "no model was finished within [train] budget = \"1ms\"");
  EXPECT_TRUE(output.files.empty());
}

TEST_F(Training, ARequestToStopIsAnError) {
  StageInput input = input_for(generated({.rows = 500}), {});
  input.stop.request();
  const auto stopped = run(input);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kCancelled);
}

TEST_F(Training, WhatCannotBeIsRefusedBeforeAnythingIsFitted) {
  const Prepared prepared = generated({.rows = 200});
  for (const char* budget : {"", "soon", "0s", "0 candidates", "12.5 candidates", "candidates"}) {
    const auto refused = run(input_for(prepared, {.budget = budget}));
    ASSERT_FALSE(refused) << budget;
    EXPECT_EQ(refused.error().code, Code::kInvalidInput);
    EXPECT_NE(refused.error().message.find("is no budget"), std::string::npos);
  }
  StageInput unknown = input_for(prepared, {});
  unknown.options["train"]["leafs"] = 31;
  ASSERT_FALSE(run(unknown));
  EXPECT_NE(run(unknown).error().text().find("leaves"), std::string::npos);
  StageInput nothing = input_for(prepared, {});
  nothing.inputs.clear();
  EXPECT_EQ(run(nothing).error().code, Code::kInvalidInput);
  Prepared tests_only = prepared;
  std::fill(tests_only.side.begin(), tests_only.side.end(), table::Side::kTest);
  EXPECT_EQ(run(input_for(tests_only, {})).error().message, "no row is left to train on");
}

#if defined(RONDO_FAILPOINTS)
TEST_F(Training, AFailedWriteIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("RONDO_FAILPOINTS", "candidate_write=error", 1);
        const auto failed = run(input_for(generated({.rows = 200}), {.rounds = 3}));
        _exit(!failed && failed.error().code == Code::kIo ? 42 : 1);
      },
      testing::ExitedWithCode(42), "");
}
#endif

}  // namespace
}  // namespace rondo::train
