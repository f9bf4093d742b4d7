// When an I/O thread counts as overloaded, by made-up waits.
#include "api/lag.h"

#include <gtest/gtest.h>

#include <vector>

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

}  // namespace
}  // namespace rondo::api
