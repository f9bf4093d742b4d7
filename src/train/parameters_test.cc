// What LightGBM is told, and what it must never be told.
#include "train/parameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/worker.h"
#include "train/testing.h"

namespace rondo::train {
namespace {

Parameters made(model::Task task, std::size_t threads = 1) {
  const auto prepared = generated({.task = task, .rows = 50});
  return parameters_for(prepared, {}, Seed{1}, threads).value();
}

TEST(Parameters, AreOneTextWithoutWhatDistorts) {
  const std::string text = made(model::Task::kRegression, 3).text();
  for (const char* expected : {"objective=regression ", " learning_rate=0.1 ", " num_leaves=31 ",
                               " deterministic=true ", " force_row_wise=true ", " num_threads=3",
                               " categorical_feature=4 "}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << " in " << text;
  }
  for (const char* never : {"use_quantized_grad", "is_unbalance", "scale_pos_weight",
                            "linear_tree"}) {
    EXPECT_EQ(text.find(never), std::string::npos) << never;
  }
  EXPECT_NE(made(model::Task::kMulticlass).text().find("num_class=3"), std::string::npos);
}

TEST(Parameters, NoValueHasABlank) {
  // LightGBM takes the text apart at blanks.
  for (const auto& [name, value] : made(model::Task::kMulticlass).values) {
    EXPECT_EQ(value.find_first_of(" \t\n="), std::string::npos) << name;
  }
}

TEST(Parameters, WhatIsRecordedDoesNotNameThreads) {
  EXPECT_EQ(made(model::Task::kBinary, 1).json(), made(model::Task::kBinary, 2).json());
}

TEST(Parameters, ImpossibleNumbersAreRefused) {
  const auto prepared = generated({.rows = 50});
  Options options;
  options.leaves = 1;
  const auto refused = parameters_for(prepared, options, Seed{1}, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidInput);
}

TEST(Parameters, MonotoneNamesFeaturesWhoseValuesHaveAnOrder) {
  const auto prepared = generated({.rows = 50});
  const auto names = prepared.transform.feature_names();
  Options options;
  options.monotone = {{names[2], -1}, {names[0], 1}};
  EXPECT_NE(parameters_for(prepared, options, Seed{1}, 1).value().text().find(
                " monotone_constraints=1,0,-1,0,0 "), std::string::npos);
  EXPECT_EQ(made(model::Task::kRegression).text().find("monotone"), std::string::npos);
  const auto says = [&](const Json& monotone, const model::Prepared& rows) {
    options.monotone = monotone;
    const auto refused = parameters_for(rows, options, Seed{1}, 1);
    return refused ? std::string("taken") : refused.error().text();
  };
  EXPECT_NE(says({{"often zeros", 1}}, prepared).find("did you mean \"often zero\"?"),
            std::string::npos);
  EXPECT_NE(says({{names[4], 1}}, prepared).find("it is a category"), std::string::npos);
  EXPECT_NE(says({{names[0], 2}}, prepared).find("it says 2"), std::string::npos);
  EXPECT_NE(says({{names[0], 1}}, generated({.task = model::Task::kMulticlass, .rows = 50}))
                .find("more than two classes"), std::string::npos);
}

TEST(Parameters, ClassWeightsNameClasses) {
  Options options;
  options.class_weight = {{"class 1", 5}};
  const auto binary = generated({.task = model::Task::kBinary, .rows = 50});
  const Parameters two = parameters_for(binary, options, Seed{1}, 1).value();
  EXPECT_EQ(two.class_weights, (std::vector<double>{1, 5}));
  ASSERT_EQ(two.corrections().size(), 1U);
  EXPECT_DOUBLE_EQ(two.corrections()[0], -std::log(5));
  options.class_weight["class 0"] = 2;
  EXPECT_DOUBLE_EQ(parameters_for(binary, options, Seed{1}, 1).value().corrections()[0],
                   std::log(2.0 / 5));
  const auto many = generated({.task = model::Task::kMulticlass, .rows = 50});
  const auto three = parameters_for(many, options, Seed{1}, 1).value().corrections();
  ASSERT_EQ(three.size(), 3U);
  EXPECT_DOUBLE_EQ(three[1], -std::log(5));
  EXPECT_EQ(three[2], 0);
  EXPECT_TRUE(parameters_for(binary, {}, Seed{1}, 1).value().corrections().empty());
  const auto says = [&](const Json& weights, const model::Prepared& rows) {
    options.class_weight = weights;
    const auto refused = parameters_for(rows, options, Seed{1}, 1);
    return refused ? std::string("taken") : refused.error().text();
  };
  EXPECT_NE(says({{"clas 1", 5}}, binary).find("did you mean \"class 1\"?"), std::string::npos);
  EXPECT_NE(says({{"yes", 5}}, binary).find("there are class 0, class 1"), std::string::npos);
  EXPECT_NE(says({{"class 1", 0}}, binary).find("of \"class 1\" it says 0"), std::string::npos);
  EXPECT_NE(says({{"class 1", "5"}}, binary).find("it says \"5\""), std::string::npos);
  EXPECT_NE(says({{"1", 5}}, generated({.rows = 50})).find("a number without classes"),
            std::string::npos);
}

TEST(Parameters, SmallDataGetsOneThread) {
  EXPECT_EQ(threads_for(0, 10), 1U);
  EXPECT_EQ(threads_for(0, 1'000'000'000), cores());
  EXPECT_EQ(threads_for(3, 10), 3U);
}

}  // namespace
}  // namespace rondo::train
