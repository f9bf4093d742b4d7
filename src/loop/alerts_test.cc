// Alerts: what belongs together, what closes, what people said and until when it holds.
#include "loop/alerts.h"

#include <gtest/gtest.h>

#include "io/json.h"
#include "loop/state.h"

namespace rondo::loop {
namespace {

using monitor::Signal;

const Time kDay = *parse_time("2024-03-01");

Time day(int n) { return kDay + Span::days(n); }

Signal signal(const std::string& kind, const std::string& subject, int from, double evidence = 2) {
  Signal out;
  out.kind = kind;
  out.subject = subject;
  out.since = day(from);
  out.seen = day(from + 1);
  out.evidence = evidence;
  out.false_alarms_per_year = 0.25;
  out.sentence = kind + " of " + subject;
  return out;
}

/// Facts by and by, numbered as a ledger does.
class Told {
 public:
  Alerts alerts;
  std::vector<Alert> closed;

  void tell(const Signal& signal) { add("signal", monitor::to_json(signal)); }
  void end(Signal signal) {
    signal.open = false;
    tell(signal);
  }
  void say(const char* act, const std::string& alert, const Json& more = Json::object()) {
    Json arguments = {{"alert", alert}};
    arguments.update(more);
    add("person", {{"act", act}, {"who", "ada"}, {"why", "known"}, {"arguments", arguments}});
  }
  void add(const char* kind, const Json& body) {
    ++sequence_;
    ASSERT_TRUE(fold(alerts, {sequence_, day(20), kind, 0, body, {}}, &closed));
  }

 private:
  std::int64_t sequence_ = 40;
};

TEST(Alerts, OneFaultInFortyColumnsIsOneAlertThatNamesFive) {
  Told told;
  for (int i = 0; i < 40; ++i) told.tell(signal("missing", "c" + std::to_string(i), 0, 10 + i));
  ASSERT_EQ(told.alerts.open.size(), 1U);
  const Alert& alert = told.alerts.open.front();
  EXPECT_EQ(alert.name(), "A41") << "after the fact that opened it";
  const Json shown = alert_json(alert, day(3));
  EXPECT_EQ(shown.at("subjects"), Json({"c39", "c38", "c37", "c36", "c35"})) << "strongest first";
  EXPECT_EQ(shown.at("more"), 35);
  EXPECT_EQ(shown.at("signals"), 40);
  EXPECT_EQ(alert.sentence(),
            "QUALITY c39, c38, c37, c36, c35 and 35 more, since 2024-03-01T00:00:00Z: 40 signals "
            "of one cause; the strongest: missing of c39");
  for (int i = 0; i < 39; ++i) told.end(signal("missing", "c" + std::to_string(i), 0));
  EXPECT_EQ(told.alerts.open.size(), 1U) << "one column is still broken";
  EXPECT_EQ(told.alerts.open.front().sentence(), "missing of c39");
  told.end(signal("missing", "c39", 0));
  EXPECT_TRUE(told.alerts.open.empty());
  ASSERT_EQ(told.closed.size(), 1U);
  EXPECT_EQ(told.closed.front().state_at(day(30)), "closed");
  EXPECT_EQ(told.closed.front().signals.size(), 40U);
}

struct Pair {
  Signal first, second;
  bool together;
  const char* because;
};

TEST(Alerts, WhatBrokeTogetherIsOneAlert) {
  const auto hours = [](Signal s, int from, int until) {
    s.since = kDay + Span::hours(from);
    s.seen = kDay + Span::hours(until);
    return s;
  };
  const Pair kPairs[] = {
      {signal("spike", "a", 0), signal("missing", "b", 0), true, "one window"},
      {signal("spike", "a", 0), signal("missing", "b", 1), false, "the next window"},
      {signal("spike", "a", 0), signal("missing", "a", 5), true, "one column, in trouble already"},
      {hours(signal("drift", "a", 0), 14, 15), signal("spike", "b", 0), true,
       "an hour of that day"},
      {hours(signal("drift", "a", 0), 14, 15), hours(signal("drift", "b", 0), 15, 16), false,
       "windows that only touch"},
      {signal("drift", "a", 0), signal("risk", "model", 0), true, "harm, and what explains it"},
      {hours(signal("freshness", "rows", 0), 5, 5), hours(signal("missing", "a", 0), 5, 5), true,
       "a moment, and the same moment"},
  };
  for (const Pair& pair : kPairs) {
    Told told;
    told.tell(pair.first);
    told.tell(pair.second);
    EXPECT_EQ(told.alerts.open.size(), pair.together ? 1U : 2U) << pair.because;
  }
}

TEST(Alerts, AFaultThatComesAndGoesIsOneAlertThatCounts) {
  Told told;
  told.tell(signal("missing", "a", 0));
  told.tell(signal("spike", "b", 0));
  EXPECT_EQ(told.alerts.open.front().came(), 1);
  for (int i = 1; i <= 3; ++i) {  // b keeps the alert open while a comes and goes
    told.end(signal("missing", "a", 0));
    told.tell(signal("missing", "a", 0));
  }
  ASSERT_EQ(told.alerts.open.size(), 1U);
  EXPECT_EQ(told.alerts.open.front().came(), 4);
  EXPECT_EQ(told.alerts.open.front().signals.size(), 2U);
  Signal flapping = signal("spike", "b", 0);
  flapping.came = 6;  // within the three windows that would close it
  flapping.seen = day(9);
  told.end(flapping);
  EXPECT_EQ(told.alerts.open.front().came(), 9);
  EXPECT_EQ(told.alerts.open.front().seen(), day(9));
}

TEST(Alerts, TheWatchKnowsWhatFactsDoNotSay) {
  Told told;
  told.tell(signal("missing", "a", 0));
  Signal live = signal("missing", "a", 0);
  live.seen = day(7);
  live.came = 3;
  const Json watch = {{"state", {{"open", {{{"signal", monitor::to_json(live)}}}}}}};
  const auto fresh = refreshed(told.alerts.open, watch);
  EXPECT_EQ(fresh.front().seen(), day(7));
  EXPECT_EQ(fresh.front().came(), 3);
  EXPECT_EQ(refreshed(told.alerts.open, Json::object()).front().seen(), day(1));
}

TEST(Alerts, AcknowledgedUntilItGetsGraver) {
  Told told;
  told.tell(signal("drift", "a", 0));
  const std::string name = told.alerts.open.front().name();
  told.say("ack", name);
  EXPECT_EQ(told.alerts.open.front().state_at(day(1)), "acknowledged");
  EXPECT_EQ(told.alerts.open.front().acknowledged->who, "ada");
  told.tell(signal("drift", "b", 0));
  EXPECT_EQ(told.alerts.open.front().state_at(day(1)), "acknowledged") << "no graver";
  told.tell(signal("risk", "model", 0));
  EXPECT_EQ(told.alerts.open.front().severity, Severity::kRisk);
  EXPECT_EQ(told.alerts.open.front().state_at(day(1)), "open");
  told.say("ack", name);
  told.end(signal("risk", "model", 0));
  EXPECT_EQ(told.alerts.open.front().severity, Severity::kDrift);
  EXPECT_EQ(told.alerts.open.front().state_at(day(1)), "acknowledged");
}

TEST(Alerts, SnoozedUntilADateOrUntilItGetsGraver) {
  Told told;
  told.tell(signal("spike", "a", 0));
  const std::string name = told.alerts.open.front().name();
  told.say("snooze", name, {{"for", "7d"}, {"until", to_text(day(10))}});
  EXPECT_EQ(told.alerts.open.front().state_at(day(10) - Span::seconds(1)), "snoozed");
  EXPECT_EQ(told.alerts.open.front().state_at(day(10)), "open");
  told.tell(signal("risk", "model", 0));
  EXPECT_EQ(told.alerts.open.front().state_at(day(2)), "open");
  told.say("snooze", "A7", {{"until", to_text(day(10))}});
  EXPECT_EQ(told.alerts.open.front().state_at(day(2)), "open") << "another alert was meant";
}

TEST(Alerts, ObservedSignalsCountFromTheFirstDeployment) {
  Told told;
  told.tell(signal("spike", "a", 0));
  told.add("deployed", {{"from", 0}, {"to", 1}});
  told.tell(signal("missing", "b", 4));
  told.tell(signal("risk", "model", 4));
  Signal rule = signal("freshness", "rows", 4);
  rule.false_alarms_per_year = 0;
  told.tell(rule);
  Signal again = signal("missing", "b", 4);
  again.quarantines = true;  // graver, and the same signal
  told.tell(again);
  EXPECT_EQ(told.alerts.watched, day(20));
  EXPECT_EQ(told.alerts.opened, (std::array<std::int64_t, 3>{0, 1, 1}));
}

TEST(Alerts, SurviveARestart) {
  Told told;
  told.add("deployed", {{"from", 0}, {"to", 1}});
  told.tell(signal("spike", "a", 0));
  told.tell(signal("risk", "model", 3));
  told.say("ack", told.alerts.open.front().name());
  told.say("snooze", told.alerts.open.back().name(), {{"until", to_text(day(9))}});
  const Json kept = told.alerts.to_json();
  const Alerts back = Alerts::from_json(*io::parse_json(io::canonical(kept)));
  EXPECT_EQ(back, told.alerts);
  EXPECT_EQ(back.open.back().snoozed->until, day(9));
  State state;
  state.alerts = back;
  EXPECT_EQ(State::from_json(state.to_json())->alerts, back);
  Json older = state.to_json();
  older.erase("alerts");
  EXPECT_FALSE(State::from_json(older)) << "a copy without them is made anew from the facts";
}

TEST(Alerts, NamesAreReadAsTheyAreWritten) {
  EXPECT_EQ(alert_number("A57"), 57);
  EXPECT_EQ(alert_number("a57"), 57);
  EXPECT_EQ(alert_number("57"), 57);
  for (const char* wrong : {"", "A", "A0", "A-1", "A5x", "v7"}) EXPECT_FALSE(alert_number(wrong));
}

}  // namespace
}  // namespace rondo::loop
