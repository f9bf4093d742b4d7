// A decision made again from the facts before it comes out as it was, and otherwise when what it
// rested on was another.
#include "loop/basis.h"

#include <gtest/gtest.h>

#include <random>

#include "io/scratch.h"
#include "loop/desk.h"

namespace rondo::loop {
namespace {

const Time kStart{1'300'000'000'000'000};

/// A ledger with two versions, the first of which serves.
class Basis : public testing::Test {
 protected:
  Basis() {
    ledger::OpenOptions options;
    options.create = true;
    options.durability = io::Durability::kProcess;
    store = *ledger::Store::open(io::real_fs(io::Durability::kProcess), scratch / "p", options);
    lease = *store->ledger->take_lease("test");
    add({{kStart, "version", 1, {{"version", 1}, {"labelled", 1000}}},
         {kStart, "deployed", 1, {{"from", 0}, {"to", 1}, {"who", "policy"}, {"why", "first"}}},
         {kStart, "version", 2, {{"version", 2}, {"labelled", 1200}}}});
  }
  void add(const std::vector<ledger::NewFact>& facts) {
    ASSERT_TRUE(fold_new(state, facts));
    ASSERT_TRUE(store->ledger->append(lease, facts));
  }
  /// A decision of that policy about the state as it is, at a random moment with random news.
  Due decide(const std::string& name) {
    Snapshot now;
    now.state = state;
    now.now = kStart + Span::hours(static_cast<std::int64_t>(chance() % 2000));
    now.source_changed = chance() % 2 == 0;
    now.source_news = "rows.csv grew";
    if (chance() % 2 == 0) now.new_labelled = static_cast<std::int64_t>(chance() % 300);
    now.served_labelled = static_cast<std::int64_t>(chance() % 50);
    now.watch = {{"excess", {{"cost", static_cast<double>(chance() % 1000) / 3}}}};
    LoopOptions options;
    options.cool_down = Span::hours(static_cast<std::int64_t>(chance() % 100));
    const Policy policy = *Policy::make(name, options, 100);
    const Due due = policy.due(now);
    add({{now.now, "decision", 3,
          {{"about", "cycle"}, {"answer", due.yes ? "yes" : "no"}, {"reason", due.reason},
           {"numbers", due.numbers}, {"basis", basis_of(now, policy, std::nullopt)}}}});
    return due;
  }
  std::vector<ledger::Fact> facts() { return *store->ledger->facts(0); }
  Json again(const std::vector<ledger::Fact>& of) { return *decide_again(*store->ledger, of); }

  io::Scratch scratch;
  std::shared_ptr<ledger::Store> store;
  ledger::Lease lease;
  State state;
  std::mt19937_64 chance{7};
};

TEST_F(Basis, EachPolicysDecisionsComeOutTheSame) {
  std::size_t yes = 0, count = 0;
  for (int i = 0; i < 40; ++i) {
    for (const char* name : {"never", "always", "schedule:9d", "performance", "cost", "cron:7d"}) {
      yes += decide(name).yes ? 1 : 0;
      ++count;
    }
  }
  EXPECT_GT(yes, count / 10);
  EXPECT_LT(yes, count - count / 10);
  const Json rows = again(facts());
  ASSERT_EQ(rows.size(), count);
  for (const Json& row : rows) {
    EXPECT_TRUE(row.at("same").get<bool>()) << row;
    EXPECT_TRUE(row.at("snapshot").get<bool>()) << row;
  }
  EXPECT_EQ(again_text(rows), "Made again from the facts before them: 240 decisions come out as "
                              "they were, byte for byte.");
}

TEST_F(Basis, WhatItRestedOnIsWhatDecides) {
  while (!decide("performance").yes) {}
  auto changed = facts();
  Json& basis = changed.back().body["basis"];
  basis["news"] = {{"changed", false}};
  const Json rows = again({changed.back()});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].at("same").get<bool>());
  EXPECT_FALSE(rows[0].at("snapshot").get<bool>()) << "the digest is of the news too";
  EXPECT_EQ(rows[0].at("answer"), "no");
  EXPECT_NE(again_text(rows).find("comes out otherwise"), std::string::npos);
}

TEST_F(Basis, AnotherStateHasAnotherDigest) {
  decide("never");
  auto one = facts().back();
  add({{kStart, "version", 4, {{"version", 3}, {"labelled", 5}}}});
  ++one.sequence;  // as if the third version had come before it
  const Json rows = again({one});
  EXPECT_TRUE(rows.at(0).at("same").get<bool>()) << "never is never";
  EXPECT_FALSE(rows.at(0).at("snapshot").get<bool>());
}

TEST_F(Basis, TheEndOfMonitoringIsMadeAgainToo) {
  Snapshot now;
  now.state = state;
  now.now = kStart + Span::days(3);
  const Policy policy = *Policy::make("performance", {}, 100);
  const Due due = policy.due(now);
  Json evidence = due.numbers;
  evidence["basis"] = basis_of(now, policy, kStart + Span::days(4));
  EXPECT_EQ(evidence.at("basis").at("next_look"), to_text(kStart + Span::days(4)));
  add({{now.now, "step_finished", 3,
        {{"stage", "Monitoring & Maintenance"}, {"result", "performs well"}, {"next", "rest"},
         {"reason", due.reason.substr(4)}, {"evidence", evidence}}}});
  const Json rows = again(facts());
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].at("same").get<bool>()) << rows;
}

TEST_F(Basis, ARolloutsMovesComeOutTheSame) {
  DeployOptions options;
  options.canary = {10};
  add({{kStart, "rollout", 2, {{"act", "begin"}, {"challenger", 2}, {"champion", 1},
                               {"shares", {10.0}}}}});
  for (int i = 0; i < 60; ++i) {
    RolloutEvidence evidence;
    evidence.rows = chance() % 2000;
    evidence.labels = chance() % 100;
    for (std::size_t g = 0; g < evidence.guards.size(); ++g) {
      const double safe = chance() % 8 == 0 ? std::numeric_limits<double>::infinity() : 30.0;
      evidence.guards[g] = {monitor::RolloutGuards::kNames[g], chance() % 20 == 0 ? 500.0 : 0.5,
                            safe, 1.0 / 3, 0.01, chance() % 1000};
    }
    if (i == 59) evidence.broken = "it was cut short";
    const Time at = kStart + Span::seconds(static_cast<std::int64_t>(chance() % 2000));
    const Move move = Policy::roll_out(*state.rollout, evidence, options, at, false);
    const auto next = rollout_facts(state, move, rollout_basis(state, evidence, options, at), at,
                                    Span::days(7));
    add({next.front()});  // the decision alone: the rollout stays as it is
  }
  std::set<std::string> answers;
  const Json rows = again(facts());
  ASSERT_EQ(rows.size(), 60U);
  for (const Json& row : rows) {
    EXPECT_TRUE(row.at("same").get<bool>()) << row;
    EXPECT_TRUE(row.at("snapshot").get<bool>()) << row;
    answers.insert(row.at("answer").get<std::string>());
  }
  EXPECT_EQ(answers, (std::set<std::string>{"hold", "promote", "roll back"}));
}

TEST_F(Basis, FactsOfOlderProgramsAreLeftOut) {
  add({{kStart, "decision", 3, {{"about", "cycle"}, {"answer", "no"}, {"reason", "no: old"}}}});
  const Json rows = again(facts());
  EXPECT_TRUE(rows.empty());
  EXPECT_NE(again_text(rows).find("keep no decision's basis"), std::string::npos);
}

}  // namespace
}  // namespace rondo::loop
