// The budget of cycles as an alert: told once, by itself, until a training starts or no cycle is
// wanted.
#include <gtest/gtest.h>

#include "loop/alerts.h"
#include "loop/policy.h"
#include "loop/views.h"

namespace rondo::loop {
namespace {

const Time kNoon = *parse_time("2024-03-01T12:00:00Z");

/// A project whose rows grew by half since its model was trained.
struct Project {
  Project() {
    config.loop.policy = "performance";
    config.loop.cycles_per_month = 2;
    now.now = kNoon;
    now.state.champion = 1;
    now.state.versions[1].labelled = 1000;
    now.state.labelled = 1500;
    now.state.cycles = {kNoon - Span::days(20), kNoon - Span::days(40), kNoon - Span::days(10)};
    now.state.cycle_ended = kNoon - Span::days(9);
  }
  /// What the policy answers, written down as the conductor does.
  void decide() {
    const Policy policy = *Policy::make(config.loop.policy, config.loop, 100);
    const Due due = policy.due(now);
    add("decision", {{"about", "cycle"}, {"answer", due.yes ? "yes" : "no"},
                     {"reason", due.reason}, {"numbers", due.numbers}});
    now.now = now.now + Span::days(1);
  }
  void add(const char* kind, const Json& body) {
    ++sequence;
    ASSERT_TRUE(fold(now.state.alerts, {sequence, now.now, kind, 0, body, {}}, &closed));
  }
  std::vector<Alert>& open() { return now.state.alerts.open; }

  Config config;
  Snapshot now;
  std::vector<Alert> closed;
  std::int64_t sequence = 40;
};

TEST(BudgetAlert, ToldOnceWhileACycleIsWantedAndOverWhenATrainingStarts) {
  Project project;
  for (int i = 0; i < 5; ++i) project.decide();
  ASSERT_EQ(project.open().size(), 1U);
  const Alert alert = project.open().front();
  EXPECT_EQ(alert.name(), "A41") << "the first answer opened it, the others say nothing new";
  EXPECT_EQ(alert.severity, Severity::kQuality);
  EXPECT_EQ(alert.signals.size(), 1U);
  EXPECT_EQ(alert.returns, 0);
  EXPECT_NE(alert.sentence().find("2 cycles in 30 days of 2 ([loop] cycles_per_month)"),
            std::string::npos) << alert.sentence();
  EXPECT_NE(alert.sentence().find("labelled rows grew from 1,000 to 1,500"), std::string::npos);
  EXPECT_EQ(next_of(alert, project.now.state, project.config, {}),
            "a cycle from 2024-03-11T12:00:00Z on, or at once with `rondo trigger`");
  project.add("step_started", {{"stage", "Data Collection"}});
  EXPECT_EQ(project.open().size(), 1U) << "a collection is never damped, and takes nothing from it";
  project.add("step_started", {{"stage", "Model Training"}});
  EXPECT_TRUE(project.open().empty());
  ASSERT_EQ(project.closed.size(), 1U);
  EXPECT_EQ(project.now.state.alerts.opened, (std::array<std::int64_t, 3>{}))
      << "it is no false alarm of a detector";
}

TEST(BudgetAlert, OverWhenNoCycleIsWantedAnyMore) {
  Project project;
  project.decide();
  project.now.state.paused = true;
  project.decide();
  EXPECT_EQ(project.open().size(), 1U) << "a pause does not tell whether one is wanted";
  project.now.state.paused = false;
  project.now.state.cycle_ended = project.now.now;
  project.decide();
  EXPECT_EQ(project.open().size(), 1U) << "nor does the cool-down";
  project.now.now = kNoon + Span::days(5);
  project.now.state.labelled = 1000;
  project.decide();
  EXPECT_TRUE(project.open().empty());
}

TEST(BudgetAlert, OfCpuSecondsAndOfAStepOfMonitoringToo) {
  Project project;
  project.config.loop.cycles_per_month = 100;
  project.config.loop.cpu_per_month = Span::seconds(50);
  project.now.state.cycle_cpu = {30, 30, 30};
  const Policy policy = *Policy::make("performance", project.config.loop, 100);
  const Due due = policy.due(project.now);
  project.add("step_finished", {{"stage", "Monitoring & Maintenance"}, {"result", "performs well"},
                                {"reason", due.reason.substr(4)}, {"evidence", due.numbers}});
  ASSERT_EQ(project.open().size(), 1U);
  EXPECT_NE(project.open().front().sentence().find("60 CPU-seconds in 30 days of 50"),
            std::string::npos) << project.open().front().sentence();
  EXPECT_EQ(next_of(project.open().front(), project.now.state, project.config, {}),
            "a cycle once its budget has room again, or at once with `rondo trigger`");
}

TEST(BudgetAlert, NoSignalJoinsItAndItJoinsNone) {
  Project project;
  monitor::Signal signal;
  signal.kind = "freshness";
  signal.subject = "rows";
  signal.since = signal.seen = kNoon;
  signal.sentence = "late";
  project.add("signal", monitor::to_json(signal));
  project.decide();
  signal.kind = "volume";
  signal.since = signal.seen = kNoon;
  signal.subject = "cycles";  // a column may be called so
  project.add("signal", monitor::to_json(signal));
  ASSERT_EQ(project.open().size(), 2U);
  EXPECT_EQ(project.open()[0].signals.size(), 2U);
  EXPECT_EQ(project.open()[1].signals.size(), 1U);
}

TEST(BudgetAlert, FactsOfOtherShapesSayNothing) {
  Project project;
  for (const Json& body : {Json(3), Json{{"about", "cycle"}, {"answer", "no"}, {"numbers", 3}},
                           Json{{"about", "rollout"}, {"answer", "hold"}}}) {
    project.add("decision", body);
    project.add("step_finished", body);
    project.add("step_started", body);
  }
  EXPECT_TRUE(project.open().empty());
}

}  // namespace
}  // namespace rondo::loop
