// Our forest answers in LightGBM's bits, and LightGBM learns the same for any number of threads.
#include "train/booster.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "model/compiled_forest.h"
#include "model/explain.h"
#include "train/boosting.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

using model::Forest;
using model::Prepared;
using model::Task;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Booster grown(const Prepared& prepared, std::size_t rounds, std::size_t threads = 1) {
  const auto parameters = parameters_for(prepared, {}, Seed{1}, threads).value();
  auto booster =
      Booster::make(prepared, rows_of(prepared, table::Side::kTrain), {}, parameters).value();
  EXPECT_EQ(grow(booster, {}, {.rounds = rounds}).value().rounds, rounds);
  return booster;
}

/// Rows that no training saw: every combination of awkward values of the first four features, with
/// categories known, unknown, negative, fractional and missing.
std::vector<double> awkward_rows() {
  const double numbers[] = {kNaN, 0.0, -0.0, 1e-35, -1e-36, 0.4, -3, 1e300, -1e300};
  const double codes[] = {kNaN, 0, 31, 32, 33.5, 59, 60, 1'000, -1, -0.5, 2e9};
  std::vector<double> rows;
  for (const double a : numbers) {
    for (const double b : numbers) {
      for (const double zero : numbers) {
        for (const double code : codes) rows.insert(rows.end(), {a, b, zero, b, code});
      }
    }
  }
  return rows;
}

/// Each eleventh row.
std::vector<double> thinned(std::span<const double> rows, std::size_t width) {
  std::vector<double> out;
  for (std::size_t i = 0; i + width <= rows.size(); i += 11 * width) {
    out.insert(out.end(), rows.begin() + static_cast<std::ptrdiff_t>(i),
               rows.begin() + static_cast<std::ptrdiff_t>(i + width));
  }
  return out;
}

void expect_same_bits(const Booster& booster, std::size_t rounds, std::span<const double> rows) {
  const Forest forest = Forest::from_lightgbm(booster.texts(rounds).value()[0]).value();
  const auto theirs = booster.raw(rows, rounds).value();
  for (const model::Kernel kernel : model::supported_kernels()) {
    const model::CompiledForest compiled(forest, kernel);
    EXPECT_EQ(compiled.kernel(), kernel);
    const std::size_t width = forest.features(), outputs = forest.outputs();
    std::vector<double> batch(theirs.size()), single(theirs.size());
    compiled.raw_batch(rows, rows.size() / width, batch);
    for (std::size_t i = 0; i < rows.size() / width; ++i) {
      compiled.raw(rows.subspan(i * width, width), std::span(single).subspan(i * outputs, outputs));
    }
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      const auto want = std::bit_cast<std::uint64_t>(theirs[i]);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(batch[i]), want)
          << "score " << i << " by " << name_of(kernel) << ": " << batch[i] << ", " << theirs[i];
      ASSERT_EQ(std::bit_cast<std::uint64_t>(single[i]), want)
          << "row of score " << i << " by " << name_of(kernel) << ": " << single[i];
    }
  }
}

class SameBits : public testing::TestWithParam<Task> {};

TEST_P(SameBits, OnRowsOfTrainingAndOnAwkwardOnes) {
  for (const double missing : {0.0, 0.15}) {
    const Prepared prepared =
        generated({.task = GetParam(), .rows = 3'000, .missing = missing, .seed = 7});
    const Booster booster = grown(prepared, 40);
    expect_same_bits(booster, 40, prepared.features.values);
    expect_same_bits(booster, 40, awkward_rows());
    const Forest forest = Forest::from_lightgbm(booster.texts(40).value()[0]).value();
    EXPECT_GT(forest.category_counts()[4], 32U);  // sets of more than one word were met
  }
}

TEST_P(SameBits, ContributionsAreLightgbmsToTheLastDigits) {
  const Prepared prepared = generated({.task = GetParam(), .rows = 2'000, .missing = 0.1});
  const Booster booster = grown(prepared, 30);
  const Forest forest = Forest::from_lightgbm(booster.texts(30).value()[0]).value();
  const std::vector<double> strange = thinned(awkward_rows(), forest.features());
  for (const std::span<const double> rows :
       {std::span<const double>(prepared.features.values).first(prepared.features.columns * 300),
        std::span<const double>(strange)}) {
    const auto theirs = booster.contributions(rows, 30).value();
    std::vector<double> ours(theirs.size());
    const auto kernel = model::supported_kernels().back();
    model::ForestExplainer::make(forest, kernel)
        .value()
        .contributions(rows, rows.size() / forest.features(), ours);
    for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 1e-9) << i;
  }
}

TEST_P(SameBits, TheModelDoesNotDependOnThreads) {
  const Prepared prepared = generated({.task = GetParam(), .rows = 1'000});
  const auto trees = [&](std::size_t threads) {
    const std::string text = grown(prepared, 10, threads).texts(10).value()[0];
    EXPECT_NE(text.find(fmt::format("[num_threads: {}]", threads)), std::string::npos);
    return text.substr(0, text.find("\nparameters:\n"));
  };
  const std::string one = trees(1);
  EXPECT_TRUE(one == trees(2));
  EXPECT_TRUE(one == trees(3));
}

INSTANTIATE_TEST_SUITE_P(Tasks, SameBits,
                         testing::Values(Task::kRegression, Task::kBinary, Task::kMulticlass),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST(Booster, EveryRowOfBikesHasLightgbmsBits) {
  const Prepared prepared = bikes();
  const Booster booster = grown(prepared, 150);
  expect_same_bits(booster, 150, prepared.features.values);
  expect_same_bits(booster, 20, prepared.features.values);  // a part of its rounds
}

TEST(Booster, AnswersAreThoseOfItsModel) {
  const Prepared prepared = generated({.task = Task::kMulticlass, .rows = 1'000});
  const Inner inner = inner_split(prepared, rows_of(prepared, table::Side::kTrain), Seed{1});
  const auto parameters = parameters_for(prepared, {}, Seed{1}, 1).value();
  auto booster = Booster::make(prepared, inner.fit, inner.stop, parameters).value();
  ASSERT_TRUE(grow(booster, {}, {.rounds = 5}));
  const auto answers = booster.answers().value();
  const FeatureRows rows(prepared.features, inner.stop);
  const Forest forest = Forest::from_lightgbm(booster.texts(5).value()[0]).value();
  std::vector<double> expected(answers.size());
  forest.raw_batch(rows.values(), inner.stop.size(), expected);
  forest.link(expected);
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(answers[i], expected[i], 1e-12);
}

TEST(Booster, LabelsThatTreesCannotLearnAreRefused) {
  Prepared prepared = generated({.rows = 100});
  const auto parameters = parameters_for(prepared, {}, Seed{1}, 1).value();
  const RowList rows = rows_of(prepared, table::Side::kTrain);
  for (const double label : {kNaN, 1e39, -std::numeric_limits<double>::infinity()}) {
    prepared.label[17] = label;
    const auto refused = Booster::make(prepared, rows, {}, parameters);
    ASSERT_FALSE(refused) << label;
    EXPECT_EQ(refused.error().code, Code::kInvalidInput);
    EXPECT_NE(refused.error().message.find("row 17 has the label"), std::string::npos);
  }
}

TEST(Booster, SaysWhatLightgbmSaidAndNothingElse) {
  const Prepared prepared = generated({.rows = 100});
  Parameters parameters = parameters_for(prepared, {}, Seed{1}, 1).value();
  parameters.values[0].second = "no_such_objective";
  testing::internal::CaptureStdout();
  const auto refused =
      Booster::make(prepared, rows_of(prepared, table::Side::kTrain), {}, parameters);
  grown(prepared, 3);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("no_such_objective"), std::string::npos)
      << refused.error().text();
}

TEST(Booster, AParameterThatLightgbmDoesNotKnowIsRefused) {
  const Prepared prepared = generated({.rows = 100});
  Parameters parameters = parameters_for(prepared, {}, Seed{1}, 1).value();
  parameters.values.emplace_back("num_leafs", "5");
  const auto refused =
      Booster::make(prepared, rows_of(prepared, table::Side::kTrain), {}, parameters);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "this LightGBM does not know the parameter \"num_leafs\"");
}

TEST(LightgbmLibrary, WhereItWasSoughtIsNamed) {
  const auto absent = load_lightgbm({"", "/nowhere/a.so", "/nowhere/b.so"});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::kUnavailable);
  EXPECT_EQ(absent.error().message,
            "lib_lightgbm was not found (sought: /nowhere/a.so, /nowhere/b.so)");
  const auto other = load_lightgbm({"libm.so.6"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "libm.so.6 has no function LGBM_GetLastError");
}

}  // namespace
}  // namespace rondo::train
