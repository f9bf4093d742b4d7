// A model whose test proved next to nothing is held against what it did while it served.
#include "monitor/live_bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/seed.h"
#include "monitor/watcher.h"
#include "stats/intervals.h"

namespace rondo::monitor {
namespace {

constexpr double kMean = 0.075, kSpread = 0.035;  // of days of bikes without holidays

Options strict() {
  Options options;
  options.tolerance = 0;
  return options;
}

/// Proved on the test: three times the mean.
std::shared_ptr<model::Reference> of_few_days() {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.counts.assign(5, 0);
  reference->has_clock = true;
  reference->test_risk = reference->risk_bound = 3 * kMean;
  return reference;
}

/// A day in which each row loses the same, `times` what is usual.
Cohort lost_on(std::int64_t day, Chance& chance, double times = 1) {
  const Time from = parse_time("2000-01-01").value() + Span::days(day);
  const double loss = times * std::clamp(kMean + kSpread * chance.normal(), 0.005, 0.3);
  Cohort cohort{1, from, from + Span::days(1), {}};
  for (int hour = 0; hour < 24; ++hour) {
    Judged row;
    row.time = from + Span::hours(hour);
    row.label = std::min(1.0, loss);
    cohort.rows.push_back(std::move(row));
  }
  return cohort;
}

TEST(LiveBound, AnErrorThatDoublesIsTold) {
  constexpr std::int64_t kChange = 120, kWithin = 45;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) {
    const auto reference = of_few_days();
    Watcher watcher(strict(), reference, 1);
    Chance chance{Seed{seed}};
    std::int64_t told = -1;
    for (std::int64_t day = 0; day < kChange + kWithin && told < 0; ++day) {
      const auto signals = watcher.judge(lost_on(day, chance, day < kChange ? 1 : 2));
      const Json said = watcher.summary();
      if (day == 26) {
        EXPECT_EQ(said.at("bound_of"), "test");
      }
      if (day == 30) {
        EXPECT_EQ(said.at("bound_of"), "days served");
        EXPECT_LT(said.at("risk_bound").get<double>(), 2 * kMean);
        EXPECT_GT(said.at("risk_bound").get<double>(), kMean);
        Watcher back = *Watcher::restore(strict(), reference, watcher.state());
        EXPECT_EQ(back.state(), watcher.state());
        watcher = std::move(back);
      }
      if (signals.empty() || !signals[0].open) continue;
      EXPECT_GE(day, kChange);
      EXPECT_NE(signals[0].sentence.find("bound by the days that it served"), std::string::npos)
          << signals[0].sentence;
      told = day;
    }
    found += told >= 0 ? 1 : 0;
  }
  EXPECT_GE(found, 8);
}

TEST(LiveBound, AlarmsStayBelowTheStatedNumber) {
  const int years = std::getenv("RONDO_FULL") != nullptr ? 1000 : 60;
  std::uint64_t alarms = 0;
  for (int life = 0; life < years / 2; ++life) {
    Watcher watcher(strict(), of_few_days(), 1);
    Chance chance{Seed{static_cast<std::uint64_t>(life) + 1}};
    for (std::int64_t day = 0; day < 730; ++day) {
      for (const Signal& signal : watcher.judge(lost_on(day, chance))) {
        alarms += signal.kind == "risk" && signal.open ? 1U : 0U;
      }
    }
  }
  EXPECT_LE(stats::poisson_upper(alarms, 0.05) / years, 0.5) << alarms << " in " << years;
}

TEST(LiveBound, LooksAreFewAndABoundThatIsLittleCloserIsNotTaken) {
  LiveBound live;
  for (int day = 1; day <= 500; ++day) {
    live.add(day % 2 == 0 ? 0.1 : 0.12);
    const bool looks = day == 28 || day == 56 || day == 112 || day == 224 || day == 448;
    EXPECT_EQ(live.look(1).has_value(), looks) << day;
    EXPECT_FALSE(live.look(0.13)) << day;
  }
  LiveBound back;
  ASSERT_TRUE(back.read(live.state()));
  EXPECT_EQ(back.state(), live.state());
  EXPECT_FALSE(back.read(Json::array()));
  EXPECT_TRUE(back.read(nullptr)) << "a watcher of before had none";
}

}  // namespace
}  // namespace rondo::monitor
