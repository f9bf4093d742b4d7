// Sides of rows in a preparation: the twin, the gap, the champion, and the hash of feature cells.
#include <gtest/gtest.h>

#include "prepare/testing.h"

namespace rondo::prepare {
namespace {

using table::Side;
using table::Type;

Job hourly(std::size_t count) {
  return job_of(Grid().times(clock(count)).numbers("x", noise(count, 1))
                    .numbers("y", noise(count, 2)).table(), "y");
}

Job timeless(std::size_t count) {
  return job_of(Grid().numbers("x", noise(count, 1)).numbers("y", noise(count, 2)).table(), "y");
}

TEST(Rows, NewestPartTestsAndTheGapIsLeftOut) {
  Job job = hourly(1000);
  job.situation.gap = Span::hours(24);
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.test.size(), 200U);
  EXPECT_EQ(draft.train.size(), 777U);  // hours 0 to 776 = 800 - 24
  EXPECT_EQ(draft.matrix.rows, 1000U);  // the gap has a place in the matrix, but no side
  EXPECT_EQ(draft.split.side[780], Side::kNeither);
}

TEST(Rows, EveryUsableRowTrainsTheTwin) {
  for (Job job : {hourly(1000), timeless(1000)}) {
    job.situation.twin = true;
    job.situation.gap = Span::hours(24);
    const Draft draft = draft_of(job);
    EXPECT_EQ(draft.train.size(), 1000U);
    EXPECT_TRUE(draft.test.empty());
  }
}

TEST(Rows, WhatTheChampionSawDoesNotTest) {
  Job job = hourly(1000);
  job.situation.test_after = kStart + Span::hours(989);
  const Draft draft = draft_of(job);
  EXPECT_EQ(draft.test.size(), 10U);
  job.situation.test_after = kStart + Span::hours(999);
  Draft none;
  EXPECT_EQ(work(job, none),
            "no labelled row is newer than the champion's training (2011-02-11T15:00:00Z), so "
            "nothing can test a new model");
}

TEST(Rows, ATrainingPartThatTheGapSwallowsIsNamed) {
  Job job = hourly(60);
  job.situation.gap = Span::hours(40);
  Draft draft;
  EXPECT_EQ(work(job, draft),
            "only 9 rows are left to train on, and a model needs 20: 12 rows test, 39 lie in the "
            "gap of 40h before them");
}

TEST(Rows, SidesByHashSurviveNewRowsNewColumnsAndWiderTypes) {
  // Values around the place where the shortest form of a double becomes "1e+05".
  std::vector<std::int64_t> x, more;
  std::vector<double> wide;
  for (std::int64_t i = 0; i < 500; ++i) x.push_back(99'800 + i);
  more = x;
  for (std::int64_t i = 0; i < 500; ++i) more.push_back(-i - 1);
  wide.assign(more.begin(), more.end());
  const auto y = noise(1000, 2);
  std::vector<std::string> added(1000);
  for (std::size_t i = 500; i < 1000; ++i) added[i] = "new";
  Job before = job_of(Grid().integers("x", x)
                          .numbers("y", {y.begin(), y.begin() + 500}).table(), "y");
  Job after = job_of(Grid().column("added", Type::kCategory, added).numbers("x", wide)
                         .numbers("y", y).table(), "y");
  before.options.allow = after.options.allow = {"x"};
  const Draft a = draft_of(before), b = draft_of(after);
  for (std::size_t row = 0; row < 500; ++row) {
    EXPECT_EQ(a.split.side[row], b.split.side[row]) << row;
  }
  EXPECT_NEAR(static_cast<double>(a.test.size()), 100, 45);  // binomial, five standard deviations
}

TEST(Rows, CopiesStayTogetherButAFewDifferentRowsHaveTwoSides) {
  std::vector<std::int64_t> pairs, coarse;
  for (std::int64_t i = 0; i < 800; ++i) {
    pairs.push_back(i % 400);
    coarse.push_back(i % 2);
  }
  const Draft twice = draft_of(job_of(Grid().integers("x", pairs).numbers("y", noise(800, 2))
                                          .table(), "y"));
  for (std::size_t i = 0; i < 400; ++i) {
    EXPECT_EQ(twice.split.side[i], twice.split.side[i + 400]) << i;
  }
  const Draft few = draft_of(job_of(Grid().integers("x", coarse).numbers("y", noise(800, 2))
                                        .table(), "y"));
  // 100 crowds of eight: binomial with the standard deviation 4 crowds; five of them.
  EXPECT_NEAR(static_cast<double>(few.test.size()), 160, 160);
  EXPECT_GT(few.test.size(), 0U);
}

TEST(Rows, TheTargetDoesNotChooseTheSideAndEntitiesStayTogether) {
  Job job = timeless(400);
  Job other = job_of(Grid().numbers("x", noise(400, 1)).numbers("y", noise(400, 9)).table(), "y");
  EXPECT_EQ(draft_of(job).split.side, draft_of(other).split.side);
  std::vector<std::string> who;
  for (int i = 0; i < 400; ++i) who.push_back("person " + std::to_string(i % 40));
  Job people = job_of(job.rows.with({"who", Type::kCategory},
                                    Grid().column("who", Type::kCategory, who).table().shared(0)),
                      "y");
  people.situation.entity = {"who"};
  const Draft draft = draft_of(people);
  for (std::size_t i = 0; i < 400; ++i) EXPECT_EQ(draft.split.side[i], draft.split.side[i % 40]);
  people.situation.entity = {"whom"};
  Draft none;
  EXPECT_EQ(work(people, none), "the entity column \"whom\" is not in dataset d1");
}

}  // namespace
}  // namespace rondo::prepare
