// A plan says what the loop then does: a situation a row, and what of the plan follows from it.
#include "loop/plan.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

const Time kNoon{1'300'000'000'000'000};

/// At rest; v1 was trained on 1,000 labelled rows ten days ago.
PlanInput resting() {
  PlanInput in;
  in.now.now = kNoon;
  State& s = in.now.state;
  s.steps = 6;
  s.cycle = s.champion = 1;
  s.versions[1].version = 1;
  s.versions[1].labelled = s.labelled = s.attempted_labelled = s.rows = 1000;
  s.dataset = 1;
  s.cycle_started = s.cycle_ended = kNoon - Span::days(10);
  return in;
}

Json plan(const PlanInput& input, Config config = {}) {
  config.project.target = "y";
  return plan_of(input, config, *Policy::make(config.loop.policy, config.loop, 100));
}

std::string runs(const Json& plan, std::string_view stage) {
  std::string out;
  for (const Json& step : plan.at("steps")) {
    if (step.at("stage") != stage) continue;
    out += (out.empty() ? "" : ",") + step.at("runs").get<std::string>();
  }
  return out.empty() ? "absent" : out;
}

std::string when(const Json& plan, std::string_view stage) {
  for (const Json& step : plan.at("steps")) {
    if (step.at("stage") == stage) return step.at("when");
  }
  return "absent";
}

TEST(Plan, AtRestNothingBegins) {
  const Json out = plan(resting());
  EXPECT_TRUE(out.at("begins").is_null());
  EXPECT_TRUE(out.at("steps").empty());
  EXPECT_EQ(out.at("decision").at("answer"), "no");
  EXPECT_EQ(out.at("decision").at("numbers").at("needed"), 1100);
  EXPECT_EQ(out.at("waits_for"), "news");
}

TEST(Plan, UnreadNewsIsCollectedAndWhetherItTrainsIsOpen) {
  PlanInput in = resting();
  in.now.source_changed = true;
  in.now.source_news = "rows.csv grew by 9 bytes";
  const Json out = plan(in);
  EXPECT_EQ(out.at("begins"), "Monitoring & Maintenance");
  EXPECT_EQ(runs(out, "Data Collection"), "yes");
  EXPECT_EQ(runs(out, "Data Preparation"), "perhaps");
  EXPECT_EQ(when(out, "Data Preparation"), "100 more labelled rows, 1,100 in all; there are 1,000");
  EXPECT_EQ(runs(out, "Model Training"), "perhaps");
  EXPECT_EQ(runs(out, "Monitoring & Maintenance"), "yes,yes");
  EXPECT_EQ(out.at("steps")[1].at("reuses")[0], "d1: its 1,000 rows are not read again");
}

TEST(Plan, KnownRowsMakeItSure) {
  PlanInput in = resting();
  in.now.source_changed = true;
  in.now.new_labelled = 100;
  EXPECT_EQ(runs(plan(in), "Data Preparation"), "yes");
  in.now.new_labelled = 99;
  EXPECT_EQ(runs(plan(in), "Data Preparation"), "absent");  // no cycle begins at all
}

TEST(Plan, ACoolDownHoldsWhatIsWanted) {
  PlanInput in = resting();
  in.now.source_changed = true;
  in.now.new_labelled = 500;
  in.now.state.cycle_ended = kNoon - Span::hours(3);
  const Json out = plan(in);
  EXPECT_EQ(out.at("decision").at("answer"), "no");
  EXPECT_NE(out.at("held").get<std::string>().find("cools down"), std::string::npos);
  in.now.new_labelled.reset();  // unread: it is collected all the same, and trains nothing
  const Json unread = plan(in);
  EXPECT_EQ(runs(unread, "Data Collection"), "yes");
  EXPECT_EQ(runs(unread, "Data Preparation"), "no");
  EXPECT_EQ(runs(unread, "Model Deployment"), "no");
  EXPECT_NE(when(unread, "Data Preparation").find("cools down"), std::string::npos);
}

TEST(Plan, APersonsCycleTrainsOnWhatThereIs) {
  PlanInput in = resting();
  in.now.state.trigger = "new sensor";
  const Json out = plan(in);
  EXPECT_EQ(out.at("reason"), "asked: new sensor");
  EXPECT_EQ(runs(out, "Data Preparation"), "yes");  // without a clock the split is by hash
  EXPECT_EQ(out.at("steps")[1].at("reuses")[0], "d1, whole: the source has nothing beyond it");
  Config clocked;
  clocked.collect.time = "at";
  EXPECT_EQ(runs(plan(in, clocked), "Data Preparation"), "no");
  EXPECT_EQ(when(plan(in, clocked), "Data Preparation"),
            "1 more labelled row, 1,001 in all; there are 1,000 and the source has no more");
}

TEST(Plan, APauseAWaitingModelAndARolloutStopIt) {
  PlanInput in = resting();
  in.now.source_changed = true;
  in.now.state.paused = true;
  EXPECT_TRUE(plan(in).at("begins").is_null());
  EXPECT_EQ(plan(in).at("waits_for"), "somebody to resume the loop: `rondo resume`");
  in.now.state.paused = false;
  in.now.state.open = OpenStep{7, 2, Stage::kDeployment, "the challenger won", kNoon};
  in.now.state.waiting_version_step = 7;
  EXPECT_TRUE(plan(in).at("begins").is_null());
  EXPECT_EQ(plan(in).at("waits_for"),
            "a person's yes to step 7: `rondo promote` or `rondo reject`");
}

TEST(Plan, AClockInDoubtBeginsNothing) {
  PlanInput in = resting();
  in.now.source_changed = true;
  in.doubt = "the clock says 2040";
  EXPECT_TRUE(plan(in).at("begins").is_null());
  EXPECT_TRUE(plan(in).at("steps").empty());
  EXPECT_EQ(plan(in).at("waits_for"), "a clock that may be believed: the clock says 2040");
}

TEST(Plan, WhatFailedForGoodIsNoNewsEvenWhereItsLabelsAreKnown) {
  SourceNews news;
  news.changed = true;
  news.labelled = 500;
  news.what = "500 labelled rows became known";
  State state;
  state.steps = 1;
  const Policy policy = *Policy::make("performance", {}, 100);
  EXPECT_TRUE(policy.next(seen(state, news, kNoon, true)));
  state.failed_inputs = news.what;
  const Snapshot again = seen(state, news, kNoon, true);
  EXPECT_FALSE(again.source_changed);
  EXPECT_FALSE(policy.next(again)) << "it would fail again, and a replay would never end";
  news.what = "524 labelled rows became known";
  EXPECT_TRUE(policy.next(seen(state, news, kNoon, true)));
}

TEST(Plan, AnInterruptedSearchGoesOn) {
  PlanInput in = resting();
  in.now.state.open = OpenStep{9, 2, Stage::kTraining, "the rows are clean and split", kNoon};
  in.candidates = 12;
  const Json out = plan(in);
  EXPECT_EQ(out.at("begins"), "Model Training");
  EXPECT_TRUE(out.at("resumes").get<bool>());
  EXPECT_EQ(runs(out, "Data Collection"), "absent");
  EXPECT_EQ(runs(out, "Model Training"), "yes");
  EXPECT_EQ(runs(out, "Model Evaluation"), "perhaps");
  EXPECT_EQ(out.at("steps")[0].at("reuses")[0],
            "12 finished candidates of the search that was cut off");
}

TEST(Plan, CostsAreMediansOfTheNewestFiveAndUnknownWhereThereIsNone) {
  PlanInput in = resting();
  in.now.state.trigger = "new sensor";
  in.past[Stage::kTraining] = {{900, 900}, {1, 10}, {5, 20}, {2, 30}, {4, 50}, {3, 40}};
  in.past[Stage::kCollection] = {{1, 2}, {2, 4}};
  const Json out = plan(in);
  Json cost;
  for (const Json& step : out.at("steps")) {
    if (step.at("stage") == "Model Training") cost = step.at("cost");
  }
  EXPECT_EQ(cost, (Json{{"wall_s", 3.0}, {"cpu_s", 30.0}, {"least_s", 1.0}, {"most_s", 5.0},
                        {"steps", 5}}));
  EXPECT_EQ(out.at("total").at("wall_s"), 4.5);  // and the mean of two
  EXPECT_EQ(out.at("total").at("cpu_s"), 33.0);
  EXPECT_EQ(out.at("total").at("unknown"),
            Json({"Data Preparation", "Model Evaluation", "Model Deployment"}));
}

TEST(Plan, SaysWhatItMayEndIn) {
  PlanInput in = resting();
  in.now.state.trigger = "new sensor";
  in.now.state.looks = 2;
  Config config;
  config.deploy.approve = "ask";
  const Json out = plan(in, config);
  EXPECT_EQ(out.at("gate"), (Json{{"against", "v1"}, {"look", 3}, {"confidence", 0.95}}));
  EXPECT_EQ(when(out, "Model Evaluation"), "challenger 3 is judged against v1 and the baselines");
  EXPECT_EQ(when(out, "Model Deployment"), "a person says yes after it (approve = \"ask\")");
  const auto results = [](const Json& plan) {
    std::vector<std::string> all;
    for (const Json& end : plan.at("steps")[5].at("may_end_in")) all.push_back(end.at("result"));
    return all;
  };
  EXPECT_EQ(results(out), (std::vector<std::string>{"deployed", "refused by its golden rows",
                                                    "rejected by a person", "overtaken",
                                                    "failed"}));
  config.deploy.approve = "auto";
  config.deploy.canary = {5, 50};
  EXPECT_EQ(results(plan(in, config)),
            (std::vector<std::string>{"deployed", "rolling out", "refused by its golden rows",
                                      "overtaken", "failed"}));
}

}  // namespace
}  // namespace rondo::loop
