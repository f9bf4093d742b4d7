// Nothing that the settings say about rows is lost on the way to prepare/.
#include "loop/situation.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

TEST(Situation, SaysAllThatTheSettingsAndTheKeptOutRowsSay) {
  Config config;
  config.project.target = "y";
  config.project.task = "binary";
  config.collect.entity = {"who"};
  config.collect.delay = Span::hours(2);
  config.monitor.label_delay = Span::days(3);
  const std::vector<Kept> kept = {{Time{1}, Time{2}, "a", "stuck"},
                                  {Time{3}, std::nullopt, "b", "still stuck"}};
  prepare::Situation s = situation_of(config, kept);
  EXPECT_EQ(s.target, "y");
  EXPECT_EQ(s.task, "binary");
  EXPECT_EQ(s.entity, config.collect.entity);
  EXPECT_EQ(s.delay, Span::hours(2));
  EXPECT_EQ(s.label_delay, Span::days(3));
  EXPECT_FALSE(s.has_clock);
  ASSERT_EQ(s.quarantine.size(), 2u);
  EXPECT_EQ(s.quarantine[0].until, Time{2});
  EXPECT_EQ(s.quarantine[0].why, "stuck");
  EXPECT_EQ(s.quarantine[1].until, kEndOfTime);  // an open stretch
  config.collect.time = "at";
  EXPECT_TRUE(situation_of(config, {}).has_clock);
}

}  // namespace
}  // namespace rondo::loop
