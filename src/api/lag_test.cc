// When an I/O thread counts as overloaded, and what it leaves to the pool, by made-up times.
#include "api/lag.h"

#include <gtest/gtest.h>

#include <vector>

#include "api/inline_limit.h"

namespace rondo::api {
namespace {

/// Probes one after the other, each waiting so many milliseconds; whether the thread is behind
/// then.
bool behind_after(const std::vector<int>& waits_ms, int later_ms = 0) {
  LagWatch watch;
  std::int64_t now = 1'000'000;
  for (const int wait : waits_ms) {
    watch.note(now, now + wait * 1000);
    now += wait * 1000;
  }
  return watch.is_behind(now + later_ms * 1000);
}

TEST(Lag, OnlyAQueueThatNeverDrainsIsOne) {
  EXPECT_FALSE(behind_after({}));
  EXPECT_TRUE(behind_after({25, 25, 25, 25}));
  EXPECT_FALSE(behind_after({25, 25, 25})) << "no whole stretch yet";
  EXPECT_FALSE(behind_after({25, 5, 25, 25, 25})) << "once it was empty";
  EXPECT_FALSE(behind_after({10, 10, 10, 10, 10, 10, 10, 10, 10, 10})) << "not over 10 ms";
  EXPECT_TRUE(behind_after({11, 11, 11, 11, 11, 11, 11, 11, 11, 11}));
  EXPECT_FALSE(behind_after({200})) << "one long wait is the machine's, not the load's";
  EXPECT_FALSE(behind_after({25, 25, 25, 25, 20, 1, 20, 20, 20, 20})) << "a better stretch";
  EXPECT_TRUE(behind_after({25, 25, 25, 25}, 199));
  EXPECT_FALSE(behind_after({25, 25, 25, 25}, 200)) << "an old judgement";
}

TEST(Lag, BodiesThatTakeOverAMillisecondGoToThePool) {
  const auto after = [](std::size_t bytes, std::int64_t took_us, int times) {
    InlineLimit limit;
    for (int i = 0; i < times; ++i) limit.note(bytes, took_us);
    return limit.bytes();
  };
  EXPECT_EQ(after(100, 0, 0), InlineLimit::kMost) << "nothing is known yet";
  EXPECT_EQ(after(100, 10, 200), InlineLimit::kMost) << "a small body costs no more than a row";
  EXPECT_NEAR(static_cast<double>(after(4'000, 1'000, 200)), 4'000, 10);
  EXPECT_NEAR(static_cast<double>(after(16'000, 2'000, 200)), 8'000, 10);
  EXPECT_EQ(after(500, 100'000, 200), InlineLimit::kLeast) << "a row is always scored here";
  EXPECT_GT(after(4'000, 4'000, 1), 4'000U) << "one slow one may be the machine's fault";
}

}  // namespace
}  // namespace rondo::api
