// Columns that go together otherwise, through the watcher: told once with the pair that it is,
// ended, silent where the columns tell it by themselves, and the same after a restart.
#include "monitor/together.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

using Told = std::vector<std::string>;
const Time kStart = parse_time("2020-03-02").value();
constexpr int kRowsADay = 200;  // a day

/// x and y correlate by rho, kind follows x; z is by itself.
struct Weather {
  double rho = 0.8, shift = 0;
  Chance chance{Seed{11}};
  struct Row {
    double x = 0, y = 0, z = 0;
    const char* kind = "mild";
  };
  Row row() {
    Row out;
    out.x = chance.normal();
    out.y = rho * out.x + std::sqrt(1 - rho * rho) * chance.normal();
    out.z = chance.normal() + shift;
    out.kind = out.x < -0.7 ? "cold" : out.x > 0.7 ? "hot" : "mild";
    return out;
  }
  std::shared_ptr<model::Reference> reference(int days, bool clock = true) {
    using table::Type;
    table::ColumnBuilder x(Type::kNumber), y(Type::kNumber), z(Type::kNumber), kind(Type::kText);
    table::ColumnBuilder target(Type::kNumber);
    std::vector<Time> times;
    for (int i = 0; i < days * kRowsADay; ++i) {
      const Row one = row();
      x.number(one.x);
      y.number(one.y);
      z.number(one.z);
      kind.text(one.kind);
      target.number(one.x + one.y);
      if (clock) times.push_back(kStart + Span::seconds(86'400LL * i / kRowsADay));
    }
    const table::Table rows({{{"x", Type::kNumber}, {"y", Type::kNumber}, {"z", Type::kNumber},
                              {"kind", Type::kText}, {"cnt", Type::kNumber}}},
                            {x.finish(), y.finish(), z.finish(), kind.finish(), target.finish()});
    const std::string inputs[] = {"x", "y", "z", "kind"};
    return std::make_shared<model::Reference>(model::freeze(rows, inputs, "cnt", times));
  }
  Cohort day(int day) {
    const Time from = kStart + Span::days(day);
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (int i = 0; i < kRowsADay; ++i) {
      const Row one = row();
      Judged judged;
      judged.time = from + Span::seconds(86'400LL * i / kRowsADay);
      judged.cells = {number(one.x), number(one.y), number(one.z), text(one.kind)};
      cohort.rows.push_back(std::move(judged));
    }
    return cohort;
  }
};

struct Lived {
  Told told;
  std::vector<Signal> signals;
  std::optional<int> first;            // day of the first signal about all columns together
};

Lived live(Weather& weather, Watcher& watcher, int from, int until) {
  Lived lived;
  for (int day = from; day < until; ++day) {
    for (Signal& signal : watcher.inputs(weather.day(day))) {
      if (signal.subject == kTogether && !lived.first) lived.first = day;
      lived.told.push_back(told({signal})[0]);
      lived.signals.push_back(std::move(signal));
    }
  }
  return lived;
}

TEST(Together, ABrokenPairIsToldOnceAndEnds) {
  for (const bool clock : {true, false}) {
    Weather weather;
    Watcher watcher({}, weather.reference(60, clock), 1);
    EXPECT_EQ(live(weather, watcher, 60, 120).told, Told{}) << "nothing changed";
    weather.rho = -0.8;
    const Lived broken = live(weather, watcher, 120, 180);
    ASSERT_EQ(broken.told, Told{"+drift (columns together)"}) << "clock " << clock;
    EXPECT_LE(*broken.first - 120, clock ? 35 : 10);
    const Signal& signal = broken.signals[0];
    EXPECT_NE(signal.sentence.find("x and y go together otherwise"), std::string::npos)
        << signal.sentence;
    EXPECT_GE(signal.since, kStart + Span::days(115));
    EXPECT_NEAR(signal.false_alarms_per_year, 0.4, 1e-12);
    EXPECT_EQ(watcher.summary().at("together").at("columns"), 4);
    weather.rho = 0.8;
    EXPECT_EQ(live(weather, watcher, 180, 300).told, Told{"-drift (columns together)"});
  }
}

TEST(Together, WhatAColumnTellsByItselfIsNotToldTwice) {
  Weather weather;
  Watcher watcher({}, weather.reference(60), 1);
  weather.shift = 1;
  EXPECT_EQ(live(weather, watcher, 60, 160).told, Told{"+drift z"});
}

TEST(Together, ARestartChangesNothing) {
  Weather weather;
  const auto reference = weather.reference(60);
  Watcher steady({}, reference, 1);
  Weather same = weather;
  weather.rho = same.rho = -0.8;
  Watcher killed({}, reference, 1);
  const Lived one = live(weather, steady, 60, 110);
  Told two;
  for (int day = 60; day < 110; ++day) {
    for (const Signal& signal : killed.inputs(same.day(day))) two.push_back(told({signal})[0]);
    killed = Watcher::restore({}, reference, Json::parse(killed.state().dump())).value();
  }
  EXPECT_EQ(one.told, two);
  EXPECT_EQ(one.told, Told{"+drift (columns together)"});
  EXPECT_EQ(steady.state(), killed.state());
}

TEST(Together, AReferenceKeepsItsSampleAndRefusesAnother) {
  Weather weather;
  const auto reference = weather.reference(50);
  const model::JointSample& sample = reference->joint;
  EXPECT_EQ(sample.rows(), model::JointSample::kMostRows);
  EXPECT_EQ(sample.columns, (std::vector<std::size_t>{0, 1, 2, 3}));
  const Json json = sample.to_json();
  const auto read = model::JointSample::from_json(json, reference->columns);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->bins, sample.bins);
  EXPECT_EQ(read->days, sample.days);
  Json other = json;
  other["columns"] = {0, 1, 2, 4};
  EXPECT_FALSE(model::JointSample::from_json(other, reference->columns));
  other["columns"] = {0, 1, 3, 2};
  EXPECT_FALSE(model::JointSample::from_json(other, reference->columns));
  other = json;
  other["days"][0][1] = 1;
  EXPECT_FALSE(model::JointSample::from_json(other, reference->columns));
  other = json;
  other["bins"] = std::string(8'000, '_');  // bins of 255
  EXPECT_FALSE(model::JointSample::from_json(other, reference->columns));
  EXPECT_EQ(weather.reference(1).get()->joint.rows(), 0U) << "too few rows";
}

}  // namespace
}  // namespace rondo::monitor
