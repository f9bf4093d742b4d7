// Prepared data and candidates come back as they were, and not at all when their parts disagree.
#include "model/prepared.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::model {
namespace {

Prepared example() {
  Prepared p;
  p.task = Task::kBinary;
  p.target = "late";
  p.classes = {"no", "yes"};
  table::Schema inputs;
  inputs.fields = {{"hour", table::Type::kInteger}, {"temp", table::Type::kNumber}};
  Step hour, temp;
  hour.feature = "hour";
  hour.input = 0;
  temp.feature = "temp";
  temp.input = 1;
  p.transform = Transform(inputs, {hour, temp}, {});
  p.features = {3, 2, {1, 2, 3, std::nan(""), 5, 6}};
  p.label = {0, 1, 1};
  p.time = {Time{10}, Time{20}, Time{30}};
  p.source_row = {4, 5, 9};
  p.side = {table::Side::kTrain, table::Side::kNeither, table::Side::kTest};
  p.by_time = true;
  p.train_until = Time{15};
  p.test_from = Time{25};
  p.test_until = Time{31};
  p.label_until = Time{30};
  p.last_value = {std::nan(""), 0, 1};
  p.season = Span::hours(24);
  p.findings = {{{"column", "id"}, {"why", "an identifier"}}};
  return p;
}

TEST(Prepared, ComesBackAsItWas) {
  Prepared want = example();
  want.group = {~std::uint64_t{0}, 0, 7};
  const auto bytes = want.encode();
  ASSERT_TRUE(bytes) << bytes.error().text();
  const auto got = Prepared::decode(*bytes);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->task, want.task);
  EXPECT_EQ(got->classes, want.classes);
  EXPECT_EQ(got->transform.feature_names(), want.transform.feature_names());
  EXPECT_EQ(got->features.row(1)[0], 3);
  EXPECT_TRUE(std::isnan(got->features.row(1)[1]));
  EXPECT_EQ(got->label, want.label);
  EXPECT_EQ(got->time, want.time);
  EXPECT_EQ(got->source_row, want.source_row);
  EXPECT_EQ(got->side, want.side);
  EXPECT_EQ(got->group, want.group);
  EXPECT_EQ(got->test_until, want.test_until);
  EXPECT_EQ(got->season, want.season);
  EXPECT_TRUE(got->season_value.empty());
  EXPECT_EQ(got->findings, want.findings);
  EXPECT_EQ(got->encode().value(), *bytes);
}

TEST(Prepared, PartsThatDisagreeAreRefused) {
  const auto refused = [](const auto& change) {
    Prepared p = example();
    change(p);
    return !p.encode();
  };
  EXPECT_TRUE(refused([](Prepared& p) { p.label.pop_back(); }));
  EXPECT_TRUE(refused([](Prepared& p) { p.side.pop_back(); }));
  EXPECT_TRUE(refused([](Prepared& p) { p.time.pop_back(); }));
  EXPECT_TRUE(refused([](Prepared& p) { p.last_value.pop_back(); }));
  EXPECT_TRUE(refused([](Prepared& p) { p.features.values.pop_back(); }));
  EXPECT_TRUE(refused([](Prepared& p) { p.features.columns = 3; }));
  EXPECT_TRUE(refused([](Prepared& p) { p.label[0] = 2; }));
  EXPECT_TRUE(refused([](Prepared& p) { p.label[0] = 0.5; }));
  EXPECT_TRUE(refused([](Prepared& p) { p.label[0] = std::nan(""); }));
  EXPECT_FALSE(refused([](Prepared& p) { p.time.clear(); }));
}

TEST(Prepared, CandidatesComeBackAndAreNotTakenForPreparedData) {
  Candidate want;
  want.options = {{"learner", "trees"}};
  want.forest = std::string("\0\1\2", 3);
  want.forest_digest = "ab";
  want.rounds = 17;
  want.test_scores = {0.25, 0.5};
  want.held_rows = {3, 1};
  want.held_answers = {0.75, 0.125};
  const std::string bytes = want.encode().value();
  const auto got = Candidate::decode(bytes);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->options, want.options);
  EXPECT_EQ(got->forest, want.forest);
  EXPECT_EQ(got->forest_digest, want.forest_digest);
  EXPECT_EQ(got->rounds, want.rounds);
  EXPECT_EQ(got->test_scores, want.test_scores);
  EXPECT_EQ(got->held_rows, want.held_rows);
  EXPECT_EQ(got->held_answers, want.held_answers);
  Candidate older = want;
  older.held_rows.clear();
  EXPECT_TRUE(Candidate::decode(older.encode().value())->held_answers.empty());
  EXPECT_FALSE(Prepared::decode(bytes));
  EXPECT_FALSE(Candidate::decode(example().encode().value()));
}

TEST(Prepared, TasksHaveNames) {
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass}) {
    EXPECT_EQ(task_from(name_of(task)).value(), task);
  }
  EXPECT_FALSE(task_from("ranking"));
}

}  // namespace
}  // namespace rondo::model
