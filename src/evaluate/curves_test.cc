// Curves of rows that are counted by hand.
#include "evaluate/curves.h"

#include <gtest/gtest.h>

namespace rondo::evaluate {
namespace {

TEST(Curves, RocOfAFewRows) {
  const Truth truth{model::Task::kBinary, 2, {1, 0, 1, 0, 0}, {}};
  const Json curve = curve_json(truth, {0.9, 0.8, 0.8, 0.3, 0.1}, {"no", "yes"});
  ASSERT_EQ(curve.at("points").size(), 5U) << curve.dump();
  const Json& tie = curve.at("points")[2];  // both rows of .8 at once
  EXPECT_EQ(tie.at("threshold"), 0.8);
  EXPECT_DOUBLE_EQ(tie.at("true_positive").get<double>(), 1);
  EXPECT_DOUBLE_EQ(tie.at("false_positive").get<double>(), 1 / 3.0);
  EXPECT_DOUBLE_EQ(tie.at("precision").get<double>(), 2 / 3.0);
  EXPECT_EQ(curve.at("points")[0].at("true_positive"), 0);
  EXPECT_EQ(curve.at("points")[4].at("false_positive"), 1);
  EXPECT_TRUE(curve_json({model::Task::kBinary, 2, {1, 1}, {}}, {0.1, 0.2}, {}).is_null());
}

TEST(Curves, ManyRowsAreAboutAHundredPointsAndKeepTheArea) {
  Truth truth{model::Task::kBinary, 2, {}, {}};
  Answers answers;
  for (int i = 0; i < 10'000; ++i) {
    answers.push_back(i / 10'000.0);
    truth.label.push_back(i * 7919 % 10'000 < i ? 1 : 0);
  }
  const Json curve = curve_json(truth, answers, {"no", "yes"});
  EXPECT_LE(curve.at("points").size(), 103U);
  double area = 0;
  for (std::size_t i = 1; i < curve.at("points").size(); ++i) {
    const Json &a = curve.at("points")[i - 1], &b = curve.at("points")[i];
    area += (b.at("false_positive").get<double>() - a.at("false_positive").get<double>()) *
            (b.at("true_positive").get<double>() + a.at("true_positive").get<double>()) / 2;
  }
  EXPECT_NEAR(area, value_of(Metric::kAuc, truth, answers), 2e-3);
}

TEST(Curves, TenthsOfNumbers) {
  Truth truth{model::Task::kRegression, 0, {}, {}};
  Answers answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(99 - i);
    truth.label.push_back(99 - i + (i % 2 == 0 ? 1 : -1));
  }
  const Json curve = curve_json(truth, answers, {});
  ASSERT_EQ(curve.at("points").size(), 10U);
  const Json& first = curve.at("points")[0];
  EXPECT_DOUBLE_EQ(first.at("answer").get<double>(), 4.5);
  EXPECT_NEAR(first.at("truth").get<double>(), 4.5, 1e-12);
  EXPECT_LT(first.at("low"), first.at("truth"));
  EXPECT_EQ(first.at("rows"), 10);
}

TEST(Curves, ConfusionOfClassesTheCommonestFirst) {
  const Truth truth{model::Task::kMulticlass, 3, {2, 2, 2, 0, 0, 1}, {}};
  Answers answers;
  for (const std::size_t said : {2, 2, 0, 0, 0, 2}) {
    for (std::size_t k = 0; k < 3; ++k) answers.push_back(k == said ? 0.8 : 0.1);
  }
  const Json curve = curve_json(truth, answers, {"a", "b", "c"});
  EXPECT_EQ(curve.at("classes"), Json::parse(R"(["c", "a", "b"])"));
  EXPECT_EQ(curve.at("counts"), Json::parse("[[2, 1, 0], [0, 2, 0], [1, 0, 0]]"));
}

}  // namespace
}  // namespace rondo::evaluate
