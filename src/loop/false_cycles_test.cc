// What a cycle brought, by hand: trainings, the switches that they led to, and their gains.
#include "loop/false_cycles.h"

#include <gtest/gtest.h>

#include "loop/backtest.h"

namespace rondo::loop {
namespace {

Time day_at(double day) { return {static_cast<std::int64_t>(day * 86'400e6)}; }

InService in_service(double day, std::int64_t version, std::int64_t cycle, double before,
                     double cost) {
  InService one;
  one.from = day_at(day);
  one.version = version;
  one.cycle = cycle;
  one.first = version == 1;
  one.cost_before = before;
  one.cost = cost;
  return one;
}

/// Trainings on days 1 to 6 of cycles 1 to 6; the third brings nothing, the fourth a version that
/// is taken back by the first one, which no cycle made anew.
const std::vector<CycleBegun> kCycles = {{day_at(1), 1}, {day_at(2), 2}, {day_at(3), 3},
                                         {day_at(4), 4}, {day_at(5), 5}, {day_at(6), 6}};
const std::vector<InService> kServices = {
    in_service(1, 1, 1, 0, 50),   in_service(2.5, 2, 2, 40, 20), in_service(4, 3, 4, 10, 15),
    in_service(4.5, 2, 2, 5, 99), in_service(5, 4, 5, 30, 20)};

TEST(FalseCycles, GainsAreOfTheRowsThatTheVersionServed) {
  const std::vector<CycleGain> gains = gains_of(kCycles, kServices);
  ASSERT_EQ(gains.size(), 6u);
  EXPECT_EQ(gains[0].version, 1);
  EXPECT_FALSE(gains[0].gain) << "nothing answered before it";
  EXPECT_EQ(gains[1].version, 2);
  EXPECT_DOUBLE_EQ(*gains[1].gain, 20) << "of its first service, not of its return";
  EXPECT_EQ(gains[2].version, 0);
  EXPECT_FALSE(gains[2].gain);
  EXPECT_EQ(gains[3].version, 3);
  EXPECT_DOUBLE_EQ(*gains[3].gain, -5);
  EXPECT_DOUBLE_EQ(*gains[4].gain, 10);
  EXPECT_EQ(gains[5].version, 0) << "its version never served";
  EXPECT_EQ(gains[4].to_json(),
            (Json{{"began", to_text(day_at(5))}, {"version", 4}, {"gain", 10.0}}));
  EXPECT_EQ(gains[5].to_json(),
            (Json{{"began", to_text(day_at(6))}, {"version", nullptr}, {"gain", nullptr}}));
}

TEST(FalseCycles, AVersionThatProvesItselfLaterIsThatOfItsCycle) {
  // The version of cycle 1 takes over after cycle 2 began; that of cycle 2 before.
  const std::vector<InService> services = {in_service(0, 1, 0, 0, 1), in_service(3, 2, 1, 9, 1),
                                         in_service(4, 3, 2, 9, 2)};
  const auto places = led_to({{day_at(1), 1}, {day_at(2), 2}}, services);
  EXPECT_EQ(places, (std::vector<std::optional<std::size_t>>{1, 2}));
}

TEST(FalseCycles, OfSeveralTrainingsOfACycleTheLastHasTheVersion) {
  const std::vector<InService> services = {in_service(0, 1, 0, 0, 1), in_service(3, 2, 1, 9, 1)};
  const auto places = led_to({{day_at(1), 1}, {day_at(2), 1}}, services);
  EXPECT_EQ(places, (std::vector<std::optional<std::size_t>>{std::nullopt, 1}));
}

TEST(FalseCycles, ACycleThatSavedItsPriceIsNone) {
  const auto count = [](double price) {
    const BacktestResult none = compared({{"own", ReplayResult()}});
    BacktestResult result = none;
    const Prices prices{1, price};
    add_false_cycles(result, 0, gains_of(kCycles, kServices), prices);
    EXPECT_EQ(result.json["policies"][0]["cycle_gains"].size(), 6u);
    return result.json["policies"][0]["false_cycles"].get<int>();
  };
  EXPECT_EQ(count(0), 3) << "two without a version, one that was worse";
  EXPECT_EQ(count(10), 3) << "what saves its price exactly is none";
  EXPECT_EQ(count(10.5), 4);
  EXPECT_EQ(count(1e6), 5) << "the first model is never false";
}

}  // namespace
}  // namespace rondo::loop
