// What the fold of facts keeps and forgets.
#include "loop/state.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

class Folding : public testing::Test {
 protected:
  void add(const std::string& kind, std::int64_t step, const Json& body) {
    const auto folded = fold(state_, {state_.sequence + 1, at_, kind, step, body, {}});
    ASSERT_TRUE(folded) << folded.error().text();
    at_ = at_ + Span::hours(1);
  }
  void start(std::int64_t step, std::int64_t cycle, Stage stage) {
    add("step_started", step, {{"stage", text_of(stage).name}, {"cycle", cycle}});
  }
  State state_;
  Time at_{Span::days(20'000).us};
};

TEST_F(Folding, ADriftIsOpenUntilAPreparationAnswersItAndARiskLonger) {
  state_.risk_signals = 1;
  state_.drift_signals = 2;
  start(1, 1, Stage::kCollection);
  EXPECT_EQ(state_.risk_signals, 1) << "collecting alone mends nothing";
  EXPECT_EQ(state_.drift_signals, 2);
  add("step_finished", 1, {{"stage", text_of(Stage::kCollection).name}, {"result", "too few rows"},
                           {"next", text_of(Stage::kMonitoring).name}});
  EXPECT_EQ(state_.risk_signals, 1);
  start(2, 2, Stage::kCollection);
  start(3, 2, Stage::kPreparation);
  EXPECT_EQ(state_.risk_signals, 1) << "a cycle in vain mends nothing";
  EXPECT_EQ(state_.drift_signals, 0);
}

TEST_F(Folding, CyclesInVainBeforeAnAlarmDoNotHoldItUp) {
  monitor::Signal risk;
  risk.kind = "risk";
  risk.subject = "model";
  state_.fruitless = state_.looks = 4;
  add("signal", 0, monitor::to_json(risk));
  EXPECT_EQ(state_.fruitless, 0);
  EXPECT_EQ(state_.looks, 0) << "those were on rows of the law before";
  state_.fruitless = state_.looks = 2;
  add("signal", 0, monitor::to_json(risk));
  EXPECT_EQ(state_.fruitless, 2) << "the same alarm, seen again";
  EXPECT_EQ(state_.looks, 2);
  monitor::Signal quality;
  quality.kind = "missing";
  quality.subject = "temp";
  add("signal", 0, monitor::to_json(quality));
  EXPECT_EQ(state_.fruitless, 2) << "no reason for a cycle";
  EXPECT_EQ(state_.looks, 2);
}

TEST_F(Folding, WhatTookOverAtOnceIsWatchedAndMayBeTakenBack) {
  for (int version : {1, 2}) add("version", version, {{"version", version}});
  add("deployed", 1, {{"from", 0}, {"to", 1}});
  EXPECT_FALSE(state_.rollout) << "there is nothing to go back to";
  add("deployed", 2, {{"from", 1}, {"to", 2}, {"watched_until", "2030-01-01T00:00:00Z"}});
  ASSERT_TRUE(state_.rollout);
  EXPECT_TRUE(state_.rollout->watched);
  EXPECT_FALSE(state_.rollout->holds_up()) << "the loop goes on meanwhile";
  EXPECT_EQ(state_.rollout->challenger, 2);
  EXPECT_EQ(state_.rollout->champion, 1);
  EXPECT_EQ(state_.rollout->share(), 10'000);
  EXPECT_EQ(state_.fruitless, 0);
  add("deployed", 2, {{"from", 2}, {"to", 1}});
  EXPECT_FALSE(state_.rollout);
  EXPECT_EQ(state_.champion, 1);
  EXPECT_EQ(state_.fruitless, 1) << "its cycle was in vain";
  EXPECT_EQ(state_.rollbacks, 1);
}

TEST_F(Folding, InputsThatFailedAreForgottenOnceTheyWereTakenIn) {
  const auto collected = [this](std::int64_t step, const char* result, Json more) {
    start(step, step, Stage::kCollection);
    Json body = {{"stage", text_of(Stage::kCollection).name}, {"result", result},
                 {"next", "rest"}};
    body.update(more);
    add("step_finished", step, body);
  };
  collected(1, "failed", {{"failed_inputs", "24 rows"}});
  EXPECT_EQ(state_.failed_inputs, "24 rows");
  collected(2, "too few rows", Json::object());
  EXPECT_EQ(state_.failed_inputs, "") << "another 24 rows are other rows";
}

TEST_F(Folding, WhatIsOverIsNoReasonAnyMore) {
  monitor::Signal one;
  one.kind = "drift";
  one.subject = "temp";
  monitor::Signal other = one;
  other.subject = "hum";
  for (const monitor::Signal& signal : {one, other}) add("signal", 0, monitor::to_json(signal));
  EXPECT_EQ(state_.drift_signals, 2);
  one.open = other.open = false;
  add("signal", 0, monitor::to_json(one));
  EXPECT_GT(state_.drift_signals, 0) << "hum still drifts";
  add("signal", 0, monitor::to_json(other));
  EXPECT_EQ(state_.drift_signals, 0);
}

}  // namespace
}  // namespace rondo::loop
