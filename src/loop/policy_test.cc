// Decisions as a table: a situation a row, and a plain sentence why the answer is right.
#include "loop/policy.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

const Time kNoon{1'300'000'000'000'000};

/// A project at rest whose champion was trained on 1,000 labelled rows ten days ago.
Snapshot resting() {
  Snapshot now;
  now.now = kNoon;
  now.state.steps = 6;
  now.state.cycle = 1;
  now.state.champion = 1;
  now.state.versions[1].version = 1;
  now.state.versions[1].labelled = 1000;
  now.state.labelled = 1000;
  now.state.attempted_labelled = 1000;
  now.state.cycle_started = kNoon - Span::days(10);
  now.state.cycle_ended = kNoon - Span::days(10);
  now.state.cycles = {kNoon - Span::days(10)};
  now.state.cycle_cpu = {1.0};
  return now;
}

Policy policy(const std::string& name, LoopOptions options = {}) {
  return *Policy::make(name, options, 100);
}

struct Row {
  const char* policy;
  void (*change)(Snapshot&);
  bool due;
  const char* because;
};

const Row kRows[] = {
    {"performance", [](Snapshot&) {}, false, "nothing happened"},
    {"performance", [](Snapshot& s) { s.new_labelled = 99; }, false, "growth below a tenth"},
    {"performance", [](Snapshot& s) { s.new_labelled = 100; }, true,
     "labelled rows grew by a tenth"},
    {"performance",
     [](Snapshot& s) {
       s.new_labelled = 1;
       s.state.risk_signals = 1;
       s.state.risk_sentence = "RISK v1";
     },
     true, "a problem is proved, and there is a row that no training had"},
    {"performance", [](Snapshot& s) { s.state.risk_signals = 1; }, false,
     "a problem is proved, but the same rows would make the same model"},
    {"performance",
     [](Snapshot& s) {
       s.state.risk_signals = 1;
       s.state.risk_sentence = "RISK v1";
       s.state.labelled = 1001;
     },
     true, "a collection that went no further brought one"},
    {"performance", [](Snapshot& s) { s.new_labelled = 500; s.state.attempted_labelled = 1450; },
     false, "the last attempt, refused, had nearly as many rows"},
    {"performance",
     [](Snapshot& s) { s.new_labelled = 500; s.state.cycle_ended = kNoon - Span::hours(3); }, false,
     "the loop cools down"},
    {"performance",
     [](Snapshot& s) {
       s.new_labelled = 500;
       s.state.fruitless = 3;
       s.state.cycle_ended = kNoon - Span::days(7);
     },
     false, "cycles without promotion double the cool-down: eight days"},
    {"performance", [](Snapshot& s) { s.new_labelled = 500; s.state.paused = true; }, false,
     "a person paused it"},
    {"performance",
     [](Snapshot& s) {
       s.new_labelled = 500;
       s.state.cycles.assign(10, kNoon - Span::days(2));
       s.state.cycle_cpu.assign(10, 1.0);
     },
     false, "ten cycles a month are the budget"},
    {"performance",
     [](Snapshot& s) {
       s.new_labelled = 500;
       s.state.cycle_cpu = {80'000};
     },
     false, "predicted CPU time is above the budget of 20 hours"},
    {"performance", [](Snapshot& s) { s.source_changed = true; }, true,
     "files changed and nobody knows by how much: collecting is cheap"},
    {"drift",
     [](Snapshot& s) {
       s.new_labelled = 1;
       s.state.drift_signals = 1;
       s.state.drift_sentence = "DRIFT x";
     },
     true, "an input drifts"},
    {"drift", [](Snapshot& s) { s.state.risk_signals = 1; }, false, "it looks at inputs alone"},
    {"drift", [](Snapshot& s) { s.new_labelled = 100; }, true, "rows grew, as for performance"},
    {"performance", [](Snapshot& s) { s.state.drift_signals = 1; }, false,
     "drift that does no harm is no reason"},
    {"cost",
     [](Snapshot& s) {
       s.state.risk_signals = 1;
       s.watch = {{"excess", {{"cost", 199.0}}}};
     },
     false, "the harm has not cost as much as a cycle"},
    {"cost",
     [](Snapshot& s) {
       s.served_labelled = 1;
       s.state.risk_signals = 1;
       s.watch = {{"excess", {{"cost", 200.0}}}};
     },
     true, "it has"},
    {"cost", [](Snapshot& s) { s.watch = {{"excess", {{"cost", 500.0}}}}; }, false,
     "a promotion answered the alarm: the next one decides"},
    {"cost",
     [](Snapshot& s) {
       s.served_labelled = 1;
       s.state.risk_signals = s.state.fruitless = 1;
       s.watch = {{"excess", {{"cost", 399.0}}}};
     },
     false, "one cycle was in vain, and the harm has not cost as much as two"},
    {"cost",
     [](Snapshot& s) {
       s.served_labelled = 1;
       s.state.risk_signals = s.state.fruitless = 1;
       s.watch = {{"excess", {{"cost", 400.0}}}};
     },
     true, "it has cost as much as both"},
    {"cost",
     [](Snapshot& s) {
       s.state.risk_signals = 1;
       s.watch = {{"excess", nullptr}};
     },
     false, "the signal closed"},
    {"cost",
     [](Snapshot& s) {
       s.new_labelled = 1;
       s.watch = {{"excess", {{"cost", 200.0}, {"learning", true}}}};
     },
     true,
     "the successor did not learn the change yet, and that cost as much as a cycle"},
    {"cost",
     [](Snapshot& s) { s.watch = {{"excess", {{"cost", 199.0}, {"learning", true}}}}; }, false,
     "not as much yet"},
    {"performance",
     [](Snapshot& s) { s.watch = {{"excess", {{"cost", 500.0}, {"learning", true}}}}; }, false,
     "only cost counts what is left of a harm"},
    {"cost", [](Snapshot& s) { s.new_labelled = 100; }, true, "rows grew, as for performance"},
    {"never", [](Snapshot& s) { s.new_labelled = 5000; s.state.risk_signals = 3; }, false,
     "never is never"},
    {"never", [](Snapshot& s) { s.state.trigger = "asked"; }, true, "but a person may ask"},
    {"always", [](Snapshot& s) { s.new_labelled = 100; }, true, "enough new rows"},
    {"always", [](Snapshot& s) { s.new_labelled = 99; }, false, "fewer than min_rows"},
    {"schedule:9d", [](Snapshot&) {}, true, "ten days passed"},
    {"schedule:11d", [](Snapshot&) {}, false, "eleven have not"},
    {"cron:7d", [](Snapshot& s) { s.state.fruitless = 9; }, true, "a crontab knows no cool-down"},
};

TEST(Policy, DecidesByTheTable) {
  for (const Row& row : kRows) {
    Snapshot now = resting();
    row.change(now);
    const Due due = policy(row.policy).due(now);
    EXPECT_EQ(due.yes, row.due) << row.policy << ": " << row.because << " / " << due.reason;
    EXPECT_FALSE(due.reason.empty());
  }
}

TEST(Policy, AnswersTheSameWhenAskedTwice) {
  Snapshot now = resting();
  now.new_labelled = 100;
  const Policy p = policy("performance");
  EXPECT_EQ(p.due(now).reason, p.due(now).reason);
  EXPECT_EQ(p.next(now)->step, p.next(now)->step);
}

TEST(Policy, AnInterruptedStepIsResumedBeforeAnythingElse) {
  Snapshot now = resting();
  now.state.open = OpenStep{7, 2, Stage::kTraining, "because", kNoon};
  now.state.trigger = "asked";
  const auto action = policy("performance").next(now);
  ASSERT_TRUE(action);
  EXPECT_EQ(action->step, 7);
  EXPECT_EQ(action->stage, Stage::kTraining);
  EXPECT_TRUE(action->resumes);
}

TEST(Policy, AWaitingDeploymentIsLeftToThePerson) {
  Snapshot now = resting();
  now.state.open = OpenStep{7, 2, Stage::kDeployment, "because", kNoon};
  now.state.waiting_version_step = 7;
  EXPECT_FALSE(policy("performance").next(now));
}

TEST(Policy, ANewProjectBeginsWithCollection) {
  Snapshot now;
  const auto action = policy("never").next(now);
  ASSERT_TRUE(action);
  EXPECT_EQ(action->stage, Stage::kCollection);
  EXPECT_EQ(action->step, 1);
  EXPECT_EQ(action->cycle, 1);
}

TEST(Policy, AtRestWithoutNewsThereIsNoAction) {
  EXPECT_FALSE(policy("performance").next(resting()));
  Snapshot failed;
  failed.state.steps = 2;
  EXPECT_FALSE(policy("performance").next(failed)) << "no model, nothing new in the source";
}

TEST(Policy, ATrainingNeedsWhatItsDecisionNeeded) {
  Snapshot now = resting();
  const Policy p = policy("performance");
  EXPECT_EQ(p.labelled_needed(now), 1100);
  now.state.risk_signals = 1;
  EXPECT_EQ(p.labelled_needed(now), 1001) << "a proved problem needs only new rows";
  now.state.trigger = "asked";
  EXPECT_EQ(p.labelled_needed(now), 0) << "a person may train on what there is";
}

TEST(Policy, WhatIsNotBuiltIsRefusedWithTheList) {
  const auto refused = Policy::make("adaptive", {}, 100);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("performance"), std::string::npos);
  EXPECT_FALSE(Policy::make("never:7d", {}, 100));
  EXPECT_FALSE(Policy::make("cron:week", {}, 100));
}

/// What a "no" waits for is when it becomes a "yes", to the microsecond.
TEST(Policy, ANoSaysWhenTimeChangesIt) {
  struct Held {
    const char* policy;
    void (*change)(Snapshot&);
  };
  const Held rows[] = {
      {"performance", [](Snapshot& s) { s.state.cycle_ended = kNoon - Span::hours(5); }},
      {"performance",
       [](Snapshot& s) {
         s.state.cycle_ended = kNoon - Span::hours(5);
         s.state.fruitless = 3;
       }},
      {"performance",
       [](Snapshot& s) {
         s.state.cycles.clear();
         for (int i = 12; i > 0; --i) s.state.cycles.push_back(kNoon - Span::days(2 * i));
         s.state.cycle_cpu.assign(12, 1.0);
       }},
      {"performance",
       [](Snapshot& s) {
         s.state.cycles = {kNoon - Span::days(20), kNoon - Span::days(10), kNoon - Span::days(9)};
         s.state.cycle_cpu = {40'000, 40'000, 30'000};
       }},
      {"schedule:11d", [](Snapshot&) {}},
      {"cron:12d", [](Snapshot&) {}}};
  for (const Held& row : rows) {
    Snapshot now = resting();
    now.new_labelled = 500;
    row.change(now);
    const Policy p = policy(row.policy);
    const Due due = p.due(now);
    EXPECT_FALSE(due.yes) << due.reason;
    const auto at = p.changes_at(now);
    ASSERT_TRUE(at) << due.reason;
    now.now = *at - Span{1};
    EXPECT_FALSE(p.due(now).yes) << due.reason;
    now.now = *at;
    EXPECT_TRUE(p.due(now).yes) << due.reason << " / " << p.due(now).reason;
  }
  EXPECT_FALSE(policy("performance").changes_at(resting())) << "only news changes that";
}

/// A year of daily looks with drift at its greatest every day: the dampers bound the cycles.
TEST(Policy, CyclesStayWithinTheBudgetUnderConstantAlarm) {
  Snapshot now = resting();
  const Policy p = policy("performance");
  int cycles = 0;
  for (int day = 0; day < 365; ++day) {
    now.now = kNoon + Span::days(day);
    now.state.risk_signals = 1;
    now.new_labelled = 1;
    std::erase_if(now.state.cycles, [&](Time t) { return now.now - t > Span::days(31); });
    now.state.cycle_cpu.resize(now.state.cycles.size(), 1.0);
    if (!p.due(now).yes) continue;
    ++cycles;
    now.state.cycles.push_back(now.now);
    now.state.cycle_cpu.push_back(1.0);
    now.state.cycle_started = now.state.cycle_ended = now.now;
    ++now.state.fruitless;
  }
  EXPECT_GE(cycles, 12);
  EXPECT_LE(cycles, 20) << "2, 4, 8, 16, then a cycle in 30 days";
}

/// A model-wide alarm with so much concept in it, and new rows.
Snapshot alarmed(double concept_share) {
  Snapshot now = resting();
  now.new_labelled = 50;
  now.state.risk_signals = 1;
  now.state.risk_sentence = "RISK v1";
  monitor::Signal risk;
  risk.kind = "risk";
  risk.subject = "model";
  risk.cause = {{"concept", concept_share}, {"mix", 1 - concept_share}, {"shares", {0.9, 0.1}}};
  now.state.open_signals = {risk};
  return now;
}

TEST(Policy, AMixIsAnsweredByWeightsAndSaysSo) {
  for (const char* name : {"performance", "cost"}) {
    Snapshot now = alarmed(0.12);
    now.watch["excess"] = {{"cost", 1e6}};
    const Due due = policy(name).due(now);
    EXPECT_TRUE(due.yes) << due.reason;
    EXPECT_NE(due.reason.find("; 88 % of it is mix: the rows to train on are weighed"),
              std::string::npos) << due.reason;
    EXPECT_EQ(due.numbers.at("mix").at("shares").at(0), 0.9);
    const Due by_concept = policy(name).due(alarmed(0.34));
    EXPECT_EQ(by_concept.reason.find("weighed"), std::string::npos) << by_concept.reason;
    EXPECT_FALSE(by_concept.numbers.contains("mix"));
  }
}

}  // namespace
}  // namespace rondo::loop
