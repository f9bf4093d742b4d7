// Planted changes: other rows come, or the same rows are answered worse.
#include "monitor/risk_change.h"

#include <gtest/gtest.h>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

/// Half of the rows have x <= 0 and lose .1, half lose .3.
model::Reference halves() {
  model::Reference reference;
  model::ColumnReference x;
  x.name = "x";
  reference.columns = {x};
  model::RiskTree::Node root, low, high;
  root.column = "x";
  root.left = 1;
  root.right = 2;
  low.share = high.share = 0.5;
  low.risk = 0.1;
  high.risk = 0.3;
  reference.tree.nodes = {root, low, high};
  reference.tree.rows = 1'000;
  return reference;
}

class HalvesByDay {
 public:
  explicit HalvesByDay(const model::Reference& reference, std::uint64_t seed = 1)
      : change(reference), chance_(Seed{seed}) {}
  /// A day of 1,000 rows, `high` of them beyond 0, whose risks are these.
  void day(double high, double risk_low, double risk_high) {
    const Time from{(20'000 + day_) * Span::days(1).us};
    for (int i = 0; i < 1'000; ++i) {
      const bool beyond = chance_.uniform() < high;
      Judged row;
      row.cells = {number(beyond ? 1 : -1)};
      change.add(row, chance_.uniform() < (beyond ? risk_high : risk_low) ? 1 : 0);
    }
    change.close({from, from + Span::days(1)});
    ++day_;
  }
  Time begun(std::int64_t day) const { return {(20'000 + day) * Span::days(1).us}; }
  RiskChange change;

 private:
  Chance chance_;
  std::int64_t day_ = 0;
};

TEST(RiskChange, MixAndConceptComeOutAsPlanted) {
  const model::Reference reference = halves();
  struct Row {
    double high, risk_low, risk_high, concept_share;
  };
  // Risk .2 before. Mix: (P - .5)(.3 - .1); concept: the rest.
  const Row rows[] = {
      {0.9, 0.1, 0.3, 0},                     // .28, all of it mix
      {0.5, 0.2, 0.4, 1},                     // .30, all of it concept
      {0.8, 0.1, 0.4, 0.08 / (0.06 + 0.08)},  // mix .06, concept .8 x .1
  };
  for (const Row& row : rows) {
    HalvesByDay days(reference);
    for (int day = 0; day < 10; ++day) days.day(0.5, 0.1, 0.3);
    for (int day = 0; day < 20; ++day) days.day(row.high, row.risk_low, row.risk_high);
    const Json cause = days.change.cause(days.begun(10));
    EXPECT_NEAR(cause.at("concept").get<double>(), row.concept_share, 0.1) << cause.dump();
    EXPECT_DOUBLE_EQ(cause.at("concept").get<double>() + cause.at("mix").get<double>(), 1);
    EXPECT_EQ(cause.at("rows"), 20'000);
    EXPECT_LT(cause.at("error").get<double>(), 0.15);
  }
}

TEST(RiskChange, WhatDidNotRiseHasNoCause) {
  const model::Reference reference = halves();
  HalvesByDay days(reference);
  EXPECT_TRUE(days.change.cause(kBeginningOfTime).is_null()) << "nothing was judged";
  for (int day = 0; day < 6; ++day) days.day(0.5, 0.05, 0.2);
  EXPECT_TRUE(days.change.cause(kBeginningOfTime).is_null()) << "it fell";
  const model::Reference none;
  RiskChange without(none);
  without.add({}, 1);
  without.close({days.begun(0), days.begun(1)});
  EXPECT_TRUE(without.cause(kBeginningOfTime).is_null());
  EXPECT_TRUE(without.state().is_null());
}

TEST(RiskChange, ARestartChangesNothing) {
  const model::Reference reference = halves();
  HalvesByDay whole(reference, 3), part(reference, 3);
  for (int day = 0; day < 70; ++day) {
    RiskChange again(reference);
    ASSERT_TRUE(again.read(part.change.state()));
    ASSERT_EQ(again.state(), part.change.state());
    whole.day(0.7, 0.1, 0.4);
    part.day(0.7, 0.1, 0.4);
  }
  RiskChange again(reference);
  ASSERT_TRUE(again.read(part.change.state()));
  EXPECT_EQ(again.cause(whole.begun(40)), whole.change.cause(whole.begun(40)));
  EXPECT_EQ(again.state().at("windows").size(), 60U);
  Json wrong = again.state();
  wrong["windows"][3][2].erase(0);
  EXPECT_FALSE(again.read(wrong));
}

TEST(RiskChange, ASentenceSaysIt) {
  EXPECT_EQ(cause_text({{"concept", 0.834}, {"mix", 0.166}, {"error", 0.09}, {"rows", 1}}),
            "83 % (+-9) concept, 17 % mix");
  EXPECT_EQ(cause_text({{"concept", 0.0}, {"mix", 1.0}, {"error", nullptr},
                        {"columns", {"a", "b"}}}),
            "0 % concept, 100 % mix; columns that moved: a, b");
  EXPECT_EQ(cause_text(Json::object()), "");
}

}  // namespace
}  // namespace rondo::monitor
