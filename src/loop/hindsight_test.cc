// The best possible: a path cannot be cheaper than the cheapest of all of them, tried one by one.
#include "loop/hindsight.h"

#include <gtest/gtest.h>

#include "base/seed.h"
#include "loop/backtest.h"

namespace rondo::loop {
namespace {

constexpr int kDays = 12;

Time at(double day) { return {static_cast<std::int64_t>(day * 86'400e6)}; }

/// A policy that lost this on each of the common days, a row a day, with cycles on these.
ReplayResult constant(double loss, const std::vector<int>& cycles) {
  ReplayResult lived;
  lived.metric = "mae";
  for (int day = 0; day < kDays; ++day) lived.days.push_back({at(day), 1, loss, 0, 0});
  for (const int day : cycles) lived.cycle_times.push_back(at(day));
  lived.cycles = static_cast<std::int64_t>(cycles.size());
  return lived;
}

std::vector<GridModel> by_chance(std::uint64_t seed, std::size_t models) {
  Chance chance(Seed{seed});
  std::vector<GridModel> grid;
  for (std::size_t k = 0; k < models; ++k) {
    GridModel& model = grid.emplace_back();
    model.from = at(2.0 * static_cast<double>(k) - 1 + (k % 3 == 2 ? 0.25 : 0));
    for (int day = 0; day < kDays; ++day) model.losses.push_back(10 * chance.uniform());
  }
  return grid;
}

/// Of one set of models, by the words of the rule; infinite if no model answers the first day.
double cost_of_set(const std::vector<GridModel>& grid, std::uint32_t set, const Prices& prices) {
  double cost = 0;
  for (int day = 0; day < kDays; ++day) {
    const GridModel* newest = nullptr;
    for (std::size_t k = 0; k < grid.size(); ++k) {
      if ((set >> k & 1U) != 0 && grid[k].from <= at(day)) newest = &grid[k];
    }
    if (newest == nullptr) return INFINITY;
    cost += prices.cost_per_error * newest->losses[static_cast<std::size_t>(day)];
  }
  for (std::size_t k = 0; k < grid.size(); ++k) {
    if ((set >> k & 1U) != 0 && grid[k].from >= at(0)) cost += prices.cost_of_cycle;
  }
  return cost;
}

TEST(Hindsight, NoScheduleIsCheaper) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Prices prices{seed % 2 == 0 ? 1.0 : 0.5, static_cast<double>(seed % 5) * 3};
    const std::vector<GridModel> grid = by_chance(seed, 6);
    const BacktestResult result = compared({{"own", constant(1e6, {})}});
    double least = INFINITY;
    for (std::uint32_t set = 1; set < 64; ++set) {
      least = std::min(least, cost_of_set(grid, set, prices));
    }
    std::uint32_t chosen = 0;
    for (const std::size_t k : cheapest_schedule(grid, result, prices)) chosen |= 1U << k;
    EXPECT_NEAR(cost_of_set(grid, chosen, prices), least, 1e-9) << seed;
  }
}

/// What a policy costs that had the models of this set, each from its first whole day on.
TEST(Hindsight, NoPolicyThatActsAtItsCheckpointsIsCheaper) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Prices prices{1, static_cast<double>(seed % 5) * 3};
    const std::vector<GridModel> grid = by_chance(seed, 6);
    std::vector<std::pair<std::string, ReplayResult>> policies;
    for (std::uint32_t set = 1; set < 64; ++set) {
      if ((set & 1U) == 0) continue;  // the first model alone is there on the first day
      ReplayResult lived = constant(0, {});
      for (std::size_t k = 0; k < grid.size(); ++k) {
        if ((set >> k & 1U) == 0) continue;
        lived.cycle_times.push_back(grid[k].from);
        for (std::size_t d = 0; d < lived.days.size(); ++d) {
          if (lived.days[d].day >= grid[k].from) lived.days[d].loss = grid[k].losses[d];
        }
      }
      policies.emplace_back(std::to_string(set), std::move(lived));
    }
    BacktestResult result = compared(std::move(policies));
    add_best(result, grid, "cron:2d", prices);
    const Json& best = result.json["best_possible"];
    double least = INFINITY;
    for (const Json& one : result.json["policies"]) {
      least = std::min(least, one["cost"].get<double>());
      EXPECT_GE(one["cost"].get<double>(), best["grid"]["cost"].get<double>() - 1e-9) << seed;
    }
    EXPECT_NEAR(least, best["grid"]["cost"].get<double>(), 1e-9) << "the schedule is one of them";
  }
}

TEST(Hindsight, CyclesThatCostMoreAreFewer) {
  const std::vector<GridModel> grid = by_chance(7, 6);
  const BacktestResult result = compared({{"own", constant(1e6, {})}});
  EXPECT_GT(cheapest_schedule(grid, result, {1, 0}).size(), 1u);
  EXPECT_EQ(cheapest_schedule(grid, result, {1, 1e6}), (std::vector<std::size_t>{0}));
}

TEST(Hindsight, EachPolicyIsToldHowFarItStayed) {
  BacktestResult result = compared({{"idle", constant(8, {})}, {"busy", constant(4, {0, 6})}});
  const std::vector<GridModel> grid = {{at(-1), std::vector<double>(kDays, 5)},
                                       {at(6), std::vector<double>(kDays, 1)}};
  add_best(result, grid, "cron:7d", {2, 10});
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.best->of, "");
  EXPECT_DOUBLE_EQ(result.best->cost, 2 * (6 * 5 + 6 * 1) + 10);  // 82
  EXPECT_DOUBLE_EQ(result.json["policies"][0]["cost"], 2 * 12 * 8);
  EXPECT_DOUBLE_EQ(result.json["policies"][0]["regret"], 2 * 12 * 8 - 82);
  EXPECT_DOUBLE_EQ(result.json["policies"][1]["cost"], 2 * 12 * 4 + 20);
  EXPECT_DOUBLE_EQ(result.json["policies"][1]["regret"], 116 - 82);
  const Json& best = result.json["best_possible"];
  EXPECT_DOUBLE_EQ(best["value"], 3);
  EXPECT_EQ(best["cycles"], 2);
  EXPECT_EQ(best["cycle_times"], (Json{to_text(at(-1)), to_text(at(6))}));
  EXPECT_EQ(best["grid"], (Json{{"policy", "cron:7d"}, {"candidates", 2}, {"cost", 82.0}}));
  EXPECT_DOUBLE_EQ(result.json["policies"][0]["cost_ratio"], 192.0 / 82);
  EXPECT_DOUBLE_EQ(result.json["policies"][1]["cost_ratio"], 116.0 / 82);
}

TEST(Hindsight, APolicyOffTheGridMayBeTheBestPossible) {
  BacktestResult result = compared({{"idle", constant(8, {})}, {"lucky", constant(1, {3})}});
  const std::vector<GridModel> grid = {{at(0), std::vector<double>(kDays, 5)}};
  add_best(result, grid, "cron:7d", {1, 2});
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.best->of, "lucky");
  EXPECT_DOUBLE_EQ(result.best->cost, 12 + 2);
  EXPECT_DOUBLE_EQ(result.json["policies"][1]["regret"], 0);
  EXPECT_EQ(result.json["best_possible"]["policy"], "lucky");
  EXPECT_DOUBLE_EQ(result.json["best_possible"]["grid"]["cost"], 12 * 5 + 2);
  EXPECT_DOUBLE_EQ(result.json["policies"][1]["cost_ratio"], 1);
}

TEST(Hindsight, NothingIsTimesNothing) {
  BacktestResult result = compared({{"idle", constant(8, {})}});
  add_best(result, std::vector<GridModel>{{at(-1), std::vector<double>(kDays, 0)}}, "cron:7d", {});
  ASSERT_TRUE(result.best);
  EXPECT_TRUE(result.json["policies"][0]["cost_ratio"].is_null());
}

TEST(Hindsight, WithoutAModelForTheFirstDayThereIsNone) {
  BacktestResult result = compared({{"idle", constant(8, {})}});
  add_best(result, std::vector<GridModel>{{at(1), std::vector<double>(kDays, 0)}}, "cron:7d", {});
  EXPECT_FALSE(result.best);
  EXPECT_FALSE(result.json.contains("best_possible"));
}

TEST(Hindsight, TheGridIsTheFinestCrontabOrFiftyTwoCycles) {
  std::vector<ReplayDay> days = constant(1, {}).days;
  EXPECT_EQ(grid_policy({"own", "cron:7d", "cron:36h", "schedule:1d"}, days), "cron:36h");
  EXPECT_EQ(grid_policy({"own"}, days), "cron:7d");
  days.push_back({at(52 * 7), 1, 1, 0, 0});  // a day more than 52 weeks
  EXPECT_EQ(grid_policy({"own"}, days), "cron:8d");
}

}  // namespace
}  // namespace rondo::loop
