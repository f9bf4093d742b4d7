// Fairness by hand: three groups with chosen counts, Fairlearn's definitions, groups that are too
// small to be judged.
#include "evaluate/fairness.h"

#include <gtest/gtest.h>

namespace rondo::evaluate {
namespace {

/// Rows of a group: positives and negatives, and how many of each are answered positive.
struct Counts {
  int positives = 0, hits = 0, negatives = 0, alarms = 0;
};

struct People {
  std::vector<std::uint8_t> positive, answered;
  std::vector<std::uint32_t> group;
  std::vector<std::string> names;
  explicit People(const std::vector<Counts>& groups) {
    for (const Counts& counts : groups) {
      const auto number = static_cast<std::uint32_t>(names.size());
      names.push_back(std::string(1, static_cast<char>('a' + number)));
      for (int i = 0; i < counts.positives + counts.negatives; ++i) {
        const bool is_positive = i < counts.positives;
        positive.push_back(is_positive ? 1 : 0);
        answered.push_back(
            (is_positive ? i < counts.hits : i - counts.positives < counts.alarms) ? 1 : 0);
        group.push_back(number);
      }
    }
  }
  Fairness fairness() const { return fairness_of({positive, answered, group, names}, 0.95); }
};

// Selected 18/60, 21/60, 9/60; of positives 12/20, 15/20, 6/10; of negatives 6/40, 6/40, 3/50.
TEST(Fairness, SixFiguresByHand) {
  const Fairness fairness =
      People({{20, 12, 40, 6}, {20, 15, 40, 6}, {10, 6, 50, 3}}).fairness();
  EXPECT_NEAR(fairness.demographic_parity->difference, 0.35 - 0.15, 1e-12);
  EXPECT_NEAR(fairness.demographic_parity->ratio, 0.15 / 0.35, 1e-12);
  EXPECT_NEAR(fairness.equal_opportunity->difference, 0.75 - 0.6, 1e-12);
  EXPECT_NEAR(fairness.equal_opportunity->ratio, 0.6 / 0.75, 1e-12);
  // Of the false positive rate: .15 - .06 and .06 / .15. The worse of both is taken for each.
  EXPECT_NEAR(fairness.equalized_odds->difference, 0.15, 1e-12);
  EXPECT_NEAR(fairness.equalized_odds->ratio, 0.4, 1e-12);
  EXPECT_EQ(fairness.reason, "");
}

TEST(Fairness, OddsLookAtFalsePositivesToo) {
  const Fairness fairness = People({{20, 12, 20, 2}, {20, 12, 20, 16}}).fairness();
  EXPECT_EQ(fairness.equal_opportunity->difference, 0);
  EXPECT_EQ(fairness.equal_opportunity->ratio, 1);
  EXPECT_NEAR(fairness.equalized_odds->difference, 0.7, 1e-12);
  EXPECT_NEAR(fairness.equalized_odds->ratio, 0.125, 1e-12);
}

TEST(Fairness, EachGroupHasItsRatesWithIntervals) {
  const Fairness fairness = People({{20, 12, 40, 6}, {5, 5, 5, 0}}).fairness();
  ASSERT_EQ(fairness.groups.size(), 2U);
  const GroupRates& first = fairness.groups[0];
  EXPECT_EQ(first.name, "a");
  EXPECT_EQ(first.rows, 60U);
  EXPECT_EQ(first.selected.share.hits, 18U);
  EXPECT_EQ(first.true_positive.share.rows, 20U);
  EXPECT_EQ(first.false_positive.share.rows, 40U);
  const stats::Bounds expected = stats::wilson({12, 20}, 0.95);
  EXPECT_EQ(first.true_positive.bounds.low, expected.low);
  EXPECT_EQ(first.true_positive.bounds.high, expected.high);
}

TEST(Fairness, SmallGroupsAreShownButNotJudged) {
  // 29 rows, all answered positive: they would be the extreme of every figure.
  const Fairness small = People({{20, 12, 40, 6}, {20, 14, 40, 6}, {14, 14, 15, 15}}).fairness();
  ASSERT_EQ(small.groups.size(), 3U);
  EXPECT_FALSE(small.groups[2].judged);
  EXPECT_NEAR(small.equalized_odds->difference, 0.1, 1e-12);
  const Fairness enough = People({{20, 12, 40, 6}, {20, 14, 40, 6}, {15, 15, 15, 15}}).fairness();
  EXPECT_TRUE(enough.groups[2].judged);
  EXPECT_NEAR(enough.equalized_odds->difference, 0.85, 1e-12);
  const Fairness one = People({{20, 12, 40, 6}, {14, 14, 15, 15}}).fairness();
  EXPECT_FALSE(one.demographic_parity);
  EXPECT_EQ(one.reason, "not judged: 1 of 2 groups have 30 rows or more, two are needed");
}

TEST(Fairness, ARateThatAGroupDoesNotHaveIsLeftOut) {
  const Fairness fairness = People({{20, 12, 40, 6}, {0, 0, 40, 6}}).fairness();
  EXPECT_TRUE(fairness.demographic_parity);
  EXPECT_FALSE(fairness.equal_opportunity);
  EXPECT_FALSE(fairness.equalized_odds);
  EXPECT_NE(fairness.reason.find("odds"), std::string::npos);
  EXPECT_EQ(People({{20, 0, 20, 0}, {20, 0, 20, 0}}).fairness().demographic_parity->ratio, 1);
}

}  // namespace
}  // namespace rondo::evaluate
