// What LightGBM is told, and what it must never be told.
#include "train/parameters.h"

#include <gtest/gtest.h>

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

TEST(Parameters, SmallDataGetsOneThread) {
  EXPECT_EQ(threads_for(0, 10), 1U);
  EXPECT_EQ(threads_for(0, 1'000'000'000), cores());
  EXPECT_EQ(threads_for(3, 10), 3U);
}

}  // namespace
}  // namespace rondo::train
