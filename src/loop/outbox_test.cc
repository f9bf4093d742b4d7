// What is told to whom: messages of facts and time, back-off, a sink that is dead, restarts.
#include "loop/outbox.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

using monitor::Signal;

const Time kNow = *parse_time("2024-03-01T12:00:00Z");

ledger::Fact fact(std::int64_t sequence, const char* kind, const Json& body, Span after = {}) {
  return {sequence, kNow + after, kind, 0, body, {}};
}

Json told(const std::string& kind, const std::string& subject, bool open = true) {
  Signal signal;
  signal.kind = kind;
  signal.subject = subject;
  signal.since = kNow - Span::days(1);
  signal.seen = kNow;
  signal.open = open;
  signal.value = 0.171;
  signal.threshold = 0.128;
  signal.sentence = "the value 4711 of a row";
  return monitor::to_json(signal);
}

OutboxOptions options(Severity page = Severity::kRisk) {
  return {page, Span::days(1), {"webhook", "email"}, "toy", "c0ffee"};
}

Result<void> take(Outbox& box, const ledger::Fact& fact) { return box.take({&fact, 1}); }

using Events = std::vector<std::string>;

/// Events that wait for a sink, taking them all.
std::vector<std::string> events(Outbox& box, const std::string& sink, Time now = kNow) {
  std::vector<std::string> out;
  while (const auto message = box.due(sink, now)) {
    out.push_back(message->at("event").get<std::string>());
    box.delivered(sink, now);
  }
  return out;
}
TEST(Outbox, OpenedGraverAndClosedAreToldOnceToEachSink) {
  Outbox box(options(), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  const Json message = *box.due("webhook", kNow);
  EXPECT_EQ(message.at("key"), "c0ffee-A7-opened-7");
  EXPECT_EQ(message.at("project"), "toy");
  EXPECT_EQ(message.at("alert").at("id"), "A7");
  EXPECT_EQ(message.at("subject"), "[toy] A7 RISK: model");
  EXPECT_NE(message.at("text").get<std::string>().find("is 0.171, its proved bound 0.128"),
            std::string::npos) << message.at("text");
  EXPECT_EQ(events(box, "webhook"), Events{"opened"});
  EXPECT_EQ(events(box, "email"), Events{"opened"});
  ASSERT_TRUE(take(box, fact(8, "signal", told("risk", "model", false))));
  EXPECT_EQ(events(box, "webhook"), Events{"closed"});
  EXPECT_EQ(box.lines().size(), 2U) << "the log has both, once";
  EXPECT_TRUE(box.lines().empty());
}

TEST(Outbox, AMessageSaysWhatComesNext) {
  OutboxOptions says = options();
  says.next = [](const Alert& alert) { return "Data Collection because of\n" + alert.name(); };
  Outbox box(says, 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  const Json message = *box.due("webhook", kNow);
  EXPECT_EQ(message.at("alert").at("next"), "Data Collection because of A7");
  EXPECT_NE(message.at("text").get<std::string>().find("; next: Data Collection because of A7; "
                                                       "see `rondo alerts`"),
            std::string::npos) << message.at("text");
  events(box, "webhook");
  ASSERT_TRUE(take(box, fact(8, "signal", told("risk", "model", false))));
  EXPECT_FALSE(box.due("webhook", kNow)->at("alert").contains("next")) << "it is over";
}

TEST(Outbox, OneTransactionIsOneMessage) {
  Outbox box(options(Severity::kDrift), 6, {});
  std::vector<ledger::Fact> facts;
  for (int i = 0; i < 40; ++i) {
    facts.push_back(fact(7 + i, "signal", told("drift", std::to_string(i))));
  }
  facts.push_back(fact(47, "signal", told("risk", "model")));
  ASSERT_TRUE(box.take(facts));
  EXPECT_EQ(box.due("webhook", kNow)->at("alert").at("more"), 36);
  EXPECT_EQ(box.due("webhook", kNow)->at("alert").at("severity"), "risk");
  EXPECT_EQ(events(box, "webhook"), Events{"opened"});
  for (ledger::Fact& fact : facts) {
    fact.sequence += 41;
    fact.body["open"] = false;
  }
  std::vector<ledger::Fact> unseen = {fact(89, "signal", told("spike", "z")),
                                      fact(90, "signal", told("spike", "z", false))};
  facts.insert(facts.end(), unseen.begin(), unseen.end());
  ASSERT_TRUE(box.take(facts));
  EXPECT_EQ(events(box, "webhook"), (Events{"closed", "opened", "closed"}));
}

TEST(Outbox, NoValueOfARowIsInAMessage) {
  Outbox box(options(Severity::kDrift), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("spike", "income"))));
  ASSERT_TRUE(take(box, fact(8, "person", {{"act", "ack"}, {"who", "ada"}, {"why", "reads 4711"},
                                          {"arguments", {{"alert", "A7"}}}})));
  ASSERT_TRUE(take(box, fact(9, "signal", told("spike", "income", false))));
  std::string all = box.due("webhook", kNow)->dump();
  box.delivered("webhook", kNow);
  all += box.due("webhook", kNow)->dump();
  for (const std::string& line : box.lines()) all += line;
  EXPECT_EQ(all.find("4711"), std::string::npos) << all;
  EXPECT_NE(all.find("income"), std::string::npos);
}

TEST(Outbox, WhatIsLessThanAPageGoesToTheLogAlone) {
  Outbox box(options(Severity::kQuality), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("drift", "a"))));
  EXPECT_TRUE(events(box, "webhook").empty());
  EXPECT_EQ(box.lines().size(), 1U);
  box.tick(kNow + Span::days(9));
  EXPECT_TRUE(events(box, "webhook", kNow + Span::days(9)).empty()) << "and is not repeated";
  ASSERT_TRUE(take(box, fact(8, "signal", told("spike", "b"))));
  EXPECT_EQ(events(box, "webhook"), Events{"risen"}) << "the same window: it got graver";
  ASSERT_TRUE(take(box, fact(9, "signal", told("spike", "b", false))));
  ASSERT_TRUE(take(box, fact(10, "signal", told("drift", "a", false))));
  EXPECT_EQ(events(box, "webhook"), Events{"closed"});
}

TEST(Outbox, RemindersGoOnUntilSomebodyAcknowledges) {
  Outbox box(options(), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  events(box, "webhook");
  Time now = kNow + Span::days(1) - Span::seconds(1);
  box.tick(now);
  EXPECT_TRUE(events(box, "webhook", now).empty());
  now = kNow + Span::days(1);
  box.tick(now);
  box.tick(now);
  EXPECT_EQ(box.due("webhook", now)->at("key"), "c0ffee-A7-reminder-1");
  EXPECT_EQ(events(box, "webhook", now), Events{"reminder"});
  EXPECT_EQ(box.waiting("email"), 1U) << "which did not even get the first";
  const auto person = [](const char* act) {
    return Json{{"act", act}, {"who", "ada"}, {"why", ""},
                {"arguments", {{"alert", "A7"}, {"until", to_text(kNow + Span::days(5))}}}};
  };
  ASSERT_TRUE(take(box, fact(8, "person", person("snooze"))));
  box.tick(kNow + Span::days(4));
  EXPECT_TRUE(events(box, "webhook", kNow + Span::days(4)).empty());
  box.tick(kNow + Span::days(5));
  EXPECT_EQ(events(box, "webhook", kNow + Span::days(5)), Events{"reminder"}) << "it ran out";
  ASSERT_TRUE(take(box, fact(9, "person", person("ack"))));
  box.tick(kNow + Span::days(50));
  EXPECT_TRUE(events(box, "webhook", kNow + Span::days(50)).empty());
  OutboxOptions never = options();
  never.remind = {};
  Outbox quiet(never, 6, {});
  ASSERT_TRUE(take(quiet, fact(7, "signal", told("risk", "model"))));
  events(quiet, "webhook");
  quiet.tick(kNow + Span::days(50));
  EXPECT_TRUE(events(quiet, "webhook", kNow + Span::days(50)).empty());
}

TEST(Outbox, PausesDoubleUpToAnHour) {
  Outbox box(options(), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  Time now = kNow;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 15; ++i) {
    ASSERT_TRUE(box.due("webhook", now));
    box.failed("webhook", "no", now);
    Time next = now;
    while (!box.due("webhook", next)) next = next + Span::seconds(1);
    pauses.push_back((next - now).us / 1'000'000);
    now = next;
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048,
                                               3600, 3600, 3600}));
  box.delivered("webhook", now);
  ASSERT_TRUE(take(box, fact(8, "signal", told("risk", "model", false))));
  EXPECT_TRUE(box.due("webhook", now)) << "it answers: no pause is left";
}

TEST(Outbox, ADeadSinkIsToldToTheOthers) {
  Outbox box(options(), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  EXPECT_EQ(events(box, "email"), Events{"opened"});
  box.lines();
  for (int i = 0; i < 2; ++i) box.failed("webhook", "host:443: no answer in time", kNow);
  EXPECT_TRUE(box.troubles().empty()) << "twice may be chance";
  for (int i = 0; i < 5; ++i) box.failed("webhook", "host:443: no answer in time", kNow);
  ASSERT_EQ(box.troubles().size(), 1U);
  EXPECT_NE(box.troubles().front().find("webhook since 2024-03-01T12:00:00Z: host:443: no answer"),
            std::string::npos) << box.troubles().front();
  EXPECT_EQ(events(box, "email"), Events{"sink_dead"}) << "once";
  EXPECT_EQ(box.lines().size(), 1U);
  const Time later = kNow + Span::hours(1);
  EXPECT_EQ(box.due("webhook", later)->at("event"), "opened") << "nothing is lost";
  EXPECT_EQ(events(box, "webhook", later), Events{"opened"});
  EXPECT_TRUE(box.troubles().empty());
  EXPECT_EQ(events(box, "email"), Events{"sink_answers"});
}

TEST(Outbox, ARestartChangesNothing) {
  Outbox box(options(), 6, {});
  ASSERT_TRUE(take(box, fact(7, "signal", told("risk", "model"))));
  events(box, "email");
  box.failed("webhook", "no", kNow);
  box.tick(kNow + Span::days(1));
  auto back = Outbox::restore(options(), *io::parse_json(io::canonical(box.state())));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->state(), box.state());
  EXPECT_FALSE(back->due("webhook", kNow)) << "its pause goes on";
  const Time later = kNow + Span::days(1);
  EXPECT_EQ(events(*back, "email", later), Events{"reminder"});
  EXPECT_EQ(events(*back, "webhook", later), Events{"opened"}) << "no reminder of what never came";
  back->tick(later);
  EXPECT_TRUE(events(*back, "email", later).empty()) << "told is told";
  OutboxOptions one = options();
  one.sinks = {"email"};
  EXPECT_FALSE(Outbox::restore(one, box.state())->due("webhook", later)) << "not set any more";
  EXPECT_FALSE(Outbox::restore(options(), Json::object()));
}

TEST(Outbox, OldNewsWakesNobody) {
  Outbox before(options(), 6, {});
  ASSERT_TRUE(take(before, fact(7, "signal", told("risk", "model"))));
  Alerts open;
  ASSERT_TRUE(fold(open, fact(7, "signal", told("risk", "model"))));
  Outbox box(options(), 7, open);
  box.tick(kNow + Span::days(3));
  EXPECT_TRUE(events(box, "webhook", kNow + Span::days(3)).empty());
  ASSERT_TRUE(take(box, fact(8, "signal", told("risk", "model", false))));
  EXPECT_TRUE(events(box, "webhook").empty()) << "its end neither: nobody was told of it";
}

}  // namespace
}  // namespace rondo::loop
