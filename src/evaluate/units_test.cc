// Rows of one group are drawn together, so that intervals are as wide as the groups make them.
#include "evaluate/units.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/bound.h"
#include "evaluate/compare.h"

namespace rondo::evaluate {
namespace {

/// Groups of ten rows, in no order; the errors of a group have a part in common, of variance .5
/// beside .5 of each row's own.
struct Grouped {
  Truth truth{model::Task::kRegression, 0, {}, {}};
  Answers answers;

  Grouped(int groups, Seed seed) {
    Chance chance(seed);
    std::vector<double> common;
    for (int g = 0; g < groups; ++g) common.push_back(chance.normal());
    for (int i = 0; i < 10 * groups; ++i) {
      truth.group.push_back(1'000 - i % groups);
      truth.label.push_back(0);
      const double error = common[static_cast<std::size_t>(i % groups)] + chance.normal();
      answers.push_back(10 + std::sqrt(0.5) * error);
    }
  }
};

TEST(Units, GroupsStandInTheOrderOfTheirFirstRow) {
  Truth truth{model::Task::kRegression, 0, {0, 0, 0, 0}, {}};
  truth.group = {7, -3, 7, 5};
  const Units units = units_of(truth);
  EXPECT_EQ(units.of_row, (std::vector<std::uint32_t>{0, 1, 0, 2}));
  EXPECT_EQ(units.count, 3U);
  EXPECT_TRUE(units.stratum.empty());
  EXPECT_EQ(mixed_units_of(truth).of_row, units.of_row);
}

// The mean of 400 rows of 40 groups: its variance is .5/40 + .5/400, not 1/400, so an interval
// by rows holds 10 in Phi(1.96 sqrt(1/5.5)) = 60 % of the time. 93 to 97 % are promised over 1,000
// draws; of 300 the binomial's 99 % is 2.5 % wider.
TEST(Units, IntervalsHoldTheirLevelUnderGroups) {
  int by_groups = 0, by_rows = 0;
  for (std::uint64_t run = 1; run <= 300; ++run) {
    Grouped data(40, Seed{run});
    const auto holds = [&] {
      const Interval found = measure(Metric::kMae, data.truth, data.answers, 0.95, Seed{run});
      return found.low <= 10 && 10 <= found.high ? 1 : 0;
    };
    by_groups += holds();
    data.truth.group.clear();
    by_rows += holds();
  }
  EXPECT_GE(by_groups, 300 * 0.93 - 8);
  EXPECT_LE(by_groups, 300 * 0.97 + 8);
  EXPECT_LE(by_rows, 300 * 0.75);
}

double absolute_bound(const Grouped& data) {
  const auto rule = watched_rule("absolute", Options{}, data.truth, data.answers).value();
  return risk_bound(data.truth, data.answers, rule).risk_bound;
}

TEST(Units, ComparisonsAndBoundsKnowGroups) {
  Grouped data(40, Seed{1});
  const Answers rival(data.answers.size(), 10);
  const Paired by_groups = compare(Metric::kMae, data.truth, data.answers, rival, 0.025, Seed{1});
  const double bound = absolute_bound(data);
  data.truth.group.clear();
  const Paired by_rows = compare(Metric::kMae, data.truth, data.answers, rival, 0.025, Seed{1});
  EXPECT_NEAR(by_groups.gain.value, by_rows.gain.value, 1e-12);
  // sqrt(5.5) = 2.3 is what is expected of many groups.
  EXPECT_GT(by_groups.standard_error, 1.6 * by_rows.standard_error);
  EXPECT_GT(bound, absolute_bound(data));
}

}  // namespace
}  // namespace rondo::evaluate
