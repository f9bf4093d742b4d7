// What the next training is told of an open alarm of the risk. That a mix is told with the
// champion's tree is a story's (tests/story/mix_test.py).
#include "loop/mix.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

monitor::Signal risk(const std::string& subject, Json cause) {
  monitor::Signal signal;
  signal.kind = "risk";
  signal.subject = subject;
  signal.since = Time{77};
  signal.cause = std::move(cause);
  return signal;
}

/// Of a project whose v1 serves.
Json told(std::vector<monitor::Signal> open, const Config& config = {}) {
  State state;
  state.champion = 1;
  state.open_signals = std::move(open);
  ledger::Store store;  // nothing is read of it without a mix
  Json now = Json::object();
  EXPECT_TRUE(tell_training(store, config, state, now));
  return now;
}

TEST(TellTraining, WhenTheLawChanged) {
  EXPECT_EQ(told({risk("model", nullptr)}), (Json{{"changed_us", 77}}));
  EXPECT_EQ(told({risk("model", {{"concept", 0.9}, {"shares", {1}}})}),
            (Json{{"changed_us", 77}}));
  EXPECT_EQ(told({}), Json::object());
  EXPECT_EQ(told({risk("kind = a", nullptr)}), Json::object()) << "a part of the rows alone";
  Config script;
  script.train.command = "python train.py";
  EXPECT_EQ(told({risk("model", nullptr)}, script), Json::object());
}

TEST(ChangedAt, OfTheLawAndNotOfTheRowsThatCome) {
  const auto at = [](monitor::Signal signal) {
    State state;
    state.open_signals = {std::move(signal)};
    return changed_at(state);
  };
  EXPECT_EQ(at(risk("model", nullptr)), Time{77});
  EXPECT_EQ(at(risk("model", {{"concept", 0.1}, {"shares", {1}}})), std::nullopt);
  EXPECT_EQ(at(risk("kind = a", nullptr)), std::nullopt);
  EXPECT_EQ(changed_at(State{}), std::nullopt);
}

}  // namespace
}  // namespace rondo::loop
