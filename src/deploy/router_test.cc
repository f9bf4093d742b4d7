// Answers of each task, labels that reach every loaded history, rows from JSON. Expected values
// follow from the stumps of testing.h by hand.
#include "deploy/router.h"

#include <gtest/gtest.h>

#include <cmath>

#include "deploy/testing.h"

namespace rondo::deploy {
namespace {

std::shared_ptr<const Routing> table_of(std::shared_ptr<const Deployed> champion,
                                        std::shared_ptr<const Deployed> former) {
  return std::make_shared<const Routing>(Routing{std::move(champion), std::move(former)});
}

double ask(const std::shared_ptr<const Deployed>& by, double x, std::int64_t second) {
  const model::Cell cells[] = {cell(x)};
  const Time time{second * 1'000'000};
  return Router::answer(by, {cells, time, time}, nullptr).value;
}

TEST(Router, PublishGivesBackWhatWasThere) {
  Router router;
  EXPECT_EQ(router.take(), nullptr);
  const auto first = table_of(lagged(1, 100, 0), nullptr);
  EXPECT_EQ(router.publish(first), nullptr);
  EXPECT_EQ(router.take(), first);
  EXPECT_EQ(router.publish(table_of(lagged(2, 200, 0), first->champion)), first);
  EXPECT_EQ(router.take()->former->version, 1);
}

TEST(Router, LabelsReachBothVersionsWhateverTheyCallTheSeries) {
  Router router;
  const auto old = lagged(1, 100, 0), young = lagged(2, 200, 3);
  router.publish(table_of(young, old));
  EXPECT_EQ(ask(old, 1, 20), 101);
  EXPECT_EQ(ask(young, 1, 20), 201);
  const model::Observation seen[] = {{0, "", Time{10'000'000}, Time{15'000'000}, 0, 7.0}};
  router.learn(seen, "y", {});
  EXPECT_EQ(ask(old, 1, 20), 111);
  EXPECT_EQ(ask(young, 1, 20), 211);
  EXPECT_EQ(ask(old, 1, 14), 101) << "the label was not known before its time";
  router.learn(seen, "nobody reads this", {});
  EXPECT_EQ(ask(old, -1, 20), 110);
  Router empty;
  empty.learn(seen, "y", {});
}

TEST(Router, WithoutAHistoryLagsAreMissing) {
  auto without = lagged(3, 100, 0);
  without->history = nullptr;
  EXPECT_EQ(ask(without, 1, 20), 101);
}

std::shared_ptr<const Deployed> classes(model::Task task) {
  model::Pipeline::Parts parts;
  parts.task = task;
  parts.target = "class";
  const bool two = task == model::Task::kBinary;
  parts.classes = two ? std::vector<std::string>{"no", "yes"}
                      : std::vector<std::string>{"a", "b", "c"};
  std::vector<model::Step> steps(1);
  steps[0].feature = "x";
  steps[0].input = 0;
  parts.transform = model::Transform({{{"x", table::Type::kNumber}}}, steps, {});
  const std::vector<model::ForestBuilder::Tree> trees =
      two ? std::vector{stump(0, 0, 0, -1)}
          : std::vector{stump(0, 0, 1, 0), stump(0, 0, 1, 2), stump(0, 0, 0, 0)};
  parts.forest = forest_of({1, two ? 1U : 3U, two ? model::Link::kSigmoid : model::Link::kSoftmax,
                            1.0},
                           trees);
  for (int i = 0; i < 32; ++i) {
    const model::Cell x = cell(i - 16.0);
    parts.golden.push_back(model::Pipeline::make_golden(parts.transform, parts.forest,
                                                        parts.answering, {&x, 1}, Time{}, {}));
  }
  table::ColumnBuilder label(table::Type::kNumber);
  label.number(1);
  parts.reference = model::freeze(
      table::Table({{{"class", table::Type::kNumber}}}, {label.finish()}), {}, "class", {});
  auto deployed = std::make_shared<Deployed>();
  deployed->version = 4;
  deployed->pipeline = model::Pipeline::load(model::Pipeline::encode(parts).value()).value();
  return deployed;
}

TEST(Router, ClassesAreAnsweredByNameWithAProbabilityEach) {
  const auto by = classes(model::Task::kBinary);
  const model::Cell low[] = {cell(-1)}, high[] = {cell(1)};
  Answer answer = Router::answer(by, {low, {}, {}}, nullptr);
  EXPECT_EQ(answer.version, 4);
  EXPECT_EQ(answer.value, 0.5);
  EXPECT_EQ(answer.label, "yes") << "from one half on";
  EXPECT_EQ(answer.probabilities, (std::vector<double>{0.5, 0.5}));
  answer = Router::answer(by, {high, {}, {}}, nullptr);
  EXPECT_NEAR(answer.value, 1 / (1 + std::exp(1.0)), 1e-15);
  EXPECT_EQ(answer.label, "no");
  EXPECT_EQ(answer.probabilities, (std::vector<double>{1 - answer.value, answer.value}));

  const auto many = classes(model::Task::kMulticlass);
  answer = Router::answer(many, {low, {}, {}}, nullptr);
  EXPECT_EQ(answer.label, "a") << "the first of equals";
  answer = Router::answer(many, {high, {}, {}}, nullptr);
  EXPECT_EQ(answer.label, "b");
  EXPECT_NEAR(answer.value, std::exp(2.0) / (std::exp(2.0) + 2), 1e-15);
  EXPECT_EQ(answer.probabilities.size(), 3U);
  EXPECT_EQ(answer.value, answer.probabilities[1]);
}

}  // namespace
}  // namespace rondo::deploy
