// The real clock starts no earlier than it is told, and does not run backwards.
#include "base/clock.h"

#include <gtest/gtest.h>

namespace rondo {
namespace {

TEST(RealClock, StartsAtTheLaterOfWallAndRecord) {
  const Time future = wall_clock_now() + Span::days(400);
  const RealClock clock(future);
  EXPECT_GE(clock.now(), future);
  EXPECT_LT(clock.now(), future + Span::hours(1));
  EXPECT_LT(RealClock(kBeginningOfTime).now(), future);
  EXPECT_GE(RealClock(kBeginningOfTime).now(), future - Span::days(401));
}

TEST(RealClock, WaitingEndsWithTheStop) {
  RealClock clock;
  const Stop stop;
  stop.request();
  const Time before = clock.now();
  EXPECT_TRUE(clock.wait_for_news(stop, Span::hours(10)));
  EXPECT_LT(clock.now() - before, Span::hours(1));
}

TEST(Clock, ABootHasAnId) {
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_EQ(boot_id().find('\n'), std::string::npos);
  EXPECT_FALSE(boot_id().empty());
}

}  // namespace
}  // namespace rondo
