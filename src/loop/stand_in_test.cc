// Who answers while a column is broken: only what does without it, and only if that is better.
// That the losses are of the same rows is a story's (tests/story/replay_test.py).
#include "loop/stand_in.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::loop {
namespace {

const Reader kChampion{7, {"a", "b", "x"}, 5};

TEST(StandIn, TheOneThatErrsLeastBelowTheChampion) {
  const auto who = [](std::vector<double> losses) {
    std::vector<Reader> archived;
    for (const double loss : losses) {
      archived.push_back({6 - static_cast<std::int64_t>(archived.size()), {"a"}, loss});
    }
    const auto found = stand_in(kChampion, archived, "x", 500, "mae");
    return found ? found->version : 0;
  };
  EXPECT_EQ(who({3, 2, 4}), 5);
  EXPECT_EQ(who({3, 3}), 6) << "the newer one";
  EXPECT_EQ(who({5, 6}), 0) << "as bad as the champion without the column";
  EXPECT_EQ(who({std::nan("")}), 0);
  EXPECT_EQ(who({}), 0);
}

TEST(StandIn, ReadsNothingThatARequestMayNotHave) {
  EXPECT_TRUE(does_without({6, {"a", "b"}, 0}, kChampion, "x"));
  EXPECT_FALSE(does_without({6, {"a", "x"}, 0}, kChampion, "x"));
  EXPECT_FALSE(does_without({6, {"a", "c"}, 0}, kChampion, "x")) << "requests are the champion's";
}

TEST(StandIn, SaysBothLosses) {
  const std::vector<Reader> archived = {{5, {"a"}, 3}};
  EXPECT_EQ(stand_in(kChampion, archived, "x", 2'000, "mae")->why,
            "\"x\" is broken, and on the last 2,000 labelled rows before v5 errs less without it "
            "(mae 3) than v7 with it missing (5)");
}

TEST(StandIn, AnswersAllAndHoldsNothingUp) {
  State state;
  state.versions[1].served = state.versions[2].served = true;
  state.champion = 2;
  const auto add = [&](Json body) {
    const ledger::Fact fact{state.sequence + 1, Time{9}, "rollout", 13, std::move(body), {}};
    ASSERT_TRUE(fold(state, fact));
  };
  add({{"act", "begin"}, {"challenger", 1}, {"champion", 2}, {"stands_in", "x"}});
  ASSERT_TRUE(state.rollout);
  EXPECT_EQ(state.rollout->share(), 10'000);
  EXPECT_FALSE(state.rollout->holds_up());
  EXPECT_EQ(state.champion, 2) << "requests are read and watched as its own";
  EXPECT_EQ(state.rollbacks, 1);
  const auto again = State::from_json(state.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->rollout->stands_in, "x");
  add({{"act", "end"}, {"challenger", 1}, {"champion", 2}});
  EXPECT_FALSE(state.rollout);
  EXPECT_EQ(state.rollbacks, 1);
  EXPECT_EQ(state.fruitless, 0) << "no cycle was in vain";
}

TEST(StandIn, AColumnIsWellWhenNoStretchOfItIsOpen) {
  State state;
  state.kept = {{{1}, Time{5}, "x", "zeros"}, {{3}, std::nullopt, "y", "zeros"}};
  EXPECT_TRUE(is_well(state, "x"));
  EXPECT_FALSE(is_well(state, "y"));
}

}  // namespace
}  // namespace rondo::loop
