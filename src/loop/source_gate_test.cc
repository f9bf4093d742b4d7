// When the source is looked at and what of its news counts, on a clock that the test sets.
#include "loop/source_gate.h"

#include <gtest/gtest.h>

namespace rondo::loop {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// A day on which a source is looked at, in seconds.
struct Day {
  SourceGate gate;
  std::string manifest = "d1";
  bool hears = true;

  bool due(double at, bool told = false) {
    return gate.due({us(at), told, hears, manifest});
  }
  /// Whether news of a file that was written last at `touched` counts.
  bool counts(double at, double touched) {
    return gate.judge(us(at), Time{us(at)}, {true, {}, "news", Time{us(touched)}}).changed;
  }
  static std::int64_t us(double at) { return static_cast<std::int64_t>(at * kSecond); }
};

TEST(SourceGate, LooksAgainAfterThirtySecondsWithoutAWord) {
  Day day;
  EXPECT_TRUE(day.due(100));
  EXPECT_FALSE(day.due(129.9));
  EXPECT_TRUE(day.due(130));
  EXPECT_FALSE(day.due(131));
}

TEST(SourceGate, LooksASecondAfterTheLastLookWhenSomethingHappened) {
  Day day;
  ASSERT_TRUE(day.due(100));
  EXPECT_FALSE(day.due(100.2, true));
  EXPECT_FALSE(day.due(100.9));
  EXPECT_TRUE(day.due(101)) << "the word of 100.2 is remembered";
  EXPECT_FALSE(day.due(102.5)) << "and spent";
  EXPECT_TRUE(day.due(110, true)) << "at once, when the last look is long ago";
}

TEST(SourceGate, LooksEachSecondWhereTheKernelIsSilent) {
  Day day;
  day.hears = false;
  ASSERT_TRUE(day.due(100));
  EXPECT_FALSE(day.due(100.9));
  EXPECT_TRUE(day.due(101));
}

TEST(SourceGate, LooksAtOnceWithAnotherVersion) {
  Day day;
  ASSERT_TRUE(day.due(100));
  day.manifest = "d2";
  EXPECT_TRUE(day.due(100.1));
  EXPECT_FALSE(day.due(100.2));
}

TEST(SourceGate, AFileCountsTwoSecondsAfterItWasWritten) {
  Day day;
  ASSERT_TRUE(day.due(100));
  EXPECT_FALSE(day.counts(100, 99));
  EXPECT_TRUE(day.due(101)) << "no word is needed to look whether it rests";
  EXPECT_TRUE(day.counts(101, 99));
  EXPECT_FALSE(day.due(102.5)) << "it rests";
}

TEST(SourceGate, AFileOfTheFutureIsNotWaitedFor) {
  Day day;
  ASSERT_TRUE(day.due(100));
  EXPECT_TRUE(day.counts(100, 4000));
}

TEST(SourceGate, AFileThatIsNeverAtRestIsReadOnceAMinute) {
  Day day;
  std::vector<double> read;
  for (double at = 100; at < 300; at += 1) {
    ASSERT_TRUE(day.due(at)) << at;
    if (!day.counts(at, at - 0.1)) continue;
    read.push_back(at);
    day.manifest += "+";  // what was read is a version of its own
  }
  EXPECT_EQ(read, (std::vector<double>{160, 221, 282}));
}

TEST(SourceGate, AFewPushedRowsWaitAMinuteForMore) {
  Day day;
  const SourceNews few{true, {}, "rows were pushed", std::nullopt, true};
  for (double at = 100; at < 160; at += 1) {
    ASSERT_TRUE(day.due(at)) << at;
    ASSERT_FALSE(day.gate.judge(Day::us(at), Time{}, few).changed) << at;
  }
  ASSERT_TRUE(day.due(160));
  EXPECT_TRUE(day.gate.judge(Day::us(160), Time{}, few).changed);
  const SourceNews many{true, {}, "rows were pushed", std::nullopt, false};
  ASSERT_TRUE(day.due(161));
  EXPECT_TRUE(day.gate.judge(Day::us(161), Time{}, many).changed);
}

}  // namespace
}  // namespace rondo::loop
